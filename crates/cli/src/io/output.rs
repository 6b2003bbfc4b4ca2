//! Outputs, which appear whole or not at all: files, and standard output.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::early::Early;
use smidgen_patch::header::IMAGE_LIMIT;
use smidgen_patch::{Error, Target};
use tempfile::{Builder, NamedTempFile};

use super::input::{Identity, Input};
use super::signals::outputs;
use crate::report::{Console, Failure, Reason, is_standard_stream, shown};

/// What messages call it.
const STANDARD_OUTPUT: &str = "standard output";

/// Bytes that are gathered before they are written.
const BUFFER: usize = 128 << 10;

/// A temporary file, until [`Output::commit`] moves it to its place.
///
/// Dropped before that, it leaves nothing behind, and a file in its place stays as it was.
#[derive(Debug)]
pub(crate) struct Output {
    /// The path as the user wrote it.
    name: PathBuf,
    place: Place,
    /// Bytes in the file.
    written: u64,
    /// Bytes that are not in the file yet.
    pending: Vec<u8>,
    /// Reading back has moved the file's position, which is else its end.
    moved: bool,
    /// What brings a file to the disk while it is written.
    early: Option<Early>,
}

/// Where an output goes, and where it is until then.
#[derive(Debug)]
enum Place {
    /// The end of all symbolic links, and a file beside it.
    File(PathBuf, NamedTempFile),
    /// What is written there cannot be taken back, so it is not written before all of it is right.
    StandardOutput(File),
}

impl Output {
    /// Begins a file at `path`, which must be none of the inputs and none of `keys`, the files of keys and passphrases;
    /// or what goes to standard output, if `path` is `-`.
    pub(crate) fn create(
        path: &Path,
        inputs: &[&Input],
        keys: &[&Path],
        console: &Console,
    ) -> Result<Self, Failure> {
        let (name, place) = if is_standard_stream(path) {
            (Path::new(STANDARD_OUTPUT), standard_output(console))
        } else {
            (path, file(path, inputs, keys))
        };
        let (name, pending) = (name.to_owned(), Vec::with_capacity(BUFFER));
        Ok(Self { name, place: place?, written: 0, pending, moved: false, early: None })
    }

    /// Writes everything at once and moves it to its place.
    pub(crate) fn finish_with(mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.append(bytes).map_err(|error| self.failed(&error))?;
        self.commit()
    }

    /// Moves the file to its place, once it is safely on the disk.
    pub(crate) fn commit(mut self) -> Result<(), Failure> {
        let early = self.early.take();
        let ended = self.flush().and_then(|()| early.map_or(Ok(()), Early::end));
        ended.map_err(|error| self.failed(&error))?;
        let moved = match self.place {
            Place::File(path, file) => file.as_file().sync_all().and_then(|()| {
                let mut outputs = outputs();
                file.persist(path).map_err(|error| error.error)?;
                outputs.written = Some("stopped; the output was written");
                Ok(())
            }),
            Place::StandardOutput(mut file) => {
                outputs().written = Some("stopped; what went to standard output may not be all");
                let mut stdout = io::stdout().lock();
                file.rewind().and_then(|()| io::copy(&mut file, &mut stdout)).and_then(|_| stdout.flush())
            }
        };
        moved.map_err(|error| Failure::file(&self.name, Reason::Write, &error))
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::file(&self.name, Reason::Write, error)
    }

    fn file(&mut self) -> &mut File {
        match &mut self.place {
            // Not through tempfile, whose errors name the temporary path.
            Place::File(_, file) => file.as_file_mut(),
            Place::StandardOutput(file) => file,
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() >= BUFFER {
            self.flush()?;
            return self.put(bytes);
        }
        self.pending.extend_from_slice(bytes);
        if self.pending.len() < BUFFER { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.put(&pending)?;
        self.pending = pending;
        self.pending.clear();
        Ok(())
    }

    /// Writes to the end of the file, where its position is if nothing was read back.
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (written, moved) = (self.written, std::mem::take(&mut self.moved));
        let file = self.file();
        if moved {
            file.seek(SeekFrom::Start(written))?;
        }
        file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        if let Place::File(_, file) = &self.place {
            Early::tell(&mut self.early, file.as_file(), self.written);
        }
        Ok(())
    }

    /// Reads back from the file, and from the buffer what is not in the file yet.
    fn read_back(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let in_file = self.written.saturating_sub(offset).min(bytes.len() as u64) as usize;
        let (from_file, from_buffer) = bytes.split_at_mut(in_file);
        if !from_file.is_empty() {
            self.moved = true;
            let file = self.file();
            file.seek(SeekFrom::Start(offset))?;
            file.read_exact(from_file)?;
        }
        let start = offset.saturating_sub(self.written) as usize;
        let pending = self.pending.get(start..).and_then(|rest| rest.get(..from_buffer.len()));
        from_buffer.copy_from_slice(pending.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// Why a restore stopped.
pub(crate) enum Stopped {
    /// The decoder refused the package, the base or the result.
    Decoder(Error),
    /// The output could not be written or read back.
    Output(Failure),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Decoder(error)
    }
}

impl Target for Output {
    type Error = Stopped;

    fn limit(&self) -> u32 {
        IMAGE_LIMIT
    }

    fn begin(&mut self, _size: u32) -> Result<(), Stopped> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        self.append(bytes).map_err(|error| Stopped::Output(self.failed(&error)))
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Stopped> {
        self.read_back(offset.into(), buffer).map_err(|error| Stopped::Output(self.failed(&error)))
    }
}

/// The folder of a release, which standard output cannot be.
pub(crate) fn folder(path: &Path) -> Result<&Path, Failure> {
    if !is_standard_stream(path) {
        return Ok(path);
    }
    Err(Failure::usage("a release is a folder: it cannot go to standard output")
        .note("name a folder (one called \"-\" is \"./-\")"))
}

fn standard_output(console: &Console) -> Result<Place, Failure> {
    if console.is_json() {
        return Err(Failure::usage("standard output cannot have both the result and --json")
            .note("name a file with --output, or leave out --json"));
    }
    if io::stdout().is_terminal() {
        return Err(Failure::usage("standard output is a terminal, and the result is not text")
            .note("name a file with --output, or pipe the output to a program"));
    }
    let file = tempfile::tempfile();
    let file = file.map_err(|error| Failure::file(Path::new(STANDARD_OUTPUT), Reason::Write, &error))?;
    Ok(Place::StandardOutput(file))
}

fn file(path: &Path, inputs: &[&Input], keys: &[&Path]) -> Result<Place, Failure> {
    let place = place(path, inputs, keys)?;
    let mut outputs = outputs();
    let file = temporary_beside(&place).map_err(|error| Failure::file(path, Reason::Write, &error))?;
    outputs.parts.push(file.path().to_owned());
    Ok(Place::File(place, file))
}

/// The place of a file, which must be free, or a regular file that is no input.
fn place(path: &Path, inputs: &[&Input], keys: &[&Path]) -> Result<PathBuf, Failure> {
    let failed = |error| Failure::file(path, Reason::Write, &error);
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(error) => return Err(failed(error)),
    };
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "is a directory" } else { "is not a regular file" };
        return Err(Failure::new(Reason::Write, what).about(path).note("name a file to write to"));
    }
    let identity = Identity::new(path, &metadata).map_err(failed)?;
    if let Some(input) = inputs.iter().find(|input| input.is_same(&identity)) {
        return Err(same_file(path, input.path()));
    }
    let is_same = |key: &Path| {
        let other = fs::metadata(key).and_then(|metadata| Identity::new(key, &metadata));
        other.is_ok_and(|other| other.is_same(&identity))
    };
    match keys.iter().find(|key| is_same(key)) {
        Some(key) => Err(same_file(path, key)),
        None => fs::canonicalize(path).map_err(failed),
    }
}

fn same_file(path: &Path, input: &Path) -> Failure {
    Failure::usage(format!("output and input {} are the same file", shown(input)))
        .about(path)
        .note("give the output another name; nothing was changed")
}

/// A temporary file with the permissions of any new file; tempfile's own would be private.
fn temporary_beside(place: &Path) -> io::Result<NamedTempFile> {
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    let open = |path: &Path| File::options().read(true).write(true).create_new(true).open(path);
    Builder::new().prefix(".smidgen-").suffix(".part").make_in(folder.unwrap_or(Path::new(".")), open)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn nothing_remains_of_what_is_not_finished() {
        let (folder, console) = (tempfile::tempdir().unwrap(), Console::of_tests());
        let mut output = Output::create(&folder.path().join("new"), &[], &[], &console).unwrap();
        output.append(&[7; 3 * BUFFER]).unwrap();
        assert_eq!(entries(folder.path()), 1);
        drop(output);
        assert_eq!(entries(folder.path()), 0);
    }

    #[test]
    fn everything_can_be_read_back_at_any_time() {
        let (folder, console) = (tempfile::tempdir().unwrap(), Console::of_tests());
        let path = folder.path().join("new");
        let bytes: Vec<u8> = (0..3 * BUFFER as u32 + 5).map(|n| (n % 251) as u8).collect();
        let mut output = Output::create(&path, &[], &[], &console).unwrap();
        let mut end = 0;
        for piece in bytes.chunks(BUFFER / 3 + 1) {
            output.append(piece).unwrap();
            end += piece.len();
            for start in [0, end / 2, end - piece.len(), end - 100] {
                let mut back = vec![0; (end - start).min(5000)];
                output.read_back(start as u64, &mut back).unwrap();
                assert!(back == bytes[start..start + back.len()], "{start} of {end}");
            }
            assert!(output.read_back(end as u64 - 1, &mut [0; 2]).is_err());
        }
        output.commit().unwrap();
        assert!(fs::read(&path).unwrap() == bytes);
        assert_eq!(entries(folder.path()), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_stays_one() {
        let (folder, console) = (tempfile::tempdir().unwrap(), Console::of_tests());
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), b"old").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        Output::create(&path("link"), &[], &[], &console).unwrap().finish_with(b"new").unwrap();
        assert!(fs::symlink_metadata(path("link")).unwrap().is_symlink());
        assert_eq!(fs::read(path("file")).unwrap(), b"new");
    }
}

//! Output files, which appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use smidgen_patch::header::IMAGE_LIMIT;
use smidgen_patch::{Error, Target};
use tempfile::{Builder, NamedTempFile};

use super::input::{Identity, Input};
use crate::report::{Failure, shown};

/// Bytes that are gathered before they are written.
const BUFFER: usize = 128 << 10;

/// A temporary file beside its place, until [`Output::commit`] moves it there.
///
/// Dropped before that, it leaves nothing behind, and a file in its place stays as it was.
#[derive(Debug)]
pub(crate) struct Output {
    /// The path as the user wrote it.
    name: PathBuf,
    /// Its place: the end of all symbolic links.
    place: PathBuf,
    file: NamedTempFile,
    /// Bytes in the file.
    written: u64,
    /// Bytes that are not in the file yet.
    pending: Vec<u8>,
}

impl Output {
    /// Begins a file at `path`, which must be none of the inputs and none of `keys`, the files of keys and passphrases.
    pub(crate) fn create(path: &Path, inputs: &[&Input], keys: &[&Path]) -> Result<Self, Failure> {
        refuse_standard_output(path)?;
        let place = place(path, inputs, keys)?;
        let file = temporary_beside(&place).map_err(|error| Failure::file(path, "cannot write", &error))?;
        let pending = Vec::with_capacity(BUFFER);
        Ok(Self { name: path.to_owned(), place, file, written: 0, pending })
    }

    /// Writes everything at once and moves it to its place.
    pub(crate) fn finish_with(mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.append(bytes).map_err(|error| self.failed(&error))?;
        self.commit()
    }

    /// Moves the file to its place, once it is safely on the disk.
    pub(crate) fn commit(mut self) -> Result<(), Failure> {
        self.flush().and_then(|()| self.file.as_file().sync_all()).map_err(|error| self.failed(&error))?;
        let failed = |error| Failure::file(&self.name, "cannot write", &error);
        self.file.persist(&self.place).map(drop).map_err(|error| failed(error.error))
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::file(&self.name, "cannot write", error)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() < BUFFER { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        // Not through tempfile, whose errors name the temporary path.
        let file = self.file.as_file_mut();
        // Reading back moves the position.
        file.seek(SeekFrom::Start(self.written))?;
        file.write_all(&self.pending)?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    /// Reads back from the file, and from the buffer what is not in the file yet.
    fn read_back(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let in_file = self.written.saturating_sub(offset).min(bytes.len() as u64) as usize;
        let (from_file, from_buffer) = bytes.split_at_mut(in_file);
        if !from_file.is_empty() {
            let file = self.file.as_file_mut();
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

fn refuse_standard_output(path: &Path) -> Result<(), Failure> {
    if path != Path::new("-") {
        return Ok(());
    }
    Err(Failure::usage("\"-\": the result cannot go to standard output: it appears whole or not at all")
        .note("name a file (one called \"-\" is \"./-\")"))
}

/// The place of a file, which must be free, or a regular file that is no input.
fn place(path: &Path, inputs: &[&Input], keys: &[&Path]) -> Result<PathBuf, Failure> {
    let failed = |error| Failure::file(path, "cannot write", &error);
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(error) => return Err(failed(error)),
    };
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "is a directory" } else { "is not a regular file" };
        return Err(Failure::other(format!("{}: {what}", shown(path))).note("name a file to write to"));
    }
    let identity = Identity::new(path, &metadata).map_err(failed)?;
    if let Some(input) = inputs.iter().find(|input| input.identity().is_same(&identity)) {
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
    let message = format!("{}: output and input {} are the same file", shown(path), shown(input));
    Failure::usage(message).note("give the output another name; nothing was changed")
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
        let folder = tempfile::tempdir().unwrap();
        let mut output = Output::create(&folder.path().join("new"), &[], &[]).unwrap();
        output.append(&[7; 3 * BUFFER]).unwrap();
        assert_eq!(entries(folder.path()), 1);
        drop(output);
        assert_eq!(entries(folder.path()), 0);
    }

    #[test]
    fn everything_can_be_read_back_at_any_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        let bytes: Vec<u8> = (0..3 * BUFFER as u32 + 5).map(|n| (n % 251) as u8).collect();
        let mut output = Output::create(&path, &[], &[]).unwrap();
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
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), b"old").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        Output::create(&path("link"), &[], &[]).unwrap().finish_with(b"new").unwrap();
        assert!(fs::symlink_metadata(path("link")).unwrap().is_symlink());
        assert_eq!(fs::read(path("file")).unwrap(), b"new");
    }
}

//! A round trip: a tool makes a patch and restores the new image from it, and the image is compared.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use smidgen_diff::ContainerNeeds;
use smidgen_patch::Header;

use super::installed::Installed;
use super::measure::{self, Cost, MESSAGES};
use super::tools::{Memory, Sizes, Tool, Worker};

const OLD: &str = "old";
const NEW: &str = "new";
const PATCH: &str = "patch";
const OUT: &str = "out";
/// All files of a round trip.
pub(super) const FILES: [&str; 5] = [OLD, NEW, PATCH, OUT, MESSAGES];

/// What a successful round trip took.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Bytes of the patch.
    pub size: u64,
    /// What making it took.
    pub make: Cost,
    /// What restoring took.
    pub restore: Cost,
    /// Bytes that a restore needs; what they are, the tool's [`Memory`] says.
    pub ram: u64,
    /// What it needs on top of that: a package of compressed files needs an operating system.
    pub container: Option<ContainerNeeds>,
}

impl Measured {
    /// All the memory that a restore needs.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.ram + self.container.map_or(0, |needs| needs.memory)
    }
}

/// What a round trip took, or why the image did not come back byte for byte.
pub type Outcome = Result<Measured, String>;

/// One direction of a round trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Makes `patch` of `old` and `new`.
    Make,
    /// Restores `out` of `old` and `patch`.
    Restore,
}

/// How this program is called.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// The arguments, but for the command, by which it measures a command.
    pub measure: fn(limit: Duration) -> Vec<OsString>,
    /// The arguments by which it does the work of a tool that is linked into it.
    pub work: fn(&Tool, Work, &Bench) -> Vec<OsString>,
}

/// What every round trip needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Bench {
    /// How this program is called.
    pub own: Own,
    /// Threads of what is linked into it; 0 for one on each core.
    pub threads: usize,
    /// The level of Smidgen's packages.
    pub level: u8,
    /// Whether the images are firmware of a microcontroller, in which compressed files are not expanded.
    pub firmware: bool,
    /// How long one piece of work may take.
    pub limit: Duration,
    /// How often each is done, of which the shortest time counts.
    pub repeat: u16,
}

impl Bench {
    /// Does a round trip in a temporary folder, with copies of the images: a tool may do with them what it likes.
    ///
    /// # Errors
    /// If the image does not come back: the reason in a few words.
    pub fn round_trip(&self, installed: &Installed, old: &[u8], new: &[u8]) -> Outcome {
        let place = tempfile::Builder::new().prefix("smidgen-").tempdir();
        let place = place.map_err(|error| format!("no temporary folder: {error}"))?;
        let folder = place.path();
        for (name, image) in [(OLD, old), (NEW, new)] {
            fs::write(folder.join(name), image).map_err(|error| format!("copying the images: {error}"))?;
        }
        let sizes = Sizes { old: old.len() as u64, new: new.len() as u64 };
        let make =
            self.fastest(installed, Work::Make, sizes, folder).map_err(|why| format!("making: {why}"))?;
        let size = regular(&folder.join(PATCH)).map_err(|_| "making: no patch was written".to_owned())?;
        let (ram, container) = match installed.tool.memory {
            Memory::Header => stated_memory(&folder.join(PATCH)).map(|(ram, needs)| (Some(ram), needs))?,
            Memory::Documented(_, bytes) => (Some(bytes(sizes)), None),
            Memory::Measured => (None, None),
        };
        let restore = self
            .fastest(installed, Work::Restore, sizes, folder)
            .map_err(|why| format!("restoring: {why}"))?;
        let is_same = is_file_of(&folder.join(OUT), new);
        if !is_same.map_err(|error| format!("restoring: no image to compare: {error}"))? {
            return Err("restoring: the image is another one".to_owned());
        }
        Ok(Measured { size, make, restore, ram: ram.unwrap_or(restore.peak), container })
    }

    fn fastest(
        &self,
        installed: &Installed,
        work: Work,
        sizes: Sizes,
        folder: &Path,
    ) -> Result<Cost, String> {
        let this = std::env::current_exe().map_err(|error| error.to_string())?;
        let tool = &installed.tool;
        let command = match (tool.worker, work) {
            (Worker::Smidgen(..) | Worker::Linked(_), _) => {
                [vec![this.clone().into_os_string()], (self.own.work)(tool, work, self)].concat()
            }
            (_, Work::Make) => installed.command(tool.make, sizes),
            (_, Work::Restore) => installed.command(tool.restore, sizes),
        };
        let run = || {
            let mut measuring = Command::new(&this);
            measuring.args((self.own.measure)(self.limit));
            measuring.env("RAYON_NUM_THREADS", self.threads.to_string());
            measure::run(&mut measuring, folder, &command)
        };
        (1..self.repeat).try_fold(run()?, |best, _| {
            let cost = run()?;
            Ok(if cost.wall < best.wall { cost } else { best })
        })
    }
}

/// The bytes of a regular file.
fn regular(path: &Path) -> io::Result<u64> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_file() { Ok(metadata.len()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Whether a file has exactly these bytes. What is written instead may be of any size.
fn is_file_of(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    if regular(path)? != bytes.len() as u64 {
        return Ok(false);
    }
    let (mut file, mut buffer) = (File::open(path)?, vec![0; 1 << 16]);
    for piece in bytes.chunks(buffer.len()) {
        let read = &mut buffer[..piece.len()];
        file.read_exact(read)?;
        if read != piece {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The workspace that the header states, and what restoring a compressed file takes.
fn stated_memory(package: &Path) -> Result<(u64, Option<ContainerNeeds>), String> {
    let package = fs::read(package).map_err(|error| error.to_string())?;
    let wrong = |error: smidgen_patch::Error| error.to_string();
    let ram = Header::parse(&package).map_err(wrong)?.0.ram.into();
    Ok((ram, ContainerNeeds::of(&package).map_err(wrong)?))
}

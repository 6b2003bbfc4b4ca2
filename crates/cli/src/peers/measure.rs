//! Runs one command to its end and reports its time, its processor time and its peak of memory.
//!
//! The kernel gives the peak of memory only as the largest of all children so far. So this runs in a small process
//! of its own, which runs one command in its life. That process is also what the peak cannot be lower than, as a child
//! begins as a copy of its parent: a few MiB, which a large parent would make more.
//!
//! The measuring process outlives the program that started it, in a group of its own: if a user ends that program, it
//! notices, ends the command and removes the files.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::installed::THEN;
use super::round_trip::FILES;

const SHORTEST_NAP: Duration = Duration::from_micros(50);
const LONGEST_NAP: Duration = Duration::from_millis(20);
/// What the command prints.
pub(super) const MESSAGES: &str = "messages";
/// Of the end of what it printed, this many bytes are read for the reason of a failure.
const READ: u64 = 64 << 10;

/// What one piece of work took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Seconds from start to end.
    pub wall: f64,
    /// Seconds of processors, all threads together.
    pub processor: f64,
    /// The most bytes that were resident; 0 where the system does not say.
    pub peak: u64,
}

/// Has `measuring`, which starts [`answer`], run `command` in a folder; an error says in a few words what went wrong.
pub(super) fn run(measuring: &mut Command, folder: &Path, command: &[OsString]) -> Result<Cost, String> {
    own_group(measuring).arg("--").args(command).current_dir(folder).stdin(Stdio::null());
    let output = measuring.output().map_err(|error| error.to_string())?;
    let answer: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("cannot measure: {}", String::from_utf8_lossy(&output.stderr).trim()))?;
    let number = |name: &str| answer[name].as_f64().unwrap_or(0.0);
    match answer["end"].as_str() {
        Some("") => {
            Ok(Cost { wall: number("wall"), processor: number("processor"), peak: number("peak") as u64 })
        }
        end => Err(reason(end.unwrap_or("no answer"), &folder.join(MESSAGES))),
    }
}

/// The last line of what a program said is mostly its error; Rust's panics have a note after it.
fn reason(end: &str, messages: &Path) -> String {
    let said = last_part(messages).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let mut lines = said.lines().rev().map(str::trim);
    match lines.find(|line| !line.is_empty() && !line.starts_with("note: ")) {
        Some(line) => format!("{end}: {}", line.chars().take(200).collect::<String>()),
        None => end.to_owned(),
    }
}

fn last_part(path: &Path) -> io::Result<Vec<u8>> {
    use io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(READ)))?;
    let mut bytes = Vec::new();
    file.take(READ).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The measuring process: runs the steps of a command in the current folder, for at most `limit` together.
///
/// # Errors
/// If a program cannot be started.
pub fn answer(limit: Duration, command: &[OsString]) -> io::Result<Value> {
    let messages = File::create(MESSAGES)?;
    let (start, user) = (Instant::now(), parent());
    let mut end = String::new();
    for step in command.split(|word| word == THEN) {
        let (program, arguments) = step.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        command.stdout(messages.try_clone()?).stderr(messages.try_clone()?);
        end = match wait(&mut command, start, limit, || parent() != user) {
            Ok(end) => end,
            Err(error) => format!("{}: {error}", program.display()),
        };
        if !end.is_empty() {
            break;
        }
    }
    let wall = start.elapsed().as_secs_f64();
    if parent() != user {
        remove_files();
    }
    let (processor, peak) = usage(Whose::Children);
    Ok(json!({ "end": end, "wall": wall, "processor": processor, "peak": peak }))
}

/// Waits for a command: the answer is empty if all is well. If nobody needs it any more, it is ended.
///
/// It looks again after a 256th of the time that has passed, so that a time is at most half a percent too long.
pub(super) fn wait(
    command: &mut Command,
    start: Instant,
    limit: Duration,
    is_over: impl Fn() -> bool,
) -> io::Result<String> {
    let mut child = own_group(command).spawn()?;
    loop {
        let elapsed = start.elapsed();
        if elapsed >= limit || is_over() {
            end_group(&mut child);
            child.wait()?;
            return Ok(format!("not done after {} s", limit.as_secs_f64()));
        }
        if let Some(status) = child.try_wait()? {
            return Ok(if status.success() { String::new() } else { status.to_string() });
        }
        thread::sleep((elapsed / 256).clamp(SHORTEST_NAP, LONGEST_NAP));
    }
}

/// A group of its own, so that a program can be ended with all that it has started.
fn own_group(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command
}

fn end_group(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    // It may have ended by itself.
    let _ = child.kill();
}

/// Who waits for the answer. A process whose parent ends gets another one.
fn parent() -> Option<impl PartialEq> {
    #[cfg(unix)]
    return rustix::process::getppid();
    #[cfg(not(unix))]
    None::<u32>
}

/// Removes the folder of a round trip, which nobody else will do; others' files in it stay, and so does the folder.
fn remove_files() {
    FILES.iter().for_each(|file| drop(fs::remove_file(file)));
    if let Ok(folder) = std::env::current_dir() {
        let _ = fs::remove_dir(folder);
    }
}

/// Whose usage is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// That of this process.
    Own,
    /// That of processes that it has started and waited for.
    Children,
}

/// Seconds of processors and bytes of the peak; 0 where the system does not say.
#[cfg(unix)]
#[must_use]
pub fn usage(whose: Whose) -> (f64, u64) {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;

    let who = match whose {
        Whose::Own => UsageWho::RUSAGE_SELF,
        Whose::Children => UsageWho::RUSAGE_CHILDREN,
    };
    let Ok(usage) = getrusage(who) else { return (0.0, 0) };
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    // Everybody counts in KiB but Apple, who counts in bytes.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    (microseconds as f64 / 1e6, usage.max_rss() as u64 * unit)
}

/// Seconds of processors and bytes of the peak; 0 where the system does not say.
#[cfg(not(unix))]
#[must_use]
pub fn usage(_whose: Whose) -> (f64, u64) {
    (0.0, 0)
}

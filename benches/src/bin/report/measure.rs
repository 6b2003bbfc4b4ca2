//! Runs one program to its end and reports its time, its processor time and its peak of memory.
//!
//! The kernel gives the peak of memory only as the largest of all children so far. So this runs in a small process
//! of its own, which has one child in its life. That process is also what the peak cannot be lower than, as a child
//! begins as a copy of its parent: about 3 MiB, which a large parent would make more.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const SHORTEST_NAP: Duration = Duration::from_micros(50);
const LONGEST_NAP: Duration = Duration::from_millis(20);

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

/// Runs `command` in a measuring process, for at most `limit`; an error says in a few words what went wrong.
pub fn run(command: &[String], threads: usize, limit: Duration, folder: &Path) -> Result<Cost, String> {
    let messages = folder.join("messages");
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut measuring = Command::new(this);
    measuring.arg("measure").arg(limit.as_micros().to_string()).arg(&messages).arg("--").args(command);
    measuring.env("RAYON_NUM_THREADS", threads.to_string()).stdin(Stdio::null());
    let output = measuring.output().map_err(|error| error.to_string())?;
    let answer: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| String::from_utf8_lossy(&output.stderr).trim().to_owned())?;
    let number = |name: &str| answer[name].as_f64().unwrap_or(0.0);
    match answer["end"].as_str() {
        Some("") => {
            Ok(Cost { wall: number("wall"), processor: number("processor"), peak: number("peak") as u64 })
        }
        end => Err(reason(end.unwrap_or("no answer"), &messages)),
    }
}

/// The last line of what a program said is mostly its error; Rust's panics have a note after it.
fn reason(end: &str, messages: &Path) -> String {
    let said = String::from_utf8_lossy(&fs::read(messages).unwrap_or_default()).into_owned();
    let mut lines = said.lines().rev().map(str::trim);
    match lines.find(|line| !line.is_empty() && !line.starts_with("note: ")) {
        Some(line) => format!("{end}: {}", line.chars().take(200).collect::<String>()),
        None => end.to_owned(),
    }
}

/// The measuring process: runs the command for at most `limit` microseconds and prints the answer.
pub fn measure(limit: u64, messages: &Path, command: &[String]) -> ExitCode {
    match answer(Duration::from_micros(limit), messages, command) {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", command.first().map_or("", String::as_str));
            ExitCode::FAILURE
        }
    }
}

fn answer(limit: Duration, messages: &Path, command: &[String]) -> io::Result<Value> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let messages = File::create(messages)?;
    let start = Instant::now();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(messages.try_clone()?).stderr(messages);
    let end = wait(command.spawn()?, start, limit)?;
    let wall = start.elapsed().as_secs_f64();
    let (processor, peak) = usage_of_child();
    Ok(json!({ "end": end, "wall": wall, "processor": processor, "peak": peak }))
}

/// Waits for the child: the answer is empty if all is well.
///
/// It looks again after a 256th of the time that has passed, so that a time is at most half a percent too long.
fn wait(mut child: Child, start: Instant, limit: Duration) -> io::Result<String> {
    loop {
        let elapsed = start.elapsed();
        if elapsed >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(format!("not done after {} s", limit.as_secs_f64()));
        }
        if let Some(status) = child.try_wait()? {
            return Ok(if status.success() { String::new() } else { status.to_string() });
        }
        thread::sleep((elapsed / 256).clamp(SHORTEST_NAP, LONGEST_NAP));
    }
}

/// Seconds of processors and bytes of the peak.
#[cfg(unix)]
fn usage_of_child() -> (f64, u64) {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;

    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else { return (0.0, 0) };
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    // Everybody counts in KiB but Apple, who counts in bytes.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    (microseconds as f64 / 1e6, usage.max_rss() as u64 * unit)
}

#[cfg(not(unix))]
fn usage_of_child() -> (f64, u64) {
    (0.0, 0)
}

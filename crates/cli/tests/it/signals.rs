//! Ctrl-C and SIGTERM: what stays, what is said, and how the program ends.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::common::{Desk, noise, smidgen};

/// A folder with `old` and `new`, images without anything in common: a package of them takes a while.
fn desk() -> Desk {
    let noise = noise(1_600_000);
    Desk::with(&[("old", &noise[..800_000]), ("new", &noise[800_000..])])
}

/// Starts a program in a group of its own, like a shell's job. These tests may run in the background, where signals are
/// ignored.
fn start(desk: &Desk, program: &[&str]) -> Child {
    let mut command: Command = desk.command("env");
    command.arg("--default-signal=INT,TERM").args(program).stdin(Stdio::null()).process_group(0);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until something is so.
fn wait(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(120));
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether the program has installed its handlers, and can be asked to stop.
fn handles(child: &Child, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() >> (signal.as_raw() - 1) & 1 == 1
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// How it ended, and what it said on standard output and standard error.
fn end(child: Child) -> (ExitStatus, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status, text(output.stdout), text(output.stderr))
}

#[test]
fn a_stopped_diff_leaves_nothing_and_says_so() {
    let desk = desk();
    for (signal, code, name) in [(Signal::INT, 130, "interrupted"), (Signal::TERM, 143, "terminated")] {
        let child = start(&desk, &[smidgen(), "diff", "old", "new", "-o", "patch", "--json"]);
        wait(|| handles(&child, signal));
        thread::sleep(Duration::from_millis(100));
        send(&child, signal);
        let (status, stdout, stderr) = end(child);
        // A shell calls it that exit code.
        assert_eq!(status.signal().map(|signal| 128 + signal), Some(code), "{status} {stderr}");
        assert_eq!(stderr, "error: stopped; nothing was written\n");
        let json: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!((&json["error"]["name"], &json["error"]["exit"]), (&name.into(), &code.into()));
        assert_eq!(desk.names(), ["new", "old"]);
    }
}

#[test]
fn a_stopped_patch_removes_its_temporary_file() {
    let desk = desk();
    desk.ok("diff old new -o patch --level 1 --ram 16K");
    let child = start(&desk, &[smidgen(), "patch", "old", "patch", "-o", "restored"]);
    wait(|| desk.names().iter().any(|name| name.ends_with(".part")));
    send(&child, Signal::TERM);
    let (status, _, stderr) = end(child);
    assert_eq!(status.signal(), Some(15), "{stderr}");
    assert_eq!(stderr, "error: stopped; nothing was written\n");
    assert_eq!(desk.names(), ["new", "old", "patch"]);
}

#[test]
fn a_stopped_release_goes_on() {
    let desk = desk();
    let small = noise(20_000);
    desk.write("small", &small);
    let line = "pack -o out --to new --to-version 3 --from 1=small --from 2=old --jobs 1 --level 1";
    let child = start(&desk, &[&[smidgen()], &line.split(' ').collect::<Vec<_>>()[..]].concat());
    // Finished packages have a record until the manifest is there.
    let is_finished = || {
        let names = std::fs::read_dir(desk.path("out")).into_iter().flatten();
        names.flatten().any(|entry| entry.file_name().to_string_lossy().ends_with(".bin.json"))
    };
    wait(is_finished);
    send(&child, Signal::INT);
    let (status, _, stderr) = end(child);
    assert_eq!(status.signal(), Some(2), "{stderr}");
    assert!(stderr.ends_with("error: stopped; run again to go on\n"), "{stderr}");
    let again = desk.ok(line);
    assert!(again.stderr.contains("from an earlier run"), "{again:?}");
}

/// Shells have jobs in the background ignore Ctrl-C.
#[test]
fn an_ignored_signal_stays_ignored() {
    let desk = Desk::with_versions();
    let line = format!("trap '' INT; exec {} diff old new -o patch", smidgen());
    let child = start(&desk, &["sh", "-c", &line]);
    wait(|| handles(&child, Signal::TERM));
    send(&child, Signal::INT);
    assert!(end(child).0.success());
}

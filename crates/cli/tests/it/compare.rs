//! `smidgen compare` beside tools that are scripts: good ones, wrong ones, and one that never ends.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::archives::gzip;
use testkit::firmware;

use crate::common::{Desk, Outcome, ends, smidgen, versions};

/// Names of programs and what they do. All find only what stands here, and the system's programs by their full names.
type Scripts<'a> = &'a [(&'a str, &'a str)];

/// A tool whose patch is the new image.
const COPY: Scripts<'static> = &[("bsdiff", "cp $2 $3"), ("bspatch", "cp $3 $2")];
/// A tool that restores another image of the same size.
const WRONG: (&str, &str) =
    ("xdelta3", "case $1 in -e) echo x >patch;; -d) tr '\\007' x <new >out;; *) echo v1.2;; esac");
/// A tool that starts another program and waits for it, for ever.
const HANGS: (&str, &str) =
    ("zstd", "case $1 in --version) echo zstd v9.8;; *) sleep 600 & echo $! >$TMPDIR/../pid; wait;; esac");

/// A folder with two images, `tools` and an empty folder `tmp`.
fn desk(scripts: Scripts<'_>) -> Desk {
    use std::os::unix::fs::symlink;

    let desk = Desk::with_versions();
    ["tools", "tmp"].iter().for_each(|name| fs::create_dir(desk.path(name)).unwrap());
    for (name, script) in scripts {
        let name = format!("tools/{name}");
        if let Some(program) = script.strip_prefix("= ") {
            symlink(program, desk.path(&name)).unwrap();
        } else {
            desk.write(&name, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n").as_bytes());
            desk.set_mode(&name, 0o755);
        }
    }
    desk
}

fn command(desk: &Desk, arguments: &str) -> std::process::Command {
    let mut command = desk.command(smidgen());
    command.arg("compare").args(arguments.split(' ')).env("PATH", desk.path("tools"));
    command.env("TMPDIR", desk.path("tmp"));
    command
}

/// Runs the comparison, after which the images are as they were and nothing is left behind.
fn compare(desk: &Desk, arguments: &str) -> Outcome {
    let outcome = ends(command(desk, arguments));
    let (old, new) = versions();
    assert!(desk.read("old") == old && desk.read("new") == new);
    assert_eq!(fs::read_dir(desk.path("tmp")).unwrap().count(), 0);
    outcome
}

fn row<'a>(shown: &'a Value, tool: &str) -> &'a Value {
    let mut rows = shown["results"].as_array().unwrap().iter();
    rows.find(|row| row["tool"] == tool).unwrap_or_else(|| panic!("no {tool}: {shown:#}"))
}

/// Waits until a process is gone.
fn is_gone(pid: &str) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    let process = Path::new("/proc").join(pid.trim()).join("stat");
    // One that nobody waits for stays as a zombie.
    let lives = || fs::read_to_string(&process).is_ok_and(|stat| !stat.contains(") Z "));
    while lives() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    !lives()
}

#[test]
fn the_table_is_sorted_by_size_and_marks_the_best_other() {
    let desk = desk(&[COPY, &[WRONG]].concat());
    let outcome = compare(&desk, "old new --level 1 --tools smidgen-16K,bsdiff,xdelta3,hdiffz").succeeded();
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(lines[0].starts_with("OLD 60,000 bytes, NEW 59,800 bytes"), "{outcome:#?}");
    assert!(lines[3].starts_with("  smidgen-16K ") && lines[3].ends_with(" header"), "{outcome:#?}");
    assert!(lines[4].starts_with("* bsdiff ") && lines[4].contains(" 59,800 "), "{outcome:#?}");
    assert!(lines[4].contains(" 1.000 ") && lines[4].ends_with(" documented"), "{outcome:#?}");
    for part in ["FAILED  xdelta3: restoring: the image is another one", "not installed: hdiffz"] {
        assert!(outcome.stdout.contains(part), "{outcome:#?}");
    }
    assert!(outcome.stderr.contains("[3/3] xdelta3  FAILED"));
}

#[test]
fn the_same_as_json() {
    let desk = desk(&[COPY, &[WRONG]].concat());
    let outcome = compare(&desk, "old new --level 1 --json --quiet").succeeded();
    assert!(outcome.stderr.is_empty(), "{outcome:#?}");
    let shown = outcome.json();
    let (ours, copy) = (row(&shown, "smidgen-16K"), row(&shown, "bsdiff"));
    assert_eq!((&shown["best_other_size"], &shown["target_size"]), (&59_800.into(), &59_800.into()));
    assert_eq!((&copy["package_size"], &copy["to_best_other"]), (&59_800.into(), &1.0.into()));
    assert!(
        ours["package_size"].as_u64().unwrap() < 2000 && ours["ram"].as_u64().unwrap() <= 16 << 10,
        "{ours:#}"
    );
    assert!(ours["make"]["seconds"].as_f64().unwrap() > 0.0 && ours["failed"].is_null(), "{ours:#}");
    // It is what `diff` makes with these options.
    desk.ok("diff old new -o package --level 1 --ram 16K");
    assert_eq!(ours["package_size"], desk.read("package").len());
    let wrong = row(&shown, "xdelta3");
    assert_eq!((&wrong["version"], &wrong["package_size"]), (&"1.2".into(), &Value::Null));
    assert_eq!(wrong["failed"], "restoring: the image is another one");
    let missing = shown["not_installed"].as_array().unwrap();
    assert!(missing.contains(&"zucchini".into()) && missing.contains(&"detools-lzma".into()), "{missing:?}");
    // What failed comes last.
    assert_eq!(shown["results"].as_array().unwrap().last().unwrap()["tool"], "xdelta3");
}

#[test]
fn a_tool_that_hangs_is_ended_with_all_that_it_started() {
    let desk = desk(&[HANGS]);
    let outcome = compare(&desk, "old new --tools zstd --timeout 0.5").succeeded();
    let message = "FAILED  zstd-patch-from: making: not done after 0.5 s";
    assert!(outcome.stdout.contains(message), "{outcome:#?}");
    if cfg!(target_os = "linux") {
        assert!(is_gone(&fs::read_to_string(desk.path("pid")).unwrap()));
    }
}

#[test]
fn a_tool_that_does_not_even_say_its_version() {
    let desk = desk(&[("xdelta3", "exec sleep 600")]);
    let shown = compare(&desk, "old new --tools xdelta3 --timeout 0.5 --json").succeeded().json();
    let row = row(&shown, "xdelta3");
    assert_eq!(
        (&row["version"], &row["failed"]),
        (&"unknown version".into(), &"making: not done after 0.5 s".into())
    );
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_comparison_leaves_nothing_behind() {
    let desk = desk(&[HANGS]);
    let mut comparison = command(&desk, "old new --tools zstd --quiet").spawn().unwrap();
    let pid = || fs::read_to_string(desk.path("pid")).ok().filter(|pid| pid.ends_with('\n'));
    let until = Instant::now() + Duration::from_secs(60);
    while pid().is_none() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    comparison.kill().unwrap();
    comparison.wait().unwrap();
    assert!(is_gone(&pid().expect("the tool has started")));
    let is_empty = || fs::read_dir(desk.path("tmp")).unwrap().count() == 0;
    while !is_empty() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(is_empty());
}

#[test]
fn tools_of_several_programs_and_tools_that_are_modules_or_programs() {
    let desk = desk(&[
        ("zucchini", "case $1 in -gen) cp $3 $4;; -apply) cp $3 $4;; esac"),
        ("xz", "case $1 in -9e) mv $2 $2.xz;; -d) mv $3 plain;; esac"),
        ("mv", "= /bin/mv"),
        ("cp", "= /bin/cp"),
        (
            "detools",
            "case $1 in --version) echo 0.53.0;; create_patch) cp new patch;; apply_patch) cp $3 $4;; esac",
        ),
    ]);
    let shown = compare(&desk, "old new --tools zucchini,detools-lzma --json").succeeded().json();
    for (tool, version) in [("zucchini", "unknown version"), ("detools-lzma", "0.53.0")] {
        let row = row(&shown, tool);
        assert_eq!((&row["package_size"], &row["version"]), (&59_800.into(), &version.into()), "{row:#}");
    }
}

#[test]
fn failures_of_tools_are_told_and_escaped() {
    let desk = desk(&[
        ("bsdiff", "printf 'it is \\033[31mbroken\\n' >&2; exit 3"),
        ("bspatch", "exit 0"),
        ("xdelta3", "exit 0"),
        ("zstd", "case $1 in --version) exit 1;; esac; test -e out || ln -s new patch; ln -s new out"),
    ]);
    let outcome = compare(&desk, "old new --tools bsdiff,xdelta3,zstd").succeeded();
    for part in [
        r"bsdiff: making: exit status: 3: it is \u001b[31mbroken",
        "xdelta3: making: no patch was written",
        "zstd-patch-from: making: no patch was written",
    ] {
        assert!(outcome.stdout.contains(part), "{part}: {outcome:#?}");
    }
}

#[test]
fn images_are_read_in_all_formats() {
    let desk = desk(COPY);
    desk.write("old.hex", b":0400000001020304F2\n:00000001FF\n");
    desk.write("new.hex", b":0400000001020305F1\n:00000001FF\n");
    let shown = compare(&desk, "old.hex new.hex --tools bsdiff --json").succeeded().json();
    assert_eq!((&shown["base_size"], &row(&shown, "bsdiff")["package_size"]), (&4.into(), &4.into()));
    assert_eq!(shown["target_input"]["format"], "hex", "{shown:#}");
}

#[test]
fn packages_that_need_an_operating_system_say_so() {
    let desk = desk(COPY);
    [1, 2].iter().for_each(|&version| desk.write(&format!("{version}.gz"), &gzip(&firmware(version))));
    let line = "1.gz 2.gz --tools smidgen-16K,smidgen-auto,bsdiff --level 1";
    let shown = compare(&desk, &format!("{line} --json")).succeeded().json();
    let [small, auto] = ["smidgen-16K", "smidgen-auto"].map(|tool| row(&shown, tool));
    assert!(small["container"].is_null() && auto["container"]["memory"].as_u64().unwrap() > 0, "{shown:#}");
    assert!(auto["ram"].as_u64().unwrap() <= 16 << 10, "{shown:#}");
    let table = compare(&desk, line).succeeded().stdout;
    assert_eq!(table.matches("needs an operating system").count(), 1, "{table}");
}

#[test]
fn wrong_usage_is_refused_before_anything_runs() {
    let desk = desk(COPY);
    compare(&desk, "old new --tools gdiff").failed(2, &["gdiff", "no such tool", "xdelta3"]);
    compare(&desk, "old new --timeout 0").failed(2, &["number of seconds"]);
    compare(&desk, "old new --timeout inf").failed(2, &["number of seconds"]);
    compare(&desk, "old new --level 10").failed(2, &["10"]);
    compare(&desk, "old").failed(2, &["NEW"]);
    desk.write("empty", b"");
    compare(&desk, "old empty").failed(2, &["empty: the new image is empty"]);
    compare(&desk, "old none").failed(1, &["none", "check the spelling"]);
}

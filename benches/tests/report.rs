//! The report as a program, on a small corpus: its files, its answers, and what it refuses.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use testkit::archives::gzip;
use testkit::firmware;

/// What is linked in runs everywhere.
const TOOLS: &str = "smidgen-16K,smidgen-zstd,bsdiff-crate,qbsdiff";

fn report(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_report"));
    command.args(arguments).current_dir(folder).output().expect("the program runs")
}

/// A folder with a corpus of a pair of the fixtures, the same compressed, and a pair of nearly nothing.
fn corpus() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = [1, 2].map(firmware);
    let place = |name: &str, old: &[u8], new: &[u8]| {
        let place = folder.path().join("corpus").join(name);
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("old"), old).unwrap();
        fs::write(place.join("new.bin"), new).unwrap();
    };
    place("mcu/app-v1-v2", &old, &new);
    place("mcu/tiny", b"one", b"two");
    place("packed/app-v1-v2", &gzip(&old), &gzip(&new));
    folder
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_round_trip_is_in_every_file() {
    let folder = corpus();
    let arguments = ["--corpus", "corpus", "--output", "out/put", "--tools", TOOLS, "--jobs", "2", "--json"];
    let output = report(&arguments, folder.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = shown["results"].as_array().unwrap();
    assert_eq!(rows.len(), 12);
    // Of the compressed pair, too, the package says where the references have gone.
    for (class, ram) in [("mcu", 16 << 10), ("packed", 4 << 20)] {
        let is_ours = |row: &&Value| row["tool"] == "smidgen-16K" && row["class"] == class;
        let ours = rows.iter().filter(is_ours).find(|row| row["pair"] == "app-v1-v2").unwrap();
        assert!(ours["patch_bytes"].as_u64().unwrap() < 2000, "{ours}");
        assert!(ours["ram_bytes"].as_u64().unwrap() <= ram, "{ours}");
    }
    let file = |name: &str| fs::read_to_string(folder.path().join("out/put").join(name)).unwrap();
    assert_eq!(file("report.csv").lines().count(), 13);
    assert!(rows.iter().all(|row| row["failed"].is_null()), "{}", file("report.csv"));
    assert!(file("report.md").contains("| qbsdiff |") && file("sizes.svg").ends_with("</svg>\n"));
    assert!(text(&output.stderr).contains("[12/12]"));
}

#[test]
fn what_takes_too_long_has_failed() {
    let folder = corpus();
    let arguments = ["--corpus", "corpus", "--tools", "qbsdiff", "--timeout", "0.000001", "--quiet"];
    let output = report(&arguments, folder.path());
    // A peer's failure is reported, and is not the program's.
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("not done after"), "{}", text(&output.stdout));
    assert!(output.stderr.is_empty());
}

/// A check that cannot fail says nothing: here a tool restores something else, and another one says why it fails.
#[cfg(unix)]
#[test]
fn a_wrong_image_is_noticed() {
    use std::os::unix::fs::PermissionsExt;

    let folder = corpus();
    let programs = [
        ("bsdiff", "cp $2 $3"),
        ("bspatch", "tr o x <$3 >$2"),
        ("zstd", "echo nothing; echo it is broken >&2; exit 3"),
    ];
    for (name, script) in programs {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_report"));
    command.args(["--corpus", "corpus", "--pairs", "tiny", "--tools", "bsdiff,zstd", "--quiet"]);
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let output = command.env("PATH", path).current_dir(folder.path()).output().unwrap();
    let shown = text(&output.stdout);
    assert!(shown.contains("| mcu/tiny | bsdiff | restoring: the image is another one |"), "{shown}");
    assert!(
        shown.contains("| mcu/tiny | zstd-patch-from | making: exit status: 3: it is broken |"),
        "{shown}"
    );
}

#[test]
fn smidgens_failure_is_the_programs() {
    let folder = corpus();
    let arguments = ["--corpus", "corpus", "--tools", "smidgen-16K", "--timeout", "0.000001", "--quiet"];
    let output = report(&arguments, folder.path());
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn wrong_usage_is_refused_before_anything_is_done() {
    let folder = corpus();
    let refused = [
        (vec!["--corpus", "corpus", "--tools", "gdiff"], "no such tool"),
        (vec!["--corpus", "nowhere"], "nowhere"),
        (vec!["--corpus", "corpus/mcu/tiny", "--max-size", "2"], "no pair is left"),
        (vec!["--output", "out"], "--corpus"),
    ];
    for (arguments, message) in refused {
        let output = report(&arguments, folder.path());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(message), "{}", text(&output.stderr));
    }
    assert!(!folder.path().join("target").exists() && !folder.path().join("out").exists());
}

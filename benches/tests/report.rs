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
    for (class, ram) in [("mcu", 16 << 10), ("packed", 6 << 20)] {
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
    for fact in ["date", "processor", "cores", "load before the run", "memory", "level"] {
        assert!(shown["facts"][fact].is_string(), "{fact}: {shown:#}");
    }
    let digest = rows[0]["old_sha256"].as_str().unwrap();
    let page = file("report.html");
    let parts = [
        "class=\"cards\"",
        "Size by tool",
        "<h2>Microcontrollers",
        "<h2>packed",
        "load before the run",
        digest,
    ];
    let in_place = |part: &str| page.find(part).unwrap_or_else(|| panic!("no {part}"));
    assert!(in_place(parts[0]) < in_place(parts[1]) && in_place(parts[2]) < in_place(parts[3]));
    assert!(in_place(parts[3]) < in_place(parts[4]) && in_place(parts[4]) < in_place(parts[5]));
    assert!(!page.contains("class=\"failures\""));
}

/// The page is opened by people who did not make the corpus.
#[cfg(unix)]
#[test]
fn names_are_text_and_the_page_loads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let name = "</title><script src='https:evil'>\u{1b}[2J\u{202e}\"&|";
    let place = folder.path().join("corpus/<b>class").join(name);
    fs::create_dir_all(&place).unwrap();
    ["old", "new"].iter().for_each(|name| fs::write(place.join(name), name).unwrap());
    let arguments = ["--corpus", "corpus", "--output", "out", "--tools", "smidgen-16K,qbsdiff", "--json"];
    let output = report(&arguments, folder.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let [shown, said] = [&output.stdout, &output.stderr].map(|bytes| text(bytes));
    assert!(!(shown.clone() + &said).contains(['\u{1b}', '\u{202e}']), "{shown}{said}");
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert!(shown["results"][0]["pair"].as_str().unwrap().ends_with("\u{202e}\"&|"), "{shown:#}");
    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert_eq!((page.matches("<script").count(), page.matches("</title>").count()), (1, 1));
    for part in ["src='", "<b>class", "\u{1b}", "\u{202e}", "<link", "@import", "url(", " src=\"", " href="] {
        assert!(!page.contains(part), "{part:?}");
    }
    assert!(page.contains("&lt;b&gt;class") && page.contains("\\u001b[2J\\u202e&quot;&amp;|"), "{page}");
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
    let page = fs::read_to_string(folder.path().join("target/report/report.html")).unwrap();
    let (before, after) = page.split_once("2 of 2 round trips failed, none of them Smidgen’s").unwrap();
    assert!(!before.contains("class=\"cards\"") && after.contains("class=\"cards\""));
    assert!(after.contains("restoring: the image is another one"));
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

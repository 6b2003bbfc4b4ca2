//! Impossible commands fail with the right exit code and message, and do no harm.

use std::fs::{self, File};

use crate::common::{Desk, Outcome, noise, sha256, smidgen, versions};

/// The three commands that read a package, and write nothing but `restored`.
const READERS: [&str; 3] = ["patch old patch -o restored", "verify old patch", "info patch --base old"];

/// Expects the same failure of every command that reads the package.
fn all_fail(desk: &Desk, code: i32, parts: &[&str]) {
    for reader in READERS {
        desk.run(reader).failed(code, parts);
    }
    assert_eq!(desk.names(), ["new", "old", "patch"], "nothing remains");
}

/// A desk with a package that was tampered with.
fn tampered(change: impl FnOnce(&mut Vec<u8>)) -> Desk {
    let desk = Desk::with_package();
    let mut package = desk.read("patch");
    change(&mut package);
    desk.write("patch", &package);
    desk
}

#[test]
fn a_wrong_base_fails_with_both_digests() {
    let desk = Desk::with_package();
    let right = desk.read("old");
    let mut wrong = right.clone();
    wrong[30_000] ^= 1;
    desk.write("old", &wrong);
    let (expected, found) = (&sha256(&right)[..32], &sha256(&wrong)[..32]);
    all_fail(&desk, 4, &["old: not the base image", "(E12)", "60000 bytes", expected, found]);
}

#[test]
fn a_base_of_another_size_fails_with_both_sizes() {
    let desk = Desk::with_package();
    desk.write("old", &noise(59_999));
    all_fail(&desk, 4, &["(E11)", "60000 bytes", "59999 bytes", &sha256(&noise(59_999))[..32]]);
    desk.write("old", b"");
    all_fail(&desk, 4, &["(E11)", "60000 bytes", "an empty file"]);
}

#[test]
fn other_files_are_no_packages() {
    for bytes in [&b""[..], b"S", b"SMD", b"PK\x03\x04 something else altogether", b"BSDIFF41"] {
        let desk = tampered(|package| *package = bytes.to_vec());
        all_fail(&desk, 3, &["patch: not a package (E1)"]);
    }
}

#[test]
fn truncated_packages() {
    let whole = Desk::with_package().read("patch").len();
    for length in [4, 5, 8, 9, 40, whole / 2, whole - 1] {
        let desk = tampered(|package| package.truncate(length));
        // Too short to know its header's length, it is malformed.
        let number = if length < 9 { "(E5)" } else { "(E16)" };
        all_fail(&desk, 3, &["patch: ", number]);
    }
}

#[test]
fn damaged_packages() {
    type Change = fn(&mut Vec<u8>);
    let changes: [(Change, [&str; 2]); 3] = [
        (|package| package.push(0), ["patch: bytes after the end", "(E17)"]),
        (|package| package[4] = 9, ["patch: package of format version 9 (E2)", "update smidgen"]),
        (|package| package[20] ^= 4, ["patch: damaged package header", "(E6)"]),
    ];
    for (change, parts) in changes {
        all_fail(&tampered(change), 3, &parts);
    }
}

#[test]
fn a_damaged_body() {
    let desk = tampered(|package| {
        let middle = package.len() / 2 + 50;
        package[middle] ^= 16;
    });
    desk.write("restored", b"precious");
    for reader in &READERS[..2] {
        desk.run(reader).failed(3, &["patch: "]);
    }
    assert_eq!(desk.read("restored"), b"precious");
}

#[test]
fn an_existing_output_stays_when_something_fails() {
    let desk = Desk::with_package();
    desk.write("restored", b"precious");
    desk.write("old", b"wrong");
    desk.run("patch old patch -o restored").failed(4, &[]);
    desk.run("patch old new -o restored").failed(3, &[]);
    desk.run("diff old missing -o restored").failed(1, &[]);
    assert_eq!(desk.read("restored"), b"precious");
    assert_eq!(desk.names(), ["new", "old", "patch", "restored"]);
}

#[test]
fn an_output_that_is_an_input() {
    let desk = Desk::with_package();
    fs::hard_link(desk.path("old"), desk.path("hard")).unwrap();
    let before = ["old", "new", "patch"].map(|name| desk.read(name));
    #[cfg(unix)]
    std::os::unix::fs::symlink("old", desk.path("soft")).unwrap();
    for arguments in [
        "diff old new -o old",
        "diff old new -o new",
        "diff old new -o ./old",
        "diff old new -o hard",
        "patch old patch -o old",
        "patch old patch -o patch",
        "patch hard patch -o old",
        #[cfg(unix)]
        "diff old new -o soft",
    ] {
        desk.run(arguments).failed(2, &["same file"]);
    }
    assert!(["old", "new", "patch"].map(|name| desk.read(name)) == before);
}

#[test]
fn files_that_are_missing_or_of_the_wrong_kind() {
    let desk = Desk::with_package();
    fs::create_dir(desk.path("folder")).unwrap();
    // Sparse: it takes no space, and reading it would take long.
    File::create(desk.path("big")).unwrap().set_len(1_000_000_001).unwrap();
    let before = desk.names();
    for (arguments, code, part) in [
        ("diff missing new -o out", 1, "missing: cannot read: "),
        ("diff old missing -o out", 1, "missing: cannot read: "),
        ("patch missing patch -o out", 1, "missing: cannot read: "),
        ("patch old missing -o out", 1, "missing: cannot read: "),
        ("verify old missing", 1, "missing: cannot read: "),
        ("info missing", 1, "missing: cannot read: "),
        ("info patch --base missing", 1, "missing: cannot read: "),
        ("diff folder new -o out", 1, "folder: cannot read: it is a directory; name a file"),
        ("patch old folder -o out", 1, "folder: cannot read: it is a directory; name a file"),
        ("diff old new -o folder", 1, "folder: is a directory"),
        ("diff old new -o nowhere/out", 1, "nowhere/out: cannot write: "),
        ("patch old patch -o nowhere/out", 1, "nowhere/out: cannot write: "),
        ("diff big new -o out", 1, "big: has 1000000001 bytes; the limit for an image is 1000000000"),
        ("diff old big -o out", 1, "big: has 1000000001 bytes; the limit for an image is 1000000000"),
        ("patch big patch -o out", 1, "big: has 1000000001 bytes; the limit for an image is 1000000000"),
        #[cfg(unix)]
        ("diff old new -o /dev/null", 1, "/dev/null: is not a regular file"),
        #[cfg(unix)]
        (
            "diff /dev/null new -o out",
            1,
            "/dev/null: cannot read: it is a pipe, a device or the like; copy it",
        ),
    ] {
        desk.run(arguments).failed(code, &[part]);
    }
    assert_eq!(desk.names(), before);
}

#[test]
fn outputs_in_places_that_are_read_only() {
    let desk = Desk::with_package();
    fs::create_dir(desk.path("folder")).unwrap();
    let mut permissions = fs::metadata(desk.path("folder")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(desk.path("folder"), permissions).unwrap();
    if File::create(desk.path("folder/probe")).is_ok() {
        println!("skipped: this user may write everywhere");
        return;
    }
    desk.run("diff old new -o folder/out").failed(1, &["folder/out: cannot write: ", "permissions"]);
}

#[test]
fn flash_that_no_update_in_place_works_on() {
    let desk = Desk::with_package();
    let diff = "diff old new -o out --in-place --slot 1M --page 4K";
    for (more, said) in [
        ("--scratch 4K", "less than two pages"),
        ("--scratch 8K --write-size 3", "not whole units"),
        ("--scratch 8K --codec zstd", "codec zstd"),
        ("--scratch 2G", "the limit is"),
    ] {
        desk.run(&format!("{diff} {more}")).failed(2, &["in place: ", said]);
        assert!(!desk.path("out").exists());
    }
}

#[test]
fn wrong_usage() {
    let desk = Desk::with_package();
    for arguments in [
        "",
        "explode",
        "diff old new",
        "diff old -o out",
        "diff old new -o out --ram 16KB",
        "diff old new -o out --ram much",
        "diff old new -o out --threads 1025",
        "diff old new -o out --codec lzma",
        "diff old new -o out --base 0x10000000000000000",
        "diff old new -o out --format bsdiff --ram 16K",
        "diff old new -o out --format bsdiff --codec cm",
        "diff old new -o out --format bsdiff --base 0 --md5 --body-digest --arch auto",
    ] {
        let outcome = desk.run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{arguments}: {outcome:?}");
    }
    assert_eq!(desk.names(), ["new", "old", "patch"]);
}

#[test]
fn exit_codes_are_documented() {
    let desk = Desk::new();
    for arguments in ["--help", "diff --help", "patch --help", "info --help", "verify --help"] {
        let outcome = desk.ok(arguments);
        assert!(outcome.stdout.contains("Exit codes:"), "{arguments}");
    }
}

/// Lets files grow to 16 KiB only, as a full disk would.
#[cfg(unix)]
fn run_on_a_small_disk(desk: &Desk, arguments: &str) -> Outcome {
    let line = format!("trap '' XFSZ; ulimit -f 32; exec \"$0\" {arguments}");
    desk.command("sh").args(["-c", &line, smidgen()]).output().unwrap().into()
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_named_and_nothing_remains() {
    let desk = Desk::with_package();
    desk.write("restored", b"precious");
    run_on_a_small_disk(&desk, "patch old patch -o restored").failed(1, &["restored: cannot write: "]);
    assert_eq!(desk.read("restored"), b"precious");
    desk.write("empty", b"");
    run_on_a_small_disk(&desk, "diff empty new -o big").failed(1, &["big: cannot write: "]);
    assert_eq!(desk.names(), ["empty", "new", "old", "patch", "restored"]);
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_failure() {
    let desk = Desk::with_package();
    for arguments in ["info patch", "info patch --json", "verify old patch", "diff old new -o patch --json"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = desk.command(smidgen());
        let outcome: Outcome = command.args(arguments.split(' ')).stdout(writer).output().unwrap().into();
        assert_eq!(outcome.code, 0, "{outcome:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_a_failure() {
    let desk = Desk::with_package();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = desk.command(smidgen());
    let outcome: Outcome = command.args(["info", "patch"]).stdout(full).output().unwrap().into();
    outcome.failed(1, &["standard output: "]);
}

#[test]
fn inputs_stay_as_they_are() {
    let (old, new) = versions();
    let desk = Desk::with_package();
    let package = desk.read("patch");
    for arguments in READERS.iter().chain(&["diff old new -o again", "diff old patch -o third"]) {
        desk.ok(arguments);
    }
    assert!(desk.read("old") == old && desk.read("new") == new && desk.read("patch") == package);
    assert!(desk.read("again") == package, "the same package every time");
}

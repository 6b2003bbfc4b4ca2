//! Images that nobody may have meant: empty, much smaller than before, or the same; and full packages, which need no base.

use crate::common::{Desk, noise, versions};

/// A folder with `old`, `new`, `empty` and the first third of `old`, `part`.
fn desk() -> Desk {
    let (old, new) = versions();
    Desk::with(&[("old", &old), ("new", &new), ("empty", b""), ("part", &old[..20_000])])
}

#[test]
fn an_empty_new_image_is_refused() {
    let desk = desk();
    for options in ["", " --format bsdiff"] {
        desk.run(&format!("diff old empty -o patch{options}"))
            .failed(1, &["empty: ", "is empty", "--allow-empty"]);
        desk.ok(&format!("diff old empty -o patch --allow-empty{options}"));
        desk.ok("patch old patch -o back");
        assert!(desk.read("back").is_empty());
    }
    let pack = "pack -o out --to empty --to-version 2 --from 1=old --level 1";
    desk.run(pack).failed(1, &["image of 2 is empty", "--allow-empty"]);
    desk.write("release.toml", b"to = 'empty'\nto-version = '2'\nfrom = { 1 = 'old' }\n");
    desk.run("pack release.toml -o out").failed(1, &["image of 2 is empty"]);
    desk.ok(&format!("{pack} --allow-empty"));
    desk.write(
        "release.toml",
        b"to = 'empty'\nto-version = '2'\nallow-empty = true\nlevel = 1\nfrom = { 1 = 'old' }\n",
    );
    desk.ok("pack release.toml -o file");
    assert!(desk.read("out/full-2.bin") == desk.read("file/full-2.bin"));
    // Nor does any device have one.
    desk.run("pack -o none --to new --to-version 2 --from 1=empty --level 1").failed(
        1,
        &["the image of 1: it is empty; give the image that devices have, or leave this version out"],
    );
    // An entry without bytes is an empty image too.
    desk.write("new.tar", &testkit::archives::tar(&[("app.bin", b"")]));
    let refused = desk.run("-q diff old new.tar -o patch --payload");
    refused.failed(1, &["new.tar: the new image is empty"]);
}

#[test]
fn a_much_smaller_and_an_equal_image_get_a_warning() {
    let desk = desk();
    let warning = |command: &str| {
        let said = desk.ok(&format!("{command} --json"));
        let warned = said.stderr.lines().find(|line| line.starts_with("warning: ")).map(str::to_owned);
        (warned.unwrap_or_default(), said.json()["notes"][0]["name"].as_str().map(str::to_owned))
    };
    for format in ["smidgen", "bsdiff"] {
        let (text, name) = warning(&format!("diff old part -o patch --format {format}"));
        assert!(text.contains("20000 bytes, less than half of the old one's 60000"), "{text}");
        assert_eq!(name.as_deref(), Some("much-smaller"));
        let (text, name) = warning(&format!("diff old old -o patch --format {format}"));
        assert!(text.contains("the new image is the old one"), "{text}");
        assert_eq!(name.as_deref(), Some("unchanged"));
        for (old, new) in [("old", "new"), ("part", "old"), ("empty", "old")] {
            let (text, name) = warning(&format!("diff {old} {new} -o patch --format {format}"));
            assert_eq!((text.as_str(), name), ("", None));
        }
    }
}

#[test]
fn releases_warn_of_each_source_whether_its_package_is_new_or_not() {
    let desk = desk();
    let pack = "pack -o out --to part --to-version 4 --from 1=old --from 2=part --level 1";
    for _ in 0..2 {
        let said = desk.ok(pack).stderr;
        for part in [
            "warning: source 1: the new image has 20000 bytes",
            "warning: source 2: the new image is the old one",
        ] {
            assert!(said.contains(part), "{part:?} is missing in {said}");
        }
        assert_eq!(said.matches("warning: ").count(), 2, "{said}");
    }
    let events = desk.ok(&format!("{pack} --json")).lines();
    let warnings: Vec<_> = events.iter().filter(|event| event["warning"] == true).collect();
    let names: Vec<_> = warnings.iter().map(|event| event["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["much-smaller", "unchanged"], "{warnings:?}");
    let said = desk.ok("pack -o other --to new --to-version 4 --from 1=old --level 1").stderr;
    assert!(!said.contains("warning"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_full_package_needs_no_base() {
    let desk = desk();
    desk.ok("pack -o out --to new --to-version 4 --from 1=old --level 1");
    desk.ok("patch /dev/null out/full-4.bin -o back");
    assert!(desk.read("back") == desk.read("new"));
    desk.ok("verify /dev/null out/full-4.bin");
    desk.ok("info out/full-4.bin --base /dev/null");
    desk.write("empty", b"");
    desk.ok("diff empty new -o full --format bsdiff");
    desk.ok("patch /dev/null full -o back");
    desk.run("patch old out/full-4.bin -o back").failed(4, &["needs no base", "give /dev/null"]);
    desk.run("patch /dev/null out/1-to-4.bin -o back").failed(4, &["an empty file"]);
    desk.run("patch /dev/zero out/full-4.bin -o back").failed(1, &["a device"]);
    desk.run("patch /dev/null out/full-4.bin -o /dev/null").failed(1, &["not a regular file"]);
}

#[test]
fn flash_with_write_units_of_any_length_is_updated_in_place() {
    let image = noise(60_000);
    let desk =
        Desk::with(&[("old", &image), ("new", &[&image[..30_000], &[7; 100], &image[30_000..]].concat())]);
    let flash = "--in-place --slot 128K --page 4096 --scratch 8192 --level 1";
    for unit in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096] {
        desk.ok(&format!("diff old new -o patch {flash} --write-size {unit}"));
    }
    for unit in ["0", "3", "8192", "100"] {
        desk.run(&format!("diff old new -o patch {flash} --write-size {unit}"))
            .failed(2, &["not whole units"]);
    }
}

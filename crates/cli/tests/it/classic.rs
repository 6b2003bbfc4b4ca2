//! BSDIFF40: with ourselves, and with Debian's bsdiff and bspatch.

use testkit::peers;

use crate::common::{Desk, noise, sha256};

#[test]
fn round_trip() {
    let desk = Desk::with_versions();
    desk.run("diff old new -o patch --format bsdiff").succeeded();
    assert!(desk.read("patch").starts_with(b"BSDIFF40"));
    desk.run("patch old patch -o restored").succeeded();
    assert!(desk.read("restored") == desk.read("new"));
    assert_eq!(desk.names(), ["new", "old", "patch", "restored"]);
}

#[test]
fn empty_images() {
    for (old, new) in [(vec![], noise(500)), (noise(500), vec![]), (vec![], vec![])] {
        let desk = Desk::with(&[("old", &old), ("new", &new)]);
        desk.run("diff old new -o patch --format bsdiff").succeeded();
        desk.run("patch old patch -o restored").succeeded();
        assert!(desk.read("restored") == new);
    }
}

#[test]
fn bspatch_takes_our_packages() {
    let desk = Desk::with_versions();
    desk.run("diff old new -o patch --format bsdiff").succeeded();
    if peers::run(desk.command("bspatch").args(["old", "restored", "patch"])).is_some() {
        assert!(desk.read("restored") == desk.read("new"));
    }
}

#[test]
fn we_take_packages_of_bsdiff() {
    let desk = Desk::with_versions();
    if peers::run(desk.command("bsdiff").args(["old", "new", "patch"])).is_some() {
        desk.run("patch old patch -o restored").succeeded();
        assert!(desk.read("restored") == desk.read("new"));
    }
}

#[test]
fn numbers_are_told() {
    let desk = Desk::with_versions();
    let made = desk.run("diff old new -o patch --format bsdiff --json").succeeded().json();
    let (new, patch) = (desk.read("new"), desk.read("patch"));
    assert_eq!(made["format"], "bsdiff40");
    assert_eq!(made["package_size"], patch.len());
    assert_eq!(made["target_digest"], sha256(&new));
    let shown = desk.run("info patch --json").succeeded().json();
    let size = |name: &str| shown[name].as_u64().unwrap();
    let all = size("header_size") + size("control_size") + size("diff_size") + size("extra_size");
    assert_eq!((all, size("target_size")), (patch.len() as u64, new.len() as u64));
    let text = desk.run("info patch").succeeded().stdout;
    assert!(text.contains("BSDIFF40") && text.contains(&format!("{} bytes", new.len())), "{text}");
}

#[test]
fn verification_tells_the_digest() {
    let desk = Desk::with_versions();
    desk.run("diff old new -o patch --format bsdiff").succeeded();
    let digest = sha256(&desk.read("new"));
    assert!(desk.run("verify old patch").succeeded().stdout.contains(&digest));
    assert_eq!(desk.run("verify old patch --json").succeeded().json()["target_digest"], digest.as_str());
    assert_eq!(desk.names(), ["new", "old", "patch"]);
}

#[test]
fn damage_is_found() {
    let desk = Desk::with_versions();
    desk.run("diff old new -o patch --format bsdiff").succeeded();
    let whole = desk.read("patch");
    for length in [8, 31, 40, whole.len() / 2, whole.len() - 1] {
        desk.write("patch", &whole[..length]);
        desk.run("patch old patch -o restored").failed(3, &["patch: damaged BSDIFF40"]);
        desk.run("verify old patch").failed(3, &["patch: damaged BSDIFF40"]);
    }
    // A target of 2^62 bytes, which no memory is asked for.
    let mut huge = whole.clone();
    huge[31] = 0x40;
    desk.write("patch", &huge);
    desk.run("patch old patch -o restored").failed(3, &["patch: damaged BSDIFF40", "1000000000"]);
    assert_eq!(desk.names(), ["new", "old", "patch"]);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let desk = Desk::with_versions();
    desk.run("diff old new -o patch1 --format bsdiff --threads 1").succeeded();
    desk.run("diff old new -o patch2 --format bsdiff --threads 2").succeeded();
    assert!(desk.read("patch1") == desk.read("patch2"));
}

//! BSDIFF40: with ourselves, and with Debian's bsdiff and bspatch.

use testkit::peers;

use crate::common::{Desk, sha256};

#[test]
fn bspatch_takes_our_packages() {
    let desk = Desk::with_versions();
    desk.ok("diff old new -o patch --format bsdiff");
    if peers::run(desk.command("bspatch").args(["old", "restored", "patch"])).is_some() {
        assert!(desk.read("restored") == desk.read("new"));
    }
}

#[test]
fn we_take_packages_of_bsdiff() {
    let desk = Desk::with_versions();
    if peers::run(desk.command("bsdiff").args(["old", "new", "patch"])).is_some() {
        desk.ok("patch old patch -o restored");
        assert!(desk.read("restored") == desk.read("new"));
    }
}

#[test]
fn numbers_are_shown() {
    let desk = Desk::with_versions();
    let made = desk.json("diff old new -o patch --format bsdiff");
    let (new, patch) = (desk.read("new"), desk.read("patch"));
    assert_eq!(made["format"], "bsdiff40");
    assert_eq!(made["package_size"], patch.len());
    assert_eq!(made["target_sha256"], sha256(&new));
    let shown = desk.json("info patch");
    let size = |name: &str| shown[name].as_u64().unwrap();
    let all = size("header_size") + size("control_size") + size("diff_size") + size("extra_size");
    assert_eq!((all, size("target_size")), (patch.len() as u64, new.len() as u64));
    let verified = desk.ok("verify old patch").stdout;
    assert!(verified.contains(&sha256(&new)) && verified.starts_with("NOT CHECKED: "), "{verified}");
    assert!(desk.json("verify old patch")["ok"].is_null());
    assert_eq!(desk.json("verify old patch")["target_sha256"], sha256(&new).as_str());
    let text = desk.ok("info patch").stdout;
    assert!(text.contains("BSDIFF40") && text.contains(&format!("{} bytes", new.len())), "{text}");
}

#[test]
fn damage_is_found() {
    let desk = Desk::with_versions();
    desk.ok("diff old new -o patch --format bsdiff");
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

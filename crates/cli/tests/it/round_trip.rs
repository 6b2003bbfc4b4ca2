//! Packages are made, shown, verified and applied.

use std::fs;

use crate::common::{Desk, noise, sha256, versions};

/// Makes a package and restores from it; the size of the package.
fn round_trip(old: &[u8], new: &[u8], options: &str) -> usize {
    let desk = Desk::with(&[("old", old), ("new", new)]);
    desk.ok(&format!("diff old new -o patch{options}"));
    desk.ok("verify old patch");
    desk.ok("info patch");
    desk.ok("info patch --base old");
    desk.ok("patch old patch -o restored");
    assert!(desk.read("restored") == new);
    assert!(desk.read("old") == old && desk.read("new") == new, "inputs are never modified");
    assert_eq!(desk.names(), ["new", "old", "patch", "restored"], "nothing else remains");
    desk.read("patch").len()
}

#[test]
fn edited_images() {
    let (old, new) = versions();
    assert!(round_trip(&old, &new, "") < 1500);
    assert!(round_trip(&new, &old, "") < 1500);
}

#[test]
fn identical_images() {
    let image = noise(60_000);
    assert!(round_trip(&image, &image, "") < 120);
}

#[test]
fn empty_images() {
    let image = noise(3000);
    for options in ["", " --format bsdiff"] {
        round_trip(b"", &image, options);
        round_trip(&image, b"", &format!("{options} --allow-empty"));
        round_trip(b"", b"", &format!("{options} --allow-empty"));
    }
}

#[test]
fn tiny_images() {
    round_trip(b"a", b"b", "");
    round_trip(b"abc", b"abcd", " --arch thumb");
}

#[test]
fn every_option() {
    let (old, new) = versions();
    for options in [
        " --ram 32K",
        " --ram auto --codec cm",
        " --base 0x08000000 --arch thumb",
        " --base 134217728 --arch none",
        " --threads 1 --format smidgen",
        " --format bsdiff",
        " --codec zstd",
        " --quiet",
    ] {
        round_trip(&old, &new, options);
    }
    for arch in ["auto", "none", "thumb", "aarch64", "arm", "riscv", "xtensa", "x86"] {
        round_trip(&old, &new, &format!(" --level 4 --arch {arch}"));
    }
    assert_eq!(Desk::with_versions().run("diff old new -o patch --arch mips").code, 2);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let desk = Desk::with_versions();
    for format in ["smidgen", "bsdiff"] {
        let package = |threads: u32| {
            desk.ok(&format!("diff old new -o patch --format {format} --threads {threads}"));
            desk.read("patch")
        };
        assert!(package(0) == package(1) && package(1) == package(2));
    }
}

#[test]
fn an_existing_output_is_replaced() {
    let desk = Desk::with_package();
    desk.write("restored", b"something that was there before");
    desk.ok("patch old patch -o restored");
    assert!(desk.read("restored") == desk.read("new"));
}

#[test]
fn verification_prints_the_digest_and_writes_nothing() {
    let desk = Desk::with_package();
    let outcome = desk.ok("verify old patch");
    assert!(outcome.stdout.starts_with("OK"), "{outcome:?}");
    assert!(outcome.stdout.contains(&sha256(&desk.read("new"))), "{outcome:?}");
    assert_eq!(desk.names(), ["new", "old", "patch"]);
}

#[test]
fn info_shows_where_the_bytes_went() {
    let desk = Desk::with_package();
    let without = desk.ok("info patch").stdout;
    assert!(without.contains(&sha256(&desk.read("new"))) && without.contains("--base BASE"), "{without}");
    let with = desk.ok("info patch --base old").stdout;
    for part in ["covers", "header", "landmarks", "literals", "%"] {
        assert!(with.contains(part), "{part} is missing in {with}");
    }
}

#[test]
fn talk_goes_to_standard_error_and_can_be_silenced() {
    let desk = Desk::with_package();
    let talkative = desk.ok("diff old new -o patch");
    assert!(talkative.stdout.is_empty() && talkative.stderr.contains("package"), "{talkative:?}");
    for arguments in ["diff old new -o patch", "patch old patch -o restored", "verify old patch"] {
        let quiet = desk.ok(&format!("{arguments} --quiet"));
        assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty(), "{arguments}: {quiet:?}");
    }
}

#[cfg(unix)]
#[test]
fn outputs_have_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::with_package();
    desk.ok("patch old patch -o restored");
    let mode = |name: &str| fs::metadata(desk.path(name)).unwrap().permissions().mode();
    assert_eq!(mode("patch"), mode("old"));
    assert_eq!(mode("restored"), mode("old"));
}

#[test]
fn inputs_may_be_read_only() {
    let desk = Desk::with_package();
    for name in ["old", "patch"] {
        let mut permissions = fs::metadata(desk.path(name)).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(desk.path(name), permissions).unwrap();
    }
    desk.ok("patch old patch -o restored");
}

//! Options that decide a package, and their traces in it.

use smidgen_diff::{LEVELS, LEVELS_NOTE};

use crate::common::{Desk, md5, sha256};

#[test]
fn the_memory_is_within_the_budget() {
    let desk = Desk::with_versions();
    for (size, bytes) in [("12K", 12 << 10), ("16384", 16 << 10), ("1MiB", 1 << 20)] {
        let made = desk.json(&format!("diff old new -o patch --ram {size}"));
        assert!(made["ram"].as_u64().unwrap() <= bytes, "{size}: {made:#}");
    }
}

#[test]
fn a_budget_that_no_decoder_fits_in() {
    let desk = Desk::with_versions();
    desk.run("diff old new -o patch --ram 1K").failed(2, &["at least", "--ram"]);
    desk.run("diff old new -o patch --ram 0").failed(2, &["at least", "--ram"]);
    assert_eq!(desk.names(), ["new", "old"]);
}

#[test]
fn the_base_address_is_in_the_header() {
    let desk = Desk::with_versions();
    let made = desk.json("diff old new -o patch --base 0x08004000");
    assert_eq!(made["base_address"], 0x0800_4000);
    assert!(desk.ok("info patch").stdout.contains("0x08004000"));
    let wide = desk.json("diff old new -o patch --base 0xFFFFFFC008000000 --level 1");
    assert_eq!(wide["base_address"].as_u64(), Some(0xFFFF_FFC0_0800_0000));
    desk.ok("patch old patch -o restored");
    assert!(desk.read("restored") == desk.read("new"));
    desk.run("diff old new -o patch --base 0x08000001").failed(2, &["no image begins at an odd address"]);
    desk.run("diff old new -o patch --base 0x10000000000000000").failed(2, &["expected an even address"]);
}

#[test]
fn plain_bytes_are_one_kind() {
    let desk = Desk::with_versions();
    let made = desk.json("diff old new -o patch --arch none");
    assert_eq!(made["kinds"], serde_json::json!(["bytes"]));
    assert!(desk.ok("info patch").stdout.contains("kinds of pages bytes"));
}

#[test]
fn further_digests_are_in_the_header() {
    let desk = Desk::with_versions();
    let made = desk.json("diff old new -o patch --md5 --body-digest");
    let patch = desk.read("patch");
    let body = &patch[made["header_size"].as_u64().unwrap() as usize..];
    assert_eq!(made["body_sha256"], sha256(body).as_str());
    let md5 = md5(&desk.read("new"));
    assert_eq!(made["target_md5"], md5.as_str());
    assert!(desk.ok("info patch").stdout.contains(&md5));
    assert_eq!(desk.json("verify old patch")["target_md5"], md5.as_str());
}

#[test]
fn zstd_packages() {
    let desk = Desk::with_versions();
    let made = desk.json("diff old new -o patch --codec zstd");
    assert_eq!(made["codec"], "zstd");
    assert!(made["costs"].is_null());
    assert!(desk.ok("info patch --base old").stdout.contains("zstd"));
}

#[test]
fn lite_packages() {
    let desk = Desk::with_versions();
    let made = desk.json("diff old new -o patch --codec lite --ram 4K");
    assert_eq!((&made["codec"], &made["model"]["slots"]), (&"lite".into(), &0.into()));
    assert!(made["ram"].as_u64().unwrap() <= 4096 && made["costs"].is_object());
    let info = desk.ok("info patch --base old").stdout;
    assert!(info.contains("lite") && info.contains("learned displacement") && !info.contains("slot"));
    desk.ok("patch old patch -o back");
    assert_eq!(desk.read("back"), desk.read("new"));
}

/// The profile lists what the device's decoder has.
#[test]
fn the_codec_is_chosen_by_the_profile() {
    let desk = Desk::with_versions();
    desk.write("device.toml", b"ram = \"4K\"\ncodecs = [\"cm\", \"lite\"]\n");
    let made = desk.json("diff old new -o patch --device device.toml --codec auto");
    let sizes = ["cm", "lite"].map(|codec| {
        let made = desk.json(&format!("diff old new -o {codec} --device device.toml --codec {codec}"));
        made["package_size"].as_u64().unwrap()
    });
    assert_eq!(made["package_size"].as_u64(), sizes.into_iter().min());
}

#[test]
fn the_page_of_commands_has_the_levels_and_every_option_of_diff() {
    let page = std::fs::read_to_string(testkit::fixtures().join("../docs/commands.md")).unwrap();
    let (_, table) = page.split_once("| level |").unwrap();
    let rows = table.split("\n\n").next().unwrap().lines().skip(2);
    let cells = rows.map(|row| row.split('|').map(str::trim).skip(1).take(2).collect::<Vec<_>>().join(" "));
    let expected = (1..).zip(LEVELS).map(|(level, what)| format!("{level} {what}"));
    assert_eq!(cells.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    assert!(page.contains(LEVELS_NOTE));
    let help = Desk::new().run("diff --help").succeeded().stdout;
    let rows = help.lines().map(str::trim).filter(|line| line.starts_with('-'));
    let options: Vec<&str> =
        rows.filter_map(|line| line.split([' ', ',']).find(|word| word.starts_with("--"))).collect();
    let is_missing = |name: &&&str| **name != "--help" && !page.contains(&format!("`{name}"));
    let missing: Vec<&&str> = options.iter().filter(is_missing).collect();
    assert!(options.len() > 30 && missing.is_empty(), "{options:?}, not on the page: {missing:?}");
}

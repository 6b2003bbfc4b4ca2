//! Options that decide a package, and their traces in it.

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
    assert_eq!(made["body_digest"], sha256(body).as_str());
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

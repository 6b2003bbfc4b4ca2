//! Compressed files: they come back to the bit, `info` shows what is in them, and payloads can be had alone.

mod common;

use common::{Desk, noise, sha256, versions};
use miniz_oxide::deflate::compress_to_vec;

/// Firmware that can be compressed: everything twice.
fn firmware() -> (Vec<u8>, Vec<u8>) {
    let (old, new) = versions();
    (old.repeat(2), new.repeat(2))
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3];
    file.extend(compress_to_vec(plain, 6));
    file.extend(crc32fast::hash(plain).to_le_bytes());
    file.extend((plain.len() as u32).to_le_bytes());
    file
}

fn tar(name: &str, contents: &[u8]) -> Vec<u8> {
    let mut file = vec![0; 512];
    file[..name.len()].copy_from_slice(name.as_bytes());
    file[124..135].copy_from_slice(format!("{:011o}", contents.len()).as_bytes());
    file[156] = b'0';
    file[148..156].fill(b' ');
    let sum: u32 = file.iter().map(|&byte| u32::from(byte)).sum();
    file[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    file.extend(contents);
    file.resize(file.len().next_multiple_of(512) + 1024, 0);
    file
}

/// `old.gz` and `new.gz`, and what is in them.
fn compressed() -> (Desk, Vec<u8>, Vec<u8>) {
    let (old, new) = firmware();
    let desk = Desk::with(&[("old.gz", &gzip(&old)), ("new.gz", &gzip(&new))]);
    (desk, old, new)
}

#[test]
fn a_compressed_file_comes_back() {
    let (desk, ..) = compressed();
    desk.run("diff old.gz new.gz -o patch").succeeded();
    desk.run("patch old.gz patch -o back.gz").succeeded();
    assert!(desk.read("back.gz") == desk.read("new.gz"));
    desk.run("verify old.gz patch").succeeded();
    desk.run("patch new.gz patch -o back.gz").failed(4, &["not the base image", "(E1"]);
}

#[test]
fn a_base_of_the_right_size_with_a_wrong_byte_is_told() {
    let (desk, ..) = compressed();
    desk.run("diff old.gz new.gz -o patch").succeeded();
    let right = desk.read("old.gz");
    // What made the file, and a byte of its stream: the first changes nothing that is expanded.
    for place in [9, right.len() / 2] {
        let mut wrong = right.clone();
        wrong[place] ^= 1;
        desk.write("wrong.gz", &wrong);
        desk.run("patch wrong.gz patch -o back.gz").failed(4, &["not the base image"]);
        assert!(!desk.path("back.gz").exists());
    }
}

#[test]
fn info_shows_the_tree() {
    let (desk, ..) = compressed();
    desk.run("diff old.gz new.gz -o patch").succeeded();
    let text = desk.run("info patch --base old.gz").succeeded().stdout;
    for part in
        ["1 streams of the base are expanded", "gzip member: ", "of corrections", "recipes", "storage"]
    {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
    let json = desk.run("info patch --json").succeeded().json();
    assert_eq!(json["container"]["streams"][0]["kind"], "gzip member");
    assert!(json["container"]["storage"].as_u64().unwrap() >= 100_000);
}

#[test]
fn it_can_be_switched_off() {
    let (desk, ..) = compressed();
    desk.run("diff old.gz new.gz -o patch --containers none").succeeded();
    let json = desk.run("info patch --json").succeeded().json();
    assert!(json["container"].is_null());
}

#[test]
fn payloads_make_packages_for_small_devices() {
    let (desk, old, new) = compressed();
    let made = desk.run("diff --payload old.gz new.gz -o patch --json").succeeded().json();
    assert_eq!(made["payload_digests"]["base"], sha256(&old));
    assert_eq!(made["payload_digests"]["target"], sha256(&new));
    assert_eq!(made["target_digest"], sha256(&new));
    desk.write("old", &old);
    desk.run("patch old patch -o back").succeeded();
    assert!(desk.read("back") == new);
}

#[test]
fn entries_have_names() {
    let (old, new) = firmware();
    let desk = Desk::with(&[
        ("old.tar.gz", &gzip(&tar("boot/app.bin", &old))),
        ("new.tar", &tar("boot/app.bin", &new)),
        ("noise", &noise(1000)),
    ]);
    desk.run("diff --payload-entry boot/app.bin old.tar.gz new.tar -o patch").succeeded();
    desk.write("old", &old);
    desk.run("patch old patch -o back").succeeded();
    assert!(desk.read("back") == new);
    let command = "diff --payload-entry app.bin old.tar.gz new.tar -o other";
    desk.run(command).failed(1, &["no entry \"app.bin\"", "boot/app.bin", "--payload-entry NAME"]);
    let command = "diff --payload-entry app.bin noise new.tar -o other";
    desk.run(command).failed(1, &["noise", "no entries"]);
}

#[test]
fn a_release_of_compressed_files_comes_back() {
    let (desk, old, _) = compressed();
    desk.write("middle.gz", &gzip(&[&old[..100], &old[130..]].concat()));
    let packed = desk.run(
        "pack -o out --to new.gz --to-version 3 --from 1=old.gz --from 2=middle.gz --product sensor --level 1 --json",
    );
    let lines = packed.succeeded().stdout;
    // Nothing but events: libraries that print are kept away.
    let events: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.last().unwrap()["event"], "manifest");
    for (package, base) in [("1-to-3", "old.gz"), ("2-to-3", "middle.gz")] {
        desk.run(&format!("patch {base} out/{package}.bin -o back")).succeeded();
        assert!(desk.read("back") == desk.read("new.gz"), "{package}");
        let json = desk.run(&format!("info out/{package}.bin --json")).succeeded().json();
        assert_eq!(json["container"]["streams"][0]["kind"], "gzip member", "{package}");
    }
    desk.write("empty", b"");
    desk.run("patch empty out/full-3.bin -o back").succeeded();
    assert!(desk.read("back") == desk.read("new.gz"));
}

#[test]
fn what_is_not_looked_into_is_told() {
    let xz = |seed: usize| [b"\xFD7zXZ\0".to_vec(), noise(40_000 + seed)[seed..].to_vec()].concat();
    let desk = Desk::with(&[("old.xz", &xz(0)), ("new.xz", &xz(20_000))]);
    let made = desk.run("diff old.xz new.xz -o patch --json").succeeded();
    assert!(made.stderr.contains("note: the new file holds xz data"), "{}", made.stderr);
    let json = made.json();
    assert_eq!(json["notes"][0]["name"], "not-opened");
    let made = desk.run("diff old.xz old.xz -o same --json").succeeded();
    assert!(made.json()["notes"].as_array().unwrap().is_empty());
    let made = desk.run("diff old.xz new.xz -o other --containers none").succeeded();
    assert!(!made.stderr.contains("note:"), "{}", made.stderr);
}

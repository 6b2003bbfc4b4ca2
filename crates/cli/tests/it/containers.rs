//! Compressed files: they are restored to the bit, `info` shows their contents, and payloads make packages of their own.

use crate::common::{Desk, noise, versions};
use testkit::archives::{gzip, tar};
use testkit::peers;

/// Firmware that can be compressed: everything twice.
fn firmware() -> (Vec<u8>, Vec<u8>) {
    let (old, new) = versions();
    (old.repeat(2), new.repeat(2))
}

/// `old.gz` and `new.gz`, and what is in them.
fn compressed() -> (Desk, Vec<u8>, Vec<u8>) {
    let (old, new) = firmware();
    let desk = Desk::with(&[("old.gz", &gzip(&old)), ("new.gz", &gzip(&new))]);
    (desk, old, new)
}

#[test]
fn a_release_of_compressed_files_is_verified() {
    let (desk, ..) = compressed();
    desk.ok("keygen shared.pem --kind shared");
    for (folder, options, decrypt) in
        [("plain", "", ""), ("secret", " --encrypt shared.pem", " --decrypt shared.pem")]
    {
        let pack = "pack --from 1=old.gz --to new.gz --to-version 2 --product gateway";
        desk.ok(&format!("{pack} -o {folder}{options}"));
        let package = format!("{folder}/1-to-2.bin");
        let info = desk.json(&format!("info {package}{decrypt}"));
        assert!(info["container"].is_object(), "{info}");
        desk.ok(&format!("verify {folder} --from 1=old.gz{decrypt}"));
    }
}

#[test]
fn a_compressed_file_comes_back() {
    let (desk, ..) = compressed();
    desk.ok("diff old.gz new.gz -o patch");
    desk.ok("patch old.gz patch -o back.gz");
    assert!(desk.read("back.gz") == desk.read("new.gz"));
    desk.ok("verify old.gz patch");
    desk.run("patch new.gz patch -o back.gz").failed(4, &["not the base image", "(E1"]);
}

#[test]
fn a_base_of_the_right_size_with_a_wrong_byte_is_refused() {
    let (desk, ..) = compressed();
    desk.ok("diff old.gz new.gz -o patch");
    let right = desk.read("old.gz");
    // The field of the compressor, which is not expanded, and a byte of the stream.
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
    desk.ok("diff old.gz new.gz -o patch");
    let text = desk.ok("info patch --base old.gz").stdout;
    for part in
        ["1 streams of the base are expanded", "gzip member: ", "of corrections", "recipes", "storage"]
    {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
    let json = desk.json("info patch");
    assert_eq!(json["container"]["streams"][0]["kind"], "gzip member");
    assert!(json["container"]["storage"].as_u64().unwrap() >= 100_000);
}

/// An image of which most is as flash is after an erase.
fn mostly_empty(change: u64) -> Vec<u8> {
    let mut image = vec![0xFF; 400_000];
    for (number, at) in (0..image.len() - 3000).step_by(20_000).enumerate() {
        let seed = if number % 2 == 0 { change } else { 1 };
        image[at..at + 3000].copy_from_slice(&testkit::noise(3000, 256, 100 * seed + number as u64));
    }
    image
}

#[test]
fn images_that_are_mostly_empty_are_expanded() {
    let desk = Desk::with(&[("old", &mostly_empty(2)), ("new", &mostly_empty(3))]);
    let size = |old: &str, new: &str| {
        let made = desk.json(&format!("diff {old} {new} -o patch --level 1"));
        made["package_size"].as_u64().unwrap()
    };
    let contents = size("old", "new");
    for level in ["-1", "-6", "-9"] {
        let command = &mut desk.command("gzip");
        let Some(_) = peers::run(command.args(["-n", "-k", "-f", level, "old", "new"])) else { return };
        let compressed = size("old.gz", "new.gz");
        assert!(compressed < contents + 1000, "{compressed} bytes, and {contents} for the contents");
    }
}

/// Commands that deflate `$f`, and what of the size of the stream a package costs at most: one of so many.
const ENCODERS: [(&str, &str, u64); 9] = [
    ("gzip", "gzip -n -c -6 $f > $f.gz", 100),
    ("zip", "zip -q -X -9 $f.gz $f", 100),
    (
        "python3",
        "python3 -c 'import zlib, sys; sys.stdout.buffer.write(zlib.compress(open(\"'$f'\", \"rb\").read(), 6))' > $f.gz",
        100,
    ),
    (
        "perl",
        "perl -MIO::Compress::Gzip=gzip -e 'gzip \"'$f'\" => \"'$f.gz'\", -Level => 9, -Time => 0'",
        100,
    ),
    ("pigz", "pigz -11 -n -c $f > $f.gz", 10),
    ("zopfli", "zopfli -c --i5 $f > $f.gz", 10),
    ("libdeflate-gzip", "libdeflate-gzip -n -12 -c $f > $f.gz", 10),
    ("7z", "7z a -tgzip -mx=9 -so x $f > $f.gz 2> log", 10),
    ("advdef", "gzip -n -c $f > $f.gz; advdef -q -z -4 $f.gz", 10),
];

#[test]
fn streams_of_every_encoder_cost_little() {
    let (old, new) = firmware();
    let desk = Desk::with(&[("old", &old), ("new", &new)]);
    let size = |names: &str| {
        let made = desk.json(&format!("diff {names} -o patch --level 1"));
        made["package_size"].as_u64().unwrap()
    };
    let contents = size("old new");
    for (program, command, share) in ENCODERS {
        let found = desk.command("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
        if !found.status.success() {
            println!("skipped: {program} is not installed");
            continue;
        }
        let script = format!("rm -f *.gz; for f in old new; do {command}; done");
        peers::run(desk.command("sh").args(["-c", &script])).unwrap();
        let stream = desk.read("new.gz").len() as u64;
        let compressed = size("old.gz new.gz");
        println!("{program}: {compressed} bytes, {contents} for the contents, stream of {stream}");
        assert!(compressed < contents + 400 + stream / share, "{program}");
        desk.ok("patch old.gz patch -o back");
        assert!(desk.read("back") == desk.read("new.gz"), "{program}");
    }
}

#[test]
fn it_can_be_switched_off() {
    let (desk, ..) = compressed();
    desk.ok("diff old.gz new.gz -o patch --containers none");
    let json = desk.json("info patch");
    assert!(json["container"].is_null());
}

#[test]
fn entries_have_names() {
    let (old, new) = firmware();
    let desk = Desk::with(&[
        ("old.tar.gz", &gzip(&tar(&[("boot/app.bin", &old)]))),
        ("new.tar", &tar(&[("boot/app.bin", &new)])),
        ("noise", &noise(1000)),
    ]);
    desk.ok("diff --payload-entry boot/app.bin old.tar.gz new.tar -o patch");
    desk.write("old", &old);
    desk.ok("patch old patch -o back");
    assert!(desk.read("back") == new);
    let command = "diff --payload-entry app.bin old.tar.gz new.tar -o other";
    desk.run(command).failed(1, &["no entry \"app.bin\"", "boot/app.bin", "--payload-entry NAME"]);
    let command = "diff --payload-entry app.bin noise noise -o other";
    desk.run(command).failed(1, &["noise", "no entries"]);
}

#[test]
fn a_release_of_compressed_files_comes_back() {
    let (desk, old, _) = compressed();
    desk.write("middle.gz", &gzip(&[&old[..100], &old[130..]].concat()));
    let lines =
        desk.ok("pack -o out --to new.gz --to-version 3 --from 1=old.gz --from 2=middle.gz --level 1 --json");
    let lines = lines.stdout;
    // Nothing but events: libraries that print are kept away.
    let events: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.last().unwrap()["event"], "manifest");
    for (package, base) in [("1-to-3", "old.gz"), ("2-to-3", "middle.gz")] {
        desk.ok(&format!("patch {base} out/{package}.bin -o back"));
        assert!(desk.read("back") == desk.read("new.gz"), "{package}");
        let json = desk.json(&format!("info out/{package}.bin"));
        assert_eq!(json["container"]["streams"][0]["kind"], "gzip member", "{package}");
    }
    desk.write("empty", b"");
    desk.ok("patch empty out/full-3.bin -o back");
    assert!(desk.read("back") == desk.read("new.gz"));
}

#[test]
fn streams_that_are_not_expanded_get_a_note() {
    let xz = |seed: usize| [b"\xFD7zXZ\0".to_vec(), noise(40_000 + seed)[seed..].to_vec()].concat();
    let desk = Desk::with(&[("old.xz", &xz(0)), ("new.xz", &xz(20_000))]);
    let made = desk.ok("diff old.xz new.xz -o patch --json");
    assert!(made.stderr.contains("note: the target file holds xz data"), "{}", made.stderr);
    let json = made.json();
    assert_eq!(json["notes"][0]["name"], "not-opened");
    let made = desk.ok("diff old.xz old.xz -o same --json");
    assert_eq!(made.json()["notes"].as_array().unwrap().len(), 1);
    assert_eq!(made.json()["notes"][0]["name"], "unchanged");
    let made = desk.ok("diff old.xz new.xz -o other --containers none");
    assert!(!made.stderr.contains("note:"), "{}", made.stderr);
}

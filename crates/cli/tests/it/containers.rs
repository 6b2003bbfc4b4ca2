//! Compressed files: they are restored to the bit, `info` shows their contents, and payloads make packages of their own.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Desk, noise, smidgen, versions};
use smidgen_patch::Error;
use smidgen_patch::container::{Maker, Worker};
use testkit::Random;
use testkit::archives::{gzip, tar};
use testkit::forge::{ENDLESS, Forge};
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

/// A package of the base `old.gz` whose corrections never end in preflate-rs.
fn endless(desk: &Desk) -> Vec<u8> {
    desk.ok("diff old.gz new.gz -o patch --level 1");
    let package = desk.read("patch");
    let forged = Forge::new(&package).with(|_, target| {
        target.items[0].pieces[0].corrections = ENDLESS.to_vec();
    });
    forged.package()
}

/// The bytes that [`ENDLESS`] was found with.
fn firmware_start(length: usize) -> Vec<u8> {
    testkit::firmware(1)[..length].to_vec()
}

#[test]
fn corrections_without_end_are_refused_and_leave_nothing() {
    let plain = firmware_start(30_000);
    let desk = Desk::with(&[("old.gz", &gzip(&plain[300..])), ("new.gz", &gzip(&plain))]);
    let forged = endless(&desk);
    desk.write("endless", &forged);
    let start = Instant::now();
    for command in ["patch old.gz endless -o back", "verify old.gz endless"] {
        desk.run(command).failed(3, &["E18"]);
    }
    assert!(start.elapsed() < Duration::from_secs(120));
    assert!(!desk.path("back").exists());
    // Reading a package makes no streams.
    desk.ok("info endless --base old.gz");
}

/// The process that makes streams, alone.
struct Process(Child);

impl Process {
    fn start(desk: &Desk, memory: u64) -> (Self, impl Maker) {
        let mut child = desk
            .command(smidgen())
            .args(["make-streams", "--seconds", "5", "--memory", &memory.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let worker = Worker::new(child.stdin.take().unwrap(), child.stdout.take().unwrap());
        (Self(child), worker)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Plain bytes, and the corrections that make a stream of them again.
fn genuine(desk: &Desk, plain: &[u8]) -> Vec<u8> {
    desk.write("old.gz", &gzip(&plain[plain.len() / 2..]));
    desk.write("new.gz", &gzip(plain));
    desk.ok("diff old.gz new.gz -o patch --level 1");
    let package = desk.read("patch");
    Forge::new(&package).target.items[0].pieces[0].corrections.clone()
}

/// `SMIDGEN_CASES` says how many there are, `SMIDGEN_SEED` where they begin.
#[test]
fn corrections_that_were_changed_end_in_time_and_within_memory() {
    let number = |name: &str, usual| std::env::var(name).map_or(usual, |value| value.parse().unwrap());
    let mut random = Random::new(number("SMIDGEN_SEED", 1));
    let mut next = |limit: usize| random.below(limit as u32) as usize;
    let desk = Desk::with(&[]);
    let letters: Vec<u8> = noise(6000).into_iter().map(|byte| b'0' + (byte & 31)).collect();
    let plains = [firmware_start(6000), letters, firmware_start(300).repeat(20)];
    let seeds: Vec<_> = plains.iter().map(|plain| (plain, genuine(&desk, plain))).collect();
    let (mut process, mut refused, mut longest) = (None, 0, Duration::ZERO);
    let cases = number("SMIDGEN_CASES", 150);
    for _ in 0..cases {
        let (plain, genuine) = &seeds[next(seeds.len())];
        let (mut corrections, mut plain) = (genuine.clone(), (*plain).clone());
        for _ in 0..=next(4) {
            let at = next(corrections.len());
            match next(4) {
                0 => corrections[at] ^= 1 << next(8),
                1 => corrections[at] = next(256) as u8,
                2 => corrections.truncate(at + 1),
                _ => plain.truncate(1 + next(plain.len())),
            }
        }
        let (_, maker) = process.get_or_insert_with(|| Process::start(&desk, 16 << 20));
        let start = Instant::now();
        let made = maker.begin().and_then(|()| {
            let made = maker.piece(&plain, &corrections, 1 << 20)?;
            maker.end()?;
            Ok(made)
        });
        // Five seconds of processor time, on a machine that has other things to do.
        assert!(start.elapsed() < Duration::from_secs(60), "{corrections:?} of {} bytes", plain.len());
        longest = longest.max(start.elapsed());
        match made {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error, Error::Corrupt);
                refused += 1;
                process = None;
            }
        }
    }
    println!("{cases} cases, {refused} refused, the longest took {longest:?}");
    assert!(refused > 0 && refused < cases);
}

#[test]
fn a_process_that_makes_streams_takes_no_more_than_it_may() {
    let desk = Desk::with(&[]);
    let (process, maker) = Process::start(&desk, 16 << 20);
    maker.begin().unwrap();
    assert_eq!(maker.piece(&firmware_start(300), &ENDLESS, u32::MAX), Err(Error::Corrupt));
    drop(process);
}

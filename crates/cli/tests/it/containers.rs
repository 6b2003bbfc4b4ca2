//! Compressed files: they come back to the bit, `info` shows what is in them, and payloads can be had alone.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Desk, noise, sha256, versions};
use patch_nostd::Error;
use patch_nostd::container::{Maker, Worker};
use testkit::Random;
use testkit::archives::{gzip, tar};
use testkit::forge::{ENDLESS, Forge};

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
    desk.write_secret("phrase", b"correct horse\n");
    let passphrase = "--passphrase-file phrase";
    desk.run(&format!("keygen shared.pem --kind shared {passphrase}")).succeeded();
    let encrypt = " --encrypt shared.pem --encryption-passphrase-file phrase";
    for (folder, options, decrypt) in
        [("plain", "", String::new()), ("secret", encrypt, format!(" --decrypt shared.pem {passphrase}"))]
    {
        let pack = "pack --from 1=old.gz --to new.gz --to-version 2 --product gateway";
        desk.run(&format!("{pack} -o {folder}{options}")).succeeded();
        let package = format!("{folder}/1-to-2.bin");
        let info = desk.run(&format!("info {package} --json{decrypt}")).succeeded().json();
        assert!(info["container"].is_object(), "{info}");
        desk.run(&format!("verify {folder} --from 1=old.gz{decrypt}")).succeeded();
    }
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
        ("old.tar.gz", &gzip(&tar(&[("boot/app.bin", &old)]))),
        ("new.tar", &tar(&[("boot/app.bin", &new)])),
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

/// A package of the base `old.gz` whose corrections make preflate-rs go on for ever.
fn endless(desk: &Desk) -> Vec<u8> {
    desk.run("diff old.gz new.gz -o patch --level 1").succeeded();
    let package = desk.read("patch");
    let forged = Forge::new(&package).with(|_, target| {
        target.items[0].pieces[0].corrections = ENDLESS.to_vec();
    });
    forged.package()
}

/// What [`ENDLESS`] was found with.
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
    // Nothing that reads packages only makes anything.
    desk.run("info endless --base old.gz").succeeded();
}

/// The process that makes streams, alone.
struct Process {
    child: Child,
}

impl Process {
    fn start(desk: &Desk, memory: u64) -> (Self, impl Maker) {
        let mut child = desk
            .command(crate::common::smidgen())
            .args(["make-streams", "--seconds", "5", "--memory", &memory.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let worker = Worker::new(child.stdin.take().unwrap(), child.stdout.take().unwrap());
        (Self { child }, worker)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Plain bytes, and the corrections that make a stream of them again.
fn genuine(desk: &Desk, plain: &[u8]) -> Vec<u8> {
    desk.write("old.gz", &gzip(&plain[plain.len() / 2..]));
    desk.write("new.gz", &gzip(plain));
    desk.run("diff old.gz new.gz -o patch --level 1").succeeded();
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

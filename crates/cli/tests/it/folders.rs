//! Folders: which files of one are images, and what a release does to the folder that it is written to.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::builds;

use crate::common::{Desk, Outcome, noise, smidgen, versions};

/// A folder with three versions.
fn desk() -> Desk {
    let (old, new) = versions();
    let middle = [&old[..30_000], &new[30_000..]].concat();
    let desk = Desk::with(&[("v1", &old), ("v2", &middle), ("v3", &new)]);
    fs::create_dir(desk.path("field")).unwrap();
    desk
}

const PACK: &str = "pack -o out --to v3 --to-version 3.0 --product sensor --level 1 --share 100";

/// The versions in the field of the release in `out`.
fn sources(desk: &Desk) -> Vec<String> {
    let manifest = desk.json("manifest out");
    let text = |source: &Value| source["version"].as_str().unwrap().to_owned();
    manifest["sources"].as_array().unwrap().iter().map(text).collect()
}

fn events(said: &Outcome, name: &str) -> Vec<Value> {
    said.lines().into_iter().filter(|event| event["event"] == name).collect()
}

/// The usual contents of an archive of released images.
#[test]
fn only_images_by_name_become_sources() {
    let desk = desk();
    let (old, middle) = (desk.read("v1"), desk.read("v2"));
    for name in ["1.0.bin", "sensor-2.2.0.IMG", "2.3.bin.gz", "2.1.0"] {
        desk.write(&format!("field/{name}"), if name == "1.0.bin" { &old } else { &middle });
    }
    let others = "SHA256SUMS README.md README.txt CHANGELOG 1.0.hex.bak 1.0.bin.sig 1.0.bin.sha256 1.0.json app-2.2.0.bin .DS_Store";
    for name in others.split(' ') {
        desk.write(&format!("field/{name}"), b"text");
    }
    fs::create_dir(desk.path("field/0.9.bin")).unwrap();
    // Packages of an earlier release, of both formats.
    desk.ok("diff v1 v2 -o field/1.0-to-2.2.0.bin --level 1");
    desk.write("field/1.0-to-2.3.bin", b"BSDIFF40 and what follows");
    let said = desk.ok(&format!("{PACK} --from field"));
    assert_eq!(sources(&desk), ["1.0", "2.1.0", "2.2.0", "2.3"]);
    for name in others.split(' ').chain(["0.9.bin", "1.0-to-2.2.0.bin", "1.0-to-2.3.bin"]) {
        assert!(said.stderr.contains(name), "{name} is not named in {}", said.stderr);
    }
    let said = desk.ok(&format!("{PACK} --from field --json"));
    let skipped = events(&said, "not-an-image");
    assert_eq!(skipped.len(), 13);
    assert_eq!(skipped.iter().filter(|event| event["reason"] == "package").count(), 2);
    assert!(skipped.iter().any(|event| event["file"] == "field/SHA256SUMS" && event["reason"] == "ending"));
    // A release file says the same.
    desk.write(
        "release.toml",
        b"to = 'v3'\nto-version = '3.0'\nproduct = 'sensor'\nlevel = 1\nshare = 100\nfrom-folder = 'field'",
    );
    fs::remove_dir_all(desk.path("out")).unwrap();
    desk.ok("pack release.toml -o out");
    assert_eq!(sources(&desk), ["1.0", "2.1.0", "2.2.0", "2.3"]);
}

#[test]
fn a_folder_that_is_not_clear_is_refused() {
    let desk = desk();
    let refused = |part: &str| desk.run(&format!("{PACK} --from field")).failed(2, &[part]);
    refused("no image named for its version");
    desk.write("field/README", b"text");
    refused("found: README");
    desk.write("field/1.0.bin", &desk.read("v1"));
    desk.write("field/1.0.img", &desk.read("v2"));
    let differ = "field/1.0.bin and field/1.0.img are both named for version 1.0, and their images differ";
    refused(differ).failed(2, &["keep the one that devices have there", "--from VERSION=IMAGE"]);
    fs::rename(desk.path("field/1.0.img"), desk.path("field/v1.0.0.bin")).unwrap();
    refused("are both named for version 1.0");
    fs::remove_file(desk.path("field/README")).unwrap();
    fs::rename(desk.path("field/v1.0.0.bin"), desk.path("field/3.0.bin")).unwrap();
    refused("field/3.0.bin: the source version \"3.0\" is the target version");
    fs::remove_file(desk.path("field/3.0.bin")).unwrap();
    desk.write("field/1.0.hex", b"");
    refused("1.0.hex: the image is empty");
    assert!(!desk.path("out").exists());
}

/// A folder of builds has each in several formats, and the newest one, too.
#[test]
fn one_image_of_a_version_is_one_source_and_the_release_is_none() {
    let desk = desk();
    let (old, new) = (desk.read("v1"), desk.read("v3"));
    desk.write("field/1.0.bin", &old);
    desk.write("field/1.0.elf", &builds::Elf::firmware(&[(0x0800_0000, &old)]).bytes());
    desk.write("field/v1.0.0.hex", builds::hex(&[(0x8000, &old)]).as_bytes());
    desk.write("field/v3.0.0.hex", builds::hex(&[(0x8000, &new)]).as_bytes());
    desk.write(
        "release.toml",
        b"to = 'v3'\nto-version = '3.0'\nproduct = 'sensor'\nlevel = 1\nshare = 100\nfrom-folder = 'field'",
    );
    for pack in [format!("{PACK} --from field"), "pack release.toml -o out".to_owned()] {
        let said = desk.ok(&format!("{pack} --fresh --json"));
        assert_eq!(sources(&desk), ["1.0"]);
        let skipped: Vec<(Value, Value)> = events(&said, "not-an-image")
            .into_iter()
            .map(|event| (event["file"].clone(), event["reason"].clone()))
            .collect();
        let expected = [
            (json!("field/1.0.elf"), json!("duplicate")),
            (json!("field/v1.0.0.hex"), json!("duplicate")),
            (json!("field/v3.0.0.hex"), json!("target")),
        ];
        assert_eq!(skipped, expected);
        assert!(said.stderr.contains("v3.0.0.hex (the release's own image)"), "{said:?}");
        // Plain bytes.
        assert_eq!(desk.json("manifest out")["sources"][0].get("input"), None);
    }
    assert_eq!(desk.json("verify out release.toml")["surplus_versions"], json!([]));
    assert_eq!(desk.json("verify out --from field")["surplus_versions"], json!([]));
    // Whoever asks for it by name gets the answer.
    desk.run(&format!("{PACK} --from 3.0=v3")).failed(2, &["is the target version"]);
}

#[test]
fn merge_and_sign_name_what_is_no_part_of_the_release() {
    let desk = desk();
    desk.ok("keygen key.pem key.pub");
    for shard in 1..=2 {
        desk.ok(&format!(
            "{} --from 1.0=v1 --shard {shard}/2",
            PACK.replace("-o out", &format!("-o part{shard}"))
        ));
    }
    for (command, folder) in [
        ("manifest merge part1 part2 -o merged", "merged"),
        ("sign merged -o signed --key key.pem", "signed"),
        ("manifest merge part1 part2 -o part1", "part1"),
    ] {
        assert!(!desk.ok(command).stderr.contains("no part of this release"), "{command}");
        if folder == "part1" {
            let line = PACK.replace("-o out", "-o part1");
            desk.ok(&format!("{line} --from 1.0=v1 --shard 1/2"));
        }
        desk.write(&format!("{folder}/0.9-to-2.bin"), b"of another release");
        let said = desk.ok(&format!("{command} --json"));
        let note = "note: 0.9-to-2.bin: no part of this release; move it away before the folder is delivered";
        assert_eq!(said.stderr.matches(note).count(), 1, "{command}: {said:?}");
        if command.starts_with("sign") {
            assert_eq!(said.json()["unlisted"], json!(["0.9-to-2.bin"]));
        }
        assert!(desk.path(&format!("{folder}/0.9-to-2.bin")).exists());
    }
}

#[test]
fn the_release_of_something_else_is_not_overwritten() {
    let desk = desk();
    desk.ok(&format!("{PACK} --from 1.0=v1 --from 2.0=v2"));
    let (manifest, full) = (desk.read("out/manifest.json"), desk.read("out/full-3.0.bin"));
    let other = "pack -o out --to v2 --to-version 2.5 --from 1.0=v1 --level 1 --share 100 --product";
    for (arguments, part) in [
        (
            format!("{other} sensor"),
            "version 3.0 of sensor, module default, which is another release than version 2.5 of sensor",
        ),
        (format!("{other} lamp"), "than version 2.5 of lamp"),
        (format!("{PACK} --module radio"), "module radio"),
        (PACK.replace("--to v3", "--to v2"), "module default, image "),
    ] {
        desk.run(&arguments).failed(2, &[part, "--replace"]);
    }
    desk.run("manifest merge out -o out").failed(3, &["no shard"]);
    assert!(desk.read("out/manifest.json") == manifest && desk.read("out/full-3.0.bin") == full);
    desk.write("out/notes.txt", b"mine");
    let said = desk.ok(&format!("{other} sensor --replace"));
    assert!(
        said.stderr.contains("1.0-to-3.0.bin: removed") && said.stderr.contains("notes.txt: no part"),
        "{said:?}"
    );
    let mut names: Vec<_> =
        fs::read_dir(desk.path("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["1.0-to-2.5.bin", "full-2.5.bin", "manifest.json", "notes.txt"]);
    desk.run("pack -o other --to v2 --to-version 1 --from 0=v1 --level 1").succeeded();
    desk.run("sign out -o other --sign-command false --sign-public-key v1").failed(1, &[]);
}

#[test]
fn stale_packages_are_named_and_removed_on_request() {
    let desk = desk();
    desk.ok(&format!("{PACK} --from 1.0=v1 --from 2.0=v2"));
    let less = format!("{PACK} --from 1.0=v1");
    let said = desk.ok(&less);
    assert!(
        said.stderr.contains("2.0-to-3.0.bin: stale") && said.stderr.contains("--replace removes it"),
        "{said:?}"
    );
    // The next run knows it still, and a third removes it.
    assert!(desk.ok(&less).stderr.contains("2.0-to-3.0.bin: stale"));
    let said = desk.ok(&format!("{less} --replace"));
    assert!(said.stderr.contains("2.0-to-3.0.bin: removed"), "{said:?}");
    let hidden = fs::read_dir(desk.path("out")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(hidden.into_iter().all(|name| !name.to_string_lossy().ends_with(".bin.json")));
    // Of its name, but not what the earlier manifest listed.
    desk.ok(&format!("{PACK} --from 1.0=v1 --from 2.0=v2"));
    desk.write("out/2.0-to-3.0.bin", b"something of the user");
    let said = desk.ok(&format!("{less} --replace --json"));
    let unlisted = events(&said, "unlisted");
    assert_eq!((unlisted.len(), &unlisted[0]["removed"]), (1, &Value::Bool(false)));
    desk.ok(&format!("{PACK} --from 1.0=v1 --from 2.0=v2"));
    let said = desk.ok(&format!("{less} --replace --json"));
    assert_eq!(events(&said, "unlisted")[0]["removed"], true);
    assert!(!desk.path("out/2.0-to-3.0.bin").exists());
}

#[test]
fn spellings_of_one_version_have_one_image() {
    let desk = desk();
    for (one, other) in [("1.0", "1.0.0"), ("v1", "1")] {
        let refused = desk.run(&format!("{PACK} --from {one}=v1 --from {other}=v2"));
        refused.failed(2, &["are one version, but their images differ"]);
        assert!(!desk.path("out/manifest.json").exists());
    }
    desk.ok(&format!("{PACK} --from 1.0=v1 --from 1.0.0=v1"));
}

#[test]
fn shards_replace_nothing_and_report_no_savings() {
    let desk = desk();
    desk.write("fleet.csv", b"version,devices\n1.0,10\n");
    let shard = format!("{PACK} --from 1.0=v1 --fleet fleet.csv --shard 1/2 --json");
    desk.run(&format!("{shard} --replace")).failed(2, &["shard 1/2 cannot replace a release"]);
    assert_eq!(events(&desk.ok(&shard), "fleet"), Vec::<Value>::new());
    let whole = format!("{PACK} --from 1.0=v1 --fleet fleet.csv --json -o whole");
    assert_eq!(events(&desk.ok(&whole.replacen("-o out ", "", 1)), "fleet").len(), 1);
}

#[test]
fn one_run_at_a_time_writes_to_a_folder() {
    let mut new = noise(900_000);
    new.iter_mut().step_by(1000).for_each(|byte| *byte = byte.wrapping_add(1));
    let desk = Desk::with(&[("old", &noise(900_000)), ("new", &new)]);
    let line = "-q pack -o out --to new --to-version 2 --from 1=old --level 6 --threads 1";
    let start = |line: &str| {
        let mut command: Command = desk.command(smidgen());
        command.args(line.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let is_locked = |name: &str| desk.path("out").join(name).exists();
    let mut first = start(line);
    while !is_locked(".manifest.json.lock") {
        assert!(first.try_wait().unwrap().is_none(), "it ended before it was seen");
        thread::sleep(Duration::from_millis(5));
    }
    desk.run(line).failed(1, &["out: another run writes to this folder"]);
    desk.run(&format!("{line} --shard 1/2")).failed(1, &["another run"]);
    first.kill().unwrap();
    first.wait().unwrap();
    // The lock of a run that was killed is none.
    assert!(is_locked(".manifest.json.lock"));
    let mut shard = start(&format!("{line} --shard 1/2"));
    while !is_locked(".manifest.shard-1-of-2.json.lock") {
        assert!(shard.try_wait().unwrap().is_none(), "it ended before it was seen");
        thread::sleep(Duration::from_millis(5));
    }
    desk.run(line).failed(1, &["another run"]);
    desk.run(&format!("{line} --shard 1/2")).failed(1, &["another run"]);
    shard.kill().unwrap();
    shard.wait().unwrap();
    desk.ok(&line.replace("--level 6", "--level 1"));
    let hidden = fs::read_dir(desk.path("out")).unwrap();
    let hidden =
        hidden.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".lock"));
    assert_eq!(hidden.count(), 0);
}

#[test]
fn a_fleet_is_served_by_benefit() {
    let desk = desk();
    desk.write(
        "fleet.csv",
        b"\xEF\xBB\xBFversion;devices\r\n\"1.0\";10\r\nv2.0.0;100\r\n2.0;100\r\n0.5;3\r\n3.0;7\r\n3.1;9\r\n",
    );
    let line = format!("{PACK} --from 1.0=v1 --from 2.0=v2 --jobs 1 --fleet fleet.csv");
    let said = desk.ok(&format!("{line} --json"));
    let began: Vec<Value> = events(&said, "began").into_iter().map(|event| event["file"].clone()).collect();
    assert_eq!(began, ["full-3.0.bin", "2.0-to-3.0.bin", "1.0-to-3.0.bin"]);
    let fleet = events(&said, "fleet").remove(0);
    let size = |name: &str| desk.read(&format!("out/{name}")).len() as u64;
    let (full, one, two) = (size("full-3.0.bin"), size("1.0-to-3.0.bin"), size("2.0-to-3.0.bin"));
    assert_eq!(fleet["saved_size"], 10 * (full - one) + 200 * (full - two));
    assert_eq!(fleet["versions"][0]["version"], "2.0");
    assert_eq!(fleet["unknown"], json!([{ "version": "0.5", "devices": 3 }]));
    assert_eq!(fleet["newer"], json!([{ "version": "3.1", "devices": 9 }]));
    let said = desk.ok(&line);
    for part in
        ["fleet    213 devices: ", "--from 0.5=IMAGE", "9 devices  get nothing: their version is newer"]
    {
        assert!(said.stderr.contains(part), "{part}: {said:?}");
    }
    desk.write("fleet.csv", b"1.0,many\n");
    desk.run(&line).failed(2, &["fleet.csv: line 1: \"many\" is not a number of devices"]);
}

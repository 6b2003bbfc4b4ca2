//! `pack` and `manifest`: a release from its images to the platform's messages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::common::{Desk, noise, sha256, smidgen, versions};
use serde_json::{Value, json};

const PACK: &str =
    "pack -o out --to v3 --to-version 3.0.0 --from 1.0.0=v1 --from 2.0.0=v2 --product sensor --level 1";

/// A folder with three versions.
fn desk() -> Desk {
    let (old, new) = versions();
    let middle = [&old[..30_000], &new[30_000..]].concat();
    Desk::with(&[("v1", &old), ("v2", &middle), ("v3", &new)])
}

/// The files of a folder that are not hidden.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(Result::unwrap);
    let named = entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path()));
    named
        .filter(|(name, _)| !name.starts_with('.'))
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect()
}

#[test]
fn packages_restore_the_new_image_from_every_version() {
    let desk = desk();
    let said = desk.ok(PACK);
    assert_eq!(said.stdout, "");
    assert!(said.stderr.contains("1.0.0-to-3.0.0.bin: ") && said.stderr.contains("manifest out"), "{said:?}");
    let manifest = desk.json("manifest out");
    assert_eq!(manifest["target"]["sha256"], sha256(&desk.read("v3")).as_str());
    desk.write("empty", b"");
    for (package, base) in [("full-3.0.0", "empty"), ("1.0.0-to-3.0.0", "v1"), ("2.0.0-to-3.0.0", "v2")] {
        desk.ok(&format!("patch {base} out/{package}.bin -o restored"));
        assert!(desk.read("restored") == desk.read("v3"), "{package}");
    }
    let shown = desk.json("info out/1.0.0-to-3.0.0.bin");
    assert_eq!(shown["product"], "sensor");
}

#[test]
fn diff_makes_the_same_package() {
    let desk = desk();
    desk.ok(PACK);
    let identity = "--product sensor --module default --to-version 3.0.0";
    desk.ok(&format!("diff v1 v3 -o single --level 1 {identity}"));
    assert!(desk.read("single") == desk.read("out/1.0.0-to-3.0.0.bin"));
}

#[test]
fn events_are_lines_of_json() {
    let desk = desk();
    let said = desk.ok(&format!("{PACK} --json"));
    let events = said.lines();
    let named = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((named("planned"), named("began"), named("finished"), named("manifest")), (1, 3, 3, 1));
    assert!(named("stage") >= 9);
    let last = events.last().unwrap();
    assert_eq!(last["manifest"], desk.json("manifest out"));
    let again = desk.ok(&format!("{PACK} --json"));
    assert_eq!(again.stdout.matches("\"reused\":true").count(), 3);
}

/// What is told to be finished is in the folder in the end, and only that.
#[test]
fn packages_that_are_too_large_are_dropped_and_never_finished() {
    let desk = desk();
    let pack = format!("{PACK} --share 0");
    let files_of = |events: &[Value], name: &str| {
        let those = events.iter().filter(|event| event["event"] == name);
        those.map(|event| event["file"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let differential = BTreeSet::from(["1.0.0-to-3.0.0.bin", "2.0.0-to-3.0.0.bin"].map(str::to_owned));
    let expected = BTreeSet::from(["full-3.0.0.bin".to_owned()]);
    for jobs in ["1", "3"] {
        let events = desk.ok(&format!("{pack} --jobs {jobs} --fresh --json")).lines();
        assert_eq!(files_of(&events, "finished"), expected);
        assert_eq!(files_of(&events, "dropped"), differential);
        let dropped = events.iter().find(|event| event["event"] == "dropped").unwrap();
        assert_eq!(dropped["share"], 0);
        assert!(dropped["size"].as_u64() > dropped["limit_size"].as_u64());
    }
    let events = desk.ok(&format!("{pack} --json")).lines();
    assert_eq!((files_of(&events, "finished"), files_of(&events, "skipped")), (expected, differential));
    let said = desk.ok(&format!("{pack} --fresh")).stderr;
    assert_eq!(said.matches("bytes, dropped: larger than 0 % of the full package").count(), 2, "{said}");
    let note = "the differential package for 1.0.0 has";
    assert_eq!(said.matches(note).count(), 1, "once: {said}");
    assert_eq!(files(&desk.path("out")).into_keys().collect::<Vec<_>>(), ["full-3.0.0.bin", "manifest.json"]);
}

/// The full package must fit the device, and a differential one that does not is larger than that.
#[test]
fn the_largest_package_of_a_device_bounds_the_full_one_only() {
    let desk = desk();
    desk.write("other", &testkit::noise(50_000, 256, 9));
    let pack = format!("{PACK} --from 0.1=other --share 100");
    let manifest = |options: &str| {
        let events = desk.ok(&format!("{pack} --fresh --json{options}")).lines();
        let dropped: Vec<Value> =
            events.iter().filter(|event| event["event"] == "dropped").cloned().collect();
        (dropped, events.last().unwrap()["manifest"].clone())
    };
    let (dropped, made) = manifest("");
    let (full, larger) =
        (made["packages"][0]["size"].as_u64().unwrap(), dropped[0]["size"].as_u64().unwrap());
    assert!(full < larger);
    desk.write("device.toml", format!("max-package = {full}").as_bytes());
    let (dropped, bounded) = manifest(" --device device.toml");
    assert_eq!((dropped.len(), &dropped[0]["file"]), (1, &json!("0.1-to-3.0.0.bin")));
    assert_eq!(bounded, made);
    desk.write("device.toml", format!("max-package = {}", full - 1).as_bytes());
    let part = format!("full-3.0.0.bin: the device cannot restore it: the package has {full} bytes");
    // What else happens at the same time is not of interest.
    desk.run(&format!("{pack} -q --device device.toml")).failed(2, &[&part, "max-package"]);
}

#[test]
fn release_files_and_folders_say_what_options_say() {
    let desk = desk();
    desk.ok(PACK);
    let expected = files(&desk.path("out"));
    let toml = "to = \"v3\"\nto-version = \"3.0.0\"\nproduct = \"sensor\"\n[from]\n\"1.0.0\" = \"v1\"\n\"2.0.0\" = \"v2\"\n";
    desk.write("release.toml", toml.as_bytes());
    desk.ok("pack . -o by-folder --level 1");
    assert!(files(&desk.path("by-folder")) == expected);
    fs::create_dir(desk.path("field")).unwrap();
    desk.write("field/1.0.0.bin", &desk.read("v1"));
    desk.write("field/2.0.0", &desk.read("v2"));
    desk.ok("pack -o by-field --to v3 --to-version 3.0.0 --from field --product sensor --level 1");
    assert!(files(&desk.path("by-field")) == expected);
    // Options override the file, also an image of a version that is spelled in another way.
    for version in ["1.0.0", "v1.0"] {
        let line = "pack release.toml -o other --level 1 --to-version 3.0.1 --json --from";
        let other = desk.ok(&format!("{line} {version}=v2"));
        assert!(other.stdout.contains("full-3.0.1.bin"));
        assert_eq!(desk.json("manifest other")["packages"][1]["source_versions"], json!([version, "2.0.0"]));
    }
}

#[test]
fn broken_rules_are_refused_before_any_work() {
    let desk = desk();
    for (option, part) in [
        ("--platform alibaba --name=-x", "the firmware name \"-x\" has '-' as character 1"),
        ("--platform alibaba --module a+b", "the module \"a+b\" has '+' as character 2"),
        ("--android-sdk --sign-method SHA256", "the Android SDK checks differential packages by MD5"),
    ] {
        desk.run(&format!("{PACK} {option}")).failed(2, &[part, "docs/platform.md"]);
    }
    for (option, part) in [
        ("--from 3.0.0=v1", "the source version \"3.0.0\" is the target version"),
        ("--from 1.0.0=v2", "the source version \"1.0.0\" is given twice"),
        ("--from .1=v1", "begins with '.'"),
        ("--from ..=v1", "begins with '.'"),
        ("--from nul=v1", "Windows keeps"),
    ] {
        let refused = desk.run(&format!("{PACK} {option}")).failed(2, &[part]);
        assert!(!refused.stderr.contains("platform"), "{refused:?}");
    }
    for from in ["v1", "1=", "=v1"] {
        desk.run(&format!("pack -o out --to v3 --to-version 3 --from {from}"))
            .failed(2, &["expected VERSION=IMAGE"]);
    }
    desk.run("pack -o v1 --to v3 --to-version 3")
        .failed(1, &["v1: cannot write: ", "a file with this name exists"]);
    desk.run("pack -o out --to v3").failed(2, &["--to-version"]);
    desk.run("pack -o out --to v3 --to-version 3 --from 1=none").failed(1, &["none: cannot read"]);
    desk.run("pack -o . --to v3 --to-version 3").failed(2, &["the image is in the folder of the release"]);
    assert_eq!(desk.names(), ["v1", "v2", "v3"]);
}

#[test]
fn shards_are_merged_to_what_one_run_makes() {
    let desk = desk();
    desk.ok(PACK);
    for shard in 1..=2 {
        let line = PACK.replace("-o out", &format!("-o shard{shard}"));
        desk.ok(&format!("{line} --shard {shard}/2"));
    }
    desk.run("manifest merge shard1 -o merged").failed(3, &["shard 2/2 is missing"]);
    assert!(!desk.path("merged").exists());
    desk.ok("manifest merge shard1 shard2 -o merged");
    assert!(files(&desk.path("merged")) == files(&desk.path("out")));
    assert_eq!(desk.run(&format!("{PACK} --shard 3/2")).code, 2);
}

#[test]
fn a_killed_run_leaves_whole_files_and_the_next_one_finishes() {
    let image = |seed: usize| {
        let mut image = noise(400_000);
        image.iter_mut().step_by(seed).for_each(|byte| *byte = byte.wrapping_add(1));
        image
    };
    let sources: Vec<(String, Vec<u8>)> = (1..5).map(|n| (format!("v{n}"), image(900 + 50 * n))).collect();
    let desk = Desk::with(&[("new", &image(2000))]);
    sources.iter().for_each(|(name, bytes)| desk.write(name, bytes));
    let line = |folder: &str| {
        let from: Vec<String> = (1..5).map(|n| format!("--from {n}=v{n}")).collect();
        format!("-q pack -o {folder} --to new --to-version 9 --level 1 --threads 1 {}", from.join(" "))
    };
    desk.ok(&line("expected"));
    let expected = files(&desk.path("expected"));
    let (mut delay, mut killed) = (Duration::from_millis(10), 0);
    loop {
        let mut command = desk.command(smidgen());
        let arguments = line("out");
        command.args(arguments.split(' ')).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        thread::sleep(delay);
        let done = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        for (name, bytes) in files(&desk.path("out")) {
            assert!(bytes == expected[&name], "{name} is not whole");
        }
        if done.is_some_and(|status| status.success()) {
            break;
        }
        killed += 1;
        delay = delay * 3 / 2;
    }
    assert!(killed > 0);
    assert!(files(&desk.path("out")) == expected);
    let all = fs::read_dir(desk.path("out")).unwrap().count();
    assert_eq!(all, expected.len(), "hidden files remain");
}

#[test]
fn every_package_has_its_messages() {
    let desk = desk();
    desk.ok(&format!("{PACK} --android-sdk"));
    let said = desk.ok("manifest out --ota-message --url-base https://example.com/ota");
    let messages: Vec<Value> = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(messages.len(), 3);
    let data = &messages[1]["upgrade"]["data"];
    assert_eq!(data["url"], "https://example.com/ota/1.0.0-to-3.0.0.bin");
    assert_eq!((data["isDiff"].as_u64(), data["signMethod"].as_str()), (Some(1), Some("Md5")));
    assert_eq!(data["sign"], data["md5"]);
    assert_eq!(data["size"], desk.read("out/1.0.0-to-3.0.0.bin").len());
    assert_eq!(messages[2]["create_firmware"][0]["SrcVersion"], "2.0.0");
    assert_eq!(desk.run("manifest out --ota-message --url-base https://example.com/ota").stdout, said.stdout);
    let anonymous = PACK.replace("-o out", "-o anonymous").replace(" --product sensor", "");
    desk.ok(&anonymous);
    desk.run("manifest anonymous --ota-message --url-base https://example.com")
        .failed(2, &["ProductKey", "--product"]);
    desk.run("manifest out --ota-message --url-base example.com").failed(2, &["not the address of a folder"]);
    assert_eq!(desk.run("manifest out --ota-message").code, 2);
}

#[test]
fn frameworks_are_told_of_a_package() {
    let desk = desk();
    desk.ok(PACK);
    let told = |options: &str| desk.ok(&format!("manifest out --format {options}")).stdout;
    let command = "mender-artifact write module-image -T smidgen -n 'sensor-3.0.0' -t 'it'\\''s' -N 'sensor-1.0.0' \\\n    \
                   -f '1.0.0-to-3.0.0.bin' -o 'sensor-1.0.0-to-3.0.0.mender'\n";
    assert_eq!(told("mender --device-version 1.0.0 --board it's"), command);
    assert!(!told("mender").contains(" -N "), "the full package is for every version");
    let script = sha256(&desk.read("v1"));
    let description = told("swupdate --device-version 2.0.0 --board 1.2 --script v1");
    for part in
        ["hardware-compatibility: [ \"1.2\" ]", &sha256(&desk.read("out/2.0.0-to-3.0.0.bin")), &script]
    {
        assert!(description.contains(part), "{part}: {description}");
    }
    assert!(told("rauc").starts_with("[update]\ncompatible=sensor\nversion=3.0.0\n"));
    desk.run("manifest out --format rauc --device-version 9").failed(2, &["no package for version 9"]);
    desk.run("manifest out --board b").failed(2, &["--format"]);
    desk.ok(&PACK.replace("-o out", "-o anonymous").replace(" --product sensor", ""));
    desk.run("manifest anonymous --format mender").failed(2, &["has no product", "--product"]);
    desk.ok(&format!("{} --shard 1/3", PACK.replace("-o out", "-o shard")));
    let shard = "manifest shard/manifest.shard-1-of-3.json --format rauc";
    desk.run(&format!("{shard} --device-version 1.0.0")).failed(2, &["another shard", "manifest merge"]);
}

#[test]
fn the_schema_is_one() {
    let desk = Desk::new();
    let schema: Value = serde_json::from_str(&desk.ok("manifest --schema").stdout).unwrap();
    assert_eq!(schema, serde_json::from_str::<Value>(&desk.ok("schema manifest").stdout).unwrap());
    assert_eq!(schema["properties"]["manifest"]["const"], 1);
    desk.write("manifest.json", b"{ \"manifest\": 2 }");
    desk.run("manifest .").failed(3, &["manifest of version 2", "knows version 1"]);
    desk.run("manifest none").failed(1, &["none: cannot read"]);
}

//! `catalogue`: which package for which device, by versions, channels and several steps.

use std::fs;

use serde_json::{Value, json};

use crate::common::{Desk, versions};

const OPTIONS: &str = "--product sensor --level 1 --share 100";

/// A folder with three images, and an empty folder for releases.
fn desk() -> Desk {
    let (old, new) = versions();
    let middle = [&old[..30_000], &new[30_000..]].concat();
    let desk = Desk::with(&[("v1", &old), ("v2", &middle), ("v3", &new)]);
    fs::create_dir(desk.path("releases")).unwrap();
    desk
}

/// Packs the release of a version in a folder of its own.
fn release(desk: &Desk, folder: &str, image: &str, version: &str, sources: &str) {
    let from: String = sources.split_whitespace().map(|source| format!(" --from {source}")).collect();
    desk.ok(&format!("-q pack -o releases/{folder} --to {image} --to-version {version}{from} {OPTIONS}"));
}

#[test]
fn devices_find_their_package() {
    let desk = desk();
    release(&desk, "3.0.0", "v3", "3.0.0", "1.0.0=v1 2.0.0=v2");
    release(&desk, "2.0.0", "v2", "2.0.0", "1.0.0=v1");
    let listed = desk.json("catalogue releases");
    assert_eq!(
        (listed["packages"].as_u64(), listed["releases"][1]["version"].as_str()),
        (Some(5), Some("3.0.0"))
    );
    assert!(desk.ok("catalog releases").stdout.ends_with("2 releases, 5 packages\n"));
    let found = |version: &str| desk.run(&format!("catalogue releases --device-version {version}"));
    for version in ["1.0.0", "v1.0.0", "1", "01.00"] {
        assert_eq!(found(version).succeeded().stdout, "releases/3.0.0/1.0.0-to-3.0.0.bin\n", "{version}");
    }
    for version in ["1.5", "v1.9.0", "main-3f2a", "3.0.0-rc.1"] {
        let other = found(version).succeeded();
        assert_eq!(other.stdout, "releases/3.0.0/full-3.0.0.bin\n", "{version}");
        assert!(other.stderr.contains("not made from the device's version"), "{other:?}");
    }
    for version in ["3.0.0", "3.0", "v3", "03.00.00", "3.0.0.0", "3.0.0+45"] {
        found(version).failed(5, &["the device has the newest version, 3.0.0"]);
    }
    found("4").failed(5, &["newer than the newest release"]);
    found("a/b").failed(2, &["the version \"a/b\" has '/' as character 2"]);
    let none = desk.run("catalogue releases --device-version 1.0.0 --module radio --json");
    assert_eq!(none.code, 5);
    assert_eq!(none.json()["package"], Value::Null);
    assert!(none.json()["reason"].as_str().unwrap().contains("no release for the module \"radio\""));
}

/// Each of these was refused, or got the full package, because of the order of versions alone.
#[test]
fn a_release_made_from_the_device_version_is_delivered() {
    let desk = desk();
    release(&desk, "2.0.0", "v3", "2.0.0", "2.0.0-rc.1=v1 1.10.0=v2");
    for (version, file) in [
        ("2.0.0-rc.1", "2.0.0-rc.1-to-2.0.0.bin"),
        ("v2.0.0-rc.1", "2.0.0-rc.1-to-2.0.0.bin"),
        ("1.10", "1.10.0-to-2.0.0.bin"),
    ] {
        let said = desk.ok(&format!("catalogue releases --device-version {version}"));
        assert_eq!(said.stdout, format!("releases/2.0.0/{file}\n"));
    }
    release(&desk, "1.9.9", "v2", "1.9.9", "9.0-test=v1");
    let said = desk.ok("catalogue releases --device-version 9.0-test");
    // 1.9.9 has the image of 1.10.0, but several steps never begin with a downgrade.
    assert_eq!(said.stdout, "releases/1.9.9/9.0-test-to-1.9.9.bin\n");
}

#[test]
fn build_metadata_is_part_of_a_version_and_of_no_precedence() {
    let desk = desk();
    release(&desk, "b", "v3", "1.2.3+45", "1.2.3+44=v1");
    let said = desk.ok("catalogue releases --device-version 1.2.3+44");
    assert_eq!(said.stdout, "releases/b/1.2.3+44-to-1.2.3+45.bin\n");
    assert_eq!(desk.json("info releases/b/1.2.3+44-to-1.2.3+45.bin")["to_version"], "1.2.3+45");
    desk.ok("verify releases/b --from 1.2.3+44=v1");
    desk.run("catalogue releases --device-version 1.2.3").failed(5, &["newest version, 1.2.3+45"]);
    desk.run("manifest releases/b --ota-message --url-base https://example.com")
        .failed(2, &["the version \"1.2.3+45\" has '+'", "Alibaba Cloud"]);
}

#[test]
fn pre_releases_go_to_those_who_have_or_want_one() {
    let desk = desk();
    release(&desk, "1.10.0", "v2", "1.10.0", "1.9=v1");
    release(&desk, "rc", "v3", "1.11.0-rc.1", "1.9=v1 1.11.0-beta.1=v2");
    let found = |arguments: &str| {
        desk.run(&format!("catalogue releases --device-version {arguments}")).succeeded().stdout
    };
    assert_eq!(found("1.9"), "releases/1.10.0/1.9-to-1.10.0.bin\n");
    assert_eq!(found("1.9 --channel stable"), "releases/1.10.0/1.9-to-1.10.0.bin\n");
    assert_eq!(found("1.9 --channel beta"), "releases/1.10.0/1.9-to-1.10.0.bin\n");
    for channel in ["rc", "any"] {
        assert_eq!(found(&format!("1.9 --channel {channel}")), "releases/rc/1.9-to-1.11.0-rc.1.bin\n");
    }
    assert_eq!(found("1.11.0-beta.1"), "releases/rc/1.11.0-beta.1-to-1.11.0-rc.1.bin\n");
    fs::remove_dir_all(desk.path("releases/1.10.0")).unwrap();
    desk.run("catalogue releases --device-version 1.9").failed(5, &["1.11.0-rc.1", "--channel"]);
}

#[test]
fn the_list_can_be_filtered() {
    let desk = desk();
    release(&desk, "a", "v2", "1.0", "0.9=v1");
    desk.ok(&format!("-q pack -o releases/b --to v3 --to-version 2.0-beta.1 --module radio {OPTIONS}"));
    let versions = |filter: &str| -> Vec<Value> {
        let listed = desk.json(&format!("catalogue releases{filter}"));
        listed["releases"].as_array().unwrap().iter().map(|release| release["version"].clone()).collect()
    };
    assert_eq!(versions(""), ["1.0", "2.0-beta.1"]);
    assert_eq!(versions(" --module radio"), ["2.0-beta.1"]);
    assert_eq!(versions(" --channel stable"), ["1.0"]);
    assert_eq!(versions(" --product sensor --module default"), ["1.0"]);
    assert!(versions(" --product lamp").is_empty());
    assert!(desk.ok("catalogue releases --module radio").stdout.ends_with("1 release, 1 package\n"));
}

#[test]
fn folders_of_one_version_are_used_together_or_refused() {
    let desk = desk();
    release(&desk, "b", "v3", "1.10.0", "1.9.0=v2");
    release(&desk, "c", "v3", "1.10.0", "1.0.0=v1");
    let found = |version: &str| desk.ok(&format!("catalogue releases --device-version {version}")).stdout;
    assert_eq!(found("1.9.0"), "releases/b/1.9.0-to-1.10.0.bin\n");
    assert_eq!(found("1.0.0"), "releases/c/1.0.0-to-1.10.0.bin\n");
    release(&desk, "d", "v2", "1.10.0", "");
    desk.run("catalogue releases --device-version 1.0.0")
        .failed(3, &["is a release of 1.10.0", "has another image", "releases/d"]);
    fs::remove_dir_all(desk.path("releases/d")).unwrap();
    release(&desk, "e", "v3", "1.10", "0.9=v2");
    assert_eq!(found("0.9"), "releases/e/0.9-to-1.10.bin\n");
    assert_eq!(found("1.9.0"), "releases/b/1.9.0-to-1.10.0.bin\n");
    release(&desk, "f", "v2", "v1.10", "");
    desk.run("catalogue releases --device-version 1.0.0")
        .failed(3, &["is a release of 1.10.0", "of v1.10, which has another image"]);
}

#[test]
fn several_packages_lead_to_the_newest_version() {
    let desk = desk();
    release(&desk, "2.0", "v2", "2.0", "1.0=v1");
    release(&desk, "3.0", "v3", "3.0", "2.0=v2");
    let said = desk.ok("catalogue releases --device-version 1.0");
    assert_eq!(said.stdout, "releases/2.0/1.0-to-2.0.bin\nreleases/3.0/2.0-to-3.0.bin\n");
    assert!(said.stderr.contains("2 packages to install in this order"), "{said:?}");
    let found = desk.json("catalogue releases --device-version 1.0");
    let sizes = found["path"].as_array().unwrap().iter().map(|step| step["size"].as_u64().unwrap());
    assert_eq!(found["size"], sizes.sum::<u64>());
    assert_eq!((&found["file"], &found["version"]), (&json!("releases/2.0/1.0-to-2.0.bin"), &json!("3.0")));
    assert!(found["size"].as_u64() < found["full_size"].as_u64());
    let (mut base, path) = ("v1".to_owned(), found["path"].as_array().unwrap());
    for (number, step) in path.iter().enumerate() {
        let restored = format!("step{number}");
        desk.ok(&format!("patch {base} {} -o {restored}", step["file"].as_str().unwrap()));
        base = restored;
    }
    assert!(desk.read(&base) == desk.read("v3"));
    let direct = desk.json("catalogue releases --device-version 2.0");
    assert_eq!(direct["path"].as_array().unwrap().len(), 1);
}

//! `verify FOLDER`: good, bad and not checked are told apart, by the release file or by single images.

use std::fs;

use serde_json::json;
use testkit::archives::{Put, changed, gzip, text, zip};

use crate::common::{Desk, versions};

/// A folder with a release of `v1`, `v1` again as 1.5, and `v2`, to `v3`.
fn desk() -> Desk {
    let (old, new) = versions();
    let middle = [&old[..30_000], &new[30_000..]].concat();
    let desk = Desk::with(&[("v1", &old), ("v2", &middle), ("v3", &new)]);
    fs::create_dir(desk.path("field")).unwrap();
    desk.write("field/1.5.bin", &old);
    let release = "to = 'v3'\nto-version = '3'\nproduct = 'p'\nlevel = 1\nfrom-folder = 'field'\n[from]\n\
        '1.0' = 'v1'\n'2.0' = 'v2'\n";
    desk.write("release.toml", release.as_bytes());
    desk.ok("pack release.toml -o out");
    desk
}

#[test]
fn a_release_of_five_compressed_sources_passes() {
    let plain: Vec<Vec<u8>> = (0..6u64).map(|seed| [text(1), text(100 + seed)].concat()).collect();
    let desk = Desk::with(&[("new.gz", &gzip(&changed(plain[5].clone())))]);
    let mut toml = "to = 'new.gz'\nto-version = '9'\nproduct = 'gateway'\nlevel = 1\n[from]\n".to_owned();
    for (number, plain) in plain[..5].iter().enumerate() {
        let file = if number == 2 { zip(&[("image", Put::Deflated, plain)]) } else { gzip(plain) };
        desk.write(&format!("v{number}"), &file);
        toml += &format!("{number} = 'v{number}'\n");
    }
    desk.write("release.toml", toml.as_bytes());
    desk.ok("pack release.toml -o out --share 100");
    let verified = desk.json("verify out release.toml");
    assert_eq!((&verified["ok"], verified["packages"].as_array().unwrap().len()), (&json!(true), 6));
    desk.write("empty", b"");
    for number in 0..5 {
        let shown = desk.json(&format!("info out/{number}-to-9.bin"));
        assert!(shown["container"].is_object(), "{number}");
        desk.ok(&format!("patch v{number} out/{number}-to-9.bin -o back"));
        assert!(desk.read("back") == desk.read("new.gz"), "{number}");
    }
}

#[test]
fn the_release_file_names_the_images_and_digests_match_them() {
    let desk = desk();
    assert_eq!(desk.json("verify out release.toml")["ok"], json!(true));
    assert_eq!(desk.json("verify out . -q")["ok"], json!(true));
    // 1.0's image is 1.5's.
    assert_eq!(desk.json("verify out --from 1.0=v1 --from 2.0=v2")["ok"], json!(true));
    assert_eq!(desk.json("verify out --from 1.5=v1 --from 2.0=v2")["ok"], json!(true));
    let surplus = desk.ok("verify out release.toml --from 7.0=v2 --json");
    assert!(surplus.stderr.contains("warning: the release has no version 7.0"), "{surplus:?}");
    assert_eq!(surplus.json()["surplus_versions"], json!(["7.0"]));
}

#[test]
fn what_was_not_checked_is_not_bad() {
    let desk = desk();
    let unchecked = desk.run("verify out --from 1.0=v1");
    assert_eq!(unchecked.code, 2);
    assert!(unchecked.stdout.contains("NOT CHECKED: give --from 2.0=IMAGE"), "{unchecked:?}");
    assert!(unchecked.stderr.contains("1 of 3 packages were not checked"), "{unchecked:?}");
    assert!(unchecked.stderr.contains("smidgen verify FOLDER RELEASE"), "{unchecked:?}");
    let json = desk.run("verify out --json").json();
    let statuses: Vec<&str> =
        json["packages"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["ok", "not-checked", "not-checked"]);
    // A wrong image is bad, though another one would do.
    let bad = desk.run("verify out --from 1.0=v2 --from 1.5=v1 --from 2.0=v2");
    assert_eq!(bad.code, 3);
    assert!(bad.stdout.contains("BAD: the image of 1.0 is not the one"), "{bad:?}");
}

#[test]
fn files_that_the_manifest_does_not_list_are_told() {
    let desk = desk();
    desk.write("out/README.md", b"notes");
    let noted = desk.ok("verify out release.toml");
    assert!(noted.stderr.contains("note: README.md is not in the manifest"), "{noted:?}");
    desk.write("out/0.9-to-2.bin", b"of another release");
    let stray = desk.run("verify out release.toml");
    assert_eq!(stray.code, 3);
    assert!(stray.stdout.contains("0.9-to-2.bin  STRAY"), "{stray:?}");
    assert!(stray.stderr.contains("remove what is of another release"), "{stray:?}");
    assert_eq!(desk.run("verify out release.toml --json").json()["strays"], json!(["0.9-to-2.bin"]));
    // Whatever their names are.
    fs::rename(desk.path("out/0.9-to-2.bin"), desk.path("out/OLD.Bin")).unwrap();
    assert_eq!(desk.run("verify out release.toml --json").json()["strays"], json!(["OLD.Bin"]));
    #[cfg(target_os = "linux")]
    {
        let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"out/\xFF.bin");
        fs::rename(desk.path("out/OLD.Bin"), desk.path("out").parent().unwrap().join(name)).unwrap();
        let stray = desk.run("verify out release.toml --json");
        assert_eq!((stray.code, &stray.json()["strays"]), (3, &json!(["\u{FFFD}.bin"])));
    }
}

#[test]
fn mistakes_are_wrong_usage() {
    let desk = desk();
    desk.run("verify v1 out/1.0-to-3.bin --from 1.0=v1").failed(2, &["--from is for the folder"]);
    desk.run("verify out v1").failed(2, &["v1: is not a release file"]);
    desk.run("verify out none.toml").failed(1, &["none.toml: cannot read"]);
}

#[test]
fn a_release_is_compared_with_its_release_file() {
    let desk = desk();
    let release = String::from_utf8(desk.read("release.toml")).unwrap();
    for (from, to, part) in [
        ("to = 'v3'", "to = 'v2'", "its target is not v2"),
        ("to-version = '3'", "to-version = '3.1'", "its version is 3, not 3.1"),
        ("product = 'p'", "product = 'q'", "its product is p, not q"),
        ("level = 1", "module = 'radio'", "its module is default, not radio"),
        ("level = 1", "rollback-counter = 4", "its rollback counter is none, not 4"),
        ("'2.0' = 'v2'", "'2.0' = 'v2'\n'2.5' = 'v2'", "it has no version 2.5"),
        ("level = 1", "encrypt = 'shared.pem'", "it is not encrypted"),
        ("level = 1", "seal-command = 'false'", "it is not encrypted"),
        ("level = 1", "key = ['key.pem']", "it is not signed"),
    ] {
        assert!(release.contains(from));
        desk.write("other.toml", release.replace(from, to).as_bytes());
        let refused = desk.run("verify out other.toml");
        assert_eq!(refused.code, 3, "{refused:?}");
        let message = format!("the release is not the one of other.toml: {part}");
        assert!(refused.stderr.contains(&message), "{refused:?}");
        let json = desk.run("verify out other.toml --json").json();
        assert_eq!((&json["ok"], &json["error"]["exit"]), (&json!(false), &json!(3)), "{json}");
    }
    // What the file does not state may be anything.
    desk.write("other.toml", release.replace("to = 'v3'\nto-version = '3'\nproduct = 'p'\n", "").as_bytes());
    desk.ok("verify out other.toml");
}

#[test]
fn signatures_that_are_not_checked_are_told() {
    let desk = Desk::with_keys();
    let packed = "pack -o out --to new --to-version 2 --from 1=old --level 1 --key key.pem";
    desk.ok(packed);
    let signatures = |json: &serde_json::Value| {
        json["packages"].as_array().unwrap().iter().map(|one| one["signature"].clone()).collect::<Vec<_>>()
    };
    let silent = desk.ok("verify out --from 1=old --json");
    assert!(silent.stderr.contains("signatures are not checked: give --public-key"), "{silent:?}");
    assert_eq!(signatures(&silent.json()), ["not-checked", "not-checked"]);
    let checked = desk.ok("verify out --from 1=old --public-key key.pub --json");
    assert!(!checked.stderr.contains("signatures"), "{checked:?}");
    assert_eq!(signatures(&checked.json()), ["good", "good"]);
    let key = desk.json("manifest out")["packages"][0]["keys"][0].as_str().unwrap().to_owned();
    assert!(desk.ok("manifest out").stdout.contains(&format!("\nsigned   by {key}")));
    desk.ok(&packed.replace("-o out", "-o unsigned").replace(" --key key.pem", ""));
    let unsigned = desk.ok("verify unsigned --from 1=old --json");
    assert!(!unsigned.stderr.contains("signatures"), "{unsigned:?}");
    assert_eq!(signatures(&unsigned.json()), [json!(null), json!(null)]);
}

#[test]
fn a_manifest_that_contradicts_itself_or_its_packages_is_refused() {
    let desk = desk();
    let manifest = String::from_utf8(desk.read("out/manifest.json")).unwrap();
    let whole: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let size = whole["target"]["size"].as_u64().unwrap();
    let mut other = whole.clone();
    other["target"]["size"] = json!(size + 1);
    desk.write("out/manifest.json", other.to_string().as_bytes());
    let refused = desk.run("verify out release.toml");
    assert_eq!(refused.code, 3);
    assert!(refused.stdout.contains("another target size than the manifest"), "{refused:?}");
    let mut other = whole;
    other["packages"][1]["source_versions"].as_array_mut().unwrap().push(json!("0.9"));
    desk.write("out/manifest.json", other.to_string().as_bytes());
    desk.run("verify out release.toml").failed(3, &["is for \"0.9\", which is no source"]);
}

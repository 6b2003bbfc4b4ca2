//! Images of all input formats: `flatten`, and every command that takes an image.

use testkit::builds;

use crate::common::{Desk, sha256, versions};

/// Intel HEX of an image from address 0x8000 on.
fn hex(image: &[u8]) -> Vec<u8> {
    builds::hex(&[(0x8000, image)]).into_bytes()
}

/// A signed image of MCUboot.
fn signed(program: &[u8], version: [u8; 3]) -> Vec<u8> {
    builds::mcuboot_of(version, program, 0)
}

/// A folder with two versions, each plain, as HEX, and signed.
fn desk() -> Desk {
    let (old, new) = versions();
    Desk::with(&[
        ("old", &old),
        ("new", &new),
        ("old.hex", &hex(&old)),
        ("new.hex", &hex(&new)),
        ("v1", &signed(&old, [1, 0, 0])),
        ("v2", &signed(&new, [2, 1, 0])),
    ])
}

#[test]
fn packages_of_flattened_images_are_those_of_what_is_flashed() {
    let desk = desk();
    desk.ok("diff old new -o plain");
    let said = desk.ok("diff old.hex new.hex -o patch --json");
    assert!(desk.read("plain") == desk.read("patch"));
    assert!(said.stderr.contains("old.hex: Intel HEX, 60000 bytes from 0x00008000"), "{said:?}");
    let input = &said.json()["target_input"];
    assert_eq!((input["format"].as_str(), input["base_address"].as_u64()), (Some("hex"), Some(0x8000)));
    assert_eq!(input["file_sha256"], sha256(&desk.read("new.hex")).as_str());
    for old in ["old", "old.hex"] {
        desk.ok(&format!("patch {old} patch -o restored"));
        assert!(desk.read("restored") == desk.read("new"), "{old}");
        desk.ok(&format!("verify {old} patch"));
        desk.ok(&format!("info patch --base {old}"));
    }
    assert_eq!(desk.json("info patch --base old.hex")["base_input"]["format"], "hex");
    let plain = desk.json("diff old new -o plain");
    assert!(plain.get("base_input").is_none() && plain.get("target_input").is_none());
    desk.ok("diff old.hex new.hex -o classic --format bsdiff");
    desk.ok("patch old.hex classic -o restored");
    assert!(desk.read("restored") == desk.read("new"));
}

#[test]
fn a_file_that_is_the_base_is_taken_as_it_is() {
    let desk = desk();
    desk.ok("diff old.hex new.hex -o patch --input-format raw --level 1");
    desk.ok("patch old.hex patch -o restored");
    assert!(desk.read("restored") == desk.read("new.hex"));
}

#[test]
fn images_state_their_version_unless_an_option_does() {
    let desk = desk();
    let version = |options: &str| {
        let said = desk.ok(&format!("diff v1 v2 -o patch --json {options}"));
        (said.json()["to_version"].as_str().unwrap().to_owned(), said.stderr)
    };
    assert_eq!(version("--level 1").0, "2.1.0");
    let (stated, said) = version("--level 1 --to-version 3.0");
    assert!(stated == "3.0" && said.contains("warning: v2 states version 2.1.0; 3.0 is used"));
    assert!(!version("--level 1 --to-version v2.1.0").1.contains("warning"));
    // A version that never changes says nothing.
    desk.write("v2", &signed(&desk.read("new"), [1, 0, 0]));
    let same = desk.json("diff v1 v2 -o patch --level 1");
    assert!(same["to_version"].is_null(), "{same}");
}

#[test]
fn a_broken_image_stops_everything_unless_it_is_taken_as_it_is() {
    let desk = desk();
    let mut broken = desk.read("v2");
    broken[1000] ^= 1;
    desk.write("broken", &broken);
    let part = "broken: MCUboot image: the SHA-256 is wrong";
    desk.run("diff v1 broken -o patch").failed(1, &[part, "--input-format raw takes the file as it is"]);
    desk.run("pack -o out --to broken --to-version 2 --from v1").failed(1, &[part]);
    // A release file can say it as well; options come first.
    let release = "to = \"broken\"\nto-version = \"2\"\ninput-format = \"raw\"\n[from]\n\"1\" = \"v1\"\n";
    desk.write("release.toml", release.as_bytes());
    desk.run("pack . -o out --input-format auto").failed(1, &[part]);
    assert!(!desk.path("patch").exists() && !desk.path("out").exists());
    desk.ok("pack . -o raw --level 1");
    desk.ok("diff v1 broken -o patch --input-format raw --level 1");
    desk.ok("patch v1 patch -o restored");
    assert!(desk.read("restored") == broken);
}

#[test]
fn gaps_are_filled_as_asked_for() {
    let desk = Desk::new();
    desk.write("a.hex", b":01000000619E\n:040010006262626264\n:00000001FF\n");
    desk.ok("flatten a.hex -o a.bin --fill 0");
    assert_eq!(desk.read("a.bin"), [&b"a"[..], &[0; 15], b"bbbb"].concat());
    let shown = desk.json("flatten a.hex");
    assert_eq!((shown["image_size"].as_u64(), shown["fill"].as_u64()), (Some(20), Some(255)));
    assert_eq!(
        (shown["gaps"][0]["address"].as_u64(), shown["gaps"][0]["size"].as_u64()),
        (Some(1), Some(15))
    );
    desk.run("flatten a.hex --max-gap 14").failed(1, &["0x00000001", "0x00000010", "--range", "--max-gap"]);
    desk.ok("flatten a.hex --range 0x11..0x13 -o a.bin");
    assert_eq!(desk.read("a.bin"), b"bb");
    desk.run("flatten a.hex --range 1..2").failed(1, &["there is nothing to flash in it"]);
    assert_eq!(desk.run("flatten a.hex --range 2..1").code, 2);
    desk.run("flatten a.hex -o a.hex").failed(2, &["same file"]);
    let shown = desk.ok("flatten a.hex").stdout;
    assert!(shown.contains("gap            0x00000001 to 0x0000000f, 15 bytes, filled with 0xff"), "{shown}");
    desk.write("plain", b"plain");
    assert_eq!(desk.json("flatten plain")["format"], "raw");
}

#[test]
fn releases_record_what_was_flattened_and_are_replayed() {
    let desk = desk();
    let pack = "pack -o out --to new.hex --to-version 3 --from 1=old.hex --from 1.5=old --level 1";
    desk.ok(pack);
    let manifest = desk.json("manifest out");
    assert_eq!(manifest["target"]["sha256"], sha256(&desk.read("new")).as_str());
    assert_eq!(manifest["target"]["input"]["file_sha256"], sha256(&desk.read("new.hex")).as_str());
    assert_eq!(manifest["sources"][0]["input"]["format"], "hex");
    assert!(manifest["sources"][1].get("input").is_none());
    // The image is the same, so the package is.
    assert_eq!(manifest["packages"].as_array().unwrap().len(), 2);
    let before = desk.read("out/manifest.json");
    desk.ok(&format!("{pack} --fresh --threads 1"));
    assert!(desk.read("out/manifest.json") == before);
    desk.ok("verify out --from 1=old.hex --from 1.5=old.hex");
    desk.ok("patch old.hex out/1-to-3.bin -o restored");
    assert!(desk.read("restored") == desk.read("new"));
}

#[test]
fn releases_take_versions_from_images() {
    let desk = desk();
    desk.ok("pack -o out --to v2 --from v1 --level 1");
    let manifest = desk.json("manifest out");
    assert_eq!(
        (manifest["version"].as_str(), manifest["sources"][0]["version"].as_str()),
        (Some("2.1.0"), Some("1.0.0"))
    );
    assert_eq!(manifest["sources"][0]["input"]["checked"][0], "SHA-256");
    desk.ok("verify out --from v1");
    let said = desk.ok("pack -o other --to v2 --to-version 2.1.0 --from 0.9=v1 --level 1");
    assert!(said.stderr.contains("warning: v1 states version 1.0.0; 0.9 is used"), "{said:?}");
    desk.run("pack -o other --to new --from v1").failed(2, &["the new image's version is not given"]);
}

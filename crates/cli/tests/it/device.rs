//! Device profiles: what no device can restore is not made, what needs an operating system is said, and `verify` checks it.

use serde_json::{Value, json};
use smidgen_patch::{Header, Patcher, SliceTarget};
use testkit::archives::{Put, changed, gzip, tar, text, zip, zlib};
use testkit::builds;

use crate::common::{Desk, noise, versions};

/// A microcontroller.
const SMALL: &str = "ram = \"16K\"\nos = false\nproduct = \"sensor\"\n";

/// Files that hold compressed data, before and after a change.
fn compressed() -> [(&'static str, Vec<u8>, Vec<u8>); 5] {
    let (old, new) = (text(1), changed(text(1)));
    let entry = |plain: &[u8]| zip(&[("a", Put::Deflated, plain)]);
    // An image that embeds a compressed page.
    let embedded = |plain: &[u8]| [&noise(30_000)[..], &zlib(plain), &noise(5000)].concat();
    [
        ("gz", gzip(&old), gzip(&new)),
        ("zip", entry(&old), entry(&new)),
        ("tar-gz", gzip(&tar(&[("a", &old)])), gzip(&tar(&[("a", &new)]))),
        ("gz-in-zip", zip(&[("a", Put::Stored, &gzip(&old))]), zip(&[("a", Put::Stored, &gzip(&new))])),
        ("embedded", embedded(&old), embedded(&new)),
    ]
}

/// A folder with `device.toml`, and `old.KIND` and `new.KIND` of every kind.
fn desk() -> Desk {
    let desk = Desk::with(&[("device.toml", SMALL.as_bytes())]);
    for (kind, old, new) in compressed() {
        desk.write(&format!("old.{kind}"), &old);
        desk.write(&format!("new.{kind}"), &new);
    }
    desk
}

/// Restores as a device without an operating system.
fn restored(base: &[u8], package: &[u8]) -> Vec<u8> {
    let (header, extensions, _) = Header::parse_extended(package).unwrap();
    assert_eq!(extensions.container, None);
    let mut target = vec![0; header.target_size as usize];
    let mut memory = vec![0; header.ram as usize + 3];
    let start = memory.as_ptr().align_offset(4);
    let mut patcher = Patcher::new(&mut memory[start..], base, SliceTarget::new(&mut target));
    patcher.push(package).unwrap();
    patcher.finish().unwrap();
    target
}

#[test]
fn a_release_for_a_microcontroller_needs_no_operating_system() {
    let desk = desk();
    for (kind, old, new) in compressed() {
        let images = format!("--to new.{kind} --to-version 2 --from 1=old.{kind}");
        for (way, options) in [("device", "--device device.toml"), ("ram", "--ram 16K --product sensor")] {
            let folder = format!("{way}-{kind}");
            let said = desk.ok(&format!("pack -o {folder} {images} {options} --level 1 --share 100"));
            assert!(said.stderr.contains("compressed data in the images is compared as it is"), "{said:?}");
            for (file, base) in [("1-to-2.bin", &old), ("full-2.bin", &Vec::new())] {
                let package = desk.read(&format!("{folder}/{file}"));
                assert!(restored(base, &package) == new, "{folder}/{file}");
            }
            let manifest = desk.json(&format!("manifest {folder}"));
            assert_eq!(manifest["packages"][1].get("container"), None, "{manifest}");
        }
        desk.ok(&format!("verify device-{kind} --from 1=old.{kind} --device device.toml"));
    }
}

#[test]
fn what_needs_an_operating_system_says_so_everywhere() {
    let desk = desk();
    let made = desk.ok("diff old.gz new.gz -o patch --ram 16K --containers auto --level 1 --json");
    assert!(made.stderr.contains("needs    an operating system, "), "{made:?}");
    let (made, shown) = (made.json(), desk.json("info patch"));
    for need in ["memory", "storage"] {
        assert!(made["container"][need].as_u64().unwrap() > 0);
        assert_eq!(made["container"][need], shown["container"][need]);
    }
    let pack = "pack -o out --to new.gz --to-version 2 --from 1=old.gz --product p --level 1";
    let said = desk.ok(&format!("{pack} --json"));
    let events = said.lines();
    let finished = events.iter().find(|event| event["file"] == "1-to-2.bin" && event["event"] == "finished");
    assert!(finished.unwrap()["container"]["memory"].as_u64().unwrap() > 0);
    let again = desk.ok(pack);
    assert_eq!(again.stderr.matches("; needs an operating system, ").count(), 2, "{again:?}");
    let manifest = desk.json("manifest out");
    assert!(manifest["packages"][1]["container"]["storage"].as_u64().unwrap() > 0);
    let said = desk.ok("manifest out --ota-message --url-base https://example.com");
    let messages: Vec<Value> = serde_json::from_str(&said.stdout).unwrap();
    let udi: Value =
        serde_json::from_str(messages[1]["create_firmware"][0]["Udi"].as_str().unwrap()).unwrap();
    assert_eq!(udi["smidgen"]["container"], manifest["packages"][1]["container"]);
    let plain = desk.json("diff old.gz new.gz -o patch --containers none --level 1");
    assert_eq!(plain["container"], Value::Null);
    // A manifest that hides it is a lie.
    let text = String::from_utf8(desk.read("out/manifest.json")).unwrap();
    desk.write("out/manifest.json", text.replace("\"memory\": ", "\"memory\": 9").as_bytes());
    assert!(desk.run("verify out --from 1=old.gz").stdout.contains("another container than the manifest"));
}

#[test]
fn without_a_profile_microcontrollers_are_known_by_their_options_and_files() {
    let desk = desk();
    let container = |arguments: &str| {
        let made = desk.json(&format!("diff {arguments} -o patch --level 1"));
        let noted = made["notes"].to_string().contains("not-expanded");
        (made["container"].is_object(), noted)
    };
    assert_eq!(container("old.embedded new.embedded"), (true, false));
    for option in ["--ram 16K", "--arch thumb", "--arch riscv", "--arch xtensa"] {
        assert_eq!(container(&format!("old.embedded new.embedded {option}")), (false, true), "{option}");
        let auto = format!("old.embedded new.embedded {option} --containers auto");
        assert_eq!(container(&auto), (true, false), "{option}");
    }
    assert_eq!(container("old.embedded new.embedded --containers none"), (false, false));
    // Nothing is said where nothing would have been expanded.
    let (old, new) = versions();
    desk.write("old", &old);
    desk.write("new", &new);
    assert_eq!(container("old new --ram 16K"), (false, false));
    for side in ["old", "new"] {
        desk.write(
            &format!("{side}.hex"),
            builds::hex(&[(0, &desk.read(&format!("{side}.embedded")))]).as_bytes(),
        );
    }
    assert_eq!(container("old.hex new.hex"), (false, true));
    assert_eq!(container("old.hex new.hex --containers auto"), (true, false));
}

#[test]
fn a_profile_with_an_operating_system_bounds_what_is_expanded() {
    let desk = desk();
    desk.write("large.toml", b"ram = \"1M\"\nos = true\nmemory = \"64M\"\nstorage = \"64M\"\n");
    desk.write("tight.toml", b"ram = \"1M\"\nos = true\nmemory = \"64M\"\nstorage = \"1K\"\n");
    let large = desk.json("diff old.gz new.gz -o large --device large.toml --level 1");
    assert!(large["container"].is_object());
    let tight = desk.json("diff old.gz new.gz -o tight --device tight.toml --level 1");
    assert_eq!(tight["container"], Value::Null);
    assert!(tight["notes"][0]["text"].as_str().unwrap().contains("the device has 1024 (storage)"), "{tight}");
    desk.ok("verify old.gz large --device large.toml");
    desk.run("verify old.gz large --device tight.toml")
        .failed(3, &["needs storage of", "has 1024 (storage)"]);
    desk.write("none.toml", b"os = false");
    desk.run("verify old.gz large --device none.toml").failed(3, &["needs an operating system"]);
}

#[test]
fn options_override_a_profile_but_never_to_what_the_device_cannot_restore() {
    let (old, new) = versions();
    let desk = Desk::with(&[("old", &old), ("new", &new), ("device.toml", SMALL.as_bytes())]);
    let diff = "diff old new -o patch --device device.toml --level 1";
    let made = desk.json(diff);
    assert!(made["ram"].as_u64().unwrap() <= 16 << 10);
    assert_eq!(made["product"], "sensor");
    assert!(desk.json(&format!("{diff} --ram 8K"))["ram"].as_u64().unwrap() <= 8 << 10);
    for (options, part) in [
        ("--ram 64K", "needs RAM of 65536 bytes; the device has 16384 (ram)"),
        ("--containers auto", "needs an operating system, which the device does not have (os)"),
        ("--product lamp", "is for product lamp; the device is sensor (product)"),
        ("--codec zstd --ram 16K", "a decoder needs at least"),
    ] {
        desk.run(&format!("{diff} {options}")).failed(2, &[part]);
    }
    let pack = "pack -o out --to new --to-version 2 --from 1=old --device device.toml";
    desk.run(&format!("{pack} --ram 64K")).failed(2, &["the device cannot restore", "has 16384 (ram)"]);
    assert!(!desk.path("out").exists());
    for (profile, part) in [
        ("codecs = \"zstd\"\nram = \"1M\"", "OK"),
        ("codecs = \"cm\"", "OK"),
        ("slot = 50000", "needs a slot of 59800"),
        ("max-package = 100", "the package has "),
        ("module = \"radio\"", "OK"),
        ("update = \"in-place\"\nslot = \"64K\"\npage = 1024\nscratch = 4096", "OK"),
        ("update = \"in-place\"\nslot = \"64K\"\npage = 1024\nscratch = 1024", "in place: a scratch area"),
        ("update = \"in-place\"\nslot = \"64K\"", "give page, scratch"),
        ("rom = 1", "is not a device profile: line 1, column 1: unknown key `rom`"),
        ("memory = \"1M\"", "give os = true"),
    ] {
        desk.write("other.toml", profile.as_bytes());
        let run = desk.run("diff old new -o patch --device other.toml --level 1");
        if part == "OK" {
            run.succeeded();
            assert!(desk.ok("verify old patch --device other.toml").stdout.starts_with("OK"));
        } else {
            run.failed(2, &[part]);
        }
    }
    desk.run("diff old new -o patch --device missing.toml").failed(1, &["missing.toml: cannot read"]);
    desk.run("diff old new -o patch --format bsdiff --device device.toml").failed(2, &["--device"]);
}

#[test]
fn verify_says_what_the_device_lacks() {
    let (old, new) = versions();
    let desk = Desk::with(&[("old", &old), ("new", &new)]);
    desk.ok("diff old new -o patch --ram 16K --product sensor --level 1");
    for (profile, part) in [
        ("ram = \"4K\"", "the decoder needs RAM of"),
        ("codecs = \"zstd\"", "the package is of codec cm; the device has zstd (codecs)"),
        ("slot = 1000", "needs a slot of"),
        ("max-package = 10", "the package has"),
        ("product = \"lamp\"", "is for product sensor; the device is lamp"),
        ("module = \"radio\"", "is for module of no name"),
        ("update = \"in-place\"\nslot = \"64K\"\npage = 1024\nscratch = 4096", "cannot be applied in place"),
    ] {
        desk.write("device.toml", profile.as_bytes());
        desk.run("verify old patch --device device.toml").failed(3, &["cannot restore it", part]);
        desk.ok("pack -o out --to new --to-version 2 --from 1=old --product sensor --ram 16K --level 1");
        let release = desk.run("verify out --from 1=old --device device.toml");
        assert_eq!(release.code, 3, "{release:?}");
    }
}

#[test]
fn a_release_file_has_all_options_and_the_device() {
    let desk = Desk::with_keys();
    let release = "to = 'new'\nto-version = '2'\nlevel = 1\nthreads = 1\njobs = 1\nmemory = '1G'\n\
        key = ['key.pem', 'next.pem']\npassphrase-file = 'phrase'\nencrypt = 'shared.pem'\n\
        encryption-passphrase-file = 'phrase'\ncipher = 'aes-256-ctr'\ndevice = 'device.toml'\n\
        [from]\n1 = 'old'\n";
    desk.write("release.toml", release.as_bytes());
    let device = "[device]\nram = '16K'\nproduct = 'sensor'\nupdate = 'in-place'\nslot = '128K'\npage = '4K'\n\
        scratch = '16K'\nwrite-size = 4\n";
    desk.write("device.toml", device.as_bytes());
    desk.ok("pack release.toml -o out");
    let manifest = desk.json("manifest out");
    let package = &manifest["packages"][1];
    assert_eq!(package["keys"].as_array().unwrap().len(), 2);
    assert_eq!(package["encryption"]["cipher"], "aes-256-ctr");
    assert_eq!(manifest["product"], "sensor");
    let shown = desk.json("info out/1-to-2.bin --decrypt shared.pem");
    assert!(shown["in_place"]["segment"].as_u64().is_some(), "{shown}");
    // Its images and its device, and keys on the command line.
    let verify = "verify out release.toml --public-key key.pub --decrypt shared.pem";
    assert_eq!(desk.ok(verify).stdout.matches("OK").count(), 2);
    let one = desk.ok("verify old out/1-to-2.bin --decrypt shared.pem --device device.toml");
    assert!(one.stdout.contains("also in place"), "{one:?}");
    // The table may be in the release file; the command line comes first.
    let inline = release.replace("device = 'device.toml'\n", "") + device;
    desk.write("release.toml", inline.as_bytes());
    desk.ok("pack release.toml -o inline --seal-to device.pub --key key.pem");
    let manifest = desk.json("manifest inline");
    assert_eq!(manifest["packages"][0]["encryption"]["kind"], "sealed");
    assert_eq!(manifest["packages"][0]["keys"].as_array().unwrap().len(), 1);
    for (wrong, part) in [
        ("device = 7", "expected the keys of a device profile, or the path of a file with them"),
        ("device = { ram = 'x' }", "ram: expected a size"),
        ("jobs = 2000", "jobs: expected a number from 0 to 1024"),
        ("slot = '1M'", "for in-place packages only"),
        ("in-place = true", "give slot, page, scratch"),
        ("verson = 1", "line 1, column 1: unknown key `verson`"),
    ] {
        let images = "to = 'new'\nto-version = '2'\n[from]\n1 = 'old'\n";
        desk.write("release.toml", format!("{wrong}\n{images}").as_bytes());
        desk.run("pack release.toml -o wrong").failed(2, &[part]);
        assert!(!desk.path("wrong").exists());
    }
    desk.run("pack none.toml -o wrong").failed(1, &["none.toml: cannot read"]);
}

#[test]
fn a_release_in_place_is_replayed_in_place() {
    let (old, new) = versions();
    let desk = Desk::with(&[("old", &old), ("new", &new)]);
    let flash = "--in-place --slot 128K --page 4K --scratch 16K";
    let pack = "pack -o out --to new --to-version 2 --from 1=old --product sensor --level 1";
    desk.ok(&format!("{pack} {flash}"));
    assert_eq!(desk.json("verify out --from 1=old")["ok"], json!(true));
    let verified = desk.json("verify old out/1-to-2.bin");
    assert_eq!(verified["in_place_checked"], json!(true));
    let manifest = desk.json("manifest out");
    let plan = &manifest["packages"][1]["in_place"];
    assert_eq!(plan, &desk.json("info out/1-to-2.bin")["in_place"]);
    assert!(plan["segment"].as_u64() > Some(0), "{manifest}");
    assert!(desk.ok("manifest out").stdout.contains("for 1, in place"));
    let profile = |scratch| format!("update = 'in-place'\nslot = '1G'\npage = '4K'\nscratch = '{scratch}'\n");
    desk.write("device.toml", profile("16K").as_bytes());
    assert_eq!(desk.json("verify out --from 1=old --device device.toml")["ok"], json!(true));
    desk.write("large.toml", profile("512M").as_bytes());
    let unchecked = desk.run("verify out --from 1=old --device large.toml");
    assert_eq!(unchecked.code, 2);
    assert!(
        unchecked.stdout.contains("NOT CHECKED: in place: the device's flash is too large"),
        "{unchecked:?}"
    );
    let mut hidden = manifest.clone();
    hidden["packages"][1].as_object_mut().unwrap().remove("in_place");
    let told = desk.read("out/manifest.json");
    desk.write("out/manifest.json", hidden.to_string().as_bytes());
    let refused = desk.run("verify out --from 1=old");
    assert!(refused.stdout.contains("another plan of an update in place than the manifest"), "{refused:?}");
    desk.write("out/manifest.json", &told);
    desk.run(&format!("{pack} --in-place --slot 128K")).failed(2, &["give page, scratch"]);
    desk.run(&format!("{pack} --slot 128K")).failed(2, &["for in-place packages only"]);
    desk.run(&format!("{pack} {flash} --codec zstd")).failed(2, &["cannot be applied in place"]);
}

#[test]
fn a_profile_of_a_microcontroller_without_os_gets_no_package_that_needs_one() {
    let desk = desk();
    desk.ok("diff old.embedded new.embedded -o container --level 1");
    for profile in [
        "ram = '16K'",
        "arch = 'thumb'",
        "page = 4096",
        "scratch = 8192",
        "write-size = 8",
        "erased = 0",
        "unreadable = 'torn'",
        "erase-time = '85ms'",
        "write-time = '41us'",
    ] {
        desk.write("raw.toml", profile.as_bytes());
        let system = "needs an operating system, which the device does not have (os)";
        desk.run("verify old.embedded container --device raw.toml").failed(3, &[system, "give os = true"]);
        let diff = "diff old.embedded new.embedded -o patch --level 1 --device raw.toml";
        let made = desk.json(diff);
        assert_eq!(made["container"], Value::Null, "{profile}");
        assert!(made["notes"].to_string().contains("not-expanded"), "{made}");
        desk.run(&format!("{diff} --containers auto")).failed(2, &[system]);
        desk.write("raw.toml", format!("os = true\n{profile}").as_bytes());
        desk.ok("verify old.embedded container --device raw.toml");
    }
    // A slot may be a partition of a machine with an operating system.
    desk.write("slot.toml", b"slot = '1M'");
    desk.ok("verify old.embedded container --device slot.toml");
}

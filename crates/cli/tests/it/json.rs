//! `--json`: one object on standard output, with the right numbers.

use crate::common::{Desk, SCHEMAS, sha256};
use serde_json::{Value, json};
use testkit::strange::{CALL, StrangeProgram};

/// Expects these members, whatever else there is.
fn expect(found: &Value, expected: &Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&found[name], value, "{name} in {found:#}");
    }
}

fn sum(found: &Value) -> u64 {
    found.as_object().unwrap().values().map(|value| value.as_u64().unwrap()).sum()
}

#[test]
fn diff() {
    let desk = Desk::with_package();
    let found = desk.json("diff old new -o patch --ram 20K");
    let (old, new, patch) = (desk.read("old"), desk.read("new"), desk.read("patch"));
    let expected = json!({
        "format": "smidgen",
        "format_version": smidgen_patch::header::VERSION,
        "codec": "cm",
        "base_size": old.len(),
        "base_sha256_prefix": sha256(&old)[..32],
        "target_size": new.len(),
        "target_sha256": sha256(&new),
        "package_size": patch.len(),
        "package_sha256": sha256(&patch),
    });
    expect(&found, &expected);
    assert!(found["ram"].as_u64().unwrap() <= 20 << 10);
    assert!(found["seconds"].as_f64().unwrap() >= 0.0);
    assert_eq!(
        found["header_size"].as_u64().unwrap() + found["body_size"].as_u64().unwrap(),
        patch.len() as u64
    );
}

#[test]
fn the_identity_of_a_package_is_shown() {
    let desk = Desk::with_package();
    let plain = desk.json("info patch");
    let options = "--product Box --module main-1 --to-version 1.2.0 --rollback-counter 7";
    let made = desk.json(&format!("diff old new -o patch {options}"));
    let found = desk.json("info patch");
    for (name, value) in [
        ("product", json!("Box")),
        ("module", json!("main-1")),
        ("to_version", json!("1.2.0")),
        ("rollback_counter", json!(7)),
    ] {
        assert_eq!((&made[name], &found[name], &plain[name]), (&value, &value, &Value::Null), "{name}");
    }
}

#[test]
fn a_plan_for_an_update_in_place_is_shown() {
    let desk = Desk::with_package();
    let slot = desk.read("old").len().max(desk.read("new").len()).next_multiple_of(256);
    let options = format!("--in-place --slot {slot} --page 256 --scratch 1K --write-size 4");
    let made = desk.json(&format!("diff old new -o patch {options}"));
    let found = desk.json("info patch");
    assert_eq!(made["in_place"], found["in_place"]);
    let number = |name: &str| found["in_place"][name].as_u64().unwrap();
    assert_eq!(number("segment") + number("keep"), 1024);
    assert_eq!(number("shift") % 256, 0);
}

#[test]
fn costs_and_covers_add_up() {
    let desk = Desk::with_package();
    let found = desk.json("info patch --base old");
    let body = found["body_size"].as_u64().unwrap();
    // Costs are rounded, and the coder's last bytes count for none.
    assert!(sum(&found["costs"]).abs_diff(body) <= 16, "{found:#}");
    let covers = |name: &str| found["covers"][name].as_u64().unwrap();
    let all = covers("base_bytes") + covers("target_bytes") + covers("literals");
    assert_eq!(all, desk.read("new").len() as u64);
    assert!(covers("longest") <= covers("base_bytes") && covers("base") > 0);
}

#[test]
fn info_repeats_what_diff_prints() {
    let desk = Desk::with_package();
    let mut made = desk.json("diff old new -o patch");
    let mut shown = desk.json("info patch --base old");
    assert_eq!(
        (made["schema"].take(), shown["schema"].take()),
        (json!("smidgen/diff/1"), json!("smidgen/info/1"))
    );
    let members = made.as_object_mut().unwrap();
    members.remove("seconds").unwrap();
    // Only diff has notes.
    assert_eq!(members.remove("notes"), Some(json!([])));
    assert_eq!(made, shown);
    let without = desk.json("info patch");
    assert!(without["costs"].is_null() && without["covers"].is_null());
}

#[test]
fn kinds_of_pages_are_named() {
    let desk = Desk::with_package();
    let found = desk.json("info patch");
    let kinds = found["kinds"].as_array().unwrap();
    assert!(!kinds.is_empty() && kinds.iter().all(Value::is_string), "{found:#}");
}

#[test]
fn an_empty_base_has_no_digest() {
    let desk = Desk::with(&[("old", b""), ("new", b"image")]);
    let found = desk.json("diff old new -o patch");
    expect(&found, &json!({ "base_size": 0, "base_sha256_prefix": null, "target_size": 5 }));
}

#[test]
fn patch_and_verify() {
    let desk = Desk::with_package();
    let new = desk.read("new");
    let expected = json!({
        "format": "smidgen",
        "package_size": desk.read("patch").len(),
        "base_size": 60_000,
        "target_size": new.len(),
        "target_sha256": sha256(&new),
    });
    let patched = desk.json("patch old patch -o restored");
    expect(&patched, &expected);
    let verified = desk.json("verify old patch");
    expect(&verified, &expected);
    assert_eq!(verified["ok"], true);
}

#[test]
fn failures_are_objects_with_the_decoders_number() {
    let desk = Desk::with_package();
    desk.write("old", b"wrong");
    for arguments in ["patch old patch -o restored", "verify old patch", "info patch --base old"] {
        let plain = desk.run(arguments).failed(4, &["E11"]);
        let failed = desk.run(&format!("{arguments} --json"));
        assert_eq!((failed.code, &failed.stderr), (4, &plain.stderr), "{arguments}");
        let expected = json!({ "code": 11, "name": "base-size", "exit": 4, "file": "old" });
        let found = failed.json();
        expect(&found["error"], &expected);
        assert!(found["error"]["message"].as_str().unwrap().starts_with("old: not the base image"));
        assert_eq!(found["error"]["notes"].as_array().unwrap().len(), 3);
    }
    let error = |arguments: &str| desk.run(&format!("{arguments} --json")).json()["error"].clone();
    expect(&error("info old"), &json!({ "code": 1, "name": "not-a-package", "exit": 3, "file": "old" }));
    expect(&error("info none"), &json!({ "code": null, "name": "cannot-read", "exit": 1, "file": "none" }));
    let usage = json!({ "code": null, "name": "usage", "exit": 2, "file": null });
    for arguments in ["diff old new", "diff old new -o x --level 10", "explode", "sign patch -o x"] {
        expect(&error(arguments), &usage);
    }
    assert_eq!(
        error("diff old new -o x --level ten")["message"],
        "invalid value 'ten' for '--level <1..9>': expected a level from 1 to 9"
    );
    expect(&desk.run("--json").json()["error"], &usage);
    // Help is no failure, and what follows `--` is no option.
    assert!(desk.ok("diff --help --json").stdout.contains("Usage:"));
    desk.run("info old none -- --json").failed(2, &["unexpected argument"]);
}

#[test]
fn a_run_that_fails_half_way_ends_with_the_failure() {
    let desk = Desk::with_package();
    let pack = "pack -o out --to new --to-version 2 --from 1=old --level 1 --sign-public-key key.pub --json";
    desk.ok("keygen key.pem key.pub");
    let arguments: Vec<&str> = pack.split(' ').chain(["--sign-command", "exit 3"]).collect();
    let failed = desk.run_with(&arguments);
    let lines = failed.lines();
    assert_eq!((failed.code, &lines[0]["event"]), (1, &json!("planned")), "{failed:#?}");
    let last = lines.last().unwrap();
    expect(&last["error"], &json!({ "name": "cannot-sign", "exit": 1 }));
}

/// Every member of the schemas is in some output: what is documented exists.
///
/// The other tests check that every output is what its schema says, and has no other members.
#[test]
fn every_member_of_the_schemas_is_printed() {
    let desk = Desk::with_keys();
    packages(&desk);
    releases(&desk);
    inputs(&desk);
    for kind in ["ed25519", "x25519"] {
        desk.json(&format!("keygen {kind}.pem {kind}.pub --kind {kind}"));
    }
    tools(&desk);
    let mut unseen = unseen();
    // Only a fault of ours shows these: an update that does not survive a loss of power.
    unseen.retain(|name| {
        !name.contains("simulate-1.json: .lost_updates[]") && !name.ends_with("simulate-1.json: .error")
    });
    assert!(unseen.is_empty(), "{unseen:#?}");
}

/// Packages of all kinds, made, restored, verified and shown.
fn packages(desk: &Desk) {
    let gzip = |bytes: &[u8]| testkit::archives::gzip(bytes);
    desk.write("old.gz", &gzip(&desk.read("old")));
    desk.write("new.gz", &gzip(&desk.read("new")));
    for name in ["old", "new"] {
        desk.write(&format!("{name}.tar"), &testkit::archives::tar(&[("firmware.bin", &desk.read(name))]));
    }
    let in_place = "--in-place --slot 128K --page 4K --scratch 8K";
    for (base, target, options) in [
        ("old", "new", "--md5 --body-digest --product Box --module main --to-version 2 --rollback-counter 1"),
        ("old", "new", "--codec zstd"),
        ("old", "new", "--seal-to device.pub"),
        ("old", "new", in_place),
        ("old", "new", "--format bsdiff"),
        ("old.tar", "new.tar", "--payload"),
        ("old.gz", "new.gz", "--containers auto"),
    ] {
        let made = desk.json(&format!("diff {base} {target} -o package {options}"));
        let more = match options.split(' ').next() {
            Some("--seal-to") => " --decrypt device.pem",
            Some("--payload") => " --payload",
            _ => "",
        };
        for command in ["patch BASE package -o restored", "verify BASE package", "info package --base BASE"] {
            let command = command.replace("BASE", base);
            if made["format"] == "bsdiff40" && command.starts_with("info") {
                desk.json("info package");
                continue;
            }
            desk.json(&format!("{command}{more}"));
        }
    }
    // Streams that are not expanded have a note, and code has windows.
    desk.json("diff old.gz new.gz -o package --ram 16K");
    desk.write("v1", &testkit::firmware(1));
    desk.write("v2", &testkit::firmware(2));
    desk.json("diff v1 v2 -o package");
    // Instructions of other processors are described.
    desk.write("s1", &StrangeProgram::OLD.link(0, CALL));
    desk.write("s2", &StrangeProgram::NEW.link(0, CALL));
    desk.json("diff s1 s2 -o package");
    assert!(desk.ok("info package").stdout.contains("form of references"));
    desk.json("sign patch -o signed --key key.pem");
    desk.run("info none --json").failed(1, &[]).json();
}

/// The commands that try and measure, and the map of an image.
fn tools(desk: &Desk) {
    desk.json("simulate old patch --page 4K --cuts 3");
    desk.json("simulate old.tar patch --payload --page 4K --cuts none");
    desk.json("diff a.hex b.hex -o package");
    desk.json("simulate a.hex package --page 4K --cuts none");
    for images in ["a.hex b.hex", "old.tar new.tar --payload"] {
        desk.json(&format!("compare {images} --tools smidgen-16K --level 1"));
    }
    let late = "compare old new --tools smidgen-16K --level 1 --timeout 0.001 --json -q";
    desk.run(late).failed(1, &["please report this"]).json();
    let made = desk.json("diff v1 v2 -o package");
    let (start, size) = (made["base_address"].as_u64().unwrap() as u32, desk.read("v2").len() as u32);
    let map = testkit::names::linker_map(start, size, &[("half", start, size / 2)]);
    desk.write("v2.map", map.as_bytes());
    desk.json("info package --base v1 --symbols v2.map");
}

fn releases(desk: &Desk) {
    let pack = "pack -o all/2 --to new --to-version 2 --from 1=old --product Box --level 1 --json";
    desk.write("fleet.csv", b"1,5\n0.5,2\n9,1\n");
    desk.ok(&format!("{pack} --fleet fleet.csv --key key.pem --seal-to device.pub")).lines();
    desk.json("verify all/2 --from 1=old --from 7=old --decrypt device.pem");
    desk.run("verify all/2 --json").failed(2, &[]).json();
    std::fs::create_dir(desk.path("field")).unwrap();
    desk.write("field/README.md", b"text");
    desk.write("field/0.9.bin", &desk.read("old"));
    desk.write("all/2/other", b"text");
    desk.ok(&format!("{pack} --share 0 --from field --rollback-counter 3")).lines();
    desk.ok(&format!("{pack} --share 0 --from field --rollback-counter 3")).lines();
    desk.ok("pack -o all/gz --to new.gz --to-version 3 --from 2=old.gz --containers auto --shard 2/2 --json")
        .lines();
    desk.ok("pack -o slot --to new --to-version 2 --from 1=old --in-place --slot 128K --page 4K --scratch 8K --json")
        .lines();
    desk.json("sign all/2 -o signed-release --key next.pem");
    desk.json("manifest all/2");
    desk.json("catalogue all");
    desk.json("catalogue all --device-version 1");
    desk.run("catalogue all --device-version 9 --json").failed(5, &[]).json();
}

fn inputs(desk: &Desk) {
    use testkit::builds;
    let old = desk.read("old");
    desk.write("a.hex", builds::hex(&[(0x8000, &old[..256]), (0x8200, &old[..64])]).as_bytes());
    desk.write("b.hex", builds::hex(&[(0x8000, &old[..512])]).as_bytes());
    desk.write("a.uf2", &builds::uf2(&[(0x1000_0000, &old[..512])], Some(7)));
    desk.write("a.elf", &builds::Elf::firmware(&[(0x0800_0000, &old[..512])]).bytes());
    desk.write("a.esp", &builds::esp("1.2.3", &[(0x3F40_0020, &old[..512])]));
    for name in ["old", "a.hex", "a.uf2", "a.elf", "a.esp"] {
        desk.json(&format!("flatten {name}"));
    }
    desk.write("1.2.3", &builds::mcuboot(&old[..512], 0));
    let mut unknown = builds::mcuboot(&old[..512], 0);
    let hash = unknown.windows(4).rposition(|bytes| bytes == [0x10, 0, 32, 0]).unwrap();
    unknown[hash] = 0xA0;
    desk.write("unknown", &unknown);
    for name in ["a.uf2", "a.elf", "a.esp", "1.2.3", "unknown"] {
        desk.json(&format!("diff {name} {name} -o package"));
    }
    desk.json("flatten unknown");
    desk.json("flatten old.tar --payload");
    // The formats of old and new image differ.
    desk.ok("pack -o hex --to b.hex --to-version 2 --from 1=a.hex --from 1.1=a.uf2 --json").lines();
    desk.json("diff a.hex b.hex -o package");
    for command in ["patch a.hex package -o restored", "verify a.hex package", "info package --base a.hex"] {
        desk.json(command);
    }
}

fn unseen() -> Vec<String> {
    SCHEMAS.with(|schemas| testkit::schema::unseen(schemas.values()))
}

/// `docs/json.md` has every name of a note.
#[test]
fn the_document_has_every_note() {
    let page = std::fs::read_to_string(testkit::fixtures().join("../docs/json.md")).unwrap();
    let source = include_str!("../../../diff-core/src/api/note.rs");
    let (_, names) = source.split_once("fn name(&self)").unwrap();
    let (names, _) = names.split_once("impl fmt::Display").unwrap();
    let names: Vec<&str> = names.split('"').skip(1).step_by(2).collect();
    assert!(names.len() >= 7);
    for name in names.iter().chain(&["dropped", "too-large-for-mqtt"]) {
        assert!(page.contains(&format!("| `{name}` |")), "docs/json.md lacks: {name}");
    }
}

/// `docs/json.md` has every name of a failure.
#[test]
fn the_document_has_every_reason() {
    let page = std::fs::read_to_string(testkit::fixtures().join("../docs/json.md")).unwrap();
    let source = include_str!("../../src/report/reason.rs");
    let (_, table) = source.split_once("\nreasons! {").unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('"').collect()).collect();
    let rows: Vec<&Vec<&str>> = rows.iter().filter(|parts| parts.len() == 5).collect();
    assert!(rows.len() > 10);
    for row in rows {
        let row = format!("| `{}` | {} | {} |", row[1], row[2].trim(), row[3]);
        assert!(page.contains(&row), "docs/json.md lacks: {row}");
    }
}

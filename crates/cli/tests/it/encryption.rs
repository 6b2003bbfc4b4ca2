//! `keygen` for encryption, encrypted packages and releases.

use std::sync::LazyLock;

use serde_json::json;

use crate::common::{Desk, Outcome};

const PHRASE: &str = "--passphrase-file phrase";
const TO_SHARED: &str = "--encrypt shared.pem --encryption-passphrase-file phrase";

/// A folder with `old`, `new`, a passphrase, a shared key, and a device's key.
fn desk() -> Desk {
    static MADE: LazyLock<[(&str, Vec<u8>); 6]> = LazyLock::new(|| {
        let names = ["phrase", "shared.pem", "shared.key", "device.pem", "device.pub", "device.key"];
        desk_with_new_keys().made(names)
    });
    Desk::with_made(&*MADE)
}

fn desk_with_new_keys() -> Desk {
    let desk = Desk::with_versions();
    desk.write_secret("phrase", b"correct horse\n");
    keygen(&desk, "shared.pem --kind shared --raw shared.key").succeeded();
    keygen(&desk, "device.pem device.pub --kind x25519 --raw device.key").succeeded();
    desk
}

fn keygen(desk: &Desk, arguments: &str) -> Outcome {
    desk.run(&format!("keygen {arguments} {PHRASE}"))
}

/// Makes an encrypted package, with names.
fn diff(desk: &Desk, options: &str) -> Outcome {
    desk.run(&format!("diff old new -o patch --level 1 --product sensor --to-version 2.0 {options}"))
}

#[test]
fn keys_are_made_for_their_owner_only() {
    let desk = desk_with_new_keys();
    for name in ["shared.pem", "device.pem", "shared.key", "device.key"] {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(desk.path(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        if name.ends_with(".key") {
            assert_eq!(desk.read(name).len(), 32);
        } else {
            assert!(desk.read(name).starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        }
    }
    assert!(desk.read("device.pub").starts_with(b"-----BEGIN PUBLIC KEY-----\n"));
    let told = keygen(&desk, "s.pem --kind shared --json").succeeded().json();
    assert_eq!((&told["algorithm"], &told["constant"]), (&json!("shared"), &json!(null)));
    assert_eq!(told["key"].as_str().unwrap().len(), 16);
    keygen(&desk, "s.pem --kind shared").failed(2, &["s.pem: exists, and is not overwritten"]);
    keygen(&desk, "a.pem a.pub --kind shared").failed(2, &["a shared key has no public half"]);
    keygen(&desk, "a.pem a.pub --raw a.key").failed(2, &["no secret key to check"]);
    keygen(&desk, "a.pem a.pub --kind x25519 --raw shared.key")
        .failed(2, &["shared.key: exists, and is not overwritten"]);
    keygen(&desk, "a.pem --kind x25519").failed(2, &["PUBLIC"]);
    assert!(!desk.path("a.pem").exists() && !desk.path("a.pub").exists());
}

#[test]
fn who_has_the_key_gets_the_image_and_others_are_told_which_one_they_need() {
    let desk = desk();
    for (options, kind, key) in [
        (TO_SHARED.to_owned(), "shared", "shared.pem"),
        (format!("{TO_SHARED} --cipher aes-256-ctr"), "shared", "shared.pem"),
        ("--seal-to device.pub".to_owned(), "sealed", "device.pem"),
    ] {
        let made = diff(&desk, &format!("{options} --json")).succeeded().json();
        assert_eq!(made["encryption"]["kind"], kind);
        let name = made["encryption"]["key"].as_str().unwrap().to_owned();
        for needs in ["patch old patch -o restored", "verify old patch", "info patch --base old"] {
            desk.run(needs).failed(3, &["(E33)", &name, "--decrypt"]);
        }
        let other = if key == "shared.pem" { "device.pem" } else { "shared.pem" };
        let wrong = format!("patch old patch -o restored --decrypt {other} {PHRASE}");
        desk.run(&wrong).failed(3, &["(E33)", &name]);
        assert!(!desk.path("restored").exists());
        desk.run(&format!("patch old patch -o restored --decrypt {other} --decrypt {key} {PHRASE}"))
            .succeeded();
        assert!(desk.read("restored") == desk.read("new"));
        std::fs::remove_file(desk.path("restored")).unwrap();
        desk.run(&format!("verify old patch --decrypt {key} {PHRASE}")).succeeded();
        let info = desk.run(&format!("info patch --base old --decrypt {key} {PHRASE}")).succeeded();
        assert!(info.stdout.contains("sensor") && info.stdout.contains(&name), "{}", info.stdout);
    }
}

#[test]
fn info_without_the_key_shows_what_is_public() {
    let desk = desk();
    diff(&desk, TO_SHARED).succeeded();
    let info = desk.run("info patch").succeeded().stdout;
    assert!(info.contains("by chacha20, for the shared key") && !info.contains("sensor"), "{info}");
    assert!(info.contains("60300 bytes") || info.contains("target"), "{info}");
    let info = desk.run("info patch --json").succeeded().json();
    assert_eq!((&info["product"], &info["encryption"]["cipher"]), (&json!(null), &json!("chacha20")));
    let info = desk.run(&format!("info patch --json --decrypt shared.pem {PHRASE}")).succeeded().json();
    assert_eq!((&info["product"], &info["to_version"]), (&json!("sensor"), &json!("2.0")));
    desk.run("diff old new -o plain --level 1").succeeded();
    assert_eq!(desk.run("info plain --json").succeeded().json()["encryption"], json!(null));
    // A key that is not needed does no harm.
    desk.run(&format!("verify old plain --decrypt shared.pem {PHRASE}")).succeeded();
}

#[test]
fn another_key_of_the_same_kind_is_named() {
    let desk = desk();
    keygen(&desk, "other.pem --kind shared").succeeded();
    diff(&desk, TO_SHARED).succeeded();
    let wrong = desk.run(&format!("patch old patch -o restored --decrypt other.pem {PHRASE}"));
    wrong.failed(3, &["the package is encrypted for another key (E34)", "shared key"]);
    desk.write_secret("wrong", b"wrong\n");
    let wrong = desk.run("patch old patch -o restored --decrypt shared.pem --passphrase-file wrong");
    wrong.failed(1, &["shared.pem: cannot be decrypted"]);
}

#[test]
fn wrong_keys_are_wrong_usage_or_told_apart() {
    let desk = desk();
    keygen(&desk, "sign.pem sign.pub").succeeded();
    diff(&desk, "--encrypt device.pem --encryption-passphrase-file phrase").failed(2, &["--seal-to"]);
    diff(&desk, "--encrypt sign.pem --encryption-passphrase-file phrase").failed(1, &["decrypts packages"]);
    diff(&desk, "--seal-to sign.pub").failed(1, &["is not a public key of X25519"]);
    diff(&desk, "--seal-to device.pub --encrypt shared.pem").failed(2, &["cannot be used with"]);
    diff(&desk, "--cipher aes-256-ctr").failed(2, &["required"]);
    diff(&desk, "--format bsdiff --seal-to device.pub").failed(2, &["encryption"]);
    assert!(!desk.path("patch").exists());
}

#[test]
fn encrypted_packages_are_signed_and_not_the_other_way_around() {
    let desk = desk();
    keygen(&desk, "sign.pem sign.pub").succeeded();
    diff(&desk, TO_SHARED).succeeded();
    desk.run(&format!("sign patch -o signed --key sign.pem {PHRASE}")).succeeded();
    let verify = format!("verify old signed --public-key sign.pub --decrypt shared.pem {PHRASE}");
    desk.run(&verify).succeeded();
    let signed = desk.run("info signed --json").succeeded().json();
    assert_eq!(signed["keys"].as_array().unwrap().len(), 1);
    let shown = desk.run("info signed").succeeded().stdout;
    assert!(shown.contains(signed["keys"][0].as_str().unwrap()), "{shown}");
    assert!(desk.run("info patch").succeeded().stdout.contains("nobody"));
    // Who signed it is checked before anything is decrypted.
    desk.run(&verify.replace("signed", "patch")).failed(3, &["(E40)"]);
}

#[cfg(unix)]
#[test]
fn a_command_can_seal() {
    let desk = desk();
    // What a key server would print: what another package has of a content key is none of this one.
    desk.write("seal.sh", b"test \"$(wc -c)\" = 32 || exit 3; test -z \"$SMIDGEN_PASSPHRASE\" || exit 4; head -c 88 /dev/zero\n");
    let mut command = desk.command(crate::common::smidgen());
    command.args(["diff", "old", "new", "-o", "patch", "--level", "1", "--seal-command", "sh seal.sh"]);
    let outcome: Outcome = command.env("SMIDGEN_PASSPHRASE", "x").output().unwrap().into();
    outcome.succeeded();
    let info = desk.run("info patch --json").succeeded().json();
    assert_eq!(
        info["encryption"],
        json!({ "cipher": "chacha20", "kind": "sealed", "key": "0000000000000000" })
    );
    for (command, part) in
        [("false", "ended with"), ("echo no key", "printed 7 bytes"), ("yes", "more than 4096 bytes")]
    {
        let mut run = desk.command(crate::common::smidgen());
        run.args(["diff", "old", "new", "-o", "other", "--level", "1", "--seal-command", command]);
        let outcome: Outcome = run.output().unwrap().into();
        outcome.failed(1, &["the content key could not be sealed", part]);
        assert!(!desk.path("other").exists());
    }
}

#[test]
fn releases_are_packed_and_verified_with_the_key() {
    let desk = desk();
    let pack = format!(
        "pack --from 1.0=old --to new --to-version 2.0 -o release --level 1 --product sensor {TO_SHARED}"
    );
    desk.run(&pack).succeeded();
    let manifest = desk.run("manifest release --json").succeeded().json();
    let packages = manifest["packages"].as_array().unwrap();
    assert!(packages.iter().all(|package| package["encryption"]["kind"] == "shared"));
    let without = desk.run("verify release --from 1.0=old");
    assert!(without.code == 3 && without.stdout.contains("(E33)"), "{without:#?}");
    desk.run(&format!("verify release --from 1.0=old --decrypt shared.pem {PHRASE}")).succeeded();
    // The same again.
    let first = desk.read("release/1.0-to-2.0.bin");
    desk.run(&format!("{pack} --fresh")).succeeded();
    assert!(desk.read("release/1.0-to-2.0.bin") == first);
}

#[test]
fn files_of_keys_and_passphrases_are_never_written_over() {
    let desk = desk();
    keygen(&desk, "sign.pem sign.pub").succeeded();
    diff(&desk, TO_SHARED).succeeded();
    let lines = [
        (format!("diff old new -o shared.pem {TO_SHARED}"), "shared.pem"),
        (format!("diff old new -o phrase {TO_SHARED}"), "phrase"),
        ("diff old new -o device.pub --seal-to device.pub".to_owned(), "device.pub"),
        (format!("patch old patch -o shared.pem --decrypt shared.pem {PHRASE}"), "shared.pem"),
        (format!("sign patch -o sign.pem --key sign.pem {PHRASE}"), "sign.pem"),
        (format!("sign patch -o phrase --key sign.pem {PHRASE}"), "phrase"),
        ("sign patch -o sign.pub --sign-command false --sign-public-key sign.pub".to_owned(), "sign.pub"),
    ];
    for (line, key) in lines {
        let before = desk.read(key);
        desk.run(&line).failed(2, &[&format!("output and input {key} are the same file")]);
        assert!(desk.read(key) == before, "{line}");
    }
}

#[test]
fn what_is_missing_or_no_key_is_told_by_the_options_that_there_are() {
    let desk = desk();
    diff(&desk, "--encrypt shared.pem").failed(2, &["--encryption-passphrase-file"]);
    // As --raw writes one, but never text by chance.
    desk.write_secret("bare.key", &[0xFF; 32]);
    let bare = diff(&desk, "--encrypt bare.key --encryption-passphrase-file phrase");
    bare.failed(1, &["bare.key: cannot read: it is not text", "--raw"]);
}

/// One machine that forgot `--encrypt` would deliver in the clear what the others hide.
#[test]
fn shards_that_are_encrypted_or_signed_in_different_ways_are_not_merged() {
    let desk = desk();
    keygen(&desk, "sign.pem sign.pub").succeeded();
    keygen(&desk, "other.pem --kind shared").succeeded();
    let pack = "pack --from 1.0=old --to new --to-version 2.0 --level 1 --product sensor";
    desk.run(&format!("{pack} -o one --shard 1/2 {TO_SHARED}")).succeeded();
    let others = [
        "",
        &format!(" {}", TO_SHARED.replace("shared.pem", "other.pem")),
        &format!(" {TO_SHARED} --key sign.pem {PHRASE}"),
    ];
    for (number, options) in others.iter().enumerate() {
        desk.run(&format!("{pack} -o two{number} --shard 2/2{options}")).succeeded();
        desk.run(&format!("manifest merge one two{number} -o release")).failed(3, &["in different ways"]);
        assert!(!desk.path("release/manifest.json").exists());
    }
}

/// A recipe is what a manifest says, and a stranger may have written that.
#[test]
fn a_planted_package_that_is_not_encrypted_and_signed_is_made_anew() {
    let desk = desk();
    keygen(&desk, "sign.pem sign.pub").succeeded();
    let pack = "pack --from 1.0=old --to new --to-version 2.0 --level 1 --product sensor";
    let whole = format!("{pack} -o release {TO_SHARED} --key sign.pem {PHRASE}");
    desk.run(&whole).succeeded();
    let verify = format!("verify release --from 1.0=old --decrypt shared.pem --public-key sign.pub {PHRASE}");
    let genuine = desk.read("release/manifest.json");
    for options in ["", &format!(" {TO_SHARED}"), &format!(" --key sign.pem {PHRASE}")] {
        desk.run(&format!("{pack} -o planted --fresh{options}")).succeeded();
        let mut planted: serde_json::Value =
            serde_json::from_slice(&desk.read("planted/manifest.json")).unwrap();
        let wanted: serde_json::Value = serde_json::from_slice(&genuine).unwrap();
        for (package, wanted) in
            planted["packages"].as_array_mut().unwrap().iter_mut().zip(wanted["packages"].as_array().unwrap())
        {
            let file = format!("/{}", package["file"].as_str().unwrap());
            desk.write(&format!("release{file}"), &desk.read(&format!("planted{file}")));
            package["recipe"] = wanted["recipe"].clone();
        }
        desk.write("release/manifest.json", planted.to_string().as_bytes());
        desk.run(&whole).succeeded();
        desk.run(&verify).succeeded();
        assert!(desk.read("release/manifest.json") == genuine, "{options}");
    }
}

//! `keygen` for encryption, encrypted packages and releases.

use serde_json::{Value, json};

use crate::common::{Desk, Outcome, PASSPHRASE, smidgen};

const TO_SHARED: &str = "--encrypt shared.pem";

/// Packs a release of `old` and `new`.
const PACK: &str = "pack --from 1.0=old --to new --to-version 2.0 --level 1 --product sensor";

/// Makes an encrypted package, with names.
fn diff(desk: &Desk, options: &str) -> Outcome {
    desk.run(&format!("diff old new -o patch --level 1 --product sensor --to-version 2.0 {options}"))
}

#[test]
fn keys_are_made_for_their_owner_only() {
    let desk = Desk::new();
    desk.ok("keygen shared.pem --kind shared --raw shared.key");
    desk.ok("keygen device.pem device.pub --kind x25519 --raw device.key");
    for name in ["shared.pem", "device.pem", "shared.key", "device.key"] {
        #[cfg(unix)]
        assert_eq!(desk.mode(name), 0o600, "{name}");
        if name.ends_with(".key") {
            assert_eq!(desk.read(name).len(), 32);
        } else {
            assert!(desk.read(name).starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        }
    }
    assert!(desk.read("device.pub").starts_with(b"-----BEGIN PUBLIC KEY-----\n"));
    let made = desk.json("keygen s.pem --kind shared");
    assert_eq!((&made["algorithm"], &made["public_key"]), (&json!("shared"), &json!(null)));
    assert_eq!(made["key"].as_str().unwrap().len(), 16);
    for (arguments, part) in [
        ("s.pem --kind shared", "s.pem: exists, and is not overwritten"),
        ("a.pem a.pub --kind shared", "a shared key has no public key"),
        ("a.pem a.pub --raw a.key", "no secret key to check"),
        ("a.pem a.pub --kind x25519 --raw shared.key", "shared.key: exists, and is not overwritten"),
        ("a.pem --kind x25519", "PUBLIC"),
    ] {
        desk.run(&format!("keygen {arguments}")).failed(2, &[part]);
    }
    assert!(!desk.path("a.pem").exists() && !desk.path("a.pub").exists());
}

#[test]
fn a_device_with_the_key_gets_the_image_and_errors_name_the_missing_key() {
    let desk = Desk::with_keys();
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
        desk.run(&format!("patch old patch -o restored --decrypt {other}")).failed(3, &["(E33)", &name]);
        assert!(!desk.path("restored").exists());
        desk.ok(&format!("patch old patch -o restored --decrypt {other} --decrypt {key}"));
        assert!(desk.read("restored") == desk.read("new"));
        std::fs::remove_file(desk.path("restored")).unwrap();
        desk.ok(&format!("verify old patch --decrypt {key}"));
        let info = desk.ok(&format!("info patch --base old --decrypt {key}"));
        assert!(info.stdout.contains("sensor") && info.stdout.contains(&name), "{}", info.stdout);
    }
}

#[test]
fn info_without_the_key_shows_what_is_public() {
    let desk = Desk::with_keys();
    diff(&desk, TO_SHARED).succeeded();
    let info = desk.ok("info patch").stdout;
    assert!(info.contains("by chacha20, for the shared key") && !info.contains("sensor"), "{info}");
    assert!(info.contains("60300 bytes") || info.contains("target"), "{info}");
    let info = desk.json("info patch");
    assert_eq!((&info["product"], &info["encryption"]["cipher"]), (&json!(null), &json!("chacha20")));
    let info = desk.json("info patch --decrypt shared.pem");
    assert_eq!((&info["product"], &info["to_version"]), (&json!("sensor"), &json!("2.0")));
    desk.ok("diff old new -o plain --level 1");
    assert_eq!(desk.json("info plain")["encryption"], json!(null));
    // A key that is not needed does no harm.
    desk.ok("verify old plain --decrypt shared.pem");
}

#[test]
fn another_key_of_the_same_kind_is_named() {
    let desk = Desk::with_keys();
    desk.ok("keygen other.pem --kind shared");
    diff(&desk, TO_SHARED).succeeded();
    let wrong = desk.run("patch old patch -o restored --decrypt other.pem");
    wrong.failed(3, &["the package is encrypted for another key (E34)", "shared key"]);
    desk.write_secret("wrong", b"wrong\n");
    let wrong = desk.run("patch old patch -o restored --decrypt shared.pem --passphrase-file wrong");
    wrong.failed(1, &["shared.pem: cannot be decrypted"]);
}

#[test]
fn wrong_keys_have_errors_of_their_own() {
    let desk = Desk::with_keys();
    let before = desk.read("patch");
    diff(&desk, "--encrypt device.pem").failed(2, &["--seal-to"]);
    diff(&desk, "--encrypt key.pem").failed(1, &["decrypts packages"]);
    diff(&desk, "--seal-to key.pub").failed(1, &["is not a public key of X25519"]);
    diff(&desk, "--seal-to device.pub --encrypt shared.pem").failed(2, &["cannot be used with"]);
    diff(&desk, "--cipher aes-256-ctr").failed(2, &["required"]);
    diff(&desk, "--format bsdiff --seal-to device.pub").failed(2, &["--seal-to"]);
    assert!(desk.read("patch") == before);
}

#[test]
fn encrypted_packages_are_signed_and_not_the_other_way_around() {
    let desk = Desk::with_keys();
    diff(&desk, TO_SHARED).succeeded();
    desk.ok("sign patch -o signed --key key.pem");
    let verify = "verify old signed --public-key key.pub --decrypt shared.pem";
    desk.ok(verify);
    let signed = desk.json("info signed");
    assert_eq!(signed["keys"].as_array().unwrap().len(), 1);
    let shown = desk.ok("info signed").stdout;
    assert!(shown.contains(signed["keys"][0].as_str().unwrap()), "{shown}");
    assert!(desk.ok("info patch").stdout.contains("signed by      no key"));
    // Signatures are checked before anything is decrypted.
    desk.run(&verify.replace("signed", "patch")).failed(3, &["(E40)"]);
}

#[cfg(unix)]
#[test]
fn a_command_can_seal() {
    let desk = Desk::with_keys();
    let seal = |output: &str, command: &str| {
        let mut run = desk.command(smidgen());
        run.args(["diff", "old", "new", "-o", output, "--level", "1", "--seal-command", command]);
        Outcome::from(run.env("SMIDGEN_PASSPHRASE", PASSPHRASE).output().unwrap())
    };
    // As a key server would print a sealed key.
    let server =
        "test $(wc -c) = 32 || exit 3; test -z \"$SMIDGEN_PASSPHRASE\" || exit 4; head -c 88 /dev/zero";
    seal("patch", server).succeeded();
    let expected = json!({ "cipher": "chacha20", "kind": "sealed", "key": "0000000000000000" });
    assert_eq!(desk.json("info patch")["encryption"], expected);
    for (command, part) in
        [("false", "ended with"), ("echo no key", "printed 7 bytes"), ("yes", "more than 4096 bytes")]
    {
        seal("other", command).failed(1, &["the content key could not be sealed", part]);
        assert!(!desk.path("other").exists());
    }
}

#[test]
fn releases_are_packed_and_verified_with_the_key() {
    let desk = Desk::with_keys();
    let pack = format!("{PACK} -o release {TO_SHARED}");
    desk.ok(&pack);
    let manifest = desk.json("manifest release");
    let packages = manifest["packages"].as_array().unwrap();
    assert!(packages.iter().all(|package| package["encryption"]["kind"] == "shared"));
    let without = desk.run("verify release --from 1.0=old");
    assert!(without.code == 2 && without.stdout.contains("(E33): give its key"), "{without:#?}");
    desk.ok("verify release --from 1.0=old --decrypt shared.pem");
    // The release file names the key, and perhaps the passphrase.
    let file = "encrypt = 'shared.pem'\nencryption-passphrase-file = 'phrase'\n[from]\n'1.0' = 'old'";
    desk.write("release.toml", file.as_bytes());
    desk.sh("smidgen verify release release.toml").succeeded();
    desk.write("release.toml", file.replace("encryption-passphrase-file = 'phrase'", "").as_bytes());
    desk.ok("verify release release.toml");
    desk.sh("smidgen verify release release.toml")
        .failed(2, &["no passphrase is given", "encryption-passphrase-file in the release file"]);
    // Options come first.
    desk.write("release.toml", file.replace("shared.pem", "none.pem").as_bytes());
    desk.ok("verify release release.toml --decrypt shared.pem");
    desk.run("verify release release.toml").failed(1, &["none.pem: cannot read"]);
    // The same again.
    let first = desk.read("release/1.0-to-2.0.bin");
    desk.ok(&format!("{pack} --fresh"));
    assert!(desk.read("release/1.0-to-2.0.bin") == first);
}

#[test]
fn files_of_keys_and_passphrases_are_never_overwritten() {
    let desk = Desk::with_keys();
    diff(&desk, TO_SHARED).succeeded();
    for (line, key) in [
        ("diff old new -o shared.pem --encrypt shared.pem", "shared.pem"),
        ("diff old new -o phrase --encrypt shared.pem --encryption-passphrase-file phrase", "phrase"),
        ("diff old new -o device.pub --seal-to device.pub", "device.pub"),
        ("patch old patch -o shared.pem --decrypt shared.pem", "shared.pem"),
        ("sign patch -o key.pem --key key.pem", "key.pem"),
        ("sign patch -o phrase --key key.pem --passphrase-file phrase", "phrase"),
        ("sign patch -o key.pub --sign-command false --sign-public-key key.pub", "key.pub"),
    ] {
        let before = desk.read(key);
        desk.run(line).failed(2, &[&format!("output and input {key} are the same file")]);
        assert!(desk.read(key) == before, "{line}");
    }
}

#[test]
fn messages_name_the_options_of_the_command() {
    let desk = Desk::with_keys();
    let missing = desk.sh("smidgen diff old new -o x --encrypt shared.pem");
    missing.failed(2, &["--encryption-passphrase-file"]);
    // Like a file of --raw, but never text by chance.
    desk.write_secret("bare.key", &[0xFF; 32]);
    diff(&desk, "--encrypt bare.key").failed(1, &["bare.key: cannot read: it is not text", "--raw"]);
}

/// One machine that forgot `--encrypt` would deliver in the clear what the others hide.
#[test]
fn shards_that_are_encrypted_or_signed_in_different_ways_are_not_merged() {
    let desk = Desk::with_keys();
    desk.ok("keygen other.pem --kind shared");
    desk.ok(&format!("{PACK} -o one --shard 1/2 {TO_SHARED}"));
    let others = ["", " --encrypt other.pem", " --encrypt shared.pem --key key.pem"];
    for (number, options) in others.iter().enumerate() {
        desk.ok(&format!("{PACK} -o two{number} --shard 2/2{options}"));
        desk.run(&format!("manifest merge one two{number} -o release")).failed(3, &["in different ways"]);
        assert!(!desk.path("release/manifest.json").exists());
    }
}

/// A recipe is in a manifest, which a stranger may have written.
#[test]
fn a_planted_package_that_is_not_encrypted_and_signed_is_made_anew() {
    let desk = Desk::with_keys();
    let whole = format!("{PACK} -o release {TO_SHARED} --key key.pem");
    desk.ok(&whole);
    let genuine = desk.read("release/manifest.json");
    let wanted: Value = serde_json::from_slice(&genuine).unwrap();
    for options in ["", " --encrypt shared.pem", " --key key.pem"] {
        desk.ok(&format!("{PACK} -o planted --fresh{options}"));
        let mut planted: Value = serde_json::from_slice(&desk.read("planted/manifest.json")).unwrap();
        for (number, package) in planted["packages"].as_array_mut().unwrap().iter_mut().enumerate() {
            let file = package["file"].as_str().unwrap();
            desk.write(&format!("release/{file}"), &desk.read(&format!("planted/{file}")));
            package["recipe"] = wanted["packages"][number]["recipe"].clone();
        }
        desk.write("release/manifest.json", planted.to_string().as_bytes());
        desk.ok(&whole);
        desk.ok("verify release --from 1.0=old --decrypt shared.pem --public-key key.pub");
        assert!(desk.read("release/manifest.json") == genuine, "{options}");
    }
}

//! `keygen`, `sign`, and signed releases.

use std::fs;

use serde_json::json;
use testkit::peers;

use crate::common::{Desk, Outcome, PASSPHRASE, ends, sha256, smidgen};

/// Packs a release of `old` and `new`, signed with a key.
const PACK: &str = "pack -o out --to new --to-version 2 --from 1=old --level 1 --key key.pem";

/// Signs `patch` with the public key of a command.
fn sign_by_command(desk: &Desk, public: &str, command: &str) -> Outcome {
    let mut line = desk.command(smidgen());
    line.args("sign patch -o signed --sign-public-key".split(' ')).args([public, "--sign-command", command]);
    line.env("SMIDGEN_PASSPHRASE", PASSPHRASE);
    ends(line)
}

/// Runs a line of shell with openssl; false if there is no openssl.
pub(crate) fn openssl(desk: &Desk, line: &str) -> bool {
    peers::run(desk.command("openssl").arg("version"))
        .and_then(|_| peers::run(desk.command("sh").args(["-c", line])))
        .is_some()
}

#[test]
fn a_new_key_is_for_its_owner_only_and_never_overwritten() {
    let desk = Desk::new();
    desk.ok("keygen key.pem key.pub");
    let secret = desk.read("key.pem");
    assert!(secret.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    assert!(desk.read("key.pub").starts_with(b"-----BEGIN PUBLIC KEY-----\n"));
    #[cfg(unix)]
    assert_eq!(desk.mode("key.pem"), 0o600);
    desk.run("keygen key.pem key.pub").failed(2, &["key.pem: exists, and is not overwritten"]);
    assert_eq!(desk.read("key.pem"), secret);
    // Without its public key, no secret key is left behind.
    desk.run("keygen other.pem key.pub").failed(2, &["key.pub: exists, and is not overwritten"]);
    assert!(!desk.path("other.pem").exists());
    let made = desk.json("keygen third.pem third.pub");
    let forms = &made["public_key"];
    assert!(forms["rust"].as_str().unwrap().starts_with("const KEY: Ed25519Key = Ed25519Key([0x"));
    assert_eq!(forms["pem"], String::from_utf8(desk.read("third.pub")).unwrap());
}

#[test]
fn a_passphrase_must_be_there_and_right() {
    let desk = Desk::with_keys();
    desk.sh("smidgen keygen a.pem a.pub").failed(2, &["no passphrase", "SMIDGEN_PASSPHRASE"]);
    #[cfg(unix)]
    desk.sh("SMIDGEN_PASSPHRASE=$(printf '\\377') smidgen keygen a.pem a.pub").failed(2, &["is not UTF-8"]);
    desk.write_secret("none", b"\n");
    desk.run("keygen a.pem a.pub --passphrase-file none").failed(2, &["the passphrase is empty"]);
    desk.write_secret("wrong", b"wrong\n");
    let wrong = desk.run("sign patch -o signed --key key.pem --passphrase-file wrong");
    wrong.failed(1, &["key.pem: cannot be decrypted: the passphrase is wrong"]);
    desk.sh("smidgen sign patch -o signed --key key.pem --passphrase-file phrase").succeeded();
}

/// What is wrong with the file is said before what is wrong with the passphrase.
#[test]
fn files_that_no_passphrase_makes_a_key_are_named_without_one() {
    let desk = Desk::with_keys();
    desk.write_secret("plain.pem", b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIDvvGoUaAt0FBqLFII0wXQEiErelE8bizFH7t/0V4B4B\n-----END PRIVATE KEY-----\n");
    desk.write_secret("text", b"no key\n");
    for (key, said) in [
        ("plain.pem", "plain.pem: is a secret key without a passphrase: encrypt it"),
        ("key.pub", "key.pub: is a public key: give its secret key"),
        ("text", "text: is not an encrypted secret key"),
    ] {
        for line in ["sign patch -o x --key", "patch old patch -o x --decrypt", "diff old new -o x --encrypt"]
        {
            desk.sh(&format!("smidgen {line} {key}")).failed(1, &[said]);
        }
    }
    desk.sh("smidgen sign patch -o x --key key.pem --key none").failed(1, &["none: cannot read"]);
    desk.sh("smidgen sign patch -o x --key key.pem --key text").failed(1, &["text: is not an encrypted"]);
    desk.sh("smidgen sign patch -o x --key key.pem").failed(2, &["no passphrase is given"]);
}

#[test]
fn a_public_key_is_printed_in_the_form_that_is_asked_for() {
    let desk = Desk::new();
    let forms = &desk.json("keygen a.pem a.pub")["public_key"];
    let hex = forms["hex"].as_str().unwrap();
    let bytes: Vec<String> = (0..32).map(|n| format!("0x{}", &hex[2 * n..2 * n + 2])).collect();
    let list = bytes.join(", ");
    assert_eq!(forms["rust"], format!("const KEY: Ed25519Key = Ed25519Key([{list}]);"));
    assert_eq!(forms["c"], format!("static const uint8_t KEY[32] = {{{list}}};"));
    assert!(desk.ok("keygen b.pem b.pub").stdout.starts_with("const KEY: Ed25519Key = "));
    for (form, start) in [
        ("c", "static const uint8_t KEY[32] = {0x"),
        ("rust", "const KEY: [u8; 32] = [0x"),
        ("pem", "-----BEGIN PUBLIC KEY-----\n"),
    ] {
        let said = desk.ok(&format!("keygen {form}.pem {form}.pub --kind x25519 --print {form}"));
        assert!(said.stdout.starts_with(start), "{said:?}");
    }
    assert_eq!(desk.ok("keygen hex.pem hex.pub --print hex").stdout.trim().len(), 64);
    assert_eq!(desk.ok("keygen c25.pem c25.pub --kind x25519").stdout, "");
    desk.run("keygen s.pem --kind shared --print hex").failed(2, &["a shared key has no public key"]);
}

#[test]
fn a_signed_package_is_verified_with_its_keys_only() {
    let desk = Desk::with_keys();
    desk.ok("keygen foreign.pem foreign.pub");
    desk.ok("sign patch -o signed --key key.pem --key next.pem");
    for key in ["key.pub", "next.pub", "foreign.pub key.pub"] {
        desk.ok(&format!("verify old signed --public-key {key}"));
    }
    let note = "note: the package is signed, but its signatures are not checked: give --public-key";
    for (line, signature, is_noted) in [
        ("verify old signed", json!("not-checked"), true),
        ("verify old signed --public-key key.pub", json!("good"), false),
        ("verify old patch", json!(null), false),
    ] {
        let said = desk.ok(&format!("{line} --json"));
        assert_eq!((&said.json()["signature"], said.stderr.contains(note)), (&signature, is_noted), "{line}");
        assert_eq!(desk.ok(line).stderr.contains(note), is_noted, "{line}");
    }
    let patch = "patch old signed -o restored --public-key";
    desk.ok(&format!("{patch} key.pub"));
    std::fs::remove_file(desk.path("restored")).unwrap();
    desk.run(&format!("{patch} foreign.pub")).failed(3, &["not signed by a known key (E41)"]);
    desk.run("patch old patch -o restored --public-key key.pub").failed(3, &["not signed (E40)"]);
    assert!(!desk.path("restored").exists());
    desk.run("verify old signed --public-key foreign.pub").failed(3, &["not signed by a known key (E41)"]);
    desk.run("verify old patch --public-key key.pub").failed(3, &["the package is not signed (E40)"]);
    let mut damaged = desk.read("signed");
    *damaged.last_mut().unwrap() ^= 1;
    desk.write("damaged", &damaged);
    desk.run("verify old damaged --public-key key.pub").failed(3, &["(E20)"]);
    desk.ok("patch old signed -o restored");
    assert!(desk.read("restored") == desk.read("new"));
    desk.run("sign patch -o patch --key key.pem").failed(2, &["same file"]);
    desk.run("sign patch -o x").failed(2, &["no key is given"]);
    desk.run("sign old -o x --key key.pem").failed(3, &["old: not a Smidgen package"]);
}

/// As with an HSM: the program has the public key only.
#[test]
fn commands_sign_too() {
    let desk = Desk::with_keys();
    let make = "openssl ecparam -name prime256v1 -genkey -noout -out hsm.pem && openssl ec -in hsm.pem -pubout -out hsm.pub";
    if !openssl(&desk, make) {
        return;
    }
    let sign = |command: &str| sign_by_command(&desk, "hsm.pub", command);
    sign("openssl dgst -sha256 -sign hsm.pem").succeeded();
    desk.ok("verify old signed --public-key hsm.pub");
    desk.run("verify old signed --public-key key.pub").failed(3, &["(E41)"]);
    sign("openssl dgst -sha256 -sign hsm.pem | od -An -tx1 | tr -d ' \\n'").succeeded();
    desk.ok("verify old signed --public-key hsm.pub");
    sign("echo something | openssl dgst -sha256 -sign hsm.pem").failed(1, &["does not match its public key"]);
    sign("exit 3").failed(1, &["exit 3", "status: 3"]);
    sign("echo no signature").failed(1, &["no signature"]);
    desk.run("sign patch -o x --sign-command true").failed(2, &["--sign-public-key"]);
}

/// The output of a command is bounded, and it does not get the passphrase of other keys.
#[cfg(unix)]
#[test]
fn commands_get_no_passphrase_and_cannot_fill_memory() {
    let desk = Desk::with_keys();
    let sign = |command: &str| sign_by_command(&desk, "key.pub", command);
    sign("cat /dev/zero").failed(1, &["cat /dev/zero", "printed more than 4096 bytes"]);
    sign("head -c 5000 /dev/zero; sleep 50").failed(1, &["printed more than 4096 bytes"]);
    sign("cat > message; env > environment; exit 7").failed(1, &["status: 7"]);
    assert!(desk.read("message").starts_with(b"SMDG"));
    let environment = String::from_utf8(desk.read("environment")).unwrap();
    assert!(environment.contains("PATH=") && !environment.contains("PASSPHRASE"), "{environment}");
}

#[cfg(unix)]
#[test]
fn secrets_that_others_can_read_get_a_warning() {
    let desk = Desk::with_keys();
    let sign = || desk.ok("sign patch -o signed --key key.pem --passphrase-file phrase").stderr;
    assert!(!sign().contains("warning"));
    desk.set_mode("key.pem", 0o644);
    let text = sign();
    assert!(text.contains("warning: key.pem: others can read it (mode 644); chmod 600 it"), "{text}");
    desk.set_mode("phrase", 0o640);
    let text = sign();
    assert!(text.contains("warning: phrase: others can read it (mode 640)"), "{text}");
    let text = desk.ok("keygen a.pem a.pub --passphrase-file phrase").stderr;
    assert!(text.contains("warning: phrase: "), "{text}");
    // A public key is for everybody.
    desk.set_mode("key.pub", 0o644);
    assert_eq!(desk.ok("verify old signed --public-key key.pub").stderr, "");
}

/// A pipe may give a passphrase or a key, once, and not without end.
#[cfg(unix)]
#[test]
fn passphrases_come_through_pipes_and_nothing_comes_without_end() {
    let desk = Desk::with_keys();
    let sign = "smidgen sign patch -o signed --key key.pem";
    desk.sh(&format!("{sign} --key next.pem --passphrase-file /dev/stdin < phrase")).succeeded();
    desk.sh(&format!("cat phrase | {sign} --passphrase-file /dev/stdin")).succeeded();
    desk.write("large", &[b'x'; 70_000]);
    for (line, file) in [
        ("sign patch -o x --key key.pem --passphrase-file /dev/zero", "/dev/zero"),
        ("sign patch -o x --key /dev/zero", "/dev/zero"),
        ("verify old patch --public-key /dev/zero", "/dev/zero"),
        ("verify old patch --public-key large", "large"),
    ] {
        desk.run(line).failed(1, &[&format!("{file}: has more than 65536 bytes")]);
    }
}

#[test]
fn each_fault_of_a_key_has_its_message() {
    let desk = Desk::with_keys();
    let sign = |key: &str| desk.run(&format!("sign patch -o x --key {key}"));
    sign("key.pub").failed(1, &["key.pub: is a public key: give its secret key"]);
    sign("old").failed(1, &["old: cannot read: "]);
    sign("phrase").failed(1, &["phrase: is not an encrypted secret key"]);
    desk.run("verify old patch --public-key key.pem")
        .failed(1, &["key.pem: is a secret key: give its public"]);
    let make = "openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -out other.pem \
                -passout file:phrase; chmod 600 other.pem";
    if openssl(&desk, make) {
        let parts = ["other.pem: is a secret key of ECDSA, not of Ed25519", "--sign-command"];
        sign("other.pem").failed(1, &parts);
    }
}

/// Other tools read what `keygen` writes, and sign the same with it.
#[test]
fn openssl_reads_a_new_key() {
    let desk = Desk::with_keys();
    let read = "openssl pkey -in key.pem -passin file:phrase -pubout -out again.pub && \
                openssl pkey -pubin -in key.pub -noout && \
                openssl pkey -in key.pem -passin file:phrase -out bare.pem";
    if !openssl(&desk, read) {
        return;
    }
    assert_eq!(desk.read("again.pub"), desk.read("key.pub"));
    let command = "cat > message && openssl pkeyutl -sign -rawin -inkey bare.pem -in message";
    sign_by_command(&desk, "key.pub", command).succeeded();
    desk.ok("sign patch -o ours --key key.pem");
    assert!(desk.read("signed") == desk.read("ours"));
}

#[test]
fn a_release_is_signed_as_it_is_made() {
    let desk = Desk::with_keys();
    desk.ok(PACK);
    let manifest = desk.json("manifest out");
    assert_eq!(manifest["packages"][1]["keys"].as_array().unwrap().len(), 1);
    desk.ok("verify old out/1-to-2.bin --public-key key.pub");
    let before = desk.read("out/1-to-2.bin");
    let reused = |line: &str| desk.ok(line).stdout.matches("\"reused\":true").count();
    assert_eq!(reused(&format!("{PACK} --json")), 2);
    assert_eq!(reused(&format!("{PACK} --json --fresh")), 0);
    assert!(desk.read("out/1-to-2.bin") == before);
    // With another signature, it is another package.
    assert_eq!(reused(&format!("{PACK} --key next.pem --json")), 0);
    desk.ok("verify old out/1-to-2.bin --public-key next.pub");
}

#[test]
fn a_release_is_replayed_as_devices_will() {
    let desk = Desk::with_keys();
    desk.ok(PACK);
    let good = desk.ok("verify out --from 1=old --public-key key.pub");
    assert_eq!(good.stdout.matches("OK").count(), 2, "{good:?}");
    let verify = |arguments: &str, part: &str| {
        let outcome = desk.run(&format!("verify out {arguments} --json"));
        assert_eq!((outcome.code, outcome.json()["ok"].as_bool()), (3, Some(false)), "{outcome:?}");
        assert!(outcome.stdout.contains(part), "{part} in {outcome:?}");
    };
    let unchecked = desk.run("verify out -q --json");
    assert_eq!((unchecked.code, unchecked.json()["ok"].as_bool()), (2, Some(false)), "{unchecked:?}");
    assert!(unchecked.stdout.contains("give --from 1=IMAGE"), "{unchecked:?}");
    verify("--from 1=new", "is not the one that the release was made from");
    verify("--from 1=old --public-key next.pub", "(E41)");
    desk.run("verify out --from 1=new --from 1=old").failed(2, &["the source version \"1\" is given twice"]);
    let package = desk.read("out/1-to-2.bin");
    let mut damaged = package.clone();
    *damaged.last_mut().unwrap() ^= 1;
    desk.write("out/1-to-2.bin", &damaged);
    verify("--from 1=old", "another SHA-256 than the manifest says");
    desk.write("out/1-to-2.bin", &package[1..]);
    verify("--from 1=old", "the manifest says");
    fs::remove_file(desk.path("out/1-to-2.bin")).unwrap();
    verify("--from 1=old", "the file is missing");
    desk.write("out/manifest.json", b"{}");
    desk.run("verify out --from 1=old").failed(3, &["is not a manifest"]);
    desk.run("verify old").failed(2, &["no package is given"]);
}

#[test]
fn a_release_can_be_signed_after_it_was_made() {
    let desk = Desk::with_keys();
    let pack = "pack --to new --to-version 2 --from 1=old --level 1 --android-sdk";
    desk.ok(&format!("{pack} -o plain"));
    let before = desk.read("plain/manifest.json");
    let sign = "sign plain -o out --key key.pem";
    desk.ok(sign);
    desk.ok("verify out --from 1=old --public-key key.pub");
    let manifest = desk.json("manifest out");
    for package in manifest["packages"].as_array().unwrap() {
        let file = desk.read(&format!("out/{}", package["file"].as_str().unwrap()));
        assert_eq!((&package["size"], &package["sha256"]), (&file.len().into(), &sha256(&file).into()));
        assert_eq!((&package["sign"], package["keys"].as_array().unwrap().len()), (&package["md5"], 1));
    }
    // The source stays as it was; a second run writes the same.
    assert!(desk.read("plain/manifest.json") == before);
    let first = desk.read("out/manifest.json");
    desk.ok(sign);
    assert!(desk.read("out/manifest.json") == first);
    // Another signature is added to the first.
    let both = desk.json("sign out -o both --key next.pem");
    assert_eq!(both["manifest"]["packages"][0]["keys"].as_array().unwrap().len(), 2);
    desk.ok("verify both --from 1=old --public-key key.pub");
    desk.ok("verify both --from 1=old --public-key next.pub");
    // The same options make an unsigned release again.
    assert!(!desk.ok(&format!("{pack} -o out --json")).stdout.contains("\"reused\":true"));
    assert!(desk.read("out/manifest.json") == before);

    desk.run("sign plain -o plain --key key.pem").failed(2, &["a folder of its own"]);
    desk.run("sign plain -o out").failed(2, &["no key is given"]);
    let package = desk.read("plain/1-to-2.bin");
    let sign = "sign plain -o third --key key.pem";
    desk.write("plain/1-to-2.bin", &package[1..]);
    desk.run(sign).failed(3, &["plain/1-to-2.bin: the file has", "the manifest says"]);
    desk.write("plain/1-to-2.bin", &vec![7; package.len()]);
    desk.run(sign).failed(3, &["another SHA-256"]);
    assert!(!desk.path("third/manifest.json").exists());
}

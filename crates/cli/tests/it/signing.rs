//! `keygen`, `sign`, and signed releases.

use std::fs;
use std::sync::LazyLock;

use testkit::peers;

use crate::common::{Desk, Outcome};

/// A folder with `old`, `new`, `patch`, a passphrase and a key.
fn desk() -> Desk {
    static MADE: LazyLock<[(&str, Vec<u8>); 4]> =
        LazyLock::new(|| desk_with_a_new_key().made(["patch", "phrase", "key.pem", "key.pub"]));
    Desk::with_made(&*MADE)
}

fn desk_with_a_new_key() -> Desk {
    let desk = Desk::with_package();
    desk.write_secret("phrase", b"correct horse battery staple\nsecond line\n");
    keygen(&desk, "key").succeeded();
    desk
}

fn keygen(desk: &Desk, name: &str) -> Outcome {
    desk.run(&format!("keygen {name}.pem {name}.pub --passphrase-file phrase"))
}

#[test]
fn a_new_key_is_for_its_owner_only_and_never_written_over() {
    let desk = desk_with_a_new_key();
    let secret = String::from_utf8(desk.read("key.pem")).unwrap();
    assert!(secret.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{secret}");
    assert!(String::from_utf8(desk.read("key.pub")).unwrap().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(desk.path("key.pem")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    keygen(&desk, "key").failed(2, &["key.pem: exists, and is not overwritten"]);
    assert_eq!(desk.read("key.pem"), secret.as_bytes());
    // With half of a pair there, no secret key is left behind.
    fs::copy(desk.path("key.pub"), desk.path("other.pub")).unwrap();
    keygen(&desk, "other").failed(2, &["other.pub: exists, and is not overwritten"]);
    assert!(!desk.path("other.pem").exists());
    let told = desk.run("keygen third.pem third.pub --passphrase-file phrase --json").succeeded().json();
    assert!(told["constant"].as_str().unwrap().starts_with("const KEY: Ed25519Key = Ed25519Key([0x"));
}

#[test]
fn a_passphrase_must_be_there_and_right() {
    let desk = desk();
    desk.run("keygen a.pem a.pub").failed(2, &["no passphrase", "SMIDGEN_PASSPHRASE"]);
    desk.write_secret("none", b"\n");
    desk.run("keygen a.pem a.pub --passphrase-file none").failed(2, &["the passphrase is empty"]);
    desk.write_secret("wrong", b"wrong\n");
    let wrong = desk.run("sign patch -o signed --key key.pem --passphrase-file wrong");
    wrong.failed(1, &["key.pem: cannot be decrypted: the passphrase is wrong"]);
    let mut command = desk.command(crate::common::smidgen());
    command.args(["sign", "patch", "-o", "signed", "--key", "key.pem"]);
    let outcome: Outcome =
        command.env("SMIDGEN_PASSPHRASE", "correct horse battery staple").output().unwrap().into();
    outcome.succeeded();
}

#[test]
fn a_signed_package_is_told_from_others() {
    let desk = desk();
    keygen(&desk, "next").succeeded();
    keygen(&desk, "foreign").succeeded();
    desk.run("sign patch -o signed --key key.pem --key next.pem --passphrase-file phrase").succeeded();
    for key in ["key.pub", "next.pub", "foreign.pub key.pub"] {
        desk.run(&format!("verify old signed --public-key {key}")).succeeded();
    }
    desk.run("verify old signed").succeeded();
    desk.run("verify old signed --public-key foreign.pub").failed(3, &["not signed by a known key (E41)"]);
    desk.run("verify old patch --public-key key.pub").failed(3, &["the package is not signed (E40)"]);
    let mut damaged = desk.read("signed");
    *damaged.last_mut().unwrap() ^= 1;
    desk.write("damaged", &damaged);
    desk.run("verify old damaged --public-key key.pub").failed(3, &["(E20)"]);
    desk.run("patch old signed -o restored").succeeded();
    assert!(desk.read("restored") == desk.read("new"));
    desk.run("sign patch -o patch --key key.pem --passphrase-file phrase").failed(2, &["same file"]);
    desk.run("sign patch -o x").failed(2, &["no key is given"]);
    desk.run("sign old -o x --key key.pem --passphrase-file phrase")
        .failed(3, &["old: not a Smidgen package"]);
}

/// As with an HSM: the program sees the public key only.
#[test]
fn commands_sign_too() {
    let desk = desk();
    if peers::run(desk.command("openssl").arg("version")).is_none() {
        return;
    }
    let sh = |line: &str| peers::run(desk.command("sh").args(["-c", line])).unwrap();
    sh(
        "openssl ecparam -name prime256v1 -genkey -noout -out hsm.pem && openssl ec -in hsm.pem -pubout -out hsm.pub",
    );
    let sign = |command: &str| {
        let mut line = desk.command(crate::common::smidgen());
        line.args([
            "sign",
            "patch",
            "-o",
            "signed",
            "--sign-public-key",
            "hsm.pub",
            "--sign-command",
            command,
        ]);
        Outcome::from(line.output().unwrap())
    };
    sign("openssl dgst -sha256 -sign hsm.pem").succeeded();
    desk.run("verify old signed --public-key hsm.pub").succeeded();
    desk.run("verify old signed --public-key key.pub").failed(3, &["(E41)"]);
    sign("openssl dgst -sha256 -sign hsm.pem | od -An -tx1 | tr -d ' \\n'").succeeded();
    desk.run("verify old signed --public-key hsm.pub").succeeded();
    sign("echo something | openssl dgst -sha256 -sign hsm.pem").failed(1, &["is not by the public key"]);
    sign("exit 3").failed(1, &["exit 3", "status: 3"]);
    sign("echo no signature").failed(1, &["no signature"]);
    desk.run("sign patch -o x --sign-command true").failed(2, &["--sign-public-key"]);
}

/// What a command prints is bounded, and the passphrase of other keys is not its business.
#[cfg(unix)]
#[test]
fn commands_get_no_passphrase_and_cannot_fill_memory() {
    let desk = desk();
    let sign = |command: &str| {
        let mut line = desk.command(crate::common::smidgen());
        line.args([
            "sign",
            "patch",
            "-o",
            "signed",
            "--sign-public-key",
            "key.pub",
            "--sign-command",
            command,
        ]);
        line.env("SMIDGEN_PASSPHRASE", "for nobody else");
        crate::common::ends(line)
    };
    sign("cat /dev/zero").failed(1, &["cat /dev/zero", "printed more than 4096 bytes"]);
    sign("head -c 5000 /dev/zero; sleep 50").failed(1, &["printed more than 4096 bytes"]);
    sign("cat > message; env > environment; exit 7").failed(1, &["status: 7"]);
    assert!(desk.read("message").starts_with(b"SMDG"));
    let environment = String::from_utf8(desk.read("environment")).unwrap();
    assert!(environment.contains("PATH=") && !environment.contains("PASSPHRASE"), "{environment}");
}

#[cfg(unix)]
#[test]
fn secrets_that_others_can_read_are_told() {
    use std::os::unix::fs::PermissionsExt;
    let desk = desk();
    let mode = |name: &str, mode| {
        fs::set_permissions(desk.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    let sign = || desk.run("sign patch -o signed --key key.pem --passphrase-file phrase").succeeded().stderr;
    assert!(!sign().contains("warning"));
    mode("key.pem", 0o644);
    let text = sign();
    assert!(text.contains("warning: key.pem: others can read it (mode 644); chmod 600 it"), "{text}");
    mode("phrase", 0o640);
    let text = sign();
    assert!(text.contains("warning: phrase: others can read it (mode 640)"), "{text}");
    let text = keygen(&desk, "next").succeeded().stderr;
    assert!(text.contains("warning: phrase: "), "{text}");
    // A public key is for everybody.
    assert_eq!(desk.run("verify old signed --public-key key.pub").succeeded().stderr, "");
}

/// A pipe may give a passphrase or a key, once, and not without end.
#[cfg(unix)]
#[test]
fn passphrases_come_through_pipes_and_nothing_comes_without_end() {
    let desk = desk();
    keygen(&desk, "next").succeeded();
    let sh = |line: &str| {
        let mut command = desk.command("sh");
        command.args(["-c", &line.replace("smidgen", crate::common::smidgen())]);
        crate::common::ends(command)
    };
    sh("smidgen sign patch -o signed --key key.pem --key next.pem --passphrase-file /dev/stdin < phrase")
        .succeeded();
    sh("cat phrase | smidgen sign patch -o signed --key key.pem --passphrase-file /dev/stdin").succeeded();
    let endless = "sign patch -o x --passphrase-file";
    sh(&format!("smidgen {endless} /dev/zero --key key.pem")).failed(1, &["/dev/zero: has more than 65536"]);
    sh(&format!("smidgen {endless} phrase --key /dev/zero")).failed(1, &["/dev/zero: has more than 65536"]);
    sh("smidgen verify old signed --public-key /dev/zero").failed(1, &["/dev/zero: has more than 65536"]);
    desk.write("large", &[b'x'; 70_000]);
    desk.run("verify old signed --public-key large").failed(1, &["large: has more than 65536 bytes"]);
}

#[test]
fn what_is_wrong_with_a_key_is_told() {
    let desk = desk();
    let sign = |key: &str| desk.run(&format!("sign patch -o x --key {key} --passphrase-file phrase"));
    sign("key.pub").failed(1, &["key.pub: is a public key: its secret key is needed here"]);
    sign("old").failed(1, &["old: cannot read: "]);
    sign("phrase").failed(1, &["phrase: is not an encrypted secret key"]);
    desk.run("verify old patch --public-key key.pem")
        .failed(1, &["key.pem: is a secret key: its public key"]);
    if peers::run(desk.command("openssl").arg("version")).is_none() {
        return;
    }
    let line = "openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -out other.pem \
                -passout 'pass:correct horse battery staple'; chmod 600 other.pem";
    peers::run(desk.command("sh").args(["-c", line])).unwrap();
    sign("other.pem").failed(1, &["other.pem: is a secret key of ECDSA, not of Ed25519", "--sign-command"]);
}

/// Other tools read what `keygen` writes, and sign the same with it.
#[test]
fn openssl_reads_a_new_key() {
    let desk = desk();
    if peers::run(desk.command("openssl").arg("version")).is_none() {
        return;
    }
    let openssl = |line: &str| peers::run(desk.command("openssl").args(line.split(' '))).unwrap();
    openssl("pkey -in key.pem -passin file:phrase -pubout -out again.pub");
    assert_eq!(desk.read("again.pub"), desk.read("key.pub"));
    openssl("pkey -pubin -in key.pub -noout");
    // As a key of its own, it signs our package.
    openssl("pkey -in key.pem -passin file:phrase -out bare.pem");
    let mut line = desk.command(crate::common::smidgen());
    let command = "cat > message && openssl pkeyutl -sign -rawin -inkey bare.pem -in message";
    line.args(["sign", "patch", "-o", "signed", "--sign-public-key", "key.pub", "--sign-command", command]);
    Outcome::from(line.output().unwrap()).succeeded();
    desk.run("sign patch -o ours --key key.pem --passphrase-file phrase").succeeded();
    assert!(desk.read("signed") == desk.read("ours"));
}

#[test]
fn a_release_is_signed_as_it_is_made() {
    let desk = desk();
    let line =
        "pack -o out --to new --to-version 2 --from 1=old --level 1 --key key.pem --passphrase-file phrase";
    desk.run(line).succeeded();
    let manifest = desk.run("manifest out --json").succeeded().json();
    assert_eq!(manifest["packages"][1]["keys"].as_array().unwrap().len(), 1);
    desk.run("verify old out/1-to-2.bin --public-key key.pub").succeeded();
    let before = desk.read("out/1-to-2.bin");
    assert!(desk.run(&format!("{line} --json")).succeeded().stdout.matches("\"reused\":true").count() == 2);
    assert!(
        desk.run(&format!("{line} --fresh")).succeeded().code == 0 && desk.read("out/1-to-2.bin") == before
    );
    // Signed by another, it is another package.
    keygen(&desk, "next").succeeded();
    let both = format!("{line} --key next.pem --json");
    assert_eq!(desk.run(&both).succeeded().stdout.matches("\"reused\":true").count(), 0);
    desk.run("verify old out/1-to-2.bin --public-key next.pub").succeeded();
}

#[test]
fn a_release_is_replayed_as_devices_will() {
    let desk = desk();
    let line =
        "pack -o out --to new --to-version 2 --from 1=old --level 1 --key key.pem --passphrase-file phrase";
    desk.run(line).succeeded();
    let good = desk.run("verify out --from 1=old --public-key key.pub").succeeded();
    assert_eq!(good.stdout.matches("OK").count(), 2, "{good:?}");
    let verify = |arguments: &str, part: &str| {
        let outcome = desk.run(&format!("verify out {arguments} --json"));
        assert_eq!((outcome.code, outcome.json()["ok"].as_bool()), (3, Some(false)), "{outcome:?}");
        assert!(outcome.stdout.contains(part), "{part} in {outcome:?}");
    };
    verify("-q", "there is no image of 1");
    verify("--from 1=new", "another one than the release was made from");
    keygen(&desk, "foreign").succeeded();
    verify("--from 1=old --public-key foreign.pub", "(E41)");
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
    let desk = desk();
    desk.run("pack -o plain --to new --to-version 2 --from 1=old --level 1 --android-sdk").succeeded();
    let before = desk.read("plain/manifest.json");
    let sign = "sign plain -o out --key key.pem --passphrase-file phrase";
    desk.run(sign).succeeded();
    desk.run("verify out --from 1=old --public-key key.pub").succeeded();
    let manifest = desk.run("manifest out --json").succeeded().json();
    for package in manifest["packages"].as_array().unwrap() {
        let file = desk.read(&format!("out/{}", package["file"].as_str().unwrap()));
        assert_eq!(package["size"], file.len());
        assert_eq!(package["sha256"], crate::common::sha256(&file).as_str());
        assert_eq!(
            (package["sign"].as_str(), package["keys"].as_array().unwrap().len()),
            (package["md5"].as_str(), 1)
        );
    }
    // What was there stays as it was; a second run writes the same.
    assert!(desk.read("plain/manifest.json") == before);
    let first = desk.read("out/manifest.json");
    desk.run(sign).succeeded();
    assert!(desk.read("out/manifest.json") == first);
    // Another key comes besides.
    keygen(&desk, "next").succeeded();
    let told = desk.run("sign out -o both --key next.pem --passphrase-file phrase --json").succeeded().json();
    assert_eq!(told["packages"][0]["keys"].as_array().unwrap().len(), 2);
    desk.run("verify both --from 1=old --public-key key.pub").succeeded();
    desk.run("verify both --from 1=old --public-key next.pub").succeeded();
    // The same options make an unsigned release again.
    let again = desk
        .run("pack -o out --to new --to-version 2 --from 1=old --level 1 --android-sdk --json")
        .succeeded();
    assert_eq!(again.stdout.matches("\"reused\":true").count(), 0);
    assert!(desk.read("out/manifest.json") == before);

    desk.run("sign plain -o plain --key key.pem --passphrase-file phrase")
        .failed(2, &["a folder of its own"]);
    desk.run("sign plain -o out").failed(2, &["no key is given"]);
    let package = desk.read("plain/1-to-2.bin");
    desk.write("plain/1-to-2.bin", &package[1..]);
    desk.run("sign plain -o third --key key.pem --passphrase-file phrase")
        .failed(3, &["plain/1-to-2.bin: the file has", "the manifest says"]);
    desk.write("plain/1-to-2.bin", &vec![7; package.len()]);
    desk.run("sign plain -o third --key key.pem --passphrase-file phrase").failed(3, &["another SHA-256"]);
    assert!(!desk.path("third/manifest.json").exists());
}

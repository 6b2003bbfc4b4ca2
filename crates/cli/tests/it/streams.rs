//! Standard input as package or image, and standard output as result.

use crate::common::Desk;

#[test]
fn packages_come_from_standard_input() {
    let desk = Desk::with_keys();
    desk.sh("cat patch | smidgen patch old - -o restored").succeeded();
    assert!(desk.read("restored") == desk.read("new"));
    desk.sh("smidgen patch old - -o restored < patch").succeeded();
    let shown = desk.ok("info patch").stdout;
    assert_eq!(desk.sh("cat patch | smidgen info -").succeeded().stdout, shown);
    assert_eq!(
        desk.sh("cat patch | smidgen info - --base old --json").json(),
        desk.json("info patch --base old")
    );
    assert!(desk.sh("cat patch | smidgen verify old -").succeeded().stdout.starts_with("OK: "));
    desk.ok("diff old new -o classic --format bsdiff");
    desk.sh("cat classic | smidgen patch old - -o restored").succeeded();
    desk.sh("cat patch | smidgen sign - -o signed --key key.pem --passphrase-file phrase").succeeded();
    desk.ok("verify old signed --public-key key.pub");
}

#[test]
fn images_come_from_standard_input() {
    let desk = Desk::with_package();
    desk.sh("cat new | smidgen diff old - -o again").succeeded();
    desk.sh("cat old | smidgen diff - new -o again").succeeded();
    assert!(desk.read("again") == desk.read("patch"));
    desk.sh("cat old | smidgen patch - patch -o restored").succeeded();
    assert!(desk.read("restored") == desk.read("new"));
    assert_eq!(desk.sh("cat old | smidgen flatten - --json").json(), desk.json("flatten old"));
}

#[test]
fn results_go_to_standard_output() {
    let desk = Desk::with_keys();
    let said = desk.sh("smidgen diff old new -o - > piped").succeeded();
    assert!(said.stderr.contains("package  "), "{said:?}");
    assert!(desk.read("piped") == desk.read("patch"));
    let said = desk.sh("cat patch | smidgen patch old - -o - | cat > restored").succeeded();
    assert!(said.stderr.contains("SHA-256  ") && desk.read("restored") == desk.read("new"), "{said:?}");
    let said = desk.sh("smidgen flatten old -o - > flat").succeeded();
    assert!(said.stderr.contains("image SHA-256") && desk.read("flat") == desk.read("old"), "{said:?}");
    let sign = "smidgen sign patch -o - --key key.pem --passphrase-file phrase > signed";
    desk.sh(sign).succeeded();
    desk.ok("verify old signed --public-key key.pub");
    desk.sh("smidgen diff old new -o - | smidgen patch old - -o restored").succeeded();
    // A file of that name has a directory.
    desk.ok("diff old new -o ./-");
    assert!(desk.read("-") == desk.read("patch"));
}

/// What is written to a pipe cannot be taken back.
#[test]
fn nothing_is_written_before_it_is_right() {
    let desk = Desk::with_package();
    let mut package = desk.read("patch");
    let middle = package.len() / 2;
    package[middle] ^= 1;
    desk.write("damaged", &package);
    for line in ["cat damaged | smidgen patch old - -o - > out", "smidgen patch new patch -o - > out"] {
        assert_ne!(desk.sh(line).code, 0);
        assert_eq!(desk.read("out"), b"", "{line}");
    }
    desk.sh("smidgen patch old patch -o - | head -c 100 > out").succeeded();
    #[cfg(target_os = "linux")]
    desk.sh("smidgen patch old patch -o - > /dev/full").failed(1, &["standard output: cannot write: "]);
}

#[test]
fn streams_that_cannot_be_used_are_refused() {
    let desk = Desk::with_package();
    for (line, said) in [
        ("cat patch | smidgen patch - - -o x", "standard input can be read once"),
        ("cat old | smidgen pack -o out --to - --to-version 2", "cannot be standard input"),
        ("cat old | smidgen pack -o out --to new --to-version 2 --from 1=-", "cannot be standard input"),
        ("smidgen diff old new -o - --json", "standard output cannot have both"),
        ("smidgen pack -o - --to new --to-version 2", "a release is a folder"),
        ("smidgen manifest merge out -o -", "a release is a folder"),
        ("cat old | smidgen pack - -o out", "a release file cannot be standard input"),
        ("mkdir out && cat old | smidgen verify out -", "a release file cannot be standard input"),
        ("rmdir out; cat old | smidgen manifest -", "only packages and images can be standard input"),
        ("cat old | smidgen verify old patch --device -", "only packages and images can be standard input"),
        ("cat old | smidgen sign patch -o x --key -", "only packages and images can be standard input"),
        ("SMIDGEN_PASSPHRASE=x smidgen keygen - key.pub", "keys are written to files"),
    ] {
        desk.sh(line).failed(2, &[said]);
    }
    for reader in ["info -", "patch old - -o x", "verify old -"] {
        desk.run(reader).failed(3, &["standard input: not a package (E1)", "0 bytes in all"]);
    }
    assert_eq!(desk.names(), ["new", "old", "patch"]);
}

#[cfg(target_os = "linux")]
#[test]
fn more_than_the_limit_is_not_read() {
    let desk = Desk::with_package();
    let endless = desk.sh("smidgen diff old - -o x < /dev/zero");
    endless.failed(1, &["standard input: has more than 1000000000 bytes"]);
}

/// `script` gives a program a terminal.
#[cfg(target_os = "linux")]
#[test]
fn terminals_neither_get_nor_give_packages() {
    let desk = Desk::with_package();
    if testkit::peers::run(desk.command("script").arg("--version")).is_none() {
        return;
    }
    for (arguments, said) in [
        ("diff old new -o -", "standard output is a terminal"),
        ("patch old patch -o -", "standard output is a terminal"),
        ("info -", "standard input is a terminal"),
    ] {
        let found = desk.sh(&format!("script -qec 'smidgen {arguments}' /dev/null"));
        assert!(found.code == 2 && found.stdout.contains(said), "{arguments}: {found:?}");
    }
}

//! Release folders that a stranger filled: nothing is written through links, nothing waits, nothing controls a terminal.

use std::fs;

use serde_json::Value;

use crate::common::{Desk, Outcome, md5, sha256, smidgen, versions};

/// Packs a release of `old` and `new`.
const PACK: &str = "pack --to new --to-version 2 --from 1=old --level 1 -o";

fn manifest(desk: &Desk, name: &str) -> Value {
    serde_json::from_slice(&desk.read(name)).unwrap()
}

/// The entry of a package, made to fit these bytes.
fn forge(package: &mut Value, bytes: &[u8]) {
    for (name, value) in [("md5", md5(bytes)), ("sha256", sha256(bytes)), ("sign", sha256(bytes))] {
        package[name] = value.into();
    }
    package["size"] = bytes.len().into();
}

/// A package that is damaged is made anew, and one that belongs to another release is neither merged nor signed.
#[test]
fn planted_packages_are_not_taken() {
    let desk = Desk::with_keys();
    desk.ok(&format!("{PACK} out"));
    let (good, full) = (desk.read("out/1-to-2.bin"), desk.read("out/full-2.bin"));
    for planted in [&b"not a package at all"[..], &good[..good.len() - 1], &full] {
        let mut manifest = manifest(&desk, "out/manifest.json");
        forge(&mut manifest["packages"][1], planted);
        desk.write("out/manifest.json", manifest.to_string().as_bytes());
        desk.write("out/1-to-2.bin", planted);
        desk.run("sign out -o signed --key key.pem").failed(3, &["out/1-to-2.bin: "]);
        assert!(!desk.path("signed/1-to-2.bin").exists());
        desk.ok(&format!("{PACK} out"));
        assert!(desk.read("out/1-to-2.bin") == good);
    }
}

#[test]
fn a_device_with_a_release_candidate_gets_the_release() {
    let desk = Desk::with_versions();
    desk.ok("pack -o all/2.0 --to new --to-version 2.0 --from 1.0=old --level 1");
    let found = |version: &str| desk.run(&format!("catalogue all --device-version {version}"));
    assert_eq!(found("2.0-rc1").succeeded().stdout, "all/2.0/full-2.0.bin\n");
    found("2.0").failed(5, &["the device has the newest version"]);
    found("2.0.1-rc1").failed(5, &["newer than the newest release"]);
}

#[cfg(unix)]
mod links {
    use std::fs::File;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::process::Command;

    use super::*;

    /// A folder with keys, and a file that must stay as it is.
    fn desk() -> Desk {
        let desk = Desk::with_keys();
        desk.write("victim", b"precious");
        desk
    }

    fn link(desk: &Desk, to: &str, name: &str) {
        let _ = fs::remove_file(desk.path(name));
        symlink(desk.path(to), desk.path(name)).unwrap();
    }

    /// A folder in which temporary names of files, and these, lead to the victim.
    fn trapped(desk: &Desk, folder: &str, names: &[&str]) {
        fs::create_dir(desk.path(folder)).unwrap();
        for name in ["manifest.json", "full-2.bin", "1-to-2.bin", "manifest.shard-1-of-2.json"] {
            for part in [format!(".{name}.part"), format!(".{name}.abcdefghijkl.part")] {
                link(desk, "victim", &format!("{folder}/{part}"));
            }
        }
        names.iter().for_each(|name| link(desk, "victim", &format!("{folder}/{name}")));
    }

    fn hidden(desk: &Desk, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(desk.path(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with('.') && !name.contains("shard")).collect()
    }

    #[test]
    fn nothing_is_written_through_links() {
        let desk = desk();
        trapped(&desk, "out", &["full-2.bin", "1-to-2.bin"]);
        desk.ok(&format!("{PACK} out"));
        assert_eq!(hidden(&desk, "out"), Vec::<String>::new());
        trapped(&desk, "signed", &["full-2.bin"]);
        desk.ok("sign out -o signed --key key.pem");
        for shard in ["1/2", "2/2"] {
            desk.ok(&format!("{PACK} shards --shard {shard}"));
        }
        trapped(&desk, "merged", &["full-2.bin", "manifest.json"]);
        desk.ok("manifest merge shards -o merged");
        for folder in ["out", "signed", "merged"] {
            desk.ok(&format!("verify {folder} --from 1=old"));
        }
        // A key is never overwritten, not even through a link that leads nowhere.
        link(&desk, "nowhere", "link.pem");
        desk.run("keygen link.pem link.pub").failed(2, &["exists, and is not overwritten"]);
        assert!(!desk.path("nowhere").exists());
        assert_eq!(desk.read("victim"), b"precious");
    }

    /// Two shards, one with a file that is not a package, and a link that leads out of the folder.
    #[test]
    fn only_packages_are_merged() {
        let desk = desk();
        for shard in ["1", "2"] {
            desk.ok(&format!("{PACK} sh{shard} --shard {shard}/2"));
        }
        let payload = b"ssh-ed25519 a stranger's key\n";
        let name = "sh2/manifest.shard-2-of-2.json";
        let mut manifest = manifest(&desk, name);
        let package = &mut manifest["packages"][0];
        let (file, genuine) = (package["file"].as_str().unwrap().to_owned(), package["md5"].clone());
        forge(package, payload);
        desk.write(&format!("sh2/{file}"), payload);
        link(&desk, "victim", &format!("sh1/.{file}.part"));
        for (stated, said) in [
            (genuine, "another MD5 than the manifest says"),
            (md5(payload).into(), "not a Smidgen package (E1)"),
        ] {
            manifest["packages"][0]["md5"] = stated;
            desk.write(name, manifest.to_string().as_bytes());
            desk.run("manifest merge sh1 sh2 -o sh1").failed(3, &[&file, said]);
            assert!(!desk.path(&format!("sh1/{file}")).exists());
        }
        assert_eq!(desk.read("victim"), b"precious");
    }

    /// What may stand in the place of a file of a release, and its message. The file itself has the ending `real`.
    const STRANGE: [(&str, Make); 5] = [
        ("it is a symbolic link", |path| symlink("/dev/zero", path).unwrap()),
        ("it is a symbolic link", |path| symlink(path.with_extension("real"), path).unwrap()),
        ("it is a pipe", |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success())),
        ("it is a directory", |path| fs::create_dir(path).unwrap()),
        // Sparse: it takes no space.
        ("has 5000000000 bytes", |path| File::create(path).unwrap().set_len(5_000_000_000).unwrap()),
    ];

    type Make = fn(&Path);

    fn replace(path: &Path, make: Make) {
        let _ = fs::rename(path, path.with_extension("real"));
        make(path);
    }

    #[test]
    fn only_regular_files_of_the_right_size_are_read() {
        let desk = desk();
        desk.ok(&format!("{PACK} good"));
        let fresh = || {
            let _ = fs::remove_dir_all(desk.path("bad"));
            fs::create_dir(desk.path("bad")).unwrap();
            for name in ["manifest.json", "full-2.bin", "1-to-2.bin"] {
                fs::copy(desk.path(&format!("good/{name}")), desk.path(&format!("bad/{name}"))).unwrap();
            }
        };
        let (verify, sign) = ("verify bad --from 1=old", "sign bad -o signed --key key.pem");
        for (said, make) in STRANGE {
            fresh();
            replace(&desk.path("bad/1-to-2.bin"), make);
            for command in [verify, sign] {
                let outcome = desk.run(command);
                let text = format!("{}{}", outcome.stdout, outcome.stderr);
                assert!(outcome.code == 3 && text.contains(said), "{command}: {said}: {outcome:?}");
            }
            let found = desk.run("catalogue bad --device-version 1");
            found.failed(5, &["is missing or has another size"]);
        }
        // A manifest is not overwritten either.
        let pack = format!("{PACK} bad");
        let commands = [verify, sign, "manifest bad", "catalogue bad", "manifest merge bad -o merged", &pack];
        for (said, make) in STRANGE {
            fresh();
            replace(&desk.path("bad/manifest.json"), make);
            for command in commands {
                desk.run(command).failed(1, &["bad/manifest.json: cannot read: ", said]);
            }
        }
        // A path from the user may be a link, but to a file.
        fresh();
        link(&desk, "good/manifest.json", "linked.json");
        desk.ok("manifest linked.json");
        for command in ["manifest /dev/zero", "pack /dev/zero -o x"] {
            desk.run(command).failed(1, &["/dev/zero: cannot read: it is a pipe, a device"]);
        }
    }

    #[test]
    fn damaged_packages_are_made_anew_and_links_are_replaced() {
        let desk = desk();
        desk.ok(&format!("{PACK} out"));
        let good = desk.read("out/1-to-2.bin");
        // Records of packages are skipped.
        for name in ["out/1-to-2.bin", "out/.1-to-2.bin.json"] {
            for (said, make) in STRANGE {
                let _ = fs::remove_file(desk.path(name));
                replace(&desk.path(name), make);
                if said.contains("directory") {
                    desk.run(&format!("-q {PACK} out")).failed(1, &["cannot write: Is a directory"]);
                    fs::remove_dir(desk.path(name)).unwrap();
                } else {
                    desk.ok(&format!("{PACK} out"));
                    assert!(fs::symlink_metadata(desk.path("out/1-to-2.bin")).unwrap().is_file());
                    assert!(desk.read("out/1-to-2.bin") == good);
                }
            }
        }
    }
}

mod texts {
    use super::*;

    const HOSTILE: &str = "s\x1b[31m\r\u{9b}2J\nx";

    fn run(desk: &Desk, arguments: &[&str]) -> Outcome {
        let outcome = desk.run_with(arguments);
        for text in [&outcome.stdout, &outcome.stderr] {
            let controls = text.chars().any(|character| character.is_control() && character != '\n');
            assert!(!controls, "{arguments:?}: {text:?}");
            assert!(!text.lines().any(|line| line.starts_with('x')), "a line of its own: {text:?}");
        }
        outcome
    }

    /// Arguments of the command with more.
    fn with<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        command.split(' ').chain(more.iter().copied()).collect()
    }

    #[test]
    fn control_characters_are_refused_where_they_are_written() {
        let desk = Desk::with_versions();
        for option in ["--product", "--module", "--to-version"] {
            let diff = "diff old new -o patch --level 1";
            run(&desk, &with(diff, &[option, HOSTILE])).failed(2, &[r"\u"]);
        }
        for option in ["--product", "--module", "--name", "--description"] {
            run(&desk, &with(&format!("{PACK} out"), &[option, HOSTILE])).failed(2, &[]);
        }
        for option in ["--product", "--module"] {
            let find = "catalogue . --device-version 1";
            run(&desk, &with(find, &[option, HOSTILE])).failed(5, &[r"s\u001b[31m\r"]);
        }
        let pack = "pack -o out --to new --level 1";
        run(&desk, &with(pack, &["--from", "1=old", "--to-version", HOSTILE])).failed(2, &["version"]);
        let from = format!("{HOSTILE}=old");
        run(&desk, &with(pack, &["--to-version", "2", "--from", &from])).failed(2, &["version"]);
        run(&desk, &with(pack, &["--to-version", "2", "--from", HOSTILE])).failed(2, &["--from s"]);
        for (name, text, code, part) in [
            ("a.toml", "to = \"new\"\nto-version = \"2\"\nproduct = \"s\\u001B[31mx\"\n", 2, r"s\u001b[31mx"),
            ("a.toml", "to = \"new\"\n\x1b[31m = 1\n", 2, "a.toml"),
            ("a.json", r#"{ "s\nx": 1 }"#, 2, r"unknown key `s\nx`"),
            ("a.json", r#"{ "from": { "s\nx": "a", "s\nx": "b" } }"#, 2, r"`s\nx` is given twice"),
        ] {
            desk.write(name, text.as_bytes());
            run(&desk, &["pack", name, "-o", "out"]).failed(code, &[part]);
        }
        assert_eq!(desk.names(), ["a.json", "a.toml", "new", "old"]);
    }

    #[test]
    fn control_characters_are_escaped_where_they_are_shown() {
        let desk = Desk::with_versions();
        let plain = "p".repeat(HOSTILE.len());
        desk.ok(&format!("diff old new -o patch --level 1 --product {plain}"));
        let mut package = desk.read("patch");
        let place = package.windows(plain.len()).position(|bytes| bytes == plain.as_bytes()).unwrap();
        package[place..place + plain.len()].copy_from_slice(HOSTILE.as_bytes());
        let (_, length) = smidgen_patch::Header::parse(&desk.read("patch")).unwrap();
        let checksum = smidgen_patch::internals::wire::crc32(&package[..length - 4]).to_le_bytes();
        package[length - 4..length].copy_from_slice(&checksum);
        desk.write("patch", &package);
        let shown = run(&desk, &["info", "patch"]).succeeded().stdout;
        assert!(shown.contains(r"s\u001b[31m\r\u009b2J\nx"), "{shown}");
        let json = run(&desk, &["info", "patch", "--json"]).succeeded().json();
        assert_eq!(json["product"], HOSTILE);
        run(&desk, &["verify", "old", "patch"]).succeeded();

        desk.ok(&format!("{PACK} out"));
        let genuine = manifest(&desk, "out/manifest.json");
        let changes: [fn(&mut Value); 4] = [
            |manifest| manifest["product"] = HOSTILE.into(),
            |manifest| manifest["notes"] = vec![HOSTILE].into(),
            |manifest| manifest["packages"][0]["file"] = format!("{HOSTILE}.bin").into(),
            |manifest| manifest["sources"][0]["package"] = HOSTILE.into(),
        ];
        for change in changes {
            let mut changed = genuine.clone();
            change(&mut changed);
            desk.write("out/manifest.json", changed.to_string().as_bytes());
            for command in ["manifest", "catalogue", "verify"] {
                run(&desk, &[command, "out"]).failed(3, &["manifest.json: "]);
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_of_files_are_escaped_too() {
        let (old, new) = versions();
        let desk = Desk::with(&[(HOSTILE, &old), ("new", &new)]);
        for command in [&["info", HOSTILE][..], &["patch", "new", HOSTILE, "-o", "x"], &["manifest", HOSTILE]]
        {
            run(&desk, command).failed(3, &[r"s\u001b[31m\r"]);
        }
        run(&desk, &["diff", "none\x1b[2J", "new", "-o", "x"]).failed(1, &[r"none\u001b[2J: cannot read"]);
        run(&desk, &["diff", HOSTILE, "new", "-o", HOSTILE]).failed(2, &["same file"]);
        let (from, folder) = (format!("1={HOSTILE}"), format!("out/{HOSTILE}"));
        fs::create_dir(desk.path("out")).unwrap();
        let pack = with("pack --to new --to-version 2 --level 1", &["--from", &from, "-o", &folder]);
        let said = run(&desk, &pack).succeeded();
        assert!(said.stderr.contains(r"out/s\u001b[31m"), "{said:?}");
        let listed = run(&desk, &["catalogue", "out"]).succeeded();
        assert!(listed.stdout.contains(r"(out/s\u001b[31m"), "{listed:?}");
        let found = run(&desk, &["catalogue", "out", "--device-version", "1", "--json"]).succeeded();
        assert_eq!(found.json()["file"], format!("{folder}/1-to-2.bin"));
    }

    /// A folder's name may not be UTF-8.
    #[cfg(target_os = "linux")]
    #[test]
    fn names_that_are_not_text_do_not_panic() {
        use std::os::unix::ffi::OsStrExt;
        let desk = Desk::with_versions();
        desk.ok(&format!("{PACK} all/2"));
        let strange = desk.path("all").join(std::ffi::OsStr::from_bytes(b"\xff\xfe"));
        fs::rename(desk.path("all/2"), &strange).unwrap();
        let mut pack = desk.command(smidgen());
        pack.args("pack --to new --to-version 3 --level 1 --replace --json -o".split(' '));
        Outcome::from(pack.arg(&strange).output().unwrap()).succeeded();
        desk.json("catalogue all");
        desk.json("catalogue all --device-version 1");
    }
}

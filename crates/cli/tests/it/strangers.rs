//! Release folders that a stranger filled: nothing is written through links, nothing is waited for, nothing steers a
//! terminal.

#[cfg(unix)]
mod links {
    use std::fs::{self, File};
    use std::os::unix::fs::symlink;

    use serde_json::Value;

    use crate::common::Outcome;
    use crate::common::{Desk, ends, sha256, smidgen, versions};

    const PACK: &str = "pack --to new --to-version 2 --from 1=old --level 1 -o";

    /// A folder with two images, a key, and a file that must stay as it is.
    fn desk() -> Desk {
        let (old, new) = versions();
        let desk = Desk::with(&[("old", &old), ("new", &new), ("victim", b"precious")]);
        desk.write_secret("phrase", b"phrase\n");
        desk
    }

    fn run(desk: &Desk, arguments: &str) -> Outcome {
        let mut command = desk.command(smidgen());
        command.args(arguments.split(' '));
        ends(command)
    }

    fn link(desk: &Desk, to: &str, name: &str) {
        let _ = fs::remove_file(desk.path(name));
        symlink(desk.path(to), desk.path(name)).unwrap();
    }

    /// Names that a file was written under before it got its own, and its own.
    fn link_all(desk: &Desk, folder: &str) {
        for name in ["manifest.json", "full-2.bin", "1-to-2.bin", "manifest.shard-1-of-2.json"] {
            for part in [format!(".{name}.part"), format!(".{name}.abcdefghijkl.part")] {
                link(desk, "victim", &format!("{folder}/{part}"));
            }
        }
    }

    fn hidden(desk: &Desk, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(desk.path(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with('.') && !name.contains("shard")).collect()
    }

    #[test]
    fn nothing_is_written_through_links() {
        let desk = desk();
        run(&desk, "keygen key.pem key.pub --passphrase-file phrase").succeeded();
        fs::create_dir(desk.path("out")).unwrap();
        link_all(&desk, "out");
        link(&desk, "victim", "out/full-2.bin");
        link(&desk, "victim", "out/1-to-2.bin");
        run(&desk, &format!("{PACK} out")).succeeded();
        assert_eq!(hidden(&desk, "out"), Vec::<String>::new());

        fs::create_dir(desk.path("signed")).unwrap();
        link_all(&desk, "signed");
        link(&desk, "victim", "signed/full-2.bin");
        run(&desk, "sign out -o signed --key key.pem --passphrase-file phrase").succeeded();

        for shard in ["1/2", "2/2"] {
            run(&desk, &format!("{PACK} shards --shard {shard}")).succeeded();
        }
        fs::create_dir(desk.path("merged")).unwrap();
        link_all(&desk, "merged");
        link(&desk, "victim", "merged/full-2.bin");
        link(&desk, "victim", "merged/manifest.json");
        run(&desk, "manifest merge shards -o merged").succeeded();
        for folder in ["out", "signed", "merged"] {
            run(&desk, &format!("verify {folder} --from 1=old")).succeeded();
        }
        // A key is not written over, neither through a link that leads nowhere.
        link(&desk, "nowhere", "link.pem");
        run(&desk, "keygen link.pem link.pub --passphrase-file phrase")
            .failed(2, &["exists, and is not overwritten"]);
        assert!(!desk.path("nowhere").exists());
        assert_eq!(desk.read("victim"), b"precious");
    }

    /// Two shards whose packages one stranger wrote, with a link that leads out of the folder.
    #[test]
    fn what_is_merged_is_packages() {
        let desk = desk();
        for shard in ["1", "2"] {
            run(&desk, &format!("{PACK} sh{shard} --shard {shard}/2")).succeeded();
        }
        let payload = b"ssh-ed25519 somebody's key\n";
        let name = "sh2/manifest.shard-2-of-2.json";
        let mut manifest: Value = serde_json::from_slice(&desk.read(name)).unwrap();
        let package = &mut manifest["packages"][0];
        let file = package["file"].as_str().unwrap().to_owned();
        package["size"] = payload.len().into();
        package["sha256"] = sha256(payload).into();
        package["sign"] = sha256(payload).into();
        desk.write(name, manifest.to_string().as_bytes());
        desk.write(&format!("sh2/{file}"), payload);
        link(&desk, "victim", &format!("sh1/.{file}.part"));
        run(&desk, "manifest merge sh1 sh2 -o sh1").failed(3, &[&file, "another MD5 than the manifest says"]);
        assert!(!desk.path(&format!("sh1/{file}")).exists());

        use md5::Digest;
        let md5: String = md5::Md5::digest(payload).iter().map(|byte| format!("{byte:02x}")).collect();
        manifest["packages"][0]["md5"] = md5.into();
        desk.write(name, manifest.to_string().as_bytes());
        run(&desk, "manifest merge sh1 sh2 -o sh1").failed(3, &[&file, "not a Smidgen package (E1)"]);
        assert!(!desk.path(&format!("sh1/{file}")).exists());
        assert_eq!(desk.read("victim"), b"precious");
    }

    /// A package that is none is made anew, and one that belongs to another release is neither merged nor signed.
    #[test]
    fn planted_packages_are_not_taken() {
        let desk = desk();
        run(&desk, &format!("{PACK} out")).succeeded();
        run(&desk, "keygen key.pem key.pub --passphrase-file phrase").succeeded();
        let good = desk.read("out/1-to-2.bin");
        let plant = |bytes: &[u8]| {
            use md5::Digest;
            let mut manifest: Value = serde_json::from_slice(&desk.read("out/manifest.json")).unwrap();
            let md5: String = md5::Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            let package = &mut manifest["packages"][1];
            package["size"] = bytes.len().into();
            package["md5"] = md5.into();
            package["sha256"] = sha256(bytes).into();
            package["sign"] = sha256(bytes).into();
            desk.write("out/manifest.json", manifest.to_string().as_bytes());
            desk.write("out/1-to-2.bin", bytes);
        };
        let full = desk.read("out/full-2.bin");
        for planted in [&b"not a package at all"[..], &good[..good.len() - 1], &full] {
            plant(planted);
            let sign = "sign out -o signed --key key.pem --passphrase-file phrase";
            run(&desk, sign).failed(3, &["out/1-to-2.bin: "]);
            assert!(!desk.path("signed/1-to-2.bin").exists());
            run(&desk, &format!("{PACK} out")).succeeded();
            assert!(desk.read("out/1-to-2.bin") == good);
        }
    }

    /// What is said about a file that somebody put in the place of another, and what puts it there.
    type Strange = (&'static str, Box<dyn Fn()>);

    /// What may stand in the place of a file of a release.
    fn strange_files(desk: &Desk, name: &str) -> Vec<Strange> {
        let path = desk.path(name);
        let zero = path.clone();
        let (pipe, folder, huge) = (path.clone(), path.clone(), path.clone());
        let (real, linked) = (path.with_extension("real"), path);
        vec![
            ("it is a symbolic link", Box::new(move || symlink("/dev/zero", &zero).unwrap())),
            (
                "it is a symbolic link",
                Box::new(move || {
                    fs::rename(&linked, &real).or_else(|_| fs::write(&real, b"x")).unwrap();
                    symlink(&real, &linked).unwrap();
                }),
            ),
            (
                "it is a pipe",
                Box::new(move || {
                    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
                    assert!(made.success());
                }),
            ),
            ("it is a directory", Box::new(move || fs::create_dir(&folder).unwrap())),
            (
                "has 5000000000 bytes",
                Box::new(move || {
                    // Sparse: it takes no space.
                    File::create(&huge).unwrap().set_len(5_000_000_000).unwrap();
                }),
            ),
        ]
    }

    #[test]
    fn only_regular_files_of_the_right_size_are_read() {
        let desk = desk();
        run(&desk, &format!("{PACK} good")).succeeded();
        run(&desk, "keygen key.pem key.pub --passphrase-file phrase").succeeded();
        let commands = [
            ("verify bad --from 1=old", "bad/"),
            ("sign bad -o signed --key key.pem --passphrase-file phrase", "bad/"),
        ];
        let fresh = || {
            let _ = fs::remove_dir_all(desk.path("bad"));
            fs::create_dir(desk.path("bad")).unwrap();
            for name in ["manifest.json", "full-2.bin", "1-to-2.bin"] {
                fs::copy(desk.path(&format!("good/{name}")), desk.path(&format!("bad/{name}"))).unwrap();
            }
        };
        for (said, make) in strange_files(&desk, "bad/1-to-2.bin") {
            fresh();
            fs::remove_file(desk.path("bad/1-to-2.bin")).unwrap();
            make();
            for (command, _) in commands {
                let outcome = run(&desk, command);
                let text = format!("{}{}", outcome.stdout, outcome.stderr);
                assert!(outcome.code == 3 && text.contains(said), "{command}: {said}: {outcome:?}");
            }
            let found = run(&desk, "catalogue bad --device-version 1");
            found.failed(5, &["is missing or has another size"]);
        }
        for (said, make) in strange_files(&desk, "bad/manifest.json") {
            fresh();
            fs::remove_file(desk.path("bad/manifest.json")).unwrap();
            make();
            let all = commands.map(|(command, _)| command);
            let more = ["manifest bad", "catalogue bad", "manifest merge bad -o merged"];
            for command in all.iter().chain(&more) {
                run(&desk, command).failed(1, &["bad/manifest.json: cannot read: ", said]);
            }
            // It is not written over either.
            let packed = run(&desk, &format!("{PACK} bad"));
            packed.failed(1, &["bad/manifest.json: cannot read: ", said]);
        }
        // What the user names may be a link, but to a file.
        fresh();
        link(&desk, "good/manifest.json", "linked.json");
        run(&desk, "manifest linked.json").succeeded();
        run(&desk, "manifest /dev/zero").failed(1, &["/dev/zero: cannot read: it is a pipe, a device"]);
        run(&desk, "pack /dev/zero -o x").failed(1, &["/dev/zero: cannot read: it is a pipe, a device"]);
    }

    #[test]
    fn what_is_left_of_a_package_is_made_anew_and_links_are_replaced() {
        let desk = desk();
        run(&desk, &format!("{PACK} out")).succeeded();
        let good = desk.read("out/1-to-2.bin");
        // Records of packages are passed over.
        for name in ["out/1-to-2.bin", "out/.1-to-2.bin.json"] {
            for (said, make) in strange_files(&desk, name) {
                let _ = fs::remove_file(desk.path(name));
                make();
                if said.contains("directory") {
                    run(&desk, &format!("-q {PACK} out")).failed(1, &["cannot write: Is a directory"]);
                    fs::remove_dir(desk.path(name)).unwrap();
                } else {
                    run(&desk, &format!("{PACK} out")).succeeded();
                }
                let is_file = |name: &str| fs::symlink_metadata(desk.path(name)).is_ok_and(|it| it.is_file());
                assert!(said.contains("directory") || is_file("out/1-to-2.bin"));
                assert!(said.contains("directory") || desk.read("out/1-to-2.bin") == good);
            }
        }
    }
}

mod texts {
    use std::fs;

    use serde_json::Value;

    use crate::common::Outcome;
    use crate::common::{Desk, smidgen, versions};

    const HOSTILE: &str = "s\x1b[31m\r\u{9b}2J\nx";

    fn run(desk: &Desk, arguments: &[&str]) -> Outcome {
        let outcome: Outcome = desk.command(smidgen()).args(arguments).output().unwrap().into();
        for text in [&outcome.stdout, &outcome.stderr] {
            let steers = text.chars().any(|character| character.is_control() && character != '\n');
            assert!(!steers, "{arguments:?}: {text:?}");
            assert!(!text.lines().any(|line| line.starts_with('x')), "a line of its own: {text:?}");
        }
        outcome
    }

    #[test]
    fn control_characters_are_refused_where_they_are_written() {
        let (old, new) = versions();
        let desk = Desk::with(&[("old", &old), ("new", &new)]);
        let diff = ["diff", "old", "new", "-o", "patch", "--level", "1"];
        let pack =
            ["pack", "-o", "out", "--to", "new", "--to-version", "2", "--from", "1=old", "--level", "1"];
        for option in ["--product", "--module", "--to-version"] {
            run(&desk, &[&diff[..], &[option, HOSTILE]].concat()).failed(2, &[r"\u"]);
        }
        for option in ["--product", "--module", "--name", "--description"] {
            run(&desk, &[&pack[..], &[option, HOSTILE]].concat()).failed(2, &[]);
        }
        let to_version = [&pack[..5], &["--to-version", HOSTILE, "--from", "1=old"]].concat();
        run(&desk, &to_version).failed(2, &["version"]);
        let from = format!("{HOSTILE}=old");
        run(&desk, &[&pack[..7], &["--from", &from]].concat()).failed(2, &["version"]);
        desk.write("release.toml", b"to = \"new\"\nto-version = \"2\"\nproduct = \"s\\u001B[31mx\"\n");
        run(&desk, &["pack", "release.toml", "-o", "out"]).failed(2, &[r"s\u001b[31mx"]);
        desk.write("release.toml", "to = \"new\"\n\x1b[31m = 1\n".as_bytes());
        run(&desk, &["pack", "release.toml", "-o", "out"]).failed(3, &["release.toml"]);
        assert_eq!(desk.names(), ["new", "old", "release.toml"]);
    }

    #[test]
    fn control_characters_are_escaped_where_they_are_shown() {
        let (old, new) = versions();
        let desk = Desk::with(&[("old", &old), ("new", &new)]);
        let plain = "p".repeat(HOSTILE.len());
        run(&desk, &["diff", "old", "new", "-o", "patch", "--level", "1", "--product", &plain]).succeeded();
        let mut package = desk.read("patch");
        let place = package.windows(plain.len()).position(|bytes| bytes == plain.as_bytes()).unwrap();
        package[place..place + plain.len()].copy_from_slice(HOSTILE.as_bytes());
        let (_, length) = patch_nostd::Header::parse(&desk.read("patch")).unwrap();
        let checksum = patch_nostd::internals::wire::crc32(&package[..length - 4]).to_le_bytes();
        package[length - 4..length].copy_from_slice(&checksum);
        desk.write("patch", &package);
        let shown = run(&desk, &["info", "patch"]).succeeded().stdout;
        assert!(shown.contains(r"s\u001b[31m\r\u009b2J\nx"), "{shown}");
        let json = run(&desk, &["info", "patch", "--json"]).succeeded().json();
        assert_eq!(json["product"], HOSTILE);
        run(&desk, &["verify", "old", "patch"]).succeeded();

        run(
            &desk,
            &["pack", "-o", "out", "--to", "new", "--to-version", "2", "--from", "1=old", "--level", "1"],
        )
        .succeeded();
        let manifest: Value = serde_json::from_slice(&desk.read("out/manifest.json")).unwrap();
        let changes: [fn(&mut Value); 4] = [
            |manifest| manifest["product"] = HOSTILE.into(),
            |manifest| manifest["notes"] = vec![HOSTILE].into(),
            |manifest| manifest["packages"][0]["file"] = format!("{HOSTILE}.bin").into(),
            |manifest| manifest["sources"][0]["package"] = HOSTILE.into(),
        ];
        for change in changes {
            let mut changed = manifest.clone();
            change(&mut changed);
            desk.write("out/manifest.json", changed.to_string().as_bytes());
            for command in [&["manifest", "out"][..], &["catalogue", "out"], &["verify", "out"]] {
                run(&desk, command).failed(3, &["manifest.json: "]);
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
        let from = format!("1={HOSTILE}");
        let folder = format!("out/{HOSTILE}");
        fs::create_dir(desk.path("out")).unwrap();
        let pack =
            ["pack", "-o", &folder, "--to", "new", "--to-version", "2", "--from", &from, "--level", "1"];
        let said = run(&desk, &pack).succeeded();
        assert!(said.stderr.contains(r"out/s\u001b[31m"), "{said:?}");
        let listed = run(&desk, &["catalogue", "out"]).succeeded();
        assert!(listed.stdout.contains(r"(out/s\u001b[31m"), "{listed:?}");
        let found = run(&desk, &["catalogue", "out", "--device-version", "1", "--json"]).succeeded();
        assert_eq!(found.json()["file"], format!("{folder}/1-to-2.bin"));
    }

    /// A folder may be called what no text can be.
    #[cfg(target_os = "linux")]
    #[test]
    fn names_that_are_no_text_are_no_reason_to_panic() {
        use std::os::unix::ffi::OsStrExt;
        let (old, new) = versions();
        let desk = Desk::with(&[("old", &old), ("new", &new)]);
        run(
            &desk,
            &["pack", "-o", "all/2", "--to", "new", "--to-version", "2", "--from", "1=old", "--level", "1"],
        )
        .succeeded();
        let strange = desk.path("all").join(std::ffi::OsStr::from_bytes(b"\xff\xfe"));
        fs::rename(desk.path("all/2"), &strange).unwrap();
        let mut pack = desk.command(smidgen());
        pack.args(["pack", "--to", "new", "--to-version", "3", "--level", "1", "--json", "-o"]);
        Outcome::from(pack.arg(&strange).output().unwrap()).succeeded();
        run(&desk, &["catalogue", "all", "--json"]).succeeded();
        run(&desk, &["catalogue", "all", "--json", "--device-version", "1"]).succeeded();
    }
}

#[test]
fn a_device_with_a_release_candidate_gets_the_release() {
    let (old, new) = crate::common::versions();
    let desk = crate::common::Desk::with(&[("old", &old), ("new", &new)]);
    desk.run("pack -o all/2.0 --to new --to-version 2.0 --from 1.0=old --level 1").succeeded();
    let found = |version: &str| desk.run(&format!("catalogue all --device-version {version}"));
    assert_eq!(found("2.0-rc1").succeeded().stdout, "all/2.0/full-2.0.bin\n");
    found("2.0").failed(5, &["the device has the newest version"]);
    found("2.0.1-rc1").failed(5, &["newer than the newest release"]);
}

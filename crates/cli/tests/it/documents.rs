//! The commands of the documents, run as they are written.

use std::fs;
use std::path::Path;

use testkit::archives::{Put, gzip, tar, zip};
use testkit::builds::Elf;
use testkit::firmware;
use testkit::names::with_symbols;

use crate::common::{Desk, ends, smidgen};
use crate::signing::openssl;

/// What stands before a block that CI runs elsewhere, or that needs what a test has not.
const ELSEWHERE: [&str; 3] = ["<!-- not run: ", "<!-- run-command -->", "<!-- test-command -->"];

/// A block of shell commands, and where it begins.
struct Block {
    line: usize,
    commands: String,
}

/// The blocks of a document that are run.
fn blocks(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    let is_run = |at: &usize| {
        let before = if *at == 0 { "" } else { lines[at - 1] };
        lines[*at] == "```sh" && !ELSEWHERE.iter().any(|marker| before.starts_with(marker))
    };
    let block = |at: usize| {
        let commands: Vec<&str> = lines[at + 1..].iter().copied().take_while(|line| *line != "```").collect();
        Block { line: at + 1, commands: commands.join("\n") }
    };
    (0..lines.len()).filter(is_run).map(block).collect()
}

/// A folder with the files that the documents speak of, and the device profile of this one.
fn desk(text: &str) -> Desk {
    let [first, second, third] = [1, 2, 3].map(firmware);
    let (at, size) = (0x0800_0000, second.len() as u32);
    let elf =
        with_symbols(&Elf::firmware(&[(at, &second)]).bytes(), &[(".text", at, size)], &[("main", at, 8)]);
    let archive = |image: &[u8]| {
        zip(&[("firmware-base.bin", Put::Deflated, image), ("boot/app.bin", Put::Deflated, image)])
    };
    let release = "to = 'v3.bin'\nto-version = '3.0.0'\nproduct = 'sensor'\n\
                   [from]\n'1.0.0' = 'v1.bin'\n'2.0.0' = 'v2.bin'\n";
    let profile = text.split("```toml\n# device.toml\n").nth(1).and_then(|rest| rest.split("```").next());
    Desk::with(&[
        ("old.bin", &first),
        ("new.bin", &second),
        ("new.elf", &elf),
        ("v1.bin", &first),
        ("v2.bin", &second),
        ("v3.bin", &third),
        ("old.bin.gz", &gzip(&first)),
        ("new.bin.gz", &gzip(&second)),
        ("old.zip", &archive(&first)),
        ("new.zip", &archive(&second)),
        ("old.tar.gz", &gzip(&tar(&[("boot/app.bin", &first)]))),
        ("release.toml", release.as_bytes()),
        ("smidgen-install", b"#!/bin/sh\n"),
        ("device.toml", profile.unwrap_or("").as_bytes()),
    ])
}

/// Runs a block, in which every command must succeed.
fn run(desk: &Desk, name: &str, Block { line, commands }: &Block) {
    let folder = Path::new(smidgen()).parent().unwrap();
    // Four machines, of which a Kubernetes job tells each its number.
    let machines = if commands.contains("$JOB_COMPLETION_INDEX") { 4 } else { 1 };
    for machine in 0..machines {
        let mut command = desk.command("bash");
        command.args(["-euo", "pipefail", "-c", commands]);
        command.env("PATH", format!("{}:{}", folder.display(), env!("PATH")));
        command.envs([("SMIDGEN_PASSPHRASE", "..."), ("JOB_COMPLETION_INDEX", &machine.to_string())]);
        let outcome = ends(command);
        assert_eq!(outcome.code, 0, "{name}, line {line}:\n{commands}\n{outcome:#?}");
    }
}

#[test]
fn every_command_of_a_document_does_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let documents = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let top = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root.join(name));
    let mut count = 0;
    for path in documents.chain(top).filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let (name, text) = (path.display().to_string(), fs::read_to_string(&path).unwrap());
        let desk = desk(&text);
        let has_openssl = prepare(&desk);
        for block in blocks(&text) {
            if block.commands.contains("openssl") && !has_openssl {
                continue;
            }
            run(&desk, &name, &block);
            count += 1;
        }
    }
    assert!(count >= 15, "only {count} blocks were found");
}

/// What other documents have made before, and a key of a machine that signs, if there is openssl.
fn prepare(desk: &Desk) -> bool {
    desk.ok("diff old.bin new.bin -o update.smdg");
    desk.ok("pack release.toml -o release");
    openssl(desk, "openssl ecparam -name prime256v1 -genkey -noout -out hsm.pem")
        && openssl(desk, "openssl ec -in hsm.pem -pubout -out hsm.pub")
}

/// What a translation must have in common with its original: headings by level, blocks of code, items, cells of tables,
/// what is named in code, numbers of tables, and where links lead.
fn structure(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        if is_code || line.starts_with("```") || line.starts_with("<!--") {
            parts.push(line.to_owned());
        } else if line.starts_with('#') {
            parts.push(line.chars().take_while(|&letter| letter == '#').collect());
        } else if line.starts_with("- ") {
            parts.push("-".to_owned());
        } else if line.starts_with('|') {
            let digits = line.chars().filter(char::is_ascii_digit).collect::<String>();
            parts.push(format!("{} cells, {digits}", line.matches('|').count()));
        }
    }
    parts
}

/// The targets of links and the spans of code, in any order: languages put them in others.
fn named(text: &str) -> Vec<&str> {
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let code = text
        .lines()
        .filter(|line| !line.starts_with("```"))
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    let mut named: Vec<&str> =
        links.chain(code).filter(|name| !name.contains("README") && !name.contains("platform.")).collect();
    named.sort_unstable();
    named
}

#[test]
fn translations_say_as_much_as_their_originals() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for name in ["README", "docs/platform"] {
        let read = |end: &str| fs::read_to_string(root.join(format!("{name}{end}"))).unwrap();
        let (original, translation) = (read(".md"), read(".zh-CN.md"));
        assert_eq!(structure(&original), structure(&translation), "{name}");
        assert_eq!(named(&original), named(&translation), "{name}");
    }
}

#[test]
fn the_index_lists_every_document() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let index = fs::read_to_string(docs.join("README.md")).unwrap();
    for entry in fs::read_dir(&docs).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_listed = name == "README.md" || !name.ends_with(".md") || index.contains(&format!("({name})"));
        assert!(is_listed, "docs/README.md does not list {name}");
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let top = fs::read_dir(&root).unwrap();
    let documents = top.chain(fs::read_dir(root.join("docs")).unwrap()).map(|entry| entry.unwrap().path());
    let mut count = 0;
    for path in documents.filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let is_here = !link.contains("://") && !link.is_empty();
            assert!(!is_here || path.with_file_name(link).exists(), "{}: {link}", path.display());
            count += 1;
        }
    }
    assert!(count > 100, "only {count} links were found");
}

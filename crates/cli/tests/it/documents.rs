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

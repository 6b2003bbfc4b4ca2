//! The program about itself: version, help, completions, manual pages, schemas.

use serde_json::Value;

use crate::common::Desk;

#[test]
fn the_version_names_the_format() {
    let said = Desk::new().ok("--version").stdout;
    let format = smidgen_patch::header::VERSION;
    let expected = format!("smidgen {} (package format {format}", env!("CARGO_PKG_VERSION"));
    assert!(said.starts_with(&expected), "{said}");
    assert_eq!(Desk::new().ok("version").stdout, said);
}

#[test]
fn verbose_says_where_the_time_goes_and_changes_nothing_else() {
    let desk = Desk::with_versions();
    let said = |arguments: &str| desk.ok(format!("diff old new -o patch {arguments}").trim_end());
    let (usual, verbose) = (said(""), said("-v"));
    for part in
        ["analysing ", "searching ", "encoding ", "proving ", "of processors", "kinds of pages", "masks"]
    {
        assert!(verbose.stderr.contains(part) && !usual.stderr.contains(part), "{part}: {verbose:#?}");
    }
    assert_eq!((verbose.stdout, said("-q -v --json -q").stderr), (usual.stdout, String::new()));
    assert!(said("-q -v").stderr.contains("searching "));
    assert!(desk.ok("patch old patch -o restored --verbose").stderr.contains("restoring "));
    let packed = desk.ok("pack -o out --to new --to-version 2 --from 1=old -v");
    assert!(packed.stderr.contains(" s, encoding ") && packed.stderr.contains(" s, proving "), "{packed:#?}");
}

#[test]
fn the_last_of_an_option_counts() {
    let desk = Desk::with_package();
    let made = desk.json("diff old new -o first --codec cm --level 1 --codec zstd --level 2");
    assert_eq!(made["codec"], "zstd");
    desk.ok("diff old new -o elsewhere -o again -q -q --md5 --md5");
    assert!(desk.path("again").exists() && !desk.path("elsewhere").exists());
    // Options with several values keep all of them.
    let from = desk.ok("pack -o out --to new --to-version 3 --from 1=old --from 2=old --level 1 --level 2");
    assert!(from.stderr.contains("for 1, 2"), "{from:?}");
}

#[test]
fn help_has_the_exit_codes_that_a_command_can_have() {
    let desk = Desk::new();
    let codes = |command: &str| {
        let help = desk.ok(&format!("{command} --help")).stdout;
        let (_, list) = help.split_once("Exit codes:\n").unwrap();
        list.lines().filter_map(|line| line.split_whitespace().next()).collect::<Vec<_>>().join("")
    };
    assert_eq!(codes("keygen"), "012");
    assert_eq!(codes("patch"), "01234");
    assert_eq!(codes("catalogue"), "01235");
    assert_eq!(desk.ok("--help").stdout.matches("  5  there is no package for the device").count(), 1);
}

#[test]
fn shells_complete_commands_and_options() {
    let desk = Desk::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = desk.ok(&format!("completions {shell}")).stdout;
        assert!(script.contains("catalogue") && script.contains("public-key"), "{shell}");
        if shell == "bash" {
            desk.write("script", script.as_bytes());
            desk.sh("bash -n script").succeeded();
        }
    }
    desk.run("completions dos").failed(2, &["possible values: bash"]);
}

#[test]
fn every_command_has_a_manual_page() {
    let desk = Desk::new();
    let page = desk.ok("man").stdout;
    assert!(page.contains(".TH smidgen 1") && page.contains("smidgen\\-diff(1)"), "{page}");
    for command in ["diff", "pack", "schema"] {
        let page = desk.ok(&format!("man {command}")).stdout;
        assert!(page.contains(&format!(".TH smidgen-{command} 1")) && page.contains("Exit codes:"), "{page}");
    }
    desk.run("man explode").failed(2, &["there is no command \"explode\""]);
}

#[test]
fn schemas_are_printed_alone_and_together() {
    let desk = Desk::new();
    let parsed = |arguments: &str| serde_json::from_str::<Value>(&desk.ok(arguments).stdout).unwrap();
    let all = parsed("schema");
    for (name, schema) in all.as_object().unwrap() {
        assert_eq!(&parsed(&format!("schema {name}")), schema, "{name}");
    }
    assert_eq!(all["diff"]["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(desk.ok("schema --json").stdout == desk.ok("schema").stdout);
    desk.run("schema explode").failed(2, &["possible values: catalogue"]);
}

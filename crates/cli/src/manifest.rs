//! `smidgen manifest`: shows a release, tells the platform about it, puts shards together.

use std::path::{Path, PathBuf};

use diff_core::release::{self, MANIFEST_FILE, MANIFEST_SCHEMA, Manifest, Messages};
use serde_json::{Value, json};

use crate::arguments::{ManifestArguments, ManifestCommand, MergeArguments};
use crate::console::{Console, shown};
use crate::failure::Failure;
use crate::release_table;

/// Prints what is asked for.
pub(crate) fn run(arguments: &ManifestArguments, console: &Console) -> Result<(), Failure> {
    if let Some(ManifestCommand::Merge(merge)) = &arguments.command {
        return run_merge(merge, console);
    }
    if arguments.schema {
        return console.print(MANIFEST_SCHEMA.trim_end());
    }
    let release = arguments.release.as_deref();
    let manifest = Manifest::read(release.ok_or_else(|| Failure::usage("no release is given"))?)?;
    match &arguments.url_base {
        Some(url_base) => console.print(messages(&manifest, url_base)?),
        None => print(&manifest, arguments.json, console),
    }
}

fn run_merge(arguments: &MergeArguments, console: &Console) -> Result<(), Failure> {
    let shards: Vec<&Path> = arguments.shards.iter().map(PathBuf::as_path).collect();
    let manifest = release::merge(&shards, &arguments.output)?;
    if arguments.json {
        return print(&manifest, true, console);
    }
    console.say(release_table::of(&manifest));
    console.say(format_args!("manifest {}", shown(&arguments.output.join(MANIFEST_FILE))));
    Ok(())
}

fn messages(manifest: &Manifest, url_base: &str) -> Result<String, Failure> {
    let messages = Messages::new(manifest, url_base).map_err(Failure::usage)?;
    let all = messages.all().map_err(|rule| Failure::from(release::PackError::from(rule)))?;
    Ok(format!("{:#}", Value::Array(all)))
}

fn print(manifest: &Manifest, json: bool, console: &Console) -> Result<(), Failure> {
    if json { console.print(json!(manifest)) } else { console.print(release_table::of(manifest)) }
}

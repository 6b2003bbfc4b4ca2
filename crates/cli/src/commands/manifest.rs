//! `smidgen manifest`: shows a release, prints the platform's messages about it, or merges its shards.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use smidgen_diff::release::{
    self, Artifact, Framework, MANIFEST_FILE, MANIFEST_SCHEMA, Manifest, Messages, PackError,
};

use crate::arguments::{ManifestArguments, ManifestCommand, MergeArguments};
use crate::io::{Input, folder};
use crate::report::{Console, Failure, note_unlisted, shown, tables};

pub(crate) fn manifest(arguments: &ManifestArguments, console: &Console) -> Result<(), Failure> {
    if let Some(ManifestCommand::Merge(arguments)) = &arguments.command {
        return merge(arguments, console);
    }
    if arguments.schema {
        return console.print(MANIFEST_SCHEMA.trim_end());
    }
    let release = arguments.release.as_deref();
    let manifest = Manifest::read(release.ok_or_else(|| Failure::usage("no release is given"))?)?;
    match (&arguments.url_base, arguments.format) {
        (Some(url_base), _) => console.print(messages(&manifest, url_base)?),
        (None, Some(framework)) => console.print(artifact(arguments, &manifest, framework)?),
        (None, None) => print(&manifest, console),
    }
}

fn artifact(
    arguments: &ManifestArguments,
    manifest: &Manifest,
    framework: Framework,
) -> Result<String, Failure> {
    let (version, board) = (arguments.device_version.as_deref(), arguments.board.as_deref());
    let artifact = Artifact::new(manifest, version, board)?;
    let script = arguments.script.as_deref().map(Input::image).transpose()?;
    Ok(artifact.describe(framework, script.as_deref()))
}

fn merge(arguments: &MergeArguments, console: &Console) -> Result<(), Failure> {
    let shards: Vec<&Path> = arguments.shards.iter().map(PathBuf::as_path).collect();
    let folder = folder(&arguments.output)?;
    let manifest = release::merge(&shards, folder)?;
    note_unlisted(&release::unlisted(&manifest, folder)?, console);
    if console.is_json() {
        return print(&manifest, console);
    }
    console.say(tables::release(&manifest));
    console.say(format_args!("manifest {}", shown(&folder.join(MANIFEST_FILE))));
    Ok(())
}

/// Prints a manifest: with `--json` as it is, which states its own version.
fn print(manifest: &Manifest, console: &Console) -> Result<(), Failure> {
    if console.is_json() { console.print(json!(manifest)) } else { console.print(tables::release(manifest)) }
}

fn messages(manifest: &Manifest, url_base: &str) -> Result<String, Failure> {
    let messages = Messages::new(manifest, url_base)?;
    Ok(format!("{:#}", Value::Array(messages.all().map_err(PackError::from)?)))
}

//! `smidgen sign`: signs a package, or all packages of a release.

use serde_json::json;
use smidgen_diff::release::{self, Signer, key_names};

use crate::arguments::{SignArguments, signers, signing_files};
use crate::io::{Input, Output, folder};
use crate::report::{Console, Failure, note_unlisted, object, tables};

pub(crate) fn sign(arguments: &SignArguments, console: &Console) -> Result<(), Failure> {
    let signing = arguments.signing.value();
    let signers = signers(&signing, console)?;
    if signers.is_empty() {
        return Err(
            Failure::usage("no key is given").note("give --key, or --sign-command with --sign-public-key")
        );
    }
    let signers: Vec<&dyn Signer> = signers.iter().map(|signer| &**signer).collect();
    if arguments.package.is_dir() {
        return sign_release(arguments, &signers, console);
    }
    let package = Input::package(&arguments.package)?;
    let output = Output::create(&arguments.output, &[&package], &signing_files(&signing), console)?;
    let signed =
        release::sign(&package, &signers).map_err(|error| Failure::from(error).about(&arguments.package))?;
    let keys = key_names(&signed).unwrap_or_default();
    output.finish_with(&signed)?;
    console.say(format_args!("signed   by {}", keys.join(", ")));
    console.print_json(|| object(json!({ "package_size": signed.len(), "keys": keys })))
}

/// Signs all packages of a release, into a folder of their own.
fn sign_release(
    arguments: &SignArguments,
    signers: &[&dyn Signer],
    console: &Console,
) -> Result<(), Failure> {
    let folder = folder(&arguments.output)?;
    let manifest = release::sign_release(&arguments.package, folder, signers)?;
    let unlisted = release::unlisted(&manifest, folder)?;
    note_unlisted(&unlisted, console);
    console.say(tables::release(&manifest));
    let mut keys: Vec<&str> =
        manifest.packages.iter().flat_map(|package| package.keys.iter().map(String::as_str)).collect();
    keys.sort_unstable();
    keys.dedup();
    console.say(format_args!("signed   by {}", keys.join(", ")));
    console.print_json(|| object(json!({ "keys": keys, "manifest": manifest, "unlisted": unlisted })))
}

//! `smidgen sign`: signs a package, or all of a release.

use diff_core::release::{Signer, key_names, sign, sign_release};
use serde_json::json;

use crate::arguments::SignArguments;
use crate::console::Console;
use crate::failure::Failure;
use crate::input::Input;
use crate::output::Output;
use crate::release_table;

/// Signs with all keys that are named, besides signatures that are there.
pub(crate) fn run(arguments: &SignArguments, console: &Console) -> Result<(), Failure> {
    let signers = arguments.signing.signers(console)?;
    if signers.is_empty() {
        return Err(
            Failure::usage("no key is given").note("give --key, or --sign-command with --sign-public-key")
        );
    }
    let signers: Vec<&dyn Signer> = signers.iter().map(|signer| &**signer).collect();
    if arguments.package.is_dir() {
        return release(arguments, &signers, console);
    }
    let package = Input::package(&arguments.package)?;
    let output = Output::create(&arguments.output, &[&package], &arguments.signing.files())?;
    let signed = sign(&package, &signers).map_err(|error| {
        let failure = Failure::from(error);
        failure.about(&arguments.package)
    })?;
    let keys = key_names(&signed).unwrap_or_default();
    output.finish_with(&signed)?;
    console.say(format_args!("signed   by {}", keys.join(", ")));
    if arguments.json { console.print(json!({ "package_size": signed.len(), "keys": keys })) } else { Ok(()) }
}

/// Signs all packages of a release, into a folder of their own.
fn release(arguments: &SignArguments, signers: &[&dyn Signer], console: &Console) -> Result<(), Failure> {
    let manifest = sign_release(&arguments.package, &arguments.output, signers)?;
    console.say(release_table::of(&manifest));
    let mut keys: Vec<&String> = manifest.packages.iter().flat_map(|package| &package.keys).collect();
    keys.sort();
    keys.dedup();
    console.say(format_args!("signed   by {}", keys.into_iter().cloned().collect::<Vec<_>>().join(", ")));
    if arguments.json { console.print(json!(manifest)) } else { Ok(()) }
}

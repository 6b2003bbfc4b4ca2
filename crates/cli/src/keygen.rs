//! `smidgen keygen`: makes a key that signs packages.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use diff_core::package::{KeyError, SecretKey};
use serde_json::json;

use crate::arguments::KeygenArguments;
use crate::console::{Console, shown};
use crate::failure::Failure;
use crate::secrets::passphrase;

/// Makes the key, writes both files, tells the constant for devices.
pub(crate) fn run(arguments: &KeygenArguments, console: &Console) -> Result<(), Failure> {
    let passphrase = passphrase(arguments.passphrase_file.as_deref(), console)?;
    let key = SecretKey::generate().map_err(failed)?;
    let (secret, public) = (key.to_pem(&passphrase).map_err(failed)?, key.public_pem().map_err(failed)?);
    write_new(&arguments.secret, &secret, true)?;
    if let Err(failure) = write_new(&arguments.public, &public, false) {
        // A secret key whose public key nobody has is of no use.
        let _ = fs::remove_file(&arguments.secret);
        return Err(failure);
    }
    let (name, constant) = (key.public_key().name(), key.public_key().rust_constant());
    if arguments.json {
        return console.print(json!({ "algorithm": "Ed25519", "key": name, "constant": constant }));
    }
    console.say(format_args!(
        "key      {name}, Ed25519; keep {} where nobody gets it",
        shown(&arguments.secret)
    ));
    console.print(constant)
}

fn failed(error: KeyError) -> Failure {
    match error {
        KeyError::EmptyPassphrase => Failure::usage(error.to_string()),
        error => Failure::other(error.to_string()),
    }
}

/// Writes a file that must not be there yet, whole or not at all; a secret one is for its owner only, from the first
/// moment on.
fn write_new(path: &Path, text: &str, secret: bool) -> Result<(), Failure> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::usage(format!("{}: is there already, and is not written over", shown(path)))
                .note("a key that devices know would be lost: give another name")
        }
        _ => Failure::file(path, "cannot write", &error),
    };
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = secret;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut part = tempfile::Builder::new();
    let part = part.prefix(".smidgen-").suffix(".part");
    let made = part.make_in(folder.unwrap_or(Path::new(".")), |path| options.open(path));
    let mut part = made.map_err(failed)?;
    let file = part.as_file_mut();
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    part.persist_noclobber(path).map(drop).map_err(|error| failed(error.error))
}

//! `smidgen keygen`: makes a key that signs, encrypts or decrypts packages.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde_json::json;
use smidgen_diff::release::{DeviceSecret, KeyError, SecretKey, SharedSecret};

use crate::arguments::{KeyKind, KeygenArguments};
use crate::io::secrets::{PassphraseFile, passphrase};
use crate::report::{Console, Failure, hex, shown};

/// A new key: the contents of its files, and its description.
struct Made {
    secret: String,
    public: Option<String>,
    algorithm: &'static str,
    name: String,
    /// The public key as a constant for the devices' program.
    constant: Option<String>,
    /// The secret bytes, for the production of devices.
    raw: Option<[u8; 32]>,
}

pub(crate) fn keygen(arguments: &KeygenArguments, console: &Console) -> Result<(), Failure> {
    let passphrase = passphrase(PassphraseFile::named(arguments.passphrase_file.as_deref()), console)?;
    let made = make(arguments.kind, &passphrase).map_err(failed)?;
    if made.public.is_none() && arguments.public.is_some() {
        return Err(
            Failure::usage("a shared key has no public key").note("give the file of the secret key only")
        );
    }
    if made.raw.is_none() && arguments.raw.is_some() {
        return Err(Failure::usage(
            "a key that signs has no raw form: devices need no secret key to check signatures",
        )
        .note("leave out --raw"));
    }
    write_all(arguments, &made)?;
    let Made { algorithm, name, constant, .. } = made;
    if console.is_json() {
        return console.print(json!({ "algorithm": algorithm, "key": name, "constant": constant }));
    }
    console.say(format_args!("key      {name}, {algorithm}; keep {} secret", shown(&arguments.secret)));
    constant.map_or(Ok(()), |constant| console.print(constant))
}

/// Writes all files or none: a secret key is useless without its public key.
fn write_all(arguments: &KeygenArguments, made: &Made) -> Result<(), Failure> {
    let mut files = vec![(arguments.secret.as_path(), made.secret.as_bytes(), true)];
    if let (Some(path), Some(public)) = (&arguments.public, &made.public) {
        files.push((path, public.as_bytes(), false));
    }
    if let (Some(path), Some(raw)) = (&arguments.raw, &made.raw) {
        files.push((path, raw, true));
    }
    for (index, &(path, bytes, secret)) in files.iter().enumerate() {
        if let Err(failure) = write_new(path, bytes, secret) {
            files[..index].iter().for_each(|(path, ..)| drop(fs::remove_file(path)));
            return Err(failure);
        }
    }
    Ok(())
}

fn make(kind: KeyKind, passphrase: &str) -> Result<Made, KeyError> {
    Ok(match kind {
        KeyKind::Ed25519 => {
            let key = SecretKey::generate()?;
            let public = key.public_key();
            let (secret, constant) = (key.to_pem(passphrase)?, Some(public.rust_constant()));
            let (name, public) = (public.name(), Some(key.public_pem()));
            Made { secret, public, algorithm: "Ed25519", name, constant, raw: None }
        }
        KeyKind::Shared => {
            let key = SharedSecret::generate()?;
            let (secret, name) = (key.to_pem(passphrase)?, hex(&key.key_name()));
            let raw = Some(*key.bytes());
            Made { secret, public: None, algorithm: "shared", name, constant: None, raw }
        }
        KeyKind::X25519 => {
            let key = DeviceSecret::generate()?;
            let (secret, public) = (key.to_pem(passphrase)?, key.public());
            let (name, public) = (hex(&public.key_name()), Some(public.to_pem()));
            Made { secret, public, algorithm: "X25519", name, constant: None, raw: Some(*key.bytes()) }
        }
    })
}

fn failed(error: KeyError) -> Failure {
    match error {
        KeyError::EmptyPassphrase => Failure::usage(error.to_string()),
        error => Failure::other(error.to_string()),
    }
}

/// Writes a new file, whole or not at all. A secret one is readable for its owner only from the moment that it exists.
fn write_new(path: &Path, bytes: &[u8], secret: bool) -> Result<(), Failure> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::usage(format!("{}: exists, and is not overwritten", shown(path)))
                .note("a key that devices have would be lost: give another name")
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
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    part.persist_noclobber(path).map(drop).map_err(|error| failed(error.error))
}

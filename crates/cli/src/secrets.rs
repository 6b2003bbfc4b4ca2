//! Files of keys and passphrases: bounded, as they may be pipes, with a warning where others can read a secret.

use std::env;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use diff_core::release::{DecryptionKey, DevicePublic, KeyError, PublicKey, SecretKey};

use crate::console::{Console, shown};
use crate::failure::Failure;

/// Where a passphrase is: a file, if one is named, and the option that names it.
#[derive(Clone, Copy)]
pub(crate) struct PassphraseFile<'p> {
    pub(crate) option: &'static str,
    pub(crate) path: Option<&'p Path>,
}

impl<'p> PassphraseFile<'p> {
    /// What --passphrase-file names.
    pub(crate) const fn named(path: Option<&'p Path>) -> Self {
        Self { option: "--passphrase-file", path }
    }
}

/// The variable that a passphrase is taken from where no file is named.
pub(crate) const PASSPHRASE: &str = "SMIDGEN_PASSPHRASE";
/// The most bytes of such a file. Keys have some hundred.
const LIMIT: u64 = 64 << 10;

/// Reads a public key.
pub(crate) fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    parsed(path, &read(path)?.0, PublicKey::from_pem)
}

/// Reads a public key that packages are sealed to.
pub(crate) fn device_key(path: &Path) -> Result<DevicePublic, Failure> {
    parsed(path, &read(path)?.0, DevicePublic::from_pem)
}

/// Reads secret keys that sign, all with the same passphrase, which is not asked for if there is none.
pub(crate) fn secret_keys<'p>(
    paths: impl IntoIterator<Item = &'p Path>,
    passphrase_file: PassphraseFile<'_>,
    console: &Console,
) -> Result<Vec<SecretKey>, Failure> {
    secret(paths, passphrase_file, console, SecretKey::from_pem)
}

/// Reads keys that decrypt, in the same way.
pub(crate) fn decryption_keys<'p>(
    paths: impl IntoIterator<Item = &'p Path>,
    passphrase_file: PassphraseFile<'_>,
    console: &Console,
) -> Result<Vec<DecryptionKey>, Failure> {
    secret(paths, passphrase_file, console, DecryptionKey::from_pem)
}

fn secret<'p, K>(
    paths: impl IntoIterator<Item = &'p Path>,
    passphrase_file: PassphraseFile<'_>,
    console: &Console,
    from_pem: impl Fn(&str, &str) -> Result<K, KeyError>,
) -> Result<Vec<K>, Failure> {
    let mut paths = paths.into_iter().peekable();
    if paths.peek().is_none() {
        return Ok(Vec::new());
    }
    // Once: a pipe gives it once.
    let passphrase = passphrase(passphrase_file, console)?;
    let key = |path: &Path| {
        let (pem, file) = read(path)?;
        let key = parsed(path, &pem, |pem| from_pem(pem, &passphrase))?;
        // Not of a public key, which is an error here.
        warn(path, &file, console);
        Ok(key)
    };
    paths.map(key).collect()
}

fn parsed<K>(
    path: &Path,
    pem: &str,
    from_pem: impl FnOnce(&str) -> Result<K, KeyError>,
) -> Result<K, Failure> {
    from_pem(pem).map_err(|error| Failure::other(format!("{}: {error}", shown(path))))
}

/// The first line of the file, or the variable.
pub(crate) fn passphrase(file: PassphraseFile<'_>, console: &Console) -> Result<String, Failure> {
    if let Some(path) = file.path {
        return Ok(secret_text(path, console)?.lines().next().unwrap_or_default().to_owned());
    }
    env::var(PASSPHRASE).map_err(|_| {
        Failure::usage("no passphrase is given")
            .note(format!("name a file with {}, or set the variable {PASSPHRASE}", file.option))
    })
}

/// The text of a file that is secret.
fn secret_text(path: &Path, console: &Console) -> Result<String, Failure> {
    let (text, file) = read(path)?;
    warn(path, &file, console);
    Ok(text)
}

/// Tells that others can read a secret, if they can.
fn warn(path: &Path, file: &File, console: &Console) {
    if let Some(mode) = open_to_others(file) {
        let name = shown(path);
        console.say(format_args!("warning: {name}: others can read it (mode {mode:o}); chmod 600 it"));
    }
}

fn read(path: &Path) -> Result<(String, File), Failure> {
    let failed = |error: io::Error| Failure::file(path, "cannot read", &error);
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    (&file).take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LIMIT {
        return Err(Failure::other(format!(
            "{}: has more than {LIMIT} bytes: it is no key, and no passphrase",
            shown(path)
        )));
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        let what = "it is no text, as keys in PEM and passphrases are";
        failed(io::Error::other(what))
            .note("give the file that smidgen keygen wrote, not the one of its --raw")
    })?;
    Ok((text, file))
}

/// The permissions of a file that others than its owner may read. What is no file, such as a pipe, is nobody else's.
#[cfg(unix)]
fn open_to_others(file: &File) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mode = metadata.permissions().mode() & 0o777;
    (mode & 0o044 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_to_others(_file: &File) -> Option<u32> {
    None
}

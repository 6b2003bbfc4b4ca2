//! Files of keys and passphrases, which may be pipes without end; secrets that others can read get a warning.

use std::env::{self, VarError};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use smidgen_diff::release::KeyError;

use crate::report::{Console, Failure, Reason, shown};

/// Where a passphrase is read from: the file, if one is named, and the option that names it.
#[derive(Clone, Copy)]
pub(crate) struct PassphraseFile<'p> {
    pub(crate) option: &'static str,
    pub(crate) path: Option<&'p Path>,
}

impl<'p> PassphraseFile<'p> {
    pub(crate) const fn named(path: Option<&'p Path>) -> Self {
        Self { option: "--passphrase-file", path }
    }
}

/// The variable with the passphrase, where no file is named.
pub(crate) const PASSPHRASE: &str = "SMIDGEN_PASSPHRASE";
/// The most bytes of such a file. Keys have a few hundred.
const LIMIT: u64 = 64 << 10;

/// Reads a public key of any kind.
pub(crate) fn public_key<K>(
    path: &Path,
    from_pem: impl FnOnce(&str) -> Result<K, KeyError>,
) -> Result<K, Failure> {
    parsed(path, &read(path)?.0, from_pem)
}

/// Reads secret keys of one kind, all with the same passphrase; without keys, no passphrase is needed.
pub(crate) fn secret_keys<K>(
    paths: &[PathBuf],
    passphrase_file: PassphraseFile<'_>,
    console: &Console,
    from_pem: impl Fn(&str, &str) -> Result<K, KeyError>,
) -> Result<Vec<K>, Failure> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let files: Vec<_> = paths.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    // Once: a pipe gives it once.
    let passphrase = passphrase(passphrase_file, console).map_err(|missing| {
        // A file that no passphrase makes a key is the better reason; an encrypted one refuses this one.
        let refused = |(path, (pem, _)): (&PathBuf, &(String, File))| match from_pem(pem, "") {
            Err(KeyError::Passphrase) | Ok(_) => None,
            Err(error) => Some(unusable(path, error)),
        };
        paths.iter().zip(&files).find_map(refused).unwrap_or(missing)
    })?;
    let key = |(path, (pem, file)): (&PathBuf, &(String, File))| {
        let key = parsed(path, pem, |pem| from_pem(pem, &passphrase))?;
        // After the parser, which refuses public keys: those may be readable.
        warn(path, file, console);
        Ok(key)
    };
    paths.iter().zip(&files).map(key).collect()
}

fn parsed<K>(
    path: &Path,
    pem: &str,
    from_pem: impl FnOnce(&str) -> Result<K, KeyError>,
) -> Result<K, Failure> {
    from_pem(pem).map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, error: KeyError) -> Failure {
    Failure::new(Reason::Key, error.to_string()).about(path)
}

/// Reads the first line of the file, or the variable.
pub(crate) fn passphrase(file: PassphraseFile<'_>, console: &Console) -> Result<String, Failure> {
    if let Some(path) = file.path {
        let (text, file) = read(path)?;
        warn(path, &file, console);
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    env::var(PASSPHRASE).map_err(|error| {
        let what = match error {
            VarError::NotPresent => "no passphrase is given",
            VarError::NotUnicode(_) => "the passphrase is not UTF-8",
        };
        Failure::usage(what)
            .note(format!("name a file with {}, or set the variable {PASSPHRASE}", file.option))
    })
}

fn warn(path: &Path, file: &File, console: &Console) {
    if let Some(mode) = open_to_others(file) {
        let name = shown(path);
        console.say(format_args!("warning: {name}: others can read it (mode {mode:o}); chmod 600 it"));
    }
}

fn read(path: &Path) -> Result<(String, File), Failure> {
    let failed = |error: io::Error| Failure::file(path, Reason::Read, &error);
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    (&file).take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LIMIT {
        let message = format!("has more than {LIMIT} bytes: it is neither a key nor a passphrase");
        return Err(Failure::new(Reason::Key, message).about(path));
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        let what = "it is not text; keys in PEM and passphrases are";
        failed(io::Error::other(what))
            .note("give the file that smidgen keygen wrote, not the one of its --raw")
    })?;
    Ok((text, file))
}

/// The permissions of a file that others than its owner may read. A pipe has no other readers.
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

//! The options of keys and signatures.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use smidgen_diff::release::{PublicKey, SecretKey, Signer, SigningOptions};

use super::Given;
use crate::io::secrets::{PassphraseFile, public_key, secret_keys};
use crate::io::shell::ShellSigner;
use crate::report::{Console, Failure};

#[derive(Debug, Args)]
pub(crate) struct KeygenArguments {
    /// The file to write the secret key to, encrypted with the passphrase; must not exist.
    pub(crate) secret: PathBuf,
    /// The file to write the public key to; must not exist. A shared key has none.
    #[arg(required_if_eq_any = [("kind", "ed25519"), ("kind", "x25519")])]
    pub(crate) public: Option<PathBuf>,
    /// The kind of key.
    #[arg(long, value_enum, default_value_t = KeyKind::Ed25519)]
    pub(crate) kind: KeyKind,
    /// Also write the 32 secret bytes of a shared or X25519 key to this file, for the production of devices.
    #[arg(long, value_name = "FILE")]
    pub(crate) raw: Option<PathBuf>,
    /// The file whose first line is the passphrase [default: the variable SMIDGEN_PASSPHRASE].
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// The form in which to print the public key; --json prints all [default: rust for a key that signs, else none].
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) print: Option<PublicForm>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PublicForm {
    /// A constant for a program in Rust.
    Rust,
    /// An array for a program in C.
    C,
    /// Hexadecimal digits.
    Hex,
    /// The text of the public key's file.
    Pem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyKind {
    /// Signs packages; devices check with the public key.
    Ed25519,
    /// Encrypts and decrypts packages; all devices of a product line have it.
    Shared,
    /// Decrypts packages that are sealed to its public key; for one device or a group.
    X25519,
}

#[derive(Debug, Args)]
pub(crate) struct SignArguments {
    /// The package, or the folder of a release to sign all packages of.
    pub(crate) package: PathBuf,
    /// The file to write the signed package to; for a release, another folder.
    #[arg(short, long, value_name = "PACKAGE|FOLDER")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) signing: Given<SigningOptions>,
}

#[derive(Debug, Args)]
pub(crate) struct SignersArguments {
    /// Check that one of these keys signed the package.
    #[arg(long, value_name = "PUBLIC.pem", num_args = 1..)]
    public_key: Vec<PathBuf>,
}

impl SignersArguments {
    pub(crate) fn keys(&self) -> Result<Vec<PublicKey>, Failure> {
        self.public_key.iter().map(|path| public_key(path, PublicKey::from_pem)).collect()
    }
}

/// The files of keys and passphrases, which must not be overwritten.
pub(crate) fn signing_files(options: &SigningOptions) -> Vec<&Path> {
    let files = options.keys.iter().chain(&options.passphrase_file).chain(&options.public_keys);
    files.map(PathBuf::as_path).collect()
}

/// All that sign.
pub(crate) fn signers(options: &SigningOptions, console: &Console) -> Result<Vec<Box<dyn Signer>>, Failure> {
    let SigningOptions { keys, passphrase_file, commands, public_keys, .. } = options;
    if commands.len() != public_keys.len() {
        return Err(Failure::usage("give one --sign-public-key for each --sign-command, in the same order"));
    }
    let file = PassphraseFile::named(passphrase_file.as_deref());
    let keys = secret_keys(keys, file, console, SecretKey::from_pem)?;
    let mut signers: Vec<Box<dyn Signer>> = Vec::new();
    signers.extend(keys.into_iter().map(|key| Box::new(key) as Box<dyn Signer>));
    for (command, key) in commands.iter().zip(public_keys) {
        let key = public_key(key, PublicKey::from_pem)?;
        signers.push(Box::new(ShellSigner { command: command.clone(), key }));
    }
    Ok(signers)
}

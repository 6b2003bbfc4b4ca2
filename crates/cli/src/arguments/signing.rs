//! The command line of keys and signatures, and the signers that it names.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use diff_core::release::Signer;

use crate::console::Console;
use crate::failure::Failure;
use crate::secrets::{PassphraseFile, public_key, secret_keys};
use crate::shell::ShellSigner;

/// Where the options of signers stand in a command's help.
const HEADING: &str = "Signatures";

/// Who signs.
#[derive(Debug, Args)]
pub(crate) struct SigningArguments {
    /// Sign with this secret key; may be given several times.
    #[arg(long, help_heading = HEADING, value_name = "SECRET.pem")]
    key: Vec<PathBuf>,
    /// The file or pipe whose first line is the passphrase of the secret keys [default: the variable SMIDGEN_PASSPHRASE].
    #[arg(long, help_heading = HEADING, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Sign with this shell command, such as one that asks an HSM: it gets the bytes to sign on standard input and prints
    /// the signature (64 bytes, DER, or hexadecimal digits; at most 4096 bytes in all); may be given several times.
    #[arg(long, help_heading = HEADING, value_name = "COMMAND")]
    sign_command: Vec<String>,
    /// The public key of each --sign-command, in the same order.
    #[arg(long, help_heading = HEADING, value_name = "PUBLIC.pem")]
    sign_public_key: Vec<PathBuf>,
}

/// The arguments of `keygen`.
#[derive(Debug, Args)]
pub(crate) struct KeygenArguments {
    /// The file of the secret key, encrypted with the passphrase; must not be there yet.
    pub(crate) secret: PathBuf,
    /// The file of the public key; must not be there yet. A shared key has none.
    #[arg(required_if_eq_any = [("kind", "ed25519"), ("kind", "x25519")])]
    pub(crate) public: Option<PathBuf>,
    /// What the key is.
    #[arg(long, value_enum, default_value_t = KeyKind::Ed25519)]
    pub(crate) kind: KeyKind,
    /// Write the 32 secret bytes of a shared or X25519 key to this file besides, for the devices' production.
    #[arg(long, value_name = "FILE")]
    pub(crate) raw: Option<PathBuf>,
    /// The file whose first line is the passphrase [default: the variable SMIDGEN_PASSPHRASE].
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a key is, and good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyKind {
    /// Signs packages; devices check with the public key.
    Ed25519,
    /// Encrypts packages, and decrypts them: all devices of a product line have it.
    Shared,
    /// A device's own, or a group's: decrypts packages that were sealed to its public key.
    X25519,
}

/// The arguments of `sign`.
#[derive(Debug, Args)]
pub(crate) struct SignArguments {
    /// The package, or the folder of a release, whose packages are all signed.
    pub(crate) package: PathBuf,
    /// Where the signed package goes, or the signed release: a folder of its own.
    #[arg(short, long, value_name = "PACKAGE|FOLDER")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) signing: SigningArguments,
    /// Print the result as one JSON object; of a release, its manifest.
    #[arg(long)]
    pub(crate) json: bool,
}

impl SigningArguments {
    /// The files that these are read from, which must not be written over.
    pub(crate) fn files(&self) -> Vec<&Path> {
        let files = self.key.iter().chain(&self.passphrase_file).chain(&self.sign_public_key);
        files.map(PathBuf::as_path).collect()
    }

    /// All signers that are named.
    pub(crate) fn signers(&self, console: &Console) -> Result<Vec<Box<dyn Signer>>, Failure> {
        if self.sign_command.len() != self.sign_public_key.len() {
            return Err(Failure::usage(
                "each --sign-command needs the --sign-public-key of its key, and none besides",
            ));
        }
        let paths = self.key.iter().map(PathBuf::as_path);
        let keys = secret_keys(paths, PassphraseFile::named(self.passphrase_file.as_deref()), console)?;
        let mut signers: Vec<Box<dyn Signer>> = Vec::new();
        signers.extend(keys.into_iter().map(|key| Box::new(key) as Box<dyn Signer>));
        for (command, key) in self.sign_command.iter().zip(&self.sign_public_key) {
            signers.push(Box::new(ShellSigner { command: command.clone(), key: public_key(key)? }));
        }
        Ok(signers)
    }
}

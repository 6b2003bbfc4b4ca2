//! The options of encryption and decryption.

use std::path::{Path, PathBuf};

use clap::Args;
use smidgen_diff::release::{
    DecryptionKey, DevicePublic, Encryption, EncryptionOptions, Recipient, ReleaseFile, Sealed, Sealer,
};

use crate::io::secrets::{PassphraseFile, public_key, secret_keys};
use crate::io::shell;
use crate::report::{Console, Failure};

const HEADING: &str = "Encryption";

#[derive(Debug, Args)]
pub(crate) struct DecryptionArguments {
    /// Decrypt with this shared or X25519 key; may be given several times.
    #[arg(long, help_heading = HEADING, value_name = "SECRET.pem")]
    decrypt: Vec<PathBuf>,
    /// The file whose first line is the passphrase of these keys [default: the variable SMIDGEN_PASSPHRASE].
    #[arg(long, help_heading = HEADING, value_name = "FILE", requires = "decrypt")]
    passphrase_file: Option<PathBuf>,
}

/// The files of keys and passphrases, which must not be overwritten.
pub(crate) fn encryption_files(options: &EncryptionOptions) -> Vec<&Path> {
    let EncryptionOptions { encrypt, seal_to, passphrase_file, .. } = options;
    encrypt.iter().chain(seal_to).chain(passphrase_file).map(PathBuf::as_path).collect()
}

/// The encryption; `None` without one.
pub(crate) fn encryption(
    options: &EncryptionOptions,
    console: &Console,
) -> Result<Option<Encryption>, Failure> {
    let EncryptionOptions { encrypt, seal_to, seal_command, cipher, passphrase_file, .. } = options;
    let named = [
        ("encrypt", encrypt.is_some()),
        ("seal-to", seal_to.is_some()),
        ("seal-command", seal_command.is_some()),
    ];
    let mut recipients = named.iter().filter(|(_, given)| *given).map(|(name, _)| *name);
    if let (Some(one), Some(other)) = (recipients.next(), recipients.next()) {
        return Err(Failure::usage(format!("{one} cannot be used with {other}"))
            .note("encrypt for one recipient: leave one of them out"));
    }
    if passphrase_file.is_some() && encrypt.is_none() {
        return Err(Failure::usage("encryption-passphrase-file is of a shared key, which is required")
            .note("give the key with encrypt"));
    }
    let recipient = match (encrypt, seal_to, seal_command) {
        (Some(path), ..) => shared(path, passphrase_file.as_deref(), console)?,
        (_, Some(path), _) => Recipient::Sealed(Box::new(public_key(path, DevicePublic::from_pem)?)),
        (.., Some(command)) => Recipient::Sealed(Box::new(ShellSealer(command.clone()))),
        _ if cipher.is_some() => {
            return Err(Failure::usage("a cipher is given without a key, which is required")
                .note("give encrypt, seal-to or seal-command too"));
        }
        _ => return Ok(None),
    };
    Ok(Some(Encryption { recipient, cipher: cipher.unwrap_or_default() }))
}

/// The shared key that a release file names, which decrypts too; none if it names another recipient.
pub(crate) fn shared_key(file: &ReleaseFile, console: &Console) -> Result<Vec<DecryptionKey>, Failure> {
    let mut options = EncryptionOptions::default();
    file.apply(&mut options);
    let passphrase = PassphraseFile {
        option: "encryption-passphrase-file in the release file",
        path: options.passphrase_file.as_deref(),
    };
    secret_keys(options.encrypt.as_slice(), passphrase, console, DecryptionKey::from_pem)
}

fn shared(path: &PathBuf, passphrase: Option<&Path>, console: &Console) -> Result<Recipient, Failure> {
    let file = PassphraseFile { option: "--encryption-passphrase-file", path: passphrase };
    match secret_keys(std::slice::from_ref(path), file, console, DecryptionKey::from_pem)?.pop() {
        Some(DecryptionKey::Shared(key)) => Ok(Recipient::Shared(key)),
        _ => Err(Failure::usage("is the key of a device, not a shared key")
            .about(path)
            .note("encrypt for the device with --seal-to and its public key")),
    }
}

impl DecryptionArguments {
    pub(crate) const fn is_given(&self) -> bool {
        !self.decrypt.is_empty()
    }

    /// The files of keys and passphrases, which must not be overwritten.
    pub(crate) fn files(&self) -> Vec<&Path> {
        self.decrypt.iter().chain(&self.passphrase_file).map(PathBuf::as_path).collect()
    }

    pub(crate) fn keys(&self, console: &Console) -> Result<Vec<DecryptionKey>, Failure> {
        let file = PassphraseFile::named(self.passphrase_file.as_deref());
        secret_keys(&self.decrypt, file, console, DecryptionKey::from_pem)
    }
}

struct ShellSealer(String);

impl Sealer for ShellSealer {
    fn name(&self) -> String {
        self.0.clone()
    }

    fn seal(&self, content_key: &[u8; 32]) -> Result<Sealed, String> {
        let printed = shell::run(&self.0, content_key)?;
        let unclear = || format!("\"{}\" printed {} bytes that are not a sealed key", self.0, printed.len());
        Sealed::from_printed(&printed).ok_or_else(unclear)
    }
}

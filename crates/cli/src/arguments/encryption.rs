//! The options of encryption and decryption.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use smidgen_diff::release::{
    CipherChoice, DecryptionKey, DevicePublic, Encryption, Recipient, Sealed, Sealer,
};

use crate::io::secrets::{PassphraseFile, public_key, secret_keys};
use crate::io::shell;
use crate::report::{Console, Failure};

const HEADING: &str = "Encryption";

#[derive(Debug, Args)]
#[group(id = "recipient", multiple = false)]
pub(crate) struct RecipientArguments {
    /// Encrypt with this shared key of a product line.
    #[arg(long, help_heading = HEADING, value_name = "SHARED.pem")]
    encrypt: Option<PathBuf>,
    /// Encrypt for the device that has the secret key of this X25519 public key.
    #[arg(long, help_heading = HEADING, value_name = "PUBLIC.pem")]
    seal_to: Option<PathBuf>,
    /// Encrypt for the device that this shell command seals to: it reads the content key (32 bytes) from standard input
    /// and prints the key's name, the encapsulated key and the sealed content key (88 bytes or hexadecimal digits).
    #[arg(long, help_heading = HEADING, value_name = "COMMAND")]
    seal_command: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct EncryptionArguments {
    #[command(flatten)]
    recipient: RecipientArguments,
    /// The cipher: chacha20 is small and fast in software, aes-256-ctr for chips with an engine.
    #[arg(long, help_heading = HEADING, default_value_t, requires = "recipient",
        value_parser = PossibleValuesParser::new(CipherChoice::ALL.map(CipherChoice::name))
            .try_map(|name| name.parse::<CipherChoice>()))]
    cipher: CipherChoice,
    /// The file whose first line is the passphrase of the shared key [default: the variable SMIDGEN_PASSPHRASE].
    #[arg(long, help_heading = HEADING, value_name = "FILE", requires = "encrypt")]
    encryption_passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DecryptionArguments {
    /// Decrypt with this shared or X25519 key; may be given several times.
    #[arg(long, help_heading = HEADING, value_name = "SECRET.pem")]
    decrypt: Vec<PathBuf>,
    /// The file whose first line is the passphrase of these keys [default: the variable SMIDGEN_PASSPHRASE].
    #[arg(long, help_heading = HEADING, value_name = "FILE", requires = "decrypt")]
    passphrase_file: Option<PathBuf>,
}

impl EncryptionArguments {
    pub(crate) const fn is_wanted(&self) -> bool {
        let RecipientArguments { encrypt, seal_to, seal_command } = &self.recipient;
        encrypt.is_some() || seal_to.is_some() || seal_command.is_some()
    }

    /// The files of keys and passphrases, which must not be overwritten.
    pub(crate) fn files(&self) -> Vec<&Path> {
        let RecipientArguments { encrypt, seal_to, .. } = &self.recipient;
        let files = encrypt.iter().chain(seal_to).chain(&self.encryption_passphrase_file);
        files.map(PathBuf::as_path).collect()
    }

    /// The encryption; `None` without one.
    pub(crate) fn encryption(&self, console: &Console) -> Result<Option<Encryption>, Failure> {
        let RecipientArguments { encrypt, seal_to, seal_command } = &self.recipient;
        let recipient = match (encrypt, seal_to, seal_command) {
            (Some(path), ..) => self.shared(path, console)?,
            (_, Some(path), _) => Recipient::Sealed(Box::new(public_key(path, DevicePublic::from_pem)?)),
            (.., Some(command)) => Recipient::Sealed(Box::new(ShellSealer(command.clone()))),
            _ => return Ok(None),
        };
        Ok(Some(Encryption { recipient, cipher: self.cipher }))
    }

    fn shared(&self, path: &PathBuf, console: &Console) -> Result<Recipient, Failure> {
        let file = PassphraseFile {
            option: "--encryption-passphrase-file",
            path: self.encryption_passphrase_file.as_deref(),
        };
        match secret_keys(std::slice::from_ref(path), file, console, DecryptionKey::from_pem)?.pop() {
            Some(DecryptionKey::Shared(key)) => Ok(Recipient::Shared(key)),
            _ => Err(Failure::usage("is the key of a device, not a shared key")
                .about(path)
                .note("encrypt for the device with --seal-to and its public key")),
        }
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

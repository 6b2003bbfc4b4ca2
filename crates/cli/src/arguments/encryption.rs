//! The options of encryption: for whom packages are encrypted, and the keys that decrypt them.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use diff_core::release::{
    CipherChoice, DecryptionKey, DevicePublic, Encryption, Recipient, SEALED_LENGTH, Sealed, Sealer,
};

use crate::io::secrets::{PassphraseFile, public_key, secret_keys};
use crate::io::shell;
use crate::report::{Console, Failure, shown};

/// The heading of these options in help.
const HEADING: &str = "Encryption";

/// For whom packages are encrypted.
#[derive(Debug, Args)]
#[group(id = "recipient", multiple = false)]
pub(crate) struct RecipientArguments {
    /// Encrypt with this shared key of a product line.
    #[arg(long, help_heading = HEADING, value_name = "SHARED.pem")]
    encrypt: Option<PathBuf>,
    /// Encrypt for the device with the secret half of this X25519 key.
    #[arg(long, help_heading = HEADING, value_name = "PUBLIC.pem")]
    seal_to: Option<PathBuf>,
    /// Encrypt for the device that this shell command seals to: it reads the content key (32 bytes) from standard input
    /// and prints the key's name, the encapsulated key and the sealed content key (88 bytes or hexadecimal digits).
    #[arg(long, help_heading = HEADING, value_name = "COMMAND")]
    seal_command: Option<String>,
}

/// How packages are encrypted.
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

/// What decrypts packages.
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
    /// Whether anything is encrypted.
    pub(crate) const fn is_wanted(&self) -> bool {
        let RecipientArguments { encrypt, seal_to, seal_command } = &self.recipient;
        encrypt.is_some() || seal_to.is_some() || seal_command.is_some()
    }

    /// The files that keys are read from, which must not be written over.
    pub(crate) fn files(&self) -> Vec<&Path> {
        let RecipientArguments { encrypt, seal_to, .. } = &self.recipient;
        let files = encrypt.iter().chain(seal_to).chain(&self.encryption_passphrase_file);
        files.map(PathBuf::as_path).collect()
    }

    /// The encryption that is asked for, if any.
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
            _ => Err(Failure::usage(format!("{}: is the key of a device, not a shared key", shown(path)))
                .note("encrypt for the device with --seal-to and its public key")),
        }
    }
}

impl DecryptionArguments {
    /// Whether any key is named.
    pub(crate) const fn is_given(&self) -> bool {
        !self.decrypt.is_empty()
    }

    /// The files that they are read from, which must not be written over.
    pub(crate) fn files(&self) -> Vec<&Path> {
        self.decrypt.iter().chain(&self.passphrase_file).map(PathBuf::as_path).collect()
    }

    /// All keys that are named.
    pub(crate) fn keys(&self, console: &Console) -> Result<Vec<DecryptionKey>, Failure> {
        let file = PassphraseFile::named(self.passphrase_file.as_deref());
        secret_keys(&self.decrypt, file, console, DecryptionKey::from_pem)
    }
}

/// A shell command that seals.
struct ShellSealer(String);

impl Sealer for ShellSealer {
    fn name(&self) -> String {
        self.0.clone()
    }

    fn seal(&self, content_key: &[u8; 32]) -> Result<Sealed, String> {
        let printed = shell::run(&self.0, content_key)?;
        let unclear = || format!("\"{}\" printed {} bytes that are not a sealed key", self.0, printed.len());
        sealed_from(&printed).ok_or_else(unclear)
    }
}

/// The bytes, or their hexadecimal digits.
fn sealed_from(printed: &[u8]) -> Option<Sealed> {
    if let Ok(bytes) = printed.try_into() {
        return Some(Sealed::from_bytes(bytes));
    }
    let digits = std::str::from_utf8(printed).ok()?.trim();
    if digits.len() != 2 * SEALED_LENGTH || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; SEALED_LENGTH];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(Sealed::from_bytes(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_prints_is_bytes_or_digits() {
        let bytes: Vec<u8> = (0..88).collect();
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let sealed = sealed_from(&bytes).unwrap();
        assert_eq!((sealed.key_name[7], sealed.encapsulated[31], sealed.sealed[47]), (7, 39, 87));
        assert_eq!(sealed_from(format!("{digits}\n").as_bytes()), Some(sealed));
        for other in
            [&bytes[..87], b"", &digits.as_bytes()[1..], digits.replace('0', "g").as_bytes(), b"\xFF"]
        {
            assert_eq!(sealed_from(other), None);
        }
    }
}

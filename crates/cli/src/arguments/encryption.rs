//! The command line of encryption: who is to read packages, and the keys that read them.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use diff_core::release::{CipherChoice, DecryptionKey, Encryption, Recipient, SEALED_LENGTH, Sealed, Sealer};

use crate::console::{Console, shown};
use crate::failure::Failure;
use crate::secrets::{PassphraseFile, decryption_keys, device_key};
use crate::shell;

/// Where these options stand in a command's help.
const HEADING: &str = "Encryption";

/// Who is to read packages.
#[derive(Debug, Args)]
#[group(id = "recipient", multiple = false)]
pub(crate) struct RecipientArguments {
    /// Encrypt with this shared key of a product line.
    #[arg(long, help_heading = HEADING, value_name = "SHARED.pem")]
    encrypt: Option<PathBuf>,
    /// Encrypt for the device that has the secret half of this X25519 key.
    #[arg(long, help_heading = HEADING, value_name = "PUBLIC.pem")]
    seal_to: Option<PathBuf>,
    /// Encrypt for the device that this shell command seals to: it gets the content key (32 bytes) on standard input and
    /// prints the key's name, the encapsulated key and the sealed content key (88 bytes, or as hexadecimal digits).
    #[arg(long, help_heading = HEADING, value_name = "COMMAND")]
    seal_command: Option<String>,
}

/// How packages are encrypted.
#[derive(Debug, Args)]
pub(crate) struct EncryptionArguments {
    #[command(flatten)]
    recipient: RecipientArguments,
    /// By which cipher.
    #[arg(long, help_heading = HEADING, value_enum, default_value_t = CipherName::Chacha20, requires = "recipient")]
    cipher: CipherName,
    /// The file whose first line is the passphrase of the shared key [default: the variable SMIDGEN_PASSPHRASE].
    #[arg(long, help_heading = HEADING, value_name = "FILE", requires = "encrypt")]
    encryption_passphrase_file: Option<PathBuf>,
}

/// What decrypts packages.
#[derive(Debug, Args)]
pub(crate) struct DecryptionArguments {
    /// Decrypt with this key, shared or of X25519; may be given several times.
    #[arg(long, help_heading = HEADING, value_name = "SECRET.pem")]
    decrypt: Vec<PathBuf>,
    /// The file whose first line is the passphrase of these keys [default: the variable SMIDGEN_PASSPHRASE].
    #[arg(long, help_heading = HEADING, value_name = "FILE", requires = "decrypt")]
    passphrase_file: Option<PathBuf>,
}

/// The ciphers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CipherName {
    /// ChaCha20: small and fast in software.
    Chacha20,
    /// AES-256 in counter mode: for chips with an engine.
    #[value(name = "aes-256-ctr")]
    Aes256Ctr,
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

    /// What is asked for, if anything is.
    pub(crate) fn encryption(&self, console: &Console) -> Result<Option<Encryption>, Failure> {
        let cipher = match self.cipher {
            CipherName::Chacha20 => CipherChoice::ChaCha20,
            CipherName::Aes256Ctr => CipherChoice::Aes256Ctr,
        };
        let RecipientArguments { encrypt, seal_to, seal_command } = &self.recipient;
        let recipient = if let Some(path) = encrypt {
            let file = PassphraseFile {
                option: "--encryption-passphrase-file",
                path: self.encryption_passphrase_file.as_deref(),
            };
            match decryption_keys([path.as_path()], file, console)?.pop() {
                Some(DecryptionKey::Shared(key)) => Recipient::Shared(key),
                _ => {
                    let message = format!("{}: is a device's own key, not a shared one", shown(path));
                    return Err(
                        Failure::usage(message).note("encrypt for it with --seal-to and its public key")
                    );
                }
            }
        } else if let Some(path) = seal_to {
            Recipient::Sealed(Box::new(device_key(path)?))
        } else if let Some(command) = seal_command {
            Recipient::Sealed(Box::new(ShellSealer(command.clone())))
        } else {
            return Ok(None);
        };
        Ok(Some(Encryption { recipient, cipher }))
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
        let paths = self.decrypt.iter().map(PathBuf::as_path);
        decryption_keys(paths, PassphraseFile::named(self.passphrase_file.as_deref()), console)
    }
}

/// A service that seals, behind a shell command.
struct ShellSealer(String);

impl Sealer for ShellSealer {
    fn name(&self) -> String {
        self.0.clone()
    }

    fn seal(&self, content_key: &[u8; 32]) -> Result<Sealed, String> {
        let printed = shell::run(&self.0, content_key)?;
        let unclear = || format!("\"{}\" printed {} bytes that are no sealed key", self.0, printed.len());
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

//! Who signs the packages of a release, and for whom they are encrypted: files of keys and commands, by name.

use std::path::PathBuf;

use crate::release::encryption::CipherChoice;
use crate::settings::{parse, put_parsed, setters, settings};

/// Who signs packages. Nothing here is secret: it says where the keys are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SigningOptions {
    /// Files of secret keys.
    pub keys: Vec<PathBuf>,
    /// The file whose first line is the passphrase of these keys.
    pub passphrase_file: Option<PathBuf>,
    /// Shell commands that sign.
    pub commands: Vec<String>,
    /// The public key of each command, in the same order.
    pub public_keys: Vec<PathBuf>,
}

/// For whom packages are encrypted: one recipient at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncryptionOptions {
    /// The file of the shared key of a product line.
    pub encrypt: Option<PathBuf>,
    /// The file of a device's public key.
    pub seal_to: Option<PathBuf>,
    /// A shell command that seals.
    pub seal_command: Option<String>,
    /// The cipher.
    pub cipher: Option<CipherChoice>,
    /// The file whose first line is the passphrase of the shared key.
    pub passphrase_file: Option<PathBuf>,
}

setters!(SigningOptions {
    with_keys: keys: Vec<PathBuf>,
    with_passphrase_file: passphrase_file: Option<PathBuf>,
    with_commands: commands: Vec<String>,
    with_public_keys: public_keys: Vec<PathBuf>,
});

setters!(EncryptionOptions {
    with_encrypt: encrypt: Option<PathBuf>,
    with_seal_to: seal_to: Option<PathBuf>,
    with_seal_command: seal_command: Option<String>,
    with_cipher: cipher: Option<CipherChoice>,
    with_passphrase_file: passphrase_file: Option<PathBuf>,
});

settings! {
    SigningOptions, Some("Signatures");
    many path "key" "SECRET.pem": "Sign with this secret key; may be given several times",
        |options, text| { options.keys.push(text.into()); Ok(()) };
    path "passphrase-file" "FILE":
        "The file or pipe whose first line is the passphrase of the secret keys [default: the variable SMIDGEN_PASSPHRASE]",
        |options, text| put_parsed(&mut options.passphrase_file, parse(text).map(Some));
    many "sign-command" "COMMAND":
        "Sign with this shell command, such as one that asks an HSM: it reads the bytes to sign from standard input and \
         prints the signature (64 bytes, DER or hexadecimal digits; at most 4096 bytes); may be given several times",
        |options, text| { options.commands.push(text.to_owned()); Ok(()) };
    many path "sign-public-key" "PUBLIC.pem": "The public key of each --sign-command, in the same order",
        |options, text| { options.public_keys.push(text.into()); Ok(()) };
}

settings! {
    EncryptionOptions, Some("Encryption");
    path "encrypt" "SHARED.pem": "Encrypt with this shared key of a product line",
        |options, text| put_parsed(&mut options.encrypt, parse(text).map(Some));
    path "seal-to" "PUBLIC.pem": "Encrypt for the device that has the secret key of this X25519 public key",
        |options, text| put_parsed(&mut options.seal_to, parse(text).map(Some));
    "seal-command" "COMMAND":
        "Encrypt for the device that this shell command seals to: it reads the content key (32 bytes) from standard input \
         and prints the key's name, the encapsulated key and the sealed content key (88 bytes or hexadecimal digits)",
        |options, text| put_parsed(&mut options.seal_command, parse(text).map(Some));
    "cipher" "CIPHER" [CipherChoice::ALL.map(CipherChoice::name)]:
        "The cipher: chacha20 is small and fast in software, aes-256-ctr for chips with an engine [default: chacha20]",
        |options, text| put_parsed(&mut options.cipher, parse(text).map(Some));
    path "encryption-passphrase-file" "FILE":
        "The file whose first line is the passphrase of the shared key [default: the variable SMIDGEN_PASSPHRASE]",
        |options, text| put_parsed(&mut options.passphrase_file, parse(text).map(Some));
}

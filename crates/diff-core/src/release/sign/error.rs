//! Why a key is refused.

use thiserror::Error;

/// Why a key could not be made, read or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is no public key.
    #[error("is not a public key of Ed25519 or P-256 in PEM (\"BEGIN PUBLIC KEY\")")]
    Public,
    /// The text is a secret key.
    #[error("is a secret key: its public key is needed here (\"BEGIN PUBLIC KEY\")")]
    SecretForPublic,
    /// The text is no secret key.
    #[error("is not an encrypted secret key in PEM (\"BEGIN ENCRYPTED PRIVATE KEY\")")]
    Secret,
    /// The key is none that packages are decrypted with.
    #[error(
        "is not a key that decrypts packages: of a product line or of X25519, from smidgen keygen --kind shared or x25519"
    )]
    NotForDecryption,
    /// The key is none that packages are sealed to.
    #[error("is not a public key of X25519 in PEM (\"BEGIN PUBLIC KEY\")")]
    NotForSealing,
    /// The text is a public key.
    #[error("is a public key: its secret key is needed here (\"BEGIN ENCRYPTED PRIVATE KEY\")")]
    PublicForSecret,
    /// The text is a secret key that everybody can read.
    #[error("is a secret key without a passphrase: encrypt it, such as with openssl pkcs8 -topk8 -scrypt")]
    Unencrypted,
    /// The key is another one than of Ed25519.
    #[error(
        "is a secret key of {0}, not of Ed25519: sign with it by --sign-command, if it is one of ECDSA P-256"
    )]
    Algorithm(String),
    /// The way of encryption is not known.
    #[error("is encrypted in a way that is not known here: PBES2 with scrypt or PBKDF2, and AES")]
    Encryption,
    /// The passphrase would take hours, or all memory.
    #[error(
        "asks for too much work: at most 256 MiB and N * r * p of 2^24 for scrypt, or 10,000,000 iterations of PBKDF2"
    )]
    TooCostly,
    /// The passphrase is another.
    #[error("cannot be decrypted: the passphrase is wrong, or the file is damaged")]
    Passphrase,
    /// A passphrase without a character protects nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The operating system has no random numbers.
    #[error("there are no random numbers: {0}")]
    Random(String),
}

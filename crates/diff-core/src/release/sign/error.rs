//! Why a key is refused.

use thiserror::Error;

/// Why a key could not be made, read or written. Messages follow the name of the key's file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not a public key.
    #[error("is not a public key of Ed25519 or P-256 in PEM (\"BEGIN PUBLIC KEY\")")]
    Public,
    /// The text is a secret key.
    #[error("is a secret key: give its public key (\"BEGIN PUBLIC KEY\")")]
    SecretForPublic,
    /// The text is not a secret key.
    #[error("is not an encrypted secret key in PEM (\"BEGIN ENCRYPTED PRIVATE KEY\")")]
    Secret,
    /// The key does not decrypt packages.
    #[error("is not a key that decrypts packages: make one with smidgen keygen --kind shared or x25519")]
    NotForDecryption,
    /// The key is not one that packages are sealed to.
    #[error("is not a public key of X25519 in PEM (\"BEGIN PUBLIC KEY\")")]
    NotForSealing,
    /// The text is a public key.
    #[error("is a public key: give its secret key (\"BEGIN ENCRYPTED PRIVATE KEY\")")]
    PublicForSecret,
    /// The text is a secret key that everybody can read.
    #[error(
        "is a secret key without a passphrase: encrypt it, for example with openssl pkcs8 -topk8 -scrypt"
    )]
    Unencrypted,
    /// The key is not of Ed25519.
    #[error("is a secret key of {0}, not of Ed25519: to sign with ECDSA P-256, use --sign-command")]
    Algorithm(String),
    /// The encryption of the key is not supported.
    #[error("is encrypted by an unsupported scheme: use PBES2 with scrypt or PBKDF2, and AES")]
    Encryption,
    /// The passphrase would take hours, or all memory.
    #[error(
        "asks for too much work: the limits are 256 MiB and N * r * p = 2^24 for scrypt, and 10,000,000 iterations of PBKDF2"
    )]
    TooCostly,
    /// The passphrase is another one.
    #[error("cannot be decrypted: the passphrase is wrong, or the file is damaged")]
    Passphrase,
    /// A passphrase without a character protects nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The operating system has no random numbers.
    #[error("the operating system has no random numbers: {0}")]
    Random(String),
}

//! Encrypted packages and their keys (`docs/format.md`, section 15).

mod decrypt;
mod encrypt;
mod keys;
mod seal;

pub use decrypt::{Keys, decrypt, encryption_of};
pub use encrypt::{
    CipherChoice, ContentKey, EncryptError, Encrypted, Encryption, Recipient, encrypt, encrypt_and_prove,
    encrypt_sealed,
};
pub use keys::{DecryptionKey, DevicePublic, DeviceSecret, SharedSecret};
pub use seal::{SEALED_LENGTH, Sealed, Sealer};

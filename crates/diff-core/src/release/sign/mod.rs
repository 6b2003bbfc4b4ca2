//! Keys and signatures of packages (`docs/format.md`, section 2.7).

mod error;
pub(crate) mod key_file;
mod keys;
mod signing;

pub use error::KeyError;
pub(crate) use keys::from_hex;
pub use keys::{PublicKey, SecretKey};
pub(crate) use signing::body;
pub use signing::{SignError, Signer, check_signature, key_names, sign};

//! Keys and signatures of packages.

mod error;
pub(crate) mod key_file;
mod keys;
mod signing;

pub use error::KeyError;
pub use keys::{PublicKey, SecretKey};
pub(crate) use signing::body;
pub use signing::{SignError, Signer, check_signature, key_names, sign};

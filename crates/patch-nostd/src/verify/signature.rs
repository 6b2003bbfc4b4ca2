//! Signatures of packages by keys that the device knows (`docs/format.md`, section 8).

use super::{Anything, Policy};
use crate::Error;
use crate::wire::{Extensions, Header, KeyId, SIGNATURE_LENGTH, Signatures};

/// A public key, which checks signatures.
///
/// Implement it over a chip's own engine, or take [`Ed25519Key`] or [`P256Key`]. A device with keys of several
/// algorithms implements it for an enumeration of them: which algorithm is used is decided by the key, never by the
/// package.
pub trait Verifier {
    /// The name of this key in packages: its first bytes.
    fn key_id(&self) -> KeyId;
    /// Whether the owner of this key signed this message.
    fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> bool;
}

/// The policy of a device that takes only packages that one of its keys signed and that `policy` allows.
///
/// ```
/// # #[cfg(feature = "ed25519")] {
/// use smidgen_patch::verify::{Anything, Ed25519Key, Signed};
/// // The current key and the next one, in the order of preference.
/// const KEYS: [Ed25519Key; 2] = [Ed25519Key([0x5A; 32]), Ed25519Key([0xA5; 32])];
/// let policy = Signed { keys: &KEYS, policy: Anything };
/// # let _ = policy; }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Signed<'k, V, P = Anything> {
    /// The keys that the device trusts, best as constants of its program.
    pub keys: &'k [V],
    /// What else must be right.
    pub policy: P,
}

impl<V: Verifier, P: Policy> Policy for Signed<'_, V, P> {
    const AUTHENTICATES: bool = true;

    fn authenticate(&self, message: &[u8], signatures: Option<&Signatures<'_>>) -> Result<(), Error> {
        let signatures = signatures.ok_or(Error::Unsigned)?;
        let mut refusal = Error::UnknownKey;
        for (id, signature) in signatures.iter() {
            for key in self.keys.iter().filter(|key| key.key_id() == *id) {
                if key.verify(message, signature) {
                    return Ok(());
                }
                refusal = Error::Signature;
            }
        }
        Err(refusal)
    }

    fn allow(&self, header: &Header, extensions: &Extensions<'_>) -> Result<(), Error> {
        self.policy.allow(header, extensions)
    }
}

/// An Ed25519 public key (RFC 8032), 32 bytes. Verification is strict: small-order points and signatures in other
/// than their shortest form are refused.
#[cfg(feature = "ed25519")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ed25519Key(pub [u8; 32]);

#[cfg(feature = "ed25519")]
impl Verifier for Ed25519Key {
    fn key_id(&self) -> KeyId {
        first(&self.0)
    }

    fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        let key = ed25519_dalek::VerifyingKey::from_bytes(&self.0);
        key.is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }
}

/// A public key of ECDSA over P-256 with SHA-256 (FIPS 186-5): the coordinates x and y, 32 bytes each. Signatures are
/// r and s, 32 bytes each.
#[cfg(feature = "p256")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct P256Key(pub [u8; 64]);

#[cfg(feature = "p256")]
impl Verifier for P256Key {
    fn key_id(&self) -> KeyId {
        first(&self.0)
    }

    fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> bool {
        use p256::ecdsa::signature::Verifier;
        use p256::ecdsa::{Signature, VerifyingKey};
        let mut point = [4; 65];
        point[1..].copy_from_slice(&self.0);
        let (key, signature) = (VerifyingKey::from_sec1_bytes(&point), Signature::from_slice(signature));
        matches!((key, signature), (Ok(key), Ok(signature)) if key.verify(message, &signature).is_ok())
    }
}

#[cfg(any(feature = "ed25519", feature = "p256"))]
fn first(key: &[u8]) -> KeyId {
    key.first_chunk().copied().unwrap_or_default()
}

#[cfg(all(test, any(feature = "ed25519", feature = "p256")))]
mod tests {
    use super::*;

    /// The first test of RFC 8032, section 7.1: an empty message.
    #[cfg(feature = "ed25519")]
    #[test]
    fn ed25519_is_the_one_of_the_standard() {
        let key = Ed25519Key(bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"));
        let signature: [u8; 64] = bytes(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        );
        assert!(key.verify(b"", &signature));
        assert!(!key.verify(b"x", &signature));
        assert_eq!(key.key_id(), bytes("d75a980182b10ab7"));
        // No key and every signature fits the neutral element, if one is not strict.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut fitting = [0; 64];
        fitting[0] = 1;
        assert!(!Ed25519Key(neutral).verify(b"x", &fitting));
    }

    /// RFC 6979, appendix A.2.5: SHA-256, message "sample".
    #[cfg(feature = "p256")]
    #[test]
    fn p256_is_the_one_of_the_standard() {
        let key = P256Key(bytes(
            "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
        ));
        let signature: [u8; 64] = bytes(
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        );
        assert!(key.verify(b"sample", &signature));
        assert!(!key.verify(b"simple", &signature));
        assert!(!P256Key([7; 64]).verify(b"sample", &signature));
        assert!(!key.verify(b"sample", &[0; 64]));
    }

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        assert_eq!(hex.len(), 2 * N);
        core::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
    }
}

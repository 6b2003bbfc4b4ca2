//! HPKE (RFC 9180) as sealed content keys need it: base mode, one message, X25519, HKDF-SHA256, ChaCha20-Poly1305
//! (`docs/format.md`, section 15.2).

use chacha20::cipher::{KeyIvInit, StreamCipherCore};
use chacha20::{ChaChaCore, R20, variants::Ietf};
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;

use super::hkdf::{expand, hmac};
use crate::Error;
use crate::verify::Sha256;

/// What seals of content keys are for.
const INFO: &[u8] = b"smidgen content key";
/// "KEM" and the number of DHKEM(X25519, HKDF-SHA256).
const KEM: &[u8] = b"KEM\x00\x20";
/// "HPKE" and the numbers of KEM, KDF and AEAD.
const SUITE: &[u8] = b"HPKE\x00\x20\x00\x01\x00\x03";

/// A key agreement by X25519, from whatever engine or key store made it.
#[derive(Clone, Copy)]
pub struct KeyExchange<'k> {
    /// The secret that the other two keys share.
    pub shared: &'k [u8; 32],
    /// The public half of the key that was made for the package.
    pub encapsulated: &'k [u8; 32],
    /// The device's public key.
    pub public: &'k [u8; 32],
}

/// Opens a sealed content key.
///
/// # Errors
/// [`Error::DecryptionKey`] if it was sealed by another exchange.
pub fn open_sealed<D: Sha256>(exchange: &KeyExchange<'_>, sealed: &[u8; 48]) -> Result<[u8; 32], Error> {
    let (key, nonce) = message_key::<D>(exchange, INFO);
    let (text, stated) = sealed.split_first_chunk::<32>().ok_or(Error::DecryptionKey)?;
    let stream = Aead::new(&key, &nonce);
    let tag = stream.tag(text);
    // All bytes are compared, whatever the first ones are.
    let differences = tag.iter().zip(stated).fold(0, |found, (one, other)| found | (one ^ other));
    // A shared secret of zeros means that the encapsulated key was no key at all.
    let degenerate = exchange.shared.iter().fold(0, |found, byte| found | byte) == 0;
    if differences != 0 || degenerate {
        return Err(Error::DecryptionKey);
    }
    Ok(stream.apply(text))
}

/// Seals a content key, for [`open_sealed`].
#[must_use]
pub fn seal<D: Sha256>(exchange: &KeyExchange<'_>, content_key: &[u8; 32]) -> [u8; 48] {
    let (key, nonce) = message_key::<D>(exchange, INFO);
    let stream = Aead::new(&key, &nonce);
    let text = stream.apply(content_key);
    let tag = stream.tag(&text);
    let mut sealed = [0; 48];
    sealed.iter_mut().zip(text.iter().chain(&tag)).for_each(|(to, from)| *to = *from);
    sealed
}

/// Key and nonce of the first message (sections 4.1 and 5.1).
fn message_key<D: Sha256>(exchange: &KeyExchange<'_>, info: &[u8]) -> ([u8; 32], [u8; 12]) {
    let &KeyExchange { shared, encapsulated, public } = exchange;
    let key = extract::<D>(KEM, &[], b"eae_prk", shared);
    let secret = labeled::<D>(KEM, 32, &key, b"shared_secret", &[encapsulated, public]);
    let (id, info) =
        (extract::<D>(SUITE, &[], b"psk_id_hash", &[]), extract::<D>(SUITE, &[], b"info_hash", info));
    let secret = extract::<D>(SUITE, &secret, b"secret", &[]);
    // Mode base is 0.
    let context: [&[u8]; 3] = [&[0], &id, &info];
    let key = labeled::<D>(SUITE, 32, &secret, b"key", &context);
    let nonce = labeled::<D>(SUITE, 12, &secret, b"base_nonce", &context);
    (key, nonce.first_chunk().copied().unwrap_or_default())
}

/// LabeledExtract (section 4).
fn extract<D: Sha256>(suite: &[u8], salt: &[u8], label: &[u8], key: &[u8]) -> [u8; 32] {
    hmac::<D>(salt, &[b"HPKE-v1", suite, label, key])
}

/// LabeledExpand (section 4) of up to 32 bytes, more of which are made.
fn labeled<D: Sha256>(suite: &[u8], length: u8, key: &[u8; 32], label: &[u8], info: &[&[u8]]) -> [u8; 32] {
    let part = |at: usize| info.get(at).copied().unwrap_or(&[]);
    expand::<D>(key, &[&[0, length], b"HPKE-v1", suite, label, part(0), part(1), part(2)])
}

/// ChaCha20-Poly1305 (RFC 8439, section 2.8) of one message of 32 bytes, without further data.
struct Aead {
    authenticator: Poly1305,
    stream: [u8; 64],
}

impl Aead {
    fn new(key: &[u8; 32], nonce: &[u8; 12]) -> Self {
        let mut core = ChaChaCore::<R20, Ietf>::new(&(*key).into(), &(*nonce).into());
        let mut stream = [0; 64];
        core.write_keystream_block((&mut stream).into());
        let key: [u8; 32] = stream.first_chunk().copied().unwrap_or_default();
        let authenticator = Poly1305::new(&key.into());
        core.write_keystream_block((&mut stream).into());
        Self { authenticator, stream }
    }

    fn apply(&self, text: &[u8; 32]) -> [u8; 32] {
        let mut text = *text;
        text.iter_mut().zip(&self.stream).for_each(|(byte, key)| *byte ^= key);
        text
    }

    fn tag(&self, encrypted: &[u8; 32]) -> [u8; 16] {
        // Its length and that of nothing are 8 bytes each; nothing needs padding.
        let mut message = [0; 48];
        message.iter_mut().zip(encrypted).for_each(|(to, from)| *to = *from);
        message[40] = 32;
        self.authenticator.clone().compute_unpadded(&message).into()
    }
}

#[cfg(all(test, feature = "sha2"))]
mod tests {
    use super::*;
    use crate::SoftwareSha256;
    use crate::secrecy::tests::bytes;
    use crate::secrecy::x25519_public_key;

    /// RFC 9180, appendix A.2.1.
    #[test]
    fn keys_are_those_of_the_standard() {
        let ephemeral = bytes("f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600");
        let public = bytes("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a");
        let encapsulated = x25519_public_key(&ephemeral);
        assert_eq!(encapsulated, bytes("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"));
        let secret = bytes("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb");
        assert_eq!(x25519_public_key(&secret), public);
        let shared = x25519_dalek::x25519(ephemeral, public);
        assert_eq!(shared, x25519_dalek::x25519(secret, encapsulated));
        let exchange = KeyExchange { shared: &shared, encapsulated: &encapsulated, public: &public };
        let (key, nonce) = message_key::<SoftwareSha256>(&exchange, b"Ode on a Grecian Urn");
        assert_eq!(key, bytes("ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91"));
        assert_eq!(nonce, bytes("5c4d98150661b848853b547f"));
    }

    /// Made by the ChaCha20-Poly1305 of OpenSSL with the key and the nonce of the test above.
    #[test]
    fn messages_are_those_of_the_standard() {
        let key = bytes("ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91");
        let aead = Aead::new(&key, &bytes("5c4d98150661b848853b547f"));
        let text = aead.apply(b"Beauty is truth, truth beauty---");
        assert_eq!(
            [&text[..], &aead.tag(&text)].concat(),
            bytes::<48>(
                "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b17aafab451fa7a50e0c434830274aa15462c77"
            )
        );
    }

    #[test]
    fn what_is_sealed_opens_with_all_of_it_right_only() {
        let (shared, encapsulated, public, content) = ([1; 32], [2; 32], [3; 32], [4; 32]);
        let exchange = KeyExchange { shared: &shared, encapsulated: &encapsulated, public: &public };
        let sealed = seal::<SoftwareSha256>(&exchange, &content);
        let open = |shared, encapsulated, public, sealed| {
            let exchange = KeyExchange { shared: &shared, encapsulated: &encapsulated, public: &public };
            open_sealed::<SoftwareSha256>(&exchange, &sealed)
        };
        assert_eq!(open(shared, encapsulated, public, sealed), Ok(content));
        for byte in 0..48 {
            let mut other = sealed;
            other[byte] ^= 1;
            assert_eq!(open(shared, encapsulated, public, other), Err(Error::DecryptionKey), "{byte}");
        }
        for (shared, encapsulated, public) in
            [([9; 32], encapsulated, public), (shared, [9; 32], public), (shared, encapsulated, [9; 32])]
        {
            assert_eq!(open(shared, encapsulated, public, sealed), Err(Error::DecryptionKey));
        }
        let zeros = seal::<SoftwareSha256>(&KeyExchange { shared: &[0; 32], ..exchange }, &content);
        assert_eq!(open([0; 32], encapsulated, public, zeros), Err(Error::DecryptionKey));
    }
}

//! HMAC (RFC 2104) and HKDF (RFC 5869) over the device's own SHA-256 (`docs/format.md`, section 15.2).

use crate::verify::Sha256;

/// Bytes that SHA-256 takes at once.
const BLOCK: usize = 64;

/// HMAC-SHA256 of the parts together; of a key of more than 64 bytes only these count, and no caller has one.
pub(super) fn hmac<D: Sha256>(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut inner = keyed::<D>(key, 0x36);
    parts.iter().for_each(|part| inner.update(part));
    outer(key, inner)
}

/// The second digest of HMAC, begun when the first one has left the stack.
fn outer<D: Sha256>(key: &[u8], inner: D) -> [u8; 32] {
    let inner = inner.finish();
    let mut outer = keyed::<D>(key, 0x5C);
    outer.update(&inner);
    outer.finish()
}

/// A digest that has taken the key, each byte exclusive-ored with `pad`.
fn keyed<D: Sha256>(key: &[u8], pad: u8) -> D {
    let mut block = [pad; BLOCK];
    block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
    let mut digest = D::start();
    digest.update(&block);
    digest
}

/// The first 32 bytes of what HKDF gives; `info` is the text of its parts together.
pub(super) fn hkdf<D: Sha256>(salt: &[u8], key: &[u8], info: &[u8]) -> [u8; 32] {
    expand::<D>(&hmac::<D>(salt, &[key]), &[info])
}

/// The first 32 bytes of HKDF-Expand.
pub(super) fn expand<D: Sha256>(key: &[u8; 32], info: &[&[u8]]) -> [u8; 32] {
    let mut inner = keyed::<D>(key, 0x36);
    info.iter().for_each(|part| inner.update(part));
    inner.update(&[1]);
    outer(key, inner)
}

#[cfg(all(test, feature = "sha2"))]
mod tests {
    use super::*;
    use crate::SoftwareSha256;
    use crate::secrecy::tests::bytes;

    /// RFC 4231, test cases 1, 2, 3 and 4: keys of up to one block.
    #[test]
    fn hmac_is_the_one_of_the_standard() {
        let cases: [(&[u8], &[u8], &str); 4] = [
            (&[0x0B; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (&[0xAA; 20], &[0xDD; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (
                &bytes::<25>("0102030405060708090a0b0c0d0e0f10111213141516171819"),
                &[0xCD; 50],
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            ),
        ];
        for (key, message, expected) in cases {
            let (one, other) = message.split_at(3);
            assert_eq!(hmac::<SoftwareSha256>(key, &[one, other]), bytes(expected));
        }
    }

    /// RFC 5869, test cases 1 and 3, of which 32 bytes are wanted.
    #[test]
    fn hkdf_is_the_one_of_the_standard() {
        let info = bytes::<10>("f0f1f2f3f4f5f6f7f8f9");
        let salt = bytes::<13>("000102030405060708090a0b0c");
        assert_eq!(
            hkdf::<SoftwareSha256>(&salt, &[0x0B; 22], &info),
            bytes("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")
        );
        assert_eq!(
            hkdf::<SoftwareSha256>(&[], &[0x0B; 22], &[]),
            bytes("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d")
        );
    }
}

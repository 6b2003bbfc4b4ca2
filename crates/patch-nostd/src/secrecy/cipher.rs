//! Key streams in software, with random access (`docs/format.md`, section 15.3).

use super::{Cipher, Keyed};
use crate::Error;

/// The ciphers that this decoder was built with: ChaCha20 with feature `chacha20`, AES-256 in counter mode with feature
/// `aes`.
pub struct SoftwareCipher(Stream);

enum Stream {
    #[cfg(feature = "chacha20")]
    ChaCha20(chacha20::ChaChaCore<chacha20::R20, chacha20::variants::Ietf>),
    #[cfg(feature = "aes")]
    Aes(aes::Aes256Enc),
}

impl Keyed for SoftwareCipher {
    fn new(cipher: u8, content_key: &[u8; 32]) -> Result<Self, Error> {
        match cipher {
            #[cfg(feature = "chacha20")]
            super::CHACHA20 => {
                Ok(Self(Stream::ChaCha20(chacha20::KeyIvInit::new(&(*content_key).into(), &[0; 12].into()))))
            }
            #[cfg(feature = "aes")]
            super::AES_256_CTR => Ok(Self(Stream::Aes(aes::cipher::KeyInit::new(&(*content_key).into())))),
            _ => Err(Error::Encrypted),
        }
    }
}

impl Cipher for SoftwareCipher {
    fn apply(&mut self, position: u64, bytes: &mut [u8]) {
        match &mut self.0 {
            #[cfg(feature = "chacha20")]
            Stream::ChaCha20(core) => blockwise::<64>(position, bytes, |number, block| {
                use chacha20::cipher::StreamCipherCore;
                // No body is so long that its blocks are more than 32 bits can count.
                core.set_block_pos(number as u32);
                core.write_keystream_block(block.into());
            }),
            #[cfg(feature = "aes")]
            Stream::Aes(key) => blockwise::<16>(position, bytes, |number, block| {
                use aes::cipher::BlockCipherEncrypt;
                *block = u128::from(number).to_be_bytes();
                key.encrypt_block(block.into());
            }),
        }
    }
}

/// Not its state, which is a key.
impl core::fmt::Debug for SoftwareCipher {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SoftwareCipher")
    }
}

/// Exclusive-ors bytes with a stream that consists of numbered blocks.
fn blockwise<const N: usize>(position: u64, mut bytes: &mut [u8], mut make: impl FnMut(u64, &mut [u8; N])) {
    let (mut number, mut start) = (position / N as u64, (position % N as u64) as usize);
    while !bytes.is_empty() {
        let mut block = [0; N];
        make(number, &mut block);
        let count = bytes.len().min(N - start);
        let Some((part, rest)) = bytes.split_at_mut_checked(count) else { return };
        part.iter_mut().zip(block.iter().skip(start)).for_each(|(byte, key)| *byte ^= key);
        bytes = rest;
        start = 0;
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::secrecy::tests::bytes;

    /// RFC 8439, appendix A.1, test vectors 1 and 2: blocks 0 and 1 of the key and the nonce of zeros.
    #[cfg(feature = "chacha20")]
    #[test]
    fn chacha20_is_the_one_of_the_standard() {
        let mut cipher = SoftwareCipher::new(super::super::CHACHA20, &[0; 32]).unwrap();
        let mut stream = [0; 72];
        cipher.apply(0, &mut stream);
        assert_eq!(stream[..16], bytes::<16>("76b8e0ada0f13d90405d6ae55386bd28"));
        assert_eq!(stream[64..], bytes::<8>("9f07e7be5551387a"));
        let mut cipher =
            SoftwareCipher::new(super::super::CHACHA20, &core::array::from_fn(|at| u8::from(at == 31)))
                .unwrap();
        let mut stream = [0; 8];
        cipher.apply(64, &mut stream);
        // Test vector 3.
        assert_eq!(stream, bytes::<8>("3aeb5224ecf84992"));
    }

    /// With the key of NIST SP 800-38A, F.5.5. Made by OpenSSL, as the standard's example begins with another counter.
    #[cfg(feature = "aes")]
    #[test]
    fn aes_is_the_one_of_the_standard() {
        let key = bytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
        let mut cipher = SoftwareCipher::new(super::super::AES_256_CTR, &key).unwrap();
        let mut stream = [0; 48];
        cipher.apply(0, &mut stream);
        assert_eq!(
            stream,
            bytes(
                "e568f68194cf76d6174d4cc04310a85491151e5d0b7a1f1bc0d7acd0ae3e51e4170e23d1735cd2d579e63a887bc9c813"
            )
        );
    }

    proptest::proptest! {
        #[test]
        fn any_part_can_be_made_alone(from in 0..300usize, length in 0..300usize, far in 0..1u64 << 32, key: [u8; 32]) {
            for number in [super::super::CHACHA20, super::super::AES_256_CTR] {
                let Ok(mut cipher) = SoftwareCipher::new(number, &key) else { continue };
                let (mut whole, mut part) = (vec![0; 600], vec![0; length]);
                cipher.apply(far, &mut whole);
                cipher.apply(far + from as u64, &mut part);
                assert_eq!(part, whole[from..from + length]);
            }
        }
    }
}

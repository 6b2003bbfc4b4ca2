//! Encrypted packages, good and bad, made of golden ones with public test keys.

use smidgen_diff::release::{
    CipherChoice, DeviceSecret, Encrypted, Encryption, Recipient, SharedSecret, encrypt, encrypt_sealed,
};
use smidgen_patch::secrecy::{Cipher, Encryption as Record, KeyMaterial, Keyed, SoftwareCipher, content_key};
use smidgen_patch::{Extensions, Header, SoftwareSha256};

use crate::read;

/// The key of the product line.
const SHARED: [u8; 32] = [3; 32];
/// The device's secret key, and fixed values for the ephemeral and the content key.
const DEVICE: [u8; 32] = [4; 32];
const EPHEMERAL: [u8; 32] = [5; 32];
const CONTENT: [u8; 32] = [6; 32];

/// Name of the package, name of the encrypted one, encryption.
const GOLDEN: [(&str, &str, Way); 8] = [
    ("small-identity", "encrypted", Way::Shared(CipherChoice::ChaCha20)),
    ("small-identity", "encrypted-aes", Way::Shared(CipherChoice::Aes256Ctr)),
    ("small-identity", "encrypted-sealed", Way::Sealed(CipherChoice::ChaCha20)),
    ("small-identity", "encrypted-sealed-aes", Way::Sealed(CipherChoice::Aes256Ctr)),
    ("small-in-place", "encrypted-in-place", Way::Shared(CipherChoice::ChaCha20)),
    ("small-zstd-digests", "encrypted-zstd", Way::Shared(CipherChoice::ChaCha20)),
    ("firmware-v2-v3", "encrypted-firmware-v2-v3", Way::Shared(CipherChoice::ChaCha20)),
    ("nothing-to-nothing", "encrypted-nothing", Way::Shared(CipherChoice::ChaCha20)),
];

#[derive(Clone, Copy)]
enum Way {
    Shared(CipherChoice),
    Sealed(CipherChoice),
}

/// The encrypted packages of a golden package.
pub(crate) fn of(name: &str) -> impl Iterator<Item = (&'static str, impl FnOnce() -> Vec<u8>)> {
    let own = GOLDEN.into_iter().filter(move |&(plain, ..)| plain == name);
    own.map(|(plain, encrypted, way)| (encrypted, move || way.encrypt(&read(&format!("{plain}.smdg")))))
}

impl Way {
    fn encrypt(self, package: &[u8]) -> Vec<u8> {
        let Encrypted { bytes, .. } = match self {
            Self::Shared(cipher) => {
                let recipient = Recipient::Shared(SharedSecret::from_bytes(&SHARED));
                encrypt(package, &Encryption { recipient, cipher }).unwrap()
            }
            Self::Sealed(cipher) => {
                let sealed = DeviceSecret::from_bytes(&DEVICE).public().seal_with(&EPHEMERAL, &CONTENT);
                encrypt_sealed(package, cipher, &CONTENT, &sealed).unwrap()
            }
        };
        bytes
    }
}

/// An encrypted package, taken apart.
struct Good {
    header: Header,
    value: Vec<u8>,
    body: Vec<u8>,
}

impl Good {
    fn read(name: &str) -> Self {
        let package = read(&format!("{name}.smdg"));
        let (header, extensions, length) = Header::parse_extended(&package).unwrap();
        let value = extensions.encryption.unwrap().to_vec();
        Self { header, value, body: package[length..].to_vec() }
    }

    /// The package with another value of extension 7.
    fn with(&self, value: &[u8]) -> Vec<u8> {
        self.with_all(&Extensions { encryption: Some(value), ..Extensions::default() })
    }

    fn with_all(&self, extensions: &Extensions<'_>) -> Vec<u8> {
        [self.header.to_bytes_with(extensions), self.body.clone()].concat()
    }

    fn changed(&self, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
        let mut value = self.value.clone();
        change(&mut value);
        self.with(&value)
    }

    /// A value with these private records.
    fn private(&self, records: &[u8]) -> Vec<u8> {
        let record = Record::read(&self.value).unwrap();
        let KeyMaterial::Shared(salt) = record.material else { panic!("not of a shared key") };
        let key = content_key::<SoftwareSha256>(&SHARED, salt);
        let mut private = records.to_vec();
        SoftwareCipher::new(record.cipher, &key).unwrap().apply(0, &mut private);
        Record { private: &private, ..record }.to_bytes()
    }
}

/// Bad encrypted packages.
pub(crate) fn bad(mut make: impl FnMut(&str, &[u8])) {
    let (shared, sealed) = (Good::read("encrypted"), Good::read("encrypted-sealed"));
    make("Encrypted-by-cipher-0", &shared.changed(|value| value[0] = 0));
    make("Encrypted-by-cipher-3", &shared.changed(|value| value[0] = 3));
    make("Encrypted-by-a-key-of-kind-2", &shared.changed(|value| value[1] = 2));
    for (what, length) in
        [("nothing", 0), ("a-byte", 1), ("half-a-name", 6), ("no-salt", 10), ("half-a-salt", 18)]
    {
        make(&format!("MalformedHeader-encrypted-{what}"), &shared.with(&shared.value[..length]));
    }
    make("MalformedHeader-encrypted-half-an-encapsulated-key", &sealed.with(&sealed.value[..26]));
    make("MalformedHeader-encrypted-half-a-sealed-key", &sealed.with(&sealed.value[..66]));
    let without = Header { body_digest: None, ..shared.header };
    let extensions = Extensions { encryption: Some(&shared.value), ..Extensions::default() };
    let without = [without.to_bytes_with(&extensions), shared.body.clone()].concat();
    make("MalformedHeader-encrypted-without-a-body-digest", &without);
    for (what, records) in [
        ("record-of-tag-0", &b"\x00\x01x"[..]),
        ("plan", b"\x05\x03\x40\x00\x00"),
        ("container", b"\x06\x01x"),
        ("encryption", b"\x07\x01x"),
        ("record-of-tag-8", b"\x08\x01x"),
        ("records-out-of-order", b"\x03\x031.0\x02\x04main"),
        ("record-twice", b"\x02\x04main\x02\x04main"),
        ("record-that-ends-early", b"\x02\x05main"),
        ("tag-alone", b"\x02"),
        ("module-with-a-space", b"\x02\x05ma in"),
        ("counter-and-more", b"\x04\x02\x01\x01"),
    ] {
        make(&format!("MalformedHeader-private-{what}"), &shared.with(&shared.private(records)));
    }
    let (module, value) = (Some("main".into()), shared.private(b"\x02\x04main"));
    let extensions = Extensions { module, encryption: Some(&value), ..Extensions::default() };
    make("MalformedHeader-private-and-in-the-clear", &shared.with_all(&extensions));
    make("DecryptionKey-another-shared-key", &shared.changed(|value| value[9] ^= 1));
    make("DecryptionKey-another-device", &sealed.changed(|value| value[9] ^= 1));
    make("DecryptionKey-another-encapsulated-key", &sealed.changed(|value| value[10] ^= 1));
    make("DecryptionKey-encapsulated-key-of-zeros", &sealed.changed(|value| value[10..42].fill(0)));
    make("DecryptionKey-another-sealed-key", &sealed.changed(|value| value[42] ^= 1));
    make("DecryptionKey-another-tag", &sealed.changed(|value| value[89] ^= 0x80));
}

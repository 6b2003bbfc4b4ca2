//! Packages to attack: those of the fixtures, and small ones that are made for the flash of a device.

use smidgen_diff::release::{SecretKey, Signer, sign};
use smidgen_diff::{Containers, InPlace, Options, Ram, Silent, diff};
use smidgen_patch::internals::wire::crc32;
use smidgen_patch::verify::Ed25519Key;
use smidgen_patch::{Extensions, Header};
use testkit::{fixture, sha256};

/// A package, what it is applied to, and what it makes.
#[derive(Clone, Debug)]
pub struct Genuine {
    pub name: String,
    pub package: Vec<u8>,
    pub base: Vec<u8>,
    pub target: Vec<u8>,
}

/// All that attacks begin with.
pub struct Stock {
    pub golden: Vec<Genuine>,
    pub key: SecretKey,
}

impl Default for Stock {
    fn default() -> Self {
        let list = String::from_utf8(fixture("packages/golden.txt")).expect("golden.txt is text");
        let golden = list.lines().filter_map(Genuine::of_fixture).collect();
        Self { golden, key: SecretKey::from_bytes(&[7; 32]) }
    }
}

impl Stock {
    /// The key that devices know.
    pub fn device_key(&self) -> Ed25519Key {
        let key = self.key.public_key();
        Ed25519Key(key.bytes().try_into().expect("32 bytes"))
    }

    pub fn signed(&self, package: &[u8]) -> Vec<u8> {
        let signer: &dyn Signer = &self.key;
        sign(package, &[signer]).expect("there is room for a signature")
    }
}

impl Genuine {
    fn of_fixture(line: &str) -> Option<Self> {
        let [name, base, target, _] = line.split(' ').collect::<Vec<_>>()[..] else { return None };
        let image = |name| if name == "-" { Vec::new() } else { fixture(name) };
        name.ends_with(".smdg").then(|| Self {
            name: name.to_owned(),
            package: fixture(&format!("packages/{name}")),
            base: image(base),
            target: image(target),
        })
    }
}

/// A package for devices: as small as its tables may be, with a digest of its body.
pub fn made(base: &[u8], target: &[u8], ram: u64, in_place: Option<InPlace>) -> Vec<u8> {
    let options = Options::default()
        .with_ram(Ram::Bytes(ram))
        .with_level(2)
        .with_containers(Some(Containers::None))
        .with_body_digest(true)
        .with_in_place(in_place);
    diff(base, target, &options, &Silent).expect("a package").bytes
}

/// The package with another body, which its header states rightly. Signatures are left out.
pub fn with_body<'a>(
    package: &'a [u8],
    body: &[u8],
    change: impl FnOnce(&mut Header, &mut Extensions<'a>),
) -> Vec<u8> {
    let (mut header, mut extensions, _) = Header::parse_extended(package).expect("a genuine header");
    header.body_length = body.len() as u32;
    header.body_digest = header.body_digest.map(|_| sha256(body));
    change(&mut header, &mut extensions);
    [&header.to_bytes_with(&extensions), body].concat()
}

/// Repairs length and checksum of a header whose length has changed.
pub fn repair(package: &mut [u8], length: usize) {
    if let (13.., Some(header)) = (length, package.get_mut(..length)) {
        header[7..9].copy_from_slice(&(length as u16).to_le_bytes());
        let checksum = crc32(&header[..length - 4]).to_le_bytes();
        header[length - 4..].copy_from_slice(&checksum);
    }
}

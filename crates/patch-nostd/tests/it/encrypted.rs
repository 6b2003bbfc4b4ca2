//! Encrypted packages: opened by their keys, refused by all others, and never before what must be checked was checked.

use core::cell::Cell;

use crate::common::{Golden, Slot, bad_packages, encrypted_golden, encrypted_named, hex_digest, small_base};
use smidgen_patch::secrecy::{
    Cipher, DecryptionKey, DeviceKey, Encryption, KeyMaterial, Keyed, NoKey, SharedKey, SoftwareCipher,
    content_key, key_name, x25519_public_key,
};
use smidgen_patch::verify::Signatures;
use smidgen_patch::{Anything, Device, Error, Extensions, Header, Patcher, Policy, Sha256, SoftwareSha256};
use testkit::{FORMAT, with_workspace};

/// The keys of the fixtures, of either kind.
struct Both;

impl DecryptionKey for Both {
    type Cipher = SoftwareCipher;

    fn open<D: Sha256>(&self, encryption: &Encryption<'_>) -> Result<SoftwareCipher, Error> {
        match encryption.material {
            KeyMaterial::Shared(_) => shared().open::<D>(encryption),
            _ => device().open::<D>(encryption),
        }
    }
}

fn shared() -> SharedKey<SoftwareCipher> {
    SharedKey::new([3; 32])
}

fn device() -> DeviceKey<SoftwareCipher> {
    DeviceKey::new([4; 32], x25519_public_key(&[4; 32]))
}

fn restore(
    base: &[u8],
    package: &[u8],
    piece: usize,
    policy: impl Policy,
    key: impl DecryptionKey,
) -> (Result<Vec<u8>, Error>, Slot) {
    let mut slot = Slot::default();
    let stated = Header::parse(package).map_or(1024, |(header, _)| header.requirements().workspace);
    let end = with_workspace(stated as usize, 0, |workspace| {
        let target = &mut slot;
        let mut patcher =
            Patcher::<_, _, SoftwareSha256, _, _>::with_key(workspace, base, target, policy, key);
        package.chunks(piece).try_for_each(|piece| patcher.push(piece))?;
        patcher.finish().map(|_| ())
    });
    (end.map(|()| slot.image.clone()), slot)
}

fn refused(golden: &Golden, policy: impl Policy, key: impl DecryptionKey) -> Error {
    let (end, slot) = restore(&golden.base, &golden.package, 100, policy, key);
    assert_eq!((slot.begun, slot.writes), (None, 0), "{}: the target was begun", golden.name);
    end.unwrap_err()
}

#[test]
fn golden_packages_have_not_changed_and_give_their_targets() {
    for golden in encrypted_golden() {
        assert_eq!(hex_digest(&golden.package), golden.digest, "{} was changed", golden.name);
        if !golden.is_supported() {
            continue;
        }
        for piece in [usize::MAX, 1, 20, 63, 64, 65, 256, 1000] {
            let (restored, _) = restore(&golden.base, &golden.package, piece, Anything, Both);
            assert!(restored.as_ref() == Ok(&golden.target), "{}: {:?}", golden.name, restored.err());
        }
    }
}

#[test]
fn who_has_no_key_or_another_one_writes_nothing() {
    let encryption = |golden: &Golden| {
        let (_, extensions, _) = Header::parse_extended(&golden.package).unwrap();
        matches!(Encryption::read(extensions.encryption.unwrap()).unwrap().material, KeyMaterial::Shared(_))
    };
    for golden in encrypted_golden().iter().filter(|golden| golden.is_supported()) {
        assert_eq!(refused(golden, Anything, NoKey), Error::Encrypted);
        let (mine, other) = (Error::DecryptionKey, Error::Encrypted);
        let of = |is_mine: bool| if is_mine { mine } else { other };
        let is_shared = encryption(golden);
        assert_eq!(refused(golden, Anything, SharedKey::<SoftwareCipher>::new([7; 32])), of(is_shared));
        let device = DeviceKey::<SoftwareCipher>::new([7; 32], x25519_public_key(&[7; 32]));
        assert_eq!(refused(golden, Anything, device), of(!is_shared));
    }
}

/// The name of a key is a hint: a device whose key has the right name, but is another, finds that out.
#[test]
fn a_key_with_the_right_name_must_still_open_the_seal() {
    let golden = encrypted_named("encrypted-sealed");
    let impostor = DeviceKey::<SoftwareCipher>::new([7; 32], x25519_public_key(&[4; 32]));
    assert_eq!(refused(&golden, Anything, impostor), Error::DecryptionKey);
}

#[test]
fn a_cipher_that_is_not_there_is_no_key() {
    #[derive(Debug)]
    struct OnlyChaCha20(SoftwareCipher);
    impl Cipher for OnlyChaCha20 {
        fn apply(&mut self, position: u64, bytes: &mut [u8]) {
            self.0.apply(position, bytes);
        }
    }
    impl Keyed for OnlyChaCha20 {
        fn new(cipher: u8, key: &[u8; 32]) -> Result<Self, Error> {
            if cipher == 1 { SoftwareCipher::new(cipher, key).map(Self) } else { Err(Error::Encrypted) }
        }
    }
    let key = || SharedKey::<OnlyChaCha20>::new([3; 32]);
    let golden = encrypted_named("encrypted");
    assert_eq!(restore(&golden.base, &golden.package, 9, Anything, key()).0, Ok(golden.target));
    assert_eq!(refused(&encrypted_named("encrypted-aes"), Anything, key()), Error::Encrypted);
    let sealed = DeviceKey::<OnlyChaCha20>::new([4; 32], x25519_public_key(&[4; 32]));
    assert_eq!(refused(&encrypted_named("encrypted-sealed-aes"), Anything, sealed), Error::Encrypted);
}

#[test]
fn the_policy_sees_what_is_private() {
    let golden = encrypted_named("encrypted");
    let (_, clear, _) = Header::parse_extended(&golden.package).unwrap();
    assert_eq!(
        (clear.product, clear.module, clear.version, clear.rollback_counter),
        (None, None, None, None)
    );
    let right = Device {
        product: Some("Büchse 3"),
        module: Some("main-board_1"),
        version: Some("1.20.0"),
        rollback_counter: 300,
        ..Device::default()
    };
    assert_eq!(restore(&golden.base, &golden.package, 100, right, shared()).0.as_ref(), Ok(&golden.target));
    for (wrong, error) in [
        (Device { product: Some("Box"), ..right }, Error::Product),
        (Device { module: Some("main"), ..right }, Error::Module),
        (Device { version: Some("1.20.1"), ..right }, Error::Version),
        (Device { rollback_counter: 301, ..right }, Error::RollbackCounter),
    ] {
        assert_eq!(refused(&golden, wrong, shared()), error);
        // Whether it is for this device is not known without the key.
        assert_eq!(refused(&golden, wrong, NoKey), Error::Encrypted);
    }
}

/// Knows no key, and says so.
struct NoKnownKey;

impl Policy for NoKnownKey {
    const AUTHENTICATES: bool = true;

    fn authenticate(&self, _message: &[u8], signatures: Option<&Signatures<'_>>) -> Result<(), Error> {
        Err(if signatures.is_some() { Error::UnknownKey } else { Error::Unsigned })
    }

    fn allow(&self, _header: &Header, _extensions: &Extensions<'_>) -> Result<(), Error> {
        panic!("the policy was asked about an unknown package");
    }
}

/// A key that counts how often it is asked for.
struct Counting<'c>(&'c Cell<usize>);

impl DecryptionKey for Counting<'_> {
    type Cipher = SoftwareCipher;

    fn open<D: Sha256>(&self, encryption: &Encryption<'_>) -> Result<SoftwareCipher, Error> {
        self.0.set(self.0.get() + 1);
        Both.open::<D>(encryption)
    }
}

#[test]
fn nothing_is_decrypted_before_signatures_and_header_are_checked() {
    let asked = Cell::new(0);
    for (name, error) in [("encrypted-signed", Error::UnknownKey), ("encrypted", Error::Unsigned)] {
        assert_eq!(refused(&encrypted_named(name), &NoKnownKey, Counting(&asked)), error);
    }
    let mut golden = encrypted_named("encrypted");
    golden.package[20] ^= 1;
    assert_eq!(refused(&golden, Anything, Counting(&asked)), Error::HeaderChecksum);
    assert_eq!(asked.get(), 0);
    let golden = encrypted_named("encrypted-signed");
    assert!(restore(&golden.base, &golden.package, 7, Anything, Counting(&asked)).0.is_ok());
    assert_eq!(asked.get(), 1);
}

#[test]
fn bad_packages_give_the_error_of_their_name_to_those_who_have_the_key() {
    let mut seen = 0;
    for (name, package) in bad_packages() {
        let encrypted = Header::parse_extended(&package).is_ok_and(|(_, all, _)| all.encryption.is_some());
        if !encrypted {
            continue;
        }
        seen += 1;
        for piece in [1, 64, usize::MAX] {
            let (end, slot) = restore(&small_base(), &package, piece, Anything, Both);
            let error = end.unwrap_err();
            assert_eq!(name.split('-').next(), Some(format!("{error:?}").as_str()), "{name}");
            assert_eq!(slot.begun, None, "{name}: the target was begun");
        }
    }
    assert!(seen > 25, "{seen}");
}

#[test]
fn any_flipped_bit_of_a_body_is_noticed() {
    let golden = encrypted_named("encrypted");
    for place in golden.body_start()..golden.package.len() {
        for bit in 0..8 {
            let mut package = golden.package.clone();
            package[place] ^= 1 << bit;
            assert!(restore(&golden.base, &package, 1000, Anything, Both).0.is_err(), "{place}.{bit}");
        }
    }
}

/// Nothing that a header says about its encryption makes a decoder panic, or take another image for the target.
#[test]
fn headers_that_say_anything_are_refused_or_right() {
    for name in ["encrypted", "encrypted-sealed"] {
        let golden = encrypted_named(name);
        let start = golden.body_start() - 4;
        for place in 9..start {
            for bit in 0..8 {
                let mut package = golden.package.clone();
                package[place] ^= 1 << bit;
                let checksum = smidgen_patch::internals::wire::crc32(&package[..start]).to_le_bytes();
                package[start..start + 4].copy_from_slice(&checksum);
                let (end, _) = restore(&golden.base, &package, 1000, Anything, Both);
                // A base address that points elsewhere need not matter; a version of another letter is one.
                assert!(end.is_err() || end.as_ref() == Ok(&golden.target), "{name} {place}.{bit}");
            }
        }
    }
}

#[test]
fn budgets_and_pieces_make_no_difference() {
    for golden in encrypted_golden().iter().filter(|golden| golden.is_supported()) {
        for (piece, budget) in [(1, 1), (3, 7), (64, 1), (100, 33), (1000, 5)] {
            let mut slot = Slot::default();
            let end = with_workspace(golden.header().requirements().workspace as usize, 0, |workspace| {
                let base = &golden.base[..];
                let target = &mut slot;
                let mut patcher =
                    Patcher::<_, _, SoftwareSha256, _, _>::with_key(workspace, base, target, Anything, Both);
                let mut rest = &golden.package[..];
                while !rest.is_empty() || !patcher.is_done() {
                    let taken = patcher.step(&rest[..piece.min(rest.len())], budget)?;
                    rest = &rest[taken..];
                }
                patcher.complete()
            });
            assert_eq!(
                (end, slot.image == golden.target),
                (Ok(()), true),
                "{} {piece}/{budget}",
                golden.name
            );
        }
    }
}

/// The document's numbers were made by another implementation of its rules.
#[test]
fn the_documents_examples_are_right() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let has = |what: &str, bytes: &[u8]| {
        assert!(FORMAT.contains(&format!("\n| {what} | `{}` |\n", hex(bytes))), "{what}: {}", hex(bytes));
    };
    let content = content_key::<SoftwareSha256>(&[3; 32], &core::array::from_fn(|at| at as u8));
    has("name of the shared key", &key_name::<SoftwareSha256>(&[3; 32]));
    has("content key", &content);
    for cipher in [1, 2] {
        let mut stream = [0; 528];
        SoftwareCipher::new(cipher, &content).unwrap().apply(0, &mut stream);
        has(&format!("cipher {cipher}, S[0..16]"), &stream[..16]);
        has(&format!("cipher {cipher}, S[512..528]"), &stream[512..]);
    }
    let (public, encapsulated) = (x25519_public_key(&[4; 32]), x25519_public_key(&[5; 32]));
    has("the device's public key", &public);
    has("encapsulated key", &encapsulated);
    let golden = encrypted_named("encrypted-sealed");
    let (_, extensions, _) = Header::parse_extended(&golden.package).unwrap();
    let KeyMaterial::Sealed { sealed, .. } =
        Encryption::read(extensions.encryption.unwrap()).unwrap().material
    else {
        panic!("not sealed")
    };
    has("sealed content key", sealed);
}

/// What comes after the package is refused as ever, and so is one that ends early.
#[test]
fn ends_are_where_they_are() {
    for golden in
        encrypted_golden().iter().filter(|golden| golden.is_supported() && golden.header().body_length > 0)
    {
        let longer = [&golden.package[..], &[0]].concat();
        let (end, _) = restore(&golden.base, &longer, 50, Anything, Both);
        assert_eq!(end, Err(Error::TrailingData), "{}", golden.name);
        let shorter = &golden.package[..golden.package.len() - 1];
        let (end, _) = restore(&golden.base, shorter, 50, Anything, Both);
        assert_eq!(end, Err(Error::Truncated), "{}", golden.name);
    }
}

/// The header must fit in the workspace, and what is private beside it.
#[test]
fn too_small_a_workspace_is_refused() {
    let golden = encrypted_named("encrypted");
    for size in [0, 8, 100, golden.body_start() - 1, golden.body_start(), golden.body_start() + 10, 512] {
        let mut memory = vec![0; size];
        let mut slot = Slot::default();
        let mut patcher = Patcher::<_, _, SoftwareSha256, _, _>::with_key(
            &mut memory,
            &golden.base[..],
            &mut slot,
            Anything,
            Both,
        );
        assert_eq!(patcher.push(&golden.package), Err(Error::WorkspaceTooSmall), "{size}");
    }
}

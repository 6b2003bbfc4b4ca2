//! Signed packages on a device: what it takes, and every way to deceive it that it must not.

use std::cell::RefCell;

use crate::common::{base, target};
use smidgen_diff::release::{PublicKey, SecretKey, SignError, Signer, check_signature, key_names, sign};
use smidgen_diff::{Identity, Options, Silent, diff};
use smidgen_patch::flash::{AbAreas, AbUpdate, Area, FlashBase, Geometry, Simulator, Step};
use smidgen_patch::internals::wire::{SIGNATURE_LENGTH, crc32};
use smidgen_patch::verify::{Device, Policy, Signed, Verifier};
use smidgen_patch::{Error, Header, Patcher, SliceTarget, SoftwareSha256};
use testkit::with_workspace;

fn key(number: u8) -> SecretKey {
    SecretKey::from_bytes(&[number; 32])
}

/// A package of the sensor's radio with a rollback counter.
fn package(counter: u32) -> Vec<u8> {
    let identity = Identity::default()
        .with_product(Some("sensor".into()))
        .with_module(Some("radio".into()))
        .with_version(Some(format!("{counter}.0")))
        .with_rollback_counter(Some(counter));
    diff(&base(), &target(), &Options::default().with_level(1).with_identity(identity), &Silent)
        .unwrap()
        .bytes
}

fn signed(counter: u32, keys: &[u8]) -> Vec<u8> {
    let keys: Vec<SecretKey> = keys.iter().map(|&number| key(number)).collect();
    let signers: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
    sign(&package(counter), &signers).unwrap()
}

/// What a device makes of a package that arrives in pieces of this size.
fn restore_in(package: &[u8], policy: impl Policy, piece: usize) -> Result<Vec<u8>, Error> {
    let base = base();
    with_workspace(32 << 10, 0, |workspace| {
        let mut slot = vec![0; target().len()];
        let target = SliceTarget::new(&mut slot);
        let mut patcher =
            Patcher::<_, _, SoftwareSha256, _>::with_policy(workspace, base.as_slice(), target, policy);
        package.chunks(piece).try_for_each(|piece| patcher.push(piece))?;
        patcher.finish()?;
        Ok(slot)
    })
}

/// A device that trusts these keys, and is the sensor's radio with this counter.
fn restore(package: &[u8], keys: &[u8], counter: u32) -> Result<(), Error> {
    let keys: Vec<PublicKey> = keys.iter().map(|&number| key(number).public_key()).collect();
    let device = Device {
        product: Some("sensor"),
        module: Some("radio"),
        rollback_counter: counter,
        ..Device::default()
    };
    let restored = restore_in(package, Signed { keys: &keys, policy: device }, 7)?;
    assert!(restored == target());
    Ok(())
}

/// The checksum made right again, as an attacker would.
fn with_checksum(mut package: Vec<u8>) -> Vec<u8> {
    let end = Header::length(&package).unwrap() - 4;
    let checksum = crc32(&package[..end]);
    package[end..end + 4].copy_from_slice(&checksum.to_le_bytes());
    package
}

#[test]
fn devices_take_what_one_of_their_keys_signed() {
    let package = signed(5, &[1]);
    assert_eq!(restore(&package, &[1], 5), Ok(()));
    assert_eq!(restore(&package, &[2, 1], 5), Ok(()));
    assert_eq!(restore(&package, &[2], 5), Err(Error::UnknownKey));
    assert_eq!(restore(&package, &[], 5), Err(Error::UnknownKey));
    // One that has no keys takes it too.
    for piece in [1, 100, usize::MAX] {
        assert!(restore_in(&package, smidgen_patch::Anything, piece) == Ok(target()));
    }
}

#[test]
fn keys_are_changed_with_packages_that_both_signed() {
    let both = signed(5, &[1, 2]);
    for keys in [&[1][..], &[2], &[1, 2]] {
        assert_eq!(restore(&both, keys, 5), Ok(()));
    }
    // One after the other makes the same.
    let (first, second) = (key(1), key(2));
    let one = sign(&package(5), &[&second]).unwrap();
    assert!(sign(&one, &[&first]).unwrap() == both);
    assert!(sign(&both, &[&first]).unwrap() == both);
    let mut names = [first.public_key().name(), second.public_key().name()];
    names.sort();
    assert_eq!(key_names(&both).unwrap(), names);
}

#[test]
fn a_package_whose_signatures_were_taken_away_is_refused() {
    let signed = signed(5, &[1]);
    assert_eq!(restore(&package(5), &[1], 5), Err(Error::Unsigned));
    // The flag taken away: what is left of the block makes no sense, or it is unsigned.
    let mut without_flag = signed.clone();
    without_flag[6] &= !8;
    assert_eq!(restore(&with_checksum(without_flag), &[1], 5), Err(Error::Unsigned));
    // The block taken away, length and flag made right: a whole unsigned package.
    let length = Header::length(&signed).unwrap();
    let mut stripped = signed.clone();
    stripped.drain(length - 4 - 73..length - 4);
    stripped[6] &= !8;
    stripped[7..9].copy_from_slice(&((length - 73) as u16).to_le_bytes());
    let stripped = with_checksum(stripped);
    assert!(Header::parse(&stripped).is_ok());
    assert_eq!(restore(&stripped, &[1], 5), Err(Error::Unsigned));
}

#[test]
fn a_signature_by_another_key_under_a_known_name_is_refused() {
    // Key confusion: the attacker's signature is called by the name of the device's key.
    let (known, attacker) = (key(1).public_key(), key(9));
    let forged = signed(5, &[9]);
    let place = Header::length(&forged).unwrap() - 4 - 73;
    let mut forged = forged;
    assert_eq!(forged[place..place + 8], attacker.public_key().key_id());
    forged[place..place + 8].copy_from_slice(&known.key_id());
    assert_eq!(restore(&with_checksum(forged), &[1], 5), Err(Error::Signature));
}

#[test]
fn the_key_decides_the_algorithm() {
    // A P-256 key whose name is that of an Ed25519 key: signatures are not taken from one to the other.
    struct Confused(PublicKey);
    impl Verifier for Confused {
        fn key_id(&self) -> smidgen_patch::internals::wire::KeyId {
            key(1).public_key().key_id()
        }
        fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> bool {
            self.0.verify(message, signature)
        }
    }
    let mut coordinates = [0; 64];
    coordinates[..32].copy_from_slice(key(1).public_key().bytes());
    let confused = [Confused(PublicKey::P256(smidgen_patch::verify::P256Key(coordinates)))];
    let policy = Signed { keys: &confused, policy: smidgen_patch::Anything };
    assert_eq!(restore_in(&signed(5, &[1]), policy, 50), Err(Error::Signature));
}

#[test]
fn every_changed_byte_of_the_header_is_noticed() {
    let package = signed(5, &[1]);
    let length = Header::length(&package).unwrap();
    for at in 0..length - 4 {
        let mut changed = package.clone();
        changed[at] ^= 1;
        // Another length is another place of the checksum; whatever it is, it is not taken.
        let changed = if at < 5 || (7..9).contains(&at) { changed } else { with_checksum(changed) };
        assert!(restore(&changed, &[1], 5).is_err(), "byte {at}");
    }
}

#[test]
fn a_signed_header_with_another_body_is_refused() {
    let package = signed(5, &[1]);
    let length = Header::length(&package).unwrap();
    for at in [length, package.len() - 1, (length + package.len()) / 2] {
        let mut changed = package.clone();
        changed[at] ^= 0x10;
        assert!(restore(&changed, &[1], 5).is_err(), "byte {at}");
        assert_eq!(check_signature(&changed, &[key(1).public_key()]), Err(Error::BodyDigest));
    }
    let other = signed(6, &[1]);
    let mixed = [&package[..length], &other[Header::length(&other).unwrap()..]].concat();
    // Both bodies are the same here: what makes them packages of different versions is what was signed.
    assert_eq!(restore(&mixed, &[1], 5), Ok(()));
    let short = &package[..package.len() - 1];
    assert!(restore(short, &[1], 5).is_err());
}

#[test]
fn devices_do_not_go_back() {
    let old = signed(4, &[1]);
    assert_eq!(restore(&old, &[1], 4), Ok(()));
    assert_eq!(restore(&old, &[1], 5), Err(Error::RollbackCounter));
    // The counter is part of what was signed: a higher one from elsewhere does not fit.
    let new = signed(5, &[1]);
    let (length, new_length) = (Header::length(&old).unwrap(), Header::length(&new).unwrap());
    assert_eq!(length, new_length);
    let mut forged = new.clone();
    let block = length - 4 - 73;
    forged[block..length - 4].copy_from_slice(&old[block..length - 4]);
    assert_eq!(restore(&with_checksum(forged), &[1], 5), Err(Error::Signature));
}

#[test]
fn only_what_is_right_gets_signed() {
    let package = package(5);
    let (right, wrong) = (key(1), key(2));
    struct Liar;
    impl Signer for Liar {
        fn public_key(&self) -> PublicKey {
            key(1).public_key()
        }
        fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], String> {
            Signer::sign(&key(2), message)
        }
    }
    assert!(matches!(sign(&package, &[&Liar]), Err(SignError::OtherKey { .. })));
    assert_eq!(sign(b"no package at all", &[&right]), Err(SignError::Package(Error::NotAPackage)));
    assert_eq!(sign(&package[..package.len() - 1], &[&right]), Err(SignError::Package(Error::Truncated)));
    let five: Vec<SecretKey> = (1..6).map(key).collect();
    let five: Vec<&dyn Signer> = five.iter().map(|key| key as &dyn Signer).collect();
    assert_eq!(sign(&package, &five), Err(SignError::NoRoom));
    assert!(sign(&package, &five[..4]).is_ok());
    assert_eq!(
        check_signature(&sign(&package, &[&wrong]).unwrap(), &[right.public_key()]),
        Err(Error::UnknownKey)
    );
    assert_eq!(check_signature(&package, &[right.public_key()]), Err(Error::Unsigned));
}

/// Pages of the flash, and what is kept there: the slot that runs, the other one, the journal.
const PAGE: u32 = 1024;
const SLOT: u32 = 4 * PAGE;

/// An update of the other slot, of which the package streams in.
fn update(chip: &RefCell<Simulator>, package: &[u8], keys: &[u8]) -> Result<(), Error> {
    let keys: Vec<PublicKey> = keys.iter().map(|&number| key(number).public_key()).collect();
    let device = Device { product: Some("sensor"), rollback_counter: 5, ..Device::default() };
    let base = FlashBase { flash: Area::new(chip, 0, SLOT), size: base().len() as u32 };
    let (slot, journal) = (Area::new(chip, SLOT, SLOT), Area::new(chip, 2 * SLOT, 2 * PAGE));
    let areas = AbAreas { slot, journal };
    let mut buffer = vec![0; PAGE as usize];
    with_workspace(32 << 10, 0, |workspace| {
        let policy = Signed { keys: &keys, policy: device };
        let mut update =
            AbUpdate::<_, _, _, SoftwareSha256, _>::new(workspace, &mut buffer, base, areas, policy)?;
        for piece in package.chunks(20) {
            update.push(piece)?;
        }
        update.end()?;
        while update.check(500)? != Step::Ready {}
        Ok(())
    })
}

#[test]
fn an_update_of_the_other_slot_takes_signed_packages_only() {
    let chip = || {
        let mut chip = Simulator::new(Geometry::new(2 * SLOT + 2 * PAGE, PAGE, 4));
        chip.load(0, &base());
        RefCell::new(chip)
    };
    let ready = chip();
    assert_eq!(update(&ready, &signed(5, &[1]), &[2, 1]), Ok(()));
    assert!(ready.borrow().memory()[SLOT as usize..].starts_with(&target()));
    let mut other_body = signed(5, &[1]);
    *other_body.last_mut().unwrap() ^= 1;
    let refused = [
        (package(5), Error::Unsigned),
        (signed(5, &[3]), Error::UnknownKey),
        (signed(4, &[1]), Error::RollbackCounter),
    ];
    for (package, error) in refused {
        let (chip, before) = (chip(), chip().borrow().memory().to_vec());
        assert_eq!(update(&chip, &package, &[2, 1]), Err(error));
        assert!(chip.borrow().memory() == before && chip.borrow().erases().iter().all(|&erases| erases == 0));
    }
    // A body that was not signed may be decoded before that shows, but never becomes ready.
    let chip = chip();
    assert!(update(&chip, &other_body, &[1]).is_err());
    assert!(chip.borrow().memory().starts_with(&base()));
}

//! The one way to restore: packages of every sort come back, what is wrong has its error, in place too.

use smidgen_diff::{
    InPlace, Kept, Options, Restore, RestoreError, Silent, diff, diff_bsdiff40, prove, replay_in_place,
};
use smidgen_patch::Error;
use smidgen_patch::header::InPlacePlan;
use testkit::archives::{changed, gzip, text};
use testkit::firmware;

use crate::common::with_header;

fn fast() -> Options {
    Options::default().with_level(1)
}

fn restored(base: &[u8], package: &[u8]) -> Result<Vec<u8>, RestoreError<Error>> {
    let mut target = Kept::all();
    Restore::default().restore(base, package, &mut target)?;
    Ok(target.bytes)
}

fn made(base: &[u8], target: &[u8], options: &Options) -> Vec<u8> {
    diff(base, target, options, &Silent).unwrap().bytes
}

fn flash() -> InPlace {
    InPlace::default().with_slot(64 << 10).with_page(1024).with_scratch(4096).with_write(4)
}

#[test]
fn packages_of_every_sort_come_back() {
    let (old, new) = (firmware(1), firmware(2));
    let (old_gz, new_gz) = (gzip(&text(1)), gzip(&changed(text(1))));
    let in_place = fast().with_in_place(Some(flash()));
    let zstd = fast().with_codec("zstd".parse().unwrap());
    for (base, target, package) in [
        (&old, &new, made(&old, &new, &fast().with_md5(true))),
        (&old, &new, made(&old, &new, &in_place)),
        (&old, &new, made(&old, &new, &zstd)),
        (&old, &new, diff_bsdiff40(&old, &new, &Silent).unwrap()),
        (&old_gz, &new_gz, made(&old_gz, &new_gz, &fast().with_md5(true))),
        (&Vec::new(), &new, made(&[], &new, &fast())),
    ] {
        assert!(restored(base, &package).unwrap() == *target);
        assert_eq!(prove(base, target, &package), Ok(()));
        let classic = package.starts_with(b"BSDIFF40");
        let larger = if classic { Error::Corrupt } else { Error::TargetDigest };
        assert_eq!(prove(base, &target[1..], &package), Err(larger));
        assert_eq!(prove(base, &[target, &[0][..]].concat(), &package), Err(Error::TargetDigest));
    }
}

#[test]
fn what_is_wrong_has_its_error() {
    let (old, new) = (firmware(1), firmware(2));
    let package = made(&old, &new, &fast().with_md5(true));
    let mut other = old.clone();
    other[0] ^= 1;
    assert_eq!(restored(&other, &package), Err(RestoreError::Target(Error::BaseDigest)));
    assert_eq!(restored(&old[1..], &package), Err(RestoreError::Target(Error::BaseSize)));
    assert_eq!(restored(&old, &new), Err(RestoreError::Target(Error::NotAPackage)));
    let wrong_md5 = with_header(&package, |header, _| header.target_md5 = Some([0; 16]));
    assert_eq!(restored(&old, &wrong_md5), Err(RestoreError::Md5));
    let classic = diff_bsdiff40(&old, &new, &Silent).unwrap();
    assert!(matches!(restored(&old, &classic[..90]), Err(RestoreError::Classic(_))));
}

#[cfg(feature = "release")]
#[test]
fn encrypted_packages_of_every_sort_come_back() {
    use smidgen_diff::release::{
        CipherChoice, DecryptionKey, Encryption, Keys, Recipient, SharedSecret, encrypt,
    };
    let key = SharedSecret::from_bytes(&[7; 32]);
    let recipient = Recipient::Shared(SharedSecret::from_bytes(&[7; 32]));
    let encryption = Encryption { recipient, cipher: CipherChoice::ChaCha20 };
    let keys = [DecryptionKey::Shared(key)];
    for (old, new) in [(firmware(1), firmware(2)), (gzip(&text(1)), gzip(&changed(text(1))))] {
        let package = encrypt(&made(&old, &new, &fast()), &encryption).unwrap().bytes;
        assert_eq!(restored(&old, &package), Err(RestoreError::Target(Error::Encrypted)));
        let mut target = Kept::all();
        Restore::default().with_key(Keys(&keys)).restore(&old, &package, &mut target).unwrap();
        assert!(target.bytes == new);
    }
}

#[test]
fn packages_in_place_are_replayed_in_place() {
    let (old, new) = (firmware(1), firmware(2));
    let package = made(&old, &new, &fast().with_in_place(Some(flash())));
    assert_eq!(replay_in_place(&old, &package, None), Ok(true));
    assert_eq!(replay_in_place(&old, &package, Some(&flash())), Ok(true));
    assert_eq!(replay_in_place(&old, &made(&old, &new, &fast()), None), Ok(false));
    assert_eq!(replay_in_place(&old[1..], &package, None), Err(Error::BaseSize));
    assert!(replay_in_place(&old, &package, Some(&flash().with_scratch(2048).with_page(1024))).is_err());
    assert_eq!(replay_in_place(&old, &package, Some(&flash().with_page(0))), Err(Error::Areas));
    // Only what the update touches of the slot is simulated, but all of the scratch area.
    assert_eq!(replay_in_place(&old, &package, Some(&flash().with_slot(1 << 30))), Ok(true));
    assert_eq!(replay_in_place(&old, &package, Some(&flash().with_scratch(1 << 30))), Ok(false));
    // Plans of strangers take no more flash or time than is there.
    for (segment, shift) in [(1, 0), (1 << 20, 1 << 30), (3, 5), (u32::MAX, u32::MAX)] {
        let plan = InPlacePlan { segment, shift, keep: 0 };
        let hostile = with_header(&package, |_, extensions| extensions.in_place = Some(plan));
        assert_ne!(replay_in_place(&old, &hostile, None), Ok(true), "{plan:?}");
    }
}

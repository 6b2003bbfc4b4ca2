//! Packages that are encrypted: who can read them, what they hide, and that no key stream is used twice.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::common::{base, target};
use proptest::prelude::*;
use smidgen_diff::release::{
    CipherChoice, DecryptionKey, DevicePublic, DeviceSecret, EncryptError, Encryption, KeyKind, Keys,
    MANIFEST_FILE, PackOptions, PublicKey, Recipient, Release, Replay, Sealed, Sealer, SecretKey,
    SharedSecret, Source, check_signature, decrypt, encrypt, encrypt_and_prove, encryption_of, pack, sign,
};
use smidgen_diff::{CodecChoice, Identity, Options, Silent, diff};
use smidgen_patch::container::{Limits, Opened};
use smidgen_patch::internals::wire::crc32;
use smidgen_patch::secrecy::{Encryption as Record, KeyMaterial, SharedKey, SoftwareCipher};
use smidgen_patch::verify::Signed;
use smidgen_patch::{Device, Error, Extensions, Header, Patcher, SliceTarget, SoftwareSha256};
use testkit::archives::{changed, gzip, text};
use testkit::with_workspace;

fn identity() -> Identity {
    Identity::default()
        .with_product(Some("secret-sensor".into()))
        .with_module(Some("radio-part".into()))
        .with_version(Some("12.34.56".into()))
        .with_rollback_counter(Some(5))
}

fn package_with(codec: CodecChoice, identity: Identity) -> Vec<u8> {
    let options = Options::default().with_level(1).with_codec(codec).with_identity(identity);
    diff(&base(), &target(), &options, &Silent).unwrap().bytes
}

fn package() -> Vec<u8> {
    package_with(CodecChoice::Cm, identity())
}

fn shared(byte: u8) -> SharedSecret {
    SharedSecret::from_bytes(&[byte; 32])
}

fn to_shared(byte: u8, cipher: CipherChoice) -> Encryption {
    Encryption { recipient: Recipient::Shared(shared(byte)), cipher }
}

fn to_device(byte: u8, cipher: CipherChoice) -> Encryption {
    let public = DeviceSecret::from_bytes(&[byte; 32]).public();
    Encryption { recipient: Recipient::Sealed(Box::new(public)), cipher }
}

fn keys() -> [DecryptionKey; 4] {
    let device = |byte| DecryptionKey::Device(DeviceSecret::from_bytes(&[byte; 32]));
    [DecryptionKey::Shared(shared(9)), device(9), DecryptionKey::Shared(shared(1)), device(1)]
}

/// What the package would be with the digest of its body, and nothing else: what decrypting gives.
fn with_digest(package: &[u8]) -> Vec<u8> {
    let (header, extensions, length) = Header::parse_extended(package).unwrap();
    let body = &package[length..];
    let digest = <sha2::Sha256 as sha2::Digest>::digest(body).into();
    [&Header { body_digest: Some(digest), ..header }.to_bytes_with(&extensions), body].concat()
}

const CIPHERS: [CipherChoice; 2] = [CipherChoice::ChaCha20, CipherChoice::Aes256Ctr];

#[test]
fn the_key_opens_the_package_and_restores_the_image() {
    for codec in [CodecChoice::Cm, CodecChoice::Zstd] {
        let package = package_with(codec, identity());
        for encryption in CIPHERS.iter().flat_map(|&cipher| [to_shared(1, cipher), to_device(1, cipher)]) {
            let encrypted = encrypt_and_prove(&base(), &target(), &package, &encryption).unwrap();
            assert!(*decrypt(&encrypted, &Keys(&keys())).unwrap() == *with_digest(&package));
            assert_eq!(decrypt(&encrypted, &Keys(&keys()[..2])).err(), Some(Error::DecryptionKey));
            assert_eq!(decrypt(&encrypted, &Keys(&[])).err(), Some(Error::Encrypted));
            let cipher = encryption_of(&encrypted).unwrap().unwrap().cipher;
            assert_eq!(CipherChoice::from_number(cipher), Some(encryption.cipher));
        }
        assert_eq!(encryption_of(&package), Ok(None));
        assert!(*decrypt(&package, &Keys(&[])).unwrap() == *package);
    }
}

#[test]
fn what_is_private_and_what_the_body_says_is_nowhere() {
    let package = package();
    let plain_body = &package[Header::parse(&package).unwrap().1..];
    for encryption in [to_shared(1, CipherChoice::ChaCha20), to_device(1, CipherChoice::Aes256Ctr)] {
        let encrypted = encrypt(&package, &encryption).unwrap().bytes;
        let has = |part: &[u8]| encrypted.windows(part.len()).any(|window| window == part);
        for secret in [
            &b"secret-sensor"[..],
            b"radio-part",
            b"12.34.56",
            &plain_body[..8],
            &plain_body[plain_body.len() - 8..],
        ] {
            assert!(!has(secret), "{secret:?}");
        }
        let (header, extensions, length) = Header::parse_extended(&encrypted).unwrap();
        let clear = Extensions { encryption: None, ..extensions };
        assert_eq!(clear, Extensions::default());
        assert_eq!(header.body_length as usize, encrypted.len() - length);
    }
}

/// The salt, which makes the content key together with the shared key.
fn salt_of(encrypted: &[u8]) -> [u8; 16] {
    match encryption_of(encrypted).unwrap().unwrap().material {
        KeyMaterial::Shared(salt) => *salt,
        KeyMaterial::Sealed { .. } => panic!("sealed"),
    }
}

#[test]
fn shared_keys_make_the_same_package_each_time_and_sealed_ones_never() {
    let package = package();
    let encrypt = |encryption: Encryption| encrypt(&package, &encryption).unwrap().bytes;
    let cipher = CipherChoice::ChaCha20;
    assert!(encrypt(to_shared(1, cipher)) == encrypt(to_shared(1, cipher)));
    let sealed: BTreeSet<Vec<u8>> = (0..20).map(|_| encrypt(to_device(1, cipher))).collect();
    assert_eq!(sealed.len(), 20);
    let bodies: BTreeSet<&[u8]> = sealed.iter().map(|one| &one[one.len() - 16..]).collect();
    assert_eq!(bodies.len(), 20, "a key stream was used twice");
}

/// A wiped key encrypts nothing: a build once took one for another of the same bytes.
#[test]
fn a_key_of_zeros_is_refused() {
    let zero = to_shared(0, CipherChoice::ChaCha20);
    assert!(matches!(encrypt(&package(), &zero), Err(EncryptError::NoKey)));
}

/// Two plaintexts under one key stream would give away their difference.
#[test]
fn packages_that_differ_in_anything_have_other_salts() {
    let package = package();
    let (header, extensions, length) = Header::parse_extended(&package).unwrap();
    let body = package[length..].to_vec();
    let mut salts = BTreeSet::new();
    let mut count = 0;
    let mut add = |package: &[u8], encryption: &Encryption| {
        salts.insert(salt_of(&encrypt(package, encryption).unwrap().bytes));
        count += 1;
    };
    let chacha = to_shared(1, CipherChoice::ChaCha20);
    add(&package, &chacha);
    add(&package, &to_shared(1, CipherChoice::Aes256Ctr));
    add(&package, &to_shared(2, CipherChoice::ChaCha20));
    // Every byte of the body.
    for place in 0..body.len() {
        let mut body = body.clone();
        body[place] ^= 1;
        add(&[header.to_bytes_with(&extensions), body].concat(), &chacha);
    }
    // Each private record, with another value or not there.
    let names = |product: &'static str, module: &'static str, version: &'static str, counter| Extensions {
        product: (!product.is_empty()).then(|| product.into()),
        module: (!module.is_empty()).then(|| module.into()),
        version: (!version.is_empty()).then(|| version.into()),
        rollback_counter: counter,
        ..Extensions::default()
    };
    for extensions in [
        names("secret-sensos", "radio-part", "12.34.56", Some(5)),
        names("secret-sensor", "radio-pars", "12.34.56", Some(5)),
        names("secret-sensor", "radio-part", "12.34.57", Some(5)),
        names("secret-sensor", "radio-part", "12.34.56", Some(6)),
        names("secret-sensor", "radio-part", "12.34.56", None),
        names("", "radio-part", "12.34.56", Some(5)),
        names("secret-sensor", "12.34.56", "radio-part", Some(5)),
        names("secret-sensor", "", "radio-part", Some(5)),
        names("", "", "", None),
        Extensions { container: Some(b"x"), ..extensions },
    ] {
        add(&[header.to_bytes_with(&extensions), body.clone()].concat(), &chacha);
    }
    // Fields that stay in the clear.
    for header in [
        Header { base_size: header.base_size + 1, ..header },
        Header { target_size: header.target_size + 1, ..header },
        Header { target_digest: [7; 32], ..header },
        Header { base_digest: [7; 16], ..header },
        Header { target_md5: Some([7; 16]), ..header },
        Header { base_address: header.base_address ^ 1, ..header },
        Header { address_high: 1, ..header },
        Header { read_back: !header.read_back, ..header },
    ] {
        add(&[header.to_bytes_with(&extensions), body.clone()].concat(), &chacha);
    }
    assert_eq!(salts.len(), count);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn equal_salts_mean_equal_packages(
        one in (prop::collection::vec(0..2u8, 0..4), "[ab]{1,3}", "[ab]{1,3}"),
        other in (prop::collection::vec(0..2u8, 0..4), "[ab]{1,3}", "[ab]{1,3}"),
    ) {
        let package = |(body, module, version): &(Vec<u8>, String, String)| {
            let (header, _, _) = Header::parse_extended(SMALL).unwrap();
            let header = Header { body_length: body.len() as u32, body_digest: None, ..header };
            let extensions = Extensions {
                module: Some(module.as_str().into()),
                version: Some(version.as_str().into()),
                ..Extensions::default()
            };
            [&header.to_bytes_with(&extensions), &body[..]].concat()
        };
        let salt = |package: &[u8]| salt_of(&encrypt(package, &to_shared(1, CipherChoice::ChaCha20)).unwrap().bytes);
        prop_assert_eq!(salt(&package(&one)) == salt(&package(&other)), one == other);
    }
}

const SMALL: &[u8] = include_bytes!("../../../../fixtures/packages/small.smdg");

#[test]
fn only_plain_unsigned_packages_are_encrypted() {
    let (package, encryption) = (package(), to_shared(1, CipherChoice::ChaCha20));
    let refusal = |package: &[u8]| encrypt(package, &encryption).err().unwrap();
    let encrypted = encrypt(&package, &encryption).unwrap().bytes;
    assert_eq!(refusal(&encrypted), EncryptError::Already);
    let key = SecretKey::from_bytes(&[1; 32]);
    assert_eq!(refusal(&sign(&package, &[&key]).unwrap()), EncryptError::Signed);
    assert_eq!(refusal(b"no package"), EncryptError::Package(Error::NotAPackage));
    assert_eq!(refusal(&package[..package.len() - 1]), EncryptError::Package(Error::Truncated));
    let mut damaged = with_digest(&package);
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(refusal(&damaged), EncryptError::Package(Error::BodyDigest));
    let (header, _, length) = Header::parse_extended(&package).unwrap();
    let full = Extensions { container: Some(&[0; 330]), ..Extensions::default() };
    let full = [&header.to_bytes_with(&full), &package[length..]].concat();
    assert_eq!(encrypt(&full, &to_device(1, CipherChoice::ChaCha20)).err(), Some(EncryptError::NoRoom));
}

#[test]
fn what_does_not_give_the_image_back_is_not_delivered() {
    let other = [&target()[..], b"x"].concat();
    for encryption in [to_shared(1, CipherChoice::ChaCha20), to_device(1, CipherChoice::ChaCha20)] {
        let refusal = encrypt_and_prove(&base(), &other, &package(), &encryption).err();
        assert_eq!(refusal, Some(EncryptError::NotProved(Error::TargetDigest)));
    }
}

/// A service that seals to a key that it knows, or does not answer.
struct Service(Option<DevicePublic>);

impl Sealer for Service {
    fn name(&self) -> String {
        "service".into()
    }

    fn seal(&self, content_key: &[u8; 32]) -> Result<Sealed, String> {
        self.0.as_ref().ok_or("out of order")?.seal(content_key)
    }
}

#[test]
fn a_service_can_seal() {
    let by = |service: Service| Encryption {
        recipient: Recipient::Sealed(Box::new(service)),
        cipher: CipherChoice::ChaCha20,
    };
    let public = DeviceSecret::from_bytes(&[1; 32]).public();
    let encrypted = encrypt(&package(), &by(Service(Some(public)))).unwrap().bytes;
    assert!(decrypt(&encrypted, &Keys(&keys())).is_ok());
    let refusal = encrypt(&package(), &by(Service(None))).err();
    assert_eq!(refusal, Some(EncryptError::Sealer("out of order".into())));
}

#[test]
fn what_is_signed_is_what_is_encrypted() {
    let key = SecretKey::from_bytes(&[1; 32]);
    let trusted = [key.public_key()];
    let encrypted = encrypt(&package(), &to_shared(1, CipherChoice::ChaCha20)).unwrap().bytes;
    let signed = sign(&encrypted, &[&key]).unwrap();
    // Without the key that decrypts.
    assert_eq!(check_signature(&signed, &trusted), Ok(()));
    assert_eq!(restore(&signed, &trusted), Ok(target()));
    assert_eq!(restore(&encrypted, &trusted), Err(Error::Unsigned));
    // An attacker has the shared key, but not the one that signs.
    let value = encryption_of(&signed).unwrap().unwrap();
    let KeyMaterial::Shared(salt) = value.material else { panic!() };
    let mut salt = *salt;
    salt[0] ^= 1;
    let value = Record { material: KeyMaterial::Shared(&salt), ..value }.to_bytes();
    let place = signed.windows(value.len()).position(|window| window[..10] == value[..10]).unwrap();
    let mut forged = signed.clone();
    forged[place..place + value.len()].copy_from_slice(&value);
    let end = Header::length(&forged).unwrap() - 4;
    let checksum = crc32(&forged[..end]).to_le_bytes();
    forged[end..end + 4].copy_from_slice(&checksum);
    assert_eq!(restore(&forged, &trusted), Err(Error::Signature));
    // Another body, whose digest was signed.
    let mut forged = signed.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(check_signature(&forged, &trusted), Err(Error::BodyDigest));
    assert!(restore(&forged, &trusted).is_err());
}

fn restore(package: &[u8], trusted: &[PublicKey]) -> Result<Vec<u8>, Error> {
    let base = base();
    let device = Device { product: Some("secret-sensor"), rollback_counter: 5, ..Device::default() };
    with_workspace(32 << 10, 0, |workspace| {
        let mut slot = vec![0; target().len()];
        let (target, policy) = (SliceTarget::new(&mut slot), Signed { keys: trusted, policy: device });
        let key = SharedKey::<SoftwareCipher>::new([1; 32]);
        let mut patcher =
            Patcher::<_, _, SoftwareSha256, _, _>::with_key(workspace, base.as_slice(), target, policy, key);
        package.chunks(7).try_for_each(|piece| patcher.push(piece))?;
        patcher.finish()?;
        Ok(slot)
    })
}

/// A release of two versions in the field.
fn release(recipient: Recipient) -> Release {
    let encryption = Encryption { recipient, cipher: CipherChoice::ChaCha20 };
    let release = Release::new("2.0", target()).source("1.0", base()).source("1.1", base());
    let identity = Identity::default().with_product(Some("sensor".to_owned()));
    release.with_options(Options::default().with_level(1).with_identity(identity)).with_encryption(encryption)
}

/// The bytes of all packages of a release in a folder, and how many were made anew.
fn packed(release: &Release, folder: &Path) -> Vec<Vec<u8>> {
    let manifest = pack(release, &PackOptions::default(), folder, &Silent).unwrap();
    manifest.packages.iter().map(|package| fs::read(folder.join(&package.file)).unwrap()).collect()
}

#[test]
fn releases_are_encrypted_and_replayed_with_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let key = SecretKey::from_bytes(&[1; 32]);
    let release = release(Recipient::Shared(shared(1))).signed_by(Box::new(key));
    let manifest = pack(&release, &PackOptions::default(), folder.path(), &Silent).unwrap();
    assert_eq!(manifest.packages.len(), 2);
    for package in &manifest.packages {
        let encryption = package.encryption.as_ref().unwrap();
        assert_eq!((encryption.cipher, encryption.kind), (CipherChoice::ChaCha20, KeyKind::Shared));
        assert_eq!(encryption.key, DecryptionKey::Shared(shared(1)).name());
        let bytes = fs::read(folder.path().join(&package.file)).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"sensor"));
    }
    let sources = [Source::new("1.0", base()), Source::new("1.1", base())];
    let faults = |secrets: &[DecryptionKey]| -> Vec<Option<String>> {
        let trusted = [SecretKey::from_bytes(&[1; 32]).public_key()];
        let replay = Replay::default().with_sources(&sources).with_keys(&trusted).with_secrets(secrets);
        let replayed = replay.run(folder.path()).unwrap();
        replayed.packages.iter().map(|one| one.fault().map(str::to_owned)).collect()
    };
    assert_eq!(faults(&keys()), [None, None]);
    assert!(faults(&[]).iter().all(|fault| fault.as_ref().is_some_and(|fault| fault.contains("(E33)"))));
    assert!(
        faults(&keys()[..2]).iter().all(|fault| fault.as_ref().is_some_and(|fault| fault.contains("(E34)")))
    );
    // The manifest says something else.
    let path = folder.path().join(MANIFEST_FILE);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"chacha20\"", "\"aes-256-ctr\"")).unwrap();
    assert!(
        faults(&keys())
            .iter()
            .all(|fault| fault.as_ref().is_some_and(|fault| fault.contains("another encryption")))
    );
    fs::write(&path, text.replace("\"product\": \"sensor\"", "\"product\": \"senses\"")).unwrap();
    assert!(
        faults(&keys())
            .iter()
            .all(|fault| fault.as_ref().is_some_and(|fault| fault.contains("another product")))
    );
}

#[test]
fn another_key_makes_packages_anew_and_the_same_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let sealed =
        |byte: u8| release(Recipient::Sealed(Box::new(DeviceSecret::from_bytes(&[byte; 32]).public())));
    // What is sealed is another package each time that it is made.
    let first = packed(&sealed(1), folder.path());
    assert!(packed(&sealed(1), folder.path()) == first);
    let other = packed(&sealed(2), folder.path());
    assert!(first.iter().zip(&other).all(|(first, other)| first != other));
    let again = tempfile::tempdir().unwrap();
    let shared = |byte| release(Recipient::Shared(shared(byte)));
    let first = packed(&shared(1), folder.path());
    assert!(packed(&shared(1), again.path()) == first);
    assert!(packed(&shared(2), folder.path()) != first);
}

#[test]
fn packages_of_compressed_files_are_encrypted_as_a_whole() {
    let (old, new) = (gzip(&text(1)), gzip(&changed(text(1))));
    let package = diff(&old, &new, &Options::default(), &Silent).unwrap().bytes;
    assert!(Opened::new::<SoftwareSha256>(&package).unwrap().is_some());
    let encryption = to_device(1, CipherChoice::ChaCha20);
    let encrypted = encrypt_and_prove(&old, &new, &package, &encryption).unwrap();
    assert_eq!(Opened::new::<SoftwareSha256>(&encrypted).err(), Some(Error::Encrypted));
    let decrypted = decrypt(&encrypted, &Keys(&keys())).unwrap();
    assert!(*decrypted == *with_digest(&package));
    let plain = Opened::new::<SoftwareSha256>(&decrypted).unwrap().unwrap();
    // A gateway opens it at once, when it has asked its policy.
    let (keys, others) = (keys(), keys());
    let open = |package: &[u8], policy: &Device, keys: &[DecryptionKey]| {
        let mut room = Vec::new();
        let opened =
            Opened::unlocked::<SoftwareSha256, _, _>(package, policy, &Keys(keys), &Limits::NONE, &mut room);
        opened.map(|opened| opened.map(|opened| (opened.record, opened.inner, opened.body.to_vec())))
    };
    let any = Device::default();
    let (record, inner, body) = open(&encrypted, &any, &keys).unwrap().unwrap();
    assert!(record == plain.record && body == plain.body);
    assert_eq!(Header { body_digest: plain.inner.body_digest, ..inner }, plain.inner);
    assert_eq!(open(&encrypted, &any, &others[..2]).err(), Some(Error::DecryptionKey));
    assert_eq!(open(&encrypted, &Device { product: Some("x"), ..any }, &keys).err(), Some(Error::Product));
    let (_, _, same) = open(&package, &any, &[]).unwrap().unwrap();
    assert!(same == body);
    let mut damaged = encrypted.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(open(&damaged, &any, &keys).err(), Some(Error::BodyDigest));
}

//! Secret keys in files: PKCS#8 of version 1 (RFC 5958), encrypted with PBES2 (RFC 8018), in PEM.

use pkcs8::der::asn1::{BitStringRef, OctetStringRef};
use pkcs8::der::{Encode, EncodePem, SecretDocument};
use pkcs8::pkcs5::pbes2::{EncryptionScheme, Kdf, Parameters, Pbkdf2Params, ScryptParams};
use pkcs8::pkcs5::{self, EncryptionScheme as Scheme};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, ObjectIdentifier, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use super::error::KeyError;

/// Ed25519 (RFC 8410).
pub(crate) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// X25519 (RFC 8410).
pub(crate) const X25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.110");
/// HKDF with SHA-256 (RFC 8619), the algorithm of shared keys.
pub(crate) const HKDF_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.28");

const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
const PLAIN: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// N, r and p of scrypt, the cost of a guess at a passphrase: 2^14 blocks of 1 KiB, eight times one after the other, as
/// much work as 2^17 at once: a quarter of a second. OpenSSL refuses 32 MiB or more at once and could not read such a key;
/// p = 5 counts as equivalent (OWASP, Password Storage).
const SCRYPT: (u64, u16, u16) = (1 << 14, 8, 8);

/// The most memory that a file may ask for: 128 bytes for each of r * (N + p).
const MEMORY_LIMIT: u64 = 256 << 20;
/// The most work, N * r * p: some seconds.
const WORK_LIMIT: u64 = 1 << 24;
/// The most iterations of PBKDF2: some seconds, too.
const ITERATION_LIMIT: u32 = 10_000_000;

/// Bytes of a key, wiped when dropped. In the heap, where moves leave no copies behind; and since rustc 1.95 takes two keys
/// of the same constant bytes for one (value numbering, MIR pass GVN), although the first was moved and wiped by then: a test
/// that was built without incremental compilation encrypted with a key of zeros.
pub(crate) type Secret = Box<Zeroizing<[u8; 32]>>;

/// A new key from the operating system's random numbers.
pub(crate) fn random() -> Result<Secret, KeyError> {
    let mut bytes = Secret::default();
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| KeyError::Random(error.to_string()))?;
    Ok(bytes)
}

/// Writes a secret key of one of the algorithms above, encrypted.
///
/// Without the public key: with it, the file would have version 2, which OpenSSL 3.0 does not read.
pub(crate) fn to_pem(
    algorithm: ObjectIdentifier,
    key: &[u8; 32],
    passphrase: &str,
) -> Result<String, KeyError> {
    if passphrase.is_empty() {
        return Err(KeyError::EmptyPassphrase);
    }
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    for random in [&mut salt, &mut iv] {
        getrandom::fill(random).map_err(|error| KeyError::Random(error.to_string()))?;
    }
    let (cost_parameter, block_size, parallelization) = SCRYPT;
    let written = || {
        let salt = salt.as_slice().try_into().ok()?;
        let scrypt = ScryptParams { salt, cost_parameter, block_size, parallelization, key_length: None };
        let encryption = EncryptionScheme::Aes256Cbc { iv };
        let parameters = Parameters { kdf: Kdf::Scrypt(scrypt), encryption };
        // A key of a curve is an octet string in the octet string.
        let nested = Zeroizing::new(OctetStringRef::new(key).ok()?.to_der().ok()?);
        let bytes = if algorithm == HKDF_SHA256 { key.as_slice() } else { &nested };
        let algorithm = AlgorithmIdentifierRef { oid: algorithm, parameters: None };
        let key = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(bytes).ok()?);
        let document = key.encrypt_with_params(parameters, passphrase).ok()?;
        document.to_pem(ENCRYPTED, LineEnding::LF).ok()
    };
    written().map(|pem| pem.to_string()).ok_or(KeyError::Secret)
}

/// Writes a public key of a curve.
///
/// # Panics
/// Never: 32 bytes can be written.
pub(crate) fn public_pem(algorithm: ObjectIdentifier, key: &[u8; 32]) -> String {
    let algorithm = AlgorithmIdentifierRef { oid: algorithm, parameters: None };
    let key = BitStringRef::from_bytes(key);
    let written = key.and_then(|subject_public_key| {
        SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_pem(LineEnding::LF)
    });
    written.expect("32 bytes can be written")
}

/// Decrypts a key of any algorithm to its PKCS#8 document.
pub(crate) fn decrypted(pem: &str, passphrase: &str) -> Result<SecretDocument, KeyError> {
    let (label, document) = SecretDocument::from_pem(pem).map_err(|_| KeyError::Secret)?;
    match label {
        ENCRYPTED => {}
        PUBLIC => return Err(KeyError::PublicForSecret),
        PLAIN | "EC PRIVATE KEY" | "RSA PRIVATE KEY" => return Err(KeyError::Unencrypted),
        _ => return Err(KeyError::Secret),
    }
    let key = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| KeyError::Encryption)?;
    let Scheme::Pbes2(parameters) = &key.encryption_algorithm else {
        return Err(KeyError::Encryption);
    };
    check_cost(&parameters.kdf)?;
    let decrypted = key.decrypt(passphrase).map_err(|error| match error {
        // A wrong passphrase may leave valid padding by chance, but no key.
        pkcs8::Error::EncryptedPrivateKey(pkcs5::Error::DecryptFailed) => KeyError::Passphrase,
        pkcs8::Error::EncryptedPrivateKey(_) => KeyError::Encryption,
        _ => KeyError::Passphrase,
    })?;
    match PrivateKeyInfoRef::try_from(decrypted.as_bytes()) {
        Ok(_) => Ok(decrypted),
        Err(_) => Err(KeyError::Passphrase),
    }
}

/// Refuses files that would take all memory, or hours, before the passphrase turns out wrong.
fn check_cost(kdf: &Kdf) -> Result<(), KeyError> {
    match kdf {
        Kdf::Scrypt(ScryptParams { cost_parameter, block_size, parallelization, .. }) => {
            // The crate pkcs5 panics where N is 0.
            if *cost_parameter < 2 || !cost_parameter.is_power_of_two() {
                return Err(KeyError::Encryption);
            }
            let (n, r, p) = (*cost_parameter, u64::from(*block_size), u64::from(*parallelization));
            let memory = n.saturating_add(p).saturating_mul(128 * r);
            if memory > MEMORY_LIMIT || n.saturating_mul(r * p) > WORK_LIMIT {
                return Err(KeyError::TooCostly);
            }
        }
        Kdf::Pbkdf2(Pbkdf2Params { iteration_count, .. }) if *iteration_count > ITERATION_LIMIT => {
            return Err(KeyError::TooCostly);
        }
        Kdf::Pbkdf2(_) => {}
        _ => return Err(KeyError::Encryption),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::SecretKey;

    /// Made by OpenSSL 3.0: `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkcs8 -topk8 -scrypt
    /// -passout pass:phrase`.
    const OF_P256: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHkME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAgfLOmi+lrvzwICQAAC
AQgCAQEwHQYJYIZIAWUDBAEqBBBf5kLHqhVHgtCFC00YZSecBIGQ5rMtvwPH4zms
g9j7Bp7ri+IptkzpmJHXJrzmHa/lCGyZiBv/UelPXLUAUrBYtz24P9JL/RVv/mAC
4BLPFE+F7VEVxnMq3q9+lSAzsiaziTghspOhL2Juon8uspEqb4Hzbny2TIHXOO8m
i2dC5/e+P4BjX37ZnJmGFABFzoPcsu5+2UyxE1OpsiV/d2/7YsUD
-----END ENCRYPTED PRIVATE KEY-----
";
    /// Made by OpenSSL 3.0, too, of Ed25519: with scrypt, with PBKDF2 (`-v2 aes-256-cbc -iter 2048`), with PBES1
    /// (`-v1 PBE-SHA1-3DES`), without encryption.
    const WITH_SCRYPT: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGTME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAgV5mSsWFK3GgICQAAC
AQgCAQEwHQYJYIZIAWUDBAEqBBDUPn5Paz4VIe1Fx0jKJmOjBEB46Wke5Rl1AXJE
76tDMsDcfWyGnOHQBjXFO521+/jwp//C691QU53T5mfKzTCeIrXt8/eXISkUewbP
IEL8jNjx
-----END ENCRYPTED PRIVATE KEY-----
";
    const WITH_PBKDF2: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhq/U4a33GrQAICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEHYFkdXkcUGvqBtTUlhgwYMEQKoP
qysZK0SpmCh+EHIC1i4ifNW6YVl+VHAm0ZixqR30OloMetJKiYxPe5x5B+z65IfA
HPl/NtkaCzaBI7OxKyk=
-----END ENCRYPTED PRIVATE KEY-----
";
    const OLD: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MFgwHAYKKoZIhvcNAQwBAzAOBAh0B4oe+Bj3vgICCAAEOE+NsJUW+thrpbS/anUp
/kgteWiK1BLTDZBOKstwb3uVc+vpqPXxQi9vaw+8Da6mzMG8Lz/K1W/V
-----END ENCRYPTED PRIVATE KEY-----
";
    const BARE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIDvvGoUaAt0FBqLFII0wXQEiErelE8bizFH7t/0V4B4B
-----END PRIVATE KEY-----
";

    fn refusal(pem: &str, passphrase: &str) -> KeyError {
        SecretKey::from_pem(pem, passphrase).err().unwrap()
    }

    #[test]
    fn each_fault_of_a_key_has_its_error() {
        let public = SecretKey::from_bytes(&[1; 32]).public_pem();
        assert_eq!(refusal(OF_P256, "wrong"), KeyError::Passphrase);
        assert_eq!(refusal(OF_P256, "phrase"), KeyError::Algorithm("ECDSA".to_owned()));
        assert_eq!(refusal(WITH_SCRYPT, "wrong"), KeyError::Passphrase);
        assert_eq!(refusal(&public, "phrase"), KeyError::PublicForSecret);
        assert_eq!(refusal(BARE, "phrase"), KeyError::Unencrypted);
        assert_eq!(refusal(OLD, "phrase"), KeyError::Encryption);
        let truncated = WITH_SCRYPT.replace("IEL8jNjx\n", "");
        for text in ["", "no key", &truncated, &WITH_SCRYPT.replace("PRIVATE", "SECRET")] {
            assert_eq!(refusal(text, "phrase"), KeyError::Secret, "{text}");
        }
    }

    #[test]
    fn keys_of_other_tools_are_read() {
        for pem in [WITH_SCRYPT, WITH_PBKDF2] {
            assert!(SecretKey::from_pem(pem, "phrase").is_ok());
        }
    }

    /// Almost every wrong passphrase leaves wrong padding behind, one in 256 does not, such as these numbers.
    #[test]
    fn a_wrong_passphrase_is_one_whatever_it_leaves_behind() {
        for passphrase in ["wrong", "147", "174", "1156", "1588"] {
            assert_eq!(refusal(WITH_PBKDF2, passphrase), KeyError::Passphrase, "{passphrase}");
        }
    }

    #[test]
    fn what_is_written_is_version_1_and_costs_as_much_as_it_should() {
        let pem = SecretKey::from_bytes(&[1; 32]).to_pem("phrase").unwrap();
        let (_, document) = SecretDocument::from_pem(&pem).unwrap();
        let key = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).unwrap();
        let Scheme::Pbes2(parameters) = &key.encryption_algorithm else { panic!("{pem}") };
        let scrypt = parameters.kdf.scrypt().unwrap();
        let (n, r, p) = (scrypt.cost_parameter, scrypt.block_size, scrypt.parallelization);
        assert!(n * u64::from(p) >= 1 << 17 && r == 8 && p >= 5, "no less than 2^17, 8, 1");
        assert!(128 * u64::from(r) * (n + u64::from(p) + 2) <= 32 << 20, "OpenSSL would not take it");
        let decrypted = decrypted(&pem, "phrase").unwrap();
        let key = PrivateKeyInfoRef::try_from(decrypted.as_bytes()).unwrap();
        assert_eq!((key.version(), key.public_key), (pkcs8::Version::V1, None));
    }

    /// The same file, but it asks for this.
    fn asking_for(kdf: Kdf) -> String {
        let encryption = EncryptionScheme::Aes256Cbc { iv: [0; 16] };
        let encryption_algorithm = Parameters { kdf, encryption }.into();
        let encrypted_data = pkcs8::der::asn1::OctetStringRef::new(&[0; 64]).unwrap();
        let key = EncryptedPrivateKeyInfoRef { encryption_algorithm, encrypted_data };
        let document = SecretDocument::try_from(key.to_der().unwrap()).unwrap();
        document.to_pem(ENCRYPTED, LineEnding::LF).unwrap().to_string()
    }

    #[test]
    fn a_hostile_file_gets_neither_time_nor_memory() {
        let salt = [0; 16].as_slice().try_into().unwrap();
        let scrypt = |n: u64, r: u16, p: u16| {
            let (cost_parameter, block_size, parallelization) = (n, r, p);
            let params = ScryptParams { salt, cost_parameter, block_size, parallelization, key_length: None };
            refusal(&asking_for(Kdf::Scrypt(params)), "phrase")
        };
        let most = u16::MAX;
        for (n, r, p) in
            [(1 << 14, 127, 127), (1 << 40, 8, 1), (1 << 20, 8, 1), (2, most, most), (1 << 63, most, most)]
        {
            assert_eq!(scrypt(n, r, p), KeyError::TooCostly, "{n} {r} {p}");
        }
        for (n, r, p) in [(3, 8, 1), (0, 8, 1), (1, 8, 1), (1024, 0, 1), (1024, 8, 0)] {
            assert_eq!(scrypt(n, r, p), KeyError::Encryption, "{n} {r} {p}");
        }
        assert_eq!([scrypt(2, 8, 1), scrypt(1024, 8, 1)], [KeyError::Passphrase, KeyError::Passphrase]);
        let mut pbkdf2 = Pbkdf2Params::hmac_sha256(ITERATION_LIMIT + 1, &[0; 16]).unwrap();
        assert_eq!(refusal(&asking_for(Kdf::Pbkdf2(pbkdf2)), "phrase"), KeyError::TooCostly);
        pbkdf2.iteration_count = 1000;
        assert_eq!(refusal(&asking_for(Kdf::Pbkdf2(pbkdf2)), "phrase"), KeyError::Passphrase);
    }
}

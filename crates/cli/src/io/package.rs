//! Packages of both formats, and their errors with advice.

use std::borrow::Cow;
use std::path::Path;

use smidgen_diff::input::Reading;
use smidgen_diff::release::{
    DecryptionKey, EncryptionEntry, Keys, PublicKey, check_signature, decrypt, encryption_of, key_names,
};
use smidgen_patch::header::VERSION;
use smidgen_patch::{Error, Extensions, Header};

use super::classic::Classic;
use super::image::Image;
use super::input::{Input, NOTHING};
use crate::report::{Failure, Reason, hex, sha256};

const VERSION_OFFSET: usize = 4;

#[derive(Debug)]
pub(crate) enum Package {
    Smidgen(Box<Smidgen>),
    Classic(Classic),
}

/// A package of Smidgen's own format with a valid header.
#[derive(Debug)]
pub(crate) struct Smidgen {
    pub(crate) file: Input,
    pub(crate) header: Header,
    pub(crate) keys: Vec<DecryptionKey>,
    /// The package without encryption, where it differs.
    decrypted: Option<Vec<u8>>,
}

impl Package {
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let file = Input::package(path)?;
        if Classic::is_one(&file) {
            return Classic::new(file).map(Self::Classic);
        }
        Smidgen::new(file).map(Box::new).map(Self::Smidgen)
    }

    /// Decrypts it with these keys, if it is encrypted. BSDIFF40 needs none.
    pub(crate) fn decrypted(
        mut self,
        keys: impl FnOnce() -> Result<Vec<DecryptionKey>, Failure>,
    ) -> Result<Self, Failure> {
        if let Self::Smidgen(package) = &mut self {
            package.decrypt(keys()?)?;
        }
        Ok(self)
    }

    /// Checks that one of these keys signed it; without keys, nothing.
    pub(crate) fn check_signers(&self, keys: &[PublicKey]) -> Result<(), Failure> {
        match self {
            _ if keys.is_empty() => Ok(()),
            Self::Smidgen(package) => {
                check_signature(&package.file, keys).map_err(|error| package.refused(error))
            }
            Self::Classic(package) => {
                Err(Failure::package("BSDIFF40 packages have no signatures").about(package.file.path()))
            }
        }
    }

    /// Whether it states a signature, which need not be right.
    pub(crate) fn is_signed(&self) -> bool {
        key_names(self.file()).is_ok_and(|keys| !keys.is_empty())
    }

    pub(crate) fn open_base(&self, path: &Path, reading: &Reading) -> Result<Image, Failure> {
        let header = match self {
            Self::Smidgen(package) => Some(&package.header),
            Self::Classic(_) => None,
        };
        Image::open_base(path, header, reading)
    }

    pub(crate) const fn file(&self) -> &Input {
        match self {
            Self::Smidgen(package) => &package.file,
            Self::Classic(package) => &package.file,
        }
    }
}

impl Smidgen {
    fn new(file: Input) -> Result<Self, Failure> {
        let (header, length) = Header::parse(&file).map_err(|error| refused(error, &file))?;
        let whole = length as u64 + u64::from(header.body_length);
        match file.len() as u64 {
            size if size < whole => Err(wrong_length(Error::Truncated, &file, whole)),
            size if size > whole => Err(wrong_length(Error::TrailingData, &file, whole)),
            _ => Ok(Self { file, header, keys: Vec::new(), decrypted: None }),
        }
    }

    /// Decrypts it, if it is encrypted. Signatures are of the file as it is.
    pub(crate) fn decrypt(&mut self, keys: Vec<DecryptionKey>) -> Result<(), Failure> {
        let decrypted = match decrypt(&self.file, &Keys(&keys)) {
            Ok(Cow::Owned(decrypted)) => Some(decrypted),
            Ok(Cow::Borrowed(_)) => None,
            Err(error) => return Err(self.refused(error)),
        };
        (self.decrypted, self.keys) = (decrypted, keys);
        Ok(())
    }

    /// The package without encryption; the file as it is, if it was not decrypted.
    pub(crate) fn plain(&self) -> &[u8] {
        self.decrypted.as_deref().unwrap_or(&self.file)
    }

    pub(crate) fn encryption(&self) -> Option<EncryptionEntry> {
        encryption(&self.file)
    }

    pub(crate) const fn is_decrypted(&self) -> bool {
        self.decrypted.is_some()
    }

    /// What the header's extensions say, private ones too if it was decrypted.
    pub(crate) fn extensions(&self) -> Extensions<'_> {
        // The header was found valid when the package was opened.
        Header::parse_extended(self.plain()).map(|(_, extensions, _)| extensions).unwrap_or_default()
    }

    /// Checks that `base` is the base image, for commands without a decoder.
    pub(crate) fn check_base(&self, base: &Image) -> Result<(), Failure> {
        if base.len() != self.header.base_size as usize {
            return Err(self.wrong_base(Error::BaseSize, base));
        }
        if !base.is_empty() && !sha256(base).starts_with(&self.header.base_digest) {
            return Err(self.wrong_base(Error::BaseDigest, base));
        }
        Ok(())
    }

    /// The failure for an error about the package alone.
    pub(crate) fn refused(&self, error: Error) -> Failure {
        refused(error, &self.file)
    }

    /// The failure for an error of the decoder that restored from `base`.
    pub(crate) fn explain(&self, error: Error, base: &Image) -> Failure {
        match error {
            Error::BaseSize | Error::BaseDigest => self.wrong_base(error, base),
            error => refused(error, &self.file),
        }
    }

    fn wrong_base(&self, error: Error, found: &Image) -> Failure {
        let package = self.file.name();
        let header = &self.header;
        let expected = image(header.base_size as usize, &header.base_digest);
        let failure = Failure::new(Reason::Base, format!("not the base image that {package} was made for"))
            .about(found.file.path())
            .numbered(error)
            .note(format!("expected: {expected}"))
            .note(format!("found:    {}", image(found.len(), &sha256(found)[..header.base_digest.len()])));
        match found.is_packed() {
            _ if header.base_size == 0 => {
                failure.note(format!("it is a full package, which needs no base: give {NOTHING}"))
            }
            Some(what) => {
                failure.note(format!("it is {what}: for a package of its contents, give --payload"))
            }
            None => failure.note("give the image with the expected digest, or make a package for this one"),
        }
    }
}

fn refused(error: Error, file: &Input) -> Failure {
    let failure = coded(error, file);
    match error {
        Error::NotAPackage => failure
            .note(format!(
                "found: {}; a Smidgen package starts with \"SMDG\", a BSDIFF40 one with \"BSDIFF40\"",
                start(file)
            ))
            .note("check the file's name, and the order of the arguments"),
        Error::UnsupportedVersion => newer(error, file),
        Error::UnsupportedCodec | Error::UnsupportedPageKind | Error::ReservedField => {
            failure.note("a newer smidgen made it: update this one")
        }
        Error::Unsigned | Error::UnknownKey | Error::Signature => {
            failure.note("do not deliver it: sign it with one of the expected keys")
        }
        Error::Encrypted | Error::DecryptionKey => match encryption(file) {
            Some(EncryptionEntry { cipher, kind, key, .. }) => failure.note(format!(
                "it is encrypted by {cipher} for the {kind} key {key}: give that with --decrypt"
            )),
            _ => failure.note("a newer smidgen encrypted it: update this one"),
        },
        Error::Truncated => failure
            .note(format!("found: {} bytes; the rest is missing: download or copy it again", file.len())),
        _ => failure
            .note("the package is damaged: download or copy it again, or make it anew with smidgen diff"),
    }
}

fn encryption(package: &[u8]) -> Option<EncryptionEntry> {
    encryption_of(package).ok().flatten().as_ref().and_then(EncryptionEntry::of)
}

/// The error about the file, with its stable number, which documentation and devices' logs use too.
fn coded(error: Error, file: &Input) -> Failure {
    let what = if error == Error::NotAPackage { "not a package".to_owned() } else { error.to_string() };
    Failure::package(what).about(file.path()).numbered(error)
}

fn newer(error: Error, file: &Input) -> Failure {
    let version = file.get(VERSION_OFFSET).copied().unwrap_or_default();
    Failure::package(format!("package of format version {version}"))
        .about(file.path())
        .numbered(error)
        .note(format!("this smidgen ({}) knows version {VERSION} only", env!("CARGO_PKG_VERSION")))
        .note("update smidgen, or have the package made for the version it knows")
}

fn wrong_length(error: Error, file: &Input, whole: u64) -> Failure {
    coded(error, file)
        .note(format!("expected: {whole} bytes, as its header says"))
        .note(format!("found:    {} bytes: download or copy it again", file.len()))
}

fn image(size: usize, digest: &[u8]) -> String {
    match size {
        0 => "an empty file".to_owned(),
        size => format!("{size} bytes, SHA-256 starting with {}", hex(digest)),
    }
}

fn start(file: &Input) -> String {
    match file.first_chunk::<4>() {
        Some(bytes) => format!("bytes {}", hex(bytes)),
        None => format!("{} bytes in all", file.len()),
    }
}

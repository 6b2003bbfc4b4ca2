//! Packages of both formats, and errors about them in the user's words.

use std::borrow::Cow;
use std::path::Path;

use diff_core::input::Reading;
use diff_core::release::{DecryptionKey, EncryptionEntry, Keys, decrypt, encryption_of};
use patch_nostd::internals::wire::VERSION;
use patch_nostd::{Error, Extensions, Header};

use super::classic::Classic;
use super::image::Image;
use super::input::Input;
use crate::report::{Failure, hex, sha256};

/// The position of the format's version in a package.
const VERSION_OFFSET: usize = 4;

/// A package.
#[derive(Debug)]
pub(crate) enum Package {
    /// Smidgen's own.
    Smidgen(Box<Smidgen>),
    /// BSDIFF40.
    Classic(Classic),
}

/// A package of Smidgen's own format with a valid header.
#[derive(Debug)]
pub(crate) struct Smidgen {
    /// The whole file.
    pub(crate) file: Input,
    /// Its header.
    pub(crate) header: Header,
    /// The keys that decrypt it.
    pub(crate) keys: Vec<DecryptionKey>,
    /// The package without encryption, where it differs.
    decrypted: Option<Vec<u8>>,
}

impl Package {
    /// Opens a package and reads its header.
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

    /// Opens its base image.
    pub(crate) fn open_base(&self, path: &Path, reading: &Reading) -> Result<Image, Failure> {
        match self {
            Self::Smidgen(package) => Image::open_base(path, &package.header, reading),
            Self::Classic(_) => Image::open(path, reading),
        }
    }

    /// The file.
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

    /// How it is encrypted, if it is.
    pub(crate) fn encryption(&self) -> Option<EncryptionEntry> {
        encryption_of(&self.file).ok().flatten().as_ref().map(EncryptionEntry::of)
    }

    /// Whether the private part of the header is readable.
    pub(crate) const fn is_decrypted(&self) -> bool {
        self.decrypted.is_some()
    }

    /// What the header's extensions say, private ones too if it was decrypted.
    pub(crate) fn extensions(&self) -> Extensions<'_> {
        // The header was found valid when the package was opened.
        Header::parse_extended(self.plain()).map(|(_, extensions, _)| extensions).unwrap_or_default()
    }

    /// Checks that `base` is the base image, where no decoder does.
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
        let (base, package) = (found.name(), self.file.name());
        let header = &self.header;
        let expected = image(header.base_size as usize, &header.base_digest);
        Failure::base(format!("{base}: not the base image that {package} was made for (E{})", error.number()))
            .note(format!("expected: {expected}"))
            .note(format!("found:    {}", image(found.len(), &sha256(found)[..header.base_digest.len()])))
            .note("give the image with the expected digest, or make a package for this one")
    }
}

/// A failure about the package itself.
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
        Error::Encrypted | Error::DecryptionKey => match encryption_of(file) {
            Ok(Some(record)) => {
                let EncryptionEntry { cipher, kind, key } = EncryptionEntry::of(&record);
                failure.note(format!(
                    "it is encrypted by {cipher} for the {kind} key {key}: give that with --decrypt"
                ))
            }
            _ => failure.note("a newer smidgen encrypted it: update this one"),
        },
        Error::Truncated => failure
            .note(format!("found: {} bytes; the rest is missing: download or copy it again", file.len())),
        _ => failure
            .note("the package is damaged: download or copy it again, or make it anew with smidgen diff"),
    }
}

/// The error about the file, with its stable number, which documentation and devices' logs use too.
fn coded(error: Error, file: &Input) -> Failure {
    let what = if error == Error::NotAPackage { "not a package".to_owned() } else { error.to_string() };
    Failure::package(format!("{}: {what} (E{})", file.name(), error.number()))
}

fn newer(error: Error, file: &Input) -> Failure {
    let version = file.get(VERSION_OFFSET).copied().unwrap_or_default();
    let message = format!("{}: package of format version {version} (E{})", file.name(), error.number());
    Failure::package(message)
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        Package::open(file.path()).unwrap_err().to_string()
    }

    #[test]
    fn other_files_are_no_packages() {
        assert!(refusal(b"\x7fELF and more").contains("not a package (E1)"));
        assert!(refusal(b"").contains("0 bytes in all"));
    }

    #[test]
    fn a_newer_version_asks_for_an_update() {
        let text = refusal(b"SMDG\x09\0\0\x20\0");
        assert!(text.contains("format version 9 (E2)"), "{text}");
        assert!(text.contains("update smidgen"), "{text}");
    }

    #[test]
    fn half_a_header_is_truncated() {
        let half = [&b"SMDG"[..], &[VERSION, 0, 0, 0x20, 0]].concat();
        assert!(refusal(&half).contains("(E16)"));
    }
}

//! Packages: which format they have, and what is wrong with them in the user's words.

use std::borrow::Cow;
use std::path::Path;

use diff_core::input::Reading;
use diff_core::release::{DecryptionKey, EncryptionEntry, Keys, decrypt, encryption_of};
use patch_nostd::wire::VERSION;
use patch_nostd::{Error, Extensions, Header};

use crate::arguments::DecryptionArguments;
use crate::classic::Classic;
use crate::console::Console;
use crate::failure::Failure;
use crate::image::Image;
use crate::input::Input;
use crate::json::{hex, sha256};

/// Where the format's version is in a package.
const VERSION_OFFSET: usize = 4;

/// A package of a format that we know.
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
    /// All of it.
    pub(crate) file: Input,
    /// Its header.
    pub(crate) header: Header,
    /// What decrypts it.
    pub(crate) keys: Vec<DecryptionKey>,
    /// What it is when it is decrypted.
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

    /// Decrypts it with the keys that are given, if it is encrypted.
    pub(crate) fn decrypted(
        mut self,
        keys: &DecryptionArguments,
        console: &Console,
    ) -> Result<Self, Failure> {
        if let Self::Smidgen(package) = &mut self {
            package.decrypt(keys.keys(console)?)?;
        }
        Ok(self)
    }

    /// Opens the base image that it is applied to.
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
            Self::Classic(package) => package.file(),
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

    /// Decrypts it, if it is encrypted. Signatures, if they are to be checked, are those of the file.
    pub(crate) fn decrypt(&mut self, keys: Vec<DecryptionKey>) -> Result<(), Failure> {
        let decrypted = match decrypt(&self.file, &Keys(&keys)) {
            Ok(Cow::Owned(decrypted)) => Some(decrypted),
            Ok(Cow::Borrowed(_)) => None,
            Err(error) => return Err(self.refused(error)),
        };
        (self.decrypted, self.keys) = (decrypted, keys);
        Ok(())
    }

    /// The package without encryption: as it is in the file, if it has none or was not decrypted.
    pub(crate) fn plain(&self) -> &[u8] {
        self.decrypted.as_deref().unwrap_or(&self.file)
    }

    /// How it is encrypted, if it is.
    pub(crate) fn encryption(&self) -> Option<EncryptionEntry> {
        encryption_of(&self.file).ok().flatten().as_ref().map(EncryptionEntry::of)
    }

    /// Whether what is private can be told.
    pub(crate) const fn is_decrypted(&self) -> bool {
        self.decrypted.is_some()
    }

    /// What the header's extensions say, private ones too if it was decrypted.
    pub(crate) fn extensions(&self) -> Extensions<'_> {
        // The header was found valid when the package was opened.
        Header::parse_extended(self.plain()).map(|(_, extensions, _)| extensions).unwrap_or_default()
    }

    /// Makes sure that `old` is the base image, for those who read it without the decoder that checks it.
    pub(crate) fn check_base(&self, old: &Image) -> Result<(), Failure> {
        if old.len() != self.header.base_size as usize {
            return Err(self.wrong_base(Error::BaseSize, old));
        }
        if !old.is_empty() && !sha256(old).starts_with(&self.header.base_digest) {
            return Err(self.wrong_base(Error::BaseDigest, old));
        }
        Ok(())
    }

    /// What an error about the package alone means.
    pub(crate) fn refused(&self, error: Error) -> Failure {
        refused(error, &self.file)
    }

    /// What the decoder's error means, when it restored from `old`.
    pub(crate) fn explain(&self, error: Error, old: &Image) -> Failure {
        match error {
            Error::BaseSize | Error::BaseDigest => self.wrong_base(error, old),
            error => refused(error, &self.file),
        }
    }

    fn wrong_base(&self, error: Error, old: &Image) -> Failure {
        let (base, package) = (old.name(), self.file.name());
        let header = &self.header;
        let expected = image(header.base_size as usize, &header.base_digest);
        Failure::base(format!("{base}: not the base image that {package} was made for {}", code(error)))
            .note(format!("expected: {expected}"))
            .note(format!("found:    {}", image(old.len(), &sha256(old)[..header.base_digest.len()])))
            .note("give the image with the expected digest, or make a package for this one")
    }
}

/// A failure about the package itself.
fn refused(error: Error, file: &Input) -> Failure {
    let name = file.name();
    match error {
        Error::NotAPackage => Failure::package(format!("{name}: not a package {}", code(error)))
            .note(format!(
                "found: {}; a Smidgen package starts with \"SMDG\", a BSDIFF40 one with \"BSDIFF40\"",
                start(file)
            ))
            .note("check the file's name, and the order of the arguments"),
        Error::UnsupportedVersion => newer(error, file),
        Error::UnsupportedCodec | Error::UnsupportedPageKind | Error::ReservedField => {
            Failure::package(format!("{name}: {error} {}", code(error)))
                .note("it was made by a newer smidgen: update this one")
        }
        Error::Unsigned | Error::UnknownKey | Error::Signature => {
            Failure::package(format!("{name}: {error} {}", code(error)))
                .note("do not deliver it; get it from those who have the key")
        }
        Error::Encrypted | Error::DecryptionKey => {
            let failure = Failure::package(format!("{name}: {error} {}", code(error)));
            match encryption_of(file) {
                Ok(Some(record)) => {
                    let EncryptionEntry { cipher, kind, key } = EncryptionEntry::of(&record);
                    failure.note(format!(
                        "it is encrypted by {cipher} for the {kind} key {key}: give that with --decrypt"
                    ))
                }
                _ => failure.note("it was encrypted by a newer smidgen: update this one"),
            }
        }
        Error::Truncated => Failure::package(format!("{name}: {error} {}", code(error)))
            .note(format!("found: {} bytes; the rest is missing: get it again", file.len())),
        error => Failure::package(format!("{name}: {error} {}", code(error)))
            .note("the package is damaged: get it again, or make it anew with smidgen diff"),
    }
}

fn newer(error: Error, file: &Input) -> Failure {
    let version = file.get(VERSION_OFFSET).copied().unwrap_or_default();
    let message = format!("{}: package of format version {version} {}", file.name(), code(error));
    Failure::package(message)
        .note(format!("this smidgen ({}) knows version {VERSION} only", env!("CARGO_PKG_VERSION")))
        .note("update smidgen, or have the package made for the version it knows")
}

fn wrong_length(error: Error, file: &Input, whole: u64) -> Failure {
    Failure::package(format!("{}: {error} {}", file.name(), code(error)))
        .note(format!("expected: {whole} bytes, as its header says"))
        .note(format!("found:    {} bytes: get it again", file.len()))
}

/// The stable number, which documentation and devices' logs use too.
fn code(error: Error) -> String {
    format!("(E{})", error.number())
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

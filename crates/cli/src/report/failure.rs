//! Failures of commands: a message, what to do about it, and an exit code.

use std::fmt;
use std::io;
use std::path::{Display, Path};
use std::process::ExitCode;

use smidgen_diff::release::{EncryptError, PackError, SignError};
use smidgen_diff::{DiffError, Escaped, ProfileError, Unfit};

/// The exit codes of failures, as `--help` documents them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Other = 1,
    Usage = 2,
    Package = 3,
    Base = 4,
    Nothing = 5,
}

#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    /// Details and advice, a line each.
    notes: Vec<String>,
}

impl Failure {
    /// Something outside of the program failed, a disk for example.
    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self::new(Kind::Other, message)
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// The file is not a package, or it is damaged or not supported.
    pub(crate) fn package(message: impl Into<String>) -> Self {
        Self::new(Kind::Package, message)
    }

    pub(crate) fn base(message: impl Into<String>) -> Self {
        Self::new(Kind::Base, message)
    }

    pub(crate) fn nothing(message: impl Into<String>) -> Self {
        Self::new(Kind::Nothing, message)
    }

    /// A new image without bytes.
    pub(crate) fn empty(message: impl Into<String>) -> Self {
        Self::other(message)
            .note("check the build that wrote it; if devices shall get it, give --allow-empty")
    }

    /// An error of the operating system about a file.
    pub(crate) fn file(path: &Path, doing: &str, error: &io::Error) -> Self {
        let mut failure = Self::other(format!("{}: {doing}: {error}", shown(path)));
        failure.notes.extend(remedy(error.kind()).map(str::to_owned));
        failure
    }

    pub(crate) fn about(mut self, path: &Path) -> Self {
        self.message = format!("{}: {}", shown(path), self.message);
        self
    }

    pub(crate) fn note(mut self, line: impl Into<String>) -> Self {
        self.notes.push(line.into());
        self
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }

    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), notes: Vec::new() }
    }
}

/// A path as it is shown in a line: control characters in names of files are escaped.
pub(crate) fn shown(path: &Path) -> Escaped<Display<'_>> {
    Escaped(path.display())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.notes.iter().try_for_each(|note| write!(f, "\n  {note}"))
    }
}

impl From<DiffError> for Failure {
    fn from(error: DiffError) -> Self {
        match error {
            DiffError::BudgetTooSmall { least, .. } => {
                Self::usage(error.to_string()).note(format!("give at least --ram {least}"))
            }
            DiffError::Device(unfit) => Self::from(unfit),
            DiffError::Identity { .. } | DiffError::InPlace(_) => Self::usage(error.to_string()),
            error => Self::other(error.to_string()),
        }
    }
}

/// An option asks for more than the device has; for a package that is there, see [`Failure::unfit`].
impl From<Unfit> for Failure {
    fn from(unfit: Unfit) -> Self {
        Self::usage(format!("the device cannot restore it: {unfit}")).note(unfit.advice())
    }
}

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<PackError> for Failure {
    fn from(error: PackError) -> Self {
        match error {
            PackError::Rule(rule) => Self::usage(rule.to_string())
                .note("this is a rule of Alibaba Cloud IoT Platform: see docs/platform.md"),
            PackError::Device(unfit) => Self::from(unfit),
            PackError::Version(error) => Self::usage(error.to_string()),
            PackError::EmptyTarget { .. } => Self::empty(error.to_string()),
            PackError::Usage(text) => Self::usage(text),
            error @ (PackError::File { .. } | PackError::OtherRelease { .. }) => {
                Self::usage(error.to_string())
            }
            PackError::Read { path, error } => Self::file(&path, "cannot read", &error),
            PackError::Write { path, error } => Self::file(&path, "cannot write", &error),
            PackError::Diff { file, error } => Self::from(error).about(Path::new(&file)),
            PackError::Sign { file, error } => Self::from(error).about(Path::new(&file)),
            PackError::Encrypt { file, error } => Self::from(error).about(Path::new(&file)),
            error @ (PackError::Manifest { .. } | PackError::Merge(_) | PackError::MissingShard { .. }) => {
                Self::package(error.to_string())
            }
            error => Self::other(error.to_string()),
        }
    }
}

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Package(_) | SignError::NoRoom => Self::package(error.to_string()),
            error => Self::other(error.to_string()),
        }
    }
}

impl From<EncryptError> for Failure {
    fn from(error: EncryptError) -> Self {
        match error {
            EncryptError::Package(_)
            | EncryptError::Already
            | EncryptError::Signed
            | EncryptError::NoRoom => Self::package(error.to_string()),
            error => Self::other(error.to_string()),
        }
    }
}

const fn remedy(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::NotFound => Some("check the spelling, and that the directory exists"),
        io::ErrorKind::PermissionDenied => Some("check the permissions of the file and its directory"),
        io::ErrorKind::AlreadyExists => Some("a file with this name exists: give another name"),
        io::ErrorKind::NotADirectory => Some("a part of the path is a file, not a directory"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("free some space; nothing was left behind")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_follow_the_message() {
        let failure = Failure::other("it broke").note("expected: a").note("found: b");
        assert_eq!(failure.to_string(), "it broke\n  expected: a\n  found: b");
    }

    #[test]
    fn a_full_disk_is_named() {
        let error = io::Error::from(io::ErrorKind::StorageFull);
        let failure = Failure::file(Path::new("out.bin"), "cannot write", &error);
        assert!(failure.to_string().starts_with("out.bin: cannot write: "), "{failure}");
        assert!(failure.to_string().contains("free some space"), "{failure}");
    }
}

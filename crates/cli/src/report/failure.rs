//! Failures of commands: a reason, a message, what to do about it, and an exit code.

use std::fmt;
use std::io;
use std::path::{Display, Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use smidgen_diff::release::{EncryptError, PackError, SignError};
use smidgen_diff::{DiffError, Escaped, ProfileError, Unfit};

use super::json::Object;
use super::reason::Reason;

#[derive(Debug)]
pub(crate) struct Failure {
    reason: Reason,
    /// The decoder's error, if it is one.
    error: Option<smidgen_patch::Error>,
    /// The file that it is about.
    file: Option<PathBuf>,
    message: String,
    /// Details and advice, a line each.
    notes: Vec<String>,
    /// What the command found before it failed, for `--json`.
    result: Object,
}

impl Failure {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        let (error, file, message) = (None, None, message.into());
        Self { reason, error, file, message, notes: Vec::new(), result: Object::new() }
    }

    /// Something outside of the program failed, or what has no other reason.
    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self::new(Reason::Other, message)
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Reason::Usage, message)
    }

    /// The file is not a package, or it is damaged or not supported.
    pub(crate) fn package(message: impl Into<String>) -> Self {
        Self::new(Reason::Package, message)
    }

    /// The device cannot restore a package that is there; for an option that asks for too much, see `From<Unfit>`.
    pub(crate) fn unfit(unfit: &Unfit, package: &Path) -> Self {
        Self { reason: Reason::Package, ..Self::from(unfit.clone()) }.about(package)
    }

    /// A new image without bytes.
    pub(crate) fn empty(message: impl Into<String>) -> Self {
        Self::new(Reason::Image, message)
            .note("check the build that wrote it; if devices shall get it, give --allow-empty")
    }

    /// An error of the operating system about a file: `Read` or `Write`.
    pub(crate) fn file(path: &Path, reason: Reason, error: &io::Error) -> Self {
        if reason == Reason::Read && is_standard_stream(path) && error.kind() == io::ErrorKind::NotFound {
            return Self::usage("only packages and images can be standard input, and this file is neither")
                .note("save it to a file, and name that (one called \"-\" is \"./-\")");
        }
        let doing = if reason == Reason::Read { "cannot read" } else { "cannot write" };
        let mut failure = Self::new(reason, format!("{doing}: {error}")).about(path);
        failure.notes.extend(remedy(error.kind()).map(str::to_owned));
        failure
    }

    /// Puts the file before the message.
    pub(crate) fn about(mut self, path: &Path) -> Self {
        self.message = format!("{}: {}", shown(path), self.message);
        self.file.get_or_insert_with(|| path.to_owned());
        self
    }

    /// Puts the stable number of a decoder's error behind the message.
    pub(crate) fn numbered(mut self, error: smidgen_patch::Error) -> Self {
        self.message = format!("{} (E{})", self.message, error.number());
        self.of(error)
    }

    /// The same, where the message has the number already.
    pub(crate) const fn of(mut self, error: smidgen_patch::Error) -> Self {
        self.error = Some(error);
        self
    }

    pub(crate) fn note(mut self, line: impl Into<String>) -> Self {
        self.notes.push(line.into());
        self
    }

    /// Adds what the command found: with `--json`, the failure is a member of it.
    pub(crate) fn with_result(mut self, result: Object) -> Self {
        self.result = result;
        self
    }

    /// Whether the command found something before it failed.
    pub(super) fn has_result(&self) -> bool {
        !self.result.is_empty()
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.reason.exit())
    }

    /// What `--json` prints: what the command found, and the failure.
    pub(super) fn json(&self) -> Object {
        let mut result = self.result.clone();
        let name = self.error.map_or_else(|| self.reason.name().to_owned(), name_of);
        let failure = json!({
            "code": self.error.map(smidgen_patch::Error::number),
            "name": name,
            "exit": self.reason.exit(),
            "message": self.message,
            "file": self.file.as_ref().map(|file| file.to_string_lossy()),
            "notes": self.notes,
        });
        result.insert("error".to_owned(), failure);
        result
    }
}

/// The name of a decoder's error, such as base-digest.
fn name_of(error: smidgen_patch::Error) -> String {
    let mut name = String::new();
    for letter in format!("{error:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// A path as it is shown in a line: control characters in names of files are escaped.
pub(crate) fn shown(path: &Path) -> Escaped<Display<'_>> {
    let path = if is_standard_stream(path) { Path::new("standard input") } else { path };
    Escaped(path.display())
}

/// Whether a path means standard input or output: a file of this name is `./-`.
pub(crate) fn is_standard_stream(path: &Path) -> bool {
    path == Path::new("-")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.notes.iter().try_for_each(|note| write!(f, "\n  {note}"))
    }
}

impl From<DiffError> for Failure {
    fn from(error: DiffError) -> Self {
        let message = error.to_string();
        match error {
            DiffError::BudgetTooSmall { least, .. } => {
                Self::new(Reason::Budget, message).note(format!("give at least --ram {least}"))
            }
            DiffError::Identity { .. } => Self::usage(message),
            DiffError::InPlace(_) => Self::new(Reason::InPlace, message),
            DiffError::TooLarge { .. } => Self::new(Reason::TooLarge, message),
            DiffError::Cancelled => Self::new(Reason::Cancelled, message),
            DiffError::NotProved(error) => Self::other(message).of(error),
            DiffError::Device(unfit) => Self::from(unfit),
            _ => Self::other(message),
        }
    }
}

/// An option asks for more than the device has; for a package that is there, see [`Failure::unfit`].
impl From<Unfit> for Failure {
    fn from(unfit: Unfit) -> Self {
        Self::new(Reason::Device, format!("the device cannot restore it: {unfit}")).note(unfit.advice())
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
            PackError::Rule(rule) => Self::new(Reason::Rule, rule.to_string())
                .note("this is a rule of Alibaba Cloud IoT Platform: see docs/platform.md"),
            PackError::Device(unfit) => Self::from(unfit),
            PackError::Version(error) => Self::usage(error.to_string()),
            PackError::EmptyTarget { .. } => Self::empty(error.to_string()),
            PackError::Usage(text) => Self::usage(text),
            PackError::File { path, reason } => Self::usage(reason).about(&path),
            PackError::OtherRelease { .. } => Self::new(Reason::Exists, error.to_string()),
            PackError::Read { path, error } => Self::file(&path, Reason::Read, &error),
            PackError::Write { path, error } => Self::file(&path, Reason::Write, &error),
            PackError::Diff { file, error } => Self::from(error).about(Path::new(&file)),
            PackError::Sign { file, error } => Self::from(error).about(Path::new(&file)),
            PackError::Encrypt { file, error } => Self::from(error).about(Path::new(&file)),
            PackError::Manifest { path, reason } => Self::package(reason).about(&path),
            error @ (PackError::Merge(_) | PackError::MissingShard { .. }) => {
                Self::package(error.to_string())
            }
            PackError::Cancelled => Self::new(Reason::Cancelled, error.to_string()),
            error => Self::other(error.to_string()),
        }
    }
}

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        let message = error.to_string();
        match error {
            SignError::Package(error) => Self::package(message).numbered(error),
            SignError::NoRoom => Self::package(message),
            _ => Self::new(Reason::Signing, message),
        }
    }
}

impl From<EncryptError> for Failure {
    fn from(error: EncryptError) -> Self {
        let message = error.to_string();
        match error {
            EncryptError::Package(error) => Self::package(message).numbered(error),
            EncryptError::Already | EncryptError::Signed | EncryptError::NoRoom => Self::package(message),
            _ => Self::new(Reason::Signing, message),
        }
    }
}

impl From<clap::Error> for Failure {
    /// The first line is the message; the others name arguments, values and the usage.
    fn from(error: clap::Error) -> Self {
        if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            return Self::usage("no command is given").note("see smidgen --help");
        }
        let text = error.to_string();
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let message = lines.next().unwrap_or_default();
        let failure = Self::usage(message.strip_prefix("error: ").unwrap_or(message));
        lines.fold(failure, Self::note)
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
        let failure = Failure::file(Path::new("out.bin"), Reason::Write, &error);
        assert!(failure.to_string().starts_with("out.bin: cannot write: "), "{failure}");
        assert!(failure.to_string().contains("free some space"), "{failure}");
    }
}

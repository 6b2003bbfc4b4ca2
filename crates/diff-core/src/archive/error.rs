//! Why nothing is taken out of a compressed file or an archive.

use thiserror::Error;

use crate::escaped::Escaped;

/// Why a file has no such payload.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The compressed file, the archive or the entry is damaged, or a part of it is missing.
    #[error("{}: {reason}", Escaped(what))]
    Damaged {
        /// What is damaged.
        what: String,
        /// How that shows.
        reason: &'static str,
    },
    /// The contents have more bytes than an image may have.
    #[error("{} has more than {limit} bytes of contents, the most that an image may have", Escaped(what))]
    TooLarge {
        /// What holds them.
        what: String,
        /// The most bytes.
        limit: u32,
    },
    /// The file is compressed, packed or encrypted in a way that is not opened.
    #[error("it is {what}, which is not opened: unpack it first ({command})")]
    NotOpened {
        /// What the file is, with an article.
        what: &'static str,
        /// The command that unpacks it.
        command: &'static str,
    },
    /// What the file holds is itself a compressed file or an archive: whether the device stores that, or what is in it,
    /// is not known.
    #[error(
        "its contents{} are {what}: unpack this file first, and give what the device stores",
        entry.as_ref().map(|name| format!(", \"{}\",", Escaped(name))).unwrap_or_default()
    )]
    Nested {
        /// What the contents are, with an article.
        what: &'static str,
        /// The name of the entry, of an archive.
        entry: Option<String>,
    },
    /// The entry is encrypted, or compressed by another method than deflate.
    #[error("the entry \"{}\" is {how}: unpack the archive first, and give the file", Escaped(name))]
    Unsupported {
        /// The name of the entry.
        name: String,
        /// How it is stored.
        how: String,
    },
    /// The newest entry of this name is no file.
    #[error("the entry \"{}\" is {what}, and no file", Escaped(name))]
    NoFile {
        /// The name asked for.
        name: String,
        /// What it is, with an article.
        what: String,
    },
    /// There is no entry of this name.
    #[error("there is no entry \"{}\"; there are: {entries}", Escaped(name))]
    NoEntry {
        /// The name asked for.
        name: String,
        /// The names in the archive.
        entries: String,
    },
    /// An archive has several files, and none was asked for.
    #[error("the archive has {count} files: name one of them: {entries}")]
    WhichEntry {
        /// How many.
        count: usize,
        /// Their names.
        entries: String,
    },
    /// There is no file in the archive.
    #[error("the archive has no files")]
    NoFiles,
    /// The archive has more entries than are read.
    #[error("the archive has more than {limit} entries: unpack it first, and give the file")]
    TooManyEntries {
        /// The most entries.
        limit: usize,
    },
    /// The name says that the file is compressed or an archive, but it is not recognised as one.
    #[error(
        "its name ends with .{}, but it is no such file that is known: check that it is whole, or unpack it first; \
         --input-format raw takes it as it is",
        Escaped(ending)
    )]
    Named {
        /// The ending, in lowercase.
        ending: String,
    },
    /// An entry was asked for, but the file is a compressed one without entries.
    #[error("the file is neither .zip nor .tar nor .tar.gz: it has no entries")]
    NoArchive,
}

impl PayloadError {
    pub(super) fn damaged(what: impl Into<String>, reason: &'static str) -> Self {
        Self::Damaged { what: what.into(), reason }
    }
}

//! Progress and cancellation of `pack`.

use std::time::Duration;

use crate::api::{Note, Progress, Stage};
use crate::release::model::PackageEntry;

/// An event of packing a release. Packages are named by their files.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The number of packages is known.
    Planned {
        /// The number.
        packages: usize,
    },
    /// A package is begun.
    Began {
        /// Its file.
        file: &'a str,
    },
    /// A stage of making a package begins.
    Stage {
        /// The package's file.
        file: &'a str,
        /// The stage.
        stage: Stage,
    },
    /// A package is finished, and part of the release.
    ///
    /// Of differential ones, that is known when the full one is finished.
    Finished {
        /// Its entry.
        package: &'a PackageEntry,
        /// Whether an earlier run made it.
        reused: bool,
        /// The time that it took.
        time: Duration,
    },
    /// A package was made that is not part of the release: it is too large, compared with the full one.
    Dropped {
        /// Its entry.
        package: &'a PackageEntry,
        /// Whether an earlier run made it.
        reused: bool,
        /// The most that it might have, in percent of the full one.
        share: u8,
        /// The same in bytes.
        limit: u64,
    },
    /// An earlier run found the package too large: it is not made again.
    Skipped {
        /// Its file.
        file: &'a str,
    },
    /// A file in the folder that is no part of the release.
    Unlisted {
        /// Its name.
        file: &'a str,
        /// Whether it is a package that an earlier run left.
        is_package: bool,
        /// Whether it was removed.
        removed: bool,
    },
    /// A remark about the release, or a package of it.
    Note {
        /// A short name that does not change, for programs.
        name: &'static str,
        /// A sentence for people.
        text: &'a str,
        /// Whether the images may be the wrong ones.
        is_warning: bool,
    },
}

impl<'a> Event<'a> {
    /// A remark about a package; `text` also says which one.
    pub(crate) const fn of_note(note: &Note, text: &'a str) -> Self {
        Self::Note { name: note.name(), text, is_warning: note.is_warning() }
    }
}

/// Receives events. All methods may be called from any thread, for several packages at once.
pub trait PackProgress: Sync {
    /// Receives an event.
    fn event(&self, _event: &Event) {}
    /// Returns true to cancel, polled between stages. The next run uses finished packages.
    fn is_cancelled(&self) -> bool {
        false
    }
}

impl PackProgress for crate::api::Silent {}

/// The progress of one package among others.
pub(crate) struct OfPackage<'a> {
    pub(crate) all: &'a dyn PackProgress,
    pub(crate) file: &'a str,
}

impl Progress for OfPackage<'_> {
    fn begin(&self, stage: Stage, _steps: u64) {
        self.all.event(&Event::Stage { file: self.file, stage });
    }

    fn is_cancelled(&self) -> bool {
        self.all.is_cancelled()
    }
}

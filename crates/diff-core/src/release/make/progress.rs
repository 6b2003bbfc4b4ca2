//! How packing a release tells how far it is, and is told to stop.

use std::time::Duration;

use crate::api::{Progress, Stage};
use crate::release::model::PackageEntry;

/// What happens while a release is packed. Packages are called by the names of their files.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// So many packages are to be made.
    Planned {
        /// Their number.
        packages: usize,
    },
    /// A package is begun.
    Began {
        /// Which one.
        file: &'a str,
    },
    /// A stage of making a package begins.
    Stage {
        /// Which package.
        file: &'a str,
        /// Which stage.
        stage: Stage,
    },
    /// A package is there.
    Finished {
        /// Which one.
        package: &'a PackageEntry,
        /// Whether an earlier run made it.
        reused: bool,
        /// How long it took.
        time: Duration,
    },
    /// A package is known to be too large, from an earlier run.
    Skipped {
        /// Which one.
        file: &'a str,
    },
    /// Something that people should know.
    Note {
        /// In a sentence.
        text: &'a str,
    },
}

/// Takes note of what happens; all methods may be called from any thread, for several packages at once.
pub trait PackProgress: Sync {
    /// Something happened.
    fn event(&self, _event: &Event) {}
    /// Whether to stop soon. Finished packages stay, and the next run uses them.
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

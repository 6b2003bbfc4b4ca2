//! What a package of compressed files needs on top of the decoder's memory: an operating system, and how much of it.

use smidgen_patch::internals::container::{Record, memory, storage};
use smidgen_patch::{Error, Extensions, Header};

/// What restoring a package of compressed files takes on top of the decoder's memory: an operating system, with this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "release", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct ContainerNeeds {
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of storage, in memory or files.
    pub storage: u64,
}

impl ContainerNeeds {
    /// Those that a package states; `None` if it is of no compressed files, and needs no operating system.
    ///
    /// # Errors
    /// Those of a damaged header.
    pub fn of(package: &[u8]) -> Result<Option<Self>, Error> {
        let (header, extensions, _) = Header::parse_extended(package)?;
        Self::stated(&header, &extensions)
    }

    pub(crate) fn stated(header: &Header, extensions: &Extensions<'_>) -> Result<Option<Self>, Error> {
        let Some(value) = extensions.container else { return Ok(None) };
        let record = Record::read(value)?;
        Ok(Some(Self { memory: memory(&record), storage: storage(header, &record) }))
    }
}

/// What it needs, for people.
impl std::fmt::Display for ContainerNeeds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { memory, storage } = self;
        write!(
            f,
            "an operating system, {memory} bytes of memory on top of the RAM, {storage} bytes of storage"
        )
    }
}

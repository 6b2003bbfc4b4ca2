//! Why the service does not do what it is asked.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A member of the call is missing or malformed.
    Call(&'static str),
    FirmwareName,
    NameTaken,
    Version,
    Module,
    Description,
    FileSize,
    FileName,
    OtherProduct,
    TooManyFirmwares,
    NotVerified,
    /// The firmware is being verified already.
    InVerification,
    /// Source versions are chosen for full firmware, and are part of differential firmware.
    SourceVersions,
    NoDevice,
    /// A test device that is not there, has another version, or an upgrade.
    TestDevice,
    GreyPercentage,
    /// Grey is for static batches.
    GreyDynamic,
    /// Only static batches are scheduled.
    ScheduledDynamic,
    Start,
    End,
    Rate,
    Retries,
    TimeOut,
    /// The firmware has a dynamic batch already: cancel that first.
    SecondDynamic,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(member) => write!(f, "refused: {member} is missing or malformed"),
            other => write!(f, "refused: {other:?}"),
        }
    }
}

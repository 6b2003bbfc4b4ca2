//! The upgrade of one device in one batch, and the states that the service shows of it.

use std::fmt;

use crate::{BatchId, Millis};

/// What the service shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    ToBePushed(Wait),
    /// The device was told, and has reported no progress.
    Pushed,
    Upgrading,
    Succeeded,
    Failed(Cause),
    Cancelled,
}

/// Why nothing was pushed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    Offline,
    Scheduled(Millis),
    Rate,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The only one after which nothing is tried again.
    TimeOut,
    /// The device reported a version that it should not have.
    OtherVersion(String),
    /// The device reported a code from -1 to -4.
    Reported(i32),
}

/// One device in one batch.
#[derive(Clone, Debug)]
pub struct Task {
    pub device: String,
    pub batch: BatchId,
    /// The version that the device had.
    pub source: String,
    /// How often it was tried again.
    pub retries: u32,
    pub(crate) stage: Stage,
    /// When the device is told, if it is online: for the first time, or again.
    pub(crate) due: Option<Millis>,
    /// Whether it has failed and is to be tried again: what the device says until then does not count.
    pub(crate) retrying: bool,
    /// Of this attempt.
    pub(crate) first_report: Option<Millis>,
    /// Success takes both.
    pub(crate) finished: bool,
    pub(crate) has_target: bool,
}

/// What is shown, but for what can be seen from the time and the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    ToBePushed,
    Pushed,
    Upgrading,
    Succeeded,
    Failed(Cause),
    Cancelled,
}

impl Task {
    pub(crate) fn new(device: &str, batch: BatchId, source: &str, due: Millis) -> Self {
        Self {
            device: device.to_owned(),
            batch,
            source: source.to_owned(),
            retries: 0,
            stage: Stage::ToBePushed,
            due: Some(due),
            retrying: false,
            first_report: None,
            finished: false,
            has_target: false,
        }
    }

    /// Whether it is still going on: a device has one such task at most.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self.stage, Stage::ToBePushed | Stage::Pushed | Stage::Upgrading)
    }

    /// Whether the device is to be told: for the first time, or again.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.due.is_some()
    }

    /// Whether the device was told and nothing has failed since: what it says counts.
    pub(crate) fn is_told(&self) -> bool {
        matches!(self.stage, Stage::Pushed | Stage::Upgrading) && !self.retrying
    }

    pub(crate) fn end(&mut self, stage: Stage) {
        self.stage = stage;
        self.due = None;
    }

    /// Fails, or is tried again in this time: what is shown stays the same then.
    pub(crate) fn fail(&mut self, cause: Cause, again: Option<Millis>) {
        match again.filter(|_| cause != Cause::TimeOut) {
            None => self.end(Stage::Failed(cause)),
            Some(due) => {
                self.retries += 1;
                self.due = Some(due);
                self.retrying = true;
                (self.first_report, self.finished, self.has_target) = (None, false, false);
            }
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ToBePushed(Wait::Offline) => f.write_str("to be pushed (offline)"),
            Self::ToBePushed(Wait::Scheduled(_)) => f.write_str("to be pushed (scheduled)"),
            Self::ToBePushed(Wait::Rate) => f.write_str("to be pushed"),
            Self::Pushed => f.write_str("pushed"),
            Self::Upgrading => f.write_str("upgrading"),
            Self::Succeeded => f.write_str("succeeded"),
            Self::Failed(Cause::TimeOut) => f.write_str("failed (timeout)"),
            Self::Failed(Cause::OtherVersion(version)) => write!(f, "failed (has version {version})"),
            Self::Failed(Cause::Reported(code)) => write!(f, "failed ({code})"),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

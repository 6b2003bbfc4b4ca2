//! What is set for a batch, and the limits of that.

use std::collections::BTreeSet;

use crate::firmware::require;
use crate::{DAY, HOUR, MINUTE, Millis, Refusal};

/// The settings of a batch.
#[derive(Clone, Debug)]
pub struct Plan {
    /// For full firmware: the versions that are upgraded. Differential firmware has its own.
    pub versions: Vec<String>,
    pub strategy: Strategy,
    pub scope: Scope,
    /// At once without.
    pub schedule: Option<Schedule>,
    /// Devices that are told in a minute.
    pub rate: u32,
    pub retry: Option<Retry>,
    /// From the first progress that the device reports.
    pub timeout_minutes: u32,
    /// Whether the upgrade replaces one that the device has, unless that has begun.
    pub replaces: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// The devices that meet the conditions now.
    Static,
    /// Also those that meet them later; or only those that report a version later.
    Dynamic { only_new: bool },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    All,
    Targeted(BTreeSet<String>),
    /// So many percent of them.
    Grey(u32),
}

#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    pub start: Millis,
    /// What is not done by then is cancelled.
    pub end: Option<Millis>,
}

#[derive(Clone, Copy, Debug)]
pub struct Retry {
    pub after: RetryAfter,
    /// 1, 2 or 5.
    pub most: u32,
}

#[derive(Clone, Copy, Debug)]
pub enum RetryAfter {
    AtOnce,
    TenMinutes,
    HalfAnHour,
    Hour,
    Day,
}

impl RetryAfter {
    pub(crate) const fn pause(self) -> Millis {
        match self {
            Self::AtOnce => 0,
            Self::TenMinutes => 10 * MINUTE,
            Self::HalfAnHour => 30 * MINUTE,
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }
}

impl Plan {
    /// A batch of everything at once, without retries; what differs is set with `..`.
    #[must_use]
    pub fn all() -> Self {
        Self {
            versions: Vec::new(),
            strategy: Strategy::Static,
            scope: Scope::All,
            schedule: None,
            rate: 1000,
            retry: None,
            timeout_minutes: 60,
            replaces: false,
        }
    }

    pub(crate) fn is_dynamic(&self) -> bool {
        self.strategy != Strategy::Static
    }

    pub(crate) fn schedule_end(&self) -> Option<Millis> {
        self.schedule.and_then(|schedule| schedule.end)
    }

    pub(crate) fn check(&self, now: Millis) -> Result<(), Refusal> {
        if let Scope::Grey(percent) = self.scope {
            require((1..=100).contains(&percent), Refusal::GreyPercentage)?;
            require(!self.is_dynamic(), Refusal::GreyDynamic)?;
        }
        if let Some(Schedule { start, end }) = self.schedule {
            require(!self.is_dynamic(), Refusal::ScheduledDynamic)?;
            require((now + 5 * MINUTE..=now + 7 * DAY).contains(&start), Refusal::Start)?;
            let allowed = start + HOUR..=start + 30 * DAY;
            require(end.is_none_or(|end| allowed.contains(&end)), Refusal::End)?;
        }
        require((10..=1000).contains(&self.rate), Refusal::Rate)?;
        require(self.retry.is_none_or(|retry| [1, 2, 5].contains(&retry.most)), Refusal::Retries)?;
        check_timeout(self.timeout_minutes)
    }
}

pub(crate) fn check_timeout(minutes: u32) -> Result<(), Refusal> {
    require((1..=1440).contains(&minutes), Refusal::TimeOut)
}

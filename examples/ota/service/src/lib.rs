//! A stand-in for the OTA service of Alibaba Cloud IoT Platform, for tests: its rules as it documents them
//! (docs/platform.md), in memory. It knows no clock and no network: each call has the time, and `tick` says what to push.

mod firmware;
mod messages;
mod plan;
mod refusal;
mod service;
mod task;

pub use firmware::{Firmware, FirmwareId, Kind};
pub use messages::{Heard, hear, reply, upgrade_message};
pub use plan::{Plan, Retry, RetryAfter, Schedule, Scope, Strategy};
pub use refusal::Refusal;
pub use service::{BatchId, Push, Service};
pub use task::{Cause, State, Task, Wait};

/// Points in time and durations, in milliseconds.
pub type Millis = u64;

pub const SECOND: Millis = 1000;
pub const MINUTE: Millis = 60 * SECOND;
pub const HOUR: Millis = 60 * MINUTE;
pub const DAY: Millis = 24 * HOUR;

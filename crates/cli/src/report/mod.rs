//! Output for users and scripts: messages, tables, progress, JSON and exit codes.

mod console;
mod failure;
pub(crate) mod fleet;
pub(crate) mod json;
pub(crate) mod map;
mod needs;
mod pack_progress;
mod progress;
mod reason;
pub(crate) mod schema;
mod stages;
pub(crate) mod tables;

pub(crate) use console::{Console, Volume};
pub(crate) use failure::{Failure, is_standard_stream, shown};
pub(crate) use json::{Object, object, seconds};
pub(crate) use needs::Needs;
pub(crate) use pack_progress::{Events, Talk, note_unlisted};
pub(crate) use progress::Bar;
pub(crate) use reason::Reason;
pub(crate) use smidgen_diff::release::internals::{hex, sha256};

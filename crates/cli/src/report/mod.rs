//! Output for users and scripts: messages, tables, progress, JSON and exit codes.

mod console;
mod failure;
pub(crate) mod fleet;
pub(crate) mod json;
pub(crate) mod map;
mod pack_progress;
mod progress;
mod stdout;
pub(crate) mod tables;

pub(crate) use console::Console;
pub(crate) use failure::{Failure, shown};
pub(crate) use json::{Object, object, seconds};
pub(crate) use pack_progress::{Events, Talk};
pub(crate) use progress::Bar;
pub(crate) use smidgen_diff::release::internals::{hex, sha256};

//! The commands, one file each.

mod about;
mod catalogue;
mod compare;
mod diff;
mod flatten;
mod info;
mod keygen;
mod manifest;
mod map;
mod pack;
mod patch;
mod sign;
mod simulate;
mod verify;
mod verify_release;

pub(crate) use about::{completions, man, schema};
pub(crate) use catalogue::catalogue;
pub(crate) use compare::{compare, measure};
pub(crate) use diff::diff;
pub(crate) use flatten::flatten;
pub(crate) use info::info;
pub(crate) use keygen::keygen;
pub(crate) use manifest::manifest;
pub(crate) use pack::pack;
pub(crate) use patch::patch;
pub(crate) use sign::sign;
pub(crate) use simulate::simulate;
pub(crate) use verify::verify;

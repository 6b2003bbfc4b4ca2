//! The program, run as users run it.

mod about;
mod catalogue;
mod classic;
mod common;
mod compare;
mod containers;
mod device;
#[cfg(unix)]
mod documents;
mod encryption;
mod floors;
mod folders;
mod inputs;
mod json;
mod map;
#[cfg(target_os = "linux")]
mod memory;
mod options;
mod pack;
mod payloads;
mod refusals;
mod round_trip;
#[cfg(target_os = "linux")]
mod signals;
mod signing;
mod simulate;
mod strangers;
mod streams;
mod unlikely;
mod verify_release;

//! The program, run as users run it.

mod about;
mod catalogue;
mod classic;
mod common;
mod containers;
mod device;
mod encryption;
mod floors;
mod folders;
mod inputs;
mod json;
#[cfg(target_os = "linux")]
mod memory;
mod options;
mod pack;
mod refusals;
mod round_trip;
mod signing;
mod strangers;
mod streams;
mod verify_release;

//! Input and output of commands: files, images, packages, keys, shell commands and processes.

pub(crate) mod classic;
pub(crate) mod containers;
mod early;
mod image;
mod input;
mod output;
mod package;
mod restore;
pub(crate) mod secrets;
pub(crate) mod shell;
mod signals;
mod sources;

pub(crate) use image::{Image, unpacked};
pub(crate) use input::Input;
pub(crate) use output::{Output, folder};
pub(crate) use package::{Package, Smidgen};
pub(crate) use restore::{replay, restore, restored_json};
pub(crate) use signals::watch_signals;
pub(crate) use sources::{Field, mapped, release_file};

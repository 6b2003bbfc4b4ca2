//! `smidgen`: makes differential firmware packages, restores images from them, shows them and proves them.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod arguments;
mod catalogue;
mod classic;
mod console;
mod containers;
mod diff;
mod failure;
mod flatten;
mod hush;
mod image;
mod info;
mod input;
mod json;
mod keygen;
mod manifest;
mod output;
mod pack;
mod pack_progress;
mod package;
mod patch;
mod progress;
mod release_table;
mod restore;
mod secrets;
mod shell;
mod sign;
mod streams;
mod verify;
mod verify_release;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use console::Console;
use failure::Failure;

fn main() -> ExitCode {
    // Usage errors end here, with the exit code that we document too.
    let arguments = Arguments::parse();
    let console = Console::new(arguments.quiet).alone();
    match run(&arguments.command, &console) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console.complain(&failure);
            failure.code()
        }
    }
}

fn run(command: &Command, console: &Console) -> Result<(), Failure> {
    match command {
        Command::Diff(arguments) => diff::run(arguments, console),
        Command::Patch(arguments) => patch::run(arguments, console),
        Command::Info(arguments) => info::run(arguments, console),
        Command::Verify(arguments) => verify::run(arguments, console),
        Command::Pack(arguments) => pack::run(arguments, console),
        Command::Manifest(arguments) => manifest::run(arguments, console),
        Command::Keygen(arguments) => keygen::run(arguments, console),
        Command::Sign(arguments) => sign::run(arguments, console),
        Command::Flatten(arguments) => flatten::run(arguments, console),
        Command::Catalogue(arguments) => catalogue::run(arguments, console),
        Command::MakeStreams(arguments) => streams::run(arguments, console),
    }
}

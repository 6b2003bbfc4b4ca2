//! `smidgen`: makes differential firmware packages, applies, shows and verifies them, and packs releases.
//!
//! Imports go downward only: `commands`, `arguments`, `io`, `report`.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod arguments;
mod commands;
mod io;
mod report;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use smidgen::peers::{Whose, units, usage};

use arguments::{Arguments, Command};
use report::{Console, Failure, Volume};

fn main() -> ExitCode {
    let started = Instant::now();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(error),
    };
    let console = Console::new(arguments.volume(), arguments.json, arguments.command.schema());
    // A signal may come as long as the process lives.
    let console: &'static Console = Box::leak(Box::new(console));
    if let Some(message) = arguments.command.when_stopped() {
        io::watch_signals(console, message);
    }
    let outcome = run(&arguments.command, console);
    describe_usage(started, console);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console.complain(&failure);
            failure.code()
        }
    }
}

/// What the whole command took, if that is asked for.
fn describe_usage(started: Instant, console: &Console) {
    let (processors, peak) = usage(Whose::Own);
    let all = started.elapsed().as_secs_f64();
    let memory = units::memory(peak as f64);
    console
        .detail(format_args!("all        {all:.2} s, {processors:.2} s of processors, {memory} of memory"));
}

/// Prints wrong usage in clap's words and colours; or help, which is no error.
fn refuse(error: clap::Error) -> ExitCode {
    // Nothing is left to report that the stream is closed.
    let _ = error.print();
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    // The command line was not understood, so this cannot be asked of it.
    let json = std::env::args_os().skip(1).take_while(|word| word != "--").any(|word| word == "--json");
    let failure = Failure::from(error);
    Console::new(Volume::Quiet, json, "").answer(&failure);
    failure.code()
}

fn run(command: &Command, console: &Console) -> Result<(), Failure> {
    match command {
        Command::Diff(arguments) => commands::diff(arguments, console),
        Command::Patch(arguments) => commands::patch(arguments, console),
        Command::Info(arguments) => commands::info(arguments, console),
        Command::Verify(arguments) => commands::verify(arguments, console),
        Command::Simulate(arguments) => commands::simulate(arguments, console),
        Command::Compare(arguments) => commands::compare(arguments, console),
        Command::Pack(arguments) => commands::pack(arguments, console),
        Command::Manifest(arguments) => commands::manifest(arguments, console),
        Command::Keygen(arguments) => commands::keygen(arguments, console),
        Command::Sign(arguments) => commands::sign(arguments, console),
        Command::Flatten(arguments) => commands::flatten(arguments, console),
        Command::Catalogue(arguments) => commands::catalogue(arguments, console),
        Command::Schema(arguments) => commands::schema(arguments, console),
        Command::Completions(arguments) => commands::completions(arguments, console),
        Command::Man(arguments) => commands::man(arguments, console),
        Command::Version => console.print(format_args!("smidgen {}", arguments::version())),
        Command::Measure(arguments) => commands::measure(arguments, console),
    }
}

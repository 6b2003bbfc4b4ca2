//! The report: every tool over every pair of a corpus, each round trip checked, as tables and a picture.
//!
//! Every piece of work is a process of its own, also what is linked into this program: it calls itself for that.
//! So a time always includes starting up and reading and writing files, a peak of memory belongs to one piece of
//! work, and nothing that one tool leaves behind in memory helps the next.

mod arguments;
mod measure;
mod records;
mod results;
mod run;
mod table;
mod tools;
mod units;
mod work;

use std::process::ExitCode;

use arguments::{Arguments, Internal};
use clap::Parser;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.internal {
        None => run::report(&arguments.report),
        Some(Internal::Measure { limit, messages, command }) => measure::measure(limit, &messages, &command),
        Some(Internal::Work { tool, work: kind, old, input, output }) => {
            work::work(&tool, &kind, &old, &input, &output)
        }
    }
}

//! The report: every tool over every pair of a corpus, each round trip checked, as tables and a picture.
//!
//! The tools and a round trip with one of them are `smidgen::peers`, which `smidgen compare` shares.

mod arguments;
mod chart;
mod facts;
mod html;
mod page;
mod records;
mod results;
mod run;
mod scatter;
mod table;
mod tools;
mod work;

use std::process::ExitCode;

use arguments::{Arguments, Internal};
use clap::Parser;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.internal {
        None => run::report(&arguments.report),
        Some(Internal::Measure { limit, command }) => work::measure(limit, &command),
        Some(Internal::Work { tool, work: kind, level, old, input, output }) => {
            work::work(&tool, &kind, level, [&old, &input, &output])
        }
    }
}

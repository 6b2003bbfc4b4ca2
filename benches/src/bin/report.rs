//! The program behind the ratio report: `cargo run --release -p bench-suite --bin report -- --corpus DIR`.

use std::process::ExitCode;

use bench_suite::report::arguments::{Arguments, Internal};
use bench_suite::report::{measure, report, work};
use clap::Parser;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.internal {
        None => report(&arguments.report),
        Some(Internal::Measure { limit, messages, command }) => measure(limit, &messages, &command),
        Some(Internal::Work { tool, work: kind, old, input, output }) => {
            work::work(&tool, &kind, &old, &input, &output)
        }
    }
}

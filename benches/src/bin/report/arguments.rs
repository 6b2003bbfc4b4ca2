//! The command line of the report.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

const OUTPUTS: &str = "\
Files: report.csv has every measurement, report.md tables of sizes and means, sizes.svg a picture of the sizes.
Standard output has the means by tool, or with --json everything as one JSON object; progress goes to standard error.

Exit codes:
  0  every package of Smidgen's restored its image (failures of other tools are in the tables)
  1  one did not, or a file could not be read or written
  2  wrong usage";

/// Sizes, times and memory of Smidgen and of the other tools that are installed, over a directory of pairs.
#[derive(Debug, Parser)]
#[command(name = "report", version, after_help = OUTPUTS, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    /// What this program asks itself for.
    #[command(subcommand)]
    pub internal: Option<Internal>,
    /// What its user asks for.
    #[command(flatten)]
    pub report: ReportArguments,
}

/// The arguments of a user.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Directory of pairs: each a directory, at any depth, with a file old* and a file new*.
    #[arg(long, value_name = "DIR", required_unless_present = "list")]
    pub corpus: Option<PathBuf>,
    /// Where report.csv, report.md and sizes.svg go.
    #[arg(short, long, value_name = "DIR", default_value = "target/report")]
    pub output: PathBuf,
    /// Tools to run, by name or by the start of it, such as smidgen,bsdiff; all that are installed if not given.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub tools: Vec<String>,
    /// Pairs to run: those whose names contain one of these.
    #[arg(long, value_name = "TEXTS", value_delimiter = ',')]
    pub pairs: Vec<String>,
    /// Leave out pairs with a larger image, such as 4M.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_size: Option<u64>,
    /// Pieces of work at a time. More than one disturbs the times, and the report says so.
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// Threads of Smidgen and of the crates; 0 takes all cores.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Effort of Smidgen's packages, from 1 (fastest) to 9 (smallest).
    #[arg(long, value_name = "LEVEL", default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub level: u8,
    /// Seconds that one piece of work may take.
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = parse_seconds)]
    pub timeout: Duration,
    /// Do every piece of work N times and keep the shortest time.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub repeat: u16,
    /// Python that has detools and hdiffpatch.
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    pub python: PathBuf,
    /// Print everything as JSON.
    #[arg(long)]
    pub json: bool,
    /// Show the tools and whether they are installed, and do nothing else.
    #[arg(long)]
    pub list: bool,
    /// Print errors only.
    #[arg(short, long)]
    pub quiet: bool,
}

/// What this program starts itself for; not for users.
#[derive(Debug, Subcommand)]
pub enum Internal {
    /// Run a program; print how it ended, its times and its memory as JSON.
    #[command(hide = true)]
    Measure {
        /// Microseconds after which it is ended.
        limit: u64,
        /// The program and its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
    /// Do the work of a tool that is linked in.
    #[command(hide = true)]
    Work {
        /// Its name.
        tool: String,
        /// "make" or "restore".
        work: String,
        /// The level of Smidgen's packages.
        level: u8,
        /// The base image.
        old: PathBuf,
        /// The second input: the target image or the patch.
        input: PathBuf,
        /// What is written.
        output: PathBuf,
    },
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|seconds| !seconds.is_zero()).ok_or_else(|| "expected a number of seconds".to_owned())
}

fn parse_size(text: &str) -> Result<u64, String> {
    let (number, shift) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(number) => (number, 10 * (1 + "KMG".find(&text[number.len()..]).unwrap_or(0))),
        None => (text, 0),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift));
    bytes.ok_or_else(|| "expected a size such as 65536, 64K or 4M".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_user_gives_a_corpus_and_lists() {
        let line = "report --corpus dir --tools smidgen,bsdiff --max-size 4M --timeout 1.5 -j 2";
        let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
        assert!(arguments.internal.is_none() && parse_size("4MB").is_err() && parse_seconds("0").is_err());
        assert_eq!(arguments.report.tools, ["smidgen", "bsdiff"]);
        assert_eq!(arguments.report.max_size, Some(4 << 20));
        assert_eq!(arguments.report.timeout, Duration::from_millis(1500));
        assert!(Arguments::try_parse_from(["report"]).is_err());
    }
}

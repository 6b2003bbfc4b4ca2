//! Other programs that tests compare with: without them, a test is skipped, unless SMIDGEN_REQUIRE_PEERS is set.

use std::env;
use std::io::ErrorKind;
use std::process::{Command, Output};

/// Runs another program, which must succeed; `None` if it is not installed and need not be.
pub fn run(command: &mut Command) -> Option<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(output) => {
            assert!(output.status.success(), "{command:?}: {output:?}");
            Some(output)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let required = env::var_os("SMIDGEN_REQUIRE_PEERS").is_some();
            assert!(!required, "{program} is missing, and SMIDGEN_REQUIRE_PEERS is set");
            println!("skipped: {program} is not installed");
            None
        }
        Err(error) => panic!("{program} could not be run: {error}"),
    }
}

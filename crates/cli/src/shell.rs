//! Commands of the user that work with a key where it is kept: they get bytes on standard input, and print few.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

/// The variable that a passphrase is taken from where no file is named.
pub(crate) const PASSPHRASE: &str = "SMIDGEN_PASSPHRASE";
/// The most bytes that a command may print.
const OUTPUT_LIMIT: u64 = 4096;

/// Runs a command with these bytes on standard input; what it prints. The passphrase of our own keys is not its business.
pub(crate) fn run(command: &str, input: &[u8]) -> Result<Vec<u8>, String> {
    let failed = |error| format!("\"{command}\": {error}");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).env_remove(PASSPHRASE);
    let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read it all fails, or what it prints is wrong.
        let _ = stdin.write_all(input);
    }
    let mut printed = Vec::new();
    let read = child.stdout.take().map(|stdout| stdout.take(OUTPUT_LIMIT + 1).read_to_end(&mut printed));
    if printed.len() as u64 > OUTPUT_LIMIT {
        // It may have ended by itself, as nobody reads it any more.
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    read.transpose().map_err(failed)?;
    if printed.len() as u64 > OUTPUT_LIMIT {
        return Err(format!("\"{command}\" printed more than {OUTPUT_LIMIT} bytes"));
    }
    if status.success() { Ok(printed) } else { Err(format!("\"{command}\" ended with {status}")) }
}

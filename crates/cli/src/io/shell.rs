//! Shell commands of the user that sign or seal: they read bytes from standard input and print a result.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use smidgen_diff::release::{PublicKey, Signer};

use super::secrets::PASSPHRASE;

const LENGTH: usize = 64;
/// The most bytes that a command may print. A signature has 64, a sealed key 88; DER and digits have a few more.
const OUTPUT_LIMIT: u64 = 4096;

pub(crate) struct ShellSigner {
    pub(crate) command: String,
    pub(crate) key: PublicKey,
}

impl Signer for ShellSigner {
    fn public_key(&self) -> PublicKey {
        self.key
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; LENGTH], String> {
        let printed = run(&self.command, message)?;
        let unclear = || {
            format!(
                "\"{}\" printed {} bytes that are not a signature (64 bytes, DER or hexadecimal digits)",
                self.command,
                printed.len()
            )
        };
        PublicKey::signature_from(&printed).ok_or_else(unclear)
    }
}

/// Runs a command with `input` on standard input, and returns what it prints. The passphrase of our keys is hidden from it.
pub(crate) fn run(command: &str, input: &[u8]) -> Result<Vec<u8>, String> {
    let failed = |error| format!("\"{command}\": {error}");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).env_remove(PASSPHRASE);
    let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read all of it fails, or prints a wrong result.
        let _ = stdin.write_all(input);
    }
    let mut printed = Vec::new();
    let read = child.stdout.take().map(|stdout| stdout.take(OUTPUT_LIMIT + 1).read_to_end(&mut printed));
    if printed.len() as u64 > OUTPUT_LIMIT {
        // It may have ended by itself when its output was closed.
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    read.transpose().map_err(failed)?;
    if printed.len() as u64 > OUTPUT_LIMIT {
        return Err(format!("\"{command}\" printed more than {OUTPUT_LIMIT} bytes"));
    }
    if status.success() { Ok(printed) } else { Err(format!("\"{command}\" ended with {status}")) }
}

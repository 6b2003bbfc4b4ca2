//! `smidgen make-streams`, for internal use: rebuilds the streams of compressed files, limited in memory and time.

use std::io;
use std::panic;

use smidgen_patch::container::serve;

use crate::arguments::MakeStreamsArguments;
use crate::report::{Console, Failure};

/// Serves requests on standard input until it ends.
pub(crate) fn make_streams(arguments: &MakeStreamsArguments, console: &Console) -> Result<(), Failure> {
    // A panic is answered as an error. Its message would take memory that may be lacking, and a lock that the handler of
    // exhausted memory waits for.
    panic::set_hook(Box::new(|_| {}));
    limit(arguments).map_err(|error| Failure::other(format!("setting limits: {error}")))?;
    serve(io::stdin().lock(), console.stdout())
        .map_err(|error| Failure::other(format!("making streams: {error}")))
}

/// Limits this process, where the system can do that.
#[cfg(target_os = "linux")]
fn limit(arguments: &MakeStreamsArguments) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let status = std::fs::read_to_string("/proc/self/status")?;
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.split_whitespace().next());
    let size: u64 = size.and_then(|kib| kib.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let limits = [
        (Resource::As, (size << 10).saturating_add(arguments.memory)),
        (Resource::Cpu, arguments.seconds),
        (Resource::Core, 0),
    ];
    for (resource, most) in limits {
        // A lower limit that is set already cannot be raised.
        let most = Some(getrlimit(resource).maximum.map_or(most, |maximum| maximum.min(most)));
        setrlimit(resource, Rlimit { current: most, maximum: most })?;
    }
    Ok(())
}

/// Nothing can be limited here; but a failure stays in this process.
#[cfg(not(target_os = "linux"))]
fn limit(_arguments: &MakeStreamsArguments) -> io::Result<()> {
    Ok(())
}

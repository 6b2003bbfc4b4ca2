//! What a release saves a fleet: a table for people, an event for programs.

use std::fmt::Write;

use serde_json::json;
use smidgen_diff::release::{Saving, Savings};

use super::console::Console;
use super::failure::Failure;
use super::json::object;

/// Reports it: lines on standard error, or the event `fleet` on standard output.
pub(crate) fn report(savings: &Savings, console: &Console) -> Result<(), Failure> {
    if !console.is_json() {
        console.say(table(savings));
    }
    console.print_json(|| {
        let version = |row: &Saving| {
            json!({ "version": row.version, "devices": row.devices, "file": row.file, "size": row.size, "saved_size": row.saved })
        };
        let without = |(version, devices): &(String, u64)| json!({ "version": version, "devices": devices });
        object(json!({
            "event": "fleet",
            "devices": savings.devices,
            "size": savings.bytes,
            "full_size": savings.full_bytes,
            "saved_size": saved(savings),
            "versions": savings.versions.iter().map(version).collect::<Vec<_>>(),
            "unknown": savings.unknown.iter().map(without).collect::<Vec<_>>(),
            "newer": savings.newer.iter().map(without).collect::<Vec<_>>(),
        }))
    })
}

const fn saved(savings: &Savings) -> u64 {
    savings.full_bytes.saturating_sub(savings.bytes)
}

fn table(savings: &Savings) -> String {
    let Savings { devices, bytes, full_bytes, .. } = savings;
    let saved = saved(savings);
    let mut text = format!(
        "fleet    {devices} devices: {bytes} bytes instead of {full_bytes} with full packages, {saved} saved"
    );
    let width = savings.versions.iter().map(|row| row.version.len()).max().unwrap_or_default();
    for Saving { version, devices, size, saved, .. } in &savings.versions {
        let _ = write!(
            text,
            "\n  {version:width$}  {devices:>10} devices  {size:>10} bytes each  {saved:>14} bytes saved"
        );
    }
    for (version, devices) in &savings.unknown {
        let _ = write!(
            text,
            "\n  {version:width$}  {devices:>10} devices  get the full package: there is no image of it; give --from {version}=IMAGE"
        );
    }
    for (version, devices) in &savings.newer {
        let _ = write!(
            text,
            "\n  {version:width$}  {devices:>10} devices  get nothing: their version is newer than the release"
        );
    }
    text
}

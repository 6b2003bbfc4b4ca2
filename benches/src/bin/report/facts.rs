//! The conditions of a run: when, on what machine, with which versions and settings.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use smidgen::peers::units;

use crate::arguments::ReportArguments;
use crate::tools::{commit, said};

const UNKNOWN: &str = "unknown";

/// All, as names and values; the load is that before the run.
pub fn facts(arguments: &ReportArguments) -> Vec<(&'static str, String)> {
    let ReportArguments { jobs, threads, repeat, level, timeout, .. } = *arguments;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if threads == 0 { cores } else { threads };
    let version = env!("CARGO_PKG_VERSION");
    let build = if cfg!(debug_assertions) { "debug build: times are of no use" } else { "release build" };
    let commit = commit().map_or_else(String::new, |commit| format!(", commit {commit}"));
    let times = match (jobs, repeat) {
        (1, 1) => "of one run each".to_owned(),
        (1, _) => format!("the shortest of {repeat} runs"),
        _ => format!("of no use: {jobs} pieces of work ran at a time"),
    };
    vec![
        ("date", date(SystemTime::now())),
        ("Smidgen", format!("{version}{commit}, {build}")),
        ("level", format!("{level} of 9")),
        ("processor", processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned())),
        ("cores", cores.to_string()),
        ("load before the run", load().unwrap_or_else(|| UNKNOWN.to_owned())),
        ("memory", memory().unwrap_or_else(|| UNKNOWN.to_owned())),
        ("system", system()),
        ("threads of Smidgen and of the crates", format!("up to {threads}")),
        ("times", times),
        ("time limit", format!("{} s for making and for restoring", timeout.as_secs_f64())),
    ]
}

/// As in ISO 8601, UTC.
fn date(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (day, minute) = (seconds / 86_400, seconds % 86_400 / 60);
    // Days from 1 March 0000 in cycles of 400 years: http://howardhinnant.github.io/date_algorithms.html
    let days = day + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", minute / 60, minute % 60)
}

/// The value of a line "name : value" of a file of the kernel's.
fn value_in(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

fn processor() -> Option<String> {
    let names = ["model name", "Model", "cpu model", "uarch"];
    let known = names.iter().find_map(|name| value_in("/proc/cpuinfo", name));
    known.or_else(|| said(Path::new("sysctl"), &["-n", "machdep.cpu.brand_string"].map(OsString::from)))
}

fn load() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    let loads: Vec<&str> = text.split(' ').take(3).collect();
    Some(format!("{} over 1, 5 and 15 minutes", loads.join(", ")))
}

fn memory() -> Option<String> {
    let kib: f64 = value_in("/proc/meminfo", "MemTotal")?.trim_end_matches(" kB").parse().ok()?;
    Some(units::memory(kib * 1024.0))
}

fn system() -> String {
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{system} {} on {machine}", release.trim()).replace("  ", " ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_right_on_both_sides_of_leap_days() {
        let at = |seconds| date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01 00:00 UTC");
        assert_eq!(at(951_782_399), "2000-02-28 23:59 UTC");
        assert_eq!(at(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(at(1_709_251_200), "2024-03-01 00:00 UTC");
        assert_eq!(at(1_735_689_599), "2024-12-31 23:59 UTC");
    }
}

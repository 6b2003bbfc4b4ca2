//! What became of the devices, as a table, and whether that is what must become of them.

use std::collections::BTreeMap;
use std::fs;

use service::{Cause, HOUR, State};

use crate::course::Course;
use crate::device::{Device, image};
use crate::role::{Role, TARGET, VERSIONS};

/// The end of a device's upgrade.
pub struct Outcome {
    device: String,
    role: Role,
    state: State,
    retries: u32,
}

pub fn outcomes(course: &Course<'_>) -> Vec<Outcome> {
    let now = course.now();
    let of = |device: &String| {
        let mut tasks = course.service.tasks().iter().filter(|task| task.device == *device);
        let task = tasks.next_back()?;
        let (role, state) = (course.devices[device].role, course.service.state(now, task));
        Some(Outcome { device: device.clone(), role, state, retries: task.retries })
    };
    course.devices.keys().filter_map(of).collect()
}

/// Prints what became of the devices, which is the same each time and is written to a file, too, and the bytes it took.
pub fn print(outcomes: &[Outcome], course: &Course<'_>) -> Result<(), String> {
    let mut rows: BTreeMap<(Role, String, u32), u32> = BTreeMap::new();
    for outcome in outcomes {
        *rows.entry((outcome.role, outcome.state.to_string(), outcome.retries)).or_default() += 1;
    }
    let mut table =
        format!("{:<40} {:>7}  {:<28} {:>7}\n", "a device that", "devices", "the service shows", "retries");
    for ((role, state, retries), devices) in rows {
        table += &format!("{:<40} {devices:>7}  {state:<28} {retries:>7}\n", role.text());
    }
    print!("{table}");
    print_traffic(outcomes, course);
    println!("{} s, in which {} hours passed for the service", course.seconds(), course.now() / HOUR);
    fs::write(&course.settings.result, table).map_err(|error| error.to_string())
}

/// The bytes of all downloads, with headers, and with what was lost or in vain, against those of full images.
fn print_traffic(outcomes: &[Outcome], course: &Course<'_>) {
    let size = fs::metadata(image(course.settings, TARGET)).map_or(0, |metadata| metadata.len());
    println!("\n{:<20} {:>9} {:>9} {:>16} {:>7}", "upgraded from", "devices", "bytes", "as full images", "");
    for (version, name) in VERSIONS.iter().enumerate() {
        let is_one = |outcome: &&Outcome| {
            outcome.state == State::Succeeded && course.devices[&outcome.device].version == version
        };
        let upgraded: Vec<&Outcome> = outcomes.iter().filter(is_one).collect();
        let bytes: u64 = upgraded.iter().map(|outcome| course.proxy.traffic(&outcome.device).bytes).sum();
        let full = size * upgraded.len() as u64;
        let share = bytes as f64 * 100.0 / full.max(1) as f64;
        println!("{name:<20} {:>9} {bytes:>9} {full:>16} {share:>6.1}%", upgraded.len());
    }
    let of_all = outcomes.iter().map(|outcome| course.proxy.traffic(&outcome.device));
    let (bytes, requests) = of_all.fold((0, 0), |sum, one| (sum.0 + one.bytes, sum.1 + one.requests));
    println!("{bytes} bytes in {requests} requests, with those of devices that were not upgraded");
}

/// Every device has the state, the retries, the version and the image that it must have.
pub fn check(outcomes: &[Outcome], course: &Course<'_>) -> Result<(), String> {
    let mut wrong = Vec::new();
    if outcomes.len() != course.devices.len() {
        wrong.push(format!("{} of {} devices had an upgrade", outcomes.len(), course.devices.len()));
    }
    for Outcome { device, role, state, retries } in outcomes {
        if (state, *retries) != (&role.expected(), role.expected_retries()) {
            wrong.push(format!("{device} ({}): {state}, {retries} retries", role.text()));
        }
        let requests = course.proxy.traffic(device).requests;
        let Device { deaths, .. } = course.devices[device];
        if requests < role.expected_requests() || deaths < role.expected_deaths() {
            wrong.push(format!("{device} ({}): {requests} downloads, died {deaths} times", role.text()));
        }
        let (version, is_whole) = course.devices[device].runs(course.settings)?;
        let expected = course.devices[device].expected_version();
        if version != expected || !is_whole {
            wrong.push(format!("{device} ({}): runs {version}, whole: {is_whole}", role.text()));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// The devices that are not done.
pub fn unfinished(course: &Course<'_>) -> String {
    let ended = |state: &State| {
        matches!(
            state,
            State::Succeeded | State::Cancelled | State::Failed(Cause::TimeOut | Cause::Reported(_))
        )
    };
    let rows = outcomes(course).into_iter().filter(|outcome| !ended(&outcome.state));
    let rows = rows.map(|outcome| format!("{} ({}): {}", outcome.device, outcome.role.text(), outcome.state));
    rows.collect::<Vec<_>>().join("\n")
}

//! What became of the devices, as a table, and whether that is what must become of them.

use std::collections::BTreeMap;
use std::fs;

use service::{Cause, State};

use crate::course::Course;
use crate::device::{Device, image};
use crate::proxy::Traffic;
use crate::role::{Role, TARGET};

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

/// Prints the table, which is the same each time, and after it, to standard error, what is not.
pub fn print(outcomes: &[Outcome], course: &Course<'_>) {
    let mut rows: BTreeMap<(Role, String, u32), u32> = BTreeMap::new();
    for outcome in outcomes {
        *rows.entry((outcome.role, outcome.state.to_string(), outcome.retries)).or_default() += 1;
    }
    println!("{:<40} {:>7}  {:<28} {:>7}", "a device", "devices", "the service shows", "retries");
    for ((role, state, retries), devices) in rows {
        println!("{:<40} {devices:>7}  {state:<28} {retries:>7}", role.text());
    }
    print_traffic(outcomes, course);
}

/// The bytes of all downloads, with what was lost and what was in vain, against those of full images.
fn print_traffic(outcomes: &[Outcome], course: &Course<'_>) {
    let size = fs::metadata(image(course.settings, TARGET)).map_or(0, |metadata| metadata.len());
    let sum = |wanted: &dyn Fn(&Outcome) -> bool| {
        let traffic = outcomes.iter().filter(|outcome| wanted(outcome)).map(|outcome| course.proxy.traffic(&outcome.device));
        traffic.fold(Traffic::default(), |sum, one| Traffic {
            bytes: sum.bytes + one.bytes,
            requests: sum.requests + one.requests,
        })
    };
    let all = sum(&|_| true);
    let succeeded = |outcome: &Outcome| outcome.state == State::Succeeded;
    let upgraded = outcomes.iter().filter(|outcome| succeeded(outcome)).count() as u64;
    let of_upgraded = sum(&succeeded);
    eprintln!("{} bytes in {} downloads, with headers, and with those that failed", all.bytes, all.requests);
    eprintln!(
        "{upgraded} devices upgraded with {} bytes; as full images of {size} bytes it would be {}: {:.1} %",
        of_upgraded.bytes,
        upgraded * size,
        of_upgraded.bytes as f64 * 100.0 / (upgraded * size).max(1) as f64
    );
    eprintln!("{} s, {} hours of the service", course.seconds(), course.now() / service::HOUR);
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
        matches!(state, State::Succeeded | State::Cancelled | State::Failed(Cause::TimeOut | Cause::Reported(_)))
    };
    let rows = outcomes(course).into_iter().filter(|outcome| !ended(&outcome.state));
    let rows = rows.map(|outcome| format!("{} ({}): {}", outcome.device, outcome.role.text(), outcome.state));
    rows.collect::<Vec<_>>().join("\n")
}

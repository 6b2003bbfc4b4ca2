//! `smidgen simulate`: an update on simulated flash of a device, which loses power.

use serde_json::json;
use smidgen_diff::release::Keys;
use smidgen_diff::simulate::{LostUpdate, SimulateError, SimulatedArea, Simulation, simulate as run};

use super::diff::on_threads;
use crate::arguments::SimulateArguments;
use crate::io::{Image, Package, Smidgen};
use crate::report::tables::Table;
use crate::report::{Bar, Console, Failure, Object, json, object, seconds};

pub(crate) fn simulate(arguments: &SimulateArguments, console: &Console) -> Result<(), Failure> {
    let device = arguments.device()?;
    let package = Package::open(&arguments.package)?;
    let base = package.open_base(&arguments.base, &arguments.reading.value())?;
    base.describe(console);
    let Package::Smidgen(mut package) = package else {
        return Err(Failure::package("BSDIFF40 packages have no update over flash")
            .note("make a package with smidgen diff"));
    };
    package.decrypt(arguments.decryption.keys(console)?)?;
    device.check_package(package.plain()).map_err(|unfit| explain(unfit.into(), &package, &base))?;
    let losses = arguments.losses.value();
    let bar = Bar::new(console);
    let simulation = on_threads(arguments.threads, || {
        run(&base, &package.file, Keys(&package.keys), &device, &losses, &bar)
            .map_err(|error| explain(error, &package, &base))
    });
    drop(bar);
    let simulation = simulation?;
    let mut json = json::summary(&package.header, package.file.len());
    json.append(&mut base.json("base"));
    json.append(&mut fields(&simulation));
    if simulation.lost == 0 {
        return console.print_result(|| json, || describe(&simulation));
    }
    Err(console.found(lost(&simulation, &package), || json, || describe(&simulation)))
}

fn explain(error: SimulateError, package: &Smidgen, base: &Image) -> Failure {
    match error {
        SimulateError::Package(error) => package.explain(error, base),
        SimulateError::Unfit(unfit) => Failure::unfit(&unfit, package.file.path()),
        error @ SimulateError::Container => Failure::package(error.to_string())
            .about(package.file.path())
            .note("make it with --containers none, or with --payload of what is in the file"),
        error @ SimulateError::Profile(_) => Failure::usage(error.to_string()),
        error @ SimulateError::NoOperation { .. } => {
            Failure::usage(error.to_string()).note("give --cut-at an operation that the update has")
        }
        error => Failure::other(error.to_string()),
    }
}

/// A device would be lost: whoever ships the package must not miss it.
fn lost(simulation: &Simulation, package: &Smidgen) -> Failure {
    let Simulation { lost, losses, .. } = simulation;
    let message = format!("of {losses} losses of power, {lost} did not end with the new image");
    let failure = Failure::package(message).about(package.file.path());
    let note = |failure: Failure, lost: &LostUpdate| {
        let LostUpdate { during, what, .. } = lost;
        failure.note(format!("during {during}: {what}; repeat it with --cut-at {}", lost.cut_at()))
    };
    simulation.lost_updates.iter().fold(failure, note)
}

fn fields(simulation: &Simulation) -> Object {
    let Simulation { page, unit, operations, bytes_read, losses, lost, .. } = simulation;
    let time = &simulation.time;
    let area = |area: &SimulatedArea| {
        json!({
            "name": area.name,
            "pages": area.erases.len(),
            "erases": area.erases,
            "units": area.units,
        })
    };
    let lost_update =
        |lost: &LostUpdate| json!({ "cut_at": lost.cut_at(), "during": lost.during, "what": lost.what });
    object(json!({
        "update": simulation.update.name(),
        "memory": {
            "workspace": simulation.workspace,
            "heap": simulation.heap,
            "buffer": simulation.buffer,
        },
        "page": page,
        "write_size": unit,
        "areas": simulation.areas.iter().map(area).collect::<Vec<_>>(),
        "operations": operations,
        "total_erases": simulation.erases(),
        "most_erases": simulation.most_erases(),
        "bytes_written": simulation.bytes_written(),
        "bytes_read": bytes_read,
        "time": {
            "total": seconds(time.total()),
            "decode": time.decode.map(seconds),
            "hash": seconds(time.hash),
            "erase": seconds(time.erase),
            "write": seconds(time.write),
            "read": seconds(time.read),
            "assumed": time.assumed,
        },
        "losses": losses,
        "lost": lost,
        "lost_updates": simulation.lost_updates.iter().map(lost_update).collect::<Vec<_>>(),
    }))
}

fn describe(simulation: &Simulation) -> String {
    let Simulation { page, unit, operations, bytes_read, losses, lost, .. } = simulation;
    let mut table = Table::default();
    table.row("update", simulation.update);
    table.row("flash", format_args!("pages of {page} bytes, writes of {unit} bytes"));
    let heap = match simulation.heap {
        0 => String::new(),
        heap => format!(" and {heap} from the heap"),
    };
    let (workspace, buffer) = (simulation.workspace, simulation.buffer);
    table.row("RAM", format_args!("{workspace} bytes of workspace, {buffer} of buffer{heap}"));
    let writes = operations.saturating_sub(simulation.erases());
    table.row("operations", format_args!("{operations}: {} erases, {writes} writes", simulation.erases()));
    table.row("bytes", format_args!("{bytes_read} read, {} written", simulation.bytes_written()));
    table.row("time", time(simulation));
    if !simulation.time.assumed.is_empty() {
        table.row("  assumed", simulation.time.assumed.join(", "));
    }
    let outcome = match (losses, lost) {
        (0, _) => "not cut".to_owned(),
        (losses, 0) => format!("cut {losses} times: every update ended with the new image"),
        (losses, lost) => format!("cut {losses} times: {lost} updates did not end with the new image"),
    };
    table.row("power", outcome);
    table.heading("wear of the flash by one update");
    table.line(format_args!(
        "{:8} {:>6} {:>8} {:>14} {:>14}",
        "", "pages", "erases", "most of a page", "bytes written"
    ));
    for area in &simulation.areas {
        table.line(format_args!(
            "{:8} {:>6} {:>8} {:>14} {:>14}",
            area.name,
            area.erases.len(),
            area.total_erases(),
            area.most_erases(),
            area.total_units() * u64::from(*unit)
        ));
    }
    table.finish()
}

fn time(simulation: &Simulation) -> String {
    let time = &simulation.time;
    let parts = [
        ("decoding", time.decode.unwrap_or_default()),
        ("digests", time.hash),
        ("erases", time.erase),
        ("writes", time.write),
        ("reads", time.read),
    ];
    let part = |(name, time): &(&str, std::time::Duration)| format!("{name} {:.2}", time.as_secs_f64());
    let parts: Vec<String> = parts.iter().filter(|(_, time)| !time.is_zero()).map(part).collect();
    let unknown = if time.decode.is_none() { ", and decoding, which is unknown" } else { "" };
    format!("about {:.2} s: {}{unknown}", time.total().as_secs_f64(), parts.join(", "))
}

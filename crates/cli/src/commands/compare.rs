//! `smidgen compare`: Smidgen beside the other tools that are installed, for two images.

use std::ffi::OsString;

use serde_json::{Value, json};
use smidgen::peers::units::{self, thousands};
use smidgen::peers::{
    Bench, Cost, Installed, Measured, Outcome, Own, TOOLS, Tool, Work, Worker, answer, chosen, find_installed,
};
use smidgen_diff::{Escaped, Options, Ram};

use crate::arguments::{CompareArguments, MeasureArguments};
use crate::io::Image;
use crate::report::{Console, Failure, Object, object};

/// The settings of Smidgen that are compared if none is asked for.
const OURS: [&str; 3] = ["smidgen-16K", "smidgen-auto", "smidgen-zstd"];

/// How this program measures a command, and does the work of a tool that is linked into it.
const OWN: Own = Own {
    measure: |limit| vec!["measure".into(), limit.as_secs_f64().to_string().into()],
    work: |tool, work, bench| {
        let line = match work {
            Work::Make => {
                format!("diff old new -o patch --quiet --input-format raw {}", options(tool, bench))
            }
            Work::Restore => "patch old patch -o out --quiet --input-format raw".to_owned(),
        };
        line.split_whitespace().map(OsString::from).collect()
    },
};

/// A comparison of two images.
struct Comparison {
    base: Image,
    target: Image,
    /// What ran, the smallest patch first and failures last.
    rows: Vec<(Installed, Outcome)>,
    missing: Vec<Tool>,
}

pub(crate) fn compare(arguments: &CompareArguments, console: &Console) -> Result<(), Failure> {
    let chosen = chosen_tools(&arguments.tools)?;
    let open = |path| Image::open(path, &arguments.reading.value());
    let (base, target) = (open(&arguments.base_image)?, open(&arguments.target_image)?);
    target.check_entry(base.lacks_entry)?;
    let formats = base.compare_formats(&target)?;
    for image in [&base, &target] {
        image.describe(console);
        image.warn_of_text(console);
    }
    formats.iter().for_each(|note| console.say(format_args!("warning: {note}")));
    if target.is_empty() {
        return Err(Failure::usage(format!(
            "{}: the new image is empty: there is nothing to compare",
            target.name()
        )));
    }
    let (installed, missing) = find_installed(chosen, &arguments.python);
    let mut comparison = Comparison { base, target, rows: Vec::new(), missing };
    comparison.run(installed, arguments, console);
    let failed =
        comparison.rows.iter().find(|(installed, outcome)| installed.tool.is_ours() && outcome.is_err());
    match failed {
        Some((Installed { tool, .. }, Err(why))) => {
            let failure = Failure::other(format!("{}: {why}", tool.name))
                .note("please report this: it is a fault of Smidgen's");
            Err(console.found(failure, || comparison.json(), || comparison.table()))
        }
        _ => console.print_either(|| comparison.json(), || comparison.table()),
    }
}

/// The process that measures one command.
pub(crate) fn measure(arguments: &MeasureArguments, console: &Console) -> Result<(), Failure> {
    let answer = answer(arguments.limit, &arguments.command);
    console.print(answer.map_err(|error| Failure::other(error.to_string()))?)
}

fn chosen_tools(names: &[String]) -> Result<Vec<Tool>, Failure> {
    let mut tools = chosen(TOOLS, names).map_err(Failure::usage)?;
    if names.is_empty() {
        tools.retain(|tool| !tool.is_ours() || OURS.contains(&tool.name));
    }
    Ok(tools)
}

/// The options of `diff` that are a setting of Smidgen's.
fn options(tool: &Tool, bench: &Bench) -> String {
    let Worker::Smidgen(ram, codec) = tool.worker else { return String::new() };
    // Not said where it is automatic: an amount that is asked for means a microcontroller.
    let ram = match ram {
        Ram::Bytes(bytes) => format!("--ram {bytes} "),
        _ => String::new(),
    };
    let codec = codec.name();
    let Bench { level, threads, firmware, .. } = bench;
    // The images are copies as plain bytes, which do not show it.
    let containers = if *firmware { " --containers none" } else { "" };
    format!("{ram}--codec {codec} --level {level} --threads {threads}{containers}")
}

impl Comparison {
    fn run(&mut self, installed: Vec<Installed>, arguments: &CompareArguments, console: &Console) {
        let CompareArguments { level, threads, timeout, .. } = *arguments;
        let records = [&self.base.record, &self.target.record].into_iter().flatten();
        let firmware = Options::default().with_inputs(records).firmware.is_some();
        let bench = Bench { own: OWN, threads: threads.into(), level, firmware, limit: timeout, repeat: 1 };
        let all = installed.len();
        for (number, installed) in (1..).zip(installed) {
            let outcome = bench.round_trip(&installed, &self.base, &self.target);
            console.say(format_args!("[{number}/{all}] {}  {}", installed.tool.name, talk(&outcome)));
            self.rows.push((installed, outcome));
        }
        // Stable: of equal sizes, the first in the order of the report.
        self.rows.sort_by_key(|(_, outcome)| outcome.as_ref().map_or(u64::MAX, |measured| measured.size));
    }

    /// The smallest patch of any other tool.
    fn best_other(&self) -> Option<u64> {
        let others = self.rows.iter().filter(|(installed, _)| !installed.tool.is_ours());
        others.filter_map(|(_, outcome)| Some(outcome.as_ref().ok()?.size)).min()
    }

    fn ratio(&self, measured: &Measured) -> Option<f64> {
        self.best_other().map(|best| measured.size as f64 / best.max(1) as f64)
    }

    fn table(&self) -> String {
        let best = self.best_other();
        let head = ["  tool", "bytes", "of NEW", "to best", "make", "restore", "RAM to restore"];
        let mut rows = vec![head.map(str::to_owned)];
        let mut marked = false;
        for (installed, outcome) in &self.rows {
            let Ok(measured) = outcome else { continue };
            let is_best = !marked && !installed.tool.is_ours() && Some(measured.size) == best;
            marked |= is_best;
            let share = measured.size as f64 / self.target.len().max(1) as f64;
            let ram = units::memory(measured.memory() as f64);
            let system = if measured.container.is_some() { ", needs an operating system" } else { "" };
            rows.push([
                format!("{} {}", if is_best { '*' } else { ' ' }, installed.tool.name),
                thousands(measured.size),
                format!("{:.2} %", 100.0 * share),
                self.ratio(measured).map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.3}")),
                units::seconds(measured.make.wall),
                units::seconds(measured.restore.wall),
                format!("{ram:>8} {}{system}", installed.tool.memory.kind().0),
            ]);
        }
        let (base, target) = (self.base.len() as u64, self.target.len() as u64);
        let mut text = format!("OLD {} bytes, NEW {} bytes\n\n", thousands(base), thousands(target));
        text += &aligned(&rows);
        if marked {
            text += "\n* smallest of the other tools, which \"to best\" compares with\n";
        }
        for (installed, outcome) in &self.rows {
            if let Err(why) = outcome {
                text += &format!("\nFAILED  {}: {}", installed.tool.name, Escaped(why));
            }
        }
        if !self.missing.is_empty() {
            let names: Vec<&str> = self.missing.iter().map(|tool| tool.name).collect();
            text += &format!("\nnot installed: {}", names.join(", "));
        }
        text.trim_end().to_owned()
    }

    fn json(&self) -> Object {
        let mut fields = object(json!({
            "base_size": self.base.len(),
            "target_size": self.target.len(),
            "best_other_size": self.best_other(),
            "results": self.rows.iter().map(|row| self.row_json(row)).collect::<Vec<_>>(),
            "not_installed": self.missing.iter().map(|tool| tool.name).collect::<Vec<_>>(),
        }));
        fields.append(&mut self.base.json("base"));
        fields.append(&mut self.target.json("target"));
        fields
    }

    fn row_json(&self, (installed, outcome): &(Installed, Outcome)) -> Value {
        let tool = &installed.tool;
        let measured = outcome.as_ref().ok();
        let cost = |cost: Cost| {
            let rounded = |seconds: f64| json!((seconds * 1e4).round() / 1e4);
            json!({
                "seconds": rounded(cost.wall),
                "processor_seconds": rounded(cost.processor),
                "peak": cost.peak,
            })
        };
        json!({
            "tool": tool.name,
            "version": installed.version,
            "setting": tool.about,
            "package_size": measured.map(|measured| measured.size),
            "to_best_other": measured.and_then(|measured| self.ratio(measured)),
            "make": measured.map(|measured| cost(measured.make)),
            "restore": measured.map(|measured| cost(measured.restore)),
            "ram": measured.map(|measured| measured.ram),
            "ram_kind": tool.memory.kind().0,
            "container": measured.and_then(|measured| measured.container),
            "failed": outcome.as_ref().err(),
        })
    }
}

/// A line about a round trip, while others go on.
fn talk(outcome: &Outcome) -> String {
    match outcome {
        Ok(Measured { size, make, restore, .. }) => {
            let [make, restore] = [make, restore].map(|cost| units::seconds(cost.wall));
            format!("{} bytes, made in {make}, restored in {restore}", thousands(*size))
        }
        Err(why) => format!("FAILED: {}", Escaped(why)),
    }
}

/// Rows with columns as wide as what is in them, numbers to the right; the first and the last column are text.
fn aligned(rows: &[[String; 7]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..7).map(width).collect();
    let line = |row: &[String; 7]| {
        let numbers =
            (1..6).map(|column| format!("  {:>1$}", row[column], widths[column])).collect::<String>();
        format!("{:<1$}{numbers}  {2}\n", row[0], widths[0], row[6])
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn settings_are_options_of_diff() {
        let bench = Bench {
            own: OWN,
            threads: 2,
            level: 3,
            firmware: false,
            limit: Duration::from_secs(1),
            repeat: 1,
        };
        let tool = |name: &str| chosen_tools(&[name.to_owned()]).unwrap()[0];
        let options = |name| options(&tool(name), &bench);
        assert_eq!(options("smidgen-16K"), "--ram 16384 --codec cm --level 3 --threads 2");
        assert_eq!(options("smidgen-zstd"), "--codec zstd --level 3 --threads 2");
        let firmware = Bench { firmware: true, ..bench };
        let expected = "--ram 4096 --codec cm --level 3 --threads 2 --containers none";
        assert_eq!(super::options(&tool("smidgen-4K"), &firmware), expected);
        let ours = chosen_tools(&[]).unwrap().iter().filter(|tool| tool.is_ours()).count();
        assert_eq!(ours, OURS.len());
    }
}

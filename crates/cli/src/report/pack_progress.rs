//! Progress of `pack`: bars on a terminal, lines elsewhere, JSON objects for programs.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};
use serde_json::json;
use smidgen_diff::Escaped;
use smidgen_diff::release::{Event, PackProgress, PackageEntry};

use super::console::Console;
use super::json::{self, object, seconds};
use super::progress::{TICK, is_wanted, style};
use super::stages::Stages;

/// What is wrong with a file that the manifest does not list.
const UNLISTED: &str = "no part of this release; move it away before the folder is delivered";

/// Names files in the folder of a release that is written to it, and that the manifest does not list.
pub(crate) fn note_unlisted(files: &[String], console: &Console) {
    files.iter().for_each(|file| console.say(format_args!("note: {}: {UNLISTED}", Escaped(file))));
}

/// One JSON object for each event, a line each, on standard output.
pub(crate) struct Events<'a>(pub(crate) &'a Console);

impl PackProgress for Events<'_> {
    fn event(&self, event: &Event) {
        let line = match event {
            Event::Planned { packages } => json!({ "event": "planned", "packages": packages }),
            Event::Began { file } => json!({ "event": "began", "file": file }),
            Event::Stage { file, stage } => {
                json!({ "event": "stage", "file": file, "stage": stage.name() })
            }
            Event::Finished { package, reused, time } => json!({
                "event": "finished", "file": package.file, "source_versions": package.source_versions,
                "size": package.size, "sha256": package.sha256, "ram": package.ram,
                "container": package.container, "reused": reused, "seconds": seconds(*time),
            }),
            Event::Dropped { package, reused, share, limit } => json!({
                "event": "dropped", "file": package.file, "source_versions": package.source_versions,
                "size": package.size, "reused": reused, "share": share, "limit_size": limit,
            }),
            Event::Skipped { file } => json!({ "event": "skipped", "file": file }),
            Event::Unlisted { file, is_package, removed } => json!({
                "event": "unlisted", "file": file, "package": is_package, "removed": removed,
            }),
            Event::Note { name, text, is_warning } => json::note_event(name, text, *is_warning).into(),
            _ => return,
        };
        // Without a reader, packages are made all the same; printing the manifest at the end reports the error.
        let _ = self.0.print_json(|| object(line));
    }
}

/// Bars and lines for people, on standard error.
pub(crate) struct Talk<'a> {
    console: &'a Console,
    bars: MultiProgress,
    /// Packages that are done, of all.
    total: ProgressBar,
    /// A bar for each package being made, and its stages.
    running: Mutex<BTreeMap<String, (ProgressBar, Stages)>>,
}

impl<'a> Talk<'a> {
    /// Prints to this console, with bars if it is a terminal.
    pub(crate) fn new(console: &'a Console) -> Self {
        let target =
            if is_wanted(console) { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        let total =
            bars.add(ProgressBar::new(0).with_style(style("[{bar:40}] {pos} of {len} packages  {elapsed}")));
        Self { console, bars, total, running: Mutex::default() }
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, (ProgressBar, Stages)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, file: &str) {
        let bar = ProgressBar::new_spinner().with_style(style("{spinner} {prefix}  {msg}  {elapsed}"));
        let bar = self.bars.insert_before(&self.total, bar.with_prefix(file.to_owned()));
        bar.enable_steady_tick(TICK);
        self.running().insert(file.to_owned(), (bar, Stages::new()));
    }

    /// Ends a package's bar, and leaves a line instead; `time` is what making it took.
    fn end(&self, file: &str, line: &str, time: Option<Duration>) {
        let ended = self.running().remove(file);
        if let Some((bar, _)) = &ended {
            bar.finish_and_clear();
            self.bars.remove(bar);
        }
        self.total.inc(1);
        self.say(line);
        if let Some(stages) = ended.and_then(|(_, stages)| stages.line(time)) {
            self.bars.suspend(|| self.console.detail(format_args!("  {stages}")));
        }
    }

    fn say(&self, line: &str) {
        self.bars.suspend(|| self.console.say(line));
    }
}

impl PackProgress for Talk<'_> {
    fn event(&self, event: &Event) {
        match event {
            Event::Planned { packages } => self.total.set_length(*packages as u64),
            Event::Began { file } => self.begin(file),
            Event::Stage { file, stage } => {
                if let Some((bar, stages)) = self.running().get_mut(*file) {
                    bar.set_message(stage.name());
                    stages.begin(stage.name());
                }
            }
            Event::Finished { package, reused, time } => {
                self.end(&package.file, &finished(package, *reused, *time), Some(*time));
            }
            Event::Dropped { package, share, .. } => {
                let PackageEntry { file, size, .. } = package;
                let why = format!("larger than {share} % of the full package");
                self.end(file, &format!("{file}: {size} bytes, dropped: {why}"), None);
            }
            Event::Skipped { file } => {
                self.end(file, &format!("{file}: dropped: an earlier run found it too large"), None);
            }
            Event::Unlisted { file, is_package, removed } => {
                let what = match (removed, is_package) {
                    (true, _) => "removed: it was of an earlier run, and is no part of this release",
                    (false, true) => {
                        "stale: an earlier run left it, and it is no part of this release; --replace removes it"
                    }
                    (false, false) => UNLISTED,
                };
                self.say(&format!("note: {}: {what}", Escaped(file)));
            }
            Event::Note { text, is_warning, .. } => {
                let kind = if *is_warning { "warning" } else { "note" };
                self.say(&format!("{kind}: {text}"));
            }
            _ => {}
        }
    }
}

impl Drop for Talk<'_> {
    fn drop(&mut self) {
        self.total.finish_and_clear();
    }
}

fn finished(package: &PackageEntry, reused: bool, time: Duration) -> String {
    let (file, size) = (&package.file, package.size);
    let how =
        if reused { ", from an earlier run".to_owned() } else { format!(" in {:.2} s", time.as_secs_f64()) };
    let needs = package.container.map(|needs| format!("; needs {needs}")).unwrap_or_default();
    format!("{file}: {size} bytes{how}{needs}")
}

//! A release from a program of yours: what `smidgen pack` and `smidgen diff` do, with progress and a way to cancel.
//!
//! `cargo run --release -p diff-core --example release -- FOLDER` packs the fixtures' firmware into FOLDER; with a number of
//! seconds after it, it gives up then. What was finished is used by the next run.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use diff_core::input::{Reading, read};
use diff_core::release::{
    Event, Flattened, PackError, PackOptions, PackProgress, Release, ReleaseOptions, Type, pack,
};
use diff_core::{Identity, Options, Progress, Ram, Stage, diff};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: release FOLDER [SECONDS]")?);
    let seconds: Option<u64> = arguments.next().map(|text| text.parse()).transpose()?;
    let watch = Watch::new(seconds.map(Duration::from_secs));
    match single(&watch) {
        Ok(size) => println!("one package: {size} bytes"),
        Err(error) => println!("one package: {error}"),
    }
    match release(&folder, &watch) {
        Err(PackError::Cancelled) => println!("out of time; run it again, and it goes on"),
        other => other?,
    }
    for (stage, count) in watch.stages.into_inner()? {
        println!("{stage}: begun {count} times");
    }
    Ok(())
}

/// One package, in memory: what `smidgen diff` does.
fn single(watch: &Watch) -> Result<usize, Box<dyn Error>> {
    let (old, new) = (std::fs::read(firmware(1))?, std::fs::read(firmware(2))?);
    // Files of any format that builds leave; these are plain.
    let (old, new) = (read(&old, &Reading::default())?, read(&new, &Reading::default())?);
    let package = diff(&old.bytes, &new.bytes, &options(), watch)?;
    Ok(package.bytes.len())
}

fn options() -> Options {
    let identity = Identity::default().with_product(Some("controller".to_owned()));
    Options::default().with_ram(Ram::Bytes(16 << 10)).with_identity(identity)
}

/// All packages of a release, in a folder: what `smidgen pack` does.
fn release(folder: &Path, watch: &Watch) -> Result<(), PackError> {
    let image = |version| Flattened::new(firmware(version), Reading::default());
    let release = Release::new("1.5.0", image(3))
        .source("1.4.0", image(1))
        .source("1.4.1", image(2))
        .with_listing(ReleaseOptions::default().with_description("temperature profiles".to_owned()))
        .with_options(options().with_level(4));
    let manifest = pack(&release, &PackOptions::default().with_jobs(2), folder, watch)?;
    for package in &manifest.packages {
        let from = match package.kind {
            Type::Full => "anything".to_owned(),
            Type::Differential => package.source_versions.join(", "),
        };
        println!("{}: {} bytes, from {from} to {}", package.file, package.size, manifest.version);
    }
    Ok(())
}

/// The fixtures' firmware.
fn firmware(version: u8) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../fixtures/firmware/app-v{version}.bin"))
}

/// Counts stages, and cancels when time is up. The library prints nothing.
struct Watch {
    end: Option<Instant>,
    stages: Mutex<BTreeMap<String, usize>>,
}

impl Watch {
    fn new(time: Option<Duration>) -> Self {
        Self { end: time.map(|time| Instant::now() + time), stages: Mutex::default() }
    }

    fn count(&self, stage: Stage) {
        if let Ok(mut stages) = self.stages.lock() {
            *stages.entry(format!("{stage:?}")).or_default() += 1;
        }
    }

    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }
}

impl Progress for Watch {
    fn begin(&self, stage: Stage, _steps: u64) {
        self.count(stage);
    }

    /// Work ends with [`diff_core::DiffError::Cancelled`] soon after this.
    fn is_cancelled(&self) -> bool {
        self.is_over()
    }
}

impl PackProgress for Watch {
    fn event(&self, event: &Event) {
        match event {
            Event::Stage { stage, .. } => self.count(*stage),
            Event::Finished { package, reused: true, .. } => {
                println!("{}: from an earlier run", package.file)
            }
            _ => {}
        }
    }

    fn is_cancelled(&self) -> bool {
        self.is_over()
    }
}

#[test]
fn the_example_runs_and_can_be_cancelled() {
    let folder = std::env::temp_dir().join(format!("smidgen-example-{}", std::process::id()));
    let over = Watch::new(Some(Duration::ZERO));
    let refused = single(&over).unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(diff_core::DiffError::Cancelled)));
    assert!(matches!(release(&folder, &over), Err(PackError::Cancelled)));
    let patient = Watch::new(None);
    assert!(single(&patient).unwrap() < 1000);
    release(&folder, &patient).unwrap();
    assert!(folder.join("manifest.json").is_file());
    std::fs::remove_dir_all(folder).unwrap();
}

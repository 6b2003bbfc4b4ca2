//! A release from a program of yours: what `smidgen pack` and `smidgen diff` do, with progress and a way to cancel.
//!
//! `cargo run --release -p smidgen-diff --features release --example release -- FOLDER` packs the fixtures' firmware into
//! FOLDER; with a number of seconds after it, it is cancelled then. The next run uses finished packages.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use smidgen_diff::input::{Reading, read};
use smidgen_diff::release::{
    Event, Flattened, PackError, PackOptions, PackProgress, Release, ReleaseOptions, pack,
};
use smidgen_diff::{Identity, Options, Progress, Ram, Stage, diff};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: release FOLDER [SECONDS]")?);
    let seconds: Option<u64> = arguments.next().map(|text| text.parse()).transpose()?;
    let watch = Watch { end: seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds)) };
    match single(&watch) {
        Ok(size) => println!("one package: {size} bytes"),
        Err(error) => println!("one package: {error}"),
    }
    match release(&folder, &watch) {
        Err(PackError::Cancelled) => println!("out of time; run it again, and it goes on"),
        other => other?,
    }
    Ok(())
}

/// One package, in memory: what `smidgen diff` does.
fn single(watch: &Watch) -> Result<usize, Box<dyn Error>> {
    let (base, target) = (std::fs::read(firmware(1))?, std::fs::read(firmware(2))?);
    // Files of any input format; these are plain.
    let (base, target) = (read(&base, &Reading::default())?, read(&target, &Reading::default())?);
    let package = diff(&base.bytes, &target.bytes, &options(), watch)?;
    Ok(package.bytes.len())
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
        println!("{}: {} bytes, from {:?}", package.file, package.size, package.source_versions);
    }
    Ok(())
}

fn options() -> Options {
    let identity = Identity::default().with_product(Some("controller".to_owned()));
    Options::default().with_ram(Ram::Bytes(16 << 10)).with_identity(identity)
}

/// The fixtures' firmware.
fn firmware(version: u8) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../fixtures/firmware/app-v{version}.bin"))
}

/// Prints progress, and cancels when time is up. The library prints nothing.
struct Watch {
    end: Option<Instant>,
}

impl Watch {
    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }
}

impl Progress for Watch {
    fn begin(&self, stage: Stage, _steps: u64) {
        println!("{stage:?}");
    }

    /// Work ends with [`smidgen_diff::DiffError::Cancelled`] soon after this.
    fn is_cancelled(&self) -> bool {
        self.is_over()
    }
}

impl PackProgress for Watch {
    fn event(&self, event: &Event) {
        println!("{event:?}");
    }

    fn is_cancelled(&self) -> bool {
        self.is_over()
    }
}

#[test]
fn the_example_runs_and_can_be_cancelled() {
    let folder = std::env::temp_dir().join(format!("smidgen-example-{}", std::process::id()));
    let over = Watch { end: Some(Instant::now()) };
    let refused = single(&over).unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(smidgen_diff::DiffError::Cancelled)));
    assert!(matches!(release(&folder, &over), Err(PackError::Cancelled)));
    let patient = Watch { end: None };
    assert!(single(&patient).unwrap() < 1000);
    release(&folder, &patient).unwrap();
    assert!(folder.join("manifest.json").is_file());
    std::fs::remove_dir_all(folder).unwrap();
}

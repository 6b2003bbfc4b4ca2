//! How long a restore takes, by the counts of a simulation and the speeds of a device.

use std::time::Duration;

use smidgen_patch::header::PageKind;

use crate::api::{Arch, Core, Device, Work};

/// The processor's clock where none is given, in Hz: an nRF52840's, as are the times of its flash.
const CLOCK: u64 = 64_000_000;
/// An erase of a page.
const ERASE: Duration = Duration::from_millis(85);
/// A write, for each byte.
const WRITE: Duration = Duration::from_nanos(10_250);

/// Instructions of the decoder for each event, reference and byte, and of SHA-256 in software for a byte.
///
/// Fitted to restores of 15 pairs of public firmware for 16 KiB on emulated cores, at opt-level z. Each is within 5 % of what
/// was counted; without it in the fit, within 6 %, but 14 % too short for an FPGA's bitstream. This repository's firmware,
/// which was not in it, comes out 4 to 11 % too long, packages for 4 KiB and 64 KiB at worst 7 % too short.
struct Instructions {
    control: f64,
    unchanged: f64,
    changed: f64,
    literals: f64,
    references: f64,
    found: f64,
    byte: f64,
    hashed: f64,
}

const ARMV6M: Instructions = Instructions {
    control: 456.0,
    unchanged: 2320.0,
    changed: 931.0,
    literals: 1140.0,
    references: 311.0,
    found: 5070.0,
    byte: 2.4,
    hashed: 119.3,
};
const ARMV7M: Instructions = Instructions {
    control: 331.0,
    unchanged: 1230.0,
    changed: 279.0,
    literals: 541.0,
    references: 129.0,
    found: 3780.0,
    byte: 4.1,
    hashed: 62.2,
};
const RISCV32: Instructions = Instructions {
    control: 346.0,
    unchanged: 1590.0,
    changed: 487.0,
    literals: 762.0,
    references: 171.0,
    found: 4120.0,
    byte: 4.9,
    hashed: 90.8,
};

impl Instructions {
    const fn of(core: Core) -> &'static Self {
        match core {
            Core::CortexM0 | Core::CortexM0Plus => &ARMV6M,
            Core::CortexM3 | Core::CortexM4 => &ARMV7M,
            Core::Riscv32 => &RISCV32,
        }
    }

    fn decode(&self, work: &Work, image: u64) -> f64 {
        let Work { control, unchanged, changed, literals, references, found } = *work;
        let counts = [control, unchanged, changed, literals, references, found, image];
        let each = [
            self.control,
            self.unchanged,
            self.changed,
            self.literals,
            self.references,
            self.found,
            self.byte,
        ];
        counts.iter().zip(each).map(|(&count, each)| count as f64 * each).sum()
    }
}

/// What is counted of an update without a loss of power.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) erases: u64,
    pub(super) units: u64,
    /// Bytes of a unit.
    pub(super) unit: u32,
    pub(super) bytes_read: u64,
    /// What the decoder does, where that is known.
    pub(super) work: Option<Work>,
    /// Bytes of the image.
    pub(super) image: u64,
    /// Bytes of which digests are made.
    pub(super) hashed: u64,
}

/// How long the parts of a restore take on a device. They follow each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestoreTime {
    /// Decoding; `None` where it is unknown, as for codec `zstd` and packages whose body cannot be read without a key.
    pub decode: Option<Duration>,
    /// Digests of base, target and body.
    pub hash: Duration,
    /// Erases.
    pub erase: Duration,
    /// Writes.
    pub write: Duration,
    /// Reads, where they are not memory-mapped.
    pub read: Duration,
    /// Keys of the device profile that were absent, and what was taken instead.
    pub assumed: Vec<String>,
}

impl RestoreTime {
    /// All parts together, as far as they are known.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.decode.unwrap_or_default() + self.hash + self.erase + self.write + self.read
    }

    pub(super) fn of(device: &Device, counts: &Counts) -> Self {
        let speed = &device.speed;
        let mut assumed = Vec::new();
        let mut known = |given: Option<Duration>, default: Duration, key: &str| {
            given.unwrap_or_else(|| {
                assumed.push(format!("{key} {default:?}"));
                default
            })
        };
        let erase = known(speed.erase_time, ERASE, "erase-time");
        let write = known(speed.write_time, WRITE.saturating_mul(counts.unit), "write-time");
        let clock = speed.clock.unwrap_or_else(|| {
            assumed.push(format!("clock {}MHz", CLOCK / 1_000_000));
            CLOCK
        });
        let core = speed.core.unwrap_or_else(|| {
            let is_riscv = device.arch == Some(Arch::Only(PageKind::Riscv));
            let core = if is_riscv { Core::Riscv32 } else { Core::CortexM4 };
            assumed.push(format!("core {core}"));
            core
        });
        let cycles = speed.cycles.unwrap_or_else(|| {
            let cycles = core.cycles();
            assumed.push(format!("cycles-per-instruction {}", f64::from(cycles) / 100.0));
            cycles
        });
        let instructions = Instructions::of(core);
        let run =
            |count: f64| Duration::from_secs_f64(count * f64::from(cycles) / 100.0 / clock.max(1) as f64);
        let hashed = if speed.hash_engine { 0 } else { counts.hashed };
        let read = |speed: u64| Duration::from_secs_f64(counts.bytes_read as f64 / speed.max(1) as f64);
        Self {
            decode: counts.work.map(|work| run(instructions.decode(&work, counts.image))),
            hash: run(hashed as f64 * instructions.hashed),
            erase: times(erase, counts.erases),
            write: times(write, counts.units),
            read: speed.read_speed.map_or(Duration::ZERO, read),
            assumed,
        }
    }
}

/// A time that is taken so often.
fn times(time: Duration, count: u64) -> Duration {
    let nanos = time.as_nanos().saturating_mul(count.into());
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

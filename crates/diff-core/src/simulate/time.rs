//! How long a restore takes, by the counts of a simulation and the speeds of a device.

use std::time::Duration;

use crate::api::Device;

/// The processor's clock where none is given, in Hz: an nRF52840's, as are the times of its flash.
const CLOCK: u64 = 64_000_000;
/// An erase of a page.
const ERASE: Duration = Duration::from_millis(85);
/// A write, for each byte.
const WRITE: Duration = Duration::from_nanos(10_250);
/// Cycles of an instruction: loads and taken branches of a Cortex-M take two and more.
const CYCLES: f64 = 1.5;
/// Instructions of the decoder for an event and for a byte, and of SHA-256 in software for a byte. Fitted to the restores
/// of `docs/device-budget.md` on a Cortex-M3: from a quarter too few to half too many, and up to three times too many for
/// packages of a few hundred bytes, where that is less than a second.
const PER_EVENT: u64 = 850;
const PER_BYTE: u64 = 20;
const PER_HASHED: u64 = 62;

/// What is counted of an update without a loss of power.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) erases: u64,
    pub(super) units: u64,
    /// Bytes of a unit.
    pub(super) unit: u32,
    pub(super) bytes_read: u64,
    /// Events of the decoder, where they are known.
    pub(super) events: Option<u64>,
    /// Bytes that go through the decoder: image and body.
    pub(super) decoded: u64,
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
        let run =
            |instructions: u64| Duration::from_secs_f64(instructions as f64 * CYCLES / clock.max(1) as f64);
        let decode = |events: u64| run(events * PER_EVENT + counts.decoded * PER_BYTE);
        let read = |speed: u64| Duration::from_secs_f64(counts.bytes_read as f64 / speed.max(1) as f64);
        Self {
            decode: counts.events.map(decode),
            hash: run(if speed.hash_engine { 0 } else { counts.hashed * PER_HASHED }),
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

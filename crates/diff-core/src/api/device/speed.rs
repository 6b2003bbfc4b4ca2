//! How fast a device is: what a restore takes is estimated from that.

use std::time::Duration;

use crate::settings::{ValueError, by_name, parse_size, setters};

/// How fast a device's processor and flash are. What is absent is not known: estimates say what they take instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Speed {
    /// The processor's core.
    pub core: Option<Core>,
    /// Its clock in Hz.
    pub clock: Option<u64>,
    /// Cycles that a hundred instructions take, where those of the core are not right, as with wait states of flash.
    pub cycles: Option<u32>,
    /// The time to erase a page.
    pub erase_time: Option<Duration>,
    /// The time to write a unit.
    pub write_time: Option<Duration>,
    /// Bytes that are read in a second, where flash is not memory-mapped.
    pub read_speed: Option<u64>,
    /// Whether SHA-256 comes from an engine, and takes no time of its own.
    pub hash_engine: bool,
}

setters!(Speed {
    with_core: core: Option<Core>,
    with_clock: clock: Option<u64>,
    with_cycles: cycles: Option<u32>,
    with_erase_time: erase_time: Option<Duration>,
    with_write_time: write_time: Option<Duration>,
    with_read_speed: read_speed: Option<u64>,
    with_hash_engine: hash_engine: bool,
});

/// Cores that the decoder's instructions were counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Core {
    /// Arm Cortex-M0.
    CortexM0,
    /// Arm Cortex-M0+.
    CortexM0Plus,
    /// Arm Cortex-M3.
    CortexM3,
    /// Arm Cortex-M4, and in instructions later ones.
    CortexM4,
    /// RISC-V of 32 bits with compressed instructions and multiplication.
    Riscv32,
}

by_name!(Core {
    CortexM0 = "cortex-m0",
    CortexM0Plus = "cortex-m0+",
    CortexM3 = "cortex-m3",
    CortexM4 = "cortex-m4",
    Riscv32 = "riscv32",
});

impl Core {
    /// Cycles that a hundred instructions of the decoder take, without wait states. An estimate, not measured on hardware:
    /// two cycles or more for loads, stores and taken branches, for the mix of instructions that was counted.
    pub(crate) const fn cycles(self) -> u32 {
        match self {
            Self::CortexM0 => 165,
            Self::CortexM0Plus => 155,
            Self::CortexM3 | Self::CortexM4 | Self::Riscv32 => 150,
        }
    }
}

/// Cycles of an instruction, as of a hundred.
pub(super) fn parse_cycles(text: &str) -> Result<u32, ValueError> {
    let cycles = parse_quantity(text, &[("", 100.0)]).filter(|cycles| (10.0..=10_000.0).contains(cycles));
    cycles
        .map(|cycles| cycles.round() as u32)
        .ok_or_else(|| expected("a number from 0.1 to 100, such as 1.5"))
}

/// A frequency in Hz: a number, with a unit or without.
pub(super) fn parse_frequency(text: &str) -> Result<u64, ValueError> {
    let units = [("", 1.0), ("hz", 1.0), ("khz", 1e3), ("k", 1e3), ("mhz", 1e6), ("m", 1e6), ("ghz", 1e9)];
    let hertz = parse_quantity(text, &units).filter(|hertz| (1.0..=1e12).contains(hertz));
    hertz.map(|hertz| hertz as u64).ok_or_else(|| expected("a frequency such as 64MHz or 64000000"))
}

/// A time of at most a day: a number with a unit.
pub(super) fn parse_time(text: &str) -> Result<Duration, ValueError> {
    let units = [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)];
    let seconds = parse_quantity(text, &units).filter(|seconds| (0.0..=86_400.0).contains(seconds));
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.ok_or_else(|| expected("a time such as 85ms, 41us or 1.5s"))
}

/// Bytes in a second.
pub(super) fn parse_speed(text: &str) -> Result<u64, ValueError> {
    match parse_size(text)? {
        0 => Err(expected("a speed above 0, such as 4M")),
        speed => Ok(speed),
    }
}

fn parse_quantity(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start().to_lowercase();
    let &(_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<f64>().ok().map(|number| number * factor)
}

fn expected(what: &str) -> ValueError {
    ValueError(format!("expected {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_units() {
        for (text, hertz) in
            [("64MHz", 64_000_000), ("1.5 GHz", 1_500_000_000), ("32768", 32_768), ("8k", 8000)]
        {
            assert_eq!(parse_frequency(text), Ok(hertz), "{text}");
        }
        for (text, nanos) in [("85ms", 85_000_000), ("41us", 41_000), ("1.5s", 1_500_000_000), ("0 ns", 0)] {
            assert_eq!(parse_time(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
        for wrong in ["", "MHz", "64 parsecs", "-1MHz", "0", "1e9", "1.2.3MHz", "9999999GHz", "nan", "inf"] {
            assert!(parse_frequency(wrong).is_err(), "{wrong}");
        }
        assert_eq!(["1.5", "1", "0.755"].map(parse_cycles), [Ok(150), Ok(100), Ok(76)]);
        for wrong in ["", "0", "-1", "1.5 MHz", "101", "x"] {
            assert!(parse_cycles(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "5", "ms", "-1ms", "1e3ms", "90000s", "1.1.1s"] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_speed("4M"), Ok(4 << 20));
        for wrong in ["", "0", "0K", "4MHz"] {
            assert!(parse_speed(wrong).is_err(), "{wrong}");
        }
    }
}

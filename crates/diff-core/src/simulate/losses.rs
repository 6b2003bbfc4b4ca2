//! Where the power is cut: nowhere, at some operations, at all, or at given ones.

use std::str::FromStr;

use smidgen_patch::flash::Cut;

use crate::settings::{ValueError, parse_number, put, put_parsed, setters, settings};

/// Bytes of an interrupted operation that are done: none, one, some, and all but the acknowledgement.
const TORN: [u32; 4] = [0, 1, 21, u32::MAX];
/// Cuts where no number is given.
const DEFAULT_CUTS: u32 = 100;

/// At which erases and writes the power is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cuts {
    /// At none.
    None,
    /// This many, spread evenly over the update, each torn at another place.
    Even(u32),
    /// Every operation, each torn at four places.
    All,
}

/// The losses of power that are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PowerLosses {
    /// At which operations of the update the power is cut.
    pub cuts: Cuts,
    /// How often the power is cut during the recovery from each of them.
    pub again: u32,
    /// Instead of all these, one update that loses power at these operations one after the other, each counted from the
    /// reset before: to repeat what a simulation found.
    pub at: Vec<Cut>,
}

setters!(PowerLosses { with_cuts: cuts: Cuts, with_again: again: u32, with_at: at: Vec<Cut> });

settings! {
    PowerLosses, Some("Losses of power");
    "cuts" "N|all|none": "How often the power is cut: N times, evenly over the update, or at every operation, each torn at \
        four places [default: 100]",
        |losses, text| put(&mut losses.cuts, text);
    "again" "N": "How often the power is cut during the recovery from each cut [default: 1]",
        |losses, text| put_parsed(&mut losses.again, parse_number(text, "a number of cuts, 0 for none"));
    "cut-at" "OPERATION[:BYTES][,...]": "Instead of these, lose power once at an operation, of which BYTES are done; then at \
        the next one, counted from the reset: repeats what a simulation found",
        |losses, text| put_parsed(&mut losses.at, text.split(',').map(parse_cut).collect());
}

impl Default for PowerLosses {
    fn default() -> Self {
        Self { cuts: Cuts::Even(DEFAULT_CUTS), again: 1, at: Vec::new() }
    }
}

impl FromStr for Cuts {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "all" => Ok(Self::All),
            "none" => Ok(Self::None),
            number => parse_number(number, "\"all\", \"none\" or a number of cuts").map(Self::Even),
        }
    }
}

impl Cuts {
    /// The cuts of an update of this many operations, in order.
    pub(super) fn of(self, operations: u64) -> Vec<Cut> {
        let even = |number: u64, count: u64| {
            // The first and the last operation are among them.
            let after = number * operations.saturating_sub(1) / count.saturating_sub(1).max(1);
            // Mixed: erases and writes may alternate as regularly as the cuts.
            let mixed = (number as u32).wrapping_mul(0x9E37_79B1) >> 30;
            Cut { after, torn: TORN[mixed as usize] }
        };
        match self {
            Self::None => Vec::new(),
            Self::Even(count) => {
                let count = u64::from(count).min(operations * TORN.len() as u64);
                (0..count).map(|number| even(number, count)).collect()
            }
            Self::All => (0..operations).flat_map(|after| TORN.map(|torn| Cut { after, torn })).collect(),
        }
    }
}

/// Cuts as [`PowerLosses::at`] takes them by name.
pub(super) fn written(cuts: &[Cut]) -> String {
    let cut = |Cut { after, torn }: &Cut| match torn {
        0 => after.to_string(),
        torn => format!("{after}:{torn}"),
    };
    cuts.iter().map(cut).collect::<Vec<_>>().join(",")
}

fn parse_cut(text: &str) -> Result<Cut, ValueError> {
    let what = "operations with commas between them, each with a colon and the bytes that are done of it if any, such as \
        412:21,3";
    let (after, torn) = text.split_once(':').unwrap_or((text, "0"));
    Ok(Cut { after: parse_number(after, what)?, torn: parse_number(torn, what)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_cuts_reach_from_the_first_operation_to_the_last() {
        let cuts = Cuts::Even(5).of(101);
        assert_eq!(cuts.iter().map(|cut| cut.after).collect::<Vec<_>>(), [0, 25, 50, 75, 100]);
        let torn = |torn| Cuts::Even(400).of(1000).iter().filter(|cut| cut.torn == torn).count();
        assert!(TORN.into_iter().all(|place| (90..110).contains(&torn(place))));
        assert_eq!(Cuts::Even(100).of(3).len(), 12);
        assert!(Cuts::Even(100).of(0).is_empty() && Cuts::Even(0).of(7).is_empty());
        assert_eq!(Cuts::Even(1).of(7), [Cut { after: 0, torn: 0 }]);
        assert_eq!(Cuts::All.of(3).len(), 12);
        assert!(Cuts::None.of(3).is_empty());
    }

    #[test]
    fn cuts_are_read_as_they_are_written() {
        let mut losses = PowerLosses::default();
        let set = |name: &str| {
            use crate::settings::Settings;
            PowerLosses::SETTINGS.iter().find(|setting| setting.name == name).unwrap().set
        };
        for text in ["7", "412:21,3,0:4294967295"] {
            set("cut-at")(&mut losses, text).unwrap();
            assert_eq!(written(&losses.at), text);
        }
        for wrong in ["", "x", "1:", "1,,2", "-1", "1:4294967296"] {
            assert!(set("cut-at")(&mut losses, wrong).is_err(), "{wrong}");
        }
        assert_eq!("all".parse(), Ok(Cuts::All));
        assert_eq!("0".parse(), Ok(Cuts::Even(0)));
        assert!("some".parse::<Cuts>().is_err());
    }
}

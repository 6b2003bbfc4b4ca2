//! Shards: the share of a release's packages that one machine makes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of several shares. Packages are dealt out like cards: shards differ by at most one package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Its number, from 1.
    pub index: u32,
    /// The number of shards.
    pub of: u32,
}

impl Shard {
    /// The whole release.
    pub const WHOLE: Self = Self { index: 1, of: 1 };
    /// The most shards: one for each package of the largest release.
    pub const MOST: u32 = 1000;

    /// Whether the package of this number is part of it.
    #[must_use]
    pub const fn has(self, number: usize) -> bool {
        number as u64 % self.of as u64 == self.index as u64 - 1
    }

    /// Whether the numbers are within bounds.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        1 <= self.index && self.index <= self.of && self.of <= Self::MOST
    }
}

/// `I/N`.
impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers =
            text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((index, of)) if (Self { index, of }).is_valid() => Ok(Self { index, of }),
            _ => Err(format!("expected I/N with I from 1 to N and N at most {}, such as 2/5", Self::MOST)),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_in_one_shard() {
        for of in 1..7 {
            for number in 0..30 {
                let having = (1..=of).filter(|&index| Shard { index, of }.has(number)).count();
                assert_eq!(having, 1);
            }
        }
    }

    #[test]
    fn shards_are_written_with_a_slash() {
        assert_eq!("2/5".parse(), Ok(Shard { index: 2, of: 5 }));
        assert_eq!(Shard { index: 2, of: 5 }.to_string(), "2/5");
        assert_eq!("1000/1000".parse(), Ok(Shard { index: 1000, of: 1000 }));
        for wrong in ["", "2", "0/5", "6/5", "1/0", "-1/2", "1/1001", "1/2/3", "a/b"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}

//! Channels: which pre-releases a device is offered.

use crate::release::version::Version;

/// Which pre-releases are offered. Releases that are none are always offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel<'a> {
    /// None.
    Stable,
    /// All.
    Any,
    /// Those whose first identifier is this, without the digits at its end: `beta` of 2.0.0-beta.1 and 2.0.0-beta1.
    Named(&'a str),
}

impl<'a> Channel<'a> {
    /// The channel of this name: `stable`, `any`, or that of the pre-releases named so.
    #[must_use]
    pub fn of(name: &'a str) -> Self {
        match name {
            "stable" => Self::Stable,
            "any" => Self::Any,
            name => Self::Named(name),
        }
    }

    /// What a device with this version is offered if nothing else is asked for: all pre-releases if it has one itself.
    #[must_use]
    pub fn of_device(version: &str) -> Self {
        if Version::of(version).channel().is_some() { Self::Any } else { Self::Stable }
    }

    /// Whether a release of this version is offered.
    #[must_use]
    pub fn offers(self, version: &str) -> bool {
        let Some(own) = Version::of(version).channel() else { return true };
        match self {
            Self::Stable => false,
            Self::Any => true,
            Self::Named(name) => {
                own.eq_ignore_ascii_case(name)
                    || own.trim_end_matches(|last: char| last.is_ascii_digit()).eq_ignore_ascii_case(name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pre_releases_are_for_those_who_have_or_want_them() {
        let offers = |channel: &str| {
            let versions = ["2.0", "2.1-beta.1", "2.1-beta2", "v2.1-rc.1", "2.1+beta", "beta"];
            let channel = Channel::of(channel);
            versions.map(|version| channel.offers(version))
        };
        assert_eq!(offers("stable"), [true, false, false, false, true, true]);
        assert_eq!(offers("any"), [true; 6]);
        assert_eq!(offers("beta"), [true, true, true, false, true, true]);
        assert_eq!(offers("BETA"), offers("beta"));
        assert_eq!(Channel::of_device("v1.0-rc.1"), Channel::Any);
        for version in ["1.0", "1.0+5", "main-1"] {
            assert_eq!(Channel::of_device(version), Channel::Stable);
        }
    }
}

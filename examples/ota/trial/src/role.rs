//! What happens to a device, and what must become of it.

use service::{Cause, State};

use crate::proxy::Trouble;

/// The versions in the field. The release has no package for the first, which gets the full one; the last two have the
/// same image, and share a package.
pub const VERSIONS: [&str; 4] = ["1.3.0", "1.4.0", "1.4.1", "1.4.1-b"];
pub const TARGET: &str = "1.5.0";
/// The version that nobody made.
pub const UNKNOWN: &str = "9.9.9";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Test,
    Healthy,
    ConnectionLost,
    DamagedOnce,
    DamagedAlways,
    WrongPackage,
    Unreachable,
    BadFlash,
    TooLittleMemory,
    /// kill -9 while the new image is written.
    DiesWriting,
    /// kill -9 again and again, from the download on.
    DiesOften,
    /// Is away when the batch begins, and comes back.
    Away,
    /// Is switched on for the first time when the batches have run for a while.
    New,
    NeverAnswers,
    /// Begins, and then does nothing more.
    Hangs,
    /// No agent at all: reports a version that is neither the old nor the new one.
    ThirdVersion,
}

/// One for each device of a group, in turn; the others are healthy.
const GROUPS: [Role; 14] = [
    Role::ConnectionLost,
    Role::DamagedOnce,
    Role::DamagedAlways,
    Role::WrongPackage,
    Role::Unreachable,
    Role::BadFlash,
    Role::TooLittleMemory,
    Role::DiesWriting,
    Role::DiesOften,
    Role::Away,
    Role::NeverAnswers,
    Role::New,
    Role::Hangs,
    Role::ThirdVersion,
];

impl Role {
    /// The roles of a fleet of so many devices, of which device `n` has version `n % 4`: first two test devices of each
    /// version, then groups with a device of each version. A small fleet has one test device of each, and of each group
    /// one device.
    pub fn of_fleet(devices: usize) -> Vec<Self> {
        let (tests, group) = if devices >= 100 { (8, 4) } else { (4, 1) };
        let groups = GROUPS.iter().flat_map(|&role| std::iter::repeat_n(role, group));
        let roles =
            std::iter::repeat_n(Self::Test, tests).chain(groups).chain(std::iter::repeat(Self::Healthy));
        let roles = roles.take(devices).enumerate();
        // Only dynamic batches take new devices.
        roles
            .map(|(n, role)| if role == Self::New && !is_dynamic(n % 4) { Self::Healthy } else { role })
            .collect()
    }

    pub const fn text(self) -> &'static str {
        match self {
            Self::Test => "is a test device",
            Self::Healthy => "has no trouble",
            Self::ConnectionLost => "loses the connection in the download",
            Self::DamagedOnce => "gets a damaged file, then a right one",
            Self::DamagedAlways => "gets damaged files",
            Self::WrongPackage => "gets a package of another product",
            Self::Unreachable => "cannot reach the server",
            Self::BadFlash => "cannot write its flash",
            Self::TooLittleMemory => "has too little memory",
            Self::DiesWriting => "dies while it writes (kill -9)",
            Self::DiesOften => "dies again and again (kill -9)",
            Self::Away => "is offline, and comes back",
            Self::New => "is new, when the batch runs already",
            Self::NeverAnswers => "never answers",
            Self::Hangs => "hangs when it has begun",
            Self::ThirdVersion => "reports a third version",
        }
    }

    pub const fn trouble(self) -> Option<Trouble> {
        match self {
            Self::ConnectionLost => Some(Trouble::CutOnce(1500)),
            Self::DamagedOnce => Some(Trouble::DamagedOnce),
            Self::DamagedAlways => Some(Trouble::Damaged),
            Self::Unreachable => Some(Trouble::Unreachable),
            Self::DiesOften => Some(Trouble::Slow),
            _ => None,
        }
    }

    /// How slow its flash is: so slow that the trial comes in time, also on a machine that is busy.
    pub const fn page_milliseconds(self) -> u64 {
        match self {
            Self::DiesWriting | Self::DiesOften => 200,
            Self::Hangs => 2000,
            _ => 0,
        }
    }

    /// Whether the trial waits for its next word.
    pub const fn will_answer(self) -> bool {
        !matches!(self, Self::NeverAnswers | Self::Hangs)
    }

    /// What the service must show when nothing moves any more.
    pub fn expected(self) -> State {
        match self {
            Self::DamagedAlways | Self::WrongPackage => State::Failed(Cause::Reported(-3)),
            Self::Unreachable => State::Failed(Cause::Reported(-2)),
            Self::BadFlash => State::Failed(Cause::Reported(-4)),
            Self::TooLittleMemory => State::Failed(Cause::Reported(-1)),
            Self::NeverAnswers => State::Pushed,
            Self::Hangs => State::Failed(Cause::TimeOut),
            Self::ThirdVersion => State::Failed(Cause::OtherVersion(UNKNOWN.to_owned())),
            _ => State::Succeeded,
        }
    }

    /// How often its power must have been lost at least, or one of those devices proves nothing.
    pub const fn expected_deaths(self) -> u32 {
        match self {
            Self::DiesWriting => 1,
            Self::DiesOften => KILLS + 1,
            _ => 0,
        }
    }

    /// How many downloads it must have begun at least.
    pub const fn expected_requests(self) -> u64 {
        match self {
            Self::ConnectionLost | Self::DamagedOnce => 2,
            Self::DamagedAlways => 3,
            _ => 0,
        }
    }

    /// How often it must have been tried again.
    pub const fn expected_retries(self) -> u32 {
        match self {
            Self::DamagedOnce => 1,
            Self::DamagedAlways
            | Self::WrongPackage
            | Self::Unreachable
            | Self::BadFlash
            | Self::TooLittleMemory
            | Self::ThirdVersion => RETRIES,
            _ => 0,
        }
    }
}

/// How often a device that dies again and again does so after the first time.
pub const KILLS: u32 = 10;
/// Of each batch.
pub const RETRIES: u32 = 2;

/// Whether the batch of this version is dynamic.
pub const fn is_dynamic(version: usize) -> bool {
    version == 0 || version == 3
}

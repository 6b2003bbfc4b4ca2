//! How many lanes a body gets: by the device and by how much there is to decode, never by the machine that makes it.

use smidgen_patch::internals::wire::MOST_LANES;

use crate::api::Options;
use crate::encode::{Lanes, Placed};
use crate::images::Images;

/// Images up to this many bytes may be a microcontroller's, whose decoder knows one lane.
const LARGE: usize = 4 << 20;
/// With less memory, decoders have no other threads either.
const LEAST_BUDGET: u64 = 256 << 10;
/// Estimated bytes of a lane's body. What a lane costs is what it has to learn again: two kernels whose packages have 5 and
/// 160 KB would be 18 % and 4 to 6 % larger in lanes, while one of 410 KB is 5 % smaller in four of them.
const LEAST_COST: u64 = 96 << 10;

/// How many lanes there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Division {
    most: usize,
    /// Bytes of body that each must have, as far as that can be estimated.
    least: u64,
}

impl Division {
    pub(super) fn of(options: &Options, size: usize, budget: u64) -> Self {
        let most = match options.lanes {
            _ if options.in_place.is_some() => 1,
            Some(lanes) => return Self { most: lanes.into(), least: 0 },
            None if options.is_for_microcontroller() || size <= LARGE || budget < LEAST_BUDGET => 1,
            None => MOST_LANES,
        };
        Self { most, least: LEAST_COST }
    }

    /// Whether the user wants so many lanes.
    pub(super) const fn is_asked_for(self) -> bool {
        self.least == 0
    }

    /// The lanes of a target that is made of these covers.
    pub(super) fn lanes(self, images: Images, covers: &[Placed]) -> Lanes {
        if self.most > 1 { Lanes::estimated(images, covers, self.most, self.least) } else { Lanes::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Arch, InPlace, Ram};
    use smidgen_patch::header::PageKind;

    /// Microcontrollers get one lane, as their decoders may know no others.
    #[test]
    fn lanes_are_for_large_images_and_machines() {
        let most =
            |options: &Options, size: usize| Division::of(options, size, options.ram.budget(size)).most;
        let auto = Options::default();
        assert_eq!([4 << 20, (4 << 20) + 1, 27_000_000].map(|size| most(&auto, size)), [1, 8, 8]);
        let ram = |bytes| auto.clone().with_ram(Ram::Bytes(bytes));
        assert_eq!([255 << 10, 256 << 10].map(|bytes| most(&ram(bytes), 27_000_000)), [1, 8]);
        assert_eq!(most(&auto.clone().with_arch(Arch::Only(PageKind::Xtensa)), 5_000_000), 1);
        assert_eq!(most(&auto.clone().with_in_place(Some(InPlace::default())), 5_000_000), 1);
        let asked = auto.with_lanes(Some(3));
        assert_eq!((most(&asked, 5000), Division::of(&asked, 5000, 4096).is_asked_for()), (3, true));
        assert_eq!(most(&asked.with_in_place(Some(InPlace::default())), 5000), 1);
    }
}

//! Cuts the power at every flash operation of an update, and again while it recovers.

// Not every set of features needs everything.
#![allow(dead_code)]

use std::cell::RefCell;

use smidgen_patch::flash::{
    AbAreas, AbUpdate, Area, Course, Cut, Flash, FlashBase, FlashRequirements, Geometry, InPlaceAreas,
    InPlaceUpdate, SimulatedDevice, Simulator, Step, Unreadable, cut_power,
};
use smidgen_patch::secrecy::{DecryptionKey, NoKey};
use smidgen_patch::{Anything, Base, Error, Header, Policy, SoftwareSha256};
use testkit::with_workspace;

use crate::common::Golden;

/// Pages and units of real chips, and odd ones, in bytes.
pub const GEOMETRIES: [(u32, u32); 7] =
    [(256, 4), (512, 8), (1024, 2), (2048, 16), (4096, 1), (4096, 64), (768, 48)];

/// What chips differ in, apart from sizes.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What cannot be read.
    pub unreadable: Unreadable,
    /// What erased bytes read as.
    pub erased: u8,
}

/// Everything can be read, and erased bytes read as 0xFF.
pub const PLAIN: Kind = Kind { unreadable: Unreadable::Nothing, erased: 0xFF };

/// Flash with error correction, one that also cannot read what was erased, one that erases to 0.
pub const OTHERS: [Kind; 3] = [
    Kind { unreadable: Unreadable::Torn, ..PLAIN },
    Kind { unreadable: Unreadable::TornOrErased, ..PLAIN },
    Kind { unreadable: Unreadable::Torn, erased: 0 },
];

impl Kind {
    fn chip(self, size: u32, page: u32, write: u32) -> Simulator {
        let mut chip = Simulator::new(Geometry { erased: self.erased, ..Geometry::new(size, page, write) });
        chip.set_unreadable(self.unreadable);
        chip
    }
}

/// An update of one kind, on a chip that holds everything.
pub trait Device {
    /// The chip before the update.
    fn chip(&self) -> Simulator;
    /// Updates until it is ready, as after a reset.
    fn update(&self, chip: &RefCell<Simulator>) -> Result<(), Error> {
        self.update_with_key(chip, NoKey)
    }
    /// The same with a key.
    fn update_with_key(&self, chip: &RefCell<Simulator>, key: impl DecryptionKey) -> Result<(), Error>;
    /// What must hold at any moment.
    fn check_always(&self, chip: &Simulator);
    /// What must hold when the update was ready.
    fn check_ready(&self, chip: &Simulator);
}

/// Which cuts are made.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Of this many operations, one is cut.
    pub stride: u64,
    /// Bytes of the operation that are done.
    pub torn: &'static [u32],
    /// Cuts during the recovery from each, spread evenly.
    pub seconds: u64,
}

/// Every operation, each torn at four places.
pub const EVERY: Plan = Plan { stride: 1, torn: &[0, 1, 21, u32::MAX], seconds: 1 };

/// Whether the long mode is wanted: hours of cuts.
pub fn is_long() -> bool {
    std::env::var_os("SMIDGEN_POWER").is_some_and(|mode| mode == "long")
}

/// The pairs of images in the folder of SMIDGEN_POWER_PAIRS, with their packages of this name: see `.ci/power`.
pub fn pairs(package: &str) -> Vec<Golden> {
    let folder = std::env::var_os("SMIDGEN_POWER_PAIRS").expect("SMIDGEN_POWER_PAIRS is a folder of pairs");
    let mut folders: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let read = |folder: &std::path::Path, name: &str| std::fs::read(folder.join(name)).unwrap();
    let pair = |folder: std::path::PathBuf| Golden {
        name: folder.file_name().unwrap().to_string_lossy().into_owned(),
        base: read(&folder, "old.bin"),
        target: read(&folder, "new.bin"),
        package: read(&folder, package),
        digest: String::new(),
    };
    folders.into_iter().map(pair).collect()
}

/// How many cuts were made, and what the update takes without them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    pub cuts: u64,
    pub operations: u64,
    pub erases: u64,
    pub most_erases: u32,
}

/// Makes the cuts; every one must be survived.
pub fn survive(device: &impl Device, plan: Plan) -> Count {
    let device = Asserted(device);
    let course = Course::of(&device).expect("an update without a loss of power");
    let erases = course.chip.erases();
    let mut count = Count {
        cuts: 0,
        operations: course.chip.operations(),
        erases: erases.iter().map(|&count| u64::from(count)).sum(),
        most_erases: erases.iter().copied().max().unwrap_or(0),
    };
    let places = (0..count.operations).filter(|after| after % plan.stride == 0);
    let cuts: Vec<_> =
        places.flat_map(|after| plan.torn.iter().map(move |&torn| Cut { after, torn })).collect();
    cut_power(&device, &course.operations, &cuts, plan.seconds, |tried| {
        count.cuts += tried.unwrap_or_else(|lost| panic!("{}: {lost:?}", lost.fault));
        true
    });
    assert!(count.cuts >= cuts.len() as u64);
    count
}

/// A device whose every check is an assertion.
struct Asserted<'d, D>(&'d D);

impl<D: Device> SimulatedDevice for Asserted<'_, D> {
    fn chip(&self) -> Simulator {
        self.0.chip()
    }

    fn boot(&self, chip: &RefCell<Simulator>) -> Result<(), Error> {
        self.0.update(chip)
    }

    fn check(&self, chip: &Simulator, ready: bool) -> Result<(), &'static str> {
        self.0.check_always(chip);
        if ready {
            self.0.check_ready(chip);
        }
        Ok(())
    }
}

/// What updates in place with this package take on a chip of such pages and units.
pub fn needed(package: &[u8], page: u32, write: u32) -> FlashRequirements {
    let (header, _) = Header::parse(package).unwrap();
    header.requirements().in_place(&InPlaceAreas::on_chip(Geometry::new(page, page, write))).unwrap()
}

/// A device with two slots, a journal and a place for the package.
pub struct Ab<'a> {
    pub old: &'a [u8],
    pub new: &'a [u8],
    pub package: &'a [u8],
    pub page: u32,
    pub write: u32,
    pub kind: Kind,
    /// Whether the page buffer holds a page.
    pub buffered: bool,
    /// What the other slot holds at first.
    pub other: &'a [u8],
}

impl<'a> Ab<'a> {
    /// With the plainest of chips, and nothing in the other slot.
    pub fn new(golden: &'a Golden, (page, write): (u32, u32)) -> Self {
        let (old, new, package) = (&golden.base[..], &golden.target[..], &golden.package[..]);
        Self { old, new, package, page, write, kind: PLAIN, buffered: true, other: &[] }
    }

    /// Sizes of slots, journal and place for the package.
    pub fn sizes(&self) -> [u32; 3] {
        let whole = |length: usize| (length as u32).next_multiple_of(self.page).max(self.page);
        let needed = needed(self.package, self.page, self.write);
        [whole(self.old.len().max(self.new.len())), needed.journal, whole(self.package.len())]
    }

    /// Where both slots, the journal and the package begin.
    pub fn starts(&self) -> [u32; 4] {
        let [slot, journal, _] = self.sizes();
        [0, slot, 2 * slot, 2 * slot + journal]
    }

    /// Updates with this package, whatever it is.
    pub fn deliver(&self, chip: &RefCell<Simulator>, package: &mut impl Flash) -> Result<(), Error> {
        self.deliver_from(chip, self.base(chip), package, NoKey)
    }

    /// The image that the device runs.
    pub fn base<'c>(&self, chip: &'c RefCell<Simulator>) -> FlashBase<Area<'c, Simulator>> {
        FlashBase { flash: Area::new(chip, 0, self.sizes()[0]), size: self.old.len() as u32 }
    }

    /// The same with another base, and a key.
    pub fn deliver_from(
        &self,
        chip: &RefCell<Simulator>,
        base: impl Base,
        package: &mut impl Flash,
        key: impl DecryptionKey,
    ) -> Result<(), Error> {
        let ([slot, journal, _], starts) = (self.sizes(), self.starts());
        let (slot, journal) = (Area::new(chip, starts[1], slot), Area::new(chip, starts[2], journal));
        let areas = AbAreas { slot, journal };
        let record = if self.write > 64 { self.write } else { 0 };
        let mut buffer = vec![0; (record + if self.buffered { self.page } else { self.write }) as usize];
        with_memory(self.package, |workspace| {
            let mut update = AbUpdate::<_, _, _, SoftwareSha256, _, _>::with_key(
                workspace,
                &mut buffer,
                base,
                areas,
                Anything,
                key,
            )?;
            while update.step(package, 1000)? != Step::Ready {}
            Ok(())
        })
    }
}

/// As much memory as a package needs.
pub fn with_memory<R>(package: &[u8], work: impl FnOnce(&mut [u8]) -> R) -> R {
    let ram = Header::parse(package).map_or(512, |(header, _)| header.ram as usize);
    with_workspace(ram, 0, work)
}

impl Device for Ab<'_> {
    fn chip(&self) -> Simulator {
        let size = self.starts()[3] + self.sizes()[2];
        let mut chip = self.kind.chip(size, self.page, self.write);
        let [old, other, _, package] = self.starts();
        chip.load(old, self.old);
        chip.load(other, self.other);
        chip.load(package, self.package);
        chip
    }

    fn update_with_key(&self, chip: &RefCell<Simulator>, key: impl DecryptionKey) -> Result<(), Error> {
        let mut package = Area::new(chip, self.starts()[3], self.sizes()[2]);
        self.deliver_from(chip, self.base(chip), &mut package, key)
    }

    fn check_always(&self, chip: &Simulator) {
        assert!(chip.memory().starts_with(self.old), "the old image was lost");
        let package = self.starts()[3] as usize;
        assert!(chip.memory()[package..].starts_with(self.package), "the package was lost");
    }

    fn check_ready(&self, chip: &Simulator) {
        let [_, start, ..] = self.starts();
        assert!(chip.memory()[start as usize..].starts_with(self.new), "not the new image");
    }
}

/// A device with one slot, and the other areas of an update in place.
pub struct InPlaceDevice<'a> {
    pub old: &'a [u8],
    pub new: &'a [u8],
    pub package: &'a [u8],
    pub slot: u32,
    pub scratch: u32,
    pub page: u32,
    pub write: u32,
    pub kind: Kind,
}

impl InPlaceDevice<'_> {
    /// Where slot, scratch, journal, state and package begin, and where the package ends.
    pub fn bounds(&self) -> [u32; 6] {
        let needed = needed(self.package, self.page, self.write);
        let package = (self.package.len() as u32).next_multiple_of(self.page);
        let mut bounds = [0; 6];
        for (index, size) in
            [self.slot, self.scratch, needed.journal, needed.state, package].into_iter().enumerate()
        {
            bounds[index + 1] = bounds[index] + size;
        }
        bounds
    }
}

/// Updates in place with a package until it is ready; `buffer` bytes come on top of what the package needs.
pub fn update_in_place<F: Flash, J: Flash>(
    areas: InPlaceAreas<F, J>,
    buffer: usize,
    (package, stored): (&[u8], impl Flash),
    policy: impl Policy,
    key: impl DecryptionKey,
) -> Result<(), Error> {
    let mut buffer = vec![0; buffer];
    with_memory(package, |workspace| {
        let mut update = InPlaceUpdate::<_, _, SoftwareSha256, _, _>::with_key(
            workspace,
            &mut buffer,
            areas,
            stored,
            policy,
            key,
        )?;
        while update.step(1000)? != Step::Ready {}
        Ok(())
    })
}

impl<'a> InPlaceDevice<'a> {
    /// With the plainest of chips.
    pub fn new(golden: &'a Golden, [slot, scratch]: [u32; 2], (page, write): (u32, u32)) -> Self {
        let (old, new, package) = (&golden.base[..], &golden.target[..], &golden.package[..]);
        Self { old, new, package, slot, scratch, page, write, kind: PLAIN }
    }

    /// Updates until it is ready, if the policy allows it.
    pub fn update_with(
        &self,
        chip: &RefCell<Simulator>,
        policy: impl Policy,
        key: impl DecryptionKey,
    ) -> Result<(), Error> {
        let bounds = self.bounds();
        let area = |index: usize| Area::new(chip, bounds[index], bounds[index + 1] - bounds[index]);
        let areas = InPlaceAreas { slot: area(0), scratch: area(1), journal: area(2), state: area(3) };
        update_in_place(
            areas,
            needed(self.package, self.page, self.write).buffer,
            (self.package, area(4)),
            policy,
            key,
        )
    }

    /// How many operations an update takes.
    pub fn operations(&self) -> u64 {
        let chip = RefCell::new(self.chip());
        self.update(&chip).unwrap();
        chip.into_inner().operations()
    }

    /// An update that lost power after `after` operations, with power again.
    pub fn interrupted(&self, after: u64, torn: u32) -> RefCell<Simulator> {
        let mut chip = self.chip();
        chip.cut(Cut { after, torn });
        let chip = RefCell::new(chip);
        self.update(&chip).unwrap_err();
        chip.borrow_mut().reboot();
        chip
    }
}

impl Device for InPlaceDevice<'_> {
    fn chip(&self) -> Simulator {
        let bounds = self.bounds();
        let mut chip = self.kind.chip(bounds[5], self.page, self.write);
        chip.load(0, self.old);
        chip.load(bounds[4], self.package);
        chip
    }

    fn update_with_key(&self, chip: &RefCell<Simulator>, key: impl DecryptionKey) -> Result<(), Error> {
        self.update_with(chip, Anything, key)
    }

    fn check_always(&self, chip: &Simulator) {
        let bounds = self.bounds();
        assert!(chip.memory()[bounds[4] as usize..].starts_with(self.package), "the package was lost");
    }

    fn check_ready(&self, chip: &Simulator) {
        assert!(chip.memory().starts_with(self.new), "not the new image");
    }
}

//! A device that is updated, A/B or in place, on simulated flash of a geometry.

use std::cell::RefCell;
use std::sync::OnceLock;

use smidgen_diff::InPlace;
use smidgen_patch::flash::{
    AbAreas, AbUpdate, Area, Entry, FlashBase, FlashRequirements, Geometry, InPlaceAreas, InPlaceUpdate,
    Journal, Simulator, Step, Unreadable,
};
use smidgen_patch::header::Requirements;
use smidgen_patch::verify::{Ed25519Key, Signed};
use smidgen_patch::{Anything, Error, Header, Policy, SoftwareSha256};
use testkit::{firmware, fixture, with_workspace};

use crate::packages::{Stock, made};
use crate::random::Random;

/// Page and unit in bytes.
const GEOMETRIES: [(u32, u32); 8] =
    [(64, 4), (48, 16), (256, 8), (1024, 2), (4096, 1), (128, 128), (512, 256), (512, 512)];
/// No update takes as many steps.
const STEPS: u32 = 1_000_000;

/// What a device is made for: packages, and flash that they fit.
pub struct Setup {
    pub in_place: bool,
    pub page: u32,
    pub write: u32,
    pub base: Vec<u8>,
    pub target: Vec<u8>,
    /// From base to target.
    pub genuine: Vec<u8>,
    /// From base to target, in another way.
    pub other: Vec<u8>,
    /// From base to something else.
    pub elsewhere: Vec<u8>,
    slot: u32,
    scratch: u32,
    ram: u32,
    key: Ed25519Key,
}

/// How a device of a setup goes about it.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    /// What cannot be read until it is erased, or written.
    pub unreadable: Unreadable,
    /// A/B: the buffer holds a page.
    pub buffered: bool,
    /// Packages must be signed.
    pub signed: bool,
    /// A/B: packages are not stored, but pushed as they arrive.
    pub pushed: bool,
}

impl Mode {
    pub const COUNT: usize = 24;

    pub fn of(number: usize) -> Self {
        let bit = |bit: usize| number >> bit & 1 == 1;
        let unreadable = [Unreadable::Nothing, Unreadable::Torn, Unreadable::TornOrErased][number / 8 % 3];
        Self { unreadable, buffered: bit(0), signed: bit(1), pushed: bit(2) }
    }
}

/// All setups; making them takes a second.
pub fn setups(stock: &Stock) -> &'static [Setup] {
    static SETUPS: OnceLock<Vec<Setup>> = OnceLock::new();
    SETUPS.get_or_init(|| {
        let small = |name: &str| fixture(&format!("packages/small-{name}.bin"));
        let code = |version| firmware(version)[..6000].to_vec();
        let images =
            [(small("base"), small("target")), (small("base"), small("repeats")), (code(1), code(2))];
        let each = images.iter().flat_map(|images| GEOMETRIES.map(|geometry| (images, geometry)));
        let both = each.flat_map(|(images, geometry)| {
            [true, false].map(|in_place| Setup::new(stock, images, geometry, in_place))
        });
        both.collect()
    })
}

impl Setup {
    fn new(stock: &Stock, images: &(Vec<u8>, Vec<u8>), (page, write): (u32, u32), in_place: bool) -> Self {
        let (base, target) = images.clone();
        let slot = (base.len().max(target.len()) as u32).next_multiple_of(page) + page;
        let scratch = 3 * page;
        let flash = in_place.then_some(
            InPlace::default().with_slot(slot).with_page(page).with_write(write).with_scratch(scratch),
        );
        let changed: Vec<u8> = target.iter().map(|byte| byte ^ u8::from(byte % 5 == 0)).collect();
        let genuine = made(&base, &target, 4 << 10, flash);
        let other = made(&base, &target, 5 << 10, flash);
        let elsewhere = made(&base, &changed, 4 << 10, flash);
        let ram =
            [&genuine, &other, &elsewhere].map(|package| Header::parse(package).expect("genuine").0.ram);
        let (ram, key) = (ram.into_iter().max().unwrap_or(0), stock.device_key());
        Self { in_place, page, write, base, target, genuine, other, elsewhere, slot, scratch, ram, key }
    }

    /// Where the slot that is written, scratch or base, journal and state begin, and where all ends.
    fn bounds(&self) -> [u32; 5] {
        let needed = self.needed();
        let second = if self.in_place { self.scratch } else { self.slot };
        let mut bounds = [0; 5];
        for (index, size) in
            [self.slot, second, needed.journal + self.page, needed.state].into_iter().enumerate()
        {
            bounds[index + 1] = bounds[index] + size;
        }
        bounds
    }

    /// What an update takes on top of the workspace.
    fn needed(&self) -> FlashRequirements {
        let geometry = Geometry::new(self.page, self.page, self.write);
        let requirements = Requirements::of_workspace(self.ram);
        let needed = if self.in_place {
            requirements.in_place(&InPlaceAreas::on_chip(geometry))
        } else {
            requirements.ab(&AbAreas::on_chip(geometry))
        };
        needed.expect("sizes that go together")
    }
}

pub struct Device<'s> {
    pub setup: &'s Setup,
    pub mode: Mode,
    pub chip: RefCell<Simulator>,
    bounds: [u32; 5],
}

impl<'s> Device<'s> {
    pub fn new(setup: &'s Setup, mode: Mode) -> Self {
        let bounds = setup.bounds();
        let mut chip = Simulator::new(Geometry::new(bounds[4], setup.page, setup.write));
        chip.set_unreadable(mode.unreadable);
        chip.load(if setup.in_place { 0 } else { bounds[1] }, &setup.base);
        Self { setup, mode, chip: RefCell::new(chip), bounds }
    }

    /// Slot, scratch or base, journal, state.
    pub fn area(&self, index: usize) -> Area<'_, Simulator> {
        Area::new(&self.chip, self.bounds[index], self.bounds[index + 1] - self.bounds[index])
    }

    /// First byte and length of an area.
    pub const fn place(&self, index: usize) -> (u32, u32) {
        (self.bounds[index], self.bounds[index + 1] - self.bounds[index])
    }

    /// The journal's last record.
    pub fn noted(&self) -> Option<Entry> {
        Journal::open(self.area(2)).ok()?.last()
    }

    /// Takes a package as after a reset, until it is ready.
    pub fn deliver(&self, package: &[u8], random: &mut Random) -> Result<(), Error> {
        self.deliver_by(package, *random.pick(&[1, 64, 1000, u32::MAX]))
    }

    /// The same, with a budget for each step.
    pub fn deliver_by(&self, package: &[u8], budget: u32) -> Result<(), Error> {
        if self.mode.signed {
            self.update(package, budget, Signed { keys: &[self.setup.key], policy: Anything })
        } else {
            self.update(package, budget, Anything)
        }
    }

    fn update(&self, package: &[u8], budget: u32, policy: impl Policy) -> Result<(), Error> {
        with_workspace(self.setup.ram as usize, 0, |workspace| {
            if !self.setup.in_place {
                return self.update_other_slot(workspace, package, budget, policy);
            }
            let [slot, scratch, journal, state] = [0, 1, 2, 3].map(|index| self.area(index));
            let areas = InPlaceAreas { slot, scratch, journal, state };
            let mut buffer = vec![0; self.setup.needed().buffer];
            let mut update =
                InPlaceUpdate::<_, _, SoftwareSha256>::new(workspace, &mut buffer, areas, package, policy)?;
            until_ready(|| update.step(budget))
        })
    }

    fn update_other_slot(
        &self,
        workspace: &mut [u8],
        package: &[u8],
        budget: u32,
        policy: impl Policy,
    ) -> Result<(), Error> {
        let base = FlashBase { flash: self.area(1), size: self.setup.base.len() as u32 };
        let whole = self.setup.needed().buffer;
        let least = whole - (self.setup.page - self.setup.write) as usize;
        let mut buffer = vec![0; if self.mode.buffered { whole } else { least }];
        let areas = AbAreas { slot: self.area(0), journal: self.area(2) };
        let mut update =
            AbUpdate::<_, _, _, SoftwareSha256, _>::new(workspace, &mut buffer, base, areas, policy)?;
        if self.mode.pushed {
            package.chunks(budget.min(100) as usize).try_for_each(|piece| update.push(piece).map(drop))?;
            update.end()?;
            return until_ready(|| update.check(budget));
        }
        until_ready(|| update.step(&mut &*package, budget))
    }

    /// What must hold at any moment.
    pub fn check(&self) -> Result<(), String> {
        let chip = self.chip.borrow();
        if chip.violations() > 0 {
            return Err("a rule of flash was broken".to_owned());
        }
        let base =
            self.setup.in_place || chip.memory()[self.bounds[1] as usize..].starts_with(&self.setup.base);
        if base { Ok(()) } else { Err("the base was lost".to_owned()) }
    }

    pub fn has(&self, image: &[u8]) -> bool {
        self.chip.borrow().memory().starts_with(image)
    }
}

fn until_ready(mut step: impl FnMut() -> Result<Step, Error>) -> Result<(), Error> {
    for _ in 0..STEPS {
        if step()? == Step::Ready {
            return Ok(());
        }
    }
    panic!("an update does not end")
}

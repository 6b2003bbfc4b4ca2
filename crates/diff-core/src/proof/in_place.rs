//! Proof of an update in place: the device's own code carries it out on simulated flash, also without power at times.

use std::cell::RefCell;

use smidgen_patch::flash::{Area, Cut, Geometry, InPlaceAreas, InPlaceUpdate, Simulator, Step};
use smidgen_patch::header::InPlacePlan;
use smidgen_patch::{Anything, Error, Header, SoftwareSha256};

use crate::api::InPlace;
use crate::digest::sha256;

/// How often the power is cut, evenly over the update.
const CUTS: u64 = 6;
/// Bytes that are decoded or checked per step.
const BUDGET: u32 = 4096;

/// The most bytes of flash that are simulated where a package decides, and of writes that it may take.
const MOST_FLASH: u64 = 256 << 20;
const MOST_WRITTEN: u64 = 4 << 30;
/// The smallest erase page that is simulated where a package decides.
const LEAST_PAGE: u32 = 64;
/// The longest write of flash whose package does not say.
const WRITE: u32 = 8;

/// Applies a package that is made for it in the slot of its base, on simulated flash: without a disturbance, then with a
/// loss of power now and then. `flash` is the device's; without one, the smallest that the package's plan fits. Returns
/// false for a package that is not in place, or whose plan takes more flash or time than can be simulated.
///
/// An encrypted package must be decrypted before.
///
/// # Errors
/// What the device's update reports; [`Error::TargetDigest`] for another image.
pub fn replay_in_place(base: &[u8], package: &[u8], flash: Option<&InPlace>) -> Result<bool, Error> {
    let (header, extensions, _) = Header::parse_extended(package)?;
    let of_plan = |plan| smallest(&header, plan);
    let flash = match (extensions.in_place, flash) {
        (None, _) => return Ok(false),
        (_, Some(flash)) => Some(*flash),
        (Some(plan), None) => of_plan(plan),
    };
    flash.map_or(Ok(false), |flash| prove_in_place(&flash, base, package).map(|()| true))
}

/// The smallest flash that fits a plan: pages as large as the pieces that it moves have in common.
fn smallest(header: &Header, plan: InPlacePlan) -> Option<InPlace> {
    let page = common_divisor(plan.segment, plan.shift);
    if page < LEAST_PAGE {
        return None;
    }
    let write = common_divisor(page, WRITE);
    let moved = u64::from(plan.shift) + u64::from(header.base_size);
    let slot = moved.max(header.target_size.into()).checked_next_multiple_of(page.into())?;
    let scratch = plan.scratch(header.target_size)?.checked_next_multiple_of(page)?.max(2 * page);
    let segments = u64::from(header.target_size.div_ceil(plan.segment)) + 1;
    // Each segment saves the decoder's state, each page has a record.
    let records = 64 * (slot / u64::from(page) + 2 * segments);
    let written = segments * u64::from(header.ram.max(page)) + records * u64::from(write) + 4 * slot;
    let fits = slot + u64::from(scratch) + 8 * u64::from(page) <= MOST_FLASH && written <= MOST_WRITTEN;
    fits.then_some(InPlace { slot: u32::try_from(slot).ok()?, page, write, scratch })
}

/// The largest number that divides both.
fn common_divisor(one: u32, other: u32) -> u32 {
    if other == 0 { one } else { common_divisor(other, one % other) }
}

/// Updates `base` in place on the flash that the package is for: without a disturbance, then with a loss of power now and
/// then.
pub(crate) fn prove_in_place(flash: &InPlace, base: &[u8], package: &[u8]) -> Result<(), Error> {
    let bench = Bench::new(flash, package)?;
    if base.len() != bench.header.base_size as usize {
        return Err(Error::BaseSize);
    }
    let chip = RefCell::new(bench.chip(base));
    bench.update(&chip)?;
    let operations = chip.borrow().operations();
    bench.check(&chip.borrow())?;
    let chip = RefCell::new(bench.chip(base));
    for cut in 0..CUTS {
        chip.borrow_mut().cut(Cut { after: operations / (CUTS + 1), torn: 7 * cut as u32 });
        if bench.update(&chip).is_ok() {
            break;
        }
        chip.borrow_mut().reboot();
    }
    bench.update(&chip)?;
    bench.check(&chip.borrow())
}

/// A simulated device: slot, scratch, journal and state area, back to back.
struct Bench<'a> {
    package: &'a [u8],
    header: Header,
    geometry: Geometry,
    /// Where the areas begin, and the last one ends.
    bounds: [u32; 5],
    /// Bytes of the update's buffer.
    buffer: usize,
}

impl<'a> Bench<'a> {
    fn new(flash: &InPlace, package: &'a [u8]) -> Result<Self, Error> {
        let (header, _) = Header::parse(package)?;
        let (page, write) = (flash.page, flash.write);
        let whole = |size: u32| size / page * page;
        let areas = InPlaceAreas::on_chip(Geometry::new(page, page, write));
        let needed = header.requirements().in_place(&areas).ok_or(Error::Areas)?;
        let mut bounds = [0; 5];
        let mut end = 0u32;
        for (bound, size) in bounds[1..].iter_mut().zip([
            whole(flash.slot),
            whole(flash.scratch),
            needed.journal,
            needed.state,
        ]) {
            end = end.checked_add(size).ok_or(Error::Areas)?;
            *bound = end;
        }
        Ok(Self { package, header, geometry: Geometry::new(end, page, write), bounds, buffer: needed.buffer })
    }

    fn chip(&self, base: &[u8]) -> Simulator {
        let mut chip = Simulator::new(self.geometry);
        chip.load(0, base);
        chip
    }

    fn update(&self, chip: &RefCell<Simulator>) -> Result<(), Error> {
        let [slot, scratch, journal, state] = [0, 1, 2, 3]
            .map(|area| Area::new(chip, self.bounds[area], self.bounds[area + 1] - self.bounds[area]));
        let areas = InPlaceAreas { slot, scratch, journal, state };
        let mut memory = vec![0; self.header.ram as usize + 3];
        let start = memory.as_ptr().align_offset(4);
        let workspace = &mut memory[start..start + self.header.ram as usize];
        let mut buffer = vec![0; self.buffer];
        let mut update = InPlaceUpdate::<_, _, SoftwareSha256>::new(
            workspace,
            &mut buffer,
            areas,
            self.package,
            Anything,
        )?;
        while update.step(BUDGET)? != Step::Ready {}
        Ok(())
    }

    /// The slot must hold the target, and no rule of flash may have been broken.
    fn check(&self, chip: &Simulator) -> Result<(), Error> {
        let target = chip.memory().get(..self.header.target_size as usize).ok_or(Error::TargetRead)?;
        let right = sha256(target) == self.header.target_digest && chip.violations() == 0;
        if right { Ok(()) } else { Err(Error::TargetDigest) }
    }
}

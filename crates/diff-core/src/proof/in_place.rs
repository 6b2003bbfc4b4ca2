//! Proof of an update in place: the device's own code carries it out on simulated flash, also without power at times.

use std::cell::RefCell;

use smidgen_patch::flash::{Area, Cut, Geometry, InPlaceAreas, InPlaceUpdate, Simulator, Step};
use smidgen_patch::{Anything, Error, Header, SoftwareSha256};

use crate::api::InPlace;
use crate::images::Images;

/// How often the power is cut, evenly over the update.
const CUTS: u64 = 6;
/// Bytes that are decoded or checked per step.
const BUDGET: u32 = 4096;

/// Updates `base` to `target` in place on the flash that the package is for: without a disturbance, then with a loss of
/// power now and then.
pub(crate) fn prove_in_place(
    flash: &InPlace,
    Images { base, target }: Images,
    package: &[u8],
) -> Result<(), Error> {
    let bench = Bench::new(flash, package)?;
    let chip = RefCell::new(bench.chip(base));
    bench.update(&chip)?;
    let operations = chip.borrow().operations();
    bench.compare(&chip.borrow(), target)?;
    let chip = RefCell::new(bench.chip(base));
    for cut in 0..CUTS {
        chip.borrow_mut().cut(Cut { after: operations / (CUTS + 1), torn: 7 * cut as u32 });
        if bench.update(&chip).is_ok() {
            break;
        }
        chip.borrow_mut().reboot();
    }
    bench.update(&chip)?;
    bench.compare(&chip.borrow(), target)
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

    fn compare(&self, chip: &Simulator, target: &[u8]) -> Result<(), Error> {
        let right = chip.memory().starts_with(target) && chip.violations() == 0;
        if right { Ok(()) } else { Err(Error::TargetDigest) }
    }
}

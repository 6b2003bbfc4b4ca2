//! An update whose flash loses power as often as the fuel lasts, and that is given damaged packages in between: it ends
//! with the exact image, and never before.
#![no_main]

use std::cell::RefCell;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use patch_nostd::flash::{
    AbAreas, AbUpdate, Area, Cut, FlashRequirements, Geometry, InPlaceAreas, InPlaceUpdate, Simulator, Step,
    Unreadable,
};
use patch_nostd::{Anything, Error, Header, SoftwareSha256};

/// A package that was made for this slot and this scratch area, and its images.
const PACKAGE: &[u8] = include_bytes!("../../fixtures/packages/small-in-place.smdg");
const OLD: &[u8] = include_bytes!("../../fixtures/packages/small-base.bin");
const NEW: &[u8] = include_bytes!("../../fixtures/packages/small-target.bin");
const SLOT: u32 = 1024;
const SCRATCH: u32 = 256;
const PAGE: u32 = 64;

#[derive(Arbitrary, Debug)]
struct Input {
    in_place: bool,
    /// Base-2 logarithm of the write size.
    write: u8,
    budget: u16,
    unreadable: u8,
    /// Each: operations until the power goes, and bytes of the next one that are done. The last ones' sum is the fuel.
    cuts: Vec<(u16, u8)>,
    /// A/B: a byte of the package, before each cut.
    damage: Vec<(u16, u8)>,
}

fuzz_target!(|input: Input| {
    let write = 1 << (input.write % 7);
    let (header, _) = Header::parse(PACKAGE).unwrap();
    let areas = InPlaceAreas::on_chip(Geometry::new(PAGE, PAGE, write));
    let FlashRequirements { journal, state, .. } = header.requirements().in_place(&areas).unwrap();
    let size = 2 * SLOT + SCRATCH + journal + state;
    let mut chip = Simulator::new(Geometry::new(size, PAGE, write));
    let unreadable = [Unreadable::Nothing, Unreadable::Torn, Unreadable::TornOrErased];
    chip.set_unreadable(unreadable[usize::from(input.unreadable) % unreadable.len()]);
    chip.load(0, OLD);
    let device =
        Device { chip: RefCell::new(chip), journal, state, in_place: input.in_place, budget: input.budget };
    let mut damage = input.damage.iter();
    for &(after, torn) in &input.cuts {
        let mut package = PACKAGE.to_vec();
        // In place, what is stored is all there is.
        if let Some(&(place, byte)) = damage.next().filter(|_| !input.in_place) {
            let place = usize::from(place) % package.len();
            package[place] = byte;
        }
        device.chip.borrow_mut().cut(Cut { after: after.into(), torn: torn.into() });
        let end = device.update(&package);
        assert!(package != PACKAGE || device.chip.borrow().is_on() == end.is_ok(), "{end:?}");
        device.chip.borrow_mut().reboot();
    }
    device.update(PACKAGE).or_else(|_| device.update(PACKAGE)).unwrap();
    let chip = device.chip.borrow();
    let start = if input.in_place { 0 } else { SLOT as usize };
    assert!(chip.memory()[start..].starts_with(NEW) && chip.violations() == 0);
    assert!(input.in_place || chip.memory().starts_with(OLD));
});

struct Device {
    chip: RefCell<Simulator>,
    journal: u32,
    state: u32,
    in_place: bool,
    budget: u16,
}

impl Device {
    fn update(&self, package: &[u8]) -> Result<(), Error> {
        let ram = Header::parse(PACKAGE)?.0.ram as usize;
        let mut memory = vec![0; ram + 7];
        let start = memory.as_ptr().align_offset(8);
        let workspace = &mut memory[start..start + ram];
        let area = |start, size| Area::new(&self.chip, start, size);
        let rest = 2 * SLOT + SCRATCH;
        let journal = area(rest, self.journal);
        if self.in_place {
            let (slot, scratch) = (area(0, SLOT), area(2 * SLOT, SCRATCH));
            let state = area(rest + self.journal, self.state);
            let areas = InPlaceAreas { slot, scratch, journal, state };
            let mut buffer = [0; 256];
            let mut update =
                InPlaceUpdate::<_, _, SoftwareSha256>::new(workspace, &mut buffer, areas, package, Anything)?;
            while update.step(self.budget.into())? != Step::Ready {}
        } else {
            let mut buffer = [0; PAGE as usize];
            let areas = AbAreas { slot: area(SLOT, SLOT), journal };
            let mut update =
                AbUpdate::<_, _, _, SoftwareSha256, _>::new(workspace, &mut buffer, OLD, areas, Anything)?;
            while update.step(&mut &*package, self.budget.into())? != Step::Ready {}
        }
        Ok(())
    }
}

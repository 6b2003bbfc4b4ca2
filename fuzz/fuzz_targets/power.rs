//! An update whose flash loses power as often as the fuel lasts: it ends with the exact image, and never before.
#![no_main]

use std::cell::RefCell;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use patch_nostd::flash::{
    AbUpdate, Area, Cut, Geometry, IN_PLACE_BUFFER, InPlaceAreas, InPlaceUpdate, Simulator, Step, Unreadable,
    state_area,
};
use patch_nostd::{Anything, Error, Header, SoftwareSha256};

/// A package that was made for this slot and this scratch area, and its images.
const PACKAGE: &[u8] = include_bytes!("../../fixtures/packages/small-in-place.smdg");
const OLD: &[u8] = include_bytes!("../../fixtures/packages/small-base.bin");
const NEW: &[u8] = include_bytes!("../../fixtures/packages/small-target.bin");
const SLOT: u32 = 1024;
const SCRATCH: u32 = 256;
const PAGE: u32 = 64;
/// With the longest units, a page has room for one copy of a record.
const JOURNAL: u32 = 4 * PAGE;

#[derive(Arbitrary, Debug)]
struct Input {
    in_place: bool,
    /// Base-2 logarithm of the write size.
    write: u8,
    /// What cannot be read, and whether flash is erased to zero.
    kind: (u8, bool),
    budget: u16,
    /// Each: operations until the power goes, and bytes of the next one that are done. The last ones' sum is the fuel.
    cuts: Vec<(u16, u8)>,
}

fuzz_target!(|input: Input| {
    let write = 1 << (input.write % 7);
    let state = Header::parse(PACKAGE).ok().and_then(|(header, _)| state_area(&header, PAGE)).unwrap();
    let size = 2 * SLOT + SCRATCH + JOURNAL + state;
    let erased = if input.kind.1 { 0 } else { 0xFF };
    let mut chip = Simulator::new(Geometry { erased, ..Geometry::new(size, PAGE, write) });
    chip.set_unreadable(match input.kind.0 % 3 {
        0 => Unreadable::Nothing,
        1 => Unreadable::Torn,
        _ => Unreadable::TornOrErased,
    });
    chip.load(0, OLD);
    let chip = RefCell::new(chip);
    for &(after, torn) in &input.cuts {
        chip.borrow_mut().cut(Cut { after: after.into(), torn: torn.into() });
        let end = update(&chip, &input, state);
        assert_eq!(chip.borrow().is_on(), end.is_ok(), "{end:?}");
        chip.borrow_mut().reboot();
    }
    update(&chip, &input, state).unwrap();
    let chip = chip.borrow();
    let start = if input.in_place { 0 } else { SLOT as usize };
    assert!(chip.memory()[start..].starts_with(NEW) && chip.violations() == 0);
    assert!(input.in_place || chip.memory().starts_with(OLD));
});

fn update(chip: &RefCell<Simulator>, input: &Input, state: u32) -> Result<(), Error> {
    let ram = Header::parse(PACKAGE)?.0.ram as usize;
    let mut memory = vec![0; ram + 3];
    let start = memory.as_ptr().align_offset(4);
    let workspace = &mut memory[start..start + ram];
    let budget = u32::from(input.budget);
    let rest = 2 * SLOT + SCRATCH;
    let (slot, journal) = (Area::new(chip, 0, SLOT), Area::new(chip, rest, JOURNAL));
    if input.in_place {
        let (scratch, state) = (Area::new(chip, 2 * SLOT, SCRATCH), Area::new(chip, rest + JOURNAL, state));
        let areas = InPlaceAreas { slot, scratch, journal, state };
        let mut buffer = [0; IN_PLACE_BUFFER];
        let mut update =
            InPlaceUpdate::<_, _, SoftwareSha256>::new(workspace, &mut buffer, areas, PACKAGE, Anything)?;
        while update.step(budget)? != Step::Ready {}
    } else {
        let mut buffer = [0; PAGE as usize];
        let areas = (Area::new(chip, SLOT, SLOT), journal);
        let mut update = AbUpdate::<_, _, _, SoftwareSha256, _>::new(workspace, &mut buffer, OLD, areas, Anything)?;
        while update.step(&mut &PACKAGE[..], budget)? != Step::Ready {}
    }
    Ok(())
}

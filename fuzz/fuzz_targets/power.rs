//! An update whose flash loses power as often as the fuel lasts, and that is given damaged packages in between: it ends
//! with the exact image, and never before.
#![no_main]

use std::sync::OnceLock;

use arbitrary::Arbitrary;
use attack::device::{Device, Mode, setups};
use attack::packages::Stock;
use libfuzzer_sys::fuzz_target;
use smidgen_patch::flash::Cut;

#[derive(Arbitrary, Debug)]
struct Input {
    /// Images, geometry of the flash, A/B or in place.
    setup: u8,
    /// What of the flash cannot be read, the buffer, signatures.
    mode: u8,
    budget: u16,
    /// Each: operations until the power goes, and bytes of the next one that are done. The last ones' sum is the fuel.
    cuts: Vec<(u16, u16)>,
    /// A/B: a byte of the package, before each cut.
    damage: Vec<(u16, u8)>,
}

fuzz_target!(|input: Input| {
    static STOCK: OnceLock<Stock> = OnceLock::new();
    let stock = STOCK.get_or_init(Stock::default);
    let setups = setups(stock);
    let setup = &setups[usize::from(input.setup) % setups.len()];
    let mode = Mode::of(usize::from(input.mode) % Mode::COUNT);
    let device = Device::new(setup, mode);
    let genuine = if mode.signed { stock.signed(&setup.genuine) } else { setup.genuine.clone() };
    // In a step that may do nothing, nothing ends.
    let budget = u32::from(input.budget).max(1);
    let mut damage = input.damage.iter();
    for &(after, torn) in &input.cuts {
        let mut package = genuine.clone();
        // In place, what is stored is all there is.
        if let Some(&(place, byte)) = damage.next().filter(|_| !setup.in_place) {
            let place = usize::from(place) % package.len();
            package[place] = byte;
        }
        device.chip.borrow_mut().cut(Cut { after: after.into(), torn: torn.into() });
        let end = device.deliver_by(&package, budget);
        assert!(
            package != genuine || device.chip.borrow().is_on() == end.is_ok() || !mode.buffered,
            "{end:?}"
        );
        device.chip.borrow_mut().reboot();
        device.check().expect("flash and base are whole");
    }
    // With a buffer smaller than a page, an attempt may find that a page is wrong when its beginning is gone.
    let attempts = if mode.buffered { 2 } else { 2 + input.cuts.len() };
    assert!((0..attempts).any(|_| device.deliver_by(&genuine, budget).is_ok()), "lost");
    device.check().expect("flash and base are whole");
    assert!(device.has(&setup.target));
});

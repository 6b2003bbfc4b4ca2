//! Whatever can be known before the first erase is checked before it: every error that does not come from flash leaves
//! it untouched.

use std::cell::RefCell;

use crate::common::{Golden, named, with_workspace};
use crate::power::{Device as _, InPlaceDevice};
use smidgen_patch::flash::{
    AbAreas, AbUpdate, Area, Geometry, InPlaceAreas, InPlaceUpdate, Simulator, Step, has_begun,
};
use smidgen_patch::{Anything, Device, Error, SoftwareSha256, Workspace};

/// Bytes of the buffer of an update in place where units are short.
const BUFFER: usize = 256;
const PAGE: u32 = 64;

/// What is wrong with a device, or with what it is given.
#[derive(Clone)]
struct Case<'a> {
    /// Bytes that slot, scratch, journal, state are short.
    short: [u32; 4],
    /// Bytes that the workspace is short, and off a multiple of four.
    workspace: (usize, usize),
    buffer: usize,
    base: &'a [u8],
    package: &'a [u8],
    device: Device<'a>,
}

/// Nothing is wrong.
fn right<'a>(golden: &'a Golden) -> Case<'a> {
    Case {
        short: [0; 4],
        workspace: (0, 0),
        buffer: BUFFER,
        base: &golden.base,
        package: &golden.package,
        device: Device::default(),
    }
}

/// Updates in place, and says how many operations that took.
fn in_place(golden: &Golden, case: &Case<'_>) -> (Result<(), Error>, u64) {
    let header = golden.header();
    let areas = InPlaceAreas::on_chip(Geometry::new(PAGE, PAGE, 4));
    let needed = header.requirements().in_place(&areas).unwrap();
    assert_eq!(needed.buffer, BUFFER);
    let sizes = [1024, 256, needed.journal, needed.state];
    let starts = [0, 1024, 1280, 1280 + sizes[2]];
    let mut chip = Simulator::new(Geometry::new(starts[3] + sizes[3], PAGE, 4));
    chip.load(0, case.base);
    let chip = RefCell::new(chip);
    let area = |index: usize| Area::new(&chip, starts[index], sizes[index] - case.short[index]);
    let areas = InPlaceAreas { slot: area(0), scratch: area(1), journal: area(2), state: area(3) };
    let mut buffer = vec![0; case.buffer];
    let ram = header.ram as usize;
    let result = with_workspace(|memory| {
        let (short, off) = case.workspace;
        let workspace = &mut memory[off..off + ram - short];
        let (package, device) = (case.package, case.device);
        let mut update =
            InPlaceUpdate::<_, _, SoftwareSha256>::new(workspace, &mut buffer, areas, package, device)?;
        while update.step(1000)? != Step::Ready {}
        Ok(())
    });
    let operations = chip.borrow().operations();
    (result, operations)
}

/// The same into another slot; only the first and the third area are asked about.
fn ab(golden: &Golden, case: &Case<'_>) -> (Result<(), Error>, u64) {
    let slot = (golden.target.len() as u32).next_multiple_of(PAGE);
    let areas = AbAreas::on_chip(Geometry::new(PAGE, PAGE, 4));
    let journal = golden.header().requirements().ab(&areas).unwrap().journal;
    let chip = RefCell::new(Simulator::new(Geometry::new(slot + journal, PAGE, 4)));
    let areas = AbAreas {
        slot: Area::new(&chip, 0, slot - case.short[0]),
        journal: Area::new(&chip, slot, journal - case.short[2]),
    };
    let mut buffer = vec![0; case.buffer];
    let ram = golden.header().ram as usize;
    let result = with_workspace(|memory| {
        let (short, off) = case.workspace;
        let workspace = &mut memory[off..off + ram - short];
        let mut update = AbUpdate::<_, _, _, SoftwareSha256, _>::new(
            workspace,
            &mut buffer,
            case.base,
            areas,
            case.device,
        )?;
        while update.step(&mut &*case.package, 1000)? != Step::Ready {}
        Ok(())
    });
    let operations = chip.borrow().operations();
    (result, operations)
}

/// What is wrong for both kinds of updates.
fn cases<'a>(golden: &'a Golden, other: &'a [u8]) -> Vec<(Case<'a>, Error)> {
    let right = right(golden);
    let device = Device::default();
    vec![
        (Case { workspace: (4, 0), ..right.clone() }, Error::WorkspaceTooSmall),
        (Case { workspace: (256, 0), ..right.clone() }, Error::WorkspaceTooSmall),
        (Case { workspace: (0, 1), ..right.clone() }, Error::WorkspaceMisaligned),
        (Case { workspace: (0, 2), ..right.clone() }, Error::WorkspaceMisaligned),
        (Case { short: [4 * PAGE, 0, 0, 0], ..right.clone() }, Error::SlotSize),
        (Case { short: [0, 0, PAGE, 0], ..right.clone() }, Error::Areas),
        (Case { buffer: 3, ..right.clone() }, Error::WorkspaceTooSmall),
        (Case { base: other, ..right.clone() }, Error::BaseDigest),
        (Case { device: Device { product: Some("another"), ..device }, ..right.clone() }, Error::Product),
        (Case { device: Device { module: Some("another"), ..device }, ..right.clone() }, Error::Module),
        (Case { device: Device { version: Some("9.9"), ..device }, ..right.clone() }, Error::Version),
        (
            Case { device: Device { rollback_counter: 1 << 30, ..device }, ..right.clone() },
            Error::RollbackCounter,
        ),
        (Case { device: Device { slot_size: Some(1), ..device }, ..right.clone() }, Error::SlotSize),
    ]
}

#[test]
fn errors_that_do_not_come_from_flash_leave_a_slot_untouched() {
    let golden = named("small");
    let mut other = golden.base.clone();
    other[golden.base.len() / 2] ^= 1;
    assert_eq!(ab(&golden, &right(&golden)).0, Ok(()));
    for (case, error) in cases(&golden, &other) {
        assert_eq!(ab(&golden, &case), (Err(error), 0));
    }
    for bit in 0..8 * golden.body_start() {
        let mut package = golden.package.clone();
        package[bit / 8] ^= 1 << (bit % 8);
        let (result, operations) = ab(&golden, &Case { package: &package, ..right(&golden) });
        assert!(result.is_err() && operations == 0, "bit {bit}: {result:?}, {operations}");
    }
}

#[test]
fn errors_that_do_not_come_from_flash_leave_the_only_image_untouched() {
    let golden = named("small-in-place");
    let mut other = golden.base.clone();
    other[golden.base.len() / 2] ^= 1;
    let (result, operations) = in_place(&golden, &right(&golden));
    assert!(result == Ok(()) && operations > 50);
    let more = [
        (Case { short: [0, PAGE, 0, 0], ..right(&golden) }, Error::Areas),
        (Case { short: [0, 0, 0, PAGE], ..right(&golden) }, Error::Areas),
        (Case { buffer: BUFFER - 1, ..right(&golden) }, Error::WorkspaceTooSmall),
    ];
    for (case, error) in cases(&golden, &other).into_iter().chain(more) {
        assert_eq!(in_place(&golden, &case), (Err(error), 0));
    }
    // Each bit of the package, and each beginning of it.
    for bit in 0..8 * golden.package.len() {
        let mut package = golden.package.clone();
        package[bit / 8] ^= 1 << (bit % 8);
        let (result, operations) = in_place(&golden, &Case { package: &package, ..right(&golden) });
        assert!(result.is_err() && operations == 0, "bit {bit}: {result:?}, {operations}");
    }
    for length in 0..golden.package.len() {
        let package = &golden.package[..length];
        let (result, operations) = in_place(&golden, &Case { package, ..right(&golden) });
        assert!(result.is_err() && operations == 0, "{length} bytes: {result:?}, {operations}");
    }
    let two_slots = named("small");
    let case = Case { package: &two_slots.package, ..right(&golden) };
    assert_eq!(in_place(&golden, &case), (Err(Error::NotInPlace), 0));
}

/// A plan with another codec, or without the digest of the body.
#[cfg(feature = "encode")]
#[test]
fn a_plan_needs_the_codec_and_the_digest_of_the_body() {
    let golden = named("small-in-place");
    use smidgen_patch::Header;
    let (_, extensions, _) = Header::parse_extended(&golden.package).unwrap();
    for name in ["small-zstd-digests", "small"] {
        let other = named(name);
        let Ok((header, body)) = Header::parse(&other.package) else { continue };
        let mut package = header.to_bytes_with(&extensions);
        package.extend_from_slice(&other.package[body..]);
        let case = Case { package: &package, ..right(&golden) };
        assert_eq!(in_place(&golden, &case), (Err(Error::NotInPlace), 0), "{name}");
    }
}

/// Its body would make an expanded form where the image belongs, and the only image would be lost.
#[cfg(feature = "encode")]
#[test]
fn a_plan_with_a_container_is_refused() {
    let golden = named("small-in-place");
    use smidgen_patch::Header;
    let (header, mut extensions, length) = Header::parse_extended(&golden.package).unwrap();
    extensions.container = Some(&[1, 2, 3]);
    let mut package = header.to_bytes_with(&extensions);
    package.extend_from_slice(&golden.package[length..]);
    let case = Case { package: &package, ..right(&golden) };
    assert_eq!(in_place(&golden, &case), (Err(Error::Container), 0));
}

/// Only an update with the same package leads out, and a boot loader can ask.
#[test]
fn a_begun_update_is_known_when_another_package_is_stored() {
    let [golden, other] = ["firmware-v1-v3-in-place", "firmware-v3-v1-in-place"].map(named);
    let (page, write) = (2048, 8);
    let device = InPlaceDevice::new(&golden, [40960, 8192], (page, write));
    let [_, start, journal, state, _, _] = device.bounds();
    fn area(chip: &RefCell<Simulator>, from: u32, to: u32) -> Area<'_, Simulator> {
        Area::new(chip, from, to - from)
    }
    let begun = |chip: &RefCell<Simulator>| has_begun(area(chip, journal, state));
    let whole = RefCell::new(device.chip());
    device.update(&whole).unwrap();
    assert_eq!(begun(&whole), Ok(false), "it is ready");
    for after in [20, 300, whole.borrow().operations() * 3 / 4] {
        assert_eq!(begun(&RefCell::new(device.chip())), Ok(false));
        let chip = device.interrupted(after, 1);
        let operations = chip.borrow().operations();
        assert_eq!(begun(&chip), Ok(true));
        // Its update does not begin, and says all the same that the slot must not be started.
        let states = RefCell::new(Simulator::new(Geometry::new(64 << 10, page, write)));
        let areas = InPlaceAreas {
            slot: area(&chip, 0, start),
            scratch: area(&chip, start, journal),
            journal: area(&chip, journal, state),
            state: area(&states, 0, 64 << 10),
        };
        with_workspace(|workspace| {
            let mut buffer = [0; BUFFER];
            let mut update = InPlaceUpdate::<_, _, SoftwareSha256>::new(
                workspace,
                &mut buffer,
                areas,
                &other.package[..],
                Anything,
            )
            .unwrap();
            assert!(update.has_begun());
            let mut steps = (0..1000).map(|_| update.step(1000));
            assert_eq!(steps.find_map(Result::err), Some(Error::BaseDigest));
            assert!(update.has_begun());
        });
        assert_eq!(chip.borrow().operations(), operations);
        assert_eq!(device.update(&chip), Ok(()));
        assert_eq!(begun(&chip), Ok(false));
    }
}

#[test]
fn a_workspace_of_its_own_type_is_aligned() {
    let golden = named("small-least-memory");
    let mut memory = Workspace::<{ 128 << 10 }>::new();
    let mut image = vec![0; golden.target.len()];
    let target = smidgen_patch::SliceTarget::new(&mut image);
    let mut patcher = smidgen_patch::Patcher::new(&mut memory, &golden.base[..], target);
    patcher.push(&golden.package).unwrap();
    patcher.complete().unwrap();
    assert!(image == golden.target);
}

//! Code of processors that have no kind of their own: its forms are found, described in the header, and worth it.

use crate::common::{Pieces, covers, restore, round_trip};
use proptest::prelude::*;
use smidgen_diff::{Arch, Options};
use smidgen_patch::header::{
    ByteOrder, Description, Forms, MAX_FORMS, ModelSize, PageKind, Part, Reach, Tuning,
};
use testkit::strange::{BL, CALL, Call, JAL, StrangeProgram};
use testkit::{Choice, noise};

#[test]
fn calls_are_found_and_described() {
    // Opcode, byte order, where the image runs, and where that is found to be: absolute calls say so.
    let processors: [(Call, u32, ByteOrder, u32, Option<u32>); 3] = [
        (JAL, 0x0C00_0000, ByteOrder::Big, 0x0010_0000, Some(0x0010_0000)),
        (BL, 0x4800_0001, ByteOrder::Big, 0x0010_0000, None),
        (CALL, 0x940E_0000, ByteOrder::Halves, 0, Some(0)),
    ];
    for (call, opcode, order, address, found) in processors {
        let (old, new) = (StrangeProgram::OLD.link(address, call), StrangeProgram::NEW.link(address, call));
        let package = round_trip(&old, &new, &Options::default());
        let plain = round_trip(&old, &new, &Options::default().with_arch(Arch::None));
        let forms = package.header.forms;
        assert!(package.header.kinds.as_slice().contains(&PageKind::Described), "{opcode:x}");
        let is_call = |form: &&Description| form.order == order && opcode & form.mask == form.value;
        assert!(forms.as_slice().iter().any(|form| is_call(&form)), "{opcode:x}: {forms:x?}");
        assert!(found.is_none_or(|address| package.header.base_address == address), "{opcode:x}");
        let [described, plain] = [&package, &plain].map(|package| package.bytes.len());
        assert!(described * 2 < plain, "{opcode:x}: {described} bytes, without references {plain}");
    }
}

#[test]
fn what_is_known_is_not_described() {
    let changed = [&noise(40_000, 256, 1)[..], &noise(50, 256, 2), &noise(40_000, 256, 3)].concat();
    let base = [noise(40_000, 256, 1), noise(40_000, 256, 3)].concat();
    let package = round_trip(&base, &changed, &Options::default());
    assert_eq!(package.header.forms, Forms::NONE);
    let plain = round_trip(
        &StrangeProgram::OLD.link(0, JAL),
        &StrangeProgram::NEW.link(0, JAL),
        &Options::default().with_arch(Arch::Only(PageKind::POINTERS)),
    );
    assert_eq!(plain.header.forms, Forms::NONE);
}

/// Forms of all lengths, orders and reaches, with operands in several parts.
fn form() -> impl Strategy<Value = Description> {
    let numbers = (2..=4u8, 0..3usize, 0..3usize, 0..3u8, 0..4u8, 0..16u8, any::<bool>());
    (numbers, 1..9u8, 1..9u8, any::<[bool; 2]>()).prop_map(|(numbers, first, second, [swapped, strict])| {
        let (length, order, reach, log, scale, ahead, relative) = numbers;
        let order = [ByteOrder::Little, ByteOrder::Big, ByteOrder::Halves]
            [if length == 4 { order } else { order % 2 }];
        let mut parts = [Part { low: 8 * length - first, bits: first }, Part { low: 0, bits: second.min(8) }];
        if swapped {
            parts.reverse();
        }
        Description {
            length,
            order,
            alignment: 1 << log,
            reach: [Reach::Pointer, Reach::Far, Reach::Near][reach],
            relative,
            scale,
            ahead,
            mask: if strict { 0x300 } else { 0 },
            value: if strict { 0x100 } else { 0 },
            parts: [parts[0], parts[1], Part::default(), Part::default()],
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_forms_come_back(
        forms in prop::collection::vec(form(), 1..=MAX_FORMS), absolute: bool, address: u32, block_log in 3..=6u8,
    ) {
        let call = if absolute { CALL } else { BL };
        let few = |grown| StrangeProgram { functions: 20, ..StrangeProgram::new(grown) };
        let old = few(|_| 0).link(address & 0xFFFF, call);
        let new = few(|function| function % 5).link(address & 0xFFFF, call);
        let choice = Choice {
            kinds: vec![PageKind::Described, PageKind::Bytes],
            forms: Forms::new(&forms).unwrap(),
            places: Vec::new(),
            base_address: address.into(),
            size: ModelSize { slots: 300, landmarks: 2, learned: 20 },
            tuning: Tuning { counter_rate: 4, mixer_rate: 10, block_log, high_first: false },
            lite: block_log % 2 == 0,
        };
        let package = choice.package(&old, &new, &covers(&old, &new));
        for pieces in [Pieces::Whole, Pieces::Bytes] {
            prop_assert!(restore(&old, &package, pieces).as_ref() == Ok(&new));
        }
    }
}

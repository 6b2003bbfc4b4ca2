//! How instructions of known and unknown processors lay out operands that are addresses: what is tried on an image.

use smidgen_patch::header::{ByteOrder, Description, MAX_PARTS, Part, Reach};

/// Forms whose opcodes are not known: `mask` says which bits are the opcode, and `value` is zero.
///
/// Instruction sets that have such a layout are named beside it. Most others have one of these too.
pub(super) fn layouts() -> Vec<Description> {
    let mut all = Vec::new();
    for order in [ByteOrder::Big, ByteOrder::Little] {
        let word = Description { length: 4, order, alignment: 4, ..Description::default() };
        let relative = Description { relative: true, ..word };
        all.extend([
            // MIPS: J, JAL, within 256 MiB.
            Description { mask: 0xFC00_0000, scale: 2, ahead: 4, parts: parts(&[(0, 26)]), ..word },
            // MIPS of release 6, OpenRISC.
            Description { mask: 0xFC00_0000, scale: 2, parts: parts(&[(0, 26)]), ..relative },
            // PowerPC: B, BL; BC.
            Description { mask: 0xFC00_0003, scale: 2, parts: parts(&[(2, 24)]), ..relative },
            near(Description { mask: 0xFC00_0003, scale: 2, parts: parts(&[(2, 14)]), ..relative }),
            // MIPS: BEQ and the like.
            near(Description { mask: 0xFC00_0000, scale: 2, ahead: 4, parts: parts(&[(0, 16)]), ..relative }),
            // SPARC: CALL; Bicc.
            Description { mask: 0xC000_0000, scale: 2, parts: parts(&[(0, 30)]), ..relative },
            near(Description { mask: 0xC1C0_0000, scale: 2, parts: parts(&[(0, 22)]), ..relative }),
            // Alpha: BSR, BR.
            Description { mask: 0xFC00_0000, scale: 2, ahead: 4, parts: parts(&[(0, 21)]), ..relative },
            // Hexagon: CALL.
            Description { mask: 0xFE00_0001, scale: 2, parts: parts(&[(16, 9), (1, 13)]), ..relative },
            Description { mask: 0xFF00_0000, scale: 2, parts: parts(&[(0, 24)]), ..relative },
            Description { mask: 0xFF00_0000, parts: parts(&[(0, 24)]), ..relative },
            Description { mask: 0xFF00_0000, parts: parts(&[(0, 24)]), ..word },
        ]);
        // Processors whose addresses count words, double words and so on.
        for scale in 0..4 {
            all.push(Description { mask: 0xFFFF_0000, scale, parts: parts(&[(0, 16)]), ..word });
            all.push(near(Description { mask: 0xFFFF_0000, scale, parts: parts(&[(0, 16)]), ..relative }));
        }
        let half = Description { length: 2, alignment: 2, relative: true, scale: 1, ahead: 4, ..word };
        all.extend([
            // AVR: RCALL, RJMP. SuperH: BSR, BRA; BT, BF.
            near(Description { mask: 0xF000, parts: parts(&[(0, 12)]), ..half }),
            near(Description { mask: 0xFF00, parts: parts(&[(0, 8)]), ..half }),
            // AVR: BREQ and the like.
            near(Description { mask: 0xFC07, parts: parts(&[(3, 7)]), ..half }),
        ]);
        let three = Description { length: 3, alignment: 1, ..word };
        // 8051, 6809: LCALL, JSR. 6502, 8080: JSR, CALL.
        let (mask, low) = if order == ByteOrder::Big { (0xFF_0000, 0) } else { (0xFF, 8) };
        all.push(Description { mask, parts: parts(&[(low, 16)]), ..three });
        all.push(Description { mask, parts: parts(&[(low, 16)]), relative: true, ahead: 3, ..three });
    }
    let little = Description { length: 4, alignment: 1, ..Description::default() };
    let halves = Description { order: ByteOrder::Halves, alignment: 2, ..little };
    all.extend([
        // RX: BSR.A, BRA.A. TriCore: CALL, J.
        Description { mask: 0xFF, relative: true, parts: parts(&[(8, 24)]), ..little },
        Description {
            mask: 0xFF,
            relative: true,
            scale: 1,
            parts: parts(&[(8, 8), (16, 16)]),
            alignment: 2,
            ..little
        },
        // AVR: CALL, JMP.
        Description { mask: 0xFE0E_0000, scale: 1, parts: parts(&[(20, 5), (0, 17)]), ..halves },
        // MSP430: CALL; CALLA. C28x: LCR.
        Description { mask: 0xFFFF_0000, parts: parts(&[(0, 16)]), ..halves },
        Description { mask: 0xFFF0_0000, parts: parts(&[(0, 20)]), ..halves },
        Description { mask: 0xFFC0_0000, scale: 1, parts: parts(&[(0, 22)]), ..halves },
        // 8051: ACALL, AJMP.
        Description {
            length: 2,
            order: ByteOrder::Big,
            mask: 0x1F00,
            parts: parts(&[(13, 3), (0, 8)]),
            ..little
        },
    ]);
    all
}

fn near(form: Description) -> Description {
    Description { reach: Reach::Near, ..form }
}

fn parts(parts: &[(u8, u8)]) -> [Part; MAX_PARTS] {
    let part = |place: usize| parts.get(place).map_or(Part::default(), |&(low, bits)| Part { low, bits });
    std::array::from_fn(part)
}

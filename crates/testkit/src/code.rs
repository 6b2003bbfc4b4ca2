//! Code of every architecture, and tables of every form of words: functions that refer to each other, and later
//! versions of them.

use std::collections::HashMap;

use smidgen_patch::header::{Origin, PageKind, WordForm};
use smidgen_patch::internals::refs::{AddressSpace, Class, Halves, Reference, VIEW, View};

use crate::Random;

/// Functions begin at multiples of this many bytes.
const ALIGNMENT: usize = 8;

/// Every kind of pages: bytes, all code, all forms of words.
pub fn all_kinds() -> Vec<PageKind> {
    let known = (0..=255).filter_map(|number| PageKind::from_number(number).ok());
    // What that one's code looks like is in the header.
    known.filter(|&kind| kind != PageKind::Described).collect()
}

/// Code or tables of one kind.
#[derive(Clone, Debug)]
pub struct Code {
    kind: PageKind,
    functions: Vec<(u32, Vec<Statement>)>,
}

#[derive(Clone, Debug)]
enum Statement {
    /// Without a reference.
    Plain(Vec<u8>),
    /// Instructions or a word that refer to a function, by its name, and an offset in it.
    Refer(&'static [u8], u32, u32),
}

impl Code {
    /// Random functions, always the same.
    pub fn new(kind: PageKind, functions: u32, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let functions = (0..functions).map(|name| (name, function(kind, functions, &mut random))).collect();
        Self { kind, functions }
    }

    /// A later version: some functions are new, some have another statement, so that all others move.
    pub fn revised(&self, changes: u32, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let known = self.functions.len() as u32;
        let mut functions = self.functions.clone();
        for change in 0..changes {
            let place = random.below(functions.len() as u32) as usize;
            if change % 3 == 0 {
                functions.insert(place, (known + change, function(self.kind, known, &mut random)));
            } else {
                let (statements, at) = (&mut functions[place].1, change as usize % 3);
                statements.insert(at.min(statements.len()), plain(self.kind, &mut random));
            }
        }
        Self { kind: self.kind, functions }
    }

    /// The image, at an offset of one that begins at an address.
    pub fn link(&self, base_address: u64, offset: u32) -> Vec<u8> {
        let (high, start) = ((base_address >> 32) as u32, (base_address as u32).wrapping_add(offset));
        let addresses = self.addresses(start);
        let space = AddressSpace {
            base_address: base_address as u32,
            address_high: high,
            image_size: offset + self.size() as u32,
            ..AddressSpace::default()
        };
        let mut image = Vec::new();
        for (_, statements) in &self.functions {
            for statement in statements {
                let here = start.wrapping_add(image.len() as u32);
                image.extend(match *statement {
                    Statement::Plain(ref bytes) => bytes.clone(),
                    Statement::Refer(template, name, inside) => {
                        linked(self.kind, template, here, addresses[&name].wrapping_add(inside), &space)
                    }
                });
            }
            image.resize(image.len().next_multiple_of(ALIGNMENT), 0);
        }
        image
    }

    /// Bytes of the image.
    pub fn size(&self) -> usize {
        self.functions.iter().map(|(_, statements)| size(statements)).sum()
    }

    /// Where each function begins.
    fn addresses(&self, mut next: u32) -> HashMap<u32, u32> {
        let place = |(name, statements): &(u32, Vec<Statement>)| {
            let address = next;
            next = next.wrapping_add(size(statements) as u32);
            (*name, address)
        };
        self.functions.iter().map(place).collect()
    }
}

fn function(kind: PageKind, functions: u32, random: &mut Random) -> Vec<Statement> {
    let mut statements = Vec::new();
    for _ in 0..2 + random.below(4) {
        (0..random.below(5)).for_each(|_| statements.push(plain(kind, random)));
        if let Some(template) = template(kind, random) {
            // Some functions are popular, and most references are to their start.
            let popular = 1 + random.below(functions);
            let inside = random.below(5).saturating_sub(2) * 8;
            statements.push(Statement::Refer(template, random.below(popular), inside));
        }
    }
    statements
}

fn size(statements: &[Statement]) -> usize {
    let size = |statement: &Statement| match statement {
        Statement::Plain(bytes) => bytes.len(),
        Statement::Refer(template, ..) => template.len(),
    };
    statements.iter().map(size).sum::<usize>().next_multiple_of(ALIGNMENT)
}

/// An instruction or a word, perhaps not a possible one, that need not refer to anything.
fn plain(kind: PageKind, random: &mut Random) -> Statement {
    let number = random.below(1 << 24).to_le_bytes();
    let [a, b, c, _] = number;
    Statement::Plain(match kind {
        PageKind::Bytes | PageKind::Described => number[..3].to_vec(),
        PageKind::Words(form) => vec![a; form.length()],
        PageKind::Thumb => vec![a, b % 0xE0],
        PageKind::Aarch64 => vec![a, b, c & 0x1F, 0x8B],
        PageKind::Arm => vec![a, b, c & 0x0F | 0x80, 0xE0],
        PageKind::Riscv if c & 1 == 0 => vec![a & 0xFC | 2, b],
        PageKind::Riscv => vec![0x33 | a & 0x80, b, c, a & 0x40],
        PageKind::Xtensa if c & 1 == 0 => vec![a & 0xF0 | 0x0D, b],
        PageKind::Xtensa => vec![a & 0xF0, b, c],
        PageKind::X86 => [&[0x55][..], &[0x48, 0x89, 0xC0 | a & 0x3F], &[0x89, 0x45, b], &[0xC3]]
            [usize::from(c & 3)]
        .to_vec(),
    })
}

/// Instructions with a reference whose target is not linked yet.
fn template(kind: PageKind, random: &mut Random) -> Option<&'static [u8]> {
    let templates: &[&'static [u8]] = match kind {
        PageKind::Bytes | PageKind::Described => return None,
        PageKind::Words(form) => return Some(if form.wide { &[0; 8] } else { &[0; 4] }),
        PageKind::Thumb => &[
            &[0x00, 0xF0, 0x00, 0xF8],                         // bl
            &[0x00, 0xF0, 0x00, 0xB8],                         // b.w
            &[0x00, 0xF0, 0x00, 0x80],                         // beq.w
            &[0x40, 0xF2, 0x00, 0x03, 0xC0, 0xF2, 0x00, 0x03], // movw r3; movt r3
        ],
        PageKind::Aarch64 => &[
            &[0x00, 0x00, 0x00, 0x94],                         // bl
            &[0x00, 0x00, 0x00, 0x54],                         // b.eq
            &[0x00, 0x00, 0x00, 0x10],                         // adr x0
            &[0x00, 0x00, 0x00, 0x90, 0x00, 0x00, 0x00, 0x91], // adrp x0; add x0, x0
            &[0x00, 0x00, 0x00, 0x90, 0x01, 0x00, 0x40, 0xF9], // adrp x0; ldr x1, [x0]
        ],
        PageKind::Arm => &[
            &[0x00, 0x00, 0x00, 0xEB],                         // bl
            &[0x00, 0x00, 0x00, 0xFA],                         // blx
            &[0x00, 0x10, 0x9F, 0xE5],                         // ldr r1, [pc]
            &[0x00, 0x30, 0x00, 0xE3, 0x00, 0x30, 0x40, 0xE3], // movw r3; movt r3
        ],
        PageKind::Riscv => &[
            &[0xEF, 0x00, 0x00, 0x00],                         // jal ra
            &[0x63, 0x00, 0xB5, 0x00],                         // beq a0, a1
            &[0x01, 0xA0],                                     // c.j
            &[0x97, 0x00, 0x00, 0x00, 0xE7, 0x80, 0x00, 0x00], // auipc ra; jalr ra
            &[0xB7, 0x07, 0x00, 0x00, 0x23, 0xA0, 0xA7, 0x00], // lui a5; sw a0, (a5)
            &[0xB7, 0x06, 0x00, 0x00, 0x93, 0x86, 0x06, 0x00], // lui a3; addi a3, a3
        ],
        PageKind::Xtensa => &[
            &[0x25, 0x00, 0x00], // call8
            &[0x81, 0xFF, 0xFF], // l32r a8
            &[0x06, 0x00, 0x00], // j
            &[0x16, 0x0A, 0x00], // beqz a10
        ],
        PageKind::X86 => &[
            &[0xE8, 0, 0, 0, 0],             // call
            &[0xE9, 0, 0, 0, 0],             // jmp
            &[0x0F, 0x84, 0, 0, 0, 0],       // je
            &[0x48, 0x8D, 0x05, 0, 0, 0, 0], // lea rax, [rip]
        ],
    };
    Some(templates[random.below(templates.len() as u32) as usize])
}

/// The instructions at `address`, linked to `target` if they can reach it.
fn linked(kind: PageKind, template: &[u8], address: u32, target: u32, space: &AddressSpace) -> Vec<u8> {
    let mut bytes = template.to_vec();
    match kind {
        PageKind::Words(form) => return word(form, address, target, space),
        PageKind::X86 => {
            let (end, opcode) = (address.wrapping_add(bytes.len() as u32), bytes.len() - 4);
            bytes[opcode..].copy_from_slice(&target.wrapping_sub(end).to_le_bytes());
            return bytes;
        }
        _ => {}
    }
    let mut halves = Halves::default();
    let mut at = 0;
    while at < bytes.len() {
        let here = address.wrapping_add(at as u32);
        let view = View::new(&bytes[at..bytes.len().min(at + VIEW)], here, false);
        let found = Reference::find(kind, &view, space, &halves);
        let Some(reference) = found.filter(|found| found.class() != Class::Pointer) else {
            at += kind.alignment() as usize;
            continue;
        };
        let length = usize::from(reference.length);
        let mut old = [0; 8];
        old[..length].copy_from_slice(&bytes[at..at + length]);
        let new = reference.write(old, here, space, target).unwrap_or(old);
        bytes[at..at + length].copy_from_slice(&new[..length]);
        reference.effect((old, here), (new, here)).into_iter().for_each(|effect| halves.take(effect));
        at += length;
    }
    bytes
}

/// A word of data that points at `target`, by the definition of its form.
fn word(form: WordForm, address: u32, target: u32, space: &AddressSpace) -> Vec<u8> {
    let absolute = u64::from(space.address_high) << 32 | u64::from(target);
    let value = match form.origin {
        Origin::Absolute => absolute,
        Origin::Itself => i64::from(target.wrapping_sub(address) as i32) as u64,
        Origin::Image => target.wrapping_sub(space.base_address).into(),
    };
    match (form.wide, form.big_endian) {
        (true, false) => value.to_le_bytes().to_vec(),
        (true, true) => value.to_be_bytes().to_vec(),
        (false, false) => (value as u32).to_le_bytes().to_vec(),
        (false, true) => (value as u32).to_be_bytes().to_vec(),
    }
}

//! Images that look like firmware, changes to them, and the device that packages are restored on.

// Not every test file needs everything.
#![allow(dead_code)]

pub(crate) mod builds;
pub(crate) mod code;
pub(crate) mod plan;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use diff_core::{Options, Package, Ram, Silent, diff, inspect};
use patch_nostd::wire::Codec;
use patch_nostd::{Error, Header, Patcher, SliceTarget, SoftwareSha256};
use proptest::prelude::*;

/// Where the programs of these tests are linked.
pub(crate) const BASE_ADDRESS: u32 = 0x0800_4000;

/// Words at the start of a program.
const VECTORS: u32 = 16;

/// Numbers that look random and are always the same.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`, which must not be zero.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 32) % u64::from(limit)) as u32
    }
}

/// Bytes without any order, of which there are `alphabet` different ones.
pub(crate) fn noise(length: usize, alphabet: u32, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..length).map(|_| random.below(alphabet) as u8).collect()
}

/// A change to an image; places are taken modulo its size.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Set(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Move(usize, usize, usize),
}

pub(crate) fn edits(most: usize) -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (any::<usize>(), prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (any::<usize>(), 0..200usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        (any::<usize>(), any::<usize>(), 0..300usize)
            .prop_map(|(from, to, length)| Edit::Move(from, to, length)),
    ];
    prop::collection::vec(edit, 0..=most)
}

/// The image after these edits.
pub(crate) fn edited(image: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut image = image.to_vec();
    edits.iter().for_each(|edit| apply(&mut image, edit));
    image
}

fn apply(image: &mut Vec<u8>, edit: &Edit) {
    let place = |at: usize| at % (image.len() + 1);
    let stretch = |at: usize, length: usize| place(at)..(place(at) + length).min(image.len());
    match edit {
        Edit::Set(..) if image.is_empty() => {}
        Edit::Set(at, byte) => {
            let at = at % image.len();
            image[at] = *byte;
        }
        Edit::Insert(at, bytes) => drop(image.splice(place(*at)..place(*at), bytes.iter().copied())),
        Edit::Remove(at, length) => drop(image.drain(stretch(*at, *length))),
        Edit::Move(from, to, length) => {
            let part: Vec<u8> = image.drain(stretch(*from, *length)).collect();
            let to = to % (image.len() + 1);
            image.splice(to..to, part);
        }
    }
}

/// Thumb-like code: functions with calls of each other and literal pools, which a linker puts one after another.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    functions: Vec<Function>,
}

/// A stretch of instructions and a call, several times; then pointers at other functions and into RAM.
#[derive(Clone, Debug)]
struct Function {
    name: u32,
    calls: Vec<(Vec<u16>, u32)>,
    pointers: Vec<u32>,
    variables: Vec<u32>,
}

impl Program {
    pub(crate) fn new(functions: u32, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let functions = (0..functions).map(|name| Function::new(name, functions, &mut random)).collect();
        Self { functions }
    }

    /// A later version: some functions are new, some have another instruction, so that all others move.
    pub(crate) fn revised(&self, changes: u32, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut functions = self.functions.clone();
        let known = functions.len() as u32;
        for change in 0..changes {
            let place = random.below(functions.len() as u32) as usize;
            if change % 3 == 0 {
                functions.insert(place, Function::new(known + change, known, &mut random));
            } else if let Some((code, _)) = functions[place].calls.first_mut() {
                code.push(random.below(0xE000) as u16);
            }
        }
        Self { functions }
    }

    /// The image, linked at [`BASE_ADDRESS`]: a vector table, then the functions.
    pub(crate) fn link(&self) -> Vec<u8> {
        let addresses = self.addresses();
        let entry = |name: u32| (addresses[&name] | 1).to_le_bytes();
        let mut image = 0x2000_8000u32.to_le_bytes().to_vec();
        let handlers = self.functions.iter().cycle().take(VECTORS as usize - 1);
        handlers.for_each(|handler| image.extend(entry(handler.name)));
        for function in &self.functions {
            for (code, callee) in &function.calls {
                code.iter().for_each(|halfword| image.extend(halfword.to_le_bytes()));
                let here = BASE_ADDRESS + image.len() as u32;
                image.extend(branch_and_link(here, addresses[callee]));
            }
            image.resize(image.len().next_multiple_of(4), 0);
            function.pointers.iter().for_each(|&name| image.extend(entry(name)));
            function.variables.iter().for_each(|variable| image.extend(variable.to_le_bytes()));
        }
        image
    }

    /// Where each function begins.
    fn addresses(&self) -> HashMap<u32, u32> {
        let mut next = BASE_ADDRESS + 4 * VECTORS;
        let place = |function: &Function| {
            let address = next;
            next += function.size();
            (function.name, address)
        };
        self.functions.iter().map(place).collect()
    }
}

impl Function {
    fn new(name: u32, functions: u32, random: &mut Random) -> Self {
        let mut call = || {
            // The first instruction saves registers, as functions do.
            let mut code = vec![0xB510];
            // No halfword of 0xE000 or more: those begin 32-bit instructions.
            (0..random.below(12)).for_each(|_| code.push(random.below(0xE000) as u16));
            (code, random.below(functions))
        };
        let calls = (0..3).map(|_| call()).collect();
        let pointers = (0..random.below(3)).map(|_| random.below(functions)).collect();
        let variables = (0..random.below(3)).map(|_| 0x2000_0000 + 4 * random.below(2048)).collect();
        Self { name, calls, pointers, variables }
    }

    fn size(&self) -> u32 {
        let code: usize = self.calls.iter().map(|(code, _)| 2 * code.len() + 4).sum();
        code.next_multiple_of(4) as u32 + 4 * (self.pointers.len() + self.variables.len()) as u32
    }
}

/// BL, encoding T1 (Arm Architecture Reference Manual ARMv7-M, A7.7.18).
fn branch_and_link(here: u32, target: u32) -> [u8; 4] {
    let offset = target.wrapping_sub(here + 4);
    let bit = |place: u32| offset >> place & 1;
    let (sign, j1, j2) = (bit(24), bit(23) ^ bit(24) ^ 1, bit(22) ^ bit(24) ^ 1);
    let first = 0xF000 | sign << 10 | offset >> 12 & 0x3FF;
    let second = 0xD000 | j1 << 13 | j2 << 11 | offset >> 1 & 0x7FF;
    (first | second << 16).to_le_bytes()
}

/// How a package arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pieces {
    Whole,
    Bytes,
    /// Of up to 300 bytes, some of none.
    Random(u64),
}

impl Pieces {
    fn cut(self, mut package: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Whole => vec![package],
            Self::Bytes => package.chunks(1).collect(),
            Self::Random(seed) => {
                let mut random = Random::new(seed);
                let mut pieces = Vec::new();
                while !package.is_empty() {
                    let (piece, rest) = package.split_at(package.len().min(random.below(301) as usize));
                    pieces.push(piece);
                    package = rest;
                }
                pieces
            }
        }
    }
}

/// Memory that begins `shift` bytes after a multiple of four.
pub(crate) fn with_workspace<R>(size: usize, shift: usize, work: impl FnOnce(&mut [u8]) -> R) -> R {
    // The decoder must not rely on zeros.
    let mut memory = vec![0xA5; size + shift + 4];
    let start = memory.as_ptr().align_offset(4) + shift;
    work(&mut memory[start..start + size])
}

/// What a device makes of a package, with the workspace that it is given.
pub(crate) fn restore_in(
    workspace: &mut [u8],
    base: &[u8],
    package: &[u8],
    pieces: Pieces,
) -> Result<Vec<u8>, Error> {
    let (header, _) = Header::parse(package)?;
    let mut slot = vec![0xFF; header.target_size as usize];
    let mut patcher = Patcher::<_, _, SoftwareSha256>::new(workspace, base, SliceTarget::new(&mut slot));
    for piece in pieces.cut(package) {
        patcher.push(piece)?;
    }
    patcher.finish()?;
    Ok(slot)
}

/// What a device with exactly the memory that the header states makes of a package.
pub(crate) fn restore(base: &[u8], package: &[u8], pieces: Pieces) -> Result<Vec<u8>, Error> {
    let (header, _) = Header::parse(package)?;
    with_workspace(header.ram as usize, 0, |workspace| restore_in(workspace, base, package, pieces))
}

/// Makes a package, restores it in all kinds of pieces, and checks what its header and its report say.
pub(crate) fn round_trip(old: &[u8], new: &[u8], options: &Options) -> Package {
    let package = diff(old, new, options, &Silent).unwrap();
    for pieces in [Pieces::Whole, Pieces::Bytes, Pieces::Random(new.len() as u64)] {
        let restored = restore(old, &package.bytes, pieces);
        assert!(restored.as_deref() == Ok(new), "{pieces:?}, {options:?}: {:?}", restored.err());
    }
    let (header, length) = Header::parse(&package.bytes).unwrap();
    assert_eq!(header, package.header);
    assert_eq!(header.body_length as usize, package.bytes.len() - length);
    if let Ram::Bytes(budget) = options.ram {
        assert!(u64::from(header.ram) <= budget, "{} of {budget} bytes", header.ram);
    }
    assert_eq!(inspect(old, &package.bytes).as_ref(), Ok(&package.report));
    assert_eq!(covered(&package), new.len() as u64);
    package
}

/// The bytes of the target that a report accounts for.
fn covered(package: &Package) -> u64 {
    package.report.literals + package.report.base_covered + package.report.target_covered
}

/// Whether a package has a `cm` body.
pub(crate) fn is_cm(package: &Package) -> bool {
    matches!(package.header.codec, Codec::Cm { .. })
}

/// The folder of all fixtures.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// A version of the fixture firmware: 1, 2 or 3.
pub(crate) fn firmware(version: u32) -> Vec<u8> {
    fs::read(fixtures().join(format!("firmware/app-v{version}.bin"))).unwrap()
}

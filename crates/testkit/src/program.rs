//! Synthetic firmware for Cortex-M, and later versions of it.

use std::collections::HashMap;

use crate::Random;

/// Where programs are linked.
pub const BASE_ADDRESS: u32 = 0x0800_4000;

/// Words at the start of a program.
const VECTORS: u32 = 16;

/// Thumb-like code: functions with calls of each other and literal pools, which a linker puts one after another.
#[derive(Clone, Debug)]
pub struct Program {
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
    /// A program of this number of functions.
    pub fn new(functions: u32, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let functions = (0..functions).map(|name| Function::new(name, functions, &mut random)).collect();
        Self { functions }
    }

    /// A later version: some functions are new, some have another instruction, so that all others move.
    pub fn revised(&self, changes: u32, seed: u64) -> Self {
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
    pub fn link(&self) -> Vec<u8> {
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

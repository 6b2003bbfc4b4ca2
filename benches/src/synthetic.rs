//! Synthetic firmware: functions of few different instructions, calls and pointers between them, two versions.
//!
//! It is no measure of sizes, as no compiler made it; it is a load of known size that is the same everywhere.

use smidgen_patch::header::PageKind;
use smidgen_patch::internals::refs::{AddressSpace, Halves, Reference, View};

/// Where the image runs.
const ADDRESS: u32 = 0x0800_0000;
/// BL without an offset.
const CALL: [u8; 4] = [0x00, 0xF0, 0x00, 0xF8];
/// Different instructions.
const VOCABULARY: u64 = 3000;
/// Items for each call, and for each pointer.
const REFERENCES: u64 = 32;
/// Functions for each one that changes in the second version, and for each new one.
const CHANGED: u64 = 40;
const ADDED: u64 = 200;
/// About how many bytes a function has.
const FUNCTION: usize = 256;
/// Items of a function: the least, and one more than the most.
const ITEMS: (u64, u64) = (16, 200);

/// Two versions of an image of about `size` bytes.
pub(crate) fn versions(size: usize) -> (Vec<u8>, Vec<u8>) {
    let mut dice = Dice(1);
    let count = (size / FUNCTION) as u64;
    let mut functions: Vec<Function> = (0..count).map(|name| Function::new(&mut dice, name, count)).collect();
    let old = link(&functions);
    let mut added = 0;
    for place in (0..functions.len()).rev() {
        if dice.below(CHANGED) == 0 {
            functions[place].change(&mut dice, count);
        }
        if dice.below(ADDED) == 0 {
            functions.insert(place, Function::new(&mut dice, count + added, count));
            added += 1;
        }
    }
    (old, link(&functions))
}

/// What functions are made of.
#[derive(Clone, Copy)]
enum Item {
    Instruction(u16),
    Call(u64),
    Pointer(u64),
}

struct Function {
    name: u64,
    items: Vec<Item>,
}

impl Function {
    /// A function that refers to some of the first `others` ones.
    fn new(dice: &mut Dice, name: u64, others: u64) -> Self {
        let length = ITEMS.0 + dice.below(ITEMS.1 - ITEMS.0);
        Self { name, items: (0..length).map(|_| dice.item(others)).collect() }
    }

    fn change(&mut self, dice: &mut Dice, others: u64) {
        let at = dice.below(self.items.len() as u64) as usize;
        let item = dice.item(others);
        match dice.below(3) {
            0 => self.items[at] = item,
            1 => self.items.insert(at, item),
            _ => drop(self.items.remove(at)),
        }
    }

    /// Bytes, with the padding before pointers and at the end; `emit` gets each item's offset.
    fn walk(&self, mut emit: impl FnMut(usize, Item)) -> usize {
        let mut offset = 0usize;
        for &item in &self.items {
            if matches!(item, Item::Pointer(_)) {
                offset = offset.next_multiple_of(4);
            }
            emit(offset, item);
            offset += if matches!(item, Item::Instruction(_)) { 2 } else { 4 };
        }
        offset.next_multiple_of(4)
    }
}

/// Places the functions one after the other and fills in where they are.
fn link(functions: &[Function]) -> Vec<u8> {
    let mut places = vec![0; functions.len()];
    let mut size = 0;
    for function in functions {
        places[function.name as usize] = size;
        size += function.walk(|_, _| {});
    }
    let address = |place: usize| ADDRESS + place as u32;
    let mut image = vec![0; size];
    for function in functions {
        let start = places[function.name as usize];
        function.walk(|offset, item| {
            let at = start + offset;
            match item {
                Item::Instruction(code) => image[at..at + 2].copy_from_slice(&code.to_le_bytes()),
                Item::Call(name) => {
                    let target = address(places[name as usize]);
                    image[at..at + 4].copy_from_slice(&call(address(at), target));
                }
                Item::Pointer(name) => {
                    let target = address(places[name as usize]) | 1;
                    image[at..at + 4].copy_from_slice(&target.to_le_bytes());
                }
            }
        });
    }
    image
}

/// BL at `address` to `target`.
fn call(address: u32, target: u32) -> [u8; 4] {
    let space = AddressSpace::default();
    let view = View::new(&CALL, address, false);
    let found = Reference::find(PageKind::Thumb, &view, &space, &Halves::default()).expect("a call");
    let [a, b, c, d] = CALL;
    let written = found.write([a, b, c, d, 0, 0, 0, 0], address, &space, target).expect("within reach");
    [written[0], written[1], written[2], written[3]]
}

/// A generator of numbers that look random and are always the same (SplitMix64, Steele et al. 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn item(&mut self, others: u64) -> Item {
        match self.below(REFERENCES) {
            0 => Item::Call(self.popular(others)),
            1 => Item::Pointer(self.popular(others)),
            _ => Item::Instruction((self.popular(VOCABULARY) * 37 % 0xE800) as u16),
        }
    }

    /// A number below `limit`; low ones are likelier.
    fn popular(&mut self, limit: u64) -> u64 {
        let bound = 1 + self.below(limit);
        self.below(bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_differ_and_never_change() {
        let (old, new) = versions(1 << 16);
        assert_ne!(old, new);
        assert!((1 << 15..1 << 17).contains(&old.len()), "{}", old.len());
        assert_eq!((old, new), versions(1 << 16));
    }
}

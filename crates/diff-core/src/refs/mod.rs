//! Masks: copies of an image for the search, with the operands of references blanked (`docs/format.md`, section 7).

mod base_references;
mod records;

use std::borrow::Cow;
use std::fmt;

use rayon::prelude::*;
use smidgen_patch::header::{PageKind, WordForm};
use smidgen_patch::internals::refs::{AddressSpace, Class, Halves, Reference, Steps, VIEW, View};

pub(crate) use base_references::{BaseReferences, KindReferences, Starts, bytes};
pub(crate) use records::has_records;

/// Which references are masked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mask {
    Nothing,
    /// Words, but only in blocks that are made of them: tables of pointers or offsets.
    Tables,
    /// All words of a form that could point somewhere.
    Words(WordForm),
    /// References in what looks like code of this kind, and tables.
    Code(PageKind),
    /// References in what looks like code of this kind, and elsewhere all words of a form that could point somewhere.
    CodeAndWords(PageKind, WordForm),
    /// Words of records, of which differences are left.
    Records,
}

/// Code is looked for in pages of this many bytes; it has this many branches in each.
const PAGE: usize = 4096;
const BRANCHES: usize = 12;
/// Bytes masked as one unit of parallel work; a multiple of the page.
const CHUNK: usize = 1 << 20;
/// Tables are looked for in blocks of this many bytes.
const BLOCK: usize = 1024;
/// A block is a table if this many of its words of four are pointers.
const DENSE: (usize, usize) = (3, 4);
const WORD: usize = 4;
/// Words less than this far into the address space are rather small numbers.
const SMALL: u32 = 0x1000;

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |form: &WordForm| PageKind::Words(*form).name();
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Tables => f.write_str("tables of pointers"),
            Self::Words(form) => f.write_str(word(form)),
            Self::Code(kind) => write!(f, "{} and tables", kind.name()),
            Self::CodeAndWords(kind, form) => write!(f, "{} and {}", kind.name(), word(form)),
            Self::Records => f.write_str("records"),
        }
    }
}

impl Mask {
    /// Whether it is certain about references.
    pub(crate) const fn is_certain(self) -> bool {
        matches!(self, Self::Records | Self::Code(_) | Self::CodeAndWords(..))
    }

    /// The kind of page that most of what is masked goes with.
    pub(crate) const fn kind(self) -> PageKind {
        match self {
            Self::Nothing | Self::Records => PageKind::Bytes,
            Self::Tables => PageKind::POINTERS,
            Self::Words(form) => PageKind::Words(form),
            Self::Code(kind) | Self::CodeAndWords(kind, _) => kind,
        }
    }

    /// A copy of `image` in which references keep only what does not move; the image itself if nothing is masked.
    pub(crate) fn apply<'a>(self, image: &'a [u8], space: &AddressSpace) -> Cow<'a, [u8]> {
        if self == Self::Records {
            return Cow::Owned(records::differences(image));
        }
        let mut copy = Cow::Borrowed(image);
        if self != Self::Nothing {
            copy.to_mut().par_chunks_mut(CHUNK).enumerate().for_each(|(index, chunk)| {
                self.apply_to(chunk, space.base_address.wrapping_add((index * CHUNK) as u32), space);
            });
        }
        copy
    }

    fn apply_to(self, chunk: &mut [u8], address: u32, space: &AddressSpace) {
        for (index, page) in chunk.chunks_mut(PAGE).enumerate() {
            let address = address.wrapping_add((index * PAGE) as u32);
            match self {
                Self::Code(kind) | Self::CodeAndWords(kind, _) if is_code(page, kind, address, space) => {
                    mask(page, kind, address, space);
                }
                Self::Words(form) | Self::CodeAndWords(_, form) => {
                    mask(page, PageKind::Words(form), address, space);
                }
                Self::Tables | Self::Code(_) => mask_tables(page, address, space),
                Self::Nothing | Self::Records => {}
            }
        }
    }
}

fn mask_tables(page: &mut [u8], address: u32, space: &AddressSpace) {
    for (index, block) in page.chunks_mut(BLOCK).enumerate() {
        if is_table(block, space) {
            mask(block, PageKind::POINTERS, address.wrapping_add((index * BLOCK) as u32), space);
        }
    }
}

/// Whether a page holds more branches than chance would make.
fn is_code(page: &[u8], kind: PageKind, address: u32, space: &AddressSpace) -> bool {
    let branch = |&at: &usize| {
        let address = address.wrapping_add(at as u32);
        let view = View::new(&page[at..], address, false);
        let found = Reference::find(kind, &view, space, &Halves::default());
        found.is_some_and(|found| found.class() == Class::Branch && space.contains(found.target))
    };
    let places = (0..page.len()).step_by(kind.alignment() as usize);
    places.filter(branch).take(BRANCHES).count() == BRANCHES
}

/// Masks in place; `address` is the first byte's.
fn mask(bytes: &mut [u8], kind: PageKind, address: u32, space: &AddressSpace) {
    let mut halves = Halves::default();
    let mut steps = Steps::default();
    let mut at = 0;
    while at < bytes.len() {
        let here = address.wrapping_add(at as u32);
        let view = View::new(&bytes[at..bytes.len().min(at + VIEW)], here, steps.inside(here));
        let reference = Reference::find(kind, &view, space, &halves)
            .filter(|reference| at + usize::from(reference.length) <= bytes.len());
        let Some(reference) = reference else {
            steps.byte(kind, here, bytes[at], bytes.get(at + 1).copied().unwrap_or(0));
            at += 1;
            continue;
        };
        let length = usize::from(reference.length);
        let mut own = [0; 8];
        own[..length].copy_from_slice(&bytes[at..at + length]);
        if let Some(effect) = reference.effect((own, here), (own, here)) {
            halves.take(effect);
        }
        bytes[at..at + length].copy_from_slice(&reference.mask(own, space)[..length]);
        at += length;
        steps.begin(address.wrapping_add(at as u32));
    }
}

/// Whether nearly all words of a block are pointers.
fn is_table(block: &[u8], space: &AddressSpace) -> bool {
    let words = block.len() / WORD;
    words > 0 && pointers(block, space) * DENSE.1 >= words * DENSE.0
}

/// How many words of a block could be pointers.
fn pointers(block: &[u8], space: &AddressSpace) -> usize {
    let pointer = |word: &&[u8]| {
        let value = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        space.contains(value) && value.wrapping_sub(space.base_address) >= SMALL
    };
    block.chunks_exact(WORD).filter(pointer).count()
}

/// Where the `size` bytes begin in which most words could be pointers but are not in tables: there, masking all
/// words or only tables makes most of a difference. A multiple of the block.
pub(crate) fn most_doubtful(image: &[u8], size: usize, space: &AddressSpace) -> usize {
    let doubt = |block: &[u8]| if is_table(block, space) { 0 } else { pointers(block, space) };
    let doubts: Vec<usize> = image.par_chunks(BLOCK).map(doubt).collect();
    let window = (size / BLOCK).max(1);
    let mut sum: usize = doubts.iter().take(window).sum();
    let mut best = (sum, 0);
    for (first, (gone, come)) in doubts.iter().zip(doubts.iter().skip(window)).enumerate() {
        sum = sum + come - gone;
        if sum > best.0 {
            best = (sum, first + 1);
        }
    }
    best.1 * BLOCK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_masked_and_code_is_left() {
        let space = AddressSpace { base_address: 0, image_size: 1 << 20, ..AddressSpace::default() };
        let table: Vec<u8> = (0..256u32).flat_map(|index| (0x4_0000 + index * 40).to_le_bytes()).collect();
        let code: Vec<u8> = (0..256u32).flat_map(|index| (0x9400_0000 + index).to_le_bytes()).collect();
        let masked = Mask::Tables.apply(&[table, code.clone()].concat(), &space).into_owned();
        assert!(masked[..BLOCK].iter().all(|&byte| byte == 0));
        assert_eq!(masked[BLOCK..], code);
    }
}

//! Masks: copies of an image for the search, with the operands of references blanked or translated (`docs/format.md`,
//! section 7).

mod image_references;
mod records;

use std::borrow::Cow;
use std::fmt;

use rayon::prelude::*;
use smidgen_patch::header::{PageKind, WordForm};
use smidgen_patch::internals::refs::{AddressSpace, Bytes, Class, Halves, Reference, Steps, VIEW, View};

pub(crate) use image_references::{KindReferences, PairReferences, Starts, bytes};
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
/// The least that is rewritten as one unit of parallel work; a multiple of the page.
const CHUNK: usize = 1 << 20;
/// Tables are looked for in blocks of this many bytes.
const BLOCK: usize = 1024;
/// A block is a table if this many of its words of four are pointers.
const DENSE: (usize, usize) = (3, 4);
const WORD: usize = 4;
/// Words less than this far into the address space are rather small numbers.
const SMALL: u32 = 0x1000;

/// Gives a reference other bytes, by itself and its own ones.
trait Rewrite: Fn(&Reference, Bytes) -> Bytes + Sync {}

impl<F: Fn(&Reference, Bytes) -> Bytes + Sync> Rewrite for F {}

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
        matches!(self, Self::Records) || self.is_of_code()
    }

    /// Whether it tells code from data.
    pub(crate) const fn is_of_code(self) -> bool {
        matches!(self, Self::Code(_) | Self::CodeAndWords(..))
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
        match self {
            Self::Nothing => Cow::Borrowed(image),
            Self::Records => Cow::Owned(records::differences(image)),
            _ => Cow::Owned(self.rewrite(image, space, &|reference, own| reference.mask(own, space))),
        }
    }

    /// A copy of `image` in which branches and pointers point at where their targets `went`, and as if all were at one
    /// place: so the same reference has the same bytes in both images, wherever it is. What cannot be written so, and
    /// halves of addresses, are masked; near references stay.
    pub(crate) fn translate(
        self,
        image: &[u8],
        space: &AddressSpace,
        went: &(impl Fn(u32) -> u32 + Sync),
    ) -> Vec<u8> {
        let middle = space.base_address.wrapping_add((space.image_size / 2) & !0xFFF);
        self.rewrite(image, space, &|reference, own| match reference.class() {
            Class::Near => own,
            Class::High | Class::Low => reference.mask(own, space),
            Class::Branch | Class::Pointer => reference
                .write(own, middle, space, went(reference.target))
                .unwrap_or_else(|| reference.mask(own, space)),
        })
    }

    /// A copy of `image` in which references of the mask have other bytes.
    fn rewrite(self, image: &[u8], space: &AddressSpace, rewrite: &impl Rewrite) -> Vec<u8> {
        let mut copy = image.to_vec();
        copy.par_chunks_mut(PAGE).enumerate().with_min_len(CHUNK / PAGE).for_each(|(index, page)| {
            let address = space.base_address.wrapping_add((index * PAGE) as u32);
            self.rewrite_page(page, address, space, rewrite);
        });
        copy
    }

    fn rewrite_page(self, page: &mut [u8], address: u32, space: &AddressSpace, rewrite: &impl Rewrite) {
        match self {
            Self::Code(kind) | Self::CodeAndWords(kind, _) if is_code(page, kind, address, space) => {
                rewrite_all(page, kind, address, space, rewrite);
            }
            Self::Words(form) | Self::CodeAndWords(_, form) => {
                rewrite_all(page, PageKind::Words(form), address, space, rewrite);
            }
            Self::Tables | Self::Code(_) => {
                let blocks = (0..).step_by(BLOCK).zip(page.chunks_mut(BLOCK));
                for (offset, block) in blocks.filter(|(_, block)| is_table(block, space)) {
                    rewrite_all(block, PageKind::POINTERS, address.wrapping_add(offset), space, rewrite);
                }
            }
            Self::Nothing | Self::Records => {}
        }
    }
}

/// Whether a page holds more branches than chance would make.
pub(crate) fn is_code(page: &[u8], kind: PageKind, address: u32, space: &AddressSpace) -> bool {
    let branch = |&at: &usize| {
        let address = address.wrapping_add(at as u32);
        let view = View::new(&page[at..], address, false);
        let found = Reference::find(kind, &view, space, &Halves::default());
        found.is_some_and(|found| found.class() == Class::Branch && space.contains(found.target))
    };
    let places = (0..page.len()).step_by(kind.alignment() as usize);
    places.filter(branch).take(BRANCHES).count() == BRANCHES
}

/// Gives references other bytes, in place; `address` is the first byte's.
fn rewrite_all(bytes: &mut [u8], kind: PageKind, address: u32, space: &AddressSpace, rewrite: &impl Rewrite) {
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
        bytes[at..at + length].copy_from_slice(&rewrite(&reference, own)[..length]);
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

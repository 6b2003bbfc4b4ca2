//! Packages with pages of all kinds, and their images; settings that the encoder never chooses.

use smidgen_diff::internals::{Index, SearchOptions, find_matches};
use smidgen_patch::header::{ByteOrder, Description, Forms, MAX_PARTS, ModelSize, PageKind, Part, Tuning};
use smidgen_patch::internals::apply::{Cover, Source};

use testkit::code::{Code, all_kinds};
use testkit::{BASE_ADDRESS, Choice, noise};

/// Where the images of all kinds run: all 64 bits matter.
const HIGH_ADDRESS: u64 = 0xFFFF_8000_1000_0000;
/// Bytes of the base of each kind: a page, and some of the next, so that pages of two kinds meet everywhere.
const PART: usize = 4500;

/// A package that is chosen by hand, and the names of its images.
pub(crate) struct Handmade {
    pub(crate) name: &'static str,
    pub(crate) base: &'static str,
    pub(crate) target: &'static str,
    choice: Choice,
}

impl Handmade {
    /// The package, with the search's covers.
    pub(crate) fn package(&self, base: &[u8], target: &[u8]) -> Vec<u8> {
        let options = SearchOptions { threshold: 4, ..SearchOptions::default() };
        let found = find_matches(&Index::build(base).unwrap(), target, &options);
        let cover = |start, length| Cover { source: Source::Base, start, length };
        let covers: Vec<_> =
            found.iter().map(|found| (found.target_start, cover(found.base_start, found.length))).collect();
        self.choice.package(base, target, &covers)
    }
}

/// Two images, one part after the other, and where those of the target begin.
pub(crate) struct Parts {
    pub(crate) base: Vec<u8>,
    pub(crate) target: Vec<u8>,
    places: Vec<(u32, usize)>,
}

/// The kinds of the three packages that have all of them: bytes and code, and two lists of words; the first list is
/// as long as one may be.
fn lists() -> [Vec<PageKind>; 3] {
    let (words, others): (Vec<_>, Vec<_>) =
        all_kinds().into_iter().partition(|kind| matches!(kind, PageKind::Words(_)));
    let (first, second) = words.split_at(7);
    let bytes = [PageKind::Bytes];
    [[&others[..], &words[..1]].concat(), first.to_vec(), [second, &bytes].concat()]
}

/// The images of a list of kinds.
pub(crate) fn images(list: usize) -> Parts {
    let mut parts = Parts { base: Vec::new(), target: Vec::new(), places: Vec::new() };
    for (index, kind) in lists()[list].iter().enumerate() {
        let seed = 100 * list as u64 + index as u64;
        let (old, new) = match kind {
            PageKind::Bytes => {
                let old = noise(PART, 200, seed);
                (old.clone(), [&old[..1000], &[1, 2, 3], &old[1000..]].concat())
            }
            _ => {
                let functions = (1..).find(|&count| Code::new(*kind, count, seed).size() >= PART).unwrap();
                let code = Code::new(*kind, functions, seed);
                let revised = code.revised(4, seed + 1);
                let (old, new) = (parts.base.len() as u32, parts.target.len() as u32);
                (code.link(HIGH_ADDRESS, old), revised.link(HIGH_ADDRESS, new))
            }
        };
        parts.places.push((parts.target.len() as u32, index));
        parts.base.extend(old);
        parts.target.extend(new);
        parts.base.resize(parts.base.len().next_multiple_of(8), 0);
        parts.target.resize(parts.target.len().next_multiple_of(8), 0);
    }
    parts
}

/// The names of the images of the lists of kinds.
pub(crate) const IMAGES: [[&str; 2]; 3] = [
    ["packages/code-base.bin", "packages/code-target.bin"],
    ["packages/words-base.bin", "packages/words-target.bin"],
    ["packages/more-words-base.bin", "packages/more-words-target.bin"],
];

/// All of them: those of all kinds, and those with the fastest and slowest models, and tables of a few entries.
pub(crate) fn all(small: [&'static str; 2]) -> Vec<Handmade> {
    let of_kinds = |name, list: usize, sizes, speeds| {
        let [base, target] = IMAGES[list];
        let choice = choice(&lists()[list], &images(list).places, HIGH_ADDRESS, sizes, speeds);
        Handmade { name, base, target, choice }
    };
    let lite = |handmade: Handmade| Handmade { choice: Choice { lite: true, ..handmade.choice }, ..handmade };
    let of_one = |name, [base, target]: [&'static str; 2], kind, sizes, speeds| {
        let choice = choice(&[kind], &[], BASE_ADDRESS.into(), sizes, speeds);
        Handmade { name, base, target, choice }
    };
    let x86 = ["packages/x86-base.bin", "packages/x86-target.bin"];
    vec![
        of_kinds("kinds-of-code", 0, [2000, 9, 60], [5, 8, 5]),
        of_kinds("kinds-of-words", 1, [500, 0, 100], [4, 10, 6]),
        of_kinds("more-kinds-of-words", 2, [700, 3, 0], [5, 8, 3]),
        of_one("described", IMAGES[0], PageKind::Described, [900, 4, 40], [5, 8, 5]),
        of_one("x86", x86, PageKind::X86, [400, 2, 20], [5, 8, 5]),
        lite(of_kinds("kinds-of-code-lite", 0, [0, 9, 60], [6, 0, 5])),
        lite(of_one("small-words-lite", small, PageKind::POINTERS, [0, 2, 3], [3, 0, 3])),
        of_one("small-words", small, PageKind::POINTERS, [100, 2, 3], [4, 8, 4]),
        of_one("small-slow", small, PageKind::Thumb, [17, 0, 1], [3, 1, 3]),
        of_one("small-fast", small, PageKind::Bytes, [1000, 1, 64], [6, 15, 6]),
        of_one("small-least-memory", small, PageKind::Bytes, [1, 0, 0], [5, 8, 5]),
    ]
}

/// Kinds and where pages have them; slots, landmarks and learned references; counter rate, mixer rate, block size.
fn choice(
    kinds: &[PageKind],
    places: &[(u32, usize)],
    base_address: u64,
    [slots, landmarks, learned]: [u32; 3],
    [counter_rate, mixer_rate, block_log]: [u8; 3],
) -> Choice {
    Choice {
        kinds: kinds.to_vec(),
        forms: if kinds.contains(&PageKind::Described) { forms() } else { Forms::NONE },
        places: places.to_vec(),
        base_address,
        size: ModelSize { slots, landmarks, learned },
        tuning: Tuning { counter_rate, mixer_rate, block_log, high_first: false },
        lite: false,
    }
}

/// Calls of kinds that have files of their own, which come out alike.
fn forms() -> Forms {
    let parts = |parts: &[(u8, u8)]| {
        let part = |place: usize| parts.get(place).map_or(Part::default(), |&(low, bits)| Part { low, bits });
        std::array::from_fn::<Part, MAX_PARTS, _>(part)
    };
    let call = Description { length: 4, alignment: 4, relative: true, ..Description::default() };
    let halves = Description { order: ByteOrder::Halves, alignment: 2, ..call };
    let forms = [
        Description { mask: 0xFC00_0000, value: 0x9400_0000, scale: 2, parts: parts(&[(0, 26)]), ..call },
        Description {
            mask: 0xFF00_0000,
            value: 0xEB00_0000,
            scale: 2,
            ahead: 8,
            parts: parts(&[(0, 24)]),
            ..call
        },
        Description {
            mask: 0xFFF,
            value: 0xEF,
            scale: 1,
            alignment: 2,
            parts: parts(&[(31, 1), (12, 8), (20, 1), (21, 10)]),
            ..call
        },
        Description {
            mask: 0xF800_F800,
            value: 0xF000_F800,
            scale: 1,
            ahead: 4,
            parts: parts(&[(16, 11), (0, 11)]),
            ..halves
        },
    ];
    Forms::new(&forms).unwrap()
}

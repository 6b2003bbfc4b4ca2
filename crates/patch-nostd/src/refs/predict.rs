//! Where did the target go? The list of guesses and the flags that choose among them
//! (`docs/format.md`, section 7.6).

use super::{AddressSpace, Landmarks, Learned, ReferenceKind};
use crate::entropy::{Category, Coder, Model};

/// How many sources propose a displacement, best first.
pub const SOURCES: usize = 7;

/// First weight set of the flags.
const SET: usize = 24;

/// The displacements that the sources propose for one reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidates {
    proposals: [Option<i32>; SOURCES],
}

/// What the copy that meets a reference knows.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// The kind of reference.
    pub kind: ReferenceKind,
    /// Its four bytes in the base.
    pub bytes: [u8; 4],
    /// Its address in the base.
    pub base_address: u32,
    /// The address of its copy in the target.
    pub target_address: u32,
    /// The base range that the current cover copies: first address and bytes.
    pub cover: (u32, u32),
}

/// Everything that is known about where targets went.
#[derive(Debug)]
pub struct Predictor<'w> {
    /// The cover map.
    pub landmarks: Landmarks<'w>,
    /// What earlier references taught.
    pub learned: Learned<'w>,
    /// The addresses that matter.
    pub space: AddressSpace,
    /// The displacement of the last reference, relative ones and pointers apart.
    recent: [i32; 2],
    /// For each source: the last outcomes of its proposals, a bit each, 1 for wrong.
    outcomes: [u8; SOURCES],
    /// Outcomes of whole references, 1 for "not the first guess".
    history: u8,
}

impl<'w> Predictor<'w> {
    /// A predictor that has seen no reference.
    pub fn new(landmarks: Landmarks<'w>, learned: Learned<'w>, space: AddressSpace) -> Self {
        Self { landmarks, learned, space, recent: [0; 2], outcomes: [0; SOURCES], history: 0 }
    }

    fn candidates(&self, site: &Site, target: u32) -> Candidates {
        let known = self.learned.find(target);
        let moved = site.target_address.wrapping_sub(site.base_address) as i32;
        let inside_cover = target.wrapping_sub(site.cover.0) < site.cover.1;
        let offset = target.wrapping_sub(self.space.base_address);
        let unchanged = if site.kind.is_relative() { moved } else { 0 };
        let proposals = [
            known.exact,
            inside_cover.then_some(moved),
            self.landmarks.displacement(offset),
            known.below,
            known.above,
            Some(self.recent[usize::from(site.kind.is_relative())]),
            Some(unchanged),
        ];
        Candidates { proposals }
    }

    /// Codes the reference at `site`, whose copy in the target is `actual` (only encoders know it).
    ///
    /// Returns the four target bytes, or `None` if no guess was right and the bytes must be coded one by one;
    /// [`Predictor::learn`] takes them afterwards.
    pub fn predict<C: Coder>(
        &mut self,
        coder: &mut C,
        model: &mut Model<'_>,
        site: &Site,
        actual: [u8; 4],
    ) -> Option<[u8; 4]> {
        coder.category(Category::References);
        let target = site.kind.read(site.bytes, site.base_address);
        let candidates = self.candidates(site, target);
        let mut rank = 0u32;
        for source in 0..SOURCES {
            let Some(displacement) = candidates.fresh(source) else { continue };
            let guess = target.wrapping_add(displacement as u32);
            let Some(bytes) = site.kind.write(site.bytes, site.target_address, guess) else { continue };
            let agreement = candidates.agreement(displacement);
            let right = self.flag(coder, model, site, (source, rank, agreement), bytes == actual);
            self.note(agreement, right);
            if right {
                self.history = self.history << 1 | u8::from(rank > 0);
                self.remember(site.kind, target, displacement);
                return Some(bytes);
            }
            rank += 1;
        }
        self.history = self.history << 1 | 1;
        None
    }

    fn flag<C: Coder>(
        &self,
        coder: &mut C,
        model: &mut Model<'_>,
        site: &Site,
        (source, rank, agreement): (usize, u32, u32),
        right: bool,
    ) -> bool {
        let relative = u32::from(site.kind.is_relative());
        let place = source as u32 | relative << 3 | rank.min(3) << 4;
        let outcomes = u32::from(self.outcomes.get(source).copied().unwrap_or(0));
        let history = u32::from(self.history);
        let contexts = [
            (0xF000_0000 | place | (outcomes >> 3 & 7) << 8, outcomes as u8),
            (0xF100_0000 | place | agreement << 8, history as u8),
            (0xF200_0000 | place | (history >> 3 & 7) << 8, history as u8),
            (0xF300_0000 | u32::from(site.bytes[3]) | place << 8, outcomes as u8 & 3),
        ];
        let set = SET + if rank == 0 { relative as usize } else { 2 };
        model.flag(coder, &contexts, set, right)
    }

    /// Every source that proposed the same displacement gets the outcome.
    fn note(&mut self, agreement: u32, right: bool) {
        for (index, outcomes) in self.outcomes.iter_mut().enumerate() {
            if agreement >> index & 1 != 0 {
                *outcomes = *outcomes << 1 | u8::from(!right);
            }
        }
    }

    fn remember(&mut self, kind: ReferenceKind, target: u32, displacement: i32) {
        self.recent[usize::from(kind.is_relative())] = displacement;
        self.learned.learn(target, displacement);
    }

    /// Takes what a reference became whose guesses were all wrong.
    pub fn learn(&mut self, site: &Site, actual: [u8; 4]) {
        if site.kind.matches(site.bytes, actual, &self.space) {
            let target = site.kind.read(site.bytes, site.base_address);
            let went = site.kind.read(actual, site.target_address);
            self.remember(site.kind, target, went.wrapping_sub(target) as i32);
        }
    }
}

impl Candidates {
    /// The proposal of `source`, unless a better source proposed the same.
    fn fresh(&self, source: usize) -> Option<i32> {
        let (before, rest) = self.proposals.split_at_checked(source)?;
        let proposal = (*rest.first()?)?;
        (!before.contains(&Some(proposal))).then_some(proposal)
    }

    /// Which sources propose `displacement`, a bit each.
    fn agreement(&self, displacement: i32) -> u32 {
        let mut mask = 0;
        for (index, proposal) in self.proposals.iter().enumerate() {
            mask |= u32::from(*proposal == Some(displacement)) << index;
        }
        mask
    }
}

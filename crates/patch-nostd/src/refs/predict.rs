//! Predicts where a reference's target went: candidates, and the flags that choose among them
//! (`docs/format.md`, section 7.7).

use super::{AddressSpace, Bytes, Class, Landmarks, Learned, Nearby, Reference};
use crate::entropy::control::{DISTANCE_FLAGS, length};
use crate::entropy::{Category, Coder, GuessContext, Model, Number};

/// How many sources propose a displacement, best first.
pub const SOURCES: usize = 7;

/// In contexts, the class of references in copies of the target, and the place of their outcomes.
const REPEATS: usize = 5;
const OF_REPEATS: usize = SOURCES;

const _: () = assert!(length(&DISTANCE_FLAGS) == Class::Near as usize + 1);

/// The displacements that the sources propose for one reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidates {
    proposals: [i32; SOURCES],
    /// Which of them there are, a bit each. Options would be twice as large, and the code that looks at them too.
    known: u32,
    /// Where the table of learned displacements has the target, or would have it.
    place: usize,
}

/// What the copy that meets a reference knows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Site {
    /// The reference.
    pub reference: Reference,
    /// Whether it is in a copy of the target, not of the base.
    pub repeat: bool,
    /// Its bytes in the source, then zeros.
    pub bytes: Bytes,
    /// Its address in the source.
    pub base_address: u32,
    /// The address of its copy in the target.
    pub target_address: u32,
}

/// Everything that is known about where targets went.
#[derive(Debug)]
pub struct Predictor<'w> {
    /// The cover map.
    pub landmarks: Landmarks<'w>,
    /// What earlier references taught.
    pub learned: Learned<'w>,
    /// The covers around.
    pub nearby: Nearby,
    /// The addresses that matter.
    pub space: AddressSpace,
    /// The displacement of the last reference, branches and others apart.
    recent: [i32; 2],
    /// For each source, and for all in copies of the target: the last outcomes of its proposals, a bit each, 1 for wrong.
    outcomes: [u8; SOURCES + 1],
    /// Whether the first guess at the last reference was wrong.
    missed: bool,
}

crate::state::state!(Predictor<'_>: landmarks, learned, nearby, recent, outcomes, missed; fixed space);

impl<'w> Predictor<'w> {
    /// A predictor that has seen no reference.
    #[inline(always)]
    pub fn new(landmarks: Landmarks<'w>, learned: Learned<'w>, space: AddressSpace) -> Self {
        let nearby = Nearby::default();
        Self { landmarks, learned, nearby, space, recent: [0; 2], outcomes: [0; SOURCES + 1], missed: false }
    }

    /// Forgets what it has seen; landmarks are overwritten when they are stated again.
    #[cfg(feature = "lanes")]
    pub(crate) fn restart(&mut self) {
        self.learned.restart();
        self.nearby = Nearby::default();
        self.recent = [0; 2];
        self.outcomes = [0; SOURCES + 1];
        self.missed = false;
    }

    #[cfg_attr(not(feature = "std"), inline(always))]
    fn candidates(&self, site: &Site) -> Candidates {
        let target = site.reference.target;
        let offset = target.wrapping_sub(self.space.base_address);
        let usual = site.target_address.wrapping_sub(site.base_address) as i32;
        let same = site.reference.read(site.bytes, site.target_address, &self.space);
        let mut candidates =
            Candidates { proposals: [0; SOURCES], known: 0, place: self.learned.place(target) };
        candidates.propose(6, Some(same.wrapping_sub(target) as i32));
        if site.repeat {
            // What the target refers to is in its place already.
            candidates.propose(0, Some(0));
            return candidates;
        }
        let [exact, below, above] = self.learned.around(candidates.place, target);
        candidates.propose(0, exact);
        candidates.propose(1, self.nearby.displacement(offset, usual));
        candidates.propose(2, self.landmarks.displacement(offset));
        candidates.propose(3, below);
        candidates.propose(4, above);
        candidates.propose(5, Some(self.recent[usize::from(is_branch(site))]));
        candidates
    }

    /// Codes the reference at `site`, whose copy in the target is `actual` (only encoders know it).
    ///
    /// Returns the target's bytes, or `None` if they are no reference of this form and must be coded one by one.
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub fn predict<C: Coder>(
        &mut self,
        coder: &mut C,
        model: &mut Model<'_>,
        site: &Site,
        actual: Bytes,
    ) -> Option<Bytes> {
        coder.category(Category::References);
        let target = site.reference.target;
        let candidates = self.candidates(site);
        let mut rank = 0u32;
        for (source, &displacement) in candidates.proposals.iter().enumerate() {
            if candidates.known >> source & 1 == 0 {
                continue;
            }
            let agreement = candidates.agreement(displacement);
            // A better source proposed the same.
            if agreement.trailing_zeros() != source as u32 {
                continue;
            }
            let guess = target.wrapping_add(displacement as u32);
            let Some(bytes) = self.write(site, guess) else { continue };
            let right = self.flag(coder, model, site, (source, rank, agreement), bytes == actual);
            self.note(if site.repeat { 1 << OF_REPEATS } else { agreement }, right);
            if right {
                self.missed = rank > 0;
                self.remember(site, candidates.place, displacement);
                return Some(bytes);
            }
            rank += 1;
        }
        self.missed = true;
        self.escape(coder, model, site, &candidates, actual)
    }

    /// The bytes of the reference that points at `target` from its new place, then zeros.
    #[cfg_attr(not(feature = "std"), inline(never))]
    fn write(&self, site: &Site, target: u32) -> Option<Bytes> {
        let bytes = site.reference.write(site.bytes, site.target_address, &self.space, target)?;
        Some(first(bytes, site.reference.length))
    }

    #[cfg_attr(not(feature = "std"), inline(always))]
    fn flag<C: Coder>(
        &self,
        coder: &mut C,
        model: &mut Model<'_>,
        site: &Site,
        (source, rank, agreement): (usize, u32, u32),
        right: bool,
    ) -> bool {
        let class = site.reference.class() as usize;
        let (class, outcomes) = if site.repeat { (REPEATS, OF_REPEATS) } else { (class, source) };
        let context = GuessContext {
            class,
            source,
            rank,
            agreement,
            outcomes: self.outcomes.get(outcomes).copied().unwrap_or(0),
            missed: self.missed,
            second: site.bytes[1],
        };
        model.guess(coder, &context, right)
    }

    /// Every source that proposed the same displacement gets the outcome; `agreement` has a bit of each.
    fn note(&mut self, agreement: u32, right: bool) {
        for (index, outcomes) in self.outcomes.iter_mut().enumerate() {
            if agreement >> index & 1 != 0 {
                *outcomes = *outcomes << 1 | u8::from(!right);
            }
        }
    }

    /// Codes where a reference went whose guesses were all wrong, as a distance from the first guess.
    #[cfg_attr(not(feature = "std"), inline(always))]
    fn escape<C: Coder>(
        &mut self,
        coder: &mut C,
        model: &mut Model<'_>,
        site: &Site,
        candidates: &Candidates,
        actual: Bytes,
    ) -> Option<Bytes> {
        let class = site.reference.class();
        let best = candidates.best();
        let guess = site.reference.target.wrapping_add(best as u32);
        let went = site.reference.read(actual, site.target_address, &self.space);
        let distance = went.wrapping_sub(guess) as i32;
        let worthwhile = is_short(distance, site.bytes, actual) && self.holds(site, actual, went);
        if !model.control_flag(coder, DISTANCE_FLAGS.start + class as usize, worthwhile) {
            return None;
        }
        let number = if class == Class::Pointer { Number::PointerShift } else { Number::CodeShift };
        let distance = model.signed(coder, number, distance);
        let went = guess.wrapping_add(distance as u32);
        let bytes = self.write(site, went)?;
        self.remember(site, candidates.place, went.wrapping_sub(site.reference.target) as i32);
        Some(bytes)
    }

    /// Takes what a reference became whose bytes were coded one by one.
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub fn learn(&mut self, site: &Site, actual: Bytes) {
        let went = site.reference.read(actual, site.target_address, &self.space);
        if self.holds(site, actual, went) {
            let place = self.learned.place(site.reference.target);
            self.remember(site, place, went.wrapping_sub(site.reference.target) as i32);
        }
    }

    /// Whether `actual` is the same reference to another target, which is `went`.
    fn holds(&self, site: &Site, actual: Bytes, went: u32) -> bool {
        let plausible = site.reference.class() != Class::Pointer || self.space.contains(went);
        plausible && self.write(site, went) == Some(actual)
    }

    #[cfg_attr(not(feature = "std"), inline(never))]
    fn remember(&mut self, site: &Site, place: usize, displacement: i32) {
        if site.repeat {
            return;
        }
        self.recent[usize::from(is_branch(site))] = displacement;
        if site.reference.class() != Class::Near {
            self.learned.learn_at(place, site.reference.target, displacement);
        }
    }
}

fn is_branch(site: &Site) -> bool {
    matches!(site.reference.class(), Class::Branch | Class::Near)
}

/// Whether a distance is cheaper to say than the bytes one by one: about two bits and its own against fourteen for
/// each byte that differs.
fn is_short(distance: i32, old: Bytes, actual: Bytes) -> bool {
    let differing = old.iter().zip(&actual).filter(|(old, new)| old != new).count() as u32;
    let bits = u32::BITS - distance.unsigned_abs().leading_zeros();
    distance != i32::MIN && bits + 2 < 14 * differing.max(1)
}

/// The first `length` bytes, then zeros.
pub(crate) fn first(mut bytes: Bytes, length: u8) -> Bytes {
    bytes.iter_mut().skip(usize::from(length)).for_each(|byte| *byte = 0);
    bytes
}

impl Candidates {
    fn propose(&mut self, source: usize, displacement: Option<i32>) {
        if let (Some(displacement), Some(proposal)) = (displacement, self.proposals.get_mut(source)) {
            *proposal = displacement;
            self.known |= 1 << source;
        }
    }

    /// What the best source proposes.
    fn best(&self) -> i32 {
        self.proposals.get(self.known.trailing_zeros() as usize).copied().unwrap_or(0)
    }

    /// Which sources propose `displacement`, a bit each.
    fn agreement(&self, displacement: i32) -> u32 {
        let mut mask = 0;
        for (index, &proposal) in self.proposals.iter().enumerate() {
            mask |= u32::from(proposal == displacement) << index;
        }
        mask & self.known
    }
}

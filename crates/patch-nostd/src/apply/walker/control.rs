//! Codes landmarks and operations (`docs/format.md`, sections 4.1 and 4.2).

use super::Walker;
use crate::Error;
use crate::apply::operation::{Cover, Operation, Source, fits};
use crate::entropy::control::{LANDMARK_FLAGS, RECENT_FLAGS, TARGET_FLAGS, length};
use crate::entropy::{Category, Coder, Number};
use crate::refs::Landmark;
use crate::state::state;

/// Shorter covers do not predict where the code around them went.
const NEARBY_LEAST: u32 = 24;
/// How many displacements of recent covers are remembered.
const RECENT: usize = length(&RECENT_FLAGS);

/// What the coding of operations depends on.
#[derive(Debug, Default)]
pub(super) struct ControlState {
    /// Bytes of the target that the operations coded so far make.
    pub(super) position: u32,
    /// Displacements of the last covers of the base, newest first.
    recent: [i32; RECENT],
    /// The last three answers to "from the target?", and the last to "the next landmark?".
    kinds: usize,
    landmark: usize,
    /// The landmark coded last.
    last: Landmark,
    /// The index of the landmark that may be the next operation: those before it are behind.
    upcoming: usize,
}

state!(ControlState: position, recent, kinds, landmark, last, upcoming);

impl ControlState {
    /// The displacement of the last cover of the base.
    pub(super) const fn displacement(&self) -> i32 {
        self.recent[0]
    }

    fn remember(&mut self, displacement: i32) {
        let place = self.recent.iter().position(|&known| known == displacement);
        let moved = self.recent.get_mut(..=place.unwrap_or(RECENT - 1)).unwrap_or_default();
        moved.iter_mut().fold(displacement, |newer, known| core::mem::replace(known, newer));
    }
}

impl Walker<'_> {
    /// Codes one landmark.
    pub(super) fn landmark<C: Coder>(&mut self, coder: &mut C, wanted: Landmark) -> Result<Landmark, Error> {
        coder.category(Category::Landmarks);
        let last = self.control.last;
        let gap = wanted.base.wrapping_sub(last.base.wrapping_add(last.length)) as i32;
        let gap = self.model.signed(coder, Number::LandmarkGap, gap);
        let length = wanted.length.wrapping_sub(1);
        let length = self.model.number(coder, Number::LandmarkLength, length).wrapping_add(1);
        let shift = wanted.displacement().wrapping_sub(last.displacement());
        let shift = self.model.signed(coder, Number::LandmarkShift, shift);
        let base = last.base.wrapping_add(last.length).wrapping_add(gap as u32);
        let displacement = last.displacement().wrapping_add(shift);
        let landmark = Landmark { base, target: base.wrapping_add(displacement as u32), length };
        let fits = fits(base, length, self.base_size) && fits(landmark.target, length, self.target_size);
        if !fits || base < last.base {
            return Err(Error::Corrupt);
        }
        self.control.last = landmark;
        Ok(landmark)
    }

    /// Codes the operation after the last one coded.
    pub(super) fn operation<C: Coder>(
        &mut self,
        coder: &mut C,
        wanted: Operation,
    ) -> Result<Operation, Error> {
        coder.category(Category::Control);
        let operation = self.next_operation(coder, wanted)?;
        // Both fit in what is left of the target, unless a saved state was forged.
        self.control.position = self.control.position.wrapping_add(operation.literals);
        if let Some(cover) = operation.cover {
            let target = self.control.position;
            self.control.position = target.wrapping_add(cover.length);
            if cover.source == Source::Base && cover.length >= NEARBY_LEAST {
                self.predictor.nearby.add(Landmark { base: cover.start, target, length: cover.length });
            }
        }
        Ok(operation)
    }

    fn next_operation<C: Coder>(&mut self, coder: &mut C, wanted: Operation) -> Result<Operation, Error> {
        let landmarks = self.predictor.landmarks.as_slice();
        let ahead = landmarks.get(self.control.upcoming..).unwrap_or_default();
        let behind = ahead.iter().take_while(|landmark| landmark.target < self.control.position).count();
        self.control.upcoming += behind;
        if let Some(&landmark) = ahead.get(behind) {
            let expected = Operation {
                literals: landmark.target - self.control.position,
                cover: Some(Cover { source: Source::Base, start: landmark.base, length: landmark.length }),
            };
            let context = LANDMARK_FLAGS.start + (self.control.landmark & 7);
            let agreed = self.model.control_flag(coder, context, wanted == expected);
            self.control.landmark = self.control.landmark << 1 | usize::from(agreed);
            if agreed {
                self.control.remember(landmark.displacement());
                return Ok(expected);
            }
        }
        let left = self.target_size - self.control.position;
        let literals = self.model.number(coder, Number::LiteralLength, wanted.literals);
        if literals >= left {
            let last = Operation { literals, cover: None };
            return if literals == left { Ok(last) } else { Err(Error::Corrupt) };
        }
        let start = self.control.position + literals;
        let cover = wanted.cover.unwrap_or(Cover { source: Source::Base, start: 0, length: 1 });
        let cover = self.cover(coder, start, cover)?;
        Ok(Operation { literals, cover: Some(cover) })
    }

    /// Codes the cover that begins at `target`.
    fn cover<C: Coder>(&mut self, coder: &mut C, target: u32, wanted: Cover) -> Result<Cover, Error> {
        let from_target = self.read_back && {
            let context = TARGET_FLAGS.start + (self.control.kinds & 7);
            let answer = self.model.control_flag(coder, context, wanted.source == Source::Target);
            self.control.kinds = self.control.kinds << 1 | usize::from(answer);
            answer
        };
        let cover = if from_target {
            let distance = target.wrapping_sub(wanted.start).wrapping_sub(1);
            let distance = self.model.number(coder, Number::TargetDistance, distance);
            let length = self.model.number(coder, Number::TargetLength, wanted.length.wrapping_sub(1));
            // What is before the lane may not be there yet.
            let known = target - self.start.offset();
            if distance >= known {
                return Err(Error::Corrupt);
            }
            Cover { source: Source::Target, start: target - distance - 1, length: length.wrapping_add(1) }
        } else {
            let wanted_displacement = target.wrapping_sub(wanted.start) as i32;
            let displacement = self.displacement(coder, wanted_displacement);
            let length = self.model.number(coder, Number::BaseLength, wanted.length.wrapping_sub(1));
            let start = target.wrapping_sub(displacement as u32);
            Cover { source: Source::Base, start, length: length.wrapping_add(1) }
        };
        let readable = from_target || fits(cover.start, cover.length, self.base_size);
        if readable && fits(target, cover.length, self.target_size) { Ok(cover) } else { Err(Error::Corrupt) }
    }

    /// Codes the displacement of a cover of the base: a recent one, or how far it is from the last.
    fn displacement<C: Coder>(&mut self, coder: &mut C, wanted: i32) -> i32 {
        for place in 0..RECENT {
            let recent = self.control.recent.get(place).copied().unwrap_or(0);
            if self.model.control_flag(coder, RECENT_FLAGS.start + place, wanted == recent) {
                self.control.remember(recent);
                return recent;
            }
        }
        let seek = self.control.displacement().wrapping_sub(wanted);
        let seek = self.model.signed(coder, Number::BaseSeek, seek);
        let displacement = self.control.displacement().wrapping_sub(seek);
        self.control.remember(displacement);
        displacement
    }
}

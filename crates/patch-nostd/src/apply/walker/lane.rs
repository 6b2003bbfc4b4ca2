//! Walking through a lane, which is a target of its own but for the counting of offsets (`docs/format.md`, section 4.5).

#[cfg(feature = "lanes")]
use super::{ControlState, CopyMemory, CopyState, Phase, Walker};
#[cfg(feature = "lanes")]
use crate::apply::operation::Operation;
#[cfg(feature = "lanes")]
use core::ops::Range;

/// Where the lane begins that is walked through. Decoders without lanes have no place for it: it is 0.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Start {
    #[cfg(feature = "lanes")]
    offset: u32,
}

impl Start {
    /// Its offset in the target.
    pub(super) const fn offset(self) -> u32 {
        #[cfg(feature = "lanes")]
        let offset = self.offset;
        #[cfg(not(feature = "lanes"))]
        let offset = 0;
        offset
    }
}

#[cfg(feature = "lanes")]
impl Walker<'_> {
    /// Before anything is decoded: walks through this lane only, not through the whole target.
    pub fn enter(&mut self, Range { start, end }: Range<u32>) {
        self.start = Start { offset: start };
        self.position = start;
        self.control.position = start;
        self.target_size = end;
    }

    /// Goes on with another lane, of which it knows nothing.
    pub(crate) fn restart(&mut self, lane: Range<u32>) {
        self.model.restart();
        self.predictor.restart();
        self.phase = Phase::Landmark(0);
        self.operation = Operation { literals: 0, cover: None };
        self.ahead = None;
        self.before = 0;
        self.control = ControlState::default();
        self.copy = CopyState::default();
        self.memory = CopyMemory::default();
        self.enter(lane);
    }
}

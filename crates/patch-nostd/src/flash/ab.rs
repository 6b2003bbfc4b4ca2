//! An update into another slot than the one that runs (`docs/format.md`, section 8).

use super::journal::Journal;
use super::memory::Flash;
use super::{SlotTarget, Step};
use crate::apply::Base;
use crate::verify::{Policy, Sha256};
use crate::wire::Header;
use crate::{Error, Patcher};

/// Bytes of a stored package that are read at once.
const PIECE: usize = 64;

/// Restores an image into a slot and checks it there. The base is only read: it stays whole, whatever happens.
///
/// After a reset, or an error of flash, make another one and give it the package from its start again. Pages that were
/// finished before are decoded again, but neither erased nor written.
#[derive(Debug)]
pub struct AbUpdate<'w, B: Base, F: Flash, J: Flash, D: Sha256, P: Policy> {
    stage: Stage<'w, B, F, J, D, P>,
    /// Bytes of the package that were taken.
    taken: u32,
}

// There is no heap to box the large one into.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
enum Stage<'w, B: Base, F: Flash, J: Flash, D: Sha256, P: Policy> {
    Restore(Patcher<'w, B, SlotTarget<'w, F, J>, D, P>),
    Check { target: SlotTarget<'w, F, J>, digest: D, done: u32, size: u32, expected: [u8; 32] },
    Ready,
    Failed,
}

impl<'w, B: Base, F: Flash, J: Flash, D: Sha256, P: Policy> AbUpdate<'w, B, F, J, D, P> {
    /// An update of `slot`, whose journal is in an area of two pages at least. Writes nothing.
    ///
    /// `workspace` is the patcher's: [`crate::required_ram`] bytes, aligned to four. `buffer` comes on top: a whole
    /// page of the slot if pages that need no change shall not be erased, at least its write size.
    pub fn new(
        workspace: &'w mut [u8],
        buffer: &'w mut [u8],
        base: B,
        (slot, journal): (F, J),
        policy: P,
    ) -> Result<Self, Error> {
        let target = SlotTarget::new(slot, Journal::open(journal)?, buffer)?;
        let patcher = Patcher::with_policy(workspace, base, target, policy);
        Ok(Self { stage: Stage::Restore(patcher), taken: 0 })
    }

    /// The package's header, once it is known and as long as the restore goes on.
    #[must_use]
    pub const fn header(&self) -> Option<&Header> {
        match &self.stage {
            Stage::Restore(patcher) => patcher.header(),
            _ => None,
        }
    }

    /// Takes the next piece of a package that streams in, and writes what can be restored.
    pub fn push(&mut self, piece: &[u8]) -> Result<Step, Error> {
        self.go_on(|update, patcher| {
            patcher.push(piece)?;
            update.taken = update.taken.saturating_add(piece.len() as u32);
            Ok(())
        })
    }

    /// After the last piece: the package must be complete. Checking comes next: [`AbUpdate::check`].
    pub fn end(&mut self) -> Result<Step, Error> {
        match core::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Restore(patcher) => self.finish(patcher),
            _ => Err(Error::Finished),
        }
    }

    /// Goes on with a package that is stored in `package`, from its start: about `budget` bytes of the image are
    /// written, or checked, and the update is ready when this says so.
    pub fn step(&mut self, package: &mut impl Flash, budget: u32) -> Result<Step, Error> {
        if !matches!(self.stage, Stage::Restore(_)) {
            return self.check(budget);
        }
        let mut complete = false;
        let step = self.go_on(|update, patcher| {
            complete = update.feed(patcher, package, budget)?;
            Ok(())
        })?;
        if complete { self.end() } else { Ok(step) }
    }

    /// Reads about `budget` more bytes of the new image back and adds them to its digest; compares that at the end.
    pub fn check(&mut self, budget: u32) -> Result<Step, Error> {
        match core::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Check { mut target, mut digest, done, size, expected } => {
                let done = target.check(&mut digest, done, budget)?;
                if done < size {
                    self.stage = Stage::Check { target, digest, done, size, expected };
                    return Ok(Step::Working(100));
                }
                let right = digest.finish() == expected;
                target.conclude(right)?;
                if !right {
                    return Err(Error::TargetDigest);
                }
                self.stage = Stage::Ready;
                Ok(Step::Ready)
            }
            Stage::Ready => {
                self.stage = Stage::Ready;
                Ok(Step::Ready)
            }
            Stage::Restore(_) | Stage::Failed => Err(Error::Finished),
        }
    }

    /// Works with the patcher; after an error the update is over.
    fn go_on(
        &mut self,
        work: impl FnOnce(&mut Self, &mut Patcher<'w, B, SlotTarget<'w, F, J>, D, P>) -> Result<(), Error>,
    ) -> Result<Step, Error> {
        match core::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Restore(mut patcher) => {
                work(self, &mut patcher)?;
                let step = Step::Working(patcher.progress());
                self.stage = Stage::Restore(patcher);
                Ok(step)
            }
            _ => Err(Error::Finished),
        }
    }

    /// Gives the patcher a piece of a stored package; true when the restore is complete.
    fn feed(
        &mut self,
        patcher: &mut Patcher<'w, B, SlotTarget<'w, F, J>, D, P>,
        package: &mut impl Flash,
        budget: u32,
    ) -> Result<bool, Error> {
        let mut piece = [0; PIECE];
        let left = self.left(patcher, package.geometry().size);
        // What follows the package is known when its header is.
        let most = if patcher.header().is_some() { PIECE } else { 1 };
        let count = most.min(left as usize);
        let piece = piece.get_mut(..count).ok_or(Error::Truncated)?;
        package.read(self.taken, piece).map_err(|_| Error::PackageRead)?;
        let taken = patcher.step(piece, budget.max(1))?;
        self.taken += taken as u32;
        let ended = taken as u32 == left;
        if ended && patcher.wants_input() && !patcher.is_complete() {
            return Err(Error::Truncated);
        }
        Ok(ended && patcher.is_complete())
    }

    /// Bytes of the package that have not been taken; before its header is known, of the area that it is in.
    fn left(&self, patcher: &Patcher<'w, B, SlotTarget<'w, F, J>, D, P>, area: u32) -> u32 {
        patcher.package_length().unwrap_or(area).min(area).saturating_sub(self.taken)
    }

    fn finish(&mut self, patcher: Patcher<'w, B, SlotTarget<'w, F, J>, D, P>) -> Result<Step, Error> {
        let header = patcher.header().ok_or(Error::Truncated)?;
        let (size, expected) = (header.target_size, header.target_digest);
        let target = patcher.finish()?;
        self.stage = Stage::Check { target, digest: D::start(), done: 0, size, expected };
        Ok(Step::Working(100))
    }
}

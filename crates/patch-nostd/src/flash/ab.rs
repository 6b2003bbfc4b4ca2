//! An update into another slot than the one that runs (`docs/format.md`, section 8).

use super::journal::Journal;
use super::traits::Flash;
use super::{AbAreas, SlotTarget, Step};
use crate::apply::Base;
use crate::secrecy::{DecryptionKey, NoKey};
use crate::verify::{Policy, Sha256};
use crate::wire::Header;
use crate::{Error, Patcher};

/// Bytes of a stored package that are read at once.
const PIECE: usize = 64;

/// Restores an image into a slot and checks it there. The base is only read: it stays whole, whatever happens.
///
/// After a reset, or an error, make another one and give it the package from its start again. Pages that were finished
/// before are decoded again and compared, but neither erased nor written if they are right. Whatever was delivered
/// before, the right package is restored at the first attempt; with a buffer smaller than a page, at the second at latest.
#[derive(Debug)]
pub struct AbUpdate<'w, B, F, J, D, P, K: DecryptionKey = NoKey> {
    patcher: Patcher<'w, BaseReads<B>, SlotTarget<'w, F, J>, D, P, K>,
    phase: Phase,
    /// Bytes of the package that were taken.
    taken: u32,
    /// Of what was read back, and how much that was.
    digest: Option<D>,
    checked: u32,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Restore,
    Check,
    Ready,
    Failed,
}

/// A base whose every error is [`Error::BaseRead`], which says nothing against the package.
#[derive(Debug)]
struct BaseReads<B>(B);

impl<B: Base> Base for BaseReads<B> {
    type Error = Error;

    fn size(&self) -> u32 {
        self.0.size()
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        self.0.read(offset, buffer).map_err(|_| Error::BaseRead)
    }

    fn digest(&mut self) -> Option<[u8; 16]> {
        self.0.digest()
    }
}

impl<'w, B: Base, F: Flash, J: Flash, D: Sha256, P: Policy> AbUpdate<'w, B, F, J, D, P> {
    /// An update of the slot. Writes nothing. The package's [`Requirements`](crate::header::Requirements) state the bytes
    /// of `workspace`, and [`Requirements::ab`](crate::header::Requirements::ab) those of `buffer` and journal. Every error
    /// of the base is [`Error::BaseRead`].
    ///
    /// A smaller buffer works down to the slot's write size (and the journal's, if that is above 64 bytes), but pages that
    /// need no change are then erased and written too.
    ///
    /// # Errors
    /// [`Error::Areas`] and [`Error::WorkspaceTooSmall`].
    pub fn new(
        workspace: &'w mut [u8],
        buffer: &'w mut [u8],
        base: B,
        areas: AbAreas<F, J>,
        policy: P,
    ) -> Result<Self, Error> {
        Self::with_key(workspace, buffer, base, areas, policy, NoKey)
    }
}

impl<'w, B: Base, F: Flash, J: Flash, D: Sha256, P: Policy, K: DecryptionKey> AbUpdate<'w, B, F, J, D, P, K> {
    /// As [`AbUpdate::new`], and takes packages that `key` decrypts, too.
    ///
    /// # Errors
    /// As [`AbUpdate::new`].
    pub fn with_key(
        workspace: &'w mut [u8],
        buffer: &'w mut [u8],
        base: B,
        AbAreas { slot, journal }: AbAreas<F, J>,
        policy: P,
        key: K,
    ) -> Result<Self, Error> {
        let target = SlotTarget::new(slot, Journal::open(journal)?, buffer)?;
        let patcher = Patcher::with_key(workspace, BaseReads(base), target, policy, key);
        Ok(Self { patcher, phase: Phase::Restore, taken: 0, digest: None, checked: 0 })
    }

    /// The package's header, once it is known.
    #[must_use]
    pub const fn header(&self) -> Option<&Header> {
        self.patcher.header()
    }

    /// Takes the next piece of a package that streams in, and writes what can be restored.
    ///
    /// # Errors
    /// As [`Patcher::push`].
    pub fn push(&mut self, piece: &[u8]) -> Result<Step, Error> {
        self.guarded(|update| {
            if update.phase != Phase::Restore {
                return Err(Error::Finished);
            }
            update.patcher.push(piece)
        })
    }

    /// After the last piece: the package must be complete. Checking comes next: [`AbUpdate::check`].
    ///
    /// # Errors
    /// As [`Patcher::complete`].
    pub fn end(&mut self) -> Result<Step, Error> {
        self.guarded(|update| {
            if update.phase != Phase::Restore {
                return Err(Error::Finished);
            }
            update.complete()
        })
    }

    /// Goes on with a package that is stored in `package`, from its start: about `budget` bytes of the image are
    /// written, or checked, and the update is ready when this says so.
    ///
    /// # Errors
    /// As [`Patcher::push`], [`Patcher::complete`] and [`AbUpdate::check`], and [`Error::PackageRead`].
    pub fn step(&mut self, package: &mut impl Flash, budget: u32) -> Result<Step, Error> {
        if self.phase != Phase::Restore {
            return self.check(budget);
        }
        self.guarded(|update| if update.feed(package, budget)? { update.complete() } else { Ok(()) })
    }

    /// Reads about `budget` more bytes of the new image back and adds them to its digest; compares that at the end.
    ///
    /// # Errors
    /// [`Error::TargetRead`], [`Error::TargetDigest`], [`Error::Journal`], and [`Error::Finished`] before the body's end.
    pub fn check(&mut self, budget: u32) -> Result<Step, Error> {
        self.guarded(|update| match update.phase {
            Phase::Check => update.read_back(budget),
            Phase::Ready => Ok(()),
            Phase::Restore | Phase::Failed => Err(Error::Finished),
        })
    }

    /// Does some work; after an error the update is over.
    fn guarded(&mut self, work: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<Step, Error> {
        match work(self) {
            Ok(()) if self.phase == Phase::Ready => Ok(Step::Ready),
            Ok(()) => Ok(Step::Working(self.patcher.progress())),
            Err(error) => {
                let of_flash = matches!(
                    error,
                    Error::BaseRead
                        | Error::TargetWrite
                        | Error::TargetRead
                        | Error::Journal
                        | Error::PackageRead
                );
                // What a wrong package has left behind must not stand in the right one's way. If that cannot be
                // noted, it is found out later: the first error is the one to report.
                if !of_flash && error != Error::Finished {
                    let _ = self.patcher.target().give_up();
                }
                self.phase = Phase::Failed;
                Err(error)
            }
        }
    }

    /// Gives the patcher a piece of a stored package; true when the body has been decoded.
    fn feed(&mut self, package: &mut impl Flash, budget: u32) -> Result<bool, Error> {
        let area = package.geometry().size;
        let left = self.patcher.package_length().unwrap_or(area).min(area).saturating_sub(self.taken);
        // What follows the package is known when its header is.
        let most = if self.patcher.header().is_some() { PIECE } else { 1 };
        let mut piece = [0; PIECE];
        let piece = piece.get_mut(..most.min(left as usize)).ok_or(Error::Truncated)?;
        package.read(self.taken, piece).map_err(|_| Error::PackageRead)?;
        let taken = self.patcher.step(piece, budget.max(1))? as u32;
        self.taken += taken;
        let ended = taken == left;
        if ended && self.patcher.wants_input() && !self.patcher.is_done() {
            return Err(Error::Truncated);
        }
        Ok(ended && self.patcher.is_done())
    }

    fn complete(&mut self) -> Result<(), Error> {
        self.patcher.complete()?;
        self.digest = Some(D::start());
        self.phase = Phase::Check;
        Ok(())
    }

    fn read_back(&mut self, budget: u32) -> Result<(), Error> {
        let header = self.patcher.header().ok_or(Error::Finished)?;
        let (size, expected) = (header.target_size, header.target_digest);
        let digest = self.digest.as_mut().ok_or(Error::Finished)?;
        self.checked = self.patcher.target().check(digest, self.checked, budget)?;
        if self.checked < size {
            return Ok(());
        }
        let right = self.digest.take().is_some_and(|digest| digest.finish() == expected);
        if !right {
            return Err(Error::TargetDigest);
        }
        self.patcher.target().conclude()?;
        self.phase = Phase::Ready;
        Ok(())
    }
}

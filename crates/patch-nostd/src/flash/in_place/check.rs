//! What an update in place checks: package and base before anything is written, the image in the end
//! (`docs/format.md`, section 8.2).

use super::{InPlaceUpdate, Phase};
use crate::Error;
use crate::flash::record::Mark;
use crate::flash::stored::hash;
use crate::flash::traits::Flash;
use crate::secrecy::DecryptionKey;
use crate::verify::Sha256;

impl<F: Flash, K: Flash, D: Sha256, J: Flash, S: DecryptionKey> InPlaceUpdate<'_, F, K, D, J, S> {
    /// The whole package must be there and intact: once begun, there is no way back. After a reset it may be another one
    /// than before, with the same header.
    pub(super) fn check_body(&mut self, budget: u32) -> Result<Phase, Error> {
        let digest = self.digest.as_mut().ok_or(Error::Finished)?;
        let end = self.done.saturating_add(budget).min(self.header.body_length);
        self.done = hash(&mut self.package, digest, (self.body + self.done, self.body + end))? - self.body;
        if self.done < self.header.body_length {
            return Ok(Phase::Body);
        }
        if self.take_digest()? != self.header.body_digest.ok_or(Error::NotInPlace)? {
            return Err(Error::BodyDigest);
        }
        self.resume()
    }

    /// The base must be the one that the package was made for.
    pub(super) fn check_base(&mut self, budget: u32) -> Result<Phase, Error> {
        let digest = self.digest.as_mut().ok_or(Error::Finished)?;
        let end = self.done.saturating_add(budget).min(self.header.base_size);
        self.done = self.areas.hash(digest, self.done, end).map_err(|_| Error::BaseRead)?;
        if self.done < self.header.base_size {
            return Ok(Phase::Base);
        }
        let digest = self.take_digest()?;
        if self.header.base_size > 0 && digest.first_chunk() != Some(&self.header.base_digest) {
            return Err(Error::BaseDigest);
        }
        self.note(Mark::Moved(0))?;
        Ok(Phase::Move)
    }

    /// The image as flash has it must be right.
    pub(super) fn check_target(&mut self, budget: u32) -> Result<Phase, Error> {
        let digest = self.digest.as_mut().ok_or(Error::Finished)?;
        let end = self.done.saturating_add(budget).min(self.header.target_size);
        let mark = self.journal.mark(self.update);
        let read = self.areas.hash(digest, self.done, end);
        // Where it was ready and cannot be read, it is there no more.
        let gone = read.is_err() && mark == Some(Mark::Ready);
        self.done = if gone { self.header.target_size } else { read? };
        if self.done < self.header.target_size {
            return Ok(Phase::Check);
        }
        let right = self.take_digest()? == self.header.target_digest && !gone;
        match (right, mark) {
            (true, Some(Mark::Ready)) => Ok(Phase::Ready),
            (true, _) => self.note(Mark::Ready).map(|()| Phase::Ready),
            // Something else has written the slot since: the base again, perhaps.
            (false, Some(Mark::Ready)) => Ok(Phase::Body),
            (false, _) => Err(Error::TargetDigest),
        }
    }

    /// Ends a digest, and begins the next one.
    fn take_digest(&mut self) -> Result<[u8; 32], Error> {
        self.done = 0;
        let digest = self.digest.replace(D::start()).ok_or(Error::Finished)?;
        Ok(digest.finish())
    }
}

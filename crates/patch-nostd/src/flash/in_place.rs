//! An update in the slot that holds the base (`docs/format.md`, section 8.2).
//!
//! What must survive is in the journal, the scratch area and the state area; nothing is undone, everything can be done
//! again:
//!
//! 1. package and base are checked, and the journal says so;
//! 2. the base is moved up, from its last page to its first; a page is noted when it has arrived;
//! 3. a segment is decoded into the scratch area, then the decoder's state is saved, then the journal says so;
//! 4. what the plan keeps of the slot is put aside, then the journal says so;
//! 5. the segment is copied to its place, then the journal says so, and the next one follows.

use super::Step;
use super::ground::{Ground, usable};
use super::journal::{Entry, Journal, Mark};
use super::memory::Flash;
use super::saved::{Loading, Saving};
use super::stored::{Decoder, Opened, hash, read_header, state_area, state_place, transfer, update};
use crate::apply::{Blind, Layout, Progress, percent};
use crate::entropy::RangeDecoder;
use crate::secrecy::{DecryptionKey, NoKey};
use crate::verify::{Policy, Sha256};
use crate::wire::{Codec, Header, InPlacePlan};
use crate::{Error, required_ram};

/// The areas that an update in place needs.
#[derive(Debug)]
pub struct InPlaceAreas<F> {
    /// Holds the base at its start, and the target in the end.
    pub slot: F,
    /// Holds a segment.
    pub scratch: F,
    /// At least two pages.
    pub journal: F,
    /// Holds the decoder's state twice: [`state_area`] bytes.
    pub state: F,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Body,
    Base,
    Move,
    Decode,
    Keep,
    Copy,
    Check,
    Ready,
    Failed,
}

/// Replaces an image by another in the same slot. The package must be stored where it outlives a reset.
///
/// Nothing is written before package and base have been checked. From then on only this update leads out: after a
/// reset, or an error of flash, make another one with the same package and step until it is ready.
#[derive(Debug)]
pub struct InPlaceUpdate<'w, F: Flash, K: Flash, D: Sha256, S: DecryptionKey = NoKey> {
    ground: Ground<'w, F>,
    journal: Journal<F>,
    state: F,
    package: K,
    header: Header,
    /// Where the body begins in the package.
    body: u32,
    plan: InPlacePlan,
    update: u64,
    workspace: Option<&'w mut [u8]>,
    decoder: Option<Decoder<'w>>,
    /// What decrypts the body, if the package is encrypted.
    cipher: Option<S::Cipher>,
    digest: Option<D>,
    phase: Phase,
    /// How far the phase is: bytes, or pages.
    done: u32,
}

impl<'w, F: Flash, K: Flash, D: Sha256> InPlaceUpdate<'w, F, K, D> {
    /// Reads header and journal, and finds out where to go on. Writes nothing.
    ///
    /// `workspace` is the decoder's: [`required_ram`] bytes, aligned to four; [`super::IN_PLACE_BUFFER`] bytes of `buffer`
    /// come on top.
    pub fn new(
        workspace: &'w mut [u8],
        buffer: &'w mut [u8],
        areas: InPlaceAreas<F>,
        package: K,
        policy: impl Policy,
    ) -> Result<Self, Error> {
        Self::with_key(workspace, buffer, areas, package, policy, NoKey)
    }
}

impl<'w, F: Flash, K: Flash, D: Sha256, S: DecryptionKey> InPlaceUpdate<'w, F, K, D, S> {
    /// The same, which also takes packages that `key` decrypts. What is stored stays encrypted: after a reset, the key
    /// must be there again.
    pub fn with_key(
        workspace: &'w mut [u8],
        buffer: &'w mut [u8],
        areas: InPlaceAreas<F>,
        mut package: K,
        policy: impl Policy,
        key: S,
    ) -> Result<Self, Error> {
        let opened = read_header::<D, S>(workspace, &mut package, &policy, &key)?;
        let Opened { header, plan, body, cipher } = opened;
        let sizes = (header.base_size, header.target_size);
        let ground = Ground::new((areas.slot, areas.scratch), buffer, plan, sizes)?;
        let state = areas.state;
        let needed = state_area(&header, state.geometry().page);
        if !usable(&state.geometry()) || needed.is_none_or(|needed| needed > state.geometry().size) {
            return Err(Error::Areas);
        }
        let journal = Journal::open(areas.journal)?;
        let update = update(&header)?;
        let (workspace, digest, decoder) = (Some(workspace), Some(D::start()), None);
        let (phase, done) = (Phase::Body, 0);
        let mut this = Self {
            ground,
            journal,
            state,
            package,
            header,
            body,
            plan,
            update,
            workspace,
            decoder,
            cipher,
            digest,
            phase,
            done,
        };
        this.resume(this.journal.mark(update))?;
        Ok(this)
    }

    /// The package's header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Whether the slot holds neither image: it must not be started before the update is ready.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        !matches!(self.phase, Phase::Body | Phase::Base | Phase::Ready)
    }

    /// Does the next piece of work: about `budget` bytes, a page, or a segment's end.
    pub fn step(&mut self, budget: u32) -> Result<Step, Error> {
        let phase = core::mem::replace(&mut self.phase, Phase::Failed);
        self.phase = match phase {
            Phase::Body => self.check_body(budget.max(1))?,
            Phase::Base => self.check_base(budget.max(1))?,
            Phase::Move => self.move_page()?,
            Phase::Decode => self.decode(budget.max(1))?,
            Phase::Keep => self.keep_page()?,
            Phase::Copy => self.copy_page()?,
            Phase::Check => self.check_target(budget.max(1))?,
            Phase::Ready => Phase::Ready,
            Phase::Failed => return Err(Error::Finished),
        };
        Ok(match self.phase {
            Phase::Ready => Step::Ready,
            Phase::Body | Phase::Base | Phase::Move => Step::Working(0),
            _ => Step::Working(percent(self.ground.known(), self.header.target_size)),
        })
    }

    /// Goes on where the journal says.
    fn resume(&mut self, mark: Option<Mark>) -> Result<(), Error> {
        self.phase = match mark {
            None | Some(Mark::Pages(_)) => Phase::Body,
            Some(Mark::Moved(pages)) => {
                self.done = pages;
                Phase::Move
            }
            Some(Mark::Decoding(segment)) => self.begin_segment(segment)?,
            Some(Mark::Keeping(segment)) => {
                self.ground.begin(segment);
                Phase::Keep
            }
            Some(Mark::Copying(segment)) => {
                self.ground.begin(segment);
                Phase::Copy
            }
            Some(Mark::Ready) => Phase::Check,
        };
        Ok(())
    }

    fn note(&mut self, mark: Mark) -> Result<(), Error> {
        self.journal.append(Entry { update: self.update, mark })
    }

    /// The whole package must be there and intact: once begun, there is no way back.
    fn check_body(&mut self, budget: u32) -> Result<Phase, Error> {
        let digest = self.digest.as_mut().ok_or(Error::Finished)?;
        let end = self.done.saturating_add(budget).min(self.header.body_length);
        self.done = hash(&mut self.package, digest, (self.body + self.done, self.body + end))? - self.body;
        if self.done < self.header.body_length {
            return Ok(Phase::Body);
        }
        if self.take_digest()? != self.header.body_digest.ok_or(Error::NotInPlace)? {
            return Err(Error::BodyDigest);
        }
        Ok(Phase::Base)
    }

    fn check_base(&mut self, budget: u32) -> Result<Phase, Error> {
        let digest = self.digest.as_mut().ok_or(Error::Finished)?;
        let end = self.done.saturating_add(budget).min(self.header.base_size);
        self.done = self.ground.hash(digest, self.done, end).map_err(|_| Error::BaseRead)?;
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

    fn move_page(&mut self) -> Result<Phase, Error> {
        let page = self.ground.slot.geometry().page;
        let pages = self.header.base_size.div_ceil(page.max(1));
        let Some(left) = pages.checked_sub(self.done).filter(|&left| left > 0 && self.plan.shift > 0) else {
            self.note(Mark::Decoding(0))?;
            return self.begin_segment(0);
        };
        self.ground.move_page((left - 1).saturating_mul(page))?;
        self.done += 1;
        self.note(Mark::Moved(self.done))?;
        Ok(Phase::Move)
    }

    /// Begins to decode a segment, with the state that the decoder had after the one before.
    fn begin_segment(&mut self, segment: u32) -> Result<Phase, Error> {
        self.ground.begin(segment);
        if self.ground.start() >= self.header.target_size {
            self.done = 0;
            self.digest = Some(D::start());
            return Ok(Phase::Check);
        }
        if self.decoder.is_none() {
            self.new_decoder()?;
            if segment > 0 {
                let at = self.place(segment)?;
                let decoder = self.decoder.as_mut().ok_or(Error::Finished)?;
                let mut loading = Loading::new(&mut self.state, at);
                // What is no state at all was read wrong too.
                transfer(decoder, &mut self.ground, &mut loading).map_err(|_| Error::Journal)?;
                loading.finish()?;
            }
        }
        Ok(Phase::Decode)
    }

    /// Makes a decoder where it stays, which saves stack.
    #[cfg_attr(not(feature = "encode"), inline(never))]
    fn new_decoder(&mut self) -> Result<(), Error> {
        #[allow(irrefutable_let_patterns, reason = "many decoders know one codec only")]
        let Codec::Cm { size, tuning } = self.header.codec else { return Err(Error::UnsupportedCodec) };
        let workspace = self.workspace.take().ok_or(Error::Finished)?;
        if required_ram(&self.header) > workspace.len() as u64 {
            return Err(Error::WorkspaceTooSmall);
        }
        let Layout { walker, input } = Layout::new(&self.header, size, tuning, workspace)?;
        let input = RangeDecoder::new(input, self.header.body_length);
        self.decoder = Some(Decoder { walker, input, taken: 0 });
        Ok(())
    }

    /// Where the state before a segment is kept.
    fn place(&self, segment: u32) -> Result<u32, Error> {
        let place =
            state_place(required_ram(&self.header), self.state.geometry().page).ok_or(Error::Areas)?;
        Ok(if segment.is_multiple_of(2) { 0 } else { place })
    }

    fn decode(&mut self, budget: u32) -> Result<Phase, Error> {
        let decoder = self.decoder.as_mut().ok_or(Error::Finished)?;
        decoder.feed(&mut self.package, (self.body, self.header.body_length), &mut self.cipher)?;
        let end = self.ground.end();
        let last = end == self.header.target_size;
        let left = end.saturating_sub(decoder.walker.position());
        // The very end takes a step more.
        let budget = if last { budget } else { budget.min(left) };
        let progress = decoder.walker.run(&mut decoder.input, &Blind, &mut self.ground, budget)?;
        if progress == Progress::Done {
            decoder.input.finish()?;
        } else if last || decoder.walker.position() < end {
            return Ok(Phase::Decode);
        }
        decoder.walker.flush(&mut self.ground)?;
        self.ground.settle()?;
        self.commit(last)
    }

    /// The segment is in the scratch area: saves the state after it, and only then says so.
    fn commit(&mut self, last: bool) -> Result<Phase, Error> {
        let segment = self.segment();
        if !last {
            let at = self.place(segment + 1)?;
            let decoder = self.decoder.as_mut().ok_or(Error::Finished)?;
            let mut saving = Saving::new(&mut self.state, at);
            transfer(decoder, &mut self.ground, &mut saving)?;
            saving.finish()?;
        }
        self.done = 0;
        if self.ground.kept() > 0 {
            self.note(Mark::Keeping(segment))?;
            return Ok(Phase::Keep);
        }
        self.note(Mark::Copying(segment))?;
        Ok(Phase::Copy)
    }

    fn keep_page(&mut self) -> Result<Phase, Error> {
        if self.done < self.ground.kept() {
            self.ground.keep_page(self.done)?;
            self.done = self.done.saturating_add(self.ground.scratch.geometry().page);
            return Ok(Phase::Keep);
        }
        self.note(Mark::Copying(self.segment()))?;
        self.done = 0;
        Ok(Phase::Copy)
    }

    fn segment(&self) -> u32 {
        self.ground.start().checked_div(self.plan.segment).unwrap_or(0)
    }

    fn copy_page(&mut self) -> Result<Phase, Error> {
        if self.ground.start().saturating_add(self.done) < self.ground.end() {
            self.ground.copy_page(self.done)?;
            self.done = self.done.saturating_add(self.ground.slot.geometry().page);
            return Ok(Phase::Copy);
        }
        let next = self.segment().saturating_add(1);
        self.note(Mark::Decoding(next))?;
        self.begin_segment(next)
    }

    /// The image as flash has it must be right.
    fn check_target(&mut self, budget: u32) -> Result<Phase, Error> {
        let digest = self.digest.as_mut().ok_or(Error::Finished)?;
        let end = self.done.saturating_add(budget).min(self.header.target_size);
        self.done = self.ground.hash(digest, self.done, end)?;
        if self.done < self.header.target_size {
            return Ok(Phase::Check);
        }
        let right = self.take_digest()? == self.header.target_digest;
        match (right, self.journal.mark(self.update)) {
            (true, Some(Mark::Ready)) => Ok(Phase::Ready),
            (true, _) => self.note(Mark::Ready).map(|()| Phase::Ready),
            // The slot was written since by somebody else: with the base again, perhaps.
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

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

mod check;

use super::journal::Journal;
use super::record::{Entry, Mark};
use super::saved::{Loading, Saving};
use super::slot_and_scratch::{PIECE, SlotAndScratch, buffer, chunk};
use super::stored::{Decoder, Opened, are_sound, read_header, state_area, state_place, transfer, update};
use super::traits::Flash;
use super::{InPlaceAreas, Step};
use crate::Error;
use crate::apply::{Blind, Layout, Pause, percent};
use crate::entropy::RangeDecoder;
use crate::secrecy::{DecryptionKey, NoKey};
use crate::verify::{Policy, Sha256};
use crate::wire::{Header, InPlacePlan};

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
/// Nothing is written before package and base have been checked, and everything that the update needs. From then on only
/// this update leads out: after a reset, or an error of flash, make another one with the same package and step until it
/// is ready.
#[derive(Debug)]
pub struct InPlaceUpdate<'w, F, K, D, J = F, S: DecryptionKey = NoKey> {
    areas: SlotAndScratch<'w, F>,
    journal: Journal<J>,
    state: F,
    package: K,
    header: Header,
    /// Where the body begins in the package.
    body: u32,
    plan: InPlacePlan,
    update: u64,
    workspace: Option<&'w mut [u8]>,
    decoder: Option<Decoder<'w>>,
    /// Whether the decoder is as it is at the start of a body.
    fresh: bool,
    /// What decrypts the body, if the package is encrypted.
    cipher: Option<S::Cipher>,
    digest: Option<D>,
    phase: Phase,
    /// How far the phase is: bytes, or pages.
    done: u32,
}

/// Whether the last record of a journal says that a slot holds neither image: for a boot loader that must know before
/// it looks for the package. Only an update with the same package leads out.
///
/// # Errors
/// [`Error::Areas`] if the journal has no room.
pub fn has_begun(journal: impl Flash) -> Result<bool, Error> {
    Ok(Journal::open(journal)?.last().is_some_and(|last| last.mark.has_begun()))
}

impl<'w, F: Flash, K: Flash, D: Sha256, J: Flash> InPlaceUpdate<'w, F, K, D, J> {
    /// Reads header and journal, and finds out where to go on. Writes nothing.
    ///
    /// The package's [`Requirements`](crate::header::Requirements) state the bytes of `workspace`, and
    /// [`Requirements::in_place`](crate::header::Requirements::in_place) those of `buffer` and of journal and state area.
    ///
    /// # Errors
    /// Whatever can be known without reading base and body: of the package, the policy, the memory, the areas. The
    /// body, then the base, are what the first steps read.
    pub fn new(
        workspace: &'w mut [u8],
        buffer: &'w mut [u8],
        areas: InPlaceAreas<F, J>,
        package: K,
        policy: impl Policy,
    ) -> Result<Self, Error> {
        Self::with_key(workspace, buffer, areas, package, policy, NoKey)
    }
}

impl<'w, F: Flash, K: Flash, D: Sha256, J: Flash, S: DecryptionKey> InPlaceUpdate<'w, F, K, D, J, S> {
    /// As [`InPlaceUpdate::new`], and takes packages that `key` decrypts, too. What is stored stays encrypted: after a
    /// reset, the key must be there again.
    ///
    /// # Errors
    /// As [`InPlaceUpdate::new`].
    pub fn with_key(
        workspace: &'w mut [u8],
        buffer: &'w mut [u8],
        areas: InPlaceAreas<F, J>,
        mut package: K,
        policy: impl Policy,
        key: S,
    ) -> Result<Self, Error> {
        let opened = read_header::<D, S>(workspace, &mut package, &policy, &key)?;
        let Opened { header, plan, body, cipher } = opened;
        let InPlaceAreas { slot, scratch, journal, state } = areas;
        let units = [slot.geometry(), scratch.geometry(), state.geometry(), journal.geometry()];
        let unit = units.iter().fold(0, |most, geometry| most.max(geometry.write));
        let sizes = (header.base_size, header.target_size);
        let areas = SlotAndScratch::new((slot, scratch), (buffer, unit), plan, sizes)?;
        let of_state = state.geometry();
        let needed = state_area(header.ram, of_state.page).filter(|_| of_state.is_valid());
        if needed.is_none_or(|needed| needed > of_state.size) {
            return Err(Error::Areas);
        }
        let mut this = Self {
            areas,
            journal: Journal::open(journal)?,
            state,
            package,
            header,
            body,
            plan,
            update: update(&header, &plan)?,
            workspace: Some(workspace),
            decoder: None,
            fresh: true,
            cipher,
            digest: Some(D::start()),
            phase: Phase::Body,
            done: 0,
        };
        this.new_decoder()?;
        if this.journal.mark(this.update) == Some(Mark::Ready) {
            this.phase = Phase::Check;
        }
        Ok(this)
    }

    /// The package's header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Whether the slot may hold neither image: it must not be started before the update is ready. That is so, too, if
    /// another package's update has begun: then only that package leads out.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.journal.last().is_some_and(|last| last.mark.has_begun())
    }

    /// Does the next piece of work: about `budget` bytes, a page, or a segment's end.
    ///
    /// # Errors
    /// Why package, base or areas were refused, or which access to flash failed. The update is then over, but another one
    /// goes on.
    pub fn step(&mut self, budget: u32) -> Result<Step, Error> {
        let phase = core::mem::replace(&mut self.phase, Phase::Failed);
        if !matches!(phase, Phase::Body | Phase::Failed) {
            self.confirm()?;
        }
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
            _ => Step::Working(percent(self.areas.known(), self.header.target_size)),
        })
    }

    /// Goes on where the journal says, with a package that is intact.
    fn resume(&mut self) -> Result<Phase, Error> {
        Ok(match self.journal.mark(self.update) {
            // Of an image that is ready no more, the base may be there again.
            None | Some(Mark::Pages(_) | Mark::Ready) => Phase::Base,
            Some(Mark::Moved(pages)) => {
                self.done = pages;
                Phase::Move
            }
            Some(Mark::Decoding(segment)) => self.begin_segment(segment)?,
            Some(Mark::Keeping(segment)) => {
                self.areas.begin(segment);
                Phase::Keep
            }
            Some(Mark::Copying(segment)) => {
                self.areas.begin(segment);
                Phase::Copy
            }
        })
    }

    fn note(&mut self, mark: Mark) -> Result<(), Error> {
        self.journal.append(Entry { update: self.update, mark }, self.areas.spare)
    }

    /// Writes the last record again if it might be lost at the next reset: nothing is done on its word before.
    fn confirm(&mut self) -> Result<(), Error> {
        match self.journal.mark(self.update) {
            Some(mark) if !self.journal.is_whole() => self.note(mark),
            _ => Ok(()),
        }
    }

    fn move_page(&mut self) -> Result<Phase, Error> {
        let page = self.areas.slot.geometry().page;
        let pages = self.header.base_size.div_ceil(page.max(1));
        let Some(left) = pages.checked_sub(self.done).filter(|&left| left > 0 && self.plan.shift > 0) else {
            self.note(Mark::Decoding(0))?;
            return self.begin_segment(0);
        };
        self.areas.move_page((left - 1).saturating_mul(page))?;
        self.done += 1;
        self.note(Mark::Moved(self.done))?;
        Ok(Phase::Move)
    }

    /// Begins to decode a segment, with the state that the decoder had after the one before.
    fn begin_segment(&mut self, segment: u32) -> Result<Phase, Error> {
        self.areas.begin(segment);
        if self.areas.start() >= self.header.target_size {
            self.done = 0;
            self.digest = Some(D::start());
            return Ok(Phase::Check);
        }
        if core::mem::take(&mut self.fresh) && segment > 0 {
            let at = self.place(segment)?;
            let decoder = self.decoder.as_mut().ok_or(Error::Finished)?;
            let mut loading = Loading::new(&mut self.state, at);
            // What is no state at all was read wrong too.
            transfer(decoder, &mut self.areas, &mut loading).map_err(|_| Error::Journal)?;
            loading.finish()?;
            if !are_sound(decoder, &self.areas, self.header.body_length) {
                return Err(Error::Journal);
            }
        }
        Ok(Phase::Decode)
    }

    /// Makes a decoder where it stays, which saves stack.
    #[cfg_attr(not(feature = "std"), inline(never))]
    fn new_decoder(&mut self) -> Result<(), Error> {
        let workspace = self.workspace.take().ok_or(Error::Finished)?;
        if self.header.ram as usize > workspace.len() {
            return Err(Error::WorkspaceTooSmall);
        }
        let Layout { walker, input } = Layout::new(&self.header, workspace)?;
        let input = RangeDecoder::new(input, self.header.body_length);
        self.decoder = Some(Decoder { walker, input, taken: 0 });
        Ok(())
    }

    /// Where the state before a segment is kept.
    fn place(&self, segment: u32) -> Result<u32, Error> {
        let workspace = self.header.ram;
        let place = state_place(workspace, self.state.geometry().page).ok_or(Error::Areas)?;
        Ok(if segment.is_multiple_of(2) { 0 } else { place })
    }

    fn decode(&mut self, budget: u32) -> Result<Phase, Error> {
        let decoder = self.decoder.as_mut().ok_or(Error::Finished)?;
        decoder.feed(&mut self.package, (self.body, self.header.body_length), &mut self.cipher)?;
        let end = self.areas.end();
        let last = end == self.header.target_size;
        let left = end.saturating_sub(decoder.walker.position());
        // The very end takes a step more.
        let budget = if last { budget } else { budget.min(left) };
        let pause = decoder.walker.run(&mut decoder.input, &Blind, &mut self.areas, budget)?;
        if pause == Pause::Done {
            decoder.input.finish()?;
        } else if last || decoder.walker.position() < end {
            return Ok(Phase::Decode);
        }
        decoder.walker.flush(&mut self.areas)?;
        self.areas.settle()?;
        self.commit(last)
    }

    /// The segment is in the scratch area: saves the state after it, and only then says so.
    fn commit(&mut self, last: bool) -> Result<Phase, Error> {
        let segment = self.segment();
        if !last {
            let at = self.place(segment + 1)?;
            let mut stack = [0; PIECE];
            let spare = core::mem::take(&mut self.areas.spare);
            let length = chunk(&self.state.geometry()) as usize;
            let saved = buffer(&mut stack, spare, length).and_then(|piece| self.save(at, piece));
            self.areas.spare = spare;
            saved?;
        }
        self.done = 0;
        if self.areas.kept() > 0 {
            self.note(Mark::Keeping(segment))?;
            return Ok(Phase::Keep);
        }
        self.note(Mark::Copying(segment))?;
        Ok(Phase::Copy)
    }

    fn save(&mut self, at: u32, piece: &mut [u8]) -> Result<(), Error> {
        let decoder = self.decoder.as_mut().ok_or(Error::Finished)?;
        let mut saving = Saving::new(&mut self.state, at, piece);
        transfer(decoder, &mut self.areas, &mut saving)?;
        saving.finish()
    }

    fn keep_page(&mut self) -> Result<Phase, Error> {
        if self.done < self.areas.kept() {
            self.areas.keep_page(self.done)?;
            self.done = self.done.saturating_add(self.areas.scratch.geometry().page);
            return Ok(Phase::Keep);
        }
        self.note(Mark::Copying(self.segment()))?;
        self.done = 0;
        Ok(Phase::Copy)
    }

    fn segment(&self) -> u32 {
        self.areas.start().checked_div(self.plan.segment).unwrap_or(0)
    }

    fn copy_page(&mut self) -> Result<Phase, Error> {
        if self.areas.start().saturating_add(self.done) < self.areas.end() {
            self.areas.copy_page(self.done)?;
            self.done = self.done.saturating_add(self.areas.slot.geometry().page);
            return Ok(Phase::Copy);
        }
        let next = self.segment().saturating_add(1);
        self.note(Mark::Decoding(next))?;
        self.begin_segment(next)
    }
}

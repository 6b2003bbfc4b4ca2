//! References in what a cover copies: found, predicted and coded (`docs/format.md`, section 4.3).

use super::{WINDOW, Walker};
use crate::apply::io::Io;
use crate::apply::operation::{Oracle, Source};
use crate::entropy::Coder;
use crate::refs::{Bytes, Class, REFERENCE_LENGTH, Reference, Site, VIEW, View, first};

impl Walker<'_> {
    /// Whether a reference begins at the current byte of the source and lies inside the cover; it is kept then.
    #[cfg_attr(feature = "std", inline(always))]
    pub(super) fn reference<O: Oracle>(&mut self, oracle: &O) -> bool {
        let offset = self.copy.done + self.copy.at as u32;
        let base_address = self.copy.address.wrapping_add(self.copy.at as u32);
        if base_address & self.copy.alignment != 0 {
            return false;
        }
        let repeat = self.copy.source == Source::Target;
        if !repeat && !oracle.may_refer(self.copy.index, self.copy.start + offset) {
            return false;
        }
        let left = (self.copy.length - offset) as usize;
        let end = (self.copy.at + VIEW.min(left)).min(WINDOW);
        let Some(bytes) = self.window.get(self.copy.at..end) else { return false };
        let view = View::new(bytes, base_address, self.copy.steps.inside(base_address));
        let found = Reference::find(self.copy.kind, &view, &self.predictor.space, &self.memory.halves);
        let Some(reference) = found else { return false };
        // Of a repeat, only what is relative to its own place changes.
        if repeat && reference.class() != Class::Branch {
            return false;
        }
        let start = self.base_address.wrapping_add(self.copy.start);
        // What does not reach beyond the cover moves with it.
        let near = reference.class() == Class::Near
            && (reference.target.wrapping_sub(start) < self.copy.length
                || self
                    .predictor
                    .nearby
                    .displacement(reference.target.wrapping_sub(self.base_address), 0)
                    .is_none());
        if usize::from(reference.length) > left || near {
            return false;
        }
        let target = self.copy.target.wrapping_add(offset);
        self.memory.site = Site {
            reference,
            bytes: first(view.first, reference.length),
            repeat,
            base_address,
            target_address: self.base_address.wrapping_add(target),
        };
        true
    }

    /// How many bytes of the block can pass before the next place where a reference can begin.
    pub(super) fn reference_free(&self) -> usize {
        let rest = self.copy.block - self.copy.at;
        let address = self.copy.address.wrapping_add(self.copy.at as u32);
        rest.min((self.copy.alignment + 1 - (address & self.copy.alignment)) as usize)
    }

    /// Encoders only: what the target holds in place of a reference.
    pub(super) fn actual<O: Oracle>(&self, oracle: &O) -> Bytes {
        let site = &self.memory.site;
        let mut actual = [0; REFERENCE_LENGTH];
        let offset = site.target_address.wrapping_sub(self.base_address);
        for (place, byte) in actual.iter_mut().enumerate().take(usize::from(site.reference.length)) {
            *byte = oracle.byte(offset.wrapping_add(place as u32));
        }
        actual
    }

    pub(super) fn copy_reference<C: Coder, O: Oracle, I: Io>(
        &mut self,
        coder: &mut C,
        oracle: &O,
        io: &mut I,
    ) -> Result<(), I::Error> {
        let length = usize::from(self.memory.site.reference.length);
        let actual = if O::KNOWS { self.actual(oracle) } else { [0; REFERENCE_LENGTH] };
        if let Some(bytes) = self.predictor.predict(coder, &mut self.model, &self.memory.site, actual) {
            for &byte in bytes.iter().take(length) {
                self.emit(byte, io)?;
            }
            self.finish_reference(bytes);
            return Ok(());
        }
        let mut bytes = [0; REFERENCE_LENGTH];
        for byte in bytes.iter_mut().take(length) {
            self.copy_byte(coder, oracle, io)?;
            *byte = self.before as u8;
        }
        self.predictor.learn(&self.memory.site, bytes);
        self.note_half(bytes);
        Ok(())
    }

    /// Goes on after a reference that became `bytes`.
    pub(super) fn finish_reference(&mut self, bytes: Bytes) {
        let site = &self.memory.site;
        let length = usize::from(site.reference.length);
        self.copy.at += length;
        self.copy.previous = site.bytes.get(length.wrapping_sub(1)).copied().unwrap_or(0);
        self.note_half(bytes);
    }

    /// Remembers what the instruction did to a register. An instruction begins after the reference.
    #[cfg_attr(not(feature = "std"), inline(never))]
    fn note_half(&mut self, bytes: Bytes) {
        let site = &self.memory.site;
        // As if it had been predicted: encoders look ahead before they know.
        self.copy.steps.begin(site.base_address.wrapping_add(site.reference.length.into()));
        let effect = site.reference.effect((site.bytes, site.base_address), (bytes, site.target_address));
        effect.into_iter().for_each(|effect| self.memory.halves.take(effect));
    }
}

//! References in what a cover copies: finding the next one, and coding what became of it (`docs/format.md`,
//! section 4.3).

use super::io::Io;
use super::layout::WINDOW;
use super::operation::Oracle;
use super::walker::Walker;
use crate::Error;
use crate::entropy::Coder;
use crate::refs::{Class, Reference, Site, VIEW, View};
use crate::wire::RegionKind;

impl Walker<'_> {
    /// The reference that begins at the current byte of the source, if one does and lies inside the cover.
    #[cfg_attr(feature = "encode", inline(always))]
    pub(super) fn reference<O: Oracle>(&self, oracle: &O) -> Option<Site> {
        let offset = self.copy.done + self.copy.at as u32;
        let base_address = self.base_address.wrapping_add(self.copy.start + offset);
        let kind = self.copy.kind;
        if kind == RegionKind::Bytes || base_address & (kind.alignment() - 1) != 0 {
            return None;
        }
        if !oracle.may_refer(self.copy.index, self.copy.start + offset) {
            return None;
        }
        let left = (self.copy.length - offset) as usize;
        let end = (self.copy.at + VIEW.min(left)).min(WINDOW);
        let bytes = self.window.get(self.copy.at..end)?;
        let view = View { bytes, address: base_address, inside: self.copy.steps.inside(base_address) };
        let reference = Reference::find(kind, &view, &self.predictor.space, &self.copy.halves)?;
        let length = usize::from(reference.length);
        let start = self.base_address.wrapping_add(self.copy.start);
        let inside = reference.target.wrapping_sub(start) < self.copy.length;
        // What does not reach beyond the cover moves with it.
        if length > left
            || reference.class() == Class::Near
                && (inside
                    || self
                        .predictor
                        .nearby
                        .displacement(reference.target.wrapping_sub(self.base_address), 0)
                        .is_none())
        {
            return None;
        }
        let mut own = [0; 8];
        own.iter_mut().zip(bytes).take(length).for_each(|(to, &from)| *to = from);
        let target = self.copy.target.wrapping_add(offset);
        Some(Site {
            reference,
            bytes: own,
            base_address,
            target_address: self.base_address.wrapping_add(target),
        })
    }

    /// How many bytes of the block can pass before the next place where a reference can begin.
    pub(super) fn reference_free(&self) -> usize {
        let rest = self.copy.block - self.copy.at;
        if self.copy.kind == RegionKind::Bytes {
            return rest;
        }
        let offset = self.copy.done + self.copy.at as u32;
        let address = self.base_address.wrapping_add(self.copy.start + offset);
        let alignment = self.copy.kind.alignment();
        rest.min((alignment - address % alignment) as usize)
    }

    /// Encoders only: what the target holds in place of a reference.
    pub(super) fn actual<O: Oracle>(&self, oracle: &O, site: &Site) -> [u8; 8] {
        let mut actual = [0; 8];
        let offset = site.target_address.wrapping_sub(self.base_address);
        for (place, byte) in actual.iter_mut().enumerate().take(usize::from(site.reference.length)) {
            *byte = oracle.byte(offset.wrapping_add(place as u32));
        }
        actual
    }

    #[cfg_attr(not(feature = "encode"), inline(never))]
    pub(super) fn copy_reference<C: Coder, O: Oracle, I: Io>(
        &mut self,
        coder: &mut C,
        oracle: &O,
        io: &mut I,
        site: &Site,
    ) -> Result<(), Error> {
        let length = usize::from(site.reference.length);
        let actual = if O::KNOWS { self.actual(oracle, site) } else { [0; 8] };
        if let Some(bytes) = self.predictor.predict(coder, &mut self.model, site, actual) {
            for &byte in bytes.iter().take(length) {
                self.emit(byte, io)?;
            }
            self.finish_reference(site, bytes);
            return Ok(());
        }
        let mut bytes = [0; 8];
        for byte in bytes.iter_mut().take(length) {
            self.copy_byte(coder, oracle, io)?;
            *byte = self.before as u8;
        }
        self.predictor.learn(site, bytes);
        self.note_half(site, bytes);
        // As if it had been predicted: encoders look ahead before they know.
        self.copy.steps.begin(site.base_address.wrapping_add(length as u32));
        Ok(())
    }

    /// Goes on after a reference that became `bytes`.
    #[cfg_attr(not(feature = "encode"), inline(never))]
    pub(super) fn finish_reference(&mut self, site: &Site, bytes: [u8; 8]) {
        let length = usize::from(site.reference.length);
        self.copy.steps.begin(site.base_address.wrapping_add(length as u32));
        self.copy.at += length;
        self.copy.previous = site.bytes.get(length.wrapping_sub(1)).copied().unwrap_or(0);
        self.note_half(site, bytes);
    }

    /// Remembers what a first half put into its register.
    #[cfg_attr(not(feature = "encode"), inline(never))]
    fn note_half(&mut self, site: &Site, bytes: [u8; 8]) {
        let half = site.reference.half((site.bytes, site.base_address), (bytes, site.target_address));
        half.into_iter().for_each(|half| self.copy.halves.set(half));
    }
}

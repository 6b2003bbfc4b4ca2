//! The encoder's half of recipes: the bytes that they are read of (`docs/format.md`, section 14.2).

use std::vec::Vec;

use super::compressor::Compressor;
use super::recipe::{COMPRESSED, END, Frame, INSIDE, Item, KEPT, Level, Making, NUMBERED, Side};
use crate::wire;

impl Level {
    /// The bytes that [`Level::read_both`] reads.
    #[must_use]
    pub fn write_both(base: &Self, target: &Self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.level(base, Side::Base);
        writer.level(target, Side::Target);
        writer.writer.bytes
    }
}

/// Writes recipes; compressors are numbered as they are named.
#[derive(Default)]
struct Writer {
    writer: wire::Writer,
    compressors: Vec<Compressor>,
}

impl Writer {
    fn level(&mut self, level: &Level, side: Side) {
        for item in &level.items {
            let inside = if item.inside.items.is_empty() { 0 } else { INSIDE };
            match item.frame {
                Frame::Compressed(compressor) => self.compressed(item, &compressor, inside, side),
                _ => self.item(item, inside, side),
            }
            if inside != 0 {
                self.level(&item.inside, side);
            }
        }
        self.writer.byte(END);
    }

    fn item(&mut self, item: &Item, inside: u8, side: Side) {
        let writer = &mut self.writer;
        let kept = item.kept.filter(|_| side == Side::Base);
        writer.byte(item.frame.number() | inside | if kept.is_some() { KEPT } else { 0 });
        writer.varint(item.gap);
        if let Frame::Directory(count) = item.frame {
            writer.varint(count);
        }
        if let Some(kept) = kept {
            writer.varint(kept.packed);
            writer.varint(kept.tokens);
        }
        if side == Side::Target && item.frame.has_stream() {
            item.making.as_ref().unwrap_or(&Making::NONE).write(writer);
        }
    }

    fn compressed(&mut self, item: &Item, compressor: &Compressor, inside: u8, side: Side) {
        let known = self.compressors.iter().position(|known| known == compressor);
        let number = known.unwrap_or(self.compressors.len()) as u32;
        let writer = &mut self.writer;
        writer.byte(COMPRESSED | inside | number.min(NUMBERED.into()) as u8);
        writer.varint(item.gap);
        if let Some(more) = number.checked_sub(NUMBERED.into()) {
            writer.varint(more);
        }
        if known.is_none() {
            compressor.write(writer);
            self.compressors.push(*compressor);
        }
        match (side, compressor) {
            (Side::Base, Compressor::Lz4(_)) => writer.varint(item.packed),
            (Side::Base, _) => {}
            (Side::Target, _) => writer.varint(item.making.as_ref().map_or(0, |making| making.length)),
        }
    }
}

impl Making {
    const NONE: Self = Self { length: 0, most: 0, follows: 0, corrections: Vec::new() };

    fn write(&self, writer: &mut wire::Writer) {
        [self.length, self.most, self.follows].into_iter().for_each(|number| writer.varint(number));
        writer.varint(self.corrections.len() as u32);
        writer.raw(&self.corrections);
    }
}

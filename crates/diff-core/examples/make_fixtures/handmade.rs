//! Packages that the encoder would not make of these images: regions, tables and speeds as the format allows them.

use diff_core::search::{CoverOptions, Index, find_covers};
use patch_nostd::apply::{Cover, Io, Layout, Operation, Oracle, Progress, Source, codec_ram};
use patch_nostd::entropy::RangeEncoder;
use patch_nostd::refs::Landmark;
use patch_nostd::wire::{Codec, ModelSize, Region, RegionKind, RegionTable, Tuning};
use patch_nostd::{Error, Header};

/// What is chosen by hand.
pub(crate) struct Choice {
    /// Kinds and ends of regions; the last one's end is the target's.
    pub(crate) regions: Vec<(RegionKind, u32)>,
    pub(crate) size: ModelSize,
    pub(crate) tuning: Tuning,
}

/// What a body is coded from.
struct Plan<'a> {
    base: &'a [u8],
    target: &'a [u8],
    covers: Vec<(u32, Cover)>,
    landmarks: Vec<Landmark>,
}

impl Choice {
    /// A package whose header is otherwise like a good one's for the same images.
    pub(crate) fn package(&self, like: &Header, base: &[u8], target: &[u8]) -> Vec<u8> {
        let plan = Plan::new(base, target, self.size.landmarks as usize);
        assert_eq!(plan.landmarks.len(), self.size.landmarks as usize, "too few covers");
        let codec = Codec::Cm { size: self.size, tuning: self.tuning };
        let (regions, ram) = (self.regions(target.len() as u32), codec_ram(&codec) as u32);
        let mut header = Header { codec, regions, ram, read_back: false, ..*like };
        let body = plan.encode(&header, self);
        header.body_length = body.len() as u32;
        [header.to_bytes(), body].concat()
    }

    fn regions(&self, size: u32) -> RegionTable {
        let region = |&(kind, end): &(RegionKind, u32)| Region { kind, end: end.min(size) };
        RegionTable::new(&self.regions.iter().map(region).collect::<Vec<_>>()).unwrap()
    }
}

impl<'a> Plan<'a> {
    /// The covers of the search, of which the first few are landmarks.
    fn new(base: &'a [u8], target: &'a [u8], landmarks: usize) -> Self {
        let index = Index::build(base).unwrap();
        let found = find_covers(&index, target, &CoverOptions { threshold: 4, ..CoverOptions::default() });
        let cover = |start, length| Cover { source: Source::Base, start, length };
        let covers =
            found.iter().map(|found| (found.new_start, cover(found.old_start, found.length))).collect();
        let landmark = |found: &diff_core::search::Cover| Landmark {
            base: found.old_start,
            target: found.new_start,
            length: found.length,
        };
        let mut landmarks: Vec<Landmark> = found.iter().take(landmarks).map(landmark).collect();
        landmarks.sort_by_key(|landmark| landmark.base);
        Self { base, target, covers, landmarks }
    }

    fn encode(&self, header: &Header, choice: &Choice) -> Vec<u8> {
        let mut memory = vec![0; header.ram as usize + 3];
        let start = memory.as_ptr().align_offset(4);
        let layout = Layout::new(header, choice.size, choice.tuning, &mut memory[start..]).unwrap();
        let (mut walker, mut coder) = (layout.walker, RangeEncoder::default());
        while walker.step(&mut coder, self, &mut Images(self.base)).unwrap() != Progress::Done {}
        coder.finish()
    }
}

impl Oracle for Plan<'_> {
    fn operation(&self, offset: u32) -> Operation {
        match self.covers.iter().find(|&&(target, _)| target >= offset) {
            Some(&(target, cover)) => Operation { literals: target - offset, cover: Some(cover) },
            None => Operation { literals: self.target.len() as u32 - offset, cover: None },
        }
    }

    fn landmark(&self, index: u32) -> Landmark {
        self.landmarks[index as usize]
    }

    fn byte(&self, offset: u32) -> u8 {
        self.target.get(offset as usize).copied().unwrap_or(0)
    }
}

/// What an encoder reads and writes.
struct Images<'a>(&'a [u8]);

impl Io for Images<'_> {
    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let start = offset as usize;
        buffer.copy_from_slice(&self.0[start..start + buffer.len()]);
        Ok(())
    }

    fn read_target(&mut self, _offset: u32, _buffer: &mut [u8]) -> Result<(), Error> {
        Err(Error::TargetRead)
    }

    fn write(&mut self, _bytes: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}

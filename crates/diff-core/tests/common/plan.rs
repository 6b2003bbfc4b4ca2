//! Packages that the encoder would not make of these images: kinds of pages, tables and speeds as the format allows.

use diff_core::search::{Index, SearchOptions, find_matches};
use patch_nostd::apply::{Cover, Io, Layout, Operation, Oracle, Progress, Source};
use patch_nostd::entropy::RangeEncoder;
use patch_nostd::refs::Landmark;
use patch_nostd::wire::{Codec, ModelSize, PAGE_LOG, PageKind, PageKinds, Tuning, codec_ram};
use patch_nostd::{Error, Header, Sha256, SoftwareSha256};

/// What is chosen by hand.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// The kinds that the header lists.
    pub(crate) kinds: Vec<PageKind>,
    /// Where the target's pages have another kind than those before: the first byte, and the index of the kind.
    pub(crate) places: Vec<(u32, usize)>,
    /// Address of the first byte.
    pub(crate) base_address: u64,
    pub(crate) size: ModelSize,
    pub(crate) tuning: Tuning,
}

/// What a body is coded from.
struct Plan<'a> {
    base: &'a [u8],
    target: &'a [u8],
    covers: Vec<(u32, Cover)>,
    landmarks: Vec<Landmark>,
    places: &'a [(u32, usize)],
}

impl Choice {
    /// The package that makes `target` of `base`, with the search's covers; the first few of them are landmarks.
    pub(crate) fn package(&self, base: &[u8], target: &[u8]) -> Vec<u8> {
        let plan = Plan::new(base, target, self);
        let landmarks = plan.landmarks.len() as u32;
        let codec = Codec::Cm { size: ModelSize { landmarks, ..self.size }, tuning: self.tuning };
        let mut header = Header {
            codec,
            base_size: base.len() as u32,
            target_size: target.len() as u32,
            base_digest: *sha256(base).first_chunk().unwrap(),
            target_digest: sha256(target),
            target_md5: None,
            ram: codec_ram(&codec) as u32,
            base_address: self.base_address as u32,
            address_high: (self.base_address >> 32) as u32,
            windows: Default::default(),
            kinds: PageKinds::new(&self.kinds).unwrap(),
            read_back: false,
            body_length: 0,
            body_digest: None,
        };
        let body = plan.encode(&header);
        header.body_length = body.len() as u32;
        [header.to_bytes(), body].concat()
    }
}

impl<'a> Plan<'a> {
    fn new(base: &'a [u8], target: &'a [u8], choice: &'a Choice) -> Self {
        let index = Index::build(base).unwrap();
        let found = find_matches(&index, target, &SearchOptions { threshold: 4, ..SearchOptions::default() });
        let cover = |start, length| Cover { source: Source::Base, start, length };
        let covers =
            found.iter().map(|found| (found.target_start, cover(found.base_start, found.length))).collect();
        let landmark = |found: &diff_core::search::Match| Landmark {
            base: found.base_start,
            target: found.target_start,
            length: found.length,
        };
        let landmarks = choice.size.landmarks as usize;
        let mut landmarks: Vec<Landmark> = found.iter().take(landmarks).map(landmark).collect();
        landmarks.sort_by_key(|landmark| landmark.base);
        Self { base, target, covers, landmarks, places: &choice.places }
    }

    fn encode(&self, header: &Header) -> Vec<u8> {
        let Codec::Cm { size, tuning } = header.codec else { unreachable!() };
        let mut memory = vec![0; header.ram as usize + 3];
        let start = memory.as_ptr().align_offset(4);
        let layout = Layout::new(header, size, tuning, &mut memory[start..]).unwrap();
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

    fn kind(&self, page: u32) -> usize {
        let middle = (page << PAGE_LOG) + (1 << (PAGE_LOG - 1));
        let before = self.places.iter().take_while(|&&(start, _)| start <= middle);
        before.last().map_or(0, |&(_, index)| index)
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

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = SoftwareSha256::start();
    digest.update(bytes);
    digest.finish()
}

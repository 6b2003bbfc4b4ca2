//! Packages that the encoder would not make of these images: kinds of pages, tables and speeds as the format allows.

use smidgen_patch::header::{Codec, Forms, ModelSize, PageKind, PageKinds, Tuning};
use smidgen_patch::internals::apply::{Cover, Io, Layout, Operation, Oracle, Pause};
use smidgen_patch::internals::entropy::RangeEncoder;
use smidgen_patch::internals::refs::Landmark;
use smidgen_patch::internals::wire::{PAGE_LOG, codec_ram};
use smidgen_patch::{Error, Header, Sha256, SoftwareSha256};

use crate::with_workspace;

/// The parts of a package that are chosen by hand.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The kinds that the header lists.
    pub kinds: Vec<PageKind>,
    /// The forms that kind 7 stands for.
    pub forms: Forms,
    /// The places where the kind of the target's pages changes: the first byte, and the index of the kind.
    pub places: Vec<(u32, usize)>,
    /// Address of the first byte.
    pub base_address: u64,
    /// Sizes of the tables; `landmarks` is the most that are stored.
    pub size: ModelSize,
    /// Speeds of the models.
    pub tuning: Tuning,
    /// Whether the codec is `lite`, not `cm`.
    pub lite: bool,
}

/// The oracle of a body.
struct Plan<'a> {
    target: &'a [u8],
    covers: &'a [(u32, Cover)],
    landmarks: Vec<Landmark>,
    places: &'a [(u32, usize)],
}

impl Choice {
    /// The package that makes `target` of `base` with these covers, each with its place in `target`; the first few of
    /// them are landmarks.
    pub fn package(&self, base: &[u8], target: &[u8], covers: &[(u32, Cover)]) -> Vec<u8> {
        let landmark =
            |&(target, cover): &(u32, Cover)| Landmark { base: cover.start, target, length: cover.length };
        let mut landmarks: Vec<Landmark> =
            covers.iter().take(self.size.landmarks as usize).map(landmark).collect();
        landmarks.sort_by_key(|landmark| landmark.base);
        self.package_with(base, target, covers, landmarks)
    }

    /// The same with these landmarks.
    pub fn package_with(
        &self,
        base: &[u8],
        target: &[u8],
        covers: &[(u32, Cover)],
        landmarks: Vec<Landmark>,
    ) -> Vec<u8> {
        let header = self.header(base, target, landmarks.len() as u32);
        let plan = Plan { target, covers, landmarks, places: &self.places };
        let (end, body) = code_body(&header, &plan, base);
        assert_eq!(end, Ok(Pause::Done));
        [Header { body_length: body.len() as u32, ..header }.to_bytes(), body].concat()
    }

    /// The header of a package without a body.
    pub fn header(&self, base: &[u8], target: &[u8], landmarks: u32) -> Header {
        let (size, tuning) = (ModelSize { landmarks, ..self.size }, self.tuning);
        let cm = Codec::Cm { size, tuning };
        let codec = if self.lite { Codec::Lite { size, tuning }.with_models(size, tuning) } else { cm };
        Header {
            codec,
            base_size: base.len() as u32,
            target_size: target.len() as u32,
            base_digest: *sha256(base).first_chunk().unwrap(),
            target_digest: sha256(target),
            target_md5: None,
            ram: codec_ram(&codec),
            base_address: self.base_address as u32,
            address_high: (self.base_address >> 32) as u32,
            windows: Default::default(),
            kinds: PageKinds::new(&self.kinds).unwrap(),
            forms: self.forms,
            read_back: false,
            body_length: 0,
            body_digest: None,
        }
    }
}

/// Codes the body that `oracle` describes, from this base: the end of the decoder's own code, and the bytes up to there.
pub fn code_body(header: &Header, oracle: &impl Oracle, base: &[u8]) -> (Result<Pause, Error>, Vec<u8>) {
    with_workspace(header.ram as usize, 0, |memory| {
        let layout = Layout::new(header, memory).unwrap();
        let (mut walker, mut coder) = (layout.walker, RangeEncoder::default());
        loop {
            match walker.step(&mut coder, oracle, &mut Images(base)) {
                Ok(Pause::NeedsInput) => {}
                end => return (end, coder.finish()),
            }
        }
    })
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

/// The encoder's images.
struct Images<'a>(&'a [u8]);

impl Io for Images<'_> {
    type Error = Error;

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

/// The SHA-256 of bytes, by the decoder's own code.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = SoftwareSha256::start();
    digest.update(bytes);
    digest.finish()
}

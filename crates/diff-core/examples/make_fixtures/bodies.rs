//! Bodies that are well coded and say what cannot be.

use patch_nostd::internals::apply::{Cover, Io, Layout, Operation, Oracle, Progress, Source};
use patch_nostd::internals::entropy::RangeEncoder;
use patch_nostd::internals::refs::Landmark;
use patch_nostd::internals::wire::{
    Codec, ModelSize, Origin, PageKind, PageKinds, Tuning, WordForm, codec_ram,
};
use patch_nostd::{Error, Header};

/// What a body says first, whatever it is; then it stops.
pub(crate) struct Claim {
    pub(crate) landmarks: Vec<Landmark>,
    pub(crate) operation: Operation,
    /// The index of the first page's kind, of the three that the header lists.
    pub(crate) kind: usize,
}

impl Claim {
    /// Some literals, then a cover.
    pub(crate) fn cover(literals: u32, source: Source, start: u32, length: u32) -> Self {
        let cover = Some(Cover { source, start, length });
        Self { operation: Operation { literals, cover }, ..Self::literals(0) }
    }

    /// Nothing but literals.
    pub(crate) fn literals(literals: u32) -> Self {
        Self { landmarks: Vec::new(), operation: Operation { literals, cover: None }, kind: 0 }
    }

    /// Landmarks of base offset, target offset and length.
    pub(crate) fn landmarks(landmarks: &[(u32, u32, u32)]) -> Self {
        let landmark = |&(base, target, length): &(u32, u32, u32)| Landmark { base, target, length };
        Self { landmarks: landmarks.iter().map(landmark).collect(), ..Self::literals(0) }
    }

    /// A short cover whose page has this kind.
    pub(crate) fn kind(kind: usize) -> Self {
        Self { kind, ..Self::cover(0, Source::Base, 0, 10) }
    }

    /// A package with this body, its header otherwise like a good one's.
    pub(crate) fn package(&self, like: &Header) -> Vec<u8> {
        let size = ModelSize { slots: 16, landmarks: self.landmarks.len() as u32, learned: 0 };
        let tuning = Tuning { counter_rate: 5, mixer_rate: 8, block_log: 5 };
        let codec = Codec::Cm { size, tuning };
        let offset = PageKind::Words(WordForm { origin: Origin::Image, ..WordForm::POINTER });
        let kinds = PageKinds::new(&[PageKind::Bytes, PageKind::POINTERS, offset]).unwrap();
        let mut header = Header { codec, kinds, read_back: true, ram: codec_ram(&codec), ..*like };
        let body = self.body(&header, size, tuning);
        header.body_length = body.len() as u32;
        [header.to_bytes(), body].concat()
    }

    /// Codes until our own code refuses to go on.
    fn body(&self, header: &Header, size: ModelSize, tuning: Tuning) -> Vec<u8> {
        let mut memory = vec![0; header.ram as usize + 3];
        let start = memory.as_ptr().align_offset(4);
        let mut walker = Layout::new(header, size, tuning, &mut memory[start..]).unwrap().walker;
        let mut coder = RangeEncoder::default();
        let end = loop {
            match walker.step(&mut coder, self, &mut Nothing) {
                Ok(Progress::NeedsInput) => {}
                end => break end,
            }
        };
        assert_eq!(end, Err(Error::Corrupt), "the claim is possible");
        coder.finish()
    }
}

impl Oracle for Claim {
    fn operation(&self, _offset: u32) -> Operation {
        self.operation
    }

    fn landmark(&self, index: u32) -> Landmark {
        self.landmarks[index as usize]
    }

    fn kind(&self, _page: u32) -> usize {
        self.kind
    }

    fn byte(&self, _offset: u32) -> u8 {
        0
    }
}

/// Bodies end before anything that is read matters, or is written.
struct Nothing;

impl Io for Nothing {
    type Error = Error;

    fn read_base(&mut self, _offset: u32, _buffer: &mut [u8]) -> Result<(), Error> {
        Ok(())
    }

    fn read_target(&mut self, _offset: u32, _buffer: &mut [u8]) -> Result<(), Error> {
        Err(Error::TargetRead)
    }

    fn write(&mut self, _bytes: &[u8]) -> Result<(), Error> {
        Err(Error::TargetWrite)
    }
}

//! Bodies that are well coded, but impossible.

use smidgen_patch::header::{ModelSize, Origin, PageKind, PageKinds, Tuning, WordForm};
use smidgen_patch::internals::apply::{Cover, Operation, Oracle, Source};
use smidgen_patch::internals::refs::Landmark;
use smidgen_patch::internals::wire::codec_ram;
use smidgen_patch::{Error, Header};
use testkit::code_body;

/// The beginning of a body, which then ends.
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
        let tuning = Tuning { counter_rate: 5, mixer_rate: 8, block_log: 5, high_first: false };
        let codec = like.codec.with_models(size, tuning);
        let offset = PageKind::Words(WordForm { origin: Origin::Image, ..WordForm::POINTER });
        let kinds = PageKinds::new(&[PageKind::Bytes, PageKind::POINTERS, offset]).unwrap();
        let mut header = Header { codec, kinds, read_back: true, ram: codec_ram(&codec) as u32, ..*like };
        let (end, body) = code_body(&header, self, &vec![0; header.base_size as usize]);
        assert_eq!(end, Err(Error::Corrupt), "the claim is possible");
        header.body_length = body.len() as u32;
        [header.to_bytes(), body].concat()
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

//! What a package is made of: the two images, and what is known about them before the search.

use std::sync::Arc;

use rayon::prelude::*;
use smidgen_patch::Header;
use smidgen_patch::header::{
    ByteOrder, Codec, IMAGE_LIMIT, InPlacePlan, ModelSize, Origin, PageKind, PageKinds, WordForm,
};
use smidgen_patch::internals::refs::AddressSpace;

use super::division::Division;
use super::level::Effort;
use super::target_image::TargetImage;
use crate::api::{Arch, CodecChoice, DiffError, Options};
use crate::digest::base_digest;
use crate::encode::{Lanes, START};
use crate::image;
use crate::images::Images;
use crate::refs::PairReferences;

/// The two images, the addresses that matter, and the decoder's budget.
#[derive(Clone)]
pub(crate) struct Subject<'a> {
    pub(crate) images: Images<'a>,
    pub(crate) space: AddressSpace,
    /// Bytes of workspace that the decoder may take.
    pub(crate) budget: u64,
    /// The kinds of pages that may be used.
    pub(crate) kinds: Vec<PageKind>,
    pub(crate) catalogue: Arc<PairReferences<'a>>,
    pub(crate) effort: Effort,
    /// A header with everything that does not depend on the body.
    pub(crate) header: Header,
    /// What of the base is there when, if the target takes its place.
    pub(crate) in_place: Option<InPlacePlan>,
    /// How many lanes the body may have, and where they are once there are covers to divide.
    pub(crate) division: Division,
    pub(crate) lanes: Lanes,
}

impl<'a> Subject<'a> {
    pub(crate) fn new<'n: 'a>(
        images: Images<'a>,
        known: &TargetImage<'n>,
        options: &Options,
    ) -> Result<Self, DiffError> {
        let Images { base, target } = images;
        check_size("base", base)?;
        check_size("target", target)?;
        let ((space, kinds), (base_digest, target_digest)) = rayon::join(
            || space_and_kinds(images, options),
            || rayon::join(|| base_digest(base), || known.sha256()),
        );
        let header = Header {
            codec: Codec::Zstd { window_log: 10 },
            base_size: base.len() as u32,
            target_size: target.len() as u32,
            base_digest,
            target_digest,
            target_md5: options.md5.then(|| known.md5()),
            ram: 0,
            base_address: space.base_address,
            address_high: space.address_high,
            windows: space.windows,
            kinds: PageKinds::default(),
            forms: space.forms,
            read_back: false,
            body_length: 0,
            body_digest: (options.body_digest || options.in_place.is_some()).then_some([0; 32]),
        };
        let budget = options.ram.budget(images.size());
        let effort = Effort::of(options.level);
        let catalogue = Arc::new(PairReferences::new(images, space));
        let division = Division::of(options, images.size(), budget);
        let lanes = Lanes::default();
        Ok(Self { images, space, budget, kinds, catalogue, effort, header, in_place: None, division, lanes })
    }

    /// The same for a package of this codec, whose parameters are not chosen yet.
    pub(super) fn with_codec(&self, codec: CodecChoice) -> Self {
        let (size, tuning) = (ModelSize { slots: 0, landmarks: 0, learned: 0 }, START);
        let codec = match codec {
            CodecChoice::Cm | CodecChoice::Auto => Codec::Cm { size, tuning },
            CodecChoice::Lite => Codec::Lite { size, tuning },
            CodecChoice::Zstd => self.header.codec,
        };
        Self { header: Header { codec, ..self.header }, ..self.clone() }
    }

    /// Whether the images are small ones for the level.
    pub(crate) fn is_small(&self) -> bool {
        self.images.size() <= self.effort.small
    }
}

fn check_size(which: &'static str, image: &[u8]) -> Result<(), DiffError> {
    let size = image.len();
    if size > IMAGE_LIMIT as usize {
        return Err(DiffError::TooLarge { which, size, limit: IMAGE_LIMIT });
    }
    Ok(())
}

/// The addresses that matter, and the kinds of pages that are worth trying.
fn space_and_kinds(images: Images, options: &Options) -> (AddressSpace, Vec<PageKind>) {
    let base = images.base;
    let mut space = image::address_space(base, options.base_address);
    let mut kinds = vec![PageKind::Bytes];
    match options.arch {
        Arch::None => {}
        Arch::Auto => {
            kinds.push(PageKind::POINTERS);
            let looks_like = |&kind: &PageKind| image::looks_like(kind, base, &space);
            let mut code: Vec<PageKind> = PageKind::CODE.par_iter().copied().filter(looks_like).collect();
            if code.is_empty() {
                code.extend(described(images, options, &mut space));
            }
            let big_endian = space.forms.as_slice().iter().any(|form| form.order == ByteOrder::Big);
            kinds.extend(big_endian.then_some(PageKind::Words(WordForm { big_endian, ..WordForm::POINTER })));
            kinds.extend(words(&code, base.len(), &space).map(PageKind::Words));
            kinds.extend(code);
        }
        Arch::Only(PageKind::Bytes) => {}
        Arch::Only(kind) => kinds.push(kind),
    }
    (space, kinds)
}

/// Finds the forms of a processor that has no kind of its own.
fn described(images: Images, options: &Options, space: &mut AddressSpace) -> Option<PageKind> {
    let known = options.base_address.map(|address| address as u32);
    let found = image::forms(images, known)?;
    if let Some(address) = found.base_address {
        *space = image::address_space(images.base, Some(address.into()));
    }
    space.forms = found.forms;
    Some(PageKind::Described)
}

/// The forms of words worth trying beside pointers: what programs of large machines hold.
fn words(code: &[PageKind], size: usize, space: &AddressSpace) -> impl Iterator<Item = WordForm> {
    let large = size > LARGE_MACHINE;
    let wide_code = [PageKind::Aarch64, PageKind::X86].iter().any(|kind| code.contains(kind));
    WORDS.into_iter().filter(move |form| large || (form.wide && (wide_code || space.address_high != 0)))
}

/// Images of more bytes than this are rather not a microcontroller's.
const LARGE_MACHINE: usize = 1 << 20;

/// Other kinds of words than pointers.
const WORDS: [WordForm; 3] =
    [WordForm::WIDE_POINTER, WordForm { origin: Origin::Itself, ..WordForm::POINTER }, WordForm::OFFSET];

//! What a package is made of: two images and what is known about them before any matching.

use std::sync::Arc;

use patch_nostd::Header;
use patch_nostd::internals::refs::AddressSpace;
use patch_nostd::internals::wire::{
    Codec, IMAGE_LIMIT, InPlacePlan, Origin, PageKind, PageKinds, Window, WordForm,
};
use rayon::prelude::*;

use super::level::Effort;
use super::target_image::TargetImage;
use crate::api::{Arch, DiffError, Options};
use crate::digest::{sha256, shortened};
use crate::image;
use crate::refs::BaseReferences;

/// The two images, the addresses that matter, and the decoder's budget.
pub(crate) struct Subject<'a> {
    pub(crate) base: &'a [u8],
    pub(crate) target: &'a [u8],
    pub(crate) space: AddressSpace,
    /// Bytes of workspace that the decoder may take.
    pub(crate) budget: u64,
    /// The kinds of pages that may be used.
    pub(crate) kinds: Vec<PageKind>,
    /// The base's references of these kinds.
    pub(crate) catalogue: Arc<BaseReferences<'a>>,
    /// How much is tried.
    pub(crate) effort: Effort,
    /// A header with everything that does not depend on the body.
    pub(crate) header: Header,
    /// What of the base is there when, if the target takes its place.
    pub(crate) in_place: Option<InPlacePlan>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new<'n: 'a>(
        base: &'a [u8],
        image: &TargetImage<'n>,
        options: &Options,
    ) -> Result<Self, DiffError> {
        let target = image.bytes();
        check_size("base", base)?;
        check_size("target", target)?;
        let (space, (base_sha256, target_sha256)) = rayon::join(
            || image::address_space(base, options.base_address),
            || rayon::join(|| sha256(base), || image.sha256()),
        );
        let base_digest = shortened(base, &base_sha256);
        let header = Header {
            codec: Codec::Zstd { window_log: 10 },
            base_size: base.len() as u32,
            target_size: target.len() as u32,
            base_digest,
            target_digest: target_sha256,
            target_md5: options.md5.then(|| image.md5()),
            ram: 0,
            base_address: space.base_address,
            address_high: space.address_high,
            windows: space.windows,
            kinds: PageKinds::default(),
            read_back: false,
            body_length: 0,
            body_digest: (options.body_digest || options.in_place.is_some()).then_some([0; 32]),
        };
        let budget = options.ram.budget(base.len().max(target.len()));
        let kinds = kinds(options.arch, base, &space);
        let effort = Effort::of(options.level);
        let catalogue = catalogue(base, space, &kinds);
        Ok(Self { base, target, space, budget, kinds, catalogue, effort, header, in_place: None })
    }

    /// The same subject, on which another effort is spent.
    pub(crate) fn with_effort(&self, effort: Effort) -> Self {
        Self { effort, kinds: self.kinds.clone(), catalogue: self.catalogue.clone(), ..*self }
    }

    /// The same subject for an update in place.
    pub(crate) fn with_plan(&self, plan: InPlacePlan) -> Self {
        let (kinds, catalogue) = (self.kinds.clone(), self.catalogue.clone());
        Self { in_place: Some(plan), kinds, catalogue, ..*self }
    }

    /// The same stretch of both images as a subject of its own: up to `size` bytes of the target from `start`, and
    /// of the base as many before and after besides.
    pub(crate) fn sample(&self, start: usize, size: usize) -> Self {
        let start = start.min(self.base.len()).min(self.target.len());
        let base_start = start.saturating_sub(size);
        let base = &self.base[base_start..self.base.len().min(start + 2 * size)];
        let target = &self.target[start..self.target.len().min(start + size)];
        let mut space = self.space;
        // What points at the rest of the image is a reference too.
        let whole = Window { start: space.base_address, length: space.image_size };
        space.windows = [whole, space.windows[0], space.windows[1]];
        space.base_address = space.base_address.wrapping_add(base_start as u32);
        space.image_size = base.len() as u32;
        let header = Header {
            base_size: base.len() as u32,
            target_size: target.len() as u32,
            base_address: space.base_address,
            address_high: space.address_high,
            windows: space.windows,
            ..self.header
        };
        let (budget, kinds, effort) = (self.budget, self.kinds.clone(), self.effort);
        let catalogue = catalogue(base, space, &kinds);
        Self { base, target, space, budget, kinds, catalogue, effort, header, in_place: None }
    }
}

fn catalogue<'a>(base: &'a [u8], space: AddressSpace, kinds: &[PageKind]) -> Arc<BaseReferences<'a>> {
    let masks = [PageKind::POINTERS, PageKind::Words(WordForm::OFFSET)]
        .into_iter()
        .filter(|kind| !kinds.contains(kind));
    let all: Vec<PageKind> = kinds.iter().copied().chain(masks).collect();
    Arc::new(BaseReferences::new(base, space, &all))
}

fn check_size(which: &'static str, image: &[u8]) -> Result<(), DiffError> {
    let size = image.len();
    if size > IMAGE_LIMIT as usize {
        return Err(DiffError::TooLarge { which, size, limit: IMAGE_LIMIT });
    }
    Ok(())
}

/// The kinds of pages that are worth trying.
fn kinds(arch: Arch, base: &[u8], space: &AddressSpace) -> Vec<PageKind> {
    let mut kinds = vec![PageKind::Bytes];
    match arch {
        Arch::None => {}
        Arch::Auto => {
            kinds.push(PageKind::POINTERS);
            let code: Vec<PageKind> = PageKind::CODE
                .par_iter()
                .copied()
                .filter(|&kind| image::looks_like(kind, base, space))
                .collect();
            kinds.extend(words(&code, base.len(), space).map(PageKind::Words));
            kinds.extend(code);
        }
        Arch::Only(PageKind::Bytes) => {}
        Arch::Only(kind) => kinds.push(kind),
    }
    kinds
}

/// The forms of words besides pointers that are worth trying: what programs of large machines hold.
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

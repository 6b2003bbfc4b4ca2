//! What a package is made of: two images and what is known about them before any matching.

use std::sync::Arc;

use patch_nostd::Header;
use patch_nostd::refs::AddressSpace;
use patch_nostd::wire::{Codec, IMAGE_LIMIT, InPlacePlan, Origin, RegionKind, RegionKinds, Window, WordForm};
use rayon::prelude::*;

use super::level::Effort;
use super::new_image::NewImage;
use crate::api::{Arch, CODE, DiffError, Options};
use crate::digest::{sha256, shortened};
use crate::image;
use crate::refs::Catalogue;

/// The two images, the addresses that matter, and the decoder's budget.
pub(crate) struct Subject<'a> {
    pub(crate) old: &'a [u8],
    pub(crate) new: &'a [u8],
    pub(crate) space: AddressSpace,
    /// Bytes of workspace that the decoder may take.
    pub(crate) budget: u64,
    /// The kinds of regions that may be used.
    pub(crate) kinds: Vec<RegionKind>,
    /// The old image's references of these kinds.
    pub(crate) catalogue: Arc<Catalogue<'a>>,
    /// How much is tried.
    pub(crate) effort: Effort,
    /// A header with everything that does not depend on the body.
    pub(crate) header: Header,
    /// What of the old image is there when, if the new one takes its place.
    pub(crate) in_place: Option<InPlacePlan>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new<'n: 'a>(
        old: &'a [u8],
        image: &NewImage<'n>,
        options: &Options,
    ) -> Result<Self, DiffError> {
        let new = image.bytes();
        check_size("old", old)?;
        check_size("new", new)?;
        let (space, (base, target)) = rayon::join(
            || image::address_space(old, options.base_address),
            || rayon::join(|| sha256(old), || image.sha256()),
        );
        let base_digest = shortened(old, &base);
        let header = Header {
            codec: Codec::Zstd { window_log: 10 },
            base_size: old.len() as u32,
            target_size: new.len() as u32,
            base_digest,
            target_digest: target,
            target_md5: options.md5.then(|| image.md5()),
            ram: 0,
            base_address: space.base_address,
            address_high: space.address_high,
            windows: space.windows,
            kinds: RegionKinds::default(),
            read_back: false,
            body_length: 0,
            body_digest: (options.body_digest || options.in_place.is_some()).then_some([0; 32]),
        };
        let budget = options.ram.budget(old.len().max(new.len()));
        let kinds = kinds(options.arch, old, &space);
        let effort = Effort::of(options.level);
        let catalogue = catalogue(old, space, &kinds);
        Ok(Self { old, new, space, budget, kinds, catalogue, effort, header, in_place: None })
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

    /// The same stretch of both images as a subject of its own: up to `size` bytes of the new one from `start`, and
    /// of the old one as many before and after besides.
    pub(crate) fn sample(&self, start: usize, size: usize) -> Self {
        let start = start.min(self.old.len()).min(self.new.len());
        let old_start = start.saturating_sub(size);
        let old = &self.old[old_start..self.old.len().min(start + 2 * size)];
        let new = &self.new[start..self.new.len().min(start + size)];
        let mut space = self.space;
        // What points at the rest of the image is a reference too.
        let whole = Window { start: space.base_address, length: space.image_size };
        space.windows = [whole, space.windows[0], space.windows[1]];
        space.base_address = space.base_address.wrapping_add(old_start as u32);
        space.image_size = old.len() as u32;
        let header = Header {
            base_size: old.len() as u32,
            target_size: new.len() as u32,
            base_address: space.base_address,
            address_high: space.address_high,
            windows: space.windows,
            ..self.header
        };
        let (budget, kinds, effort) = (self.budget, self.kinds.clone(), self.effort);
        let catalogue = catalogue(old, space, &kinds);
        Self { old, new, space, budget, kinds, catalogue, effort, header, in_place: None }
    }
}

fn catalogue<'a>(old: &'a [u8], space: AddressSpace, kinds: &[RegionKind]) -> Arc<Catalogue<'a>> {
    let masks = [RegionKind::POINTERS, RegionKind::Words(WordForm::OFFSET)]
        .into_iter()
        .filter(|kind| !kinds.contains(kind));
    let all: Vec<RegionKind> = kinds.iter().copied().chain(masks).collect();
    Arc::new(Catalogue::new(old, space, &all))
}

fn check_size(which: &'static str, image: &[u8]) -> Result<(), DiffError> {
    let size = image.len();
    if size > IMAGE_LIMIT as usize {
        return Err(DiffError::TooLarge { which, size, limit: IMAGE_LIMIT });
    }
    Ok(())
}

/// The kinds of regions that are worth trying.
fn kinds(arch: Arch, old: &[u8], space: &AddressSpace) -> Vec<RegionKind> {
    let mut kinds = vec![RegionKind::Bytes];
    match arch {
        Arch::None => {}
        Arch::Auto => {
            kinds.push(RegionKind::POINTERS);
            let code: Vec<RegionKind> = CODE
                .into_par_iter()
                .map(|(kind, _)| kind)
                .filter(|&kind| image::looks_like(kind, old, space))
                .collect();
            kinds.extend(words(&code, old.len(), space).map(RegionKind::Words));
            kinds.extend(code);
        }
        Arch::Only(RegionKind::Bytes) => {}
        Arch::Only(kind) => kinds.push(kind),
    }
    kinds
}

/// The forms of words besides pointers that are worth trying: what programs of large machines hold.
fn words(code: &[RegionKind], size: usize, space: &AddressSpace) -> impl Iterator<Item = WordForm> {
    let large = size > LARGE_MACHINE;
    let wide_code = [RegionKind::Aarch64, RegionKind::X86].iter().any(|kind| code.contains(kind));
    WORDS.into_iter().filter(move |form| large || (form.wide && (wide_code || space.address_high != 0)))
}

/// Images of more bytes than this are rather not a microcontroller's.
const LARGE_MACHINE: usize = 1 << 20;

/// Other kinds of words than pointers.
const WORDS: [WordForm; 3] =
    [WordForm::WIDE_POINTER, WordForm { origin: Origin::Itself, ..WordForm::POINTER }, WordForm::OFFSET];

//! A plan: the operations, landmarks and regions that a body will say, before it is coded.

use patch_nostd::apply::{Cover, Operation, Oracle, Source};
use patch_nostd::refs::Landmark;

use super::Regions;

/// What the encoder has decided to say about a new image.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// The new image.
    pub new: &'a [u8],
    /// Covers in order of the new image, with where each begins there.
    pub covers: Vec<(u32, Cover)>,
    /// The covers that are sent ahead, ascending by base offset.
    pub landmarks: Vec<Landmark>,
    /// What the stretches of the new image are.
    pub regions: Regions,
}

impl Plan<'_> {
    /// Sends the `count` longest covers of the base ahead.
    pub fn choose_landmarks(&mut self, count: usize) {
        let of_base = self.covers.iter().filter(|(_, cover)| cover.source == Source::Base);
        let mut landmarks: Vec<Landmark> = of_base
            .map(|&(target, cover)| Landmark { base: cover.start, target, length: cover.length })
            .collect();
        landmarks.sort_by_key(|landmark| (std::cmp::Reverse(landmark.length), landmark.target));
        landmarks.truncate(count);
        landmarks.sort_by_key(|landmark| (landmark.base, landmark.target));
        self.landmarks = landmarks;
    }

    /// Whether some cover copies from the target itself.
    #[must_use]
    pub fn reads_back(&self) -> bool {
        self.covers.iter().any(|(_, cover)| cover.source == Source::Target)
    }
}

/// The operations that say these covers of a target of `size` bytes.
pub(crate) fn operations(size: usize, covers: &[(u32, Cover)]) -> impl Iterator<Item = Operation> {
    let starts = std::iter::once(0).chain(covers.iter().map(|(target, cover)| target + cover.length));
    let covers = covers.iter().map(|&(target, cover)| (target, Some(cover)));
    let all = covers.chain(std::iter::once((size as u32, None)));
    starts.zip(all).map(|(start, (target, cover))| Operation { literals: target - start, cover })
}

impl Oracle for Plan<'_> {
    fn operation(&self, offset: u32) -> Operation {
        let next = self.covers.partition_point(|&(target, _)| target < offset);
        match self.covers.get(next) {
            Some(&(target, cover)) => Operation { literals: target - offset, cover: Some(cover) },
            None => Operation { literals: self.new.len() as u32 - offset, cover: None },
        }
    }

    fn landmark(&self, index: u32) -> Landmark {
        self.landmarks[index as usize]
    }

    fn kind(&self, page: u32) -> usize {
        self.regions.index(page)
    }

    fn byte(&self, offset: u32) -> u8 {
        self.new.get(offset as usize).copied().unwrap_or(0)
    }
}

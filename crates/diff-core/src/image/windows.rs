//! Where words point outside of the image: RAM, for instance.

use std::collections::BTreeMap;

use smidgen_patch::header::{MAX_WINDOWS, Window};

use crate::bytes::words;

/// Pages of this many bytes are counted.
const PAGE_LOG: u32 = 12;
/// Memories of microcontrollers lie in this range; above it are peripherals, which do not move.
const MEMORY: std::ops::Range<u32> = 0x1000_0000..0x4000_0000;
/// A page with fewer different pointers is chance.
const LEAST: usize = 6;
/// Where larger processors have memory. Many pairs of instructions look like pointers into it, but into single pages.
const LARGE_MEMORY: std::ops::Range<u32> = 0x6000_0000..0xE000_0000;
/// So memory there has two pages side by side with this many different pointers each, or one per `BYTES_PER_POINTER`
/// bytes of the image. On images of microcontrollers chance gives neighbours a quarter of that.
const LEAST_LARGE: usize = 128;
const BYTES_PER_POINTER: usize = 1 << 13;
/// Pages this near to each other belong to one memory.
const NEAR: u32 = 16;

/// Up to three windows that many words of the image point into.
pub(crate) fn windows(image: &[u8], base_address: u32) -> [Window; MAX_WINDOWS] {
    let mut found = clusters(&pages(image, base_address), LEAST_LARGE.max(image.len() / BYTES_PER_POINTER));
    found.sort_by_key(|cluster| (std::cmp::Reverse(cluster.pointers), cluster.first));
    found.truncate(MAX_WINDOWS);
    found.sort_by_key(|cluster| cluster.first);
    let mut windows = [Window::default(); MAX_WINDOWS];
    for (window, cluster) in windows.iter_mut().zip(&found) {
        window.start = cluster.first << PAGE_LOG;
        window.length = (cluster.last - cluster.first + 1) << PAGE_LOG;
    }
    windows
}

/// Neighbouring pages that are pointed at.
struct Cluster {
    first: u32,
    last: u32,
    pointers: usize,
    /// Whether it cannot be chance.
    certain: bool,
}

/// How many different words point into each page of memory outside the image.
fn pages(image: &[u8], base_address: u32) -> BTreeMap<u32, usize> {
    let outside = |word: &u32| {
        let memory = MEMORY.contains(word) || LARGE_MEMORY.contains(word);
        memory && word.wrapping_sub(base_address) as usize >= image.len()
    };
    let mut pointers: Vec<u32> = words(image).filter(outside).collect();
    pointers.sort_unstable();
    pointers.dedup();
    let mut pages = BTreeMap::new();
    for pointer in pointers {
        *pages.entry(pointer >> PAGE_LOG).or_default() += 1;
    }
    pages
}

/// Groups of neighbouring pages with more pointers than chance gives: in a microcontroller's memory any group, elsewhere
/// one with `many` pointers into two pages side by side.
fn clusters(pages: &BTreeMap<u32, usize>, many: usize) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::new();
    for (&page, &pointers) in pages.iter().filter(|&(_, &pointers)| pointers >= LEAST) {
        let busy = pointers >= many && pages.get(&(page + 1)).is_some_and(|&next| next >= many);
        let certain = busy || MEMORY.contains(&(page << PAGE_LOG));
        match clusters.last_mut() {
            Some(cluster) if page - cluster.last <= NEAR => {
                cluster.last = page;
                cluster.pointers += pointers;
                cluster.certain |= certain;
            }
            _ => clusters.push(Cluster { first: page, last: page, pointers, certain }),
        }
    }
    clusters.retain(|cluster| cluster.certain);
    clusters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ram_is_found_and_peripherals_are_not() {
        let ram = (0..100u32).map(|index| 0x2000_0000 + index * 200);
        let peripherals = (0..100u32).map(|index| 0x4000_0000 + index * 4);
        let image: Vec<u8> = ram.chain(peripherals).flat_map(u32::to_le_bytes).collect();
        let windows = windows(&image, 0);
        assert_eq!(windows[0], Window { start: 0x2000_0000, length: 0x5000 });
        assert_eq!(windows[1], Window::default());
    }

    #[test]
    fn memory_of_larger_processors_has_busy_neighbours() {
        let pointers = |page: u32| (0..200u32).map(move |index| (page << PAGE_LOG) + index * 20);
        let strings: Vec<u8> =
            pointers(0xC_0050).chain(pointers(0xC_0051)).flat_map(u32::to_le_bytes).collect();
        assert_eq!(windows(&strings, 0)[0], Window { start: 0xC005_0000, length: 0x2000 });
        let code: Vec<u8> = pointers(0xB_F00B).chain(pointers(0xB_F00E)).flat_map(u32::to_le_bytes).collect();
        assert_eq!(windows(&code, 0)[0], Window::default());
    }
}

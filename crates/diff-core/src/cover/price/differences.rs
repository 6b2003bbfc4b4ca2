//! The last differences of changed bytes, by their neighbours, as the models remember them.

/// Classes of surroundings.
const NEAR: usize = 32;

/// A changed byte of a cover.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    /// The new byte less the base.
    pub(crate) difference: u8,
    previous: u8,
    next: u8,
}

/// The last differences.
#[derive(Clone, Debug, Default)]
pub(crate) struct Differences {
    by_next: [u8; NEAR],
    by_previous: [u8; NEAR],
}

impl Change {
    /// The change of the byte at `from` of a source to `byte`, unless they are the same.
    pub(crate) fn find(source: &[u8], from: usize, byte: u8) -> Option<Self> {
        let difference = byte.wrapping_sub(source[from]);
        let previous = || from.checked_sub(1).map_or(0, |before| source[before]);
        let next = || source.get(from + 1).copied().unwrap_or(0);
        (difference != 0).then(|| Self { difference, previous: previous(), next: next() })
    }

    const fn places(self) -> (usize, usize) {
        ((self.next >> 3) as usize, self.previous as usize % NEAR)
    }
}

impl Differences {
    /// Whether the last change in such surroundings was the same.
    pub(crate) fn knows(&self, change: Change) -> bool {
        let (next, previous) = change.places();
        self.by_next[next] == change.difference || self.by_previous[previous] == change.difference
    }

    pub(crate) fn learn(&mut self, change: Change) {
        let (next, previous) = change.places();
        self.by_next[next] = change.difference;
        self.by_previous[previous] = change.difference;
    }
}

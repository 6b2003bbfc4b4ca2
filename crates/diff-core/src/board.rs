//! A board with simulated flash, and what it runs after each reset: the device's own update, A/B or in place.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use smidgen_patch::flash::{
    AbAreas, AbUpdate, Area, Flash, FlashBase, FlashError, FlashRequirements, Geometry, InPlaceAreas,
    InPlaceUpdate, SimulatedDevice, Simulator, Step, Unreadable, has_begun,
};
use smidgen_patch::header::InPlacePlan;
use smidgen_patch::secrecy::DecryptionKey;
use smidgen_patch::{Anything, Error, Header, SoftwareSha256};

use crate::digest::sha256;

/// Bytes that are decoded or checked per step.
const BUDGET: u32 = 4096;

/// The flash of a board, all areas on one chip.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chip {
    /// The slot that gets the image. Only what the update touches of it is simulated.
    pub(crate) slot: u32,
    /// The scratch area of an update in place.
    pub(crate) scratch: u32,
    /// The erase page.
    pub(crate) page: u32,
    /// The write unit.
    pub(crate) write: u32,
    /// What erased bytes read as.
    pub(crate) erased: u8,
    /// What cannot be read.
    pub(crate) unreadable: Unreadable,
}

/// A part of a chip with a purpose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// Bytes from the chip's start.
    pub(crate) start: u32,
    /// Bytes.
    pub(crate) size: u32,
}

/// A board, the package for it, and the images before and after.
pub(crate) struct Board<'a, K> {
    pub(crate) base: &'a [u8],
    /// The new image; unknown until an update has made it.
    pub(crate) target: Option<&'a [u8]>,
    pub(crate) package: &'a [u8],
    key: K,
    pub(crate) header: Header,
    /// The plan, if the update is in place.
    plan: Option<InPlacePlan>,
    geometry: Geometry,
    unreadable: Unreadable,
    /// The slot that gets the image and the journal; for an update in place also scratch and state area.
    pub(crate) parts: Vec<Part>,
    pub(crate) needed: FlashRequirements,
    /// Bytes of base and package that were read, where they are not on the chip.
    reads: AtomicU64,
}

impl<'a, K: DecryptionKey> Board<'a, K> {
    /// A board for a package; `plan` is that of an update in place.
    ///
    /// # Errors
    /// Those of the header, and [`Error::Areas`] for sizes that do not go together.
    pub(crate) fn new(
        base: &'a [u8],
        (package, header, plan): (&'a [u8], Header, Option<InPlacePlan>),
        key: K,
        chip: &Chip,
    ) -> Result<Self, Error> {
        let page = Geometry { erased: chip.erased, ..Geometry::new(chip.page, chip.page, chip.write) };
        let requirements = header.requirements();
        let needed = match plan {
            Some(_) => requirements.in_place(&InPlaceAreas::on_chip(page)),
            None => requirements.ab(&AbAreas::on_chip(page)),
        };
        let needed = needed.ok_or(Error::Areas)?;
        let whole = |size: u32| page.whole_pages(size).ok_or(Error::Areas);
        let moved =
            whole(header.base_size)?.checked_add(plan.map_or(0, |plan| plan.shift)).ok_or(Error::Areas)?;
        let touched = whole(header.target_size)?.max(if plan.is_some() { moved } else { 0 });
        let mut sizes = vec![("slot", touched.min(chip.slot / chip.page * chip.page))];
        sizes.extend(plan.map(|_| ("scratch", chip.scratch / chip.page * chip.page)));
        sizes.push(("journal", needed.journal));
        sizes.extend(plan.map(|_| ("state", needed.state)));
        let mut size = 0u32;
        let mut parts = Vec::with_capacity(sizes.len());
        for (name, length) in sizes {
            parts.push(Part { name, start: size, size: length });
            size = size.checked_add(length).ok_or(Error::Areas)?;
        }
        let (geometry, unreadable) = (Geometry { size, ..page }, chip.unreadable);
        let reads = AtomicU64::new(0);
        Ok(Self {
            base,
            target: None,
            package,
            key,
            header,
            plan,
            geometry,
            unreadable,
            parts,
            needed,
            reads,
        })
    }

    pub(crate) const fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Bytes of base and package that were read so far, where they are not on the chip.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Updates until the image is ready, with a journal over an area that `journal` makes something of.
    pub(crate) fn boot_with<'c, J: Flash>(
        &self,
        chip: &'c RefCell<Simulator>,
        journal: impl FnOnce(Area<'c, Simulator>) -> J,
    ) -> Result<(), Error> {
        let workspace_size = self.header.requirements().workspace as usize;
        let mut memory = vec![0; workspace_size + 3];
        let start = memory.as_ptr().align_offset(4);
        let workspace = &mut memory[start..start + workspace_size];
        let mut buffer = vec![0; self.needed.buffer];
        let area = |name: &str| self.area(chip, name).ok_or(Error::Areas);
        let mut package = Stored { bytes: self.package, reads: &self.reads };
        let (slot, journal) = (area("slot")?, journal(area("journal")?));
        if self.plan.is_some() {
            let areas = InPlaceAreas { slot, scratch: area("scratch")?, journal, state: area("state")? };
            let mut update = InPlaceUpdate::<_, _, SoftwareSha256, _, _>::with_key(
                workspace,
                &mut buffer,
                areas,
                package,
                Anything,
                &self.key,
            )?;
            while update.step(BUDGET)? != Step::Ready {}
        } else {
            let base = Stored { bytes: self.base, reads: &self.reads };
            let base = FlashBase { flash: base, size: self.base.len() as u32 };
            let mut update = AbUpdate::<_, _, _, SoftwareSha256, _, _>::with_key(
                workspace,
                &mut buffer,
                base,
                AbAreas { slot, journal },
                Anything,
                &self.key,
            )?;
            while update.step(&mut package, BUDGET)? != Step::Ready {}
        }
        Ok(())
    }

    fn area<'c>(&self, chip: &'c RefCell<Simulator>, name: &str) -> Option<Area<'c, Simulator>> {
        let part = self.parts.iter().find(|part| part.name == name)?;
        Some(Area::new(chip, part.start, part.size))
    }

    /// Whether the slot begins with the new image.
    fn has_target(&self, chip: &Simulator) -> bool {
        match (self.target, chip.memory().get(..self.header.target_size as usize)) {
            (Some(target), found) => found == Some(target),
            (None, Some(found)) => sha256(found) == self.header.target_digest,
            (None, None) => false,
        }
    }

    /// Whether the journal says that the slot holds no image.
    fn says_begun(&self, chip: &Simulator) -> bool {
        let chip = RefCell::new(chip.clone());
        self.area(&chip, "journal").is_some_and(|journal| has_begun(journal) == Ok(true))
    }
}

impl<K: DecryptionKey> SimulatedDevice for Board<'_, K> {
    fn chip(&self) -> Simulator {
        let mut chip = Simulator::new(self.geometry);
        chip.set_unreadable(self.unreadable);
        if self.plan.is_none() {
            // An older image, of which no page is right.
            let other = |offset: u32| offset.wrapping_mul(0x9E37_79B1).to_be_bytes()[0];
            chip.load(0, &(0..self.parts[0].size).map(other).collect::<Vec<u8>>());
        } else if self.base.len() <= self.parts[0].size as usize {
            // What does not fit is refused by the update.
            chip.load(0, self.base);
        }
        chip
    }

    fn boot(&self, chip: &RefCell<Simulator>) -> Result<(), Error> {
        self.boot_with(chip, |journal| journal)
    }

    /// Of two slots, the one with the base is never written. In place, a boot loader starts what the slot holds, unless
    /// the journal says that an update has begun.
    fn check(&self, chip: &Simulator, ready: bool) -> Result<(), &'static str> {
        if ready {
            return if self.has_target(chip) {
                Ok(())
            } else {
                Err("the update ended without the new image")
            };
        }
        let can_start = self.plan.is_none() || chip.memory().starts_with(self.base) || self.has_target(chip);
        if can_start || self.says_begun(chip) {
            return Ok(());
        }
        Err("the slot holds neither image, and the journal does not say so: a boot loader would start it")
    }
}

/// Bytes that are stored elsewhere, and only read.
struct Stored<'a> {
    bytes: &'a [u8],
    reads: &'a AtomicU64,
}

impl Flash for Stored<'_> {
    fn geometry(&self) -> Geometry {
        self.bytes.geometry()
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        self.reads.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        self.bytes.read(offset, buffer)
    }

    fn erase(&mut self, _offset: u32) -> Result<(), FlashError> {
        Err(FlashError)
    }

    fn write(&mut self, _offset: u32, _bytes: &[u8]) -> Result<(), FlashError> {
        Err(FlashError)
    }
}

//! What a device and a package make of a simulation: which update, on which flash.

use smidgen_patch::flash::{Course, Unreadable};
use smidgen_patch::header::InPlacePlan;
use smidgen_patch::secrecy::DecryptionKey;
use smidgen_patch::{Error, Header};

use super::outcome::{DESCRIBED, LostUpdate, SimulatedArea, Simulation};
use super::time::{Counts, RestoreTime};
use super::{FLASH_LIMIT, SimulateError, Trials, WRITTEN_LIMIT};
use crate::api::{Device, UnreadableFlash, Update};
use crate::board::{Board, Chip};
use crate::digest::base_digest;
use crate::inspect::inspect;

/// Bytes of the smallest write where a device states none, as for packages in place.
const DEFAULT_WRITE: u32 = 8;

/// A package's update on a device.
pub(super) struct Setup<'a> {
    device: &'a Device,
    header: Header,
    /// The plan, if the update is in place.
    plan: Option<InPlacePlan>,
    chip: Chip,
    /// Whether the body's events can be counted.
    is_readable: bool,
}

impl<'a> Setup<'a> {
    pub(super) fn new(base: &[u8], package: &[u8], device: &'a Device) -> Result<Self, SimulateError> {
        let (header, extensions, _) = Header::parse_extended(package)?;
        if extensions.container.is_some() {
            return Err(SimulateError::Container);
        }
        let in_place = match device.update {
            Some(update) => update == Update::InPlace,
            None => extensions.in_place.is_some(),
        };
        let plan = extensions.in_place.filter(|_| in_place);
        let mut known = device.clone().with_update(in_place.then_some(Update::InPlace));
        if extensions.encryption.is_some() {
            // What an encrypted package is for is private; its caller knows.
            known = known.with_product(None).with_module(None);
        }
        known.check_package(package)?;
        if base.len() != header.base_size as usize {
            return Err(Error::BaseSize.into());
        }
        if base_digest(base) != header.base_digest {
            return Err(Error::BaseDigest.into());
        }
        let chip = chip(device, &header, plan)?;
        let is_readable = extensions.encryption.is_none() && header.codec.models().is_some();
        Ok(Self { device, header, plan, chip, is_readable })
    }

    pub(super) fn board<K: DecryptionKey>(
        &self,
        base: &'a [u8],
        package: &'a [u8],
        key: K,
    ) -> Result<Board<'a, K>, SimulateError> {
        let board = Board::new(base, (package, self.header, self.plan), key, &self.chip)?;
        let size = u64::from(board.geometry().size);
        // In place, each segment saves the decoder's state.
        let segments = self.plan.map_or(0, |plan| self.header.target_size.div_ceil(plan.segment.max(1)));
        let written = 4 * size + u64::from(segments) * u64::from(board.needed.state / 2);
        if size > FLASH_LIMIT || written > WRITTEN_LIMIT {
            return Err(SimulateError::Profile(format!(
                "the update takes {size} bytes of flash and writes about {written}; at most {FLASH_LIMIT} and \
                 {WRITTEN_LIMIT} can be simulated"
            )));
        }
        Ok(board)
    }

    pub(super) fn simulation<K: DecryptionKey>(
        &self,
        board: &Board<'_, K>,
        course: &Course,
        bytes_read: u64,
        trials: Trials,
    ) -> Simulation {
        let Chip { page, write, .. } = self.chip;
        let needed = self.header.requirements();
        let areas = board.parts.iter().map(|part| SimulatedArea::of(part, page, course)).collect();
        let lost = trials.lost.len() as u64;
        let describe = |(_, lost)| LostUpdate::of(lost, &board.parts, page, &course.operations);
        let mut simulation = Simulation {
            update: if self.plan.is_some() { Update::InPlace } else { Update::Ab },
            workspace: needed.workspace.into(),
            heap: needed.heap.into(),
            buffer: board.needed.buffer as u64,
            page,
            unit: write,
            areas,
            operations: course.chip.operations(),
            bytes_read,
            time: RestoreTime::default(),
            losses: trials.survived + lost,
            lost,
            lost_updates: trials.lost.into_iter().take(DESCRIBED).map(describe).collect(),
        };
        simulation.time = RestoreTime::of(self.device, &self.counts(board, &simulation));
        simulation
    }

    fn counts<K: DecryptionKey>(&self, board: &Board<'_, K>, simulation: &Simulation) -> Counts {
        let report = self.is_readable.then(|| inspect(board.base, board.package).ok()).flatten();
        let (base, target) = (u64::from(self.header.base_size), u64::from(self.header.target_size));
        let body = u64::from(self.header.body_length);
        // In place, the image is hashed as it is read back; of two slots, also as it is written.
        let hashed = base + target + if self.plan.is_some() { body } else { target };
        let body_too = self.plan.is_none() && self.header.body_digest.is_some();
        Counts {
            erases: simulation.erases(),
            units: simulation.bytes_written() / u64::from(simulation.unit.max(1)),
            unit: simulation.unit,
            bytes_read: simulation.bytes_read,
            work: report.map(|report| report.work),
            image: target,
            hashed: hashed + if body_too { body } else { 0 },
        }
    }
}

/// The flash of a device: as large as needed where it states no size.
fn chip(device: &Device, header: &Header, plan: Option<InPlacePlan>) -> Result<Chip, SimulateError> {
    let profile = |text: &str| SimulateError::Profile(text.to_owned());
    device.check().map_err(|error| SimulateError::Profile(error.to_string()))?;
    let page = device.page.filter(|&page| page > 0);
    let page = page.ok_or_else(|| profile("the device's erase page is not known: give page"))?;
    let write = device.write.unwrap_or(DEFAULT_WRITE.min(page));
    if write == 0 || !page.is_multiple_of(write) {
        return Err(profile("page must be a multiple of write-size, which is not 0"));
    }
    let scratch = plan.and_then(|plan| plan.scratch(header.target_size)?.checked_next_multiple_of(page));
    Ok(Chip {
        slot: device.slot.unwrap_or(u32::MAX),
        scratch: device.scratch.or(scratch).unwrap_or(0),
        page,
        write,
        erased: device.erased.unwrap_or(0xFF),
        unreadable: match device.unreadable {
            UnreadableFlash::Nothing => Unreadable::Nothing,
            UnreadableFlash::Torn => Unreadable::Torn,
            UnreadableFlash::TornOrErased => Unreadable::TornOrErased,
        },
    })
}

//! A simulated flash that enforces the rules of flash and loses power at a chosen operation (`docs/format.md`, section 8).

use std::vec;
use std::vec::Vec;

use super::traits::{Flash, FlashError, Geometry};

/// When the power goes, and how much of the operation it interrupts is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The number of operations (erases and writes) that are completed before.
    pub after: u64,
    /// Bytes of the next one that are done; the byte after them is done in part.
    pub torn: u32,
}

/// An erase or a write that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Of the page at an offset.
    Erase(u32),
    /// At an offset, of bytes.
    Write(u32, Vec<u8>),
}

impl Operation {
    /// Does it again, on a flash in the same state.
    ///
    /// # Errors
    /// [`FlashError`] as the first time.
    pub fn repeat(&self, flash: &mut impl Flash) -> Result<(), FlashError> {
        match self {
            Self::Erase(offset) => flash.erase(*offset),
            Self::Write(offset, bytes) => flash.write(*offset, bytes),
        }
    }
}

/// What cannot be read, as on some chips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unreadable {
    /// Everything can be read; what was interrupted is noise.
    #[default]
    Nothing,
    /// Units whose write was interrupted, and pages whose erase was, until the page is erased: flash with error correction.
    Torn,
    /// These, and what was erased and not written since.
    TornOrErased,
}

/// What a unit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Erased,
    Written,
    Torn,
}

/// A flash whose pages must be erased before they are written, and whose units are written once.
#[derive(Clone, Debug)]
pub struct Simulator {
    geometry: Geometry,
    memory: Vec<u8>,
    units: Vec<Unit>,
    unreadable: Unreadable,
    erases: Vec<u32>,
    written: Vec<u32>,
    bytes_read: u64,
    operations: u64,
    cut: Option<Cut>,
    on: bool,
    violations: u32,
    flips: Vec<(u32, u8)>,
    log: Option<Vec<Operation>>,
}

impl Simulator {
    /// An erased flash.
    ///
    /// # Panics
    ///
    /// If the sizes do not go together.
    #[must_use]
    pub fn new(geometry: Geometry) -> Self {
        assert!(geometry.is_valid(), "{geometry:?}");
        Self {
            geometry,
            memory: vec![geometry.erased; geometry.size as usize],
            units: vec![Unit::Erased; (geometry.size / geometry.write) as usize],
            unreadable: Unreadable::Nothing,
            erases: vec![0; (geometry.size / geometry.page) as usize],
            written: vec![0; (geometry.size / geometry.page) as usize],
            bytes_read: 0,
            operations: 0,
            cut: None,
            on: true,
            violations: 0,
            flips: Vec::new(),
            log: None,
        }
    }

    /// Puts bytes where they are to be found at the start, without an operation.
    ///
    /// # Panics
    ///
    /// If they do not fit.
    pub fn load(&mut self, offset: u32, bytes: &[u8]) {
        self.memory[offset as usize..][..bytes.len()].copy_from_slice(bytes);
        let end = offset as usize + bytes.len();
        self.units[(offset / self.geometry.write) as usize..end.div_ceil(self.geometry.write as usize)]
            .fill(Unit::Written);
    }

    /// From now on, reads of these fail.
    pub fn set_unreadable(&mut self, unreadable: Unreadable) {
        self.unreadable = unreadable;
    }

    /// All bytes.
    #[must_use]
    pub fn memory(&self) -> &[u8] {
        &self.memory
    }

    /// How often each page has been erased.
    #[must_use]
    pub fn erases(&self) -> &[u32] {
        &self.erases
    }

    /// How many units of each page have been written, however often.
    #[must_use]
    pub fn written(&self) -> &[u32] {
        &self.written
    }

    /// Bytes that have been read.
    #[must_use]
    pub const fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Erases and writes so far, the interrupted one included.
    #[must_use]
    pub const fn operations(&self) -> u64 {
        self.operations
    }

    /// How often a rule of flash was broken: a bug of the caller.
    #[must_use]
    pub const fn violations(&self) -> u32 {
        self.violations
    }

    /// Whether there is power.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.on
    }

    /// Plans a loss of power, counted from now.
    pub fn cut(&mut self, cut: Cut) {
        self.cut = Some(Cut { after: self.operations.saturating_add(cut.after), ..cut });
    }

    /// Power returns; no further loss is planned.
    pub fn reboot(&mut self) {
        self.on = true;
        self.cut = None;
    }

    /// From now on, every read of the byte at `offset` has the bits of `mask` flipped.
    pub fn flip(&mut self, offset: u32, mask: u8) {
        self.flips.push((offset, mask));
    }

    /// From now on, operations are written down.
    pub fn record(&mut self) {
        self.log = Some(Vec::new());
    }

    /// The operations since [`Simulator::record`], which ends with that.
    pub fn recorded(&mut self) -> Vec<Operation> {
        self.log.take().unwrap_or_default()
    }

    /// Counts an operation on `length` bytes; returns how many of them it does, and whether it is interrupted.
    fn begin(&mut self, length: u32) -> Result<Option<u32>, FlashError> {
        if !self.on {
            return Err(FlashError);
        }
        let torn = self.cut.filter(|cut| cut.after == self.operations).map(|cut| cut.torn.min(length));
        self.operations += 1;
        self.on = torn.is_none();
        Ok(torn)
    }

    fn can_read(&self, offset: u32, length: usize) -> bool {
        let first = (offset / self.geometry.write) as usize;
        let end = (offset as usize + length).div_ceil(self.geometry.write as usize);
        let refused: &[Unit] = match self.unreadable {
            Unreadable::Nothing => &[],
            Unreadable::Torn => &[Unit::Torn],
            Unreadable::TornOrErased => &[Unit::Torn, Unit::Erased],
        };
        length == 0 || !self.units[first..end].iter().any(|unit| refused.contains(unit))
    }

    fn refuse(&mut self) -> Result<(), FlashError> {
        self.violations += 1;
        Err(FlashError)
    }

    /// Which bits of an interrupted byte keep what they were: any pattern will do, this one changes.
    fn noise(&self, offset: u32) -> u8 {
        (self.operations as u32)
            .wrapping_mul(0x9E37_79B1)
            .wrapping_add(offset.wrapping_mul(0x85EB_CA6B))
            .to_be_bytes()[0]
    }
}

impl Flash for Simulator {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        let stored = self.memory.get(offset as usize..).and_then(|rest| rest.get(..buffer.len()));
        let Some(stored) = stored.filter(|_| self.on && self.can_read(offset, buffer.len())) else {
            return Err(FlashError);
        };
        buffer.copy_from_slice(stored);
        self.bytes_read += buffer.len() as u64;
        for &(place, mask) in &self.flips {
            if let Some(byte) = place.checked_sub(offset).and_then(|place| buffer.get_mut(place as usize)) {
                *byte ^= mask;
            }
        }
        Ok(())
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        let page = self.geometry.page;
        if !offset.is_multiple_of(page) || offset >= self.geometry.size {
            return self.refuse();
        }
        let torn = self.begin(page)?;
        self.log.iter_mut().for_each(|log| log.push(Operation::Erase(offset)));
        let units = (offset / self.geometry.write) as usize..((offset + page) / self.geometry.write) as usize;
        self.erases[(offset / page) as usize] += 1;
        // What a half erased page holds is undefined, also where it looks erased.
        self.units[units].fill(if torn.is_some() { Unit::Torn } else { Unit::Erased });
        let (noise, erased) = (self.noise(offset), self.geometry.erased);
        let bytes = &mut self.memory[offset as usize..][..page as usize];
        bytes[..torn.unwrap_or(page) as usize].fill(erased);
        if let Some(byte) = torn.and_then(|torn| bytes.get_mut(torn as usize)) {
            // Some bits are erased, some are not yet.
            *byte = *byte & !noise | erased & noise;
        }
        if torn.is_some() { Err(FlashError) } else { Ok(()) }
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let Geometry { size, page, write, .. } = self.geometry;
        let length = bytes.len() as u32;
        let inside = offset.checked_add(length).is_some_and(|end| end <= size);
        if !inside || !offset.is_multiple_of(write) || !length.is_multiple_of(write) {
            return self.refuse();
        }
        let units = (offset / write) as usize..((offset + length) / write) as usize;
        if self.on && self.units[units.clone()].iter().any(|&unit| unit != Unit::Erased) {
            return self.refuse();
        }
        let torn = self.begin(length)?;
        self.log.iter_mut().for_each(|log| log.push(Operation::Write(offset, bytes.to_vec())));
        let done = torn.unwrap_or(length);
        // The unit that is interrupted is used up, even if nothing of it can be seen.
        let touched = units.take((done / write) as usize + usize::from(done < length));
        let in_page = (page / write) as usize;
        for unit in touched {
            self.units[unit] = Unit::Written;
            self.written[unit / in_page] += 1;
        }
        if done < length {
            self.units[((offset + done) / write) as usize] = Unit::Torn;
        }
        let noise = self.noise(offset);
        let memory = &mut self.memory[offset as usize..][..length as usize];
        memory.iter_mut().zip(bytes).take(done as usize).for_each(|(to, &from)| *to = from);
        if done < length {
            // Some bits are written, some are not yet.
            let byte = &mut memory[done as usize];
            *byte = bytes[done as usize] & !noise | *byte & noise;
        }
        if torn.is_some() { Err(FlashError) } else { Ok(()) }
    }
}

//! Flash that somebody else wrote, or that reads wrong: records of the journal, and the decoder's state.

use std::cell::RefCell;

use patch_nostd::flash::{Cut, Entry, Flash, FlashError, Geometry, Journal, Mark};
use patch_nostd::wire::crc32;

use crate::device::{Device, Mode, setups};
use crate::measure::Tally;
use crate::packages::Stock;
use crate::random::Random;

/// Bits of a journal that read wrong, and do no harm.
const BITS: usize = 4;

pub fn attack(stock: &Stock, case: u64, tally: &mut Tally) -> Result<(), String> {
    let mut random = Random::new(case);
    let (setup, mode) = (random.pick(setups(stock)), Mode::of(random.below(Mode::COUNT)));
    let genuine = if mode.signed { stock.signed(&setup.genuine) } else { setup.genuine.clone() };
    let device = Device::new(setup, mode);
    let kind = if setup.in_place { "in place" } else { "A/B" };
    tally.geometries.insert(format!("{kind} {}/{}", setup.page, setup.write));
    // An update that was stopped, most of the time.
    let (after, torn) = (random.below(120) as u64, random.below(setup.page as usize) as u32);
    device.chip.borrow_mut().cut(Cut { after, torn });
    let _ = device.deliver(&genuine, &mut random);
    tally.cuts += u64::from(!device.chip.borrow().is_on());
    device.chip.borrow_mut().reboot();
    tally.mutations += 1;
    let trial = Trial { device, genuine, random };
    let (what, result) = match case % 4 {
        0 => ("record", trial.records()),
        1 => ("journal", trial.misread(2)),
        2 if setup.in_place => ("state misread", trial.misread(3)),
        _ if setup.in_place => ("state", trial.state()),
        _ => ("garbage", trial.garbage()),
    };
    tally.saw(format!("{what}: {}", result.as_ref().map_or("failed", |how| how)));
    result
        .map(drop)
        .map_err(|problem| format!("{what}: {problem}: {kind} {}/{} {mode:?}", setup.page, setup.write))
}

struct Trial<'s> {
    device: Device<'s>,
    genuine: Vec<u8>,
    random: Random,
}

impl Trial<'_> {
    /// Records that are right in themselves, but not true.
    fn records(mut self) -> Result<String, String> {
        let noted = self.device.noted();
        for _ in 0..=self.random.below(3) {
            let update = match noted {
                Some(entry) if !self.random.one_in(4) => entry.update,
                _ => self.random.next(),
            };
            let value = *self.random.clone().pick(&[0, 1, 2, 3, 5, 100, u32::MAX, self.random.next() as u32]);
            let marks = [
                Mark::Pages(value),
                Mark::Moved(value),
                Mark::Decoding(value),
                Mark::Copying(value),
                Mark::Keeping(value),
                Mark::Ready,
            ];
            let mark = *self.random.pick(&marks);
            let mut journal = Journal::open(self.device.area(2)).map_err(|error| format!("{error:?}"))?;
            journal.append(Entry { update, mark }).map_err(|error| format!("{error:?}"))?;
        }
        self.delivered()
    }

    /// Anything at all in the journal.
    fn garbage(mut self) -> Result<String, String> {
        let (start, length) = self.device.place(2);
        let bytes = self.random.bytes(length as usize);
        self.device.chip.borrow_mut().load(start, &bytes);
        self.delivered()
    }

    /// A/B nothing of that may matter; in place it may, but never in silence.
    fn delivered(mut self) -> Result<String, String> {
        let attempts = if self.device.setup.in_place { 1 } else { 2 };
        let mut last = None;
        for _ in 0..attempts {
            match self.device.deliver(&self.genuine, &mut self.random) {
                Ok(()) => return self.ready(),
                Err(error) => last = Some(error),
            }
        }
        self.device.check()?;
        let error = last.map_or(0, |error| error.number());
        if self.device.setup.in_place {
            Ok(format!("E{error}"))
        } else {
            Err(format!("the genuine package ends in E{error}"))
        }
    }

    /// Some bits of an area read wrong for a time.
    fn misread(mut self, area: usize) -> Result<String, String> {
        let (start, length) = self.device.place(area);
        let bits: Vec<(u32, u8)> = (0..=self.random.below(BITS))
            .map(|_| (start + self.random.below(length as usize) as u32, 1 << self.random.below(8)))
            .collect();
        let flip =
            |device: &Device| bits.iter().for_each(|&(at, mask)| device.chip.borrow_mut().flip(at, mask));
        flip(&self.device);
        let misread = self.device.deliver(&self.genuine, &mut self.random);
        if misread.is_ok() {
            return self.ready();
        }
        // What is as it was again, is as it was.
        flip(&self.device);
        let again = self.device.deliver(&self.genuine, &mut self.random);
        match (area, misread, again) {
            (2, Err(error), _) => Err(format!("{} bits: E{}", bits.len(), error.number())),
            (_, _, Err(error)) => Err(format!("E{} when nothing reads wrong any more", error.number())),
            _ => self.ready(),
        }
    }

    /// A state of the decoder that is not one, with the right checksum.
    fn state(mut self) -> Result<String, String> {
        let mut forge =
            Forge { random: self.random.clone(), rate: 1 + self.random.below(200), ..Forge::default() };
        // How much is read, so that the checksum is known when it is asked for.
        let chip = self.device.chip.borrow().clone();
        let counted = RefCell::new(forge.clone());
        let _ = self.device.deliver_through(&self.genuine, 1, |index| self.through(index, &counted));
        let last = counted.borrow().first_load.unwrap_or(counted.borrow().reads);
        *self.device.chip.borrow_mut() = chip;
        (forge.last, forge.on) = (last, true);
        let forge = RefCell::new(forge);
        let result = self.device.deliver_through(&self.genuine, 300, |index| self.through(index, &forge));
        match result {
            Ok(()) => self.ready(),
            Err(error) => Ok(format!("E{}", error.number())),
        }
    }

    fn through<'t>(&'t self, index: usize, forge: &'t RefCell<Forge>) -> Forging<'t> {
        Forging { area: self.device.area(index), forge: (index == 3).then_some(forge) }
    }

    fn ready(&self) -> Result<String, String> {
        self.device.check()?;
        let right = self.device.has(&self.device.setup.target);
        if right { Ok("ready".to_owned()) } else { Err("ready with a wrong image".to_owned()) }
    }
}

/// Changes what is read of a state, and the checksum to go with it.
#[derive(Clone)]
struct Forge {
    random: Random,
    rate: usize,
    reads: usize,
    given: Vec<u8>,
    /// The read that is of the checksum.
    last: usize,
    on: bool,
    /// Reads until something was written: all of the first state.
    first_load: Option<usize>,
}

impl Default for Forge {
    fn default() -> Self {
        Self {
            random: Random::new(0),
            rate: 1,
            reads: 0,
            given: Vec::new(),
            last: 0,
            on: false,
            first_load: None,
        }
    }
}

#[derive(Clone)]
struct Forging<'t> {
    area: patch_nostd::flash::Area<'t, patch_nostd::flash::Simulator>,
    forge: Option<&'t RefCell<Forge>>,
}

impl Flash for Forging<'_> {
    fn geometry(&self) -> Geometry {
        self.area.geometry()
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        self.area.read(offset, buffer)?;
        let Some(forge) = self.forge else { return Ok(()) };
        let forge = &mut *forge.borrow_mut();
        forge.reads += 1;
        if !forge.on || forge.reads > forge.last {
            return Ok(());
        }
        if forge.reads == forge.last && buffer.len() == 4 {
            buffer.copy_from_slice(&crc32(&forge.given).to_le_bytes());
            return Ok(());
        }
        if buffer.len() <= 8 && forge.random.one_in(forge.rate) {
            let value = *forge.random.pick(&[0, 1, 0x7F, 0xFF]);
            buffer.fill(value);
        } else if !buffer.is_empty() && forge.random.one_in(2 * forge.rate) {
            let at = forge.random.below(buffer.len());
            buffer[at] = forge.random.next() as u8;
        }
        forge.given.extend_from_slice(buffer);
        Ok(())
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        self.stop_counting();
        self.area.erase(offset)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.stop_counting();
        self.area.write(offset, bytes)
    }
}

impl Forging<'_> {
    fn stop_counting(&self) {
        if let Some(forge) = self.forge {
            let forge = &mut *forge.borrow_mut();
            forge.first_load.get_or_insert(forge.reads);
        }
    }
}

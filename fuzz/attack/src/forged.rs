//! Flash that an attacker wrote, or that reads wrong: records of the journal, and the decoder's state.

use smidgen_patch::flash::{Cut, Entry, Journal, Mark};
use smidgen_patch::internals::wire::crc32;

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
            let mut buffer = vec![0; journal.buffer()];
            journal.append(Entry { update, mark }, &mut buffer).map_err(|error| format!("{error:?}"))?;
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

    /// Invalid states of the decoder, with the right checksum.
    fn state(mut self) -> Result<String, String> {
        let (start, length) = self.device.place(3);
        for at in [start, start + length / 2] {
            let mut state = self.device.chip.borrow().memory()[at as usize..][..length as usize / 2].to_vec();
            let Some(length) = checked_length(&state) else { continue };
            for _ in 0..=self.random.below(6) {
                // Most is tables; what is counted and measured comes before and after them.
                let near = self.random.below(length.min(200));
                let at = *self.random.clone().pick(&[near, length - 1 - near, self.random.below(length)]);
                let count = 1 + self.random.below(4);
                let value = *self.random.clone().pick(&[0, 1, 0x7F, 0xFF, self.random.next() as u8]);
                state[at..(at + count).min(length)].fill(value);
            }
            let checksum = crc32(&state[..length]).to_le_bytes();
            state[length..length + 4].copy_from_slice(&checksum);
            self.device.chip.borrow_mut().load(at, &state);
        }
        match self.device.deliver(&self.genuine, &mut self.random) {
            Ok(()) => self.ready(),
            Err(error) => Ok(format!("E{}", error.number())),
        }
    }

    fn ready(&self) -> Result<String, String> {
        self.device.check()?;
        let right = self.device.has(&self.device.setup.target);
        if right { Ok("ready".to_owned()) } else { Err("ready with a wrong image".to_owned()) }
    }
}

/// Where the checksum of what is before it stands.
fn checked_length(bytes: &[u8]) -> Option<usize> {
    let mut crc = !0u32;
    bytes.iter().enumerate().find_map(|(at, &byte)| {
        if at > 0 && bytes.get(at..at + 4)? == (!crc).to_le_bytes() {
            return Some(at);
        }
        let bit = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        crc = (0..8).fold(crc ^ u32::from(byte), bit);
        None
    })
}

//! Anything is delivered, then the genuine package, which must end in an image that is ready.

use smidgen_patch::flash::{Cut, Operation};
use smidgen_patch::{Error, Header};

use crate::device::{Device, Mode, Setup, setups};
use crate::measure::Tally;
use crate::packages::{Stock, with_body};
use crate::random::{Random, mutate};

/// What comes before the genuine package.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// The genuine package with one bit changed.
    Flip(usize),
    /// Its first bytes: this many.
    Truncated(usize),
    /// It, without its signature.
    Unsigned,
    /// Its body changed at random.
    Mutated,
    /// The same, but the header states the right digest: only where nothing must be signed.
    Forged,
    /// Another package for the same target.
    Other,
    /// A package for another target.
    Elsewhere,
    /// The genuine package, and power goes while the journal is written or erased.
    TornJournal,
    /// The genuine package, and power goes.
    Cut,
    /// Another package for the same target, and power goes.
    OtherCut,
    /// Anything at all in the journal.
    Garbage,
}

/// A device, and the packages that it is given.
struct Trial<'s> {
    device: Device<'s>,
    genuine: Vec<u8>,
    other: Vec<u8>,
    elsewhere: Vec<u8>,
    unsigned: Vec<u8>,
    random: Random,
    cuts: usize,
    /// In place, only the package that began leads out.
    begun: Option<Vec<u8>>,
}

/// Every single bit of a body, every truncation and some more, one each before the genuine package.
pub fn each(stock: &Stock, case: u64, tally: &mut Tally) -> Result<(), String> {
    let setups = setups(stock);
    let (number, combination) =
        (case as usize / (setups.len() * Mode::COUNT), case as usize % (setups.len() * Mode::COUNT));
    let (setup, mode) = (&setups[combination % setups.len()], Mode::of(combination / setups.len()));
    let mut trial = Trial::new(stock, setup, mode, case);
    let package = trial.genuine.len();
    let body = Header::parse(&trial.genuine).expect("genuine").1;
    let few =
        [Event::Unsigned, Event::Other, Event::Elsewhere, Event::TornJournal, Event::Cut, Event::Garbage];
    let events = few.len() + package + 8 * (package - body);
    // A prime: each once, but not all bits of a byte in turn.
    let event = match number.wrapping_mul(1_000_003) % events {
        number if number < few.len() => few[number],
        number if number - few.len() < package => Event::Truncated(number - few.len()),
        number => Event::Flip(8 * body + number - few.len() - package),
    };
    trial.sequence(&[event], tally)
}

/// Up to five of all that, and power that goes while the genuine package is taken.
pub fn any(stock: &Stock, case: u64, tally: &mut Tally) -> Result<(), String> {
    let mut random = Random::new(case);
    let (setup, mode) = (random.pick(setups(stock)), Mode::of(random.below(Mode::COUNT)));
    let mut trial = Trial::new(stock, setup, mode, random.next());
    let package = trial.genuine.len();
    let events: Vec<Event> = (0..=random.below(5))
        .map(|_| match random.below(14) {
            0..3 => Event::Flip(random.below(8 * package)),
            3 => Event::Truncated(random.below(package)),
            4 => Event::Unsigned,
            5 => Event::Mutated,
            6 => Event::Forged,
            7 => Event::Other,
            8 => Event::Elsewhere,
            9 => Event::TornJournal,
            10 => Event::OtherCut,
            11 => Event::Garbage,
            _ => Event::Cut,
        })
        .collect();
    trial.sequence(&events, tally)
}

impl<'s> Trial<'s> {
    fn new(stock: &Stock, setup: &'s Setup, mode: Mode, seed: u64) -> Self {
        let sign = |package: &[u8]| if mode.signed { stock.signed(package) } else { package.to_vec() };
        let [genuine, other, elsewhere] =
            [&setup.genuine, &setup.other, &setup.elsewhere].map(|package| sign(package));
        let (device, unsigned) = (Device::new(setup, mode), setup.genuine.clone());
        Self { device, genuine, other, elsewhere, unsigned, random: Random::new(seed), cuts: 0, begun: None }
    }

    fn sequence(&mut self, events: &[Event], tally: &mut Tally) -> Result<(), String> {
        let Setup { in_place, page, write, .. } = *self.device.setup;
        let kind = if in_place { "in place" } else { "A/B" };
        tally.geometries.insert(format!("{kind} {page}/{write}"));
        let result = events.iter().try_for_each(|&event| self.event(event)).and_then(|()| self.end());
        tally.mutations += events.len() as u64;
        tally.cuts += self.cuts as u64;
        tally.saw(*result.as_ref().unwrap_or(&"lost"));
        result
            .map(drop)
            .map_err(|what| format!("{what}: {kind} {page}/{write} {:?} {events:?}", self.device.mode))
    }

    fn event(&mut self, event: Event) -> Result<(), &'static str> {
        let (in_place, signed) = (self.device.setup.in_place, self.device.mode.signed);
        let mut package = self.genuine.clone();
        let body = Header::parse(&package).expect("genuine").1;
        match event {
            Event::Flip(bit) => package[bit / 8] ^= 1 << (bit % 8),
            Event::Truncated(length) => package.truncate(length),
            Event::Unsigned if signed => package = self.unsigned.clone(),
            Event::Forged if !signed && !in_place => {
                let mut changed = package[body..].to_vec();
                mutate(&mut self.random, &mut changed);
                package = with_body(&package, &changed, |_, _| {});
            }
            Event::Mutated | Event::Forged => {
                let mut changed = package.split_off(body);
                mutate(&mut self.random, &mut changed);
                package.append(&mut changed);
            }
            Event::Other | Event::OtherCut => package = self.other.clone(),
            // In place, there would be another image in the end.
            Event::Elsewhere if !in_place => package = self.elsewhere.clone(),
            Event::Garbage if !in_place => {
                let (start, length) = self.device.place(2);
                let bytes = self.random.bytes(length as usize);
                self.device.chip.borrow_mut().load(start, &bytes);
            }
            Event::Elsewhere | Event::Garbage | Event::Unsigned | Event::TornJournal | Event::Cut => {}
        }
        match event {
            Event::TornJournal => self.cut_journal(),
            Event::Cut | Event::OtherCut => self.cut_anywhere(&package),
            _ => {}
        }
        // What follows a stored package is not part of it.
        let genuine = package.starts_with(&self.genuine);
        let damaged = matches!(event, Event::Flip(_) | Event::Truncated(_) | Event::Mutated) && !genuine;
        self.deliver(&package, !damaged)
    }

    /// One delivery; what is not genuine must not be taken.
    fn deliver(&mut self, package: &[u8], may_write: bool) -> Result<(), &'static str> {
        let device = &self.device;
        let in_place = device.setup.in_place;
        let before = device.chip.borrow().operations();
        let result = device.deliver(package, &mut self.random);
        let operations = device.chip.borrow().operations() - before;
        if !device.chip.borrow().is_on() {
            self.cuts += 1;
        }
        device.chip.borrow_mut().reboot();
        device.check().map_err(|_| "a rule of flash was broken, or the base lost")?;
        if result == Ok(()) && package != self.elsewhere && !device.has(&device.setup.target) {
            return Err("ready with a wrong image");
        }
        if in_place && !may_write && self.begun.is_none() && operations > 0 {
            return Err("a damaged package was begun");
        }
        // What began another update in place took its record; what failed before that did nothing.
        if in_place && may_write && operations > 0 {
            self.begun = result.is_err().then(|| package.to_vec());
        }
        Ok(())
    }

    /// The genuine package, while power goes, and then until it is ready.
    fn end(&mut self) -> Result<&'static str, &'static str> {
        if self.cuts > 0 && self.random.one_in(2) {
            let genuine = self.genuine.clone();
            self.cut_anywhere(&genuine);
            self.deliver(&genuine, true)?;
        }
        let attempts = if self.cuts == 0 { 2 } else { self.cuts + 2 };
        for attempt in 0..attempts {
            match self.device.deliver(&self.genuine, &mut self.random) {
                Ok(()) if attempt == 0 => return self.ready("ready at once"),
                Ok(()) => return self.ready("ready at a later attempt"),
                Err(_) => self.device.check().map_err(|_| "a rule of flash was broken, or the base lost")?,
            }
        }
        // In place, another good package may have been begun: then that one must lead out, or has.
        if self.device.setup.in_place && self.begun.is_none() && self.device.has(&self.device.setup.target) {
            return Ok("another package had made it");
        }
        match self.begun.take() {
            Some(begun) if begun != self.genuine => match self.device.deliver(&begun, &mut self.random) {
                Ok(()) => self.ready("ready by the package that had begun"),
                Err(error) => Err(self.lost(error)),
            },
            _ => Err(match self.device.deliver(&self.genuine, &mut self.random) {
                Ok(()) => "ready, but too late",
                Err(error) => self.lost(error),
            }),
        }
    }

    fn ready(&self, how: &'static str) -> Result<&'static str, &'static str> {
        self.device.check().map_err(|_| "a rule of flash was broken, or the base lost")?;
        if self.device.has(&self.device.setup.target) { Ok(how) } else { Err("ready with a wrong image") }
    }

    fn lost(&self, error: Error) -> &'static str {
        String::leak(format!("the genuine package ends in E{}", error.number()))
    }

    /// Power goes at one of the operations of this package, and somewhere in it.
    fn cut_anywhere(&mut self, package: &[u8]) {
        let operations = self.operations(package).len();
        self.cut_at(self.random.clone().below(operations));
    }

    /// Power goes at one of the operations on the journal.
    fn cut_journal(&mut self) {
        let (start, length) = self.device.place(2);
        let on_journal = |(at, operation): (usize, &Operation)| {
            let (Operation::Erase(offset) | Operation::Write(offset, _)) = operation;
            (start..start + length).contains(offset).then_some(at)
        };
        let genuine = self.genuine.clone();
        let all: Vec<usize> = self.operations(&genuine).iter().enumerate().filter_map(on_journal).collect();
        if !all.is_empty() {
            let at = *self.random.pick(&all);
            self.cut_at(at);
        }
    }

    fn cut_at(&mut self, after: usize) {
        let page = self.device.setup.page as usize;
        let torn = if self.random.one_in(4) { u32::MAX } else { self.random.below(page) as u32 };
        self.device.chip.borrow_mut().cut(Cut { after: after as u64, torn });
    }

    /// What the device would do with this package now.
    fn operations(&self, package: &[u8]) -> Vec<Operation> {
        let mut chip = self.device.chip.borrow().clone();
        chip.record();
        let trial = Device::new(self.device.setup, self.device.mode);
        *trial.chip.borrow_mut() = chip;
        // With the same numbers, it will do the same.
        let _ = trial.deliver(package, &mut self.random.clone());
        trial.chip.into_inner().recorded()
    }
}

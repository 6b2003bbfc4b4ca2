//! Places of the target that costs are added up for: its symbols, or stretches that are dearer than the average.

use serde_json::{Value, json};
use smidgen_diff::Escaped;
use smidgen_diff::inspect::{Cost, Origin, Piece};
use smidgen_diff::symbols::{Symbol, Symbols};

use super::cells::Cells;
use super::{index, rounded};

/// Bytes between symbols that may be padding.
const LONGEST_PADDING: u32 = 16;

/// Characters of a name on a terminal.
const LONGEST_NAME: usize = 100;

#[derive(Debug, Default)]
pub(super) struct Places {
    list: Vec<Place>,
    /// Where the target's parts begin, ascending, and which place each is of. Sections have many parts.
    parts: Vec<(u32, usize)>,
    /// The part that the last piece ended in.
    current: usize,
    /// Indices of the list, dearest first.
    order: Vec<usize>,
    /// Whether they have names.
    pub(super) are_named: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// The symbol's name; of a stretch, nothing.
    pub(super) name: Option<String>,
    pub(super) file: Option<String>,
    /// Where it begins, unless it is what symbols leave of a section.
    pub(super) offset: Option<u32>,
    pub(super) address: Option<u64>,
    pub(super) size: u64,
    /// Bytes by origin, as in [`Origin::ALL`].
    pub(super) origins: [u64; Origin::ALL.len()],
    pub(super) cost: Cost,
}

impl Places {
    /// The symbols, what they leave of sections, and what sections leave of the target.
    pub(super) fn of(symbols: &Symbols, target: u32) -> Self {
        let mut places = Self { are_named: true, ..Self::default() };
        let outside = places.put(Place::named("outside of all sections".to_owned()));
        let paddings: Vec<usize> =
            symbols.sections.iter().map(|section| places.put(Place::padding(section))).collect();
        let mut at = 0;
        let all = symbols.symbols.iter().map(|symbol| (symbol.offset, symbol.end(), Some(symbol)));
        for (start, end, symbol) in all.chain([(target, target, None)]) {
            let first = symbols.sections.partition_point(|section| section.end() <= at);
            let sections = symbols.sections.iter().zip(&paddings).skip(first);
            for (section, &padding) in sections.take_while(|(section, _)| section.offset < start) {
                places.part(at, section.offset, outside);
                let (from, to) = (at.max(section.offset), start.min(section.end()));
                places.gap(section, from, to, padding);
                at = to;
            }
            places.part(at, start, outside);
            if let Some(symbol) = symbol {
                let place = places.put(Place::of(symbol));
                places.part(start, end.min(target), place);
            }
            at = end;
        }
        places
    }

    /// Stretches of cells that each cost more than the average cell does, and the rest.
    pub(super) fn dearest_of(cells: &Cells) -> Self {
        let average =
            cells.list.iter().map(|cell| cell.cost.total()).sum::<f64>() / cells.list.len().max(1) as f64;
        let mut places = Self::default();
        let rest = places.put(Place::default());
        let mut last = None;
        for (number, cell) in cells.list.iter().enumerate() {
            let range = cells.range(number);
            let place = match last.filter(|_| cell.cost.total() > average) {
                Some(place) => place,
                None if cell.cost.total() > average => {
                    places.put(Place { offset: Some(range.start), ..Place::default() })
                }
                None => rest,
            };
            last = Some(place).filter(|&place| place != rest);
            let place = &mut places.list[place];
            place.size += u64::from(range.end - range.start);
            place.cost += cell.cost;
            place.origins.iter_mut().zip(cell.origins).for_each(|(all, bytes)| *all += u64::from(bytes));
        }
        places
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn get(&self, place: usize) -> Option<&Place> {
        self.list.get(place)
    }

    fn put(&mut self, place: Place) -> usize {
        self.list.push(place);
        self.list.len() - 1
    }

    /// A part of the target belongs to a place.
    fn part(&mut self, start: u32, end: u32, place: usize) {
        if start < end {
            self.parts.push((start, place));
            self.list[place].size += u64::from(end - start);
        }
    }

    /// What is between two symbols of a section: what is too long for padding is a place of its own.
    fn gap(&mut self, section: &Symbol, start: u32, end: u32, padding: usize) {
        let mut place = padding;
        if start < end && end - start > LONGEST_PADDING {
            let address = section.address + u64::from(start - section.offset);
            let named = Place::named(format!("{}, no symbol", section.name));
            place = self.put(Place { offset: Some(start), address: Some(address), ..named });
        }
        self.part(start, end, place);
    }

    /// Adds a piece, and passes on its parts with their places.
    pub(super) fn add(&mut self, piece: &Piece, mut pass_on: impl FnMut(&Piece, Option<usize>)) {
        if self.parts.is_empty() {
            return pass_on(piece, None);
        }
        let end = piece.offset.saturating_add(piece.length);
        let mut rest = *piece;
        while rest.offset < end {
            while self.parts.get(self.current + 1).is_some_and(|&(start, _)| start <= rest.offset) {
                self.current += 1;
            }
            let next = self.parts.get(self.current + 1).map_or(end, |&(start, _)| start.min(end));
            let mut part = rest;
            part.length = next - rest.offset;
            let share = f64::from(part.length) / f64::from(piece.length);
            part.cost = piece.cost * share;
            let place = self.parts[self.current].1;
            self.list[place].take(&part);
            pass_on(&part, Some(place));
            rest.source = rest.source.map(|source| source.behind(part.length));
            rest.offset = next;
            rest.length = end - next;
        }
    }

    pub(super) fn sort(&mut self) {
        self.order = (0..self.list.len()).collect();
        let cost = |&place: &usize| self.list[place].cost.total();
        self.order.sort_by(|a, b| cost(b).total_cmp(&cost(a)).then(a.cmp(b)));
    }

    /// All that cost something, the dearest first.
    pub(super) fn dearest(&self) -> impl Iterator<Item = &Place> {
        let all = self.order.iter().filter_map(|&place| self.list.get(place));
        all.filter(|place| place.cost.total() > 0.0 && (place.name.is_some() || place.offset.is_some()))
    }
}

impl Place {
    fn of(symbol: &Symbol) -> Self {
        Self {
            file: symbol.file.clone(),
            offset: Some(symbol.offset),
            address: Some(symbol.address),
            ..Self::named(symbol.name.clone())
        }
    }

    fn named(name: String) -> Self {
        Self { name: Some(name), ..Self::default() }
    }

    fn padding(section: &Symbol) -> Self {
        Self::named(format!("{}, between symbols", section.name))
    }

    fn take(&mut self, piece: &Piece) {
        self.origins[index(piece.origin)] += u64::from(piece.length);
        self.cost += piece.cost;
    }

    /// Bytes of one origin.
    pub(super) fn bytes(&self, origin: Origin) -> u64 {
        self.origins[index(origin)]
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "file": self.file,
            "offset": self.offset,
            "address": self.address,
            "size": self.size,
            "cost": rounded(self.cost.total()),
        })
    }

    /// A line about it, for a terminal.
    pub(super) fn line(&self) -> String {
        let name = self.name.as_ref().map(|name| Escaped(short(name, LONGEST_NAME)).to_string());
        let place = match (name, self.address, self.offset) {
            (Some(name), Some(address), _) => format!("{address:#010x} {name}"),
            (Some(name), ..) => name,
            (None, _, offset) => format!("offset {:#010x}", offset.unwrap_or_default()),
        };
        format!("{:>10.1} bytes for {:>8} bytes: {place}", self.cost.total(), self.size)
    }
}

/// The beginning of a name, as many characters as there is room for.
pub(super) fn short(name: &str, room: usize) -> String {
    match name.char_indices().nth(room) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

//! The map of a new image: where its bytes come from, what they cost, and the dearest places of it.

mod cells;
mod facts;
mod html;
mod page;
mod picture;
mod places;
mod tables;

pub(crate) use facts::Facts;

use serde_json::{Value, json};
use smidgen_diff::inspect::{Cost, Origin, Piece, Trace};
use smidgen_diff::symbols::Symbols;

use super::json::{Object, object};
use super::tables::Table;
use cells::Cells;
use places::{Place, Places};

/// Dearest places that are listed as text and as JSON.
const LISTED: usize = 10;
const LISTED_JSON: usize = 100;

/// Everything about the pieces of a target, added up.
#[derive(Debug)]
pub(crate) struct Map {
    cells: Cells,
    places: Places,
    origins: [Share; Origin::ALL.len()],
    /// What all pieces cost, by kind.
    kinds: Cost,
}

/// What some bytes of the target cost.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    bytes: u64,
    cost: f64,
}

impl Map {
    /// A map of a target of `size` bytes, to which pieces are added in order.
    pub(crate) fn new(size: u32, symbols: Option<&Symbols>) -> Self {
        let places = symbols.map_or_else(Places::default, |symbols| Places::of(symbols, size));
        Self { cells: Cells::new(size), places, origins: Default::default(), kinds: Cost::default() }
    }

    pub(crate) fn add(&mut self, piece: &Piece) {
        let share = &mut self.origins[index(piece.origin)];
        share.bytes += u64::from(piece.length);
        share.cost += piece.cost.total();
        self.kinds += piece.cost;
        let (cells, places) = (&mut self.cells, &mut self.places);
        places.add(piece, |part, place| cells.add(part, place));
    }

    /// The map when all pieces are added.
    pub(crate) fn finish(mut self) -> Self {
        if self.places.is_empty() {
            self.places = Places::dearest_of(&self.cells);
        }
        self.places.sort();
        self
    }

    /// The sums by origin, and the dearest places.
    pub(crate) fn json(&self, trace: &Trace) -> Object {
        let origin = |origin: &Origin| {
            let Share { bytes, cost } = self.origins[index(*origin)];
            (origin.name().to_owned(), json!({ "bytes": bytes, "cost": rounded(cost) }))
        };
        let dearest: Vec<Value> = self.places.dearest().take(LISTED_JSON).map(Place::json).collect();
        object(json!({
            "origins": Origin::ALL.iter().map(origin).collect::<Object>(),
            "costs_are_estimated": trace.is_estimated,
            "dearest": dearest,
        }))
    }

    /// The dearest places, for a terminal.
    pub(crate) fn describe(&self, table: &mut Table) {
        table.heading("Dearest places of the new image:");
        for place in self.places.dearest().take(LISTED) {
            table.line(place.line());
        }
    }

    /// The page, of its own in every respect: it refers to nothing.
    pub(crate) fn page(&self, trace: &Trace, facts: &Facts) -> String {
        page::page(self, trace, facts)
    }
}

/// The place of an origin in [`Origin::ALL`].
fn index(origin: Origin) -> usize {
    Origin::ALL.iter().position(|&other| other == origin).unwrap_or_default()
}

/// A cost as it is printed by machines.
fn rounded(cost: f64) -> f64 {
    (cost * 1000.0).round() / 1000.0
}

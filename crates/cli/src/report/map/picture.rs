//! The map itself: a square for each cell, as SVG.

use std::fmt::Write;

use smidgen_diff::inspect::{Origin, Source};

use super::cells::Cell;
use super::html::{cost, text};
use super::places::short;
use super::{Map, index};

/// Units of the picture from one square to the next, and of a square's side.
const PITCH: usize = 10;
const SIDE: usize = 9;
/// Sizes of the marks of costs, the largest for the dearest cell.
const MARKS: usize = 7;
/// The radius of the largest mark: the colour stays visible around it.
const LARGEST: f64 = 3.1;
/// Rows that have a label, about.
const LABELS: usize = 12;
/// The dearest places that have their number in the picture.
const NUMBERED: usize = 9;
/// Characters of a name that a square's text shows.
const NAME: usize = 80;

/// How the squares are laid out.
pub(super) struct Layout {
    /// Squares in a row.
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl Layout {
    pub(super) const fn of(cells: usize) -> Self {
        let columns = if cells <= 1 << 10 {
            32
        } else if cells <= 1 << 12 {
            64
        } else {
            128
        };
        Self { columns, rows: cells.div_ceil(columns) }
    }
}

/// The map: labels of rows, and squares with text.
pub(super) fn picture(map: &Map, base_address: u64) -> String {
    let layout = Layout::of(map.cells.list.len());
    let (width, height) = (layout.columns * PITCH, layout.rows * PITCH);
    let columns = layout.columns;
    let mut page = format!("<div class=\"map c{columns}\">\n<div class=labels aria-hidden=true>");
    labels(&mut page, map, &layout, base_address);
    let _ = write!(
        page,
        "</div>\n<svg viewBox=\"0 0 {width} {height}\" role=img aria-label=\"Map of the new image\">\n"
    );
    squares(&mut page, map, columns);
    marks(&mut page, map, columns);
    page += "<g class=cells>";
    for (number, cell) in map.cells.list.iter().enumerate() {
        let (x, y) = place(number, columns);
        let title = title(map, number, cell, base_address);
        let _ = write!(page, "<rect id=c{number} x={x} y={y}><title>{title}</title></rect>");
    }
    page += "</g>\n";
    numbers(&mut page, map, columns);
    page += "</svg>\n</div>\n";
    page
}

const fn place(number: usize, columns: usize) -> (usize, usize) {
    (number % columns * PITCH, number / columns * PITCH)
}

/// Addresses of rows, as many as there is room for.
fn labels(page: &mut String, map: &Map, layout: &Layout, base_address: u64) {
    let each = layout.rows.div_ceil(LABELS).next_power_of_two();
    for row in (0..layout.rows).step_by(each) {
        let at = base_address + (row * layout.columns) as u64 * u64::from(map.cells.size);
        let top = 100.0 * row as f64 / layout.rows as f64;
        let _ = write!(page, "<span style=\"top:{top:.2}%\">{at:#x}</span>");
    }
}

/// One path for each origin: stripes of the squares, as high as its share.
fn squares(page: &mut String, map: &Map, columns: usize) {
    let mut paths = [const { String::new() }; Origin::ALL.len()];
    for (number, cell) in map.cells.list.iter().enumerate() {
        let (x, mut y) = place(number, columns);
        for (path, height) in paths.iter_mut().zip(stripes(cell)).filter(|(_, height)| *height > 0) {
            let _ = write!(path, "M{x} {y}h{SIDE}v{height}h-{SIDE}z");
            y += height;
        }
    }
    for (origin, path) in Origin::ALL.iter().zip(paths) {
        let _ = writeln!(page, "<path class={} d=\"{path}\"/>", origin.name());
    }
}

/// How high the stripes of a square are: what is there at all is visible.
fn stripes(cell: &Cell) -> [usize; Origin::ALL.len()] {
    let all: u64 = cell.origins.iter().map(|&bytes| u64::from(bytes)).sum();
    let height = |bytes: u32| match bytes {
        0 => 0,
        bytes => (u64::from(bytes) * SIDE as u64 / all.max(1)).max(1) as usize,
    };
    let mut stripes = cell.origins.map(height);
    let highest = (0..stripes.len()).rev().max_by_key(|&stripe| cell.origins[stripe]).unwrap_or_default();
    let others: usize = stripes.iter().sum::<usize>() - stripes[highest];
    stripes[highest] = if all == 0 { 0 } else { SIDE - others };
    stripes
}

/// What the dearest cell costs: its mark is the largest.
pub(super) fn dearest(map: &Map) -> f64 {
    map.cells.list.iter().map(|cell| cell.cost.total()).fold(0.0, f64::max)
}

/// Radii of the marks, with the cost that each stands for at least.
pub(super) fn scale(dearest: f64) -> impl Iterator<Item = (f64, f64)> {
    // Areas are as costs.
    let mark = move |size: usize| {
        let part = size as f64 / MARKS as f64;
        (LARGEST * part, dearest * (part - 0.5 / MARKS as f64).powi(2))
    };
    (1..=MARKS).map(mark)
}

/// A dot on each square that costs something, larger for more.
fn marks(page: &mut String, map: &Map, columns: usize) {
    let scale: Vec<(f64, f64)> = scale(dearest(map)).collect();
    let mut path = String::new();
    for (number, cell) in map.cells.list.iter().enumerate() {
        let cost = cell.cost.total();
        let mark = scale.iter().rev().find(|&&(_, least)| cost >= least && cost > 0.0);
        let Some((radius, _)) = mark else { continue };
        let (x, y) = place(number, columns);
        // Tenths, so that the circle's halves meet.
        let radius = (radius * 10.0).round() / 10.0;
        let middle = SIDE as f64 / 2.0;
        let (x, y, across) = (x as f64 + middle - radius, y as f64 + middle, 2.0 * radius);
        let arc = format!("a{radius:.1} {radius:.1} 0 1 0");
        let _ = write!(path, "M{x:.1} {y:.1}{arc} {across:.1} 0{arc} -{across:.1} 0");
    }
    let _ = writeln!(page, "<path class=mark d=\"{path}\"/>");
}

/// Numbers of the dearest places where they begin, as in the table.
fn numbers(page: &mut String, map: &Map, columns: usize) {
    let mut taken: Vec<(usize, usize)> = Vec::new();
    page.push_str("<g class=numbers aria-hidden=true>");
    for (number, place_of) in (1..=NUMBERED).zip(map.places.dearest()) {
        let Some(offset) = place_of.offset else { continue };
        let (x, y) = place((offset / map.cells.size) as usize, columns);
        // The dearer one stays.
        let near = |&(other_x, other_y): &(usize, usize)| {
            x.abs_diff(other_x) < columns / 4 && y.abs_diff(other_y) < columns / 6
        };
        if taken.iter().any(near) {
            continue;
        }
        taken.push((x, y));
        let (x, y) = (x + PITCH / 2, y + PITCH / 2);
        let _ = write!(page, "<text x={x} y={y}>{number}</text>");
    }
    page.push_str("</g>\n");
}

/// What a square stands for: offsets, origins, the source of the most of it, its cost, and the name of its dearest part.
fn title(map: &Map, number: usize, cell: &Cell, base_address: u64) -> String {
    let range = map.cells.range(number);
    let mut title = format!("{:#x}", range.start);
    if base_address > 0 {
        let _ = write!(title, " ({:#x})", base_address + u64::from(range.start));
    }
    let mut separator = ": ";
    for origin in Origin::ALL {
        let bytes = cell.origins[index(origin)];
        if bytes > 0 {
            let _ = write!(title, "{separator}{bytes} {}", origin.name());
            separator = ", ";
        }
    }
    if let Some((source, at, _)) = cell.source {
        let (name, from) = match source {
            Source::Base(from) => ("base", from),
            Source::Target(from) => ("itself", from),
        };
        let shift = i64::from(at) - i64::from(from);
        let _ = write!(title, "; from {name} {from:#x}");
        if shift != 0 {
            let sign = if shift < 0 { '−' } else { '+' };
            let _ = write!(title, " ({sign}{:#x})", shift.abs());
        }
    }
    let _ = write!(title, "; costs {}", cost(cell.cost.total()));
    let name = cell.place.and_then(|(place, _)| map.places.get(place)).and_then(|place| place.name.as_ref());
    if let Some(name) = name {
        let _ = write!(title, "; {}", text(short(name, NAME)));
    }
    title
}

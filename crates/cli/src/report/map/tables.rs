//! The page's tables: origins, kinds of costs, and the dearest places. Each adds up to the whole.

use std::fmt::Write;

use smidgen_diff::inspect::{Cost, Origin, Trace};

use super::html::{cost, number, percent, text};
use super::places::{Place, short};
use super::{Facts, Map, Share, index};

/// Rows of the table of places; those that cost less are one row.
const ROWS: usize = 200;

/// Characters of a name in a row: those of C++ templates are long.
const NAME: usize = 140;

/// What an origin's colour means.
const fn meaning(origin: Origin) -> &'static str {
    match origin {
        Origin::Same => "copied from the same offset of the base",
        Origin::Moved => "copied from another offset of the base",
        Origin::Repeat => "copied from the new image itself",
        Origin::Predicted => "references that the decoder rewrote correctly",
        Origin::Changed => "copied from the base, then corrected",
        Origin::New => "sent as they are",
    }
}

/// The legend: bytes of the image by origin, and what they cost.
pub(super) fn origins(map: &Map) -> String {
    let whole: u64 = map.origins.iter().map(|share| share.bytes).sum();
    let mut table = "<table class=sums>\n<thead><tr><th>Origin<th class=wide>Meaning<th>Image bytes<th class=wide>Share<th>Package bytes</thead>\n<tbody>\n".to_owned();
    for origin in Origin::ALL {
        let Share { bytes, cost: spent } = map.origins[index(origin)];
        let (name, meaning) = (origin.name(), meaning(origin));
        let share = percent(bytes as f64, whole as f64);
        let _ = writeln!(
            table,
            "<tr><th scope=row><i class={name}></i>{name}<small class=narrow>{meaning}</small><td class=\"wide meaning\">{meaning}<td>{}<td class=wide>{share}<td>{}",
            number(bytes),
            cost(spent)
        );
    }
    let _ = writeln!(
        table,
        "</tbody>\n<tfoot><tr><th scope=row>All<td class=wide><td>{}<td class=wide>100.0 %<td>{}</tfoot>\n</table>",
        number(whole),
        cost(map.kinds.total())
    );
    table
}

/// What the package's bytes are spent on, header and all.
pub(super) fn kinds(map: &Map, trace: &Trace, facts: &Facts) -> String {
    let Cost { operations, unchanged, changed, references, literals, .. } = map.kinds;
    let mut rows = vec![("Header, digests, signatures", "head", trace.header as f64)];
    if trace.recipes > 0 {
        rows.push(("How streams are made again", "head", trace.recipes as f64));
    }
    let states = |cost: f64| !trace.is_estimated || cost > 0.0;
    rows.extend(states(operations).then_some(("What is copied from where", "layout", operations)));
    rows.extend(states(references).then_some(("References", "predicted", references)));
    rows.extend([
        ("That copies are unchanged", "same", unchanged),
        ("Corrections of copies", "changed", changed),
        ("New bytes", "new", literals),
        ("End of the code, rounding", "head", trace.unplaced),
    ]);
    let whole = facts.size as f64;
    let mut bar = "<div class=bar aria-hidden=true>".to_owned();
    let mut table =
        "<table class=sums>\n<thead><tr><th>Spent on<th>Package bytes<th>Share</thead>\n<tbody>\n".to_owned();
    for (name, class, spent) in rows {
        let width = (100.0 * spent / whole).max(0.0);
        let _ = write!(bar, "<i class={class} style=\"width:{width:.2}%\"></i>");
        let share = percent(spent, whole);
        let _ =
            writeln!(table, "<tr><th scope=row><i class={class}></i>{name}<td>{}<td>{share}", cost(spent));
    }
    let whole = number(facts.size);
    let _ = writeln!(
        table,
        "</tbody>\n<tfoot><tr><th scope=row>Package<td>{whole}.0<td>100.0 %</tfoot>\n</table>"
    );
    format!("{bar}</div>\n{table}")
}

/// The dearest places, and everything else, so that the sum is the package.
pub(super) fn places(map: &Map, trace: &Trace, facts: &Facts) -> String {
    // Stretches are named for their addresses.
    let head = if map.places.are_named { "Symbol<th class=wide>Address" } else { "Stretch" };
    let mut table = format!(
        "<table class=places>\n<thead><tr><th>#<th>{head}<th>Size<th>Package bytes<th class=\"wide bar\">\
         <th class=wide>New<th class=wide>Changed<th class=wide>Predicted</thead>\n<tbody>\n"
    );
    let dearest = map.places.dearest().next().map_or(0.0, |place| place.cost.total());
    for (rank, place) in map.places.dearest().take(ROWS).enumerate() {
        row(&mut table, map, facts, (rank + 1, place), dearest);
    }
    table += "</tbody>\n<tfoot>\n";
    let (mut size, mut spent) = (u64::from(map.cells.target), map.kinds.total());
    for place in map.places.dearest().take(ROWS) {
        (size, spent) = (size - place.size, spent - place.cost.total());
    }
    let blank = if map.places.are_named { "<td class=wide>" } else { "" };
    let mut foot = |name: &str, size: String, cost: String| {
        let _ = writeln!(
            table,
            "<tr><td><th scope=row>{name}{blank}<td>{size}<td>{cost}<td class=wide colspan=4>"
        );
    };
    foot("Everything else", number(size), cost(spent));
    let rest = (trace.header + trace.recipes) as f64 + trace.unplaced;
    foot("Header, and what belongs to no place", String::new(), cost(rest));
    foot("Package", number(map.cells.target.into()), format!("{}.0", number(facts.size)));
    table + "</tfoot>\n</table>\n"
}

fn row(table: &mut String, map: &Map, facts: &Facts, (rank, place): (usize, &Place), dearest: f64) {
    let cells = place.offset.map(|offset| {
        let last = offset + (place.size as u32).saturating_sub(1);
        (offset / map.cells.size, last / map.cells.size)
    });
    let (first, last) = cells.unzip();
    match (first, last) {
        (Some(first), Some(last)) => {
            let _ = write!(table, "<tr data-first={first} data-last={last}>");
        }
        _ => table.push_str("<tr>"),
    }
    let at = place.address.or(place.offset.map(|offset| facts.base_address + u64::from(offset)));
    let address = at.map_or_else(String::new, |at| format!("{at:#x}"));
    let end = at.map_or(0, |at| at + place.size - 1);
    let name = place.name.as_ref().map(|name| text(short(name, NAME)));
    let name = name.unwrap_or_else(|| format!("{address} to {end:#x}"));
    let link = first.map_or_else(|| name.clone(), |first| format!("<a href=\"#c{first}\">{name}</a>"));
    let file = place.file.as_ref().map(|file| format!(" <small>{}</small>", text(file)));
    let address = if map.places.are_named { format!("<td class=wide>{address}") } else { String::new() };
    let (size, spent) = (place.size, place.cost.total());
    let count = |origin| match place.bytes(origin) {
        0 => String::new(),
        bytes => number(bytes),
    };
    let _ = writeln!(
        table,
        "<td>{rank}<th scope=row>{link}{}{address}<td>{}<td>{}<td class=\"wide bar\">{}<td class=wide>{}<td class=wide>{}<td class=wide>{}",
        file.unwrap_or_default(),
        number(size),
        cost(spent),
        bar(&place.cost, dearest),
        count(Origin::New),
        count(Origin::Changed),
        count(Origin::Predicted),
    );
}

/// A bar as long as the cost, in the colours of what it is spent on.
fn bar(cost: &Cost, dearest: f64) -> String {
    let kinds = [
        ("new", cost.literals),
        ("changed", cost.changed),
        ("predicted", cost.references),
        ("layout", cost.operations),
        ("same", cost.unchanged),
    ];
    let mut bar = "<div class=bar>".to_owned();
    for (class, spent) in kinds {
        let width = 100.0 * spent / dearest;
        if width >= 0.5 {
            let _ = write!(bar, "<i class={class} style=\"width:{width:.1}%\"></i>");
        }
    }
    bar + "</div>"
}

//! The page: facts, legend, map and tables. It holds all that it shows, and refers to nothing else.

use std::fmt::Write;

use smidgen_diff::inspect::{Origin, Trace};

use super::html::{cost, number, percent, text};
use super::{Facts, Map, index, picture, tables};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What browsers allow the page: nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

pub(super) fn page(map: &Map, trace: &Trace, facts: &Facts) -> String {
    let package = text(&facts.package);
    let mut page = format!(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta http-equiv=Content-Security-Policy content=\"{POLICY}\">\n\
         <meta name=viewport content=\"width=device-width,initial-scale=1\">\n<meta name=color-scheme content=\"light dark\">\n\
         <title>{package}: map of the new image</title>\n<style>\n{STYLE}</style>\n<main>\n<h1>{package}</h1>\n"
    );
    page += &lead(map, facts);
    page += &files(facts);
    let _ = write!(
        page,
        "<div class=columns>\n<section>\n<h2>Where the new image comes from</h2>\n{}</section>\n\
         <section>\n<h2>What the package is spent on</h2>\n{}</section>\n</div>\n",
        tables::origins(map),
        tables::kinds(map, trace, facts)
    );
    page += &notes(trace, facts);
    let cells = map.cells.list.len();
    if cells > 0 {
        let columns = picture::Layout::of(cells).columns;
        let _ = write!(
            page,
            "<section>\n<h2>Map of the new image</h2>\n<p>A square is {} bytes, a row {}. Colours are those of the origins above, by their \
             share of the square. A dot is what the square costs: {}. Numbers are those of the table below.</p>\n\
             <p id=here class=here>Point at a square to see what it is.</p>\n{}</section>\n",
            number(map.cells.size.into()),
            number(u64::from(map.cells.size) * columns as u64),
            scale(map),
            picture::picture(map, facts.base_address)
        );
        let _ = write!(
            page,
            "<section>\n<h2>{}</h2>\n{}</section>\n",
            heading(map),
            tables::places(map, trace, facts)
        );
    }
    let _ = write!(page, "</main>\n<script>\n{SCRIPT}</script>\n</html>\n");
    page
}

/// The sentence that says it all.
fn lead(map: &Map, facts: &Facts) -> String {
    let part = |origin| map.origins[index(origin)].bytes;
    let whole: u64 = map.origins.iter().map(|share| share.bytes).sum();
    let kept = whole - part(Origin::New) - part(Origin::Changed);
    format!(
        "<p class=lead><b>{}</b> bytes of package make <b>{}</b> bytes of new image ({}). \
         <b>{}</b> of it are copied or predicted; {} bytes are new, {} corrected.</p>\n",
        number(facts.size),
        number(facts.target_size),
        percent(facts.size as f64, facts.target_size as f64),
        percent(kept as f64, whole as f64),
        number(part(Origin::New)),
        number(part(Origin::Changed)),
    )
}

fn files(facts: &Facts) -> String {
    let base = format!("{}, {} bytes", text(&facts.base), number(facts.base_size));
    let mut rows = vec![("base", base)];
    rows.extend(facts.symbols.iter().map(|name| ("symbols", text(name))));
    rows.extend(facts.rows.iter().map(|(name, value)| (*name, text(value))));
    let mut list = "<dl>\n".to_owned();
    for (name, value) in rows {
        let _ = writeln!(list, "<div><dt>{name}<dd>{value}</div>");
    }
    list + "</dl>\n"
}

fn notes(trace: &Trace, facts: &Facts) -> String {
    let mut notes = Vec::new();
    if trace.is_expanded {
        notes.push(format!(
            "The new image has compressed streams. The map shows it with them expanded: {} bytes.",
            number(trace.target.len() as u64)
        ));
    }
    notes.extend(facts.notes.iter().map(text));
    notes.iter().map(|note| format!("<p class=note>{note}</p>\n")).collect()
}

fn heading(map: &Map) -> &'static str {
    if map.places.are_named { "Dearest symbols" } else { "Dearest stretches" }
}

/// The costs that dots of each size stand for.
fn scale(map: &Map) -> String {
    let dearest = picture::dearest(map);
    let mut list = String::new();
    for (radius, least) in picture::scale(dearest).step_by(2) {
        let least = cost(least);
        let _ = write!(
            list,
            "<span class=key><svg viewBox=\"0 0 9 9\"><circle class=mark cx=4.5 cy=4.5 r={radius:.1} /></svg>{least}</span> "
        );
    }
    format!("{list}bytes or more")
}

//! The chart of sizes and memory (SVG): a labelled mark for each tool. Neither marks nor labels overlap.

use std::fmt::Write as _;

use crate::chart::{Axis, Look};
use crate::html::escaped;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 460.0;
/// Where the plot is: left, top, right, bottom.
const PLOT: [f64; 4] = [56.0, 28.0, 860.0, 400.0];
/// Least distance of two marks, about how wide a letter of a label is, and how tall a line.
const APART: f64 = 15.0;
const LETTER: f64 = 6.9;
const LINE: f64 = 14.0;

/// A mark and its label.
#[derive(Clone, Debug)]
pub struct Mark {
    pub x: f64,
    pub y: f64,
    pub label: &'static str,
    pub look: Look,
    /// Whether it is drawn as a ring.
    pub is_hollow: bool,
}

/// A box around what must not be drawn over: its start and end, and its top and bottom.
#[derive(Clone, Copy, Debug)]
struct Taken {
    x: [f64; 2],
    y: [f64; 2],
}

impl Taken {
    fn around(x: f64, y: f64, half: f64) -> Self {
        Self { x: [x - half, x + half], y: [y - half, y + half] }
    }

    fn clashes(&self, other: &Self) -> bool {
        let over = |one: [f64; 2], other: [f64; 2]| one[0] < other[1] && other[0] < one[1];
        over(self.x, other.x) && over(self.y, other.y)
    }

    fn is_inside(&self) -> bool {
        let [left, top, right, bottom] = PLOT;
        self.x[0] >= left && self.x[1] <= right && self.y[0] >= top && self.y[1] <= bottom
    }
}

/// The whole drawing; both axes have names.
pub fn scatter(marks: &[Mark], [across, up]: [&Axis; 2], names: [&str; 2]) -> String {
    let [left, top, right, bottom] = PLOT;
    let column = |value: f64| left + across.place(value) * (right - left);
    let row = |value: f64| bottom - up.place(value) * (bottom - top);
    let mut svg = format!(
        "<svg class=\"scatter\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{} and {}\">\n",
        escaped(names[0]),
        escaped(names[1])
    );
    for (tick, text) in &across.ticks {
        let x = column(*tick);
        svg += &format!("<path class=\"line\" d=\"M{x:.1} {top}V{bottom}\"/>");
        svg += &text_at("middle", x, bottom + 18.0, text);
    }
    for (tick, text) in &up.ticks {
        let y = row(*tick);
        svg += &format!("<path class=\"line\" d=\"M{left} {y:.1}H{right}\"/>");
        svg += &text_at("end", left - 8.0, y + 4.0, text);
    }
    svg += &text_at("end", right, bottom + 44.0, &format!("{} →", names[0]));
    svg += &text_at("start", left, top - 12.0, &format!("↑ {}", names[1]));
    let exact: Vec<(f64, f64)> = marks.iter().map(|mark| (column(mark.x), row(mark.y))).collect();
    let places = places(&exact);
    // Labels keep clear of all marks and of each other.
    let mut taken: Vec<Taken> = places.iter().map(|&(x, y)| Taken::around(x, y, 7.0)).collect();
    for ((mark, exact), (x, y)) in marks.iter().zip(exact).zip(places) {
        let label = label(mark.label, (x, y), &taken);
        taken.push(label);
        let nearest = if label.x[0] > x { label.x[0] } else { label.x[1] };
        let middle = (label.y[0] + label.y[1]) / 2.0;
        let hollow = if mark.is_hollow { " hollow" } else { "" };
        let _ = writeln!(
            svg,
            "<g class=\"{}{hollow}\"><path d=\"M{:.1} {:.1}L{x:.1} {y:.1}L{nearest:.1} {middle:.1}\"/>\
             <circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
            mark.look.class(),
            exact.0,
            exact.1,
            label.x[0],
            middle + 4.0,
            escaped(mark.label)
        );
    }
    svg + "</svg>\n"
}

/// Where marks are drawn: at their places, or as near as there is room; a line leads from there to the exact place.
fn places(exact: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut places: Vec<(f64, f64)> = Vec::new();
    for &(x, y) in exact {
        let is_free = |&(x, y): &(f64, f64)| places.iter().all(|(a, b)| (x - a).hypot(y - b) >= APART);
        // Rings of growing size, each begun above, where a line to the exact place is seen best.
        let rings = (0..60).flat_map(|ring| {
            (0..16).map(move |step| {
                let (turn, far) = (f64::from(step) * std::f64::consts::TAU / 16.0, f64::from(ring) * 4.0);
                (x + far * turn.sin(), y - far * turn.cos())
            })
        });
        let is_inside = |&(x, y): &(f64, f64)| Taken::around(x, y, 0.0).is_inside();
        let place = rings.filter(is_inside).find(is_free);
        places.push(place.unwrap_or((x, y)));
    }
    places
}

/// Where a label has room: beside its mark, or in a line above or below.
fn label(text: &str, (x, y): (f64, f64), taken: &[Taken]) -> Taken {
    let width = LETTER * text.len() as f64;
    let lines = (0..24).flat_map(|line| [y - LINE / 2.0 * f64::from(line), y + LINE / 2.0 * f64::from(line)]);
    let at = |start: f64, line: f64| Taken {
        x: [start, start + width],
        y: [line - LINE / 2.0, line + LINE / 2.0],
    };
    let mut labels = lines.flat_map(|line| [at(x + 10.0, line), at(x - 10.0 - width, line)]);
    let has_room = |label: &Taken| label.is_inside() && !taken.iter().any(|taken| taken.clashes(label));
    labels.find(has_room).unwrap_or_else(|| at(x + 10.0, y))
}

fn text_at(anchor: &str, x: f64, y: f64, text: &str) -> String {
    format!(
        "<text class=\"tick\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n",
        escaped(text)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Quantity;

    #[test]
    fn marks_and_labels_keep_clear_of_each_other() {
        let exact =
            [(300.0, 200.0), (300.0, 200.0), (303.0, 201.0), (310.0, 190.0), (860.0, 28.0), (860.0, 28.0)];
        let places = places(&exact);
        assert_eq!(places[0], exact[0]);
        let mut taken: Vec<Taken> = places.iter().map(|&(x, y)| Taken::around(x, y, 7.0)).collect();
        for place in &places {
            let label = label("smidgen-auto", *place, &taken);
            taken.push(label);
        }
        for (one, first) in taken.iter().enumerate() {
            let others = taken.iter().enumerate().filter(|(other, _)| *other != one);
            assert!(others.clone().all(|(_, second)| !first.clashes(second)), "{first:?}");
        }
    }

    #[test]
    fn the_drawing_is_whole() {
        let mark = Mark { x: 16384.0, y: 0.5, label: "a", look: Look::Ours, is_hollow: true };
        let axes =
            [&Axis::logarithmic([16384.0].into_iter(), Quantity::Memory), &Axis::linear([0.5].into_iter())];
        let svg = scatter(&[mark.clone(), mark], axes, ["<RAM>", "size"]);
        assert_eq!(
            (svg.matches("<g class=\"ours hollow\">").count(), svg.matches("<circle").count()),
            (2, 2)
        );
        assert!(svg.contains("&lt;RAM&gt; →") && svg.ends_with("</svg>\n"), "{svg}");
    }
}

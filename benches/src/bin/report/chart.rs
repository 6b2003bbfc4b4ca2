//! A chart as SVG: a labelled mark for each tool, both axes logarithmic.

use crate::table::escaped;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 440.0;
/// Where the plot is: left, top, right, bottom.
const PLOT: [f64; 4] = [70.0, 14.0, 940.0, 390.0];
/// About how wide a letter of a label is, and how tall a line.
const LETTER: f64 = 6.6;
const LINE: f64 = 13.0;

/// A mark and its label.
pub struct Mark {
    pub x: f64,
    pub y: f64,
    pub label: &'static str,
    /// The class that colours it.
    pub family: &'static str,
    /// Whether it is drawn as a ring.
    pub is_hollow: bool,
    /// What is shown when it is pointed at.
    pub title: String,
}

/// What lies along an axis.
#[derive(Clone, Copy)]
pub struct Axis<'a> {
    pub name: &'a str,
    /// How its values are written.
    pub text: fn(f64) -> String,
    /// Whether round numbers are powers of two.
    pub is_binary: bool,
}

/// The whole drawing.
pub fn chart(marks: &[Mark], across: Axis<'_>, up: Axis<'_>) -> String {
    let [left, top, right, bottom] = PLOT;
    let columns = Scale::over(marks.iter().map(|mark| mark.x), left, right);
    let rows = Scale::over(marks.iter().map(|mark| mark.y), bottom, top);
    let mut svg = format!("<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n");
    for tick in columns.ticks(across.is_binary) {
        let (x, text) = (columns.place(tick), (across.text)(tick));
        svg += &format!("<line class=\"grid\" x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>");
        svg += &text_at("middle", x, bottom + 17.0, &text);
    }
    for tick in rows.ticks(up.is_binary) {
        let (y, text) = (rows.place(tick), (up.text)(tick));
        svg += &format!("<line class=\"grid\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>");
        svg += &text_at("end", left - 8.0, y + 4.0, &text);
    }
    svg += &text_at("end", right, bottom + 38.0, &format!("{} →", across.name));
    svg += &text_at("start", left + 6.0, top + 10.0, &format!("↑ {}", up.name));
    // What labels keep clear of: the start and end of each mark and label, and its height.
    let place = |mark: &Mark| (columns.place(mark.x), rows.place(mark.y));
    let mut taken: Vec<(f64, f64, f64)> =
        marks.iter().map(place).map(|(x, y)| (x - 7.0, x + 7.0, y)).collect();
    for mark in marks {
        let (x, y) = place(mark);
        let width = LETTER * mark.label.len() as f64;
        let lines = (0..10).flat_map(|line| [y - LINE * f64::from(line), y + LINE * f64::from(line)]);
        let mut places = lines.flat_map(|line| [(x + 10.0, line), (x - 10.0 - width, line)]);
        let is_free = |&(start, line): &(f64, f64)| {
            let clashes = |&(from, to, other): &(f64, f64, f64)| {
                from < start + width && start < to && (line - other).abs() < LINE
            };
            let is_inside =
                start > left && start + width < right && (top + LINE..bottom - 6.0).contains(&line);
            is_inside && !taken.iter().any(clashes)
        };
        let (start, line) = places.find(is_free).unwrap_or((x + 10.0, y));
        taken.push((start, start + width, line));
        let nearest = if start > x { start } else { start + width };
        let family = mark.family;
        let hollow = if mark.is_hollow { " hollow" } else { "" };
        svg += &format!(
            "<g class=\"mark {family}{hollow}\"><title>{}</title><path d=\"M{x:.1} {y:.1}L{nearest:.1} {line:.1}\"/>\
             <circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/><text x=\"{start:.1}\" y=\"{:.1}\">{}</text></g>\n",
            escaped(&mark.title),
            line + 4.0,
            mark.label
        );
    }
    svg + "</svg>\n"
}

fn text_at(anchor: &str, x: f64, y: f64, text: &str) -> String {
    format!(
        "<text class=\"tick\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n",
        escaped(text)
    )
}

/// Values on a line, each decade as long as the next.
struct Scale {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// With some room at both ends.
    fn over(values: impl Iterator<Item = f64>, start: f64, end: f64) -> Self {
        let values = values.filter(|value| *value > 0.0);
        let (low, high) =
            values.fold((f64::MAX, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = if high > 0.0 { (low / 1.3, high * 1.3) } else { (1.0, 10.0) };
        Self { low, high, start, end }
    }

    fn place(&self, value: f64) -> f64 {
        let part = (value.max(self.low) / self.low).ln() / (self.high / self.low).ln();
        self.start + part * (self.end - self.start)
    }

    /// Round numbers: powers of ten, and some between them if those are few; or powers of four.
    fn ticks(&self, is_binary: bool) -> Vec<f64> {
        if is_binary {
            let all = (0..20).map(|power| 4f64.powi(power));
            return all.filter(|tick| (self.low..=self.high).contains(tick)).collect();
        }
        let inside = |steps: &[f64]| -> Vec<f64> {
            let all = (-7..13).flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)));
            all.filter(|tick| (self.low..=self.high).contains(tick)).collect()
        };
        let coarse = inside(&[1.0, 2.0, 5.0]);
        match coarse.len() {
            0..4 => inside(&[1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]),
            4..12 => coarse,
            _ => inside(&[1.0]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_factors_are_equally_far_apart_and_ticks_are_round() {
        let scale = Scale::over([1.0, 100.0].into_iter(), 0.0, 600.0);
        let (first, second) = (scale.place(10.0) - scale.place(1.0), scale.place(100.0) - scale.place(10.0));
        assert!((first - second).abs() < 1e-9 && first > 0.0);
        assert_eq!(scale.ticks(false), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        for values in [vec![], vec![7.0], vec![0.0]] {
            let scale = Scale::over(values.into_iter(), 0.0, 100.0);
            assert!(scale.place(7.0).is_finite() && !scale.ticks(false).is_empty());
        }
    }

    #[test]
    fn labels_keep_clear_of_each_other() {
        let mark =
            |x| Mark { x, y: 1.0, label: "label", family: "", is_hollow: false, title: "<t>".to_owned() };
        let axis = Axis { name: "", text: |x| x.to_string(), is_binary: false };
        let svg = chart(&[mark(1.0), mark(1.01), mark(1.02)], axis, axis);
        let places: Vec<[f64; 2]> = svg
            .lines()
            .filter_map(|line| line.split_once("<text x=\"")?.1.split_once("\">label<"))
            .map(|(place, _)| {
                place.split("\" y=\"").map(|number| number.parse().unwrap()).collect::<Vec<_>>()
            })
            .map(|place| place.try_into().unwrap())
            .collect();
        assert_eq!(places.len(), 3);
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let [across, down] = [0, 1].map(|axis| (places[one][axis] - places[other][axis]).abs());
            assert!(across >= 5.0 * LETTER || down >= LINE, "{places:?}");
        }
        assert!(svg.contains("&lt;t&gt;"));
    }
}

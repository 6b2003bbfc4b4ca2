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

/// An axis: its name, and how its values are written.
pub type Axis<'a> = (&'a str, fn(f64) -> String);

/// The whole drawing.
pub fn chart(mut marks: Vec<Mark>, across: Axis<'_>, up: Axis<'_>) -> String {
    let [left, top, right, bottom] = PLOT;
    let columns = Scale::over(marks.iter().map(|mark| mark.x), left, right);
    let rows = Scale::over(marks.iter().map(|mark| mark.y), bottom, top);
    let mut svg = format!("<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n");
    for tick in columns.ticks() {
        let (x, text) = (columns.place(tick), (across.1)(tick));
        svg += &format!("<line class=\"grid\" x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>");
        svg += &text_at("middle", x, bottom + 17.0, &text);
    }
    for tick in rows.ticks() {
        let (y, text) = (rows.place(tick), (up.1)(tick));
        svg += &format!("<line class=\"grid\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>");
        svg += &text_at("end", left - 8.0, y + 4.0, &text);
    }
    svg += &text_at("end", right, bottom + 38.0, &format!("{} →", across.0));
    svg += &text_at("start", left + 6.0, top + 10.0, &format!("↑ {}", up.0));
    // From the top down, each label is below those that would be under it.
    marks.sort_by(|a, b| b.y.total_cmp(&a.y));
    let mut taken: Vec<(f64, f64, f64)> = Vec::new();
    for mark in &marks {
        let (x, y) = (columns.place(mark.x), rows.place(mark.y));
        let width = LETTER * mark.label.len() as f64;
        let start = if x + width + 10.0 > right { x - width - 10.0 } else { x + 10.0 };
        let mut line = y;
        let clash = |line: f64, &(from, to, other): &(f64, f64, f64)| {
            from < start + width && start < to && (line - other).abs() < LINE
        };
        while let Some(&(.., other)) = taken.iter().find(|label| clash(line, label)) {
            line = other + LINE + 0.5;
        }
        taken.push((start, start + width, line));
        let family = mark.family;
        let hollow = if mark.is_hollow { " hollow" } else { "" };
        svg += &format!(
            "<g class=\"mark {family}{hollow}\"><title>{}</title><circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>\
             <text x=\"{start:.1}\" y=\"{:.1}\">{}</text></g>\n",
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

    /// Round numbers: powers of ten, and some between them if those are few.
    fn ticks(&self) -> Vec<f64> {
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
        assert_eq!(scale.ticks(), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        for values in [vec![], vec![7.0], vec![0.0]] {
            let scale = Scale::over(values.into_iter(), 0.0, 100.0);
            assert!(scale.place(7.0).is_finite() && !scale.ticks().is_empty());
        }
    }

    #[test]
    fn labels_keep_clear_of_each_other() {
        let mark =
            |x| Mark { x, y: 1.0, label: "label", family: "", is_hollow: false, title: "<t>".to_owned() };
        let svg = chart(vec![mark(1.0), mark(1.01)], ("", |x| x.to_string()), ("", |y| y.to_string()));
        let lines: Vec<&str> = svg.lines().filter(|line| line.contains(">label<")).collect();
        let y = |line: &str| {
            line.rsplit("y=\"").next().unwrap().split('"').next().unwrap().parse::<f64>().unwrap()
        };
        assert!((y(lines[0]) - y(lines[1])).abs() >= LINE && svg.contains("&lt;t&gt;"));
    }
}

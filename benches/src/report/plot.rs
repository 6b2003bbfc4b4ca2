//! What charts are drawn with: logarithmic axes, marks, labels that keep clear of each other.

use super::tool::Family;

/// About how wide a letter of a label is, in units of the drawing.
const LETTER: f64 = 6.9;
/// How tall a label is.
const LINE: f64 = 12.0;

/// Values on a line, each decade (or octave) as long as the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogScale {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

/// Where ticks of an axis are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ticks {
    /// Round numbers.
    Decimal,
    /// Powers of four.
    Binary,
}

/// A rectangle that a label or a mark takes.
#[derive(Clone, Copy, Debug)]
struct Area {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

/// Places labels beside marks, where nothing else is.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    bounds: Area,
    taken: Vec<Area>,
}

impl LogScale {
    /// A scale over all values with some room at both ends, from the position `start` to `end`.
    pub(crate) fn over(values: impl Iterator<Item = f64>, start: f64, end: f64) -> Self {
        let positive = values.filter(|&value| value > 0.0 && value.is_finite());
        let (low, high) =
            positive.fold((f64::MAX, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = if high > 0.0 { (low, high) } else { (1.0, 10.0) };
        let room = (high / low).powf(0.06).max(1.15);
        Self { low: low / room, high: high * room, start, end }
    }

    /// The position of a value.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let part = (value.max(self.low) / self.low).ln() / (self.high / self.low).ln();
        self.start + part * (self.end - self.start)
    }

    /// Values that get a line and a number: as many as there is room for, but not only one or two.
    pub(crate) fn ticks(&self, kind: Ticks) -> Vec<f64> {
        match kind {
            Ticks::Binary => self.inside((0..20).map(|power| 4f64.powi(power))),
            Ticks::Decimal => {
                let finer = STEPS.iter().map(|steps| self.inside(decimal(steps)));
                let mut sets = finer.skip_while(|ticks| ticks.len() < 4);
                sets.next().unwrap_or_else(|| self.inside(decimal(STEPS[STEPS.len() - 1])))
            }
        }
    }

    fn inside(&self, ticks: impl Iterator<Item = f64>) -> Vec<f64> {
        ticks.filter(|tick| (self.low..=self.high).contains(tick)).collect()
    }
}

/// Round numbers of a decade, coarse ones first.
const STEPS: [&[f64]; 4] = [
    &[1.0],
    &[1.0, 2.0, 5.0],
    &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0],
    &[
        1.0, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2.0, 2.2, 2.5, 2.8, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0,
        7.5, 8.0, 8.5, 9.0, 9.5,
    ],
];

fn decimal(steps: &[f64]) -> impl Iterator<Item = f64> {
    (-7..13).flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)))
}

impl Area {
    fn around(x: f64, y: f64, half: f64) -> Self {
        Self { left: x - half, top: y - half, right: x + half, bottom: y + half }
    }

    const fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    const fn is_within(&self, other: &Self) -> bool {
        self.left >= other.left
            && self.right <= other.right
            && self.top >= other.top
            && self.bottom <= other.bottom
    }
}

impl Labels {
    /// Labels stay within these bounds and off these marks.
    pub(crate) fn new(bounds: [f64; 4], marks: &[(f64, f64)]) -> Self {
        let [left, top, right, bottom] = bounds;
        let taken = marks.iter().map(|&(x, y)| Area::around(x, y, 7.0)).collect();
        Self { bounds: Area { left, top, right, bottom }, taken }
    }

    /// A label for the mark at this position: beside it, or further off with a line to it.
    pub(crate) fn place(&mut self, x: f64, y: f64, text: &str) -> String {
        let width = LETTER * text.chars().count() as f64;
        let free = |area: &Area, taken: &[Area]| {
            area.is_within(&self.bounds) && !taken.iter().any(|other| other.meets(area))
        };
        let areas =
            DISTANCES.iter().flat_map(|&distance| around(x, y, width, distance).map(|area| (distance, area)));
        let beside = around(x, y, width, DISTANCES[0])[0];
        let (distance, area) =
            areas.into_iter().find(|(_, area)| free(area, &self.taken)).unwrap_or((0.0, beside));
        self.taken.push(area);
        let mut svg = String::new();
        if distance > DISTANCES[0] {
            let (end_x, end_y) = (x.clamp(area.left, area.right), y.clamp(area.top, area.bottom));
            svg += &format!(
                "<line class=\"leader\" x1=\"{x:.1}\" y1=\"{y:.1}\" x2=\"{end_x:.1}\" y2=\"{end_y:.1}\"/>"
            );
        }
        let (left, base) = (area.left, area.bottom - 2.5);
        svg + &format!("<text class=\"label\" x=\"{left:.1}\" y=\"{base:.1}\">{}</text>\n", escaped(text))
    }
}

/// How far from its mark a label may be.
const DISTANCES: [f64; 6] = [9.0, 18.0, 30.0, 44.0, 60.0, 80.0];

/// Places for a label of this width about a mark, best first.
fn around(x: f64, y: f64, width: f64, distance: f64) -> [Area; 8] {
    let half = LINE / 2.0;
    let slant = distance * 0.75;
    let at = |left: f64, middle: f64| Area {
        left,
        top: middle - half,
        right: left + width,
        bottom: middle + half,
    };
    [
        at(x + distance, y),
        at(x - distance - width, y),
        at(x + slant, y - slant),
        at(x + slant, y + slant),
        at(x - slant - width, y - slant),
        at(x - slant - width, y + slant),
        at(x - width / 2.0, y - distance - half),
        at(x - width / 2.0, y + distance + half),
    ]
}

/// A mark: its shape and colour say the family, the text is shown when pointed at. Hollow ones are less certain.
pub(crate) fn mark(family: Family, (x, y): (f64, f64), hollow: bool, title: &str) -> String {
    let path = shape(family);
    let class = family.name().to_lowercase() + if hollow { " hollow" } else { "" };
    let title = escaped(title);
    format!(
        "<g class=\"mark {class}\" transform=\"translate({x:.1} {y:.1})\"><title>{title}</title><path d=\"{path}\"/></g>\n"
    )
}

/// No two families have the same one, so that colour is not needed to tell them apart.
const fn shape(family: Family) -> &'static str {
    match family {
        Family::Smidgen => "M0-5.5A5.5 5.5 0 1 0 0 5.5A5.5 5.5 0 1 0 0-5.5Z",
        Family::Bsdiff => "M-4.5-4.5H4.5V4.5H-4.5Z",
        Family::Qbsdiff => "M-5 0L0-5.5L5 0L0 5.5Z",
        Family::Xdelta3 => "M-3.4-5L0-1.6L3.4-5L5-3.4L1.6 0L5 3.4L3.4 5L0 1.6L-3.4 5L-5 3.4L-1.6 0L-5-3.4Z",
        Family::Zstd => "M-5.2 4.4L0-5L5.2 4.4Z",
        Family::Detools => "M-5.2-4.4H5.2L0 5Z",
        Family::Hdiffpatch => "M-1.7-5.2H1.7V-1.7H5.2V1.7H1.7V5.2H-1.7V1.7H-5.2V-1.7H-1.7Z",
    }
}

/// Text as HTML and SVG want it.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_factors_are_equally_far_apart() {
        let scale = LogScale::over([1.0, 100.0].into_iter(), 0.0, 600.0);
        let (first, second) = (scale.place(10.0) - scale.place(1.0), scale.place(100.0) - scale.place(10.0));
        assert!((first - second).abs() < 1e-9 && first > 0.0);
        assert_eq!(scale.ticks(Ticks::Decimal), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        let narrow = LogScale::over([17.0, 23.0].into_iter(), 0.0, 600.0);
        assert!((4..12).contains(&narrow.ticks(Ticks::Decimal).len()));
    }

    #[test]
    fn a_single_value_has_a_scale_too() {
        for values in [vec![], vec![7.0], vec![0.0]] {
            let scale = LogScale::over(values.into_iter(), 0.0, 100.0);
            assert!(scale.place(7.0).is_finite());
        }
    }

    #[test]
    fn labels_keep_clear_of_each_other() {
        let mut labels = Labels::new([0.0, 0.0, 500.0, 500.0], &[(100.0, 100.0), (101.0, 101.0)]);
        labels.place(100.0, 100.0, "first");
        labels.place(101.0, 101.0, "second");
        let [.., first, second] = labels.taken[..] else { panic!() };
        assert!(!first.meets(&second));
    }
}

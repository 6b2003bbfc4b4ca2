//! Charts of the page whose marks have a row each, so that they cannot overlap: bars on a linear axis from 0, and dots
//! on a logarithmic one. They are HTML: text keeps its size on narrow screens.

use smidgen::peers::units;

use crate::html::escaped;

/// At most this many steps on an axis; if there are more ticks than labels have room, only every second has one.
const STEPS: f64 = 6.0;
const LABELS: usize = 3;

/// A row of a chart.
#[derive(Clone, Debug)]
pub struct Row {
    pub label: String,
    /// Absent if nothing was measured.
    pub value: Option<f64>,
    /// What is written beside the mark.
    pub text: String,
    pub look: Look,
    /// Whether a dot is drawn as a ring.
    pub is_hollow: bool,
}

/// How a row stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Ours,
    BestOther,
    Other,
}

/// What a logarithmic axis shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    Seconds,
    Memory,
}

/// An axis: where values are on it, from 0 to 1, and its ticks.
#[derive(Clone, Debug)]
pub struct Axis {
    low: f64,
    high: f64,
    is_logarithmic: bool,
    /// Values and what is written at them.
    pub ticks: Vec<(f64, String)>,
}

impl Look {
    /// The class of what looks so.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::BestOther => "best-other",
            Self::Other => "other",
        }
    }
}

impl Axis {
    /// From 0, with round steps.
    pub fn linear(values: impl Iterator<Item = f64>) -> Self {
        let most = values.fold(1.0, f64::max);
        let mut steps = (-1..12).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
        let step = steps.find(|step| most / step <= STEPS).unwrap_or(most);
        let count = (most / step).ceil() as u32;
        let ticks = (0..=count).map(|tick| f64::from(tick) * step);
        let text = |tick: f64| if step < 1.0 { format!("{tick:.1}") } else { format!("{tick:.0}") };
        let high = f64::from(count) * step;
        Self { low: 0.0, high, is_logarithmic: false, ticks: ticks.map(|tick| (tick, text(tick))).collect() }
    }

    /// Whole steps of one factor, from the tick below the lowest value to the one above the highest.
    pub fn logarithmic(values: impl Iterator<Item = f64>, quantity: Quantity) -> Self {
        let (low, high) = values
            .filter(|value| *value > 0.0)
            .fold((f64::MAX, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = if high > 0.0 { (low, high) } else { (1.0, 1.0) };
        let (factors, text): (&[f64], fn(f64) -> String) = match quantity {
            Quantity::Seconds => (&[10.0, 100.0], units::seconds),
            Quantity::Memory => (&[4.0, 16.0, 64.0, 1024.0], units::memory),
        };
        let ends = |factor: f64| [(low.ln() / factor.ln()).floor(), (high.ln() / factor.ln()).ceil()];
        let fits = |factor: &&f64| ends(**factor)[1] - ends(**factor)[0] <= STEPS;
        let factor = factors.iter().find(fits).or(factors.last()).copied().unwrap_or(10.0);
        let [first, last] = ends(factor);
        let last = last.max(first + 1.0);
        let ticks = (first as i32..=last as i32).map(|power| factor.powi(power));
        Self {
            low: factor.powf(first),
            high: factor.powf(last),
            is_logarithmic: true,
            ticks: ticks.map(|tick| (tick, text(tick))).collect(),
        }
    }

    /// Where a value is, from 0 to 1.
    pub fn place(&self, value: f64) -> f64 {
        let part = if self.is_logarithmic {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        part.clamp(0.0, 1.0)
    }
}

/// Bars from 0, of `what`; a line is at 1.
pub fn bars(title: &str, what: &str, about: &str, rows: &[Row]) -> String {
    let axis = Axis::linear(rows.iter().filter_map(|row| row.value));
    chart(title, about, rows, &axis, &format!("bars {what}"), Some(1.0))
}

/// Dots on a logarithmic axis.
pub fn dots(title: &str, about: &str, rows: &[Row], quantity: Quantity) -> String {
    let axis = Axis::logarithmic(rows.iter().filter_map(|row| row.value), quantity);
    chart(title, about, rows, &axis, "dots", None)
}

fn chart(title: &str, about: &str, rows: &[Row], axis: &Axis, class: &str, line: Option<f64>) -> String {
    let percent = |value: f64| format!("{:.2}%", 100.0 * axis.place(value));
    let mut grid: String =
        axis.ticks.iter().map(|(tick, _)| format!("<i style=\"left:{}\"></i>", percent(*tick))).collect();
    grid += &line
        .map(|value| format!("<i class=\"one\" style=\"left:{}\"></i>", percent(value)))
        .unwrap_or_default();
    let mut html = format!(
        "<figure class=\"chart {class}\">\n<figcaption><b>{}</b> <span>{}</span></figcaption>\n\
         <div class=\"rows\" style=\"grid-template-rows:repeat({},auto)\">\n<div class=\"grid\" aria-hidden=\"true\">{grid}</div>\n",
        escaped(title),
        escaped(about),
        rows.len() + 1
    );
    for (number, row) in (1..).zip(rows) {
        let mark = |value: f64| {
            let side = if line.is_some() { "width" } else { "left" };
            let hollow = if row.is_hollow { " class=\"hollow\"" } else { "" };
            format!("<i{hollow} style=\"{side}:{}\"></i>", percent(value))
        };
        html += &format!(
            "<div class=\"row {}\" style=\"--row:{number}\"><span class=\"label\">{}</span><span class=\"track\">{}</span>\
             <span class=\"value\">{}</span></div>\n",
            row.look.class(),
            escaped(&row.label),
            row.value.map(mark).unwrap_or_default(),
            escaped(&row.text)
        );
    }
    let step = if line.is_none() && axis.ticks.len() > LABELS { 2 } else { 1 };
    let ticks = axis.ticks.iter().step_by(step);
    let ticks = ticks.map(|(tick, text)| format!("<b style=\"left:{}\">{text}</b>", percent(*tick)));
    html += &format!(
        "<div class=\"axis\" style=\"--row:{}\" aria-hidden=\"true\">{}</div>\n</div>\n</figure>\n",
        rows.len() + 1,
        ticks.collect::<String>()
    );
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn ticks_are_regular() {
        assert_eq!(
            texts(&Axis::linear([0.4, 1.2].into_iter())),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0", "1.2"]
        );
        assert_eq!(texts(&Axis::linear([3.3].into_iter())), ["0", "1", "2", "3", "4"]);
        let seconds = Axis::logarithmic([0.02, 3.0].into_iter(), Quantity::Seconds);
        assert_eq!(texts(&seconds), ["10 ms", "100 ms", "1 s", "10 s"]);
        let memory = Axis::logarithmic([306.0, 16384.0, 3e7].into_iter(), Quantity::Memory);
        assert_eq!(texts(&memory), ["256 B", "4 KiB", "64 KiB", "1 MiB", "16 MiB", "256 MiB"]);
        for axis in [&seconds, &memory] {
            let places: Vec<f64> = axis.ticks.iter().map(|(tick, _)| axis.place(*tick)).collect();
            let steps: Vec<f64> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(steps.iter().all(|step| (step - steps[0]).abs() < 1e-9), "{places:?}");
            assert_eq!((places[0], places[places.len() - 1]), (0.0, 1.0));
        }
    }

    #[test]
    fn nothing_measured_and_one_value_have_an_axis_too() {
        for values in [vec![], vec![0.0], vec![1.0], vec![7.0]] {
            let axis = Axis::logarithmic(values.iter().copied(), Quantity::Seconds);
            assert!(axis.ticks.len() > 1 && axis.place(7.0).is_finite(), "{axis:?}");
            assert!(Axis::linear(values.into_iter()).ticks.len() > 1);
        }
    }

    #[test]
    fn a_row_has_a_label_a_mark_and_a_text() {
        let row = Row {
            label: "<a>".to_owned(),
            value: Some(0.5),
            text: "1 : 2".to_owned(),
            look: Look::Ours,
            is_hollow: false,
        };
        let html = bars("T", "tools", "A", &[row.clone(), Row { value: None, ..row }]);
        assert!(html.contains("<span class=\"label\">&lt;a&gt;</span>"), "{html}");
        assert_eq!(html.matches("width:50.00%").count(), 1, "{html}");
        assert!(html.contains("class=\"one\" style=\"left:100.00%\""));
    }
}

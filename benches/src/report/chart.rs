//! The charts as SVG: sizes by pair, and size against time or memory.

use super::plot::{Labels, LogScale, Ticks, escaped, mark};
use super::results::Results;
use super::statistics::Means;
use super::text;
use super::tool::{Family, Memory};

/// Units of a drawing from left to right.
const WIDTH: f64 = 960.0;
/// Height of a pair's row.
const ROW: f64 = 22.0;
/// Room for the names of pairs.
const NAMES: f64 = 300.0;
/// Height of a chart of means, and room about its plot for numbers and names of axes.
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 78.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 52.0;
const RIGHT: f64 = 16.0;

/// What lies along the horizontal axis of a chart of means.
pub(crate) struct Against {
    /// The heading of the chart.
    pub(crate) heading: &'static str,
    /// The name of the axis.
    pub(crate) axis: &'static str,
    pub(crate) value: fn(&Means) -> f64,
    /// Whether marks of tools whose memory is only measured are hollow.
    pub(crate) is_memory: bool,
    pub(crate) ticks: Ticks,
    pub(crate) text: fn(f64) -> String,
}

/// A row for each pair, a mark for each tool.
pub(crate) fn sizes(results: &Results, pairs: &[usize], id: &str) -> String {
    let marks: Vec<(usize, usize, u64)> = sizes_of(results, pairs);
    let fraction = |pair: usize, size: u64| size.max(1) as f64 / results.pairs[pair].new_size.max(1) as f64;
    let all = marks.iter().map(|&(_, tool_pair, size)| fraction(tool_pair, size));
    let scale = LogScale::over(all, NAMES + 10.0, WIDTH - RIGHT);
    let bottom = TOP + ROW * pairs.len() as f64;
    let mut svg = opening(bottom + BOTTOM, id, "Patch size by pair and tool, in percent of the new image");
    svg += &vertical_lines(&scale, Ticks::Decimal, TOP, bottom, text::percent);
    svg +=
        &axis_name((NAMES + WIDTH) / 2.0, bottom + 42.0, "patch in percent of the new image (logarithmic)");
    for (row, &pair) in pairs.iter().enumerate() {
        svg += &pair_name(results.pairs[pair].short_name(), TOP + ROW * (row as f64 + 0.5));
    }
    // Smidgen's marks last, on top of the others.
    let (ours, peers): (Vec<_>, Vec<_>) =
        marks.into_iter().partition(|&(tool, ..)| results.tools[tool].tool.family == Family::Smidgen);
    for (tool, pair, size) in peers.into_iter().chain(ours) {
        let row = pairs.iter().position(|&other| other == pair).unwrap_or(0);
        let tool = &results.tools[tool].tool;
        let part = fraction(pair, size);
        let name = results.pairs[pair].short_name();
        let title =
            format!("{}, {name}: {} bytes, {}", tool.name, text::thousands(size), text::percent(part));
        svg += &mark(tool.family, (scale.place(part), TOP + ROW * (row as f64 + 0.5)), false, &title);
    }
    svg + "</svg>\n"
}

/// Tool, pair and size of all that did not fail.
fn sizes_of(results: &Results, pairs: &[usize]) -> Vec<(usize, usize, u64)> {
    let of_pair = |&pair: &usize| {
        let size = move |tool: usize| Some((tool, pair, results.outcome(pair, tool)?.measured()?.size));
        results.installed().filter_map(size).collect::<Vec<_>>()
    };
    pairs.iter().flat_map(of_pair).collect()
}

/// A mark for each tool: mean size upwards, something else to the right.
pub(crate) fn means(results: &Results, means: &[Means], against: &Against, id: &str) -> String {
    let shown: Vec<&Means> = means.iter().filter(|means| means.failed < means.pairs).collect();
    let across = LogScale::over(shown.iter().map(|means| (against.value)(means)), LEFT, WIDTH - RIGHT);
    let up = LogScale::over(shown.iter().map(|means| means.size), HEIGHT - BOTTOM, TOP);
    let mut svg = opening(HEIGHT, id, against.heading);
    svg += &vertical_lines(&across, against.ticks, TOP, HEIGHT - BOTTOM, against.text);
    svg += &horizontal_lines(&up);
    svg += &axis_name((LEFT + WIDTH) / 2.0, HEIGHT - 10.0, against.axis);
    let middle = (TOP + HEIGHT - BOTTOM) / 2.0;
    svg += &format!(
        "<text class=\"axis\" text-anchor=\"middle\" transform=\"translate(16 {middle}) rotate(-90)\">mean patch in \
         percent of the new image</text>\n"
    );
    let place = |means: &Means| (across.place((against.value)(means)), up.place(means.size));
    let places: Vec<(f64, f64)> = shown.iter().map(|means| place(means)).collect();
    let mut labels = Labels::new([LEFT, TOP, WIDTH - 2.0, HEIGHT - BOTTOM], &places);
    let mut marks = String::new();
    for (means, (x, y)) in shown.iter().zip(places) {
        let tool = &results.tools[means.tool].tool;
        svg += &labels.place(x, y, tool.name);
        let other = (against.text)((against.value)(means));
        let hollow = against.is_memory && matches!(tool.memory, Memory::Measured);
        let note = if against.is_memory { format!(" ({})", tool.memory.kind()) } else { String::new() };
        let title = format!("{}: {}, {other}{note}", tool.name, text::percent(means.size));
        marks += &mark(tool.family, (x, y), hollow, &title);
    }
    svg + &marks + "</svg>\n"
}

/// The families that ran, with their marks.
pub(crate) fn legend(results: &Results) -> String {
    let ran = |family: &Family| results.installed().any(|tool| results.tools[tool].tool.family == *family);
    let entry = |family: Family| {
        let name = family.name();
        let mark = mark(family, (8.0, 8.0), false, name);
        format!("<span><svg width=\"16\" height=\"16\" aria-hidden=\"true\">{mark}</svg>{name}</span>\n")
    };
    let entries: String = Family::ALL.into_iter().filter(ran).map(entry).collect();
    format!("<p class=\"legend\">{entries}</p>\n")
}

fn opening(height: f64, id: &str, title: &str) -> String {
    format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-labelledby=\"{id}\">\n\
         <title id=\"{id}\">{}</title>\n",
        escaped(title)
    )
}

fn vertical_lines(scale: &LogScale, ticks: Ticks, top: f64, bottom: f64, text: fn(f64) -> String) -> String {
    let line = |tick: f64| {
        let x = scale.place(tick);
        format!(
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>\
             <text class=\"tick\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>\n",
            bottom + 17.0,
            tick_text(tick, text)
        )
    };
    scale.ticks(ticks).into_iter().map(line).collect()
}

fn horizontal_lines(scale: &LogScale) -> String {
    let line = |tick: f64| {
        let (y, right) = (scale.place(tick), WIDTH - RIGHT);
        format!(
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>\
             <text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
            LEFT - 8.0,
            y + 4.0,
            tick_text(tick, text::percent)
        )
    };
    scale.ticks(Ticks::Decimal).into_iter().map(line).collect()
}

/// Ticks are round numbers: zeros after the point say nothing.
fn tick_text(tick: f64, text: fn(f64) -> String) -> String {
    let text = text(tick);
    let Some((number, unit)) = text.split_once(' ') else { return text };
    let number =
        if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    format!("{number} {unit}")
}

fn axis_name(x: f64, y: f64, name: &str) -> String {
    format!(
        "<text class=\"axis\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n",
        escaped(name)
    )
}

/// A name that is too long for its column loses its middle, and is whole when pointed at.
fn pair_name(name: &str, y: f64) -> String {
    let letters: Vec<char> = name.chars().collect();
    let most = 44;
    let shown: String = if letters.len() <= most {
        name.to_owned()
    } else {
        letters[..most - 16].iter().chain(&['…']).chain(&letters[letters.len() - 15..]).collect()
    };
    let right = WIDTH - RIGHT;
    format!(
        "<line class=\"row\" x1=\"{NAMES}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>\
         <text class=\"name\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\"><title>{}</title>{}</text>\n",
        NAMES - 4.0,
        y + 4.0,
        escaped(name),
        escaped(&shown)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::results::samples;

    #[test]
    fn every_result_has_a_mark() {
        let results = samples::results();
        let svg = sizes(&results, &[0, 1], "id");
        assert_eq!(svg.matches("<path").count(), 2 * results.installed().count() - 1);
        assert!(svg.contains("&lt;one&gt;") && !svg.contains("<one>"));
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(tick_text(0.02, text::percent), "2 %");
        assert_eq!(tick_text(20.0, text::seconds), "20 s");
        assert_eq!(tick_text(16384.0, text::memory), "16 KiB");
    }
}

//! The results as one HTML page that needs nothing else: tables, and charts drawn here.

use super::chart::{self, Against};
use super::plot::{Ticks, escaped};
use super::results::{Outcome, Results};
use super::statistics::{self, Means};
use super::text;

const STYLE: &str = include_str!("page.css");

/// What sizes are shown against.
const CHARTS: [Against; 3] = [
    Against {
        heading: "Size against the time to make a patch",
        axis: "mean time to make a patch (logarithmic)",
        value: |means| means.make,
        is_memory: false,
        ticks: Ticks::Decimal,
        text: text::seconds,
    },
    Against {
        heading: "Size against the time to restore",
        axis: "mean time to restore the new image (logarithmic)",
        value: |means| means.restore,
        is_memory: false,
        ticks: Ticks::Decimal,
        text: text::seconds,
    },
    Against {
        heading: "Size against the RAM that a restore needs",
        axis: "mean RAM to restore the new image (logarithmic)",
        value: |means| means.memory,
        is_memory: true,
        ticks: Ticks::Binary,
        text: text::memory,
    },
];

/// A cell of a table, and how it is set.
struct Cell {
    text: String,
    class: &'static str,
}

/// The whole page.
pub(crate) fn file(results: &Results) -> String {
    let mut body = format!(
        "<h1>Patches by tool</h1>\n<p>{} Every piece of work ran as a process of its own; times include starting it and \
         reading and writing files. Every image was restored and compared byte by byte.</p>\n",
        escaped(&results.conditions.sentence())
    );
    body += &missing(results);
    for (number, (class, pairs)) in results.classes().into_iter().enumerate() {
        body += &section(results, class, &pairs, number);
    }
    body += &failures(results);
    body += &tools(results);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Patches by tool</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

fn missing(results: &Results) -> String {
    let missing = results.missing();
    if missing.is_empty() {
        return String::new();
    }
    format!("<p>Not installed here, and so not in the comparison: {}.</p>\n", escaped(&missing.join(", ")))
}

fn section(results: &Results, class: &str, pairs: &[usize], number: usize) -> String {
    let means = statistics::means(results, pairs);
    let count = pairs.len();
    let noun = if count == 1 { "pair" } else { "pairs" };
    let heading = if class.is_empty() { "Pairs" } else { class };
    let mut html = format!("<h2>{} <span class=\"faint\">({count} {noun})</span></h2>\n", escaped(heading));
    html += &chart::legend(results);
    html += "<h3>Patch size by pair and tool</h3>\n<p class=\"faint\">Further left is smaller. Point at a mark for its tool \
             and size.</p>\n";
    html += &chart::sizes(results, pairs, &format!("chart-{number}-sizes"));
    for (place, against) in CHARTS.iter().enumerate() {
        html += &format!("<h3>{}</h3>\n", against.heading);
        html += "<p class=\"faint\">Geometric means over the pairs. Further down and further left is better.";
        if against.is_memory {
            html += MEMORY_NOTE;
        }
        html += "</p>\n";
        html += &chart::means(results, &means, against, &format!("chart-{number}-{place}"));
    }
    html += &format!("<h3>Geometric means</h3>\n{MEANS_NOTE}{}", mean_table(results, &means));
    html + &format!("<h3>Sizes in bytes</h3>\n{}", size_table(results, pairs))
}

const MEMORY_NOTE: &str = " Filled marks are what a device needs, by the package's header or the tool's documentation. \
Hollow ones are the peak of a restoring process on this machine, its runtime included.";

const MEANS_NOTE: &str = "<p class=\"faint\">A pair on which a tool failed counts as the whole image in its sizes, and not at \
all in its times and memory. The best peer is chosen for each pair anew.</p>\n";

fn mean_table(results: &Results, means: &[Means]) -> String {
    let head = [
        "patch / image",
        "patch / best peer",
        "make",
        "restore",
        "peak making",
        "peak restoring",
        "RAM to restore",
    ];
    let mut cells = vec![left("tool")];
    cells.extend(head.map(right));
    cells.extend([left("RAM is"), right("failed")]);
    let rows = means.iter().map(|means| mean_row(results, means));
    table(cells, rows)
}

fn mean_row(results: &Results, means: &Means) -> Vec<Cell> {
    let tool = &results.tools[means.tool].tool;
    let unless_failed = |text: String| if means.failed == means.pairs { right("–") } else { right(text) };
    let ratio = means.against_best.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.3}"));
    vec![
        left(tool.name),
        right(text::percent(means.size)),
        right(ratio),
        unless_failed(text::seconds(means.make)),
        unless_failed(text::seconds(means.restore)),
        unless_failed(text::memory(means.make_peak)),
        unless_failed(text::memory(means.restore_peak)),
        unless_failed(text::memory(means.memory)),
        left(tool.memory.kind()),
        right(means.failed.to_string()),
    ]
}

fn size_table(results: &Results, pairs: &[usize]) -> String {
    let mut head = vec![left("pair"), right("new image")];
    head.extend(results.installed().map(|tool| right(results.tools[tool].tool.name)));
    let row = |&pair: &usize| {
        let smallest = results.smallest(pair);
        let shown = &results.pairs[pair];
        let mut cells = vec![left(shown.short_name()), right(text::thousands(shown.new_size))];
        cells.extend(results.installed().map(|tool| match results.outcome(pair, tool) {
            Some(Outcome::Restored(measured)) => {
                let class = if Some(measured.size) == smallest { "smallest" } else { "" };
                Cell { text: text::thousands(measured.size), class }
            }
            Some(Outcome::Failed(_)) => Cell { text: "failed".to_owned(), class: "failed" },
            None => right("–"),
        }));
        cells
    };
    table(head, pairs.iter().map(row))
}

fn failures(results: &Results) -> String {
    let rows: Vec<Vec<Cell>> = results
        .failures()
        .map(|(pair, tool, why)| vec![left(&pair.name), left(tool.tool.name), left(why)])
        .collect();
    if rows.is_empty() {
        return "<h2>What failed</h2>\n<p>Nothing.</p>\n".to_owned();
    }
    let head = ["pair", "tool", "reason"].map(left).into();
    format!("<h2>What failed</h2>\n{}", table(head, rows.into_iter()))
}

fn tools(results: &Results) -> String {
    let head = ["tool", "version", "setting", "RAM to restore"].map(left).into();
    let rows = results.tools.iter().map(|probed| {
        let version = probed.version.as_deref().unwrap_or("not installed");
        [probed.tool.name, version, probed.tool.about, probed.tool.memory.about()].map(left).into()
    });
    format!("<h2>Tools</h2>\n{}", table(head, rows))
}

fn left(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), class: "text" }
}

fn right(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), class: "" }
}

fn table(head: Vec<Cell>, rows: impl Iterator<Item = Vec<Cell>>) -> String {
    let line = |cells: Vec<Cell>, tag: &str| {
        let cell = |cell: Cell| {
            let class =
                if cell.class.is_empty() { String::new() } else { format!(" class=\"{}\"", cell.class) };
            format!("<{tag}{class}>{}</{tag}>", escaped(&cell.text))
        };
        format!("<tr>{}</tr>\n", cells.into_iter().map(cell).collect::<String>())
    };
    let rows: String = rows.map(|cells| line(cells, "td")).collect();
    let head = line(head, "th");
    format!("<div class=\"scroll\"><table>\n<thead>{head}</thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::results::samples;

    #[test]
    fn the_page_needs_nothing_else() {
        let page = file(&samples::results());
        for word in ["http:", "https:", "src=", "@import", "url(", "<link", "<script"] {
            assert!(!page.contains(word), "{word}");
        }
    }

    #[test]
    fn every_class_has_its_charts_and_failures_are_told() {
        let page = file(&samples::results());
        assert_eq!(page.matches("class=\"chart\"").count(), 2 * 4);
        assert!(page.contains("making: it said &lt;no&gt;"));
        assert!(page.contains("Not installed here, and so not in the comparison: qbsdiff."));
    }
}

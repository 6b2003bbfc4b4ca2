//! The results as one HTML page that needs nothing else: bars, charts and tables.

use crate::chart::{Axis, Mark, chart};
use crate::results::{Means, Results};
use crate::table::{self, escaped};
use crate::tools::{Memory, SMIDGEN};
use crate::units;

const STYLE: &str = include_str!("page.css");

const MEMORY: &str = "RAM to restore";
type Value = fn(&Means) -> f64;
/// What charts of sizes have on their horizontal axes: all are times but the memory.
const CHARTS: [(&str, Value); 3] = [
    ("time to restore", |means| means.restore),
    (MEMORY, |means| means.memory),
    ("time to make", |means| means.make),
];

/// The whole page.
pub fn file(results: &Results) -> String {
    let mut body = format!(
        "<h1>Patches by tool</h1>\n<p>{} Every piece of work ran as a process of its own; times include starting it, \
         reading and writing files. Every image was restored and compared byte by byte.</p>\n",
        escaped(&results.conditions)
    );
    let missing: Vec<&str> = results.missing.iter().map(|tool| tool.name).collect();
    if !missing.is_empty() {
        body +=
            &format!("<p>Not installed here, and so not in the comparison: {}.</p>\n", missing.join(", "));
    }
    body += &table::failures(results).map_or_else(String::new, |table| table.html());
    for (class, pairs) in results.classes() {
        body += &section(results, class, &pairs);
    }
    body += &table::tools(results).html();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Patches by tool</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

fn section(results: &Results, class: &str, pairs: &[usize]) -> String {
    let means = results.means(pairs);
    let mut html = format!("<h2>{}</h2>\n", escaped(&table::class_title(class, pairs)));
    html += &bars(&means);
    for (name, value) in CHARTS {
        html += &scatter(&means, name, value);
    }
    html += &table::means(results, class, pairs).html();
    html += "<p class=\"faint\">A pair on which a tool failed counts as the whole image in its sizes, and not at all in \
             its times and memory. The best other tool is chosen for each pair anew.</p>\n";
    html + &table::sizes(results, class, pairs).html()
}

/// Mean sizes beside the best other tool of each pair, the smallest first.
fn bars(means: &[Means]) -> String {
    let mut shown: Vec<(&Means, f64)> =
        means.iter().filter_map(|means| Some((means, means.to_best?))).collect();
    shown.sort_by(|a, b| a.1.total_cmp(&b.1));
    let Some(&(_, longest)) = shown.last() else { return String::new() };
    let bar = |&(means, ratio): &(&Means, f64)| {
        format!(
            "<span>{}</span><span class=\"{}\"><i style=\"width: {:.1}%\"></i> {ratio:.2}</span>\n",
            means.tool.name,
            means.tool.family,
            ratio / longest * 85.0
        )
    };
    let ours = shown.iter().find(|(means, _)| means.tool.family == SMIDGEN);
    let headline = ours.map_or("Patch beside the smallest of any other tool".to_owned(), |(means, ratio)| {
        format!("{}: {ratio:.2} of the smallest patch of any other tool", means.tool.name)
    });
    let bars: String = shown.iter().map(bar).collect();
    format!(
        "<h3>{headline}</h3>\n<p class=\"faint\">Geometric means over the pairs.</p>\n<div class=\"bars\">\n{bars}</div>\n"
    )
}

fn scatter(means: &[Means], name: &str, value: Value) -> String {
    let is_memory = name == MEMORY;
    let across =
        Axis { name, text: if is_memory { units::memory } else { units::seconds }, is_binary: is_memory };
    let up = Axis { name: "patch in percent of the new image", text: units::percent, is_binary: false };
    let mark = |means: &Means| {
        let (tool, x) = (means.tool, value(means));
        let kind = if is_memory { format!(" ({})", tool.memory.kind().0) } else { String::new() };
        let title = format!("{}: {}, {}{kind}", tool.name, units::percent(means.size), (across.text)(x));
        let is_hollow = is_memory && matches!(tool.memory, Memory::Measured);
        Mark { x, y: means.size, label: tool.name, family: tool.family, is_hollow, title }
    };
    let marks: Vec<Mark> = means.iter().filter(|means| !means.all_failed).map(mark).collect();
    let note = if is_memory {
        " Filled marks are what a device needs, by the package's header or the tool's documentation, without the \
         stack. Rings are the peak of a restoring process on this machine, its runtime included."
    } else {
        ""
    };
    format!(
        "<h3>Size and {name}</h3>\n<p class=\"faint\">Geometric means over the pairs; both axes are logarithmic. Further \
         down and further left is better.{note}</p>\n{}",
        chart(&marks, across, up)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn the_page_is_complete_and_needs_nothing_else() {
        let page = file(&samples::results());
        for word in ["http:", "https:", "src=", "@import", "url(", "<link", "<script"] {
            assert!(!page.contains(word), "{word}");
        }
        assert_eq!(page.matches("class=\"chart\"").count(), 2 * CHARTS.len());
        assert!(page.contains("making: it said &quot;&lt;no&gt;&quot;, twice"));
        assert!(page.contains("Not installed here, and so not in the comparison: qbsdiff."));
        assert!(page.contains("smidgen-4K: 0.66 of the smallest patch of any other tool"));
    }
}

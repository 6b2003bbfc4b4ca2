//! The report as one page that needs nothing else: failures, headlines, charts, tables, and the facts of the run.

use smidgen::peers::Memory;
use smidgen::peers::units::{self, thousands};

use crate::chart::{Axis, Look, Quantity, Row, bars, dots};
use crate::html::escaped;
use crate::results::{Class, Means, Results};
use crate::scatter::{Mark, scatter};
use crate::table;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const TITLE: &str = "Smidgen beside other tools";

/// What is measured, for readers of the page alone.
const MEANING: &str = "\
<dl>
<dt>Size</dt><dd>Bytes of the whole file that is sent. Smidgen’s holds digests of both images; nothing is added to files \
of tools that leave these out.</dd>
<dt>Best other</dt><dd>The smallest patch that any other tool made of the pair, chosen for each pair anew. Means are \
geometric. A pair on which a tool failed counts as the whole image, which would be sent then, and not at all in times and \
memory. In means, packages of less than 256 bytes count as 256.</dd>
<dt>Time</dt><dd>Of a process from start to end, with reading and writing files. Tools in Python include starting Python, \
about 60 ms. Smidgen’s time to make a package includes its proof: the package is restored and compared. Times are of the \
machine above; other load on it makes them longer.</dd>
<dt>RAM to restore</dt><dd><b>Stated</b>: what a device needs. Smidgen’s header states its whole workspace, without the \
stack; for a compressed file also what expanding takes (“with OS”: such packages need an operating system). Documentation of other tools states the parts that it mentions: \
for detools with heatshrink the window, for HPatchLite the dictionary and caches, without the patcher’s own state and \
stack; for bspatch both images. <b>Measured</b>: the peak of the restoring process on this machine, with its runtime and \
its images: an upper limit for an implementation made for devices, and at least a few MiB, which measuring takes.</dd>
</dl>
";

/// The whole page.
pub fn page(results: &Results) -> String {
    let classes = results.classes();
    let mut body = format!("<h1>{TITLE}</h1>\n<p class=\"faint\">{}</p>\n", escaped(&run_line(results)));
    body += &failures(results);
    body += &headlines(results, &classes);
    body += &classes.iter().map(|class| section(results, class)).collect::<String>();
    body += "<h2>What the numbers mean</h2>\n";
    body += MEANING;
    for table in [table::facts(results), table::tools(results), table::images(results)] {
        body += &format!("<h2>{}</h2>\n{}", escaped(&table.title), table.html("facts"));
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{TITLE}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n{body}<script>\n{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

/// When and where, in a line.
fn run_line(results: &Results) -> String {
    let fact = |name: &str| {
        let found = results.facts.iter().find(|(other, _)| *other == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let cores = fact("cores");
    let [date, smidgen, processor] = ["date", "Smidgen", "processor"].map(fact);
    let missing: Vec<&str> = results.missing.iter().map(|tool| tool.name).collect();
    let missing = if missing.is_empty() {
        String::new()
    } else {
        format!(" Not installed, and so not in the comparison: {}.", missing.join(", "))
    };
    format!(
        "{date} · Smidgen {smidgen} · {processor}, {cores} cores. Every image was restored and compared byte by byte.{missing}"
    )
}

/// The red note.
fn failures(results: &Results) -> String {
    let Some(table) = table::failures(results) else { return String::new() };
    let failures = results.failures();
    let all = results.pairs.len() * results.tools.len();
    let ours = failures.iter().filter(|(_, tool, _)| tool.is_ours()).count();
    let whose = match ours {
        0 => "none of them Smidgen’s".to_owned(),
        ours => format!("{ours} of them Smidgen’s"),
    };
    format!(
        "<section class=\"failures\">\n<h2>{} of {all} round trips failed, {whose}</h2>\n{}</section>\n",
        failures.len(),
        table.html("facts")
    )
}

/// A card for each class: Smidgen beside the best other tool.
fn headlines(results: &Results, classes: &[Class<'_>]) -> String {
    let card = |class: &Class<'_>| {
        let title = escaped(&class.title());
        let ours = class.ours.and_then(|ours| Some((ours, results.means(&class.pairs)[ours].to_best?)));
        let text = match ours {
            None => "<p>There is no package of Smidgen’s and of another tool to compare.</p>".to_owned(),
            Some((ours, ratio)) => {
                let beside = results.beside(class);
                let smaller = beside.iter().filter(|(_, ours, other)| ours < other).count();
                let name = results.tools[ours].tool.name;
                format!(
                    "<p class=\"big\">{}</p>\n<p>{name} beside the best other tool: {}, smaller on {smaller} of {}.</p>",
                    short(ratio),
                    difference(ratio),
                    class.count()
                )
            }
        };
        format!("<section class=\"card\">\n<h2>{title}</h2>\n{text}\n</section>\n")
    };
    format!("<div class=\"cards\">\n{}</div>\n", classes.iter().map(card).collect::<String>())
}

/// A ratio, of which two digits say something.
fn short(ratio: f64) -> String {
    if ratio < 0.01 {
        format!("{ratio:.4}")
    } else if ratio < 0.1 {
        format!("{ratio:.3}")
    } else {
        format!("{ratio:.2}")
    }
}

/// A ratio in words.
fn difference(ratio: f64) -> String {
    let percent = 100.0 * (1.0 - ratio);
    match percent.round() {
        rounded if rounded > 99.0 => format!("{percent:.1} % smaller in the mean"),
        rounded if rounded > 0.0 => format!("{rounded:.0} % smaller in the mean"),
        rounded if rounded < 0.0 => format!("{:.0} % larger in the mean", -rounded),
        _ => "the same size in the mean".to_owned(),
    }
}

fn section(results: &Results, class: &Class<'_>) -> String {
    let mut means = results.means(&class.pairs);
    let place = |means: &Means| means.to_best.filter(|_| !means.all_failed).unwrap_or(f64::MAX);
    means.sort_by(|one, other| place(one).total_cmp(&place(other)));
    let best_other =
        means.iter().find(|means| !means.tool.is_ours() && !means.all_failed).map(|means| means.tool.name);
    let look = |means: &Means| match means.tool.name {
        _ if means.tool.is_ours() => Look::Ours,
        name if Some(name) == best_other => Look::BestOther,
        _ => Look::Other,
    };
    let (title, count) = (escaped(&class.title()), class.count());
    let mut html = format!("<section>\n<h2>{title} <small>{count}</small></h2>\n");
    html += &tool_bars(&means, look);
    html += &pair_bars(results, class);
    html += &costs(&means, look);
    html += &sizes_and_memory(&means, look);
    for (table, class_of_table) in
        [(table::means(results, class), "wide"), (table::sizes(results, class), "wide turned")]
    {
        html += &format!("<h3>{}</h3>\n", escaped(&table.title));
        html += "<p class=\"faint\"><span class=\"best\">Bold</span>: smallest of all. <span class=\"best-other\">Underlined</span>: \
                 smallest of the other tools.</p>\n";
        html += &table.html(class_of_table);
    }
    html + "</section>\n"
}

/// Mean sizes of the tools, the smallest first.
fn tool_bars(means: &[Means], look: impl Fn(&Means) -> Look) -> String {
    let row = |means: &Means| {
        let failed = if means.failed > 0 { format!(" ({} failed)", means.failed) } else { String::new() };
        let note = if look(means) == Look::BestOther { " best other" } else { "" };
        let ratio = means.to_best.map_or_else(|| "–".to_owned(), short);
        Row {
            label: means.tool.name.to_owned(),
            value: means.to_best.filter(|_| !means.all_failed),
            text: if means.all_failed { "failed".to_owned() } else { format!("{ratio}{note}{failed}") },
            look: look(means),
            is_hollow: false,
        }
    };
    let about = "Patch in parts of the smallest that any other tool made of the pair (dashed line); geometric mean. \
                 Linear axis from 0; shorter is better.";
    bars("Size by tool", "tools", about, &means.iter().map(row).collect::<Vec<_>>())
}

/// Smidgen's package and the best other one, for each pair.
fn pair_bars(results: &Results, class: &Class<'_>) -> String {
    let row = |(pair, ours, other): (usize, u64, u64)| {
        let best = results.best_other(pair).map_or("", |(tool, _)| results.tools[tool].tool.name);
        Row {
            label: results.pairs[pair].class_and_name().1.to_owned(),
            value: Some(ours as f64 / other.max(1) as f64),
            text: format!("{} : {} {best}", thousands(ours), thousands(other)),
            look: Look::Ours,
            is_hollow: false,
        }
    };
    let rows: Vec<Row> = results.beside(class).into_iter().map(row).collect();
    let Some(ours) = class.ours.filter(|_| !rows.is_empty()) else { return String::new() };
    let about = "In parts of the smallest patch of any other tool (dashed line), and bytes of both. Linear axis from 0.";
    bars(&format!("Size by pair: {}", results.tools[ours].tool.name), "pairs", about, &rows)
}

/// Times and memory, in the order of the sizes.
fn costs(means: &[Means], look: impl Fn(&Means) -> Look) -> String {
    type Value = fn(&Means) -> f64;
    let charts: [(&str, &str, Value, Quantity); 3] = [
        ("Time to make", "Logarithmic axis.", |means| means.make, Quantity::Seconds),
        ("Time to restore", "Logarithmic axis. On this machine.", |means| means.restore, Quantity::Seconds),
        (
            "RAM to restore",
            "Logarithmic axis. Filled: stated. Rings: measured.",
            |means| means.memory,
            Quantity::Memory,
        ),
    ];
    let chart = |(title, about, value, quantity): (&str, &str, Value, Quantity)| {
        let row = |means: &Means| {
            let text = |value| match quantity {
                Quantity::Memory if means.needs_system => format!("{}, OS", units::memory(value)),
                Quantity::Memory => units::memory(value),
                Quantity::Seconds => units::seconds(value),
            };
            Row {
                label: means.tool.name.to_owned(),
                value: (!means.all_failed).then(|| value(means)),
                text: if means.all_failed { "failed".to_owned() } else { text(value(means)) },
                look: look(means),
                is_hollow: quantity == Quantity::Memory && is_measured(means),
            }
        };
        dots(title, about, &means.iter().map(row).collect::<Vec<_>>(), quantity)
    };
    format!("<div class=\"beside\">\n{}</div>\n", charts.map(chart).concat())
}

fn sizes_and_memory(means: &[Means], look: impl Fn(&Means) -> Look) -> String {
    let mark = |means: &Means| {
        let (label, is_hollow) = (means.tool.name, is_measured(means));
        Some(Mark { x: means.memory, y: means.to_best?, label, look: look(means), is_hollow })
    };
    let marks: Vec<Mark> = means.iter().filter(|means| !means.all_failed).filter_map(mark).collect();
    if marks.is_empty() {
        return String::new();
    }
    let across = Axis::logarithmic(marks.iter().map(|mark| mark.x), Quantity::Memory);
    let up = Axis::linear(marks.iter().map(|mark| mark.y));
    let names = ["RAM to restore (logarithmic)", "patch / best other"];
    format!(
        "<figure class=\"chart\">\n<figcaption><b>Size and RAM to restore</b> <span>Further down and further left is better. \
         Filled: what the package or the tool’s documentation states, without the stack; of detools-heatshrink and \
         hdiffpatch-lite-tuz only window, dictionary and caches, not the patcher itself. Rings: peak of the restoring process on \
         this machine, with its runtime and images. Where marks would overlap, a line leads to the exact place.</span></figcaption>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Size and RAM to \
         restore\">\n{}</div>\n</figure>\n",
        scatter(&marks, [&across, &up], names)
    )
}

const fn is_measured(means: &Means) -> bool {
    matches!(means.tool.memory, Memory::Measured)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn failures_come_first_then_headlines_then_microcontrollers() {
        let page = page(&samples::results());
        let parts = [
            "<h1>",
            "1 of 54 round trips failed, 1 of them Smidgen’s",
            "making: it said &quot;&lt;no&gt;&quot;, twice",
            "class=\"big\">0.",
            "<h2>Microcontrollers <small>2 pairs</small></h2>",
            "Size by tool",
            "Size by pair: smidgen-16K",
            "<h2>Linux and boot <small>1 pair</small></h2>",
            "Size by pair: smidgen-auto",
            "What the numbers mean",
            "&lt;fast&gt;",
            "<script>",
        ];
        let mut rest = page.as_str();
        for part in parts {
            rest = rest.split_once(part).unwrap_or_else(|| panic!("no {part} in its place")).1;
        }
        assert!(page.contains("Not installed, and so not in the comparison: qbsdiff."));
        assert!(page.contains(" best other</span>") && page.contains("(1 failed)"));
    }

    #[test]
    fn the_page_needs_nothing_else_and_names_are_text() {
        let page = page(&samples::results());
        for word in ["http:", "https:", "src=", "href=", "@import", "url(", "<link", "<one>", "<fast>"] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("&lt;one&gt;"));
        for tag in ["section", "figure", "table", "div", "tr", "h2", "svg"] {
            let opened =
                page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn ratios_are_said_in_words() {
        let expected = ["55 % smaller in the mean", "7 % larger in the mean", "the same size in the mean"];
        assert_eq!([0.453, 1.07, 1.001].map(difference), expected);
        assert_eq!(difference(0.0049), "99.5 % smaller in the mean");
        assert_eq!([0.453, 0.0493, 0.00493].map(short), ["0.45", "0.049", "0.0049"]);
    }
}

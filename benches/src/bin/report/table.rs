//! The tables of the report: as Markdown for the terminal, as HTML for the page.

use bench_suite::corpus::Pair;
use smidgen::peers::units::{self, thousands};
use smidgen::peers::{Installed, Tool};
use smidgen_diff::Escaped;

use crate::html::escaped;
use crate::results::{Class, Means, Results};

/// What to show for what was not measured.
const NOTHING: &str = "–";

/// A table; cells of its first columns are text, and those of the others numbers.
#[derive(Debug)]
pub struct Table {
    pub title: String,
    text_columns: usize,
    head: Vec<String>,
    rows: Vec<Vec<Cell>>,
    /// Rows of means below the others, which stay there when the table is sorted.
    foot: Vec<Vec<Cell>>,
}

/// What a cell shows, the number to sort it by, and how it is marked.
#[derive(Clone, Debug, Default)]
struct Cell {
    text: String,
    value: Option<f64>,
    mark: Mark,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mark {
    #[default]
    Plain,
    /// The smallest of all.
    Best,
    /// The smallest of the other tools.
    BestOther,
    Failed,
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    fn number(text: String, value: f64) -> Self {
        Self { text, value: Some(value), mark: Mark::Plain }
    }

    fn bytes(bytes: u64) -> Self {
        Self::number(thousands(bytes), bytes as f64)
    }

    fn ratio(ratio: Option<f64>) -> Self {
        ratio.map_or_else(Self::nothing, |ratio| Self::number(format!("{ratio:.3}"), ratio))
    }

    fn nothing() -> Self {
        Self::text(NOTHING)
    }

    fn markdown(&self) -> String {
        let text = Escaped(&self.text).to_string().replace('|', "\\|");
        match self.mark {
            Mark::Best => format!("**{text}**"),
            Mark::BestOther => format!("*{text}*"),
            Mark::Plain | Mark::Failed => text,
        }
    }

    fn html(&self, tag: &str, is_text: bool) -> String {
        let mut classes: Vec<&str> = is_text.then_some("text").into_iter().collect();
        classes.extend(match self.mark {
            Mark::Plain => None,
            Mark::Best => Some("best"),
            Mark::BestOther => Some("best-other"),
            Mark::Failed => Some("failed"),
        });
        let class =
            if classes.is_empty() { String::new() } else { format!(" class=\"{}\"", classes.join(" ")) };
        let value = self.value.map(|value| format!(" data-value=\"{value}\"")).unwrap_or_default();
        format!("<{tag}{class}{value}>{}</{tag}>", escaped(&self.text))
    }
}

impl Table {
    fn new(title: String, text_columns: usize, head: &[&str], rows: Vec<Vec<Cell>>) -> Self {
        let head = head.iter().map(|&name| name.to_owned()).collect();
        Self { title, text_columns, head, rows, foot: Vec::new() }
    }

    /// With a heading.
    pub fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let rule = |column| if column < self.text_columns { "---" } else { "---:" }.to_owned();
        let head = line(self.head.clone()) + &line((0..self.head.len()).map(rule).collect());
        let rows = self.rows.iter().chain(&self.foot);
        let rows: String = rows.map(|row| line(row.iter().map(Cell::markdown).collect())).collect();
        format!("## {}\n\n{head}{rows}\n", Escaped(&self.title))
    }

    /// In a box that scrolls if the page is too narrow; without the heading.
    pub fn html(&self, class: &str) -> String {
        let row = |row: &Vec<Cell>| {
            // The first cell is what its row is about.
            let tag = |column| if column == 0 { "th" } else { "td" };
            let cells = row.iter().enumerate();
            let cells = cells.map(|(column, cell)| cell.html(tag(column), column < self.text_columns));
            format!("<tr>{}</tr>\n", cells.collect::<String>())
        };
        let head = self.head.iter().enumerate().map(|(column, name)| {
            let class = if column < self.text_columns { " class=\"text\"" } else { "" };
            format!("<th{class} scope=\"col\"><span>{}</span></th>", escaped(name))
        });
        let (head, rows) = (head.collect::<String>(), self.rows.iter().map(row).collect::<String>());
        let foot = self.foot.iter().map(row).collect::<String>();
        let foot = if foot.is_empty() { foot } else { format!("<tfoot>\n{foot}</tfoot>\n") };
        let title = escaped(&self.title);
        format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\">\n<table class=\"{class}\">\n\
             <thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n{foot}</table>\n</div>\n"
        )
    }
}

/// Means by tool.
pub fn means(results: &Results, class: &Class<'_>) -> Table {
    let means = results.means(&class.pairs);
    let best = means.iter().filter_map(|means| means.to_best).min_by(f64::total_cmp);
    let others = means.iter().filter(|means| !means.tool.is_ours());
    let best_other = others.filter_map(|means| means.to_best).min_by(f64::total_cmp);
    let row = |means: &Means| {
        let known = |text: String, value| {
            if means.all_failed { Cell::nothing() } else { Cell::number(text, value) }
        };
        let seconds = |seconds| known(units::seconds(seconds), seconds);
        let memory = |bytes| known(units::memory(bytes), bytes);
        let mut to_best = Cell::ratio(means.to_best);
        to_best.mark = marked(means.to_best, best, if means.tool.is_ours() { None } else { best_other });
        let mut failed = Cell::number(means.failed.to_string(), means.failed as f64);
        failed.mark = if means.failed > 0 { Mark::Failed } else { Mark::Plain };
        vec![
            Cell::text(means.tool.name),
            to_best,
            Cell::number(units::percent(means.size), means.size),
            seconds(means.make),
            seconds(means.restore),
            memory(means.memory),
            Cell::text(means.memory_kind()),
            memory(means.make_peak),
            memory(means.restore_peak),
            failed,
        ]
    };
    let head = [
        "tool",
        "patch / best other",
        "patch / image",
        "make",
        "restore",
        "RAM to restore",
        "RAM is",
        "peak making",
        "peak restoring",
        "failed",
    ];
    let title = format!("Geometric means: {} ({})", class.title(), class.count());
    Table::new(title, 1, &head, means.iter().map(row).collect())
}

/// A line for each pair, a column for each tool; the smallest of all and of the other tools are marked.
pub fn sizes(results: &Results, class: &Class<'_>) -> Table {
    let ours = class.ours.map_or("Smidgen", |ours| results.tools[ours].tool.name);
    let ratio = format!("{ours} / best other");
    let mut head = vec!["pair", "new image", &ratio];
    head.extend(results.tools.iter().map(|installed| installed.tool.name));
    let row = |&pair: &usize| {
        let (smallest, best_other) = (results.smallest(pair), results.best_other(pair).map(|(_, size)| size));
        let own = class.ours.and_then(|ours| results.measured(pair, ours)).map(|measured| measured.size);
        let ratio = own.zip(best_other).map(|(own, other)| own as f64 / other.max(1) as f64);
        let Pair { new_size, .. } = &results.pairs[pair];
        let mut cells = vec![
            Cell::text(results.pairs[pair].class_and_name().1),
            Cell::bytes(*new_size),
            Cell::ratio(ratio),
        ];
        let outcomes = std::iter::zip(&results.tools, &results.outcomes[pair]);
        cells.extend(outcomes.map(|(installed, outcome)| match outcome {
            Err(_) => Cell { mark: Mark::Failed, ..Cell::text("failed") },
            Ok(measured) => {
                let other = if installed.tool.is_ours() { None } else { best_other };
                Cell { mark: marked(Some(measured.size), smallest, other), ..Cell::bytes(measured.size) }
            }
        }));
        cells
    };
    let means = results.means(&class.pairs);
    let mean = class.ours.and_then(|ours| means[ours].to_best);
    let mut foot = vec![Cell::text("mean of patch / best other"), Cell::default(), Cell::ratio(mean)];
    foot.extend(means.iter().map(|means| Cell::ratio(means.to_best)));
    let title = format!("Sizes in bytes: {} ({})", class.title(), class.count());
    let rows = class.pairs.iter().map(row).collect();
    Table { foot: vec![foot], ..Table::new(title, 1, &head, rows) }
}

fn marked<T: PartialEq>(value: Option<T>, best: Option<T>, best_other: Option<T>) -> Mark {
    match value {
        None => Mark::Plain,
        value if value == best => Mark::Best,
        value if value == best_other => Mark::BestOther,
        _ => Mark::Plain,
    }
}

/// What failed, and why, if anything did.
pub fn failures(results: &Results) -> Option<Table> {
    let rows: Vec<Vec<Cell>> = results
        .failures()
        .into_iter()
        .map(|(pair, tool, why)| [&pair.name, tool.name, why].map(Cell::text).into())
        .collect();
    (!rows.is_empty()).then(|| Table::new("What failed".to_owned(), 3, &["pair", "tool", "reason"], rows))
}

/// The conditions of the run.
pub fn facts(results: &Results) -> Table {
    let rows = results.facts.iter().map(|(name, value)| vec![Cell::text(*name), Cell::text(value)]);
    Table::new("The run".to_owned(), 2, &["what", "value"], rows.collect())
}

/// What ran, and what could not.
pub fn tools(results: &Results) -> Table {
    let row = |tool: &Tool, version: &str| {
        let (kind, words) = tool.memory.kind();
        [tool.name, version, tool.about, &format!("{kind}: {words}")].map(Cell::text).into()
    };
    let ran = results.tools.iter().map(|Installed { tool, version, .. }| row(tool, version));
    let missing = results.missing.iter().map(|tool| row(tool, "not installed"));
    let head = ["tool", "version", "setting", "RAM to restore"];
    Table::new("Tools".to_owned(), 4, &head, ran.chain(missing).collect())
}

/// The images by size and digest.
pub fn images(results: &Results) -> Table {
    let row = |(pair, digests): (&Pair, &[String; 2])| {
        let [old, new] = digests.each_ref().map(Cell::text);
        vec![Cell::text(&pair.name), old, new, Cell::bytes(pair.old_size), Cell::bytes(pair.new_size)]
    };
    let rows = std::iter::zip(&results.pairs, &results.digests).map(row).collect();
    let head = ["pair", "SHA-256 of the old image", "SHA-256 of the new image", "old bytes", "new bytes"];
    Table::new("Images".to_owned(), 3, &head, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn tables_are_whole_and_the_smallest_are_marked() {
        let results = samples::results();
        let class = &results.classes()[0];
        let [sizes, failures] = [sizes(&results, class), failures(&results).unwrap()];
        for table in [&means(&results, class), &sizes, &failures, &tools(&results), &images(&results)] {
            let text = table.markdown();
            let rows: Vec<usize> = text.lines().skip(2).map(|line| line.matches(" | ").count()).collect();
            assert!(rows.len() > 3 && rows[..rows.len() - 1].iter().all(|&cells| cells == rows[0]), "{text}");
            let html = table.html("x");
            let cells =
                html.matches("<th").count() + html.matches("<td").count() - html.matches("<thead").count();
            assert_eq!(cells % table.head.len(), 0, "{html}");
        }
        let text = sizes.markdown();
        assert!(text.contains("| two | 2,000 | 0.865 | **3,000** | 3,100 | 3,200 | failed |"), "{text}");
        assert!(text.contains(" | *3,700* | ") && text.contains("| mean of patch / best other | "), "{text}");
        assert!(failures.markdown().contains("| mcu/two | smidgen-64K | making: it said \"<no>\", twice |"));
        assert!(tools(&results).markdown().contains("| qbsdiff | not installed |"));
    }

    #[test]
    fn strange_text_stays_in_its_cell() {
        let table = Table::new("a\n|".to_owned(), 1, &["x"], vec![vec![Cell::text("<b>|\n\u{1b}[1m\"'&")]]);
        assert_eq!(table.markdown(), "## a\\n|\n\n| x |\n| --- |\n| <b>\\|\\n\\u001b[1m\"'& |\n\n");
        let html = table.html("x");
        assert!(html.contains("<th class=\"text\">&lt;b&gt;|\\n\\u001b[1m&quot;&#39;&amp;</th>"), "{html}");
    }
}

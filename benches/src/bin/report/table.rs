//! The tables of the report, as Markdown and as HTML.

use crate::results::{Means, Results};
use crate::tools::Tool;
use crate::units;

/// A table whose first columns are text and the others numbers.
pub struct Table {
    title: String,
    text_columns: usize,
    head: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Clone, Default)]
struct Cell {
    text: String,
    is_bold: bool,
}

/// What to show for what was not measured.
const NOTHING: &str = "–";

impl Table {
    fn new(title: String, text_columns: usize, head: &[&'static str], rows: Vec<Vec<Cell>>) -> Self {
        Self { title, text_columns, head: head.into(), rows }
    }

    /// With a heading of the second level.
    pub fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let cell = |cell: &Cell| {
            let text = cell.text.replace('|', "\\|").replace('\n', " ");
            if cell.is_bold { format!("**{text}**") } else { text }
        };
        let head = line(self.head.iter().map(|&name| name.to_owned()).collect());
        let rule = |column| if column < self.text_columns { "---" } else { "---:" }.to_owned();
        let rule = line((0..self.head.len()).map(rule).collect());
        let rows: String = self.rows.iter().map(|row| line(row.iter().map(cell).collect())).collect();
        format!("## {}\n\n{head}{rule}{rows}\n", self.title)
    }

    /// With a heading of the third level.
    pub fn html(&self) -> String {
        let cell = |tag: &str, column: usize, text: &str, is_bold: bool| {
            let class = if column < self.text_columns { " class=\"text\"" } else { "" };
            let text = escaped(text);
            let text = if is_bold { format!("<b>{text}</b>") } else { text };
            format!("<{tag}{class}>{text}</{tag}>")
        };
        let head: String =
            self.head.iter().enumerate().map(|(column, name)| cell("th", column, name, false)).collect();
        let row = |row: &Vec<Cell>| {
            let cells = row.iter().enumerate();
            let cells: String =
                cells.map(|(column, one)| cell("td", column, &one.text, one.is_bold)).collect();
            format!("<tr>{cells}</tr>\n")
        };
        let rows: String = self.rows.iter().map(row).collect();
        format!(
            "<h3>{}</h3>\n<div class=\"scroll\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n",
            escaped(&self.title)
        )
    }
}

/// A class with the number of its pairs, for headings.
pub fn class_title(class: &str, pairs: &[usize]) -> String {
    let class = if class.is_empty() { "all" } else { class };
    format!("{class} ({} {})", pairs.len(), if pairs.len() == 1 { "pair" } else { "pairs" })
}

/// Means by tool.
pub fn means(results: &Results, class: &str, pairs: &[usize]) -> Table {
    let row = |means: Means| {
        let known = |text: String| if means.all_failed { NOTHING.to_owned() } else { text };
        let cells = [
            means.tool.name.to_owned(),
            means.tool.memory.kind().0.to_owned(),
            units::percent(means.size),
            means.to_best.map_or(NOTHING.to_owned(), |ratio| format!("{ratio:.3}")),
            known(units::seconds(means.make)),
            known(units::seconds(means.restore)),
            known(units::memory(means.memory)),
            known(units::memory(means.make_peak)),
            known(units::memory(means.restore_peak)),
            means.failed.to_string(),
        ];
        cells.map(plain).into()
    };
    let head = [
        "tool",
        "RAM is",
        "patch / image",
        "patch / best other",
        "make",
        "restore",
        "RAM to restore",
        "peak making",
        "peak restoring",
        "failed",
    ];
    let title = format!("Geometric means: {}", class_title(class, pairs));
    Table::new(title, 2, &head, results.means(pairs).into_iter().map(row).collect())
}

/// A line for each pair, a column for each tool; the smallest is bold.
pub fn sizes(results: &Results, class: &str, pairs: &[usize]) -> Table {
    let mut head = vec!["pair", "new image", "Smidgen / best other"];
    head.extend(results.tools.iter().map(|(tool, _)| tool.name));
    let row = |&pair: &usize| {
        let (ours, others) = (results.smallest(pair, true), results.smallest(pair, false));
        let ratio = ours.zip(others).map(|(ours, other)| format!("{:.3}", ours as f64 / other.max(1) as f64));
        let size = results.pairs[pair].new_size;
        let (_, name) = results.pairs[pair].class_and_name();
        let mut cells =
            vec![plain(name), plain(units::thousands(size)), plain(ratio.as_deref().unwrap_or(NOTHING))];
        let smallest = ours.into_iter().chain(others).min();
        cells.extend(results.outcomes[pair].iter().map(|outcome| match outcome {
            Ok(measured) => {
                Cell { text: units::thousands(measured.size), is_bold: Some(measured.size) == smallest }
            }
            Err(_) => plain("failed"),
        }));
        cells
    };
    let title = format!("Sizes in bytes: {}", class_title(class, pairs));
    Table::new(title, 1, &head, pairs.iter().map(row).collect())
}

/// What failed, and why, if anything did.
pub fn failures(results: &Results) -> Option<Table> {
    let rows: Vec<Vec<Cell>> = results
        .failures()
        .into_iter()
        .map(|(pair, tool, why)| [&pair.name, tool.name, why].map(plain).into())
        .collect();
    (!rows.is_empty()).then(|| Table::new("What failed".to_owned(), 3, &["pair", "tool", "reason"], rows))
}

/// What ran, and what could not.
pub fn tools(results: &Results) -> Table {
    let row =
        |tool: &Tool, version: &str| [tool.name, version, tool.about, tool.memory.kind().1].map(plain).into();
    let ran = results.tools.iter().map(|(tool, version)| row(tool, version));
    let missing = results.missing.iter().map(|tool| row(tool, "not installed"));
    let head = ["tool", "version", "setting", "RAM to restore"];
    Table::new("Tools".to_owned(), 4, &head, ran.chain(missing).collect())
}

fn plain(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), is_bold: false }
}

/// Text as HTML and SVG want it.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn tables_are_whole_and_the_smallest_is_bold() {
        let results = samples::results();
        let tables = [
            means(&results, "mcu", &[0, 1]),
            sizes(&results, "mcu", &[0, 1]),
            failures(&results).unwrap(),
            tools(&results),
        ];
        for table in &tables {
            assert!(table.rows.iter().all(|row| row.len() == table.head.len()), "{}", table.title);
        }
        let sizes = tables[1].markdown();
        assert!(sizes.contains("| two | 2,000 | 0.741 | **200** | 210 | 220 | failed |"), "{sizes}");
        assert!(tables[1].html().contains("<td class=\"text\">&lt;one&gt;</td>"));
        assert!(tables[2].markdown().contains("| mcu/two | smidgen-64K | making: it said \"<no>\", twice |"));
        assert!(tables[3].markdown().contains("| qbsdiff | not installed |"));
    }
}

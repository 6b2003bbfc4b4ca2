//! The tables of the report, in Markdown.

use bench_suite::picture::thousands;

use crate::results::{Means, Results};
use crate::tools::Tool;
use crate::units;

/// What to show for what was not measured.
const NOTHING: &str = "–";

/// A heading and a table whose first columns are text and the others numbers.
fn table(title: &str, text_columns: usize, head: &[&str], rows: Vec<Vec<String>>) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> =
            cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = |column| if column < text_columns { "---" } else { "---:" }.to_owned();
    let rule: Vec<String> = (0..head.len()).map(rule).collect();
    let head: Vec<String> = head.iter().map(|&name| name.to_owned()).collect();
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("## {title}\n\n{}{}{rows}\n", line(&head), line(&rule))
}

/// A class with the number of its pairs, for headings.
fn class_title(class: &str, pairs: &[usize]) -> String {
    let class = if class.is_empty() { "all" } else { class };
    format!("{class} ({} {})", pairs.len(), if pairs.len() == 1 { "pair" } else { "pairs" })
}

/// Means by tool.
pub fn means(results: &Results, class: &str, pairs: &[usize]) -> String {
    let row = |means: Means| {
        let known = |text: String| if means.all_failed { NOTHING.to_owned() } else { text };
        vec![
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
        ]
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
    table(&title, 2, &head, results.means(pairs).into_iter().map(row).collect())
}

/// A line for each pair, a column for each tool; the smallest is bold.
pub fn sizes(results: &Results, class: &str, pairs: &[usize]) -> String {
    let mut head = vec!["pair", "new image", "Smidgen / best other"];
    head.extend(results.tools.iter().map(|(tool, _)| tool.name));
    let row = |&pair: &usize| {
        let (ours, others) = (results.smallest(pair, true), results.smallest(pair, false));
        let ratio = ours.zip(others).map(|(ours, other)| format!("{:.3}", ours as f64 / other.max(1) as f64));
        let size = results.pairs[pair].new_size;
        let (_, name) = results.pairs[pair].class_and_name();
        let mut cells = vec![name.to_owned(), thousands(size), ratio.unwrap_or_else(|| NOTHING.to_owned())];
        let smallest = ours.into_iter().chain(others).min();
        cells.extend(results.outcomes[pair].iter().map(|outcome| match outcome {
            Ok(measured) if Some(measured.size) == smallest => format!("**{}**", thousands(measured.size)),
            Ok(measured) => thousands(measured.size),
            Err(_) => "failed".to_owned(),
        }));
        cells
    };
    let title = format!("Sizes in bytes: {}", class_title(class, pairs));
    table(&title, 1, &head, pairs.iter().map(row).collect())
}

/// What failed, and why, if anything did.
pub fn failures(results: &Results) -> String {
    let rows: Vec<Vec<String>> = results
        .failures()
        .into_iter()
        .map(|(pair, tool, why)| [&pair.name, tool.name, why].map(str::to_owned).into())
        .collect();
    let is_good = rows.is_empty();
    if is_good { String::new() } else { table("What failed", 3, &["pair", "tool", "reason"], rows) }
}

/// What ran, and what could not.
pub fn tools(results: &Results) -> String {
    let row = |tool: &Tool, version: &str| {
        [tool.name, version, tool.about, tool.memory.kind().1].map(str::to_owned).into()
    };
    let ran = results.tools.iter().map(|(tool, version)| row(tool, version));
    let missing = results.missing.iter().map(|tool| row(tool, "not installed"));
    table("Tools", 4, &["tool", "version", "setting", "RAM to restore"], ran.chain(missing).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn tables_are_whole_and_the_smallest_is_bold() {
        let results = samples::results();
        let pairs = [0, 1];
        let [sizes, failures] = [sizes(&results, "mcu", &pairs), failures(&results)];
        for table in [means(&results, "mcu", &pairs), sizes.clone(), failures.clone(), tools(&results)] {
            let rows: Vec<usize> = table.lines().skip(2).map(|line| line.matches(" | ").count()).collect();
            assert!(
                rows.len() > 3 && rows[..rows.len() - 1].iter().all(|&cells| cells == rows[0]),
                "{table}"
            );
        }
        assert!(sizes.contains("| two | 2,000 | 0.741 | **200** | 210 | 220 | failed |"), "{sizes}");
        assert!(failures.contains("| mcu/two | smidgen-64K | making: it said \"<no>\", twice |"));
        assert!(tools(&results).contains("| qbsdiff | not installed |"));
    }
}

//! The results as Markdown: means by tool, sizes by pair, what failed, and what ran.

use super::results::{Outcome, Results};
use super::statistics::{self, Means};
use super::text;

/// The whole file.
pub(crate) fn file(results: &Results) -> String {
    let mut text = "# Patches by tool\n\n".to_owned();
    text += &format!("{}\n\n", results.conditions.sentence());
    text += &means_of_classes(results, "##");
    for (class, pairs) in results.classes() {
        text += &format!("## Sizes in bytes{}\n\n{}\n", of_class(class), sizes(results, &pairs));
    }
    text += &failures(results, "##");
    text += &format!("## Tools\n\n{}", tools(results));
    text
}

/// Means by tool and what failed, for standard output.
pub(crate) fn means(results: &Results) -> String {
    means_of_classes(results, "##") + &failures(results, "##")
}

fn means_of_classes(results: &Results, level: &str) -> String {
    let mut text = String::new();
    for (class, pairs) in results.classes() {
        let count = pairs.len();
        let noun = if count == 1 { "pair" } else { "pairs" };
        text += &format!("{level} Geometric means over {count} {noun}{}\n\n", of_class(class));
        text += &row(&[
            "tool",
            "patch / image",
            "patch / best peer",
            "make",
            "restore",
            "RAM to restore",
            "RAM is",
            "failed",
        ]);
        text += "|---|---:|---:|---:|---:|---:|---|---:|\n";
        for means in statistics::means(results, &pairs) {
            text += &mean(results, &means);
        }
        text.push('\n');
    }
    text
}

fn of_class(class: &str) -> String {
    if class.is_empty() { String::new() } else { format!(": {class}") }
}

fn mean(results: &Results, means: &Means) -> String {
    let tool = &results.tools[means.tool].tool;
    let all_failed = means.failed == means.pairs;
    let unless = |text: String| if all_failed { "–".to_owned() } else { text };
    row(&[
        tool.name,
        &text::percent(means.size),
        &means.against_best.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.3}")),
        &unless(text::seconds(means.make)),
        &unless(text::seconds(means.restore)),
        &unless(text::memory(means.memory)),
        tool.memory.kind(),
        &means.failed.to_string(),
    ])
}

/// A line for each pair, a column for each tool; the smallest is bold.
fn sizes(results: &Results, pairs: &[usize]) -> String {
    let tools: Vec<usize> = results.installed().collect();
    let mut head = vec!["pair", "image"];
    head.extend(tools.iter().map(|&tool| results.tools[tool].tool.name));
    let mut text = row(&head) + "|---" + &"|---:".repeat(tools.len() + 1) + "|\n";
    for &pair in pairs {
        let smallest = results.smallest(pair);
        let mut cells =
            vec![results.pairs[pair].short_name().to_owned(), text::thousands(results.pairs[pair].new_size)];
        cells.extend(tools.iter().map(|&tool| match results.outcome(pair, tool) {
            Some(Outcome::Restored(measured)) if Some(measured.size) == smallest => {
                format!("**{}**", text::thousands(measured.size))
            }
            Some(Outcome::Restored(measured)) => text::thousands(measured.size),
            Some(Outcome::Failed(_)) => "failed".to_owned(),
            None => "–".to_owned(),
        }));
        text += &row(&cells.iter().map(String::as_str).collect::<Vec<_>>());
    }
    text
}

fn failures(results: &Results, level: &str) -> String {
    let lines: Vec<String> =
        results.failures().map(|(pair, tool, why)| row(&[&pair.name, tool.tool.name, why])).collect();
    if lines.is_empty() {
        return String::new();
    }
    format!("{level} What failed\n\n{}|---|---|---|\n{}\n", row(&["pair", "tool", "reason"]), lines.concat())
}

fn tools(results: &Results) -> String {
    let mut text = row(&["tool", "version", "setting", "RAM to restore"]) + "|---|---|---|---|\n";
    for probed in &results.tools {
        let version = probed.version.as_deref().unwrap_or("not installed");
        text += &row(&[probed.tool.name, version, probed.tool.about, probed.tool.memory.about()]);
    }
    text
}

fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
    format!("| {} |\n", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::results::samples;

    #[test]
    fn tables_are_whole_and_tell_of_failures() {
        let file = file(&samples::results());
        let mut columns = 0;
        for line in file.lines() {
            let here = line.matches('|').count();
            assert!(columns == 0 || here == 0 || here == columns, "{line}");
            columns = here;
        }
        assert!(file.contains("| mcu/two | smidgen-64K | making: it said <no> |"));
        assert!(file.contains("| qbsdiff | not installed |"));
        assert!(file.contains("**100**"));
    }
}

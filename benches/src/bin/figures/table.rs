//! The file of figures, what documents show of it (tables and a picture), and the comparison of new figures with it.

use std::fs;
use std::path::{Path, PathBuf};

use bench_suite::picture::{self, Bar};

use crate::Result;

const FILE: &str = ".ci/figures.tsv";
const PICTURE: &str = "docs/sizes.svg";
const DOCUMENTS: [&str; 5] =
    ["README.md", "README.zh-CN.md", "docs/device-budget.md", "docs/benchmarks.md", PICTURE];
/// Percent that a figure may be off: compilers and allocators make tenths, losses that matter make more.
const TOLERANCE: f64 = 3.0;

/// Cells: those before the first number are the row's name.
pub type Row = Vec<String>;

/// The rows of the file. Each begins with the name of its table, whose first row has the headings; `#` is a comment.
pub struct Figures {
    root: PathBuf,
    rows: Vec<Row>,
}

impl Figures {
    pub fn read(root: &Path) -> Result<Self> {
        let text = fs::read_to_string(root.join(FILE))?;
        Ok(Self {
            root: root.into(),
            rows: text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect(),
        })
    }

    /// Writes the file and the documents.
    pub fn write(&self) -> Result<()> {
        fs::write(
            self.root.join(FILE),
            self.rows.iter().map(|row| row.join("\t") + "\n").collect::<String>(),
        )?;
        for document in DOCUMENTS {
            fs::write(self.root.join(document), self.shown(document)?.1)?;
        }
        Ok(())
    }

    /// Complaints about documents that do not show these figures.
    pub fn stale_documents(&self) -> Result<Vec<String>> {
        let mut complaints = Vec::new();
        for document in DOCUMENTS {
            let (old, new) = self.shown(document)?;
            if old != new {
                complaints.push(format!("{document} does not show the figures of {FILE}"));
            }
        }
        Ok(complaints)
    }

    /// Puts new rows in the places of those with the same names, and others after them; "modules" are replaced as a whole.
    pub fn put(&mut self, table: &str, rows: Vec<Row>) {
        if table == "modules" {
            self.rows.retain(|row| row[0] != table || row[1] == "part");
        }
        for cells in rows {
            let row: Row = [table.to_owned()].into_iter().chain(cells).collect();
            match self.rows.iter_mut().find(|kept| name(kept) == name(&row)) {
                Some(kept) => *kept = row,
                None => {
                    let end = self
                        .rows
                        .iter()
                        .rposition(|kept| kept[0] == table)
                        .map_or(self.rows.len(), |last| last + 1);
                    self.rows.insert(end, row);
                }
            }
        }
    }

    /// What is wrong with these rows, a line for each figure: it is off, or it is not in the file.
    pub fn complaints(&self, table: &str, rows: &[Row]) -> Vec<String> {
        let mut complaints = Vec::new();
        for row in rows {
            let Some(kept) = self.table(table).find(|kept| name(kept) == name(row)) else {
                complaints.push(format!("{table}, {}: not in {FILE}", name(row).join(", ")));
                continue;
            };
            for (new, old) in row.iter().zip(kept) {
                let (Ok(after), Ok(before)) = (new.parse(), old.parse()) else { continue };
                if is_off(before, after) {
                    let change = (after / before - 1.0) * 100.0;
                    complaints.push(format!(
                        "{table}, {}: {new} instead of {old} ({change:+.1} %)",
                        name(row).join(", ")
                    ));
                }
            }
        }
        complaints
    }

    /// The heading of a table and its rows.
    pub fn table(&self, table: &str) -> impl Iterator<Item = &[String]> {
        self.rows.iter().filter(move |row| row[0] == table).map(|row| &row[1..])
    }

    /// A document as it is, and as it is with all tables that it has places for.
    fn shown(&self, document: &str) -> Result<(String, String)> {
        let old = fs::read_to_string(self.root.join(document))?;
        if document == PICTURE {
            return Ok((old, picture::svg(&self.classes())));
        }
        let mut new = String::new();
        let mut lines = old.split_inclusive('\n');
        while let Some(line) = lines.next() {
            new += line;
            let Some(table) = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(": start -->\n"))
            else {
                continue;
            };
            let rows = self.markdown(table);
            // Another marked place, of figures that are written by hand.
            if rows.is_empty() {
                continue;
            }
            new += &rows;
            let end = format!("<!-- {table}: end -->");
            new +=
                lines.find(|line| line.starts_with(&end)).ok_or_else(|| format!("{document}: no {end}"))?;
        }
        Ok((old, new))
    }

    fn markdown(&self, table: &str) -> String {
        let mut rows: Vec<Row> = self.table(table).map(<[String]>::to_vec).collect();
        if table == "means" {
            rows = self.ratios();
        }
        let mut lines: Vec<String> = rows.iter().map(|row| format!("| {} |\n", row.join(" | "))).collect();
        if let Some(heading) = lines.first() {
            lines.insert(1, heading.replace(|letter| !"|\n".contains(letter), "-"));
        }
        if table == "curve" {
            lines.push(self.means(table));
        }
        lines.concat()
    }

    /// The pairs of "sizes" by class.
    fn classes(&self) -> Vec<(&str, Vec<Bar>)> {
        let mut classes: Vec<(&str, Vec<Bar>)> = Vec::new();
        for row in self.table("sizes") {
            let [class, pair, ours, other, ..] = row else { continue };
            let (Ok(ours), Ok(other)) = (ours.parse(), other.parse()) else { continue };
            if classes.last().is_none_or(|(last, _)| last != class) {
                classes.push((class, Vec::new()));
            }
            classes.last_mut().expect("a class").1.push(Bar { pair: pair.clone(), ours, other });
        }
        classes
    }

    /// The mean ratio of each class.
    fn ratios(&self) -> Vec<Row> {
        let heading = ["images", "pairs", "Smidgen : best other"].map(str::to_owned);
        let ratio = |(class, bars): (&str, Vec<Bar>)| {
            vec![class.to_owned(), bars.len().to_string(), format!("{:.3}", picture::mean(&bars))]
        };
        [heading.into()].into_iter().chain(self.classes().into_iter().map(ratio)).collect()
    }

    /// Geometric means of packages' sizes, relative to those at 16 KiB.
    fn means(&self, table: &str) -> String {
        let sizes: Vec<Vec<f64>> = self
            .table(table)
            .map(|row| row.iter().flat_map(|cell| cell.parse::<f64>()).collect())
            .filter(|sizes: &Vec<f64>| !sizes.is_empty())
            .collect();
        let mean = |column: usize| {
            let sum: f64 = sizes.iter().map(|row| (row[column] / row[2]).ln()).sum();
            format!(" | {:.3}", (sum / sizes.len() as f64).exp())
        };
        format!("| geometric mean, 16 KiB = 1{} |\n", (0..5).map(mean).collect::<String>())
    }
}

fn name(row: &[String]) -> &[String] {
    let end = row.iter().position(|cell| cell.parse::<f64>().is_ok());
    &row[..end.unwrap_or(row.len())]
}

/// Fewer is good news, but a figure that is too high hides the next loss: so it is off too. A few bytes of a small figure
/// are no news.
fn is_off(before: f64, after: f64) -> bool {
    let change = (after - before).abs();
    change * 100.0 > before * TOLERANCE && (before >= 400.0 || change >= 16.0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn documents_show_the_figures() {
        let figures = Figures::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
        assert_eq!(figures.stale_documents().unwrap(), Vec::<String>::new());
        let curve = figures.markdown("curve");
        let means: Vec<f64> = curve.lines().last().unwrap().split(" | ").flat_map(str::parse).collect();
        // More memory never makes packages larger in the mean.
        assert!(means.len() == 4 && means.is_sorted_by(|a, b| a >= b) && means[2] == 1.0, "{means:?}");
    }

    #[test]
    fn a_package_has_the_same_size_in_every_table() {
        let figures = Figures::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
        let sizes = |table: &str, pair: usize, size: usize| -> HashMap<String, String> {
            figures.table(table).skip(1).map(|row| (row[pair].clone(), row[size].clone())).collect()
        };
        let all = sizes("sizes", 1, 2);
        for (table, size) in [("curve", 3), ("corpus", 1)] {
            for (pair, bytes) in sizes(table, 0, size) {
                assert_eq!(all.get(&pair), Some(&bytes), "{table}: {pair}");
            }
        }
    }

    #[test]
    fn figures_off_by_more_than_the_tolerance_are_noticed_in_both_directions() {
        let row = |code: &str| ["v7", "z", "decoder", code, "500"].map(str::to_owned).to_vec();
        let mut figures = Figures { root: PathBuf::new(), rows: Vec::new() };
        assert_eq!(figures.complaints("code", &[row("10000")]).len(), 1);
        figures.put("code", vec![row("10000")]);
        for (code, complaints) in [("10000", 0), ("10299", 0), ("9701", 0), ("10301", 1), ("9699", 1)] {
            assert_eq!(figures.complaints("code", &[row(code)]).len(), complaints, "{code}");
        }
        assert!(!is_off(100.0, 115.0) && is_off(100.0, 116.0));
        figures.put("code", vec![row("9000")]);
        assert_eq!(figures.markdown("code").matches("| 9000 |").count(), 1);
    }
}

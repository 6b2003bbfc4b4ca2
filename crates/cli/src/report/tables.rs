//! Tables for people: names and values, shares of bytes, and the packages of a release.

use std::fmt::{Display, Write};

use smidgen_diff::Escaped;
use smidgen_diff::release::{Manifest, PackageEntry, PackageType};

/// Rows of a name and a value each, and headings between them.
#[derive(Default)]
pub(crate) struct Table(String);

impl Table {
    pub(crate) fn row(&mut self, name: &str, value: impl Display) {
        let _ = writeln!(self.0, "{name:14} {value}");
    }

    pub(crate) fn heading(&mut self, text: &str) {
        let _ = writeln!(self.0, "\n{text}");
    }

    pub(crate) fn line(&mut self, text: impl Display) {
        let _ = writeln!(self.0, "  {text}");
    }

    /// A number of bytes and its share of `whole`.
    pub(crate) fn share(&mut self, name: &str, bytes: u64, whole: u64) {
        let _ = writeln!(self.0, "  {name:12} {bytes:>10} bytes {:>6.2} %", percent(bytes, whole));
    }

    pub(crate) fn finish(self) -> String {
        self.0.trim_end().to_owned()
    }
}

/// A number of things, in the singular or the plural.
pub(crate) fn count(number: usize, name: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {name}{ending}")
}

/// A release: one line about it, one for each package, each key that signed them, and each note.
pub(crate) fn release(manifest: &Manifest) -> String {
    let notes = manifest.notes.iter().map(|note| format!("\nnote     {}", Escaped(note)));
    packages(manifest) + &notes.collect::<String>()
}

/// The same without the notes.
pub(crate) fn packages(manifest: &Manifest) -> String {
    let product = Escaped(manifest.product.as_deref().unwrap_or("no product"));
    let (version, module, name) = (&manifest.version, &manifest.module, Escaped(&manifest.name));
    let mut lines = vec![format!("release  {product}, module {module}, version {version}: {name}")];
    let width = manifest.packages.iter().map(|package| package.file.len()).max().unwrap_or_default();
    let full = manifest.full().map_or(0, |package| package.size);
    lines.extend(manifest.packages.iter().map(|package| package_row(package, width, full)));
    // All packages of a release have the same signatures.
    let keys = manifest.packages.first().map(|package| &*package.keys).unwrap_or_default();
    lines.extend(keys.iter().map(|key| format!("signed   by {key}")));
    lines.join("\n")
}

fn package_row(package: &PackageEntry, width: usize, full: u64) -> String {
    let (file, size, ram) = (&package.file, package.size, package.ram);
    let what = match package.kind {
        PackageType::Full => "full".to_owned(),
        PackageType::Differential => format!("for {}", package.source_versions.join(", ")),
    };
    let share = if full > 0 { format!("{:5.1} %", percent(size, full)) } else { String::new() };
    let needs = package.container.map(|needs| format!("; needs {needs}")).unwrap_or_default();
    let in_place = if package.in_place.is_some() { ", in place" } else { "" };
    format!("  {file:width$}  {size:>10} bytes  {share}  {ram:>8} bytes of RAM  {what}{in_place}{needs}")
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percent_of_the_whole() {
        let mut table = Table::default();
        table.share("header", 25, 200);
        assert_eq!(table.finish(), "  header               25 bytes  12.50 %");
        assert_eq!(percent(0, 0), 0.0);
    }

    #[test]
    fn one_thing_is_in_the_singular() {
        assert_eq!(
            [0, 1, 2].map(|number| count(number, "release")),
            ["0 releases", "1 release", "2 releases"]
        );
    }
}

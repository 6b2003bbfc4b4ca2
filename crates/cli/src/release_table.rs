//! A release as a table for people.

use diff_core::Escaped;
use diff_core::release::{Manifest, Type};

/// One line about the release, one for each package, and one for each note.
pub(crate) fn of(manifest: &Manifest) -> String {
    let product =
        manifest.product.as_deref().map(|product| format!("{}, ", Escaped(product))).unwrap_or_default();
    let (version, module) = (&manifest.version, &manifest.module);
    let mut lines = vec![format!("release  {product}module {module}, version {version}: {}", manifest.name)];
    lines.extend(rows(manifest));
    lines.extend(manifest.notes.iter().map(|note| format!("note     {}", Escaped(note))));
    lines.join("\n")
}

fn rows(manifest: &Manifest) -> Vec<String> {
    let width = manifest.packages.iter().map(|package| package.file.len()).max().unwrap_or_default();
    let full = manifest.full().map_or(0, |package| package.size);
    let row = |package: &diff_core::release::PackageEntry| {
        let (file, size, ram) = (&package.file, package.size, package.ram);
        let what = match package.kind {
            Type::Full => "full".to_owned(),
            Type::Differential => format!("for {}", package.source_versions.join(", ")),
        };
        let share =
            if full > 0 { format!("{:5.1} %", 100.0 * size as f64 / full as f64) } else { String::new() };
        format!("  {file:width$}  {size:>10} bytes  {share}  {ram:>8} bytes of RAM  {what}")
    };
    manifest.packages.iter().map(row).collect()
}

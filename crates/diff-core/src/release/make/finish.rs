//! Finishes a release: drops large differential packages, gives each source its package, and tidies the folder.

use std::path::Path;

use super::progress::{Event, PackProgress};
use super::store::{Known, Store};
use crate::release::error::PackError;
use crate::release::model::{Dropped, Manifest, PackageEntry, PackageType};
use crate::release::platform::{self, Platform};

/// A manifest that has all packages but those that are too large, in which each source has its package.
pub(crate) struct Finished {
    pub(crate) manifest: Manifest,
    dropped: Vec<PackageEntry>,
}

/// Completes a manifest that has all packages: drops those that are too large, and gives each source its package.
pub(crate) fn finish(mut manifest: Manifest) -> Result<Finished, PackError> {
    manifest.shard = None;
    let full = full(&manifest)?.clone();
    let limit = limit(full.size, manifest.share);
    let (kept, dropped): (Vec<_>, Vec<_>) = std::mem::take(&mut manifest.packages)
        .into_iter()
        .partition(|package| package.kind == PackageType::Full || package.size <= limit);
    manifest.packages = kept;
    for source in &mut manifest.sources {
        let is_for = |package: &&PackageEntry| package.source_versions.contains(&source.version);
        if let Some(package) = dropped.iter().find(is_for) {
            source.dropped = Some(Dropped { size: package.size, recipe: package.recipe.clone() });
        }
        let own = manifest.packages.iter().find(is_for);
        source.package = Some(own.unwrap_or(&full).file.clone());
    }
    manifest.notes = notes(&manifest).into_iter().map(|(_, text)| text).collect();
    Ok(Finished { manifest, dropped })
}

impl Finished {
    /// Writes the manifest, and removes the files of packages that were dropped.
    pub(crate) fn write(self, store: &Store) -> Result<Manifest, PackError> {
        write(&self.manifest, store)?;
        for package in self.dropped {
            store.remove(&package.file)?;
            store.forget(&package.file)?;
        }
        Ok(self.manifest)
    }
}

/// Names the files that are no part of the release; if `replace`, removes packages and manifests of earlier runs.
pub(crate) fn tidy(
    manifest: &Manifest,
    store: &Store,
    known: &Known,
    replace: bool,
    progress: &dyn PackProgress,
) -> Result<(), PackError> {
    for file in store.unlisted(manifest)? {
        // Only what is still as an earlier run left it.
        let left = |package: &&PackageEntry| package.file == file && store.read_package(package).is_ok();
        let is_package = known.packages.iter().any(|package| left(&package));
        let removed = replace && (is_package || known.manifests.contains(&file));
        if removed {
            store.remove(&file)?;
            store.forget(&file)?;
        }
        progress.event(&Event::Unlisted { file: &file, is_package, removed });
    }
    Ok(())
}

/// The names of files in the folder of a release that its manifest does not list, sorted; without hidden ones.
///
/// # Errors
/// [`PackError::Read`] for a folder that cannot be read.
pub fn unlisted(manifest: &Manifest, folder: &Path) -> Result<Vec<String>, PackError> {
    Store::open(folder)?.unlisted(manifest)
}

/// The full package, which shards of a damaged release may lack.
fn full(manifest: &Manifest) -> Result<&PackageEntry, PackError> {
    manifest.full().ok_or_else(|| PackError::Merge("the full package is missing".to_owned()))
}

/// Writes the manifest, and removes the records that it replaces. Packages that only the manifest before lists get their
/// records again, by which a later run knows them.
pub(crate) fn write(manifest: &Manifest, store: &Store) -> Result<(), PackError> {
    let before = store.manifest_before(&manifest.file_name());
    let left = before.iter().flat_map(|before| &before.packages);
    left.filter(|package| manifest.package(&package.file).is_none() && store.has(package))
        .try_for_each(|package| store.record(package))?;
    store.write(&manifest.file_name(), &manifest.to_json())?;
    manifest.packages.iter().try_for_each(|package| store.forget(&package.file))
}

/// The most bytes of a differential package that is worth keeping.
pub(crate) const fn limit(full: u64, share: u8) -> u64 {
    (full as u128 * share as u128 / 100) as u64
}

/// The notes on a whole release: their names in JSON, and the texts that its manifest has.
pub(crate) fn notes(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let (share, full) = (manifest.share, manifest.full().map_or(0, |package| package.size));
    let dropped = manifest.sources.iter().filter_map(|source| {
        let size = source.dropped.as_ref()?.size;
        let version = &source.version;
        let text = format!(
            "the differential package for {version} has {size} bytes, more than {share} % of the full one's {full}: devices get the full one"
        );
        Some(("dropped", text))
    });
    let listed = if manifest.platform == Platform::Alibaba { &*manifest.packages } else { &[] };
    let large = listed.iter().filter_map(|package| platform::mqtt_warning(&package.file, package.size));
    dropped.chain(large.map(|text| ("too-large-for-mqtt", text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_of_the_full_package() {
        assert_eq!((limit(1000, 80), limit(999, 80), limit(0, 80)), (800, 799, 0));
        assert_eq!((limit(u64::MAX, 100), limit(5, 0)), (u64::MAX, 0));
    }
}

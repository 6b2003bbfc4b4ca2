//! Merges the shards of a release (`smidgen manifest merge`).

use std::path::Path;

use super::agree;
use super::finish::finish;
use super::store::{Named, Store};
use crate::release::error::PackError;
use crate::release::model::{MANIFEST_FILE, Manifest, PackageEntry, PackageType, Shard};
use crate::release::version;

/// Merges all shards found in `folders` into a release in `folder`, which may be one of them.
///
/// Copies packages from other folders, after all of them are checked. The result is the same, to the byte, as a release
/// that one machine packs.
///
/// # Errors
/// [`PackError::MissingShard`]; [`PackError::Merge`] if a shard is there twice, or shards are of different releases;
/// [`PackError::OtherRelease`] and [`PackError::Busy`].
pub fn merge(folders: &[&Path], folder: &Path) -> Result<Manifest, PackError> {
    let mut shards: Vec<(Shard, Manifest, Store)> = Vec::new();
    for from in folders {
        for manifest in Store::open(from)?.manifests()? {
            if let Some(shard) = manifest.shard {
                shards.push((shard, manifest, Store::open(from)?));
            }
        }
    }
    shards.sort_by_key(|(shard, ..)| *shard);
    check_complete(&shards)?;
    let merged = finish(joined(&shards)?)?;
    merged.manifest.check().map_err(PackError::Merge)?;
    // Twice, as all packages together may exceed the memory.
    for_each_package(&shards, |_, _, _| Ok(()))?;
    let store = Store::create(folder, MANIFEST_FILE)?;
    match store.manifests_of(&Named::of(&merged.manifest)) {
        Ok(_) => {}
        // A link in the manifest's place is not followed, and replaced.
        Err(PackError::Read { path, .. }) if path == store.path(MANIFEST_FILE) && path.is_symlink() => {}
        Err(error) => return Err(error),
    }
    for_each_package(&shards, |from, file, bytes| match from.is_same(&store) {
        true => Ok(()),
        false => store.write(file, bytes),
    })?;
    let merged = merged.write(&store)?;
    shards.iter().try_for_each(|(_, manifest, _)| store.remove(&manifest.file_name()))?;
    Ok(merged)
}

/// Reads and checks every package, and hands it to `work` with its store and the name of its file.
fn for_each_package(
    shards: &[(Shard, Manifest, Store)],
    work: impl Fn(&Store, &str, &[u8]) -> Result<(), PackError>,
) -> Result<(), PackError> {
    for (_, manifest, from) in shards {
        for package in &manifest.packages {
            let wrong = |reason| PackError::manifest(&from.path(&package.file), reason);
            let (bytes, _) = agree::read(manifest, package, from).map_err(wrong)?;
            work(from, &package.file, &bytes)?;
        }
    }
    Ok(())
}

/// Checks that each shard is there once.
fn check_complete(shards: &[(Shard, Manifest, Store)]) -> Result<(), PackError> {
    let Some((first, ..)) = shards.first() else {
        return Err(PackError::Merge("there is no shard in these folders".to_owned()));
    };
    let wrong = |text: String| Err(PackError::Merge(text));
    if let Some((other, ..)) = shards.iter().find(|(shard, ..)| shard.of != first.of) {
        return wrong(format!("shard {first} and shard {other} are of different numbers of shards"));
    }
    if let Some(pair) = shards.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return wrong(format!("shard {} is there twice", pair[0].0));
    }
    let missing = (1..=first.of).find(|&index| shards.iter().all(|(shard, ..)| shard.index != index));
    match missing {
        Some(index) => Err(PackError::MissingShard { index, of: first.of }),
        None => Ok(()),
    }
}

/// All packages in one manifest.
fn joined(shards: &[(Shard, Manifest, Store)]) -> Result<Manifest, PackError> {
    let common = |manifest: &Manifest| {
        let mut common = manifest.clone();
        (common.shard, common.packages) = (None, Vec::new());
        common.sources.iter_mut().for_each(|source| (source.package, source.dropped) = (None, None));
        common
    };
    let (first, manifest, _) = &shards[0];
    let mut merged = common(manifest);
    for (shard, other, _) in shards {
        if common(other) != merged {
            return Err(PackError::Merge(format!(
                "shard {first} and shard {shard} are of different releases"
            )));
        }
    }
    for (_, manifest, _) in shards {
        merged.packages.extend(manifest.packages.iter().cloned());
        for (source, other) in merged.sources.iter_mut().zip(&manifest.sources) {
            source.dropped = source.dropped.take().or_else(|| other.dropped.clone());
        }
    }
    merged.packages.sort_by(|a, b| (a.kind.cmp(&b.kind)).then_with(|| by_first_version(a, b)));
    check_sources(&merged)?;
    Ok(merged)
}

/// The order in which one machine makes them.
fn by_first_version(a: &PackageEntry, b: &PackageEntry) -> std::cmp::Ordering {
    let first = |package: &PackageEntry| package.source_versions.first().cloned().unwrap_or_default();
    version::compare(&first(a), &first(b))
}

/// Checks that each source has a differential package, or had one that was dropped.
fn check_sources(merged: &Manifest) -> Result<(), PackError> {
    let lacking = merged.sources.iter().find(|source| {
        let has = |package: &PackageEntry| {
            package.kind == PackageType::Differential && package.source_versions.contains(&source.version)
        };
        source.dropped.is_none() && !merged.packages.iter().any(has)
    });
    match lacking {
        Some(source) => Err(PackError::Merge(format!("no shard has a package for {}", source.version))),
        None => Ok(()),
    }
}

//! The ways from a device's version to others, by the differential packages of a catalogue.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::catalogue::Listed;
use super::delivery::{Delivery, FullBecause, Step};
use super::entries::{PackageType, SourceEntry};
use super::manifest::Manifest;
use crate::release::version::Version;

/// The versions that a device is offered, in ascending order. Several releases of one version are one.
pub(super) struct Versions<'a>(Vec<Vec<&'a Listed>>);

/// The ways from the version of one device.
pub(super) struct Routes<'v, 'a> {
    versions: &'v Versions<'a>,
    device: Start<'v>,
    /// For each version the last part of the cheapest way to it, if there is one.
    ways: Vec<Option<Way<'a>>>,
}

/// The end of a way.
#[derive(Clone, Copy)]
struct Way<'a> {
    /// The bytes and the number of all packages on it.
    cost: (u64, usize),
    /// The version before the last package; absent if it is the device's.
    from: Option<usize>,
    step: Step<'a>,
}

/// The device's version among the sources of releases.
#[derive(Clone, Copy)]
struct Start<'d> {
    version: &'d str,
    /// Whether a source is spelled in the same way; otherwise one may be spelled differently.
    is_exact: bool,
}

impl Start<'_> {
    fn is(self, source: &SourceEntry) -> bool {
        source.version == self.version
            || (!self.is_exact && Version::of(&source.version).is_same(Version::of(self.version)))
    }
}

impl<'a> Versions<'a> {
    /// The versions of these releases, which are one or more, in ascending order.
    pub(super) fn new(offered: &[&'a Listed]) -> Self {
        Self(
            offered
                .chunk_by(|one, other| one.manifest.version == other.manifest.version)
                .map(<[_]>::to_vec)
                .collect(),
        )
    }

    /// A release of the newest version.
    pub(super) fn newest(&self) -> &'a Manifest {
        &self.0[self.0.len() - 1][0].manifest
    }

    pub(super) fn routes<'v>(&'v self, device_version: &'v str) -> Routes<'v, 'a> {
        let mut sources = self.0.iter().flatten().flat_map(|release| &release.manifest.sources);
        let is_exact = sources.any(|source| source.version == device_version);
        let device = Start { version: device_version, is_exact };
        let mut routes = Routes { versions: self, device, ways: vec![None; self.0.len()] };
        routes.walk();
        routes
    }

    /// The differential packages that lead to the version of this number, with their sources.
    fn packages_to(&self, number: usize) -> impl Iterator<Item = (&'a SourceEntry, Step<'a>)> {
        self.0[number].iter().copied().flat_map(|Listed { folder, manifest }| {
            manifest.sources.iter().filter_map(move |source| {
                let package = manifest.package(source.package.as_deref()?)?;
                let step = Step { folder, manifest, package };
                (package.kind == PackageType::Differential).then_some((source, step))
            })
        })
    }
}

impl<'a> Routes<'_, 'a> {
    /// Finds the cheapest way to each version: the algorithm of Dijkstra.
    fn walk(&mut self) {
        let mut by_base: BTreeMap<&str, Vec<(usize, Step<'a>)>> = BTreeMap::new();
        let mut open = BinaryHeap::new();
        for to in 0..self.versions.0.len() {
            for (source, step) in self.versions.packages_to(to) {
                by_base.entry(&source.image.sha256).or_default().push((to, step));
                if self.device.is(source) {
                    open.extend(self.improve(to, None, step));
                }
            }
        }
        while let Some(Reverse((cost, at))) = open.pop() {
            if self.ways[at].is_none_or(|way| way.cost != cost) {
                continue;
            }
            // A version's image is the base of the next package: digests tell, not names.
            let image = &*self.versions.0[at][0].manifest.target.sha256;
            for &(to, step) in by_base.get(image).into_iter().flatten() {
                open.extend(self.improve(to, Some(at), step));
            }
        }
    }

    /// Takes a way if it is the cheapest so far: then it goes on from there.
    fn improve(
        &mut self,
        to: usize,
        from: Option<usize>,
        step: Step<'a>,
    ) -> Option<Reverse<((u64, usize), usize)>> {
        let (bytes, steps) = from.and_then(|from| self.ways[from]).map_or((0, 0), |way| way.cost);
        let cost = (bytes.saturating_add(step.package.size), steps + 1);
        if self.ways[to].is_some_and(|way| way.cost <= cost) {
            return None;
        }
        self.ways[to] = Some(Way { cost, from, step });
        Some(Reverse((cost, to)))
    }

    fn way_to(&self, number: usize) -> Option<Vec<Step<'a>>> {
        let mut way = self.ways[number]?;
        let mut steps = vec![way.step];
        while let Some(before) = way.from {
            way = self.ways[before]?;
            steps.push(way.step);
        }
        steps.reverse();
        Some(steps)
    }

    const fn last(&self) -> usize {
        self.versions.0.len() - 1
    }

    /// The package from the device's version to the newest one.
    pub(super) fn direct(&self) -> Option<Vec<Step<'a>>> {
        let packages = self.versions.packages_to(self.last()).filter(|(source, _)| self.device.is(source));
        packages.map(|(_, step)| vec![step]).min_by_key(|steps| steps[0].package.size)
    }

    /// The packages to the newest version that there is a way to.
    pub(super) fn to_newest_reachable(&self) -> Option<Vec<Step<'a>>> {
        self.direct().or_else(|| (0..self.versions.0.len()).rev().find_map(|number| self.way_to(number)))
    }

    /// The package to the newest version, the full one, or several on the way: whichever has the fewest bytes.
    pub(super) fn cheapest(&self) -> Delivery<'a> {
        let full = self.full();
        let full_size = full.map(|step| step.package.size);
        let with = |steps, reason| Delivery { steps, reason, full_size };
        if let Some(steps) = self.direct() {
            return with(steps, None);
        }
        let steps = self.way_to(self.last()).unwrap_or_default();
        let bytes = steps.iter().map(|step| step.package.size).fold(0, u64::saturating_add);
        match full {
            Some(_) if steps.is_empty() => {
                let mut sources =
                    self.versions.0[self.last()].iter().flat_map(|release| &release.manifest.sources);
                let is_source = sources.any(|source| self.device.is(source));
                let reason = if is_source { FullBecause::Dropped } else { FullBecause::NotASource };
                with(full.into_iter().collect(), Some(reason))
            }
            Some(step) if step.package.size <= bytes => {
                with(vec![step], Some(FullBecause::Larger { steps: steps.len(), bytes }))
            }
            _ => with(steps, None),
        }
    }

    /// The smallest full package of the newest version.
    fn full(&self) -> Option<Step<'a>> {
        let full = |Listed { folder, manifest }: &'a Listed| {
            manifest.full().map(|package| Step { folder, manifest, package })
        };
        self.versions.0[self.last()].iter().copied().filter_map(full).min_by_key(|step| step.package.size)
    }
}

//! The ways from a device's version to others, by the differential packages of a catalogue.

use std::collections::BTreeMap;

use super::catalogue::Listed;
use super::delivery::{Delivery, FullBecause, Step};
use super::entries::{PackageType, SourceEntry};
use super::manifest::Manifest;
use crate::release::version::{self, Version};

/// The versions that a device is offered, in ascending order, each with its releases: several folders and spellings of one
/// version are one.
pub(super) struct Versions<'a>(Vec<Vec<&'a Listed>>);

/// The ways from the version of one device.
pub(super) struct Routes<'v, 'a> {
    versions: &'v Versions<'a>,
    device: Start<'v>,
    /// For each release of each version the last part of the cheapest way to it, if there is one.
    ways: Vec<Vec<Option<Way<'a>>>>,
}

/// The numbers of a version and of a release of it.
type Place = (usize, usize);

/// The end of a way.
#[derive(Clone, Copy)]
struct Way<'a> {
    /// The bytes and the number of all packages on it.
    cost: (u64, usize),
    /// The release before the last package; absent if that is from the device's version.
    from: Option<Place>,
    step: Step<'a>,
}

/// The device's version among the sources of releases.
#[derive(Clone, Copy)]
struct Start<'d>(&'d str);

impl<'d> Start<'d> {
    /// Which sources of a release are this version: the one spelled in the same way, or else those spelled differently.
    fn in_release(self, release: &Manifest) -> impl Fn(&SourceEntry) -> bool + use<'d> {
        let Self(own) = self;
        let is_exact = release.sources.iter().any(|source| source.version == own);
        move |source| source.version == own || (!is_exact && version::is_same(&source.version, own))
    }
}

impl<'a> Versions<'a> {
    /// The versions of these releases, which are one or more, in ascending order.
    pub(super) fn new(offered: &[&'a Listed]) -> Self {
        Self(
            offered
                .chunk_by(|one, other| version::is_same(&one.manifest.version, &other.manifest.version))
                .map(<[_]>::to_vec)
                .collect(),
        )
    }

    /// A release of the newest version.
    pub(super) fn newest(&self) -> &'a Manifest {
        &self.0[self.0.len() - 1][0].manifest
    }

    /// Whether a release of the newest version is spelled in this way.
    pub(super) fn is_newest(&self, version: &str) -> bool {
        self.0[self.0.len() - 1].iter().any(|release| release.manifest.version == version)
    }

    pub(super) fn routes<'v>(&'v self, device_version: &'v str) -> Routes<'v, 'a> {
        let ways = self.0.iter().map(|releases| vec![None; releases.len()]).collect();
        let mut routes = Routes { versions: self, device: Start(device_version), ways };
        routes.walk();
        routes
    }
}

impl<'a> Routes<'_, 'a> {
    /// The differential packages of a release, with their sources, and whether these are the device's version.
    fn packages_of(&self, (number, index): Place) -> impl Iterator<Item = (&'a SourceEntry, bool, Step<'a>)> {
        let Listed { folder, manifest } = self.versions.0[number][index];
        let is_start = self.device.in_release(manifest);
        manifest.sources.iter().filter_map(move |source| {
            let package = manifest.package(source.package.as_deref()?)?;
            let step = Step { folder, manifest, package };
            (package.kind == PackageType::Differential).then(|| (source, is_start(source), step))
        })
    }

    /// The places of a version's releases.
    fn places(&self, number: usize) -> impl Iterator<Item = Place> + use<> {
        (0..self.versions.0[number].len()).map(move |index| (number, index))
    }

    /// Finds the cheapest way to each release. Each step of a way leads to a higher version, and to no lower rollback
    /// counter, so that one pass in ascending order finds them all. Only a package from the device's very version may lead
    /// to a lower one, and nothing leads on from there.
    fn walk(&mut self) {
        let places: Vec<Place> = (0..self.versions.0.len()).flat_map(|number| self.places(number)).collect();
        let mut by_base: BTreeMap<&str, Vec<(Place, Step<'a>)>> = BTreeMap::new();
        for &to in &places {
            let packages: Vec<_> = self.packages_of(to).collect();
            for (source, is_start, step) in packages {
                by_base.entry(&source.image.sha256).or_default().push((to, step));
                if is_start {
                    self.improve(to, None, step);
                }
            }
        }
        let device = Version::of(self.device.0);
        for at in places {
            let release = &self.versions.0[at.0][at.1].manifest;
            if self.way(at).is_none() || Version::of(&release.version).precedence(device).is_lt() {
                continue;
            }
            // A version's image is the base of the next package: digests tell, not names.
            for &(to, step) in by_base.get(&*release.target.sha256).into_iter().flatten() {
                // As for devices, no counter is 0.
                let counter = |manifest: &Manifest| manifest.rollback_counter.unwrap_or(0);
                if to.0 > at.0 && counter(step.manifest) >= counter(release) {
                    self.improve(to, Some(at), step);
                }
            }
        }
    }

    fn way(&self, (number, index): Place) -> Option<Way<'a>> {
        self.ways[number][index]
    }

    /// Takes a way if it is the cheapest so far.
    fn improve(&mut self, to: Place, from: Option<Place>, step: Step<'a>) {
        let (bytes, steps) = from.and_then(|from| self.way(from)).map_or((0, 0), |way| way.cost);
        let cost = (bytes.saturating_add(step.package.size), steps + 1);
        if self.way(to).is_none_or(|way| cost < way.cost) {
            self.ways[to.0][to.1] = Some(Way { cost, from, step });
        }
    }

    /// The cheapest way to a version.
    fn way_to(&self, number: usize) -> Option<Vec<Step<'a>>> {
        let mut way = self.places(number).filter_map(|place| self.way(place)).min_by_key(|way| way.cost)?;
        let mut steps = vec![way.step];
        while let Some(before) = way.from {
            way = self.way(before)?;
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
        let packages = self.places(self.last()).flat_map(|place| self.packages_of(place));
        let own = packages.filter(|&(_, is_start, _)| is_start).map(|(.., step)| step);
        own.min_by_key(|step| step.package.size).map(|step| vec![step])
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
                let is_source = self.versions.0[self.last()].iter().any(|Listed { manifest, .. }| {
                    manifest.sources.iter().any(self.device.in_release(manifest))
                });
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

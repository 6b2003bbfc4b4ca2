//! Search: which stretches of a target resemble which stretches of a base.
//!
//! The search is the greedy scan bsdiff made popular, arranged so that it needs few lookups and runs on
//! all cores. [`Index`] answers "where does this string occur?", the scan picks exact matches worth
//! switching to, and the resolver grows them into approximate ones and decides where one ends and the
//! next begins. The result depends on the inputs and [`SearchOptions`] only, never on the number of threads.

mod blocks;
mod compare;
mod equal;
mod grams;
mod matches;
mod resolve;
mod scan;
mod suffix_array;
mod text;

pub(crate) use compare::common_prefix;
pub use equal::Equal;
pub use matches::{Match, SearchOptions};
pub use suffix_array::{Index, SearchError};

/// Finds the covers of `target`, in ascending `target_start`, not overlapping in `target`, each non-empty and within bounds.
///
/// Covers may overlap in the base. Bytes of `target` in no cover resemble nothing. Of a target
/// beyond 4 GiB only the part that [`Match`] can address is searched.
pub fn find_matches(index: &Index, target: &[u8], options: &SearchOptions) -> Vec<Match> {
    find_matches_around(index, target, &Equal::default(), options)
}

/// Like [`find_matches`], where it is known beforehand that some stretches of `target` are equal.
pub fn find_matches_around(
    index: &Index,
    target: &[u8],
    equal: &Equal,
    options: &SearchOptions,
) -> Vec<Match> {
    let target = &target[..target.len().min(u32::MAX as usize)];
    let seeds = scan::find_seeds(index, target, equal.stretches(), options);
    resolve::covers(index.base(), target, &seeds)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use tests::noise;

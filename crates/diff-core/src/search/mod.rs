//! Match search: which stretches of a new image resemble which stretches of an old one.
//!
//! The search is the greedy scan bsdiff made popular, arranged so that it needs few lookups and runs on
//! all cores. [`Index`] answers "where does this string occur?", the scan picks exact matches worth
//! switching to, and the resolver grows them into approximate ones and decides where one ends and the
//! next begins. The result depends on the inputs and [`CoverOptions`] only, never on the number of threads.

mod blocks;
mod compare;
mod equal;
mod grams;
mod matches;
mod resolve;
mod scan;
mod seed;
mod suffix_array;
mod text;

pub(crate) use compare::common_prefix;
pub use equal::Equal;
pub use matches::{CoverOptions, Match};
pub use suffix_array::{Index, SearchError};

/// Finds the covers of `new`, in ascending `new_start`, not overlapping in `new`, each non-empty and within bounds.
///
/// Covers may overlap in the old image. Bytes of `new` in no cover resemble nothing. Of a new image
/// beyond 4 GiB only the part that [`Match`] can address is searched.
pub fn find_covers(index: &Index, new: &[u8], options: &CoverOptions) -> Vec<Match> {
    find_covers_around(index, new, &Equal::default(), options)
}

/// Like [`find_covers`], where it is known beforehand that some stretches of `new` are equal.
pub fn find_covers_around(index: &Index, new: &[u8], equal: &Equal, options: &CoverOptions) -> Vec<Match> {
    let new = &new[..new.len().min(u32::MAX as usize)];
    let seeds = scan::find_seeds(index, new, equal.stretches(), options);
    resolve::covers(index.old(), new, &seeds)
}

#[cfg(test)]
mod noise;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use noise::noise;

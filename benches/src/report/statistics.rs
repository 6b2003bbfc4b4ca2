//! Means over pairs, one line for each tool.

use super::results::{Measured, Results};
use super::tool::Family;

/// A tool's geometric means over some pairs.
#[derive(Clone, Debug)]
pub(crate) struct Means {
    /// Index of the tool.
    pub(crate) tool: usize,
    /// Patch over target image. A pair that failed counts as the whole image, which is what would have to be sent.
    pub(crate) size: f64,
    /// Patch over the smallest that any peer made, which for the best peer of every pair would be 1.
    pub(crate) against_best: Option<f64>,
    /// What follows is over the pairs that did not fail: seconds to make and to restore, bytes that a restore needs.
    pub(crate) make: f64,
    pub(crate) restore: f64,
    pub(crate) memory: f64,
    /// Peaks of resident memory while making and restoring, in bytes.
    pub(crate) make_peak: f64,
    pub(crate) restore_peak: f64,
    pub(crate) pairs: usize,
    pub(crate) failed: usize,
}

/// The means of every tool that ran, over these pairs.
pub(crate) fn means(results: &Results, pairs: &[usize]) -> Vec<Means> {
    results.installed().map(|tool| means_of(results, pairs, tool)).collect()
}

fn means_of(results: &Results, pairs: &[usize], tool: usize) -> Means {
    let measured = |pair: usize| results.outcome(pair, tool).and_then(|outcome| outcome.measured());
    let size = |pair: usize| {
        let image = results.pairs[pair].new_size;
        measured(pair).map_or(image, |measured| measured.size).max(1) as f64
    };
    let good: Vec<&Measured> = pairs.iter().filter_map(|&pair| measured(pair)).collect();
    let over =
        |value: fn(&Measured) -> f64| geometric(good.iter().map(|measured| value(measured))).unwrap_or(0.0);
    let of_image = pairs.iter().map(|&pair| size(pair) / results.pairs[pair].new_size.max(1) as f64);
    let of_best = pairs.iter().filter_map(|&pair| Some(size(pair) / best_peer(results, pair)? as f64));
    Means {
        tool,
        size: geometric(of_image).unwrap_or(0.0),
        against_best: geometric(of_best),
        make: over(|measured| measured.make.wall),
        restore: over(|measured| measured.restore.wall),
        memory: over(|measured| measured.memory as f64),
        make_peak: over(|measured| measured.make.peak as f64),
        restore_peak: over(|measured| measured.restore.peak as f64),
        pairs: pairs.len(),
        failed: pairs.len() - good.len(),
    }
}

/// The smallest patch of a pair that any peer made.
pub(crate) fn best_peer(results: &Results, pair: usize) -> Option<u64> {
    let peers = results.installed().filter(|&tool| results.tools[tool].tool.family != Family::Smidgen);
    peers.filter_map(|tool| Some(results.outcome(pair, tool)?.measured()?.size.max(1))).min()
}

/// The geometric mean of positive numbers, if there are any; nothing is taken for a millionth.
pub(crate) fn geometric(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0usize);
    for value in values {
        sum += value.max(1e-6).ln();
        count += 1;
    }
    (count > 0).then(|| (sum / count as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_the_geometric_one() {
        let mean = geometric([1.0, 4.0, 16.0].into_iter()).unwrap();
        assert!((mean - 4.0).abs() < 1e-9, "{mean}");
        assert_eq!(geometric(std::iter::empty()), None);
    }
}

//! What a run found out: every outcome, the conditions under which it was measured, and means.

use bench_suite::corpus::Pair;

use crate::measure::Cost;
use crate::tools::Tool;

/// What a successful round trip took.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Bytes of the patch.
    pub size: u64,
    pub make: Cost,
    pub restore: Cost,
    /// Bytes that a restore needs; what they are, the tool's `Memory` says.
    pub memory: u64,
}

/// What a round trip took, or why the image did not come back byte for byte.
pub type Outcome = Result<Measured, String>;

/// Everything that a report says.
#[derive(Debug)]
pub struct Results {
    pub pairs: Vec<Pair>,
    /// The tools that ran, with their versions, and those that are not installed.
    pub tools: Vec<(&'static Tool, String)>,
    pub missing: Vec<&'static Tool>,
    /// For each pair, the outcome of each tool.
    pub outcomes: Vec<Vec<Outcome>>,
    /// The machine and how it was used, in a sentence or two.
    pub conditions: String,
}

/// A tool's geometric means over some pairs.
#[derive(Clone, Copy, Debug)]
pub struct Means {
    pub tool: &'static Tool,
    /// Patch over target image. A pair that failed counts as the whole image, which is what would have to be sent.
    pub size: f64,
    /// Patch over the smallest that any other tool made of the pair.
    pub to_best: Option<f64>,
    /// What follows is over the pairs that did not fail: seconds to make and to restore, bytes that a restore needs.
    pub make: f64,
    pub restore: f64,
    pub memory: f64,
    /// Peaks of resident memory while making and restoring, in bytes.
    pub make_peak: f64,
    pub restore_peak: f64,
    pub failed: usize,
    pub all_failed: bool,
}

impl Results {
    /// The classes of pairs, and which pairs belong to each; the largest class first.
    pub fn classes(&self) -> Vec<(&str, Vec<usize>)> {
        let mut classes: Vec<(&str, Vec<usize>)> = Vec::new();
        for (index, pair) in self.pairs.iter().enumerate() {
            let (class, _) = pair.class_and_name();
            match classes.iter_mut().find(|(other, _)| *other == class) {
                Some((_, pairs)) => pairs.push(index),
                None => classes.push((class, vec![index])),
            }
        }
        classes.sort_by_key(|(_, pairs)| std::cmp::Reverse(pairs.len()));
        classes
    }

    /// All that went wrong, with its pair, tool and reason.
    pub fn failures(&self) -> Vec<(&Pair, &'static Tool, &str)> {
        let of_pair = |(pair, outcomes)| {
            std::iter::zip(&self.tools, outcomes).filter_map(move |((tool, _), outcome): (_, &Outcome)| {
                outcome.as_ref().err().map(|why| (pair, *tool, why.as_str()))
            })
        };
        std::iter::zip(&self.pairs, &self.outcomes).flat_map(of_pair).collect()
    }

    /// The smallest patch that Smidgen, or any other tool, made of a pair.
    pub fn smallest(&self, pair: usize, ours: bool) -> Option<u64> {
        let made = std::iter::zip(&self.tools, &self.outcomes[pair]);
        let made = made.filter(|((tool, _), _)| tool.is_ours() == ours);
        made.filter_map(|(_, outcome)| Some(outcome.as_ref().ok()?.size)).min()
    }

    /// The means of every tool that ran, over these pairs.
    pub fn means(&self, pairs: &[usize]) -> Vec<Means> {
        (0..self.tools.len()).map(|tool| self.means_of(pairs, tool)).collect()
    }

    fn means_of(&self, pairs: &[usize], tool: usize) -> Means {
        let measured = |pair: usize| self.outcomes[pair][tool].as_ref().ok();
        let image = |pair: usize| self.pairs[pair].new_size.max(1) as f64;
        let size = |pair: usize| measured(pair).map_or(image(pair), |measured| measured.size as f64).max(1.0);
        let good: Vec<&Measured> = pairs.iter().filter_map(|&pair| measured(pair)).collect();
        let over = |value: fn(&Measured) -> f64| geometric(good.iter().map(|one| value(one))).unwrap_or(0.0);
        let best = |pair: usize| self.smallest(pair, false).map(|best| best.max(1) as f64);
        Means {
            tool: self.tools[tool].0,
            size: geometric(pairs.iter().map(|&pair| size(pair) / image(pair))).unwrap_or(0.0),
            to_best: geometric(pairs.iter().filter_map(|&pair| Some(size(pair) / best(pair)?))),
            make: over(|measured| measured.make.wall),
            restore: over(|measured| measured.restore.wall),
            memory: over(|measured| measured.memory as f64),
            make_peak: over(|measured| measured.make.peak as f64),
            restore_peak: over(|measured| measured.restore.peak as f64),
            failed: pairs.len() - good.len(),
            all_failed: good.is_empty(),
        }
    }
}

/// The geometric mean of positive numbers, if there are any; nothing is taken for a millionth.
fn geometric(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) =
        values.fold((0.0, 0.0), |(sum, count), value| (sum + value.max(1e-6).ln(), count + 1.0));
    (count > 0.0).then(|| (sum / count).exp())
}

/// Made-up results for tests of the writers.
#[cfg(test)]
pub mod samples {
    use super::*;
    use crate::tools::TOOLS;

    /// One tool is missing, and another one fails.
    pub fn results() -> Results {
        let sizes = [("mcu/<one>", 1000), ("mcu/two", 2000), ("linux/three", 4_000_000)];
        let pair = |(name, size): (&str, u64)| {
            let name = name.to_owned();
            Pair { name, old: "old".into(), new: "new".into(), old_size: size, new_size: size }
        };
        let (tools, missing): (Vec<_>, Vec<_>) = TOOLS.iter().partition(|tool| tool.name != "qbsdiff");
        let outcome = |pair: usize, tool: usize| {
            if (pair, tool) == (1, 3) {
                return Err("making: it said \"<no>\", twice".to_owned());
            }
            let size = 100 * (pair as u64 + 1) + 10 * tool as u64;
            let cost = Cost { wall: 0.1 * (tool + 1) as f64, processor: 0.1, peak: 1 << 22 };
            Ok(Measured { size, make: cost, restore: cost, memory: 4096 << tool })
        };
        let outcomes =
            (0..sizes.len()).map(|pair| (0..tools.len()).map(|tool| outcome(pair, tool)).collect()).collect();
        let tools = tools.into_iter().map(|tool| (tool, "1.0".to_owned())).collect();
        Results { pairs: sizes.map(pair).into(), tools, missing, outcomes, conditions: "Here.".to_owned() }
    }

    #[test]
    fn means_are_geometric_and_failures_count_as_whole_images() {
        assert!((geometric([1.0, 4.0, 16.0].into_iter()).unwrap() - 4.0).abs() < 1e-9);
        assert_eq!(geometric(std::iter::empty()), None);
        let results = results();
        assert_eq!((results.smallest(1, true), results.smallest(1, false)), (Some(200), Some(270)));
        let means = &results.means(&[0, 1])[3];
        assert_eq!(means.failed, 1);
        assert!((means.size - (0.130f64 * 1.0).sqrt()).abs() < 1e-9, "{}", means.size);
    }
}

//! What a run found out: every outcome, the conditions under which it was measured, and means.

use bench_suite::corpus::Pair;
use bench_suite::picture::LEAST;
use smidgen::peers::{Installed, Measured, Outcome, Tool};

/// Everything that a report says.
#[derive(Debug)]
pub struct Results {
    pub pairs: Vec<Pair>,
    /// The SHA-256 of both images of each pair, in hexadecimal digits.
    pub digests: Vec<[String; 2]>,
    /// The tools that ran, and those that are not installed.
    pub tools: Vec<Installed>,
    pub missing: Vec<Tool>,
    /// For each pair, the outcome of each tool.
    pub outcomes: Vec<Vec<Outcome>>,
    /// The machine and how it was used: names and values.
    pub facts: Vec<(&'static str, String)>,
}

/// A class of pairs.
#[derive(Debug)]
pub struct Class<'a> {
    /// The directory that its pairs are in; may be empty.
    pub name: &'a str,
    pub pairs: Vec<usize>,
    /// The setting that stands for Smidgen: 16 KiB for microcontrollers, else the automatic memory.
    pub ours: Option<usize>,
}

/// A tool's geometric means over some pairs.
#[derive(Clone, Copy, Debug)]
pub struct Means {
    pub tool: Tool,
    /// Patch over target image. A pair that failed counts as the whole image, which is what would have to be sent.
    pub size: f64,
    /// Patch over the smallest that any other tool made of the pair; packages of less than [`LEAST`] bytes count as that.
    pub to_best: Option<f64>,
    /// What follows is over the pairs that did not fail: seconds to make and to restore, bytes that a restore needs.
    pub make: f64,
    pub restore: f64,
    pub memory: f64,
    /// Whether restoring one of them needs an operating system, as it is a package of compressed files.
    pub needs_system: bool,
    /// Peaks of resident memory while making and restoring, in bytes.
    pub make_peak: f64,
    pub restore_peak: f64,
    pub failed: usize,
    pub all_failed: bool,
}

impl Means {
    /// What its memory is: stated, documented or measured, and whether it needs an operating system.
    pub fn memory_kind(&self) -> String {
        let system = if self.needs_system { ", with OS" } else { "" };
        format!("{}{system}", self.tool.memory.kind().0)
    }
}

impl Class<'_> {
    /// How headings call it.
    pub fn title(&self) -> String {
        let known =
            [("mcu", "Microcontrollers"), ("linux", "Linux and boot"), ("container", "Compressed files")];
        let known = known.iter().find(|(name, _)| *name == self.name).map(|(_, title)| (*title).to_owned());
        known.unwrap_or_else(
            || if self.name.is_empty() { "All pairs".to_owned() } else { self.name.to_owned() },
        )
    }

    /// The number of pairs, in words.
    pub fn count(&self) -> String {
        if self.pairs.len() == 1 { "1 pair".to_owned() } else { format!("{} pairs", self.pairs.len()) }
    }

    fn is_for_microcontrollers(&self) -> bool {
        let name = self.name.to_lowercase();
        name.contains("mcu") || name.contains("microcontroller")
    }
}

impl Results {
    /// The classes of pairs: microcontrollers first, then the largest class.
    pub fn classes(&self) -> Vec<Class<'_>> {
        let mut classes: Vec<Class<'_>> = Vec::new();
        for (index, pair) in self.pairs.iter().enumerate() {
            let (name, _) = pair.class_and_name();
            match classes.iter_mut().find(|class| class.name == name) {
                Some(class) => class.pairs.push(index),
                None => classes.push(Class { name, pairs: vec![index], ours: None }),
            }
        }
        classes.sort_by_key(|class| (!class.is_for_microcontrollers(), std::cmp::Reverse(class.pairs.len())));
        for class in &mut classes {
            let setting = if class.is_for_microcontrollers() { "smidgen-16K" } else { "smidgen-auto" };
            let exact = self.tools.iter().position(|installed| installed.tool.name == setting);
            class.ours = exact.or_else(|| self.tools.iter().position(|installed| installed.tool.is_ours()));
        }
        classes
    }

    /// All that went wrong, with its pair, tool and reason; Smidgen's first.
    pub fn failures(&self) -> Vec<(&Pair, Tool, &str)> {
        let mut failures = Vec::new();
        for (pair, outcomes) in std::iter::zip(&self.pairs, &self.outcomes) {
            for (Installed { tool, .. }, outcome) in std::iter::zip(&self.tools, outcomes) {
                failures.extend(outcome.as_ref().err().map(|why| (pair, *tool, why.as_str())));
            }
        }
        failures.sort_by_key(|(_, tool, _)| !tool.is_ours());
        failures
    }

    /// What a tool took for a pair, if it did not fail.
    pub fn measured(&self, pair: usize, tool: usize) -> Option<&Measured> {
        self.outcomes.get(pair)?.get(tool)?.as_ref().ok()
    }

    /// The smallest patch that any other tool made of a pair, and that tool.
    pub fn best_other(&self, pair: usize) -> Option<(usize, u64)> {
        let others = (0..self.tools.len()).filter(|&tool| !self.tools[tool].tool.is_ours());
        others.filter_map(|tool| Some((tool, self.measured(pair, tool)?.size))).min_by_key(|(_, size)| *size)
    }

    /// The smallest of all.
    pub fn smallest(&self, pair: usize) -> Option<u64> {
        (0..self.tools.len()).filter_map(|tool| Some(self.measured(pair, tool)?.size)).min()
    }

    /// The bytes of Smidgen's package and of the best other one, for the pairs of a class that have both.
    pub fn beside(&self, class: &Class<'_>) -> Vec<(usize, u64, u64)> {
        let beside = |&pair: &usize| {
            Some((pair, self.measured(pair, class.ours?)?.size, self.best_other(pair).map(|(_, size)| size)?))
        };
        class.pairs.iter().filter_map(beside).collect()
    }

    /// The means of every tool that ran, over these pairs.
    pub fn means(&self, pairs: &[usize]) -> Vec<Means> {
        (0..self.tools.len()).map(|tool| self.means_of(pairs, tool)).collect()
    }

    fn means_of(&self, pairs: &[usize], tool: usize) -> Means {
        let measured = |pair: usize| self.measured(pair, tool);
        let image = |pair: usize| self.pairs[pair].new_size.max(1);
        let size = |pair: usize| measured(pair).map_or(image(pair), |measured| measured.size).max(1);
        let good: Vec<&Measured> = pairs.iter().filter_map(|&pair| measured(pair)).collect();
        let over = |value: fn(&Measured) -> f64| geometric(good.iter().map(|one| value(one))).unwrap_or(0.0);
        let to_best = |&pair: &usize| {
            let (_, best) = self.best_other(pair)?;
            Some(size(pair).max(LEAST) as f64 / best.max(LEAST) as f64)
        };
        Means {
            tool: self.tools[tool].tool,
            size: geometric(pairs.iter().map(|&pair| size(pair) as f64 / image(pair) as f64)).unwrap_or(0.0),
            to_best: geometric(pairs.iter().filter_map(to_best)),
            make: over(|measured| measured.make.wall),
            restore: over(|measured| measured.restore.wall),
            memory: over(|measured| measured.memory() as f64),
            needs_system: good.iter().any(|measured| measured.container.is_some()),
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
    use std::ffi::OsStr;

    use smidgen::peers::{Cost, Worker};

    use super::*;
    use crate::tools::all_tools;

    /// One tool is missing, and another one fails.
    pub fn results() -> Results {
        let sizes = [("linux/three", 4_000_000), ("mcu/<one>", 1000), ("mcu/two", 2000)];
        let pair = |(name, size): (&str, u64)| {
            let name = name.to_owned();
            Pair { name, old: "old".into(), new: "new".into(), old_size: size, new_size: size }
        };
        let (tools, missing): (Vec<_>, Vec<_>) =
            all_tools().into_iter().partition(|tool| tool.name != "qbsdiff");
        let outcome = |pair: usize, tool: usize| {
            if (pair, tool) == (2, 3) {
                return Err("making: it said \"<no>\", twice".to_owned());
            }
            let size = 1000 * (pair as u64 + 1) + 100 * tool as u64;
            let cost = Cost { wall: 0.1 * (tool + 1) as f64, processor: 0.1, peak: 1 << 22 };
            Ok(Measured { size, make: cost, restore: cost, ram: 4096 << tool, container: None })
        };
        let outcomes =
            (0..sizes.len()).map(|pair| (0..tools.len()).map(|tool| outcome(pair, tool)).collect()).collect();
        let linked = |tool: Tool| {
            let mut found =
                Installed::find(Tool { worker: Worker::Linked("1.0"), ..tool }, OsStr::new("")).unwrap();
            found.tool = tool;
            found
        };
        Results {
            pairs: sizes.map(pair).into(),
            digests: vec![["aa".to_owned(), "bb".to_owned()]; sizes.len()],
            tools: tools.into_iter().map(linked).collect(),
            missing,
            outcomes,
            facts: vec![("processor", "<fast>".to_owned())],
        }
    }

    #[test]
    fn means_are_geometric_and_failures_count_as_whole_images() {
        assert!((geometric([1.0, 4.0, 16.0].into_iter()).unwrap() - 4.0).abs() < 1e-9);
        assert_eq!(geometric(std::iter::empty()), None);
        let results = results();
        assert_eq!((results.smallest(2), results.best_other(2)), (Some(3000), Some((7, 3700))));
        let means = &results.means(&[1, 2])[3];
        assert_eq!(means.failed, 1);
        assert!((means.size - (2.3f64 * 1.0).sqrt()).abs() < 1e-9, "{}", means.size);
    }

    #[test]
    fn microcontrollers_come_first_and_are_compared_with_their_memory() {
        let results = results();
        let classes = results.classes();
        let ours = |class: &Class<'_>| results.tools[class.ours.unwrap()].tool.name;
        let found: Vec<_> = classes.iter().map(|class| (class.name, ours(class), class.count())).collect();
        let expected =
            [("mcu", "smidgen-16K", "2 pairs".to_owned()), ("linux", "smidgen-auto", "1 pair".to_owned())];
        assert_eq!(found, expected);
        assert_eq!(results.beside(&classes[0]), [(1, 2200, 2700), (2, 3200, 3700)]);
    }
}

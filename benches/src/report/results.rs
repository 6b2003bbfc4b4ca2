//! What a run found out: every outcome, and the conditions under which it was measured.

use std::thread::available_parallelism;

use super::corpus::Pair;
use super::measure::Cost;
use super::probe::Probed;

/// What a successful round trip took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// Bytes of the patch.
    pub(crate) size: u64,
    pub(crate) make: Cost,
    pub(crate) restore: Cost,
    /// Bytes that a restore needs; what they are, the tool's `Memory` says.
    pub(crate) memory: u64,
}

/// How a round trip ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// The image came back, byte for byte.
    Restored(Measured),
    /// It did not, for this reason.
    Failed(String),
}

/// On what and how the measurements were made.
#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    /// Operating system and architecture.
    pub(crate) system: String,
    pub(crate) cores: usize,
    pub(crate) jobs: usize,
    /// Threads asked for; 0 means all cores.
    pub(crate) threads: usize,
    pub(crate) repeat: usize,
}

/// Everything that a report tells.
#[derive(Clone, Debug)]
pub(crate) struct Results {
    pub(crate) pairs: Vec<Pair>,
    pub(crate) tools: Vec<Probed>,
    /// Indices of pair and tool, and what came of them, in this order; tools that are not installed have no rows.
    pub(crate) rows: Vec<(usize, usize, Outcome)>,
    pub(crate) conditions: Conditions,
}

impl Outcome {
    pub(crate) const fn measured(&self) -> Option<&Measured> {
        match self {
            Self::Restored(measured) => Some(measured),
            Self::Failed(_) => None,
        }
    }
}

impl Conditions {
    pub(crate) fn here(jobs: usize, threads: usize, repeat: usize) -> Self {
        let system = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
        let cores = available_parallelism().map_or(1, usize::from);
        Self { system, cores, jobs, threads, repeat }
    }

    /// The same as a sentence or two.
    pub(crate) fn sentence(&self) -> String {
        let threads = if self.threads == 0 { self.cores } else { self.threads };
        let mut text = format!("Measured under {} with {} cores", self.system, self.cores);
        text += &format!("; Smidgen and the crates used up to {threads} threads.");
        if self.repeat > 1 {
            text += &format!(" Times are the shortest of {} runs.", self.repeat);
        }
        if self.jobs > 1 {
            text += &format!(
                " {} pieces of work ran at a time, which makes times longer than they need be.",
                self.jobs
            );
        }
        text
    }
}

impl Results {
    /// What came of a tool on a pair.
    pub(crate) fn outcome(&self, pair: usize, tool: usize) -> Option<&Outcome> {
        let found = self.rows.binary_search_by_key(&(pair, tool), |&(pair, tool, _)| (pair, tool));
        found.ok().map(|row| &self.rows[row].2)
    }

    /// All that went wrong, with its pair, tool and reason.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (&Pair, &Probed, &str)> {
        self.rows.iter().filter_map(|(pair, tool, outcome)| match outcome {
            Outcome::Failed(why) => Some((&self.pairs[*pair], &self.tools[*tool], why.as_str())),
            Outcome::Restored(_) => None,
        })
    }

    /// The tools that ran.
    pub(crate) fn installed(&self) -> impl Iterator<Item = usize> {
        (0..self.tools.len()).filter(|&tool| self.tools[tool].version.is_some())
    }

    /// The names of the tools that are missing here.
    pub(crate) fn missing(&self) -> Vec<&str> {
        self.tools.iter().filter(|tool| tool.version.is_none()).map(|tool| tool.tool.name).collect()
    }

    /// The classes of pairs, and which pairs belong to each.
    pub(crate) fn classes(&self) -> Vec<(&str, Vec<usize>)> {
        let mut classes: Vec<(&str, Vec<usize>)> = Vec::new();
        for (index, pair) in self.pairs.iter().enumerate() {
            match classes.iter_mut().find(|(class, _)| *class == pair.class()) {
                Some((_, pairs)) => pairs.push(index),
                None => classes.push((pair.class(), vec![index])),
            }
        }
        classes
    }

    /// The smallest patch of a pair.
    pub(crate) fn smallest(&self, pair: usize) -> Option<u64> {
        let sizes = self.installed().filter_map(|tool| self.outcome(pair, tool)?.measured());
        sizes.map(|measured| measured.size).min()
    }
}

/// Made-up results for tests of the writers.
#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::report::tools;

    pub(crate) fn results() -> Results {
        let tools: Vec<Probed> = tools::all().into_iter().map(probed).collect();
        let pairs = vec![pair("mcu/<one>", 1000), pair("mcu/two", 2000), pair("linux/three", 4_000_000)];
        let mut rows = Vec::new();
        for pair in 0..pairs.len() {
            let installed = (0..tools.len()).filter(|&tool| tools[tool].version.is_some());
            rows.extend(installed.map(|tool| (pair, tool, outcome(pair, tool))));
        }
        Results { pairs, tools, rows, conditions: Conditions::here(1, 0, 1) }
    }

    /// One of them is missing.
    fn probed(tool: super::super::tool::Tool) -> Probed {
        let version = (tool.name != "qbsdiff").then(|| "1.0".to_owned());
        Probed { tool, version }
    }

    fn pair(name: &str, size: u64) -> Pair {
        Pair { name: name.to_owned(), old: "old".into(), new: "new".into(), old_size: size, new_size: size }
    }

    /// One of them fails.
    fn outcome(pair: usize, tool: usize) -> Outcome {
        if (pair, tool) == (1, 3) {
            return Outcome::Failed("making: it said <no>".to_owned());
        }
        let size = 100 * (pair as u64 + 1) + 10 * tool as u64;
        let cost = Cost { wall: 0.1 * (tool + 1) as f64, processor: 0.1, peak: 1 << 22 };
        Outcome::Restored(Measured { size, make: cost, restore: cost, memory: 4096 << tool })
    }
}

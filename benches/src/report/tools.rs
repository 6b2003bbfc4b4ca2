//! The table of all tools: Smidgen's settings and the peers, each at its strongest.
//!
//! Peers for devices come twice: at their strongest, and with the codec that a microcontroller would take.

use super::corpus::Pair;
use super::ours::SETTINGS;
use super::tool::{Family, Memory, Tool, Worker};

/// heatshrink's window as detools sets it, in bits.
const HEATSHRINK_WINDOW: u32 = 8;
/// tinyuz's dictionary and caches: `peers.py` asks for the former.
const TINYUZ_DICTIONARY: u64 = 4 << 10;
const TINYUZ_CACHE: u64 = 256;

const PEERS: &[Tool] = &[
    Tool {
        name: "bsdiff",
        family: Family::Bsdiff,
        about: "the program, bzip2",
        worker: Worker::Programs("bsdiff", "bspatch"),
        make: "{old} {new} {patch}",
        restore: "{old} {out} {patch}",
        memory: Memory::Documented("bspatch(1): as much as both images have", both_images),
    },
    Tool { name: "bsdiff-crate", family: Family::Bsdiff, about: "the crate, patch in bzip2", ..OWN },
    Tool { name: "qbsdiff", family: Family::Qbsdiff, about: "the crate, bzip2 level 9", ..OWN },
    Tool {
        name: "xdelta3",
        family: Family::Xdelta3,
        about: "-9 -S lzma, windows as large as they can be, no checksums",
        worker: Worker::Programs("xdelta3", "xdelta3"),
        make: "-e -9 -S lzma -n -A= -D -f -q -B {source-window} -W 16777216 -s {old} {new} {patch}",
        restore: "-d -R -f -q -B {source-window} -s {old} {patch} {out}",
        memory: Memory::Measured,
    },
    Tool {
        name: "zstd-patch-from",
        family: Family::Zstd,
        about: "--patch-from --ultra -22, parameters that its manual advises",
        worker: Worker::Programs("zstd", "zstd"),
        make: "-q -f --ultra -22 --single-thread --long={window-log} --zstd=targetLength=4096,chainLog={chain-log} \
               --patch-from={old} {new} -o {patch}",
        restore: "-q -f -d --long=31 --patch-from={old} {patch} -o {out}",
        memory: Memory::Measured,
    },
    Tool { name: "detools-lzma", family: Family::Detools, about: "sequential, LZMA", ..DETOOLS },
    Tool {
        name: "detools-heatshrink",
        family: Family::Detools,
        about: "sequential, heatshrink with its usual window of 256 bytes: for microcontrollers",
        memory: Memory::Documented(
            "heatshrink: its window and about 50 bytes; the patcher's own state not counted",
            heatshrink,
        ),
        ..DETOOLS
    },
    Tool {
        name: "detools-hdiffpatch",
        family: Family::Detools,
        about: "patch type hdiffpatch, LZMA",
        ..DETOOLS
    },
    Tool {
        name: "hdiffpatch-lzma2",
        family: Family::Hdiffpatch,
        about: "in memory, LZMA2 at its best",
        ..HDIFFPATCH
    },
    Tool {
        name: "hdiffpatch-lite-tuz",
        family: Family::Hdiffpatch,
        about: "HPatchLite, tinyuz with a dictionary of 4 KiB: for microcontrollers",
        memory: Memory::Documented(
            "tinyuz: its dictionary and two caches of 256 bytes; the patcher's own state not counted",
            tinyuz,
        ),
        ..HDIFFPATCH
    },
];

const OWN: Tool = Tool {
    name: "",
    family: Family::Smidgen,
    about: "",
    worker: Worker::Own,
    make: "work {tool} make {old} {new} {patch}",
    restore: "work {tool} restore {old} {patch} {out}",
    memory: Memory::Measured,
};

const DETOOLS: Tool = Tool {
    family: Family::Detools,
    worker: Worker::Python("detools"),
    make: "{tool} make {old} {new} {patch}",
    restore: "{tool} restore {old} {patch} {out}",
    ..OWN
};

const HDIFFPATCH: Tool = Tool { family: Family::Hdiffpatch, worker: Worker::Python("hdiffpatch"), ..DETOOLS };

/// Smidgen's settings and then the peers.
#[must_use]
pub fn all() -> Vec<Tool> {
    let ours = SETTINGS.iter().map(|setting| Tool {
        name: setting.name,
        about: setting.about,
        memory: Memory::Header,
        ..OWN
    });
    ours.chain(PEERS.iter().copied()).collect()
}

fn both_images(pair: &Pair) -> u64 {
    pair.old_size + pair.new_size
}

fn heatshrink(_: &Pair) -> u64 {
    (1 << HEATSHRINK_WINDOW) + 50
}

fn tinyuz(_: &Pair) -> u64 {
    TINYUZ_DICTIONARY + 2 * TINYUZ_CACHE
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_is_there_once() {
        let tools = all();
        let names: HashSet<&str> = tools.iter().map(|tool| tool.name).collect();
        assert_eq!(names.len(), tools.len());
        assert!(!names.contains(""));
    }

    #[test]
    fn only_ours_have_a_header_that_tells() {
        for tool in all() {
            let told = matches!(tool.memory, Memory::Header);
            assert_eq!(told, tool.family == Family::Smidgen, "{}", tool.name);
        }
    }
}

//! All tools: Smidgen's settings and the peers, each at its strongest; and which are installed, in which versions.
//!
//! Peers for devices come twice: at their strongest, and with the codec that a microcontroller would take.

use std::path::Path;
use std::process::Command;

use bench_suite::corpus::Pair;
use smidgen_diff::{CodecChoice, Containers, Options, Ram};

/// What names of Smidgen's settings begin with, and its package.
const SMIDGEN: &str = "smidgen";
/// This workspace's lock file has the versions of what is linked in.
const LOCK: &str = include_str!("../../../../Cargo.lock");

/// One tool at one setting.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    pub name: &'static str,
    /// Its setting, in a few words.
    pub about: &'static str,
    pub worker: Worker,
    /// Arguments for making a patch; words in braces stand for files and sizes.
    pub make: &'static str,
    /// Arguments for restoring the new image.
    pub restore: &'static str,
    pub memory: Memory,
}

impl Tool {
    /// Whether this is a setting of Smidgen's.
    pub fn is_ours(&self) -> bool {
        self.name.starts_with(SMIDGEN)
    }
}

/// Who does the work: always a process of its own, so that times and memory can be compared.
#[derive(Clone, Copy, Debug)]
pub enum Worker {
    /// This program again, for what is linked into it; the name in the lock file.
    Own(&'static str),
    /// Programs on the path: what makes, what restores, and a command that prints the version.
    Programs(&'static str, &'static str, &'static [&'static str]),
    /// A module of Python, driven by `peers.py`.
    Python(&'static str),
}

/// Where the memory that a restore needs is known from.
#[derive(Clone, Copy, Debug)]
pub enum Memory {
    /// The package's header states it.
    Header,
    /// The tool's documentation states it, in words and as a function of the pair.
    Documented(&'static str, fn(&Pair) -> u64),
    /// The most that the restoring process had resident, its runtime included.
    Measured,
}

impl Memory {
    /// The word for it, and a sentence.
    pub const fn kind(&self) -> (&'static str, &'static str) {
        match self {
            Self::Header => ("header", "what the package's header asks a device for"),
            Self::Documented(words, _) => ("documented", words),
            Self::Measured => {
                ("measured", "peak of the restoring process, its runtime included; at least 3 MiB")
            }
        }
    }
}

/// All, in the order of the report.
pub const TOOLS: &[Tool] = &[
    Tool { name: "smidgen-4K", about: "cm in 4 KiB", ..OWN },
    Tool { name: "smidgen-8K", about: "cm in 8 KiB", ..OWN },
    Tool { name: "smidgen-16K", about: "cm in 16 KiB", ..OWN },
    Tool { name: "smidgen-64K", about: "cm in 64 KiB", ..OWN },
    Tool { name: "smidgen-256K", about: "cm in 256 KiB", ..OWN },
    Tool { name: "smidgen-auto", about: "cm, memory by the image's size", ..OWN },
    Tool { name: "smidgen-zstd", about: "zstd, memory by the image's size", ..OWN },
    Tool {
        name: "bsdiff",
        about: "the program, bzip2",
        worker: Worker::Programs("bsdiff", "bspatch", &["dpkg-query", "-W", "-f", "${Version}", "bsdiff"]),
        make: "{old} {new} {patch}",
        restore: "{old} {out} {patch}",
        memory: Memory::Documented("bspatch(1): as much as both images have", |pair| {
            pair.old_size + pair.new_size
        }),
    },
    Tool {
        name: "bsdiff-crate",
        about: "the crate, patch in bzip2",
        worker: Worker::Own("bsdiff"),
        memory: Memory::Measured,
        ..OWN
    },
    Tool {
        name: "qbsdiff",
        about: "the crate, bzip2 level 9",
        worker: Worker::Own("qbsdiff"),
        memory: Memory::Measured,
        ..OWN
    },
    Tool {
        name: "xdelta3",
        about: "-9 -S lzma, windows as large as they can be, no checksums",
        worker: Worker::Programs("xdelta3", "xdelta3", &["xdelta3", "-V"]),
        make: "-e -9 -S lzma -n -A= -D -f -q -B {source-window} -W 16777216 -s {old} {new} {patch}",
        restore: "-d -R -f -q -B {source-window} -s {old} {patch} {out}",
        memory: Memory::Measured,
    },
    Tool {
        name: "zstd-patch-from",
        about: "--patch-from --ultra -22, parameters that its manual advises",
        worker: Worker::Programs("zstd", "zstd", &["zstd", "--version"]),
        make: "-q -f --ultra -22 --single-thread --long={window-log} --zstd=targetLength=4096,chainLog={chain-log} \
               --patch-from={old} {new} -o {patch}",
        restore: "-q -f -d --long=31 --patch-from={old} {patch} -o {out}",
        memory: Memory::Measured,
    },
    Tool { name: "detools-lzma", about: "sequential, LZMA", ..DETOOLS },
    Tool {
        name: "detools-heatshrink",
        about: "sequential, heatshrink with its usual window of 256 bytes: for microcontrollers",
        memory: Memory::Documented(
            "heatshrink: its window of 256 bytes and about 50; the patcher's own state not counted",
            |_| 256 + 50,
        ),
        ..DETOOLS
    },
    Tool { name: "detools-hdiffpatch", about: "patch type hdiffpatch, LZMA", ..DETOOLS },
    Tool { name: "hdiffpatch-lzma2", about: "in memory, LZMA2 at its best", ..HDIFFPATCH },
    Tool {
        name: "hdiffpatch-lite-tuz",
        about: "HPatchLite, tinyuz with a dictionary of 4 KiB: for microcontrollers",
        // `peers.py` asks for that dictionary.
        memory: Memory::Documented(
            "tinyuz: its dictionary and two caches of 256 bytes; the patcher's own state not counted",
            |_| (4 << 10) + 2 * 256,
        ),
        ..HDIFFPATCH
    },
];

const OWN: Tool = Tool {
    name: "",
    about: "",
    worker: Worker::Own(SMIDGEN),
    make: "work {tool} make {old} {new} {patch}",
    restore: "work {tool} restore {old} {patch} {out}",
    memory: Memory::Header,
};

const DETOOLS: Tool = Tool {
    worker: Worker::Python("detools"),
    make: "{tool} make {old} {new} {patch}",
    restore: "{tool} restore {old} {patch} {out}",
    memory: Memory::Measured,
    ..OWN
};

const HDIFFPATCH: Tool = Tool { worker: Worker::Python("hdiffpatch"), ..DETOOLS };

/// What one of Smidgen's settings asks the engine for.
pub fn options(name: &str) -> Option<Options> {
    let (ram, codec) = match name.strip_prefix("smidgen-")? {
        "auto" => (Ram::Auto, CodecChoice::Cm),
        "zstd" => (Ram::Auto, CodecChoice::Zstd),
        size => (Ram::Bytes(size.strip_suffix('K')?.parse::<u64>().ok()? << 10), CodecChoice::Cm),
    };
    // Compressed files are compared by their contents at any memory, as for devices with an operating system.
    Some(Options::default().with_ram(ram).with_codec(codec).with_containers(Some(Containers::Auto)))
}

/// The tools that these names or beginnings of names mean; all if there are none.
pub fn chosen_tools(names: &[String]) -> Result<Vec<&'static Tool>, String> {
    // A whole name means that tool alone: "bsdiff" is not "bsdiff-crate".
    let means = |name: &str, tool: &Tool| {
        let whole = TOOLS.iter().any(|other| other.name == name);
        if whole { tool.name == name } else { tool.name.starts_with(name) }
    };
    if let Some(name) = names.iter().find(|name| !TOOLS.iter().any(|tool| means(name, tool))) {
        let known: Vec<&str> = TOOLS.iter().map(|tool| tool.name).collect();
        return Err(format!("\"{name}\": no such tool; there are {}", known.join(", ")));
    }
    Ok(TOOLS.iter().filter(|tool| names.is_empty() || names.iter().any(|name| means(name, tool))).collect())
}

/// Python itself, past any script that stands for it: starting that would be part of every time.
pub fn real_python(python: &Path) -> String {
    let program = python.to_string_lossy().into_owned();
    said(&[&program, "-c", "import sys; print(sys.executable)"]).unwrap_or(program)
}

/// The version of a tool, if it is installed.
pub fn version(tool: &Tool, python: &str) -> Option<String> {
    match tool.worker {
        // With the commit: between releases, versions differ by nothing else.
        Worker::Own(SMIDGEN) => {
            let version = env!("CARGO_PKG_VERSION");
            let commit = said(&["git", "-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty"]);
            Some(commit.map_or_else(|| version.to_owned(), |commit| format!("{version} ({commit})")))
        }
        Worker::Own(package) => {
            let (_, rest) = LOCK.split_once(&format!("name = \"{package}\"\nversion = \""))?;
            Some(rest.split_once('"')?.0.to_owned())
        }
        Worker::Programs(make, restore, ask) => {
            let is_version =
                |word: &&str| word.trim_start_matches('v').starts_with(|first: char| first.is_ascii_digit());
            let said = said(ask).unwrap_or_default();
            let version = said.split([' ', ',']).find(is_version).unwrap_or("unknown version");
            (is_on_path(make) && is_on_path(restore)).then(|| version.trim_start_matches('v').to_owned())
        }
        // Imports it too: a package that cannot be loaded is as good as none.
        Worker::Python(module) => {
            let ask = format!("import {module}, importlib.metadata as m; print(m.version('{module}'))");
            said(&[python, "-c", &ask])
        }
    }
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The first line that a program says, if it ends well.
fn said(command: &[&str]) -> Option<String> {
    let output = Command::new(command[0]).args(&command[1..]).output().ok()?;
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let line = String::from_utf8_lossy(&said).lines().next()?.trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_name_means_one_tool_and_a_beginning_all_that_begin_so() {
        let names = |text: &str| -> Vec<&str> {
            chosen_tools(&[text.to_owned()]).unwrap().iter().map(|tool| tool.name).collect()
        };
        assert_eq!(names("bsdiff"), ["bsdiff"]);
        assert_eq!(names("bsdiff-"), ["bsdiff-crate"]);
        let ours: Vec<&str> =
            TOOLS.iter().filter(|tool| options(tool.name).is_some()).map(|tool| tool.name).collect();
        assert_eq!(names("smidgen"), ours);
        assert!(chosen_tools(&["gdiff".to_owned()]).is_err());
    }

    #[test]
    fn what_is_linked_in_has_a_version_and_what_is_not_there_has_none() {
        for tool in TOOLS.iter().filter(|tool| matches!(tool.worker, Worker::Own(_))) {
            assert!(version(tool, "python3").is_some_and(|version| version.contains('.')), "{}", tool.name);
        }
        assert_eq!(version(&DETOOLS, "no-such-python"), None);
    }
}

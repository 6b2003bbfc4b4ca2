//! All tools: Smidgen's settings and the peers, each at its strongest.
//!
//! Peers for devices come twice: at their strongest, and with the codec that a microcontroller would take.

use smidgen_diff::{CodecChoice, Ram};

/// One tool at one setting.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// How it is called: the name of its family, and its setting.
    pub name: &'static str,
    /// Its setting, in a few words.
    pub about: &'static str,
    /// Who does the work.
    pub worker: Worker,
    /// How a patch is made: steps with `&&` between them, in which the files are `old`, `new` and `patch`, and words in
    /// braces depend on sizes. The steps of programs begin with their names.
    pub make: &'static str,
    /// How the new image is restored, as `out`.
    pub restore: &'static str,
    /// Where the memory that a restore needs is known from.
    pub memory: Memory,
}

/// Who does the work: always a process of its own, so that times and memory can be compared.
#[derive(Clone, Copy, Debug)]
pub enum Worker {
    /// Smidgen, by this program itself.
    Smidgen(Ram, CodecChoice),
    /// A library that is linked into this program, and its version.
    Linked(&'static str),
    /// Programs on the path; a command prints the version of the first.
    Programs(&'static [&'static str]),
    /// A module of Python that is a program, which may also be on the path by the same name.
    Module(&'static str),
    /// A module of Python, driven by this script.
    Script(&'static str, &'static str),
}

/// Where the memory that a restore needs is known from.
#[derive(Clone, Copy, Debug)]
pub enum Memory {
    /// The package's header states it.
    Header,
    /// The tool's documentation states it, in words and as a function of the images.
    Documented(&'static str, fn(Sizes) -> u64),
    /// The most that the restoring process had resident, its runtime included.
    Measured,
}

/// Bytes of a pair of images.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Of the base image.
    pub old: u64,
    /// Of the target image.
    pub new: u64,
}

/// All, in the order of the report.
pub const TOOLS: &[Tool] = &[
    ours("smidgen-4K", "cm in 4 KiB", Ram::Bytes(4 << 10)),
    ours("smidgen-8K", "cm in 8 KiB", Ram::Bytes(8 << 10)),
    ours("smidgen-16K", "cm in 16 KiB", Ram::Bytes(16 << 10)),
    ours("smidgen-64K", "cm in 64 KiB", Ram::Bytes(64 << 10)),
    ours("smidgen-256K", "cm in 256 KiB", Ram::Bytes(256 << 10)),
    ours("smidgen-auto", "cm, memory by the image's size", Ram::Auto),
    Tool {
        worker: Worker::Smidgen(Ram::Auto, CodecChoice::Zstd),
        ..ours("smidgen-zstd", "zstd, memory by the image's size", Ram::Auto)
    },
    Tool {
        name: "bsdiff",
        about: "the program, bzip2",
        worker: Worker::Programs(&["dpkg-query", "-W", "-f", "${Version}", "bsdiff"]),
        make: "bsdiff old new patch",
        restore: "bspatch old out patch",
        memory: Memory::Documented("bspatch(1): as much as both images have", |sizes| sizes.old + sizes.new),
    },
    Tool {
        name: "xdelta3",
        about: "-9 -S lzma, windows as large as they can be, no checksums",
        worker: Worker::Programs(&["xdelta3", "-V"]),
        make: "xdelta3 -e -9 -S lzma -n -A= -D -f -q -B {source-window} -W 16777216 -s old new patch",
        restore: "xdelta3 -d -R -f -q -B {source-window} -s old patch out",
        memory: Memory::Measured,
    },
    Tool {
        name: "zstd-patch-from",
        about: "--patch-from --ultra -22, parameters that its manual advises",
        worker: Worker::Programs(&["zstd", "--version"]),
        make: "zstd -q -f --ultra -22 --single-thread --long={window-log} --zstd=targetLength=4096,chainLog={chain-log} \
               --patch-from=old new -o patch",
        restore: "zstd -q -f -d --long=31 --patch-from=old patch -o out",
        memory: Memory::Measured,
    },
    Tool {
        name: "hdiffz",
        about: "the program, in memory, LZMA2 at its best",
        worker: Worker::Programs(&["hdiffz", "-v"]),
        // The score of matches and the single stream that made the smallest patches of four pairs of 60 to 270 KB.
        make: "hdiffz -f -m-3 -SD -d -c-lzma2-9-64m old new patch",
        restore: "hpatchz -f old patch out",
        memory: Memory::Measured,
    },
    Tool {
        name: "zucchini",
        about: "its patch in xz -9e",
        // It has no version of its own.
        worker: Worker::Programs(&[]),
        make: "zucchini -gen old new patch && xz -9e patch && mv patch.xz patch",
        restore: "cp patch plain.xz && xz -d -f plain.xz && zucchini -apply old plain out",
        memory: Memory::Measured,
    },
    Tool { name: "detools-lzma", about: "sequential, LZMA", ..DETOOLS },
    Tool {
        name: "detools-heatshrink",
        about: "sequential, heatshrink with its usual window of 256 bytes: for microcontrollers",
        make: "create_patch -c heatshrink old new patch",
        memory: Memory::Documented(
            "heatshrink: its window of 256 bytes and about 50; the patcher's own state not counted",
            |_| 256 + 50,
        ),
        ..DETOOLS
    },
    Tool {
        name: "detools-hdiffpatch",
        about: "patch type hdiffpatch, LZMA",
        make: "create_patch -t hdiffpatch -a hdiffpatch -c lzma old new patch",
        ..DETOOLS
    },
    Tool {
        name: "hdiffpatch-lzma2",
        about: "the Python package, in memory, LZMA2 at its best",
        ..HDIFFPATCH
    },
    Tool {
        name: "hdiffpatch-lite-tuz",
        about: "HPatchLite, tinyuz with a dictionary of 4 KiB: for microcontrollers",
        make: "make-lite old new patch",
        restore: "restore-lite old patch out",
        // The script asks for that dictionary.
        memory: Memory::Documented(
            "tinyuz: its dictionary and two caches of 256 bytes; the patcher's own state not counted",
            |_| (4 << 10) + 2 * 256,
        ),
        ..HDIFFPATCH
    },
];

const DETOOLS: Tool = Tool {
    name: "",
    about: "",
    worker: Worker::Module("detools"),
    make: "create_patch -c lzma old new patch",
    restore: "apply_patch old patch out",
    memory: Memory::Measured,
};

const HDIFFPATCH: Tool = Tool {
    worker: Worker::Script("hdiffpatch", include_str!("hdiffpatch.py")),
    make: "make old new patch",
    restore: "restore old patch out",
    ..DETOOLS
};

const fn ours(name: &'static str, about: &'static str, ram: Ram) -> Tool {
    Tool {
        name,
        about,
        worker: Worker::Smidgen(ram, CodecChoice::Cm),
        make: "",
        restore: "",
        memory: Memory::Header,
    }
}

impl Tool {
    /// Whether this is a setting of Smidgen's.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        matches!(self.worker, Worker::Smidgen(..))
    }

    /// The first part of the name, which settings of a tool share.
    #[must_use]
    pub fn family(&self) -> &'static str {
        self.name.split('-').next().unwrap_or(self.name)
    }
}

impl Memory {
    /// The word for it, and a sentence.
    #[must_use]
    pub const fn kind(&self) -> (&'static str, &'static str) {
        match self {
            Self::Header => ("header", "what the package's header asks a device for"),
            Self::Documented(words, _) => ("documented", words),
            Self::Measured => {
                ("measured", "peak of the restoring process, its runtime included; at least a few MiB")
            }
        }
    }
}

/// The tools among `all` that these names or beginnings of names mean; all if there are none.
///
/// # Errors
/// If a name means no tool: a message for the user.
pub fn chosen(all: &[Tool], names: &[String]) -> Result<Vec<Tool>, String> {
    // A whole name means that tool alone: "bsdiff" is not "bsdiff-crate".
    let means = |name: &str, tool: &Tool| {
        let whole = all.iter().any(|other| other.name == name);
        if whole { tool.name == name } else { !name.is_empty() && tool.name.starts_with(name) }
    };
    if let Some(name) = names.iter().find(|name| !all.iter().any(|tool| means(name, tool))) {
        let known: Vec<&str> = all.iter().map(|tool| tool.name).collect();
        return Err(format!("\"{name}\": no such tool; there are {}", known.join(", ")));
    }
    let is_chosen = |tool: &&Tool| names.is_empty() || names.iter().any(|name| means(name, tool));
    Ok(all.iter().filter(is_chosen).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_name_means_one_tool_and_a_beginning_all_that_begin_so() {
        let names = |text: &str| -> Vec<&str> {
            chosen(TOOLS, &[text.to_owned()]).unwrap().iter().map(|tool| tool.name).collect()
        };
        assert_eq!(names("hdiffz"), ["hdiffz"]);
        assert_eq!(names("hdiffpatch-"), ["hdiffpatch-lzma2", "hdiffpatch-lite-tuz"]);
        let ours: Vec<&str> = TOOLS.iter().filter(|tool| tool.is_ours()).map(|tool| tool.name).collect();
        assert_eq!(names("smidgen"), ours);
        assert!(chosen(TOOLS, &["gdiff".to_owned()]).is_err() && chosen(TOOLS, &[String::new()]).is_err());
    }
}

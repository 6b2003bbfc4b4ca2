//! What the decoder takes on devices: code of linked programs, stack and instructions of restores on emulated boards.

use std::collections::{BTreeMap, HashSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench_suite::corpus::{Pair, all_pairs};
use tempfile::NamedTempFile;

use crate::{Result, Row, output};

const ARM: &str = "thumbv7em-none-eabi";
const SMALL_ARM: &str = "thumbv6m-none-eabi";
const RISCV: &str = "riscv32imc-unknown-none-elf";
/// Targets and levels of optimization that every run measures, and the others.
pub const FEW: &[(&str, &str)] = &[(ARM, "z"), (RISCV, "z")];
pub const MORE: &[(&str, &str)] = &[(ARM, "s"), (SMALL_ARM, "z"), (SMALL_ARM, "s"), (RISCV, "s")];
/// Programs, and the features of `.ci/no-panic` for them, beside the architecture.
const PROGRAMS: [(&str, &str); 9] = [
    ("decoder", "cm"),
    ("decoder of lite", "lite"),
    ("decoder of cm and lite", "cm,lite"),
    ("decoder, SHA-256", "cm,sha2"),
    ("decoder, SHA-256, encrypted: chacha20", "cm,sha2,chacha20"),
    ("decoder, SHA-256, encrypted: aes", "cm,sha2,aes"),
    ("decoder, SHA-256, encrypted: sealed", "cm,sha2,sealed"),
    ("A/B over flash, SHA-256", "cm,sha2,ab"),
    ("in place, SHA-256", "cm,sha2,in-place"),
];
/// Images of the emulated board are shorter than this.
const LARGEST: u64 = 4 << 20;

/// Bytes of code and of constants of each program, by target.
pub fn code(targets: &[(&str, &str)]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for &(target, optimize) in targets {
        let mut programs = Vec::new();
        for (what, features) in PROGRAMS {
            programs.push((what, sections(&link(target, optimize, features)?)?));
        }
        programs.push(("decoder, SHA-256, behind the C interface", sections(&link_c(target, optimize)?)?));
        let row = |(what, [code, tables]): (&str, [u64; 2])| {
            [target, optimize, what, &code.to_string(), &tables.to_string()].map(str::to_owned).to_vec()
        };
        rows.extend(programs.into_iter().map(row));
    }
    Ok(rows)
}

fn architecture(target: &str) -> &str {
    if target.starts_with("riscv") { "riscv" } else { "thumb" }
}

/// Builds a crate for a bare target; returns the folder of what was built.
fn build(crate_folder: &str, target: &str, optimize: &str, arguments: &[&str]) -> Result<PathBuf> {
    let mut command = Command::new(fs::canonicalize(".ci/bare.sh")?);
    command.args(["bare_build", target, "-q"]).args(arguments).current_dir(crate_folder);
    output(command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", optimize))?;
    let folder = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    Ok(folder.join("bare").join(target).join("release"))
}

/// The device in miniature that `.ci/no-panic` links.
fn link(target: &str, optimize: &str, features: &str) -> Result<PathBuf> {
    let features = format!("{},{features}", architecture(target));
    let mut arguments = vec!["--no-default-features", "--features", &features];
    // The crates of ciphers may have panics that nothing leads to, but that stay in small builds.
    let defined = "-Clink-args=--defsym=smidgen_panic_path_left_in_decoder=0";
    let config = format!("target.{target}.rustflags=[\"{defined}\"]");
    if ["chacha20", "aes", "sealed"].iter().any(|cipher| features.contains(cipher)) {
        arguments.extend(["--config", &config]);
    }
    Ok(build(".ci/no-panic", target, optimize, &arguments)?.join("no-panic"))
}

/// What a program in C gets that restores and inspects.
fn link_c(target: &str, optimize: &str) -> Result<PathBuf> {
    let features = format!("sha2,{},prove-no-panic", architecture(target));
    let arguments = ["--no-default-features", "--features", &features];
    let folder = build("crates/patch-nostd/capi", target, optimize, &arguments)?;
    let (linker, emulation) = match architecture(target) {
        "riscv" => ("riscv64-unknown-elf-ld", "elf32lriscv"),
        _ => ("arm-none-eabi-ld", "armelf"),
    };
    let mut linker = Command::new(linker);
    linker.args(["-m", emulation, "--gc-sections", "-e", "smidgen_restore", "-u", "smidgen_inspect"]);
    linker.args(["-Ttext=0x08000000", "-Tdata=0x20000000", "-o"]).arg(folder.join("capi"));
    output(linker.arg(folder.join("libsmidgen.a")))?;
    Ok(folder.join("capi"))
}

/// Bytes of code and of constants; variables with a fixed place are an error.
fn sections(program: &Path) -> Result<[u64; 2]> {
    let (mut code, mut tables) = (0, 0);
    for line in output(Command::new("size").arg("-A").arg(program))?.lines() {
        let [section, size, ..] = line.split_whitespace().collect::<Vec<_>>()[..] else { continue };
        let is = |names: [&str; 2]| names.iter().any(|name| section.starts_with(name));
        if section == ".text" {
            code = size.parse()?;
        } else if is([".rodata", ".srodata"]) {
            tables += size.parse::<u64>()?;
        } else if (is([".data", ".sdata"]) || is([".bss", ".sbss"])) && size != "0" {
            return Err(format!("{}: {section} is not empty", program.display()).into());
        }
    }
    Ok([code, tables])
}

/// Where the code of the smallest decoder goes: bytes by the module that a function belongs to.
pub fn modules() -> Result<Vec<Row>> {
    let mut command = Command::new("arm-none-eabi-nm");
    let listed = output(command.args(["-C", "-S", "-t", "d", "--defined-only"]).arg(link(ARM, "z", "cm")?))?;
    let (mut sums, mut seen) = (BTreeMap::<String, u64>::new(), HashSet::new());
    for line in listed.lines() {
        let [address, size, kind, name] = line.splitn(4, ' ').collect::<Vec<_>>()[..] else { continue };
        if "tTrRwW".contains(kind) && seen.insert(address) {
            *sums.entry(module(name)).or_default() += size.parse::<u64>()?;
        }
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    Ok(sums.into_iter().map(|(name, size)| vec![name, size.to_string()]).collect())
}

fn module(function: &str) -> String {
    let name = function.trim_start_matches(['<', '&']);
    if let Some(path) = name.strip_prefix("smidgen_patch::") {
        let parts: Vec<&str> = path.split("::").flat_map(|part| part.split(['>', ' '])).take(2).collect();
        format!("`{}`", parts.join("::"))
    } else if ["compiler_builtins", "__aeabi", "mem"].iter().any(|start| name.starts_with(start)) {
        "the compiler: memcpy, memset, memcmp".to_owned()
    } else {
        "the device around it".to_owned()
    }
}

/// Restores of this repository's firmware on both boards.
pub fn fixtures(optimize: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for new in ["app-v2", "app-v3"] {
        let pair = ["app-v1", new].map(|name| PathBuf::from(format!("fixtures/firmware/{name}.bin")));
        let package = package(&pair, "16K")?;
        for board in ["cortex-m3", "riscv32"] {
            let names = [&format!("app-v1 → {new}"), board, optimize].map(str::to_owned);
            rows.push(names.into_iter().chain(restore(board, optimize, &pair, package.path())?).collect());
        }
    }
    Ok(rows)
}

/// Restores of the public firmware that fits the board and whose package is less than a tenth of the image.
pub fn corpus() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for pair in firmware()? {
        let files = [pair.old.clone(), pair.new.clone()];
        let package = package(&files, "16K")?;
        if pair.new_size < LARGEST && fs::metadata(package.path())?.len() * 10 < pair.new_size {
            // Some is code of another architecture, which the device does not have.
            let Ok(figures) = restore("cortex-m3", "z", &files, package.path()) else { continue };
            rows.push([name(&pair)].into_iter().chain(figures).collect());
        }
    }
    Ok(rows)
}

/// Bytes of packages of public firmware at several amounts of memory.
pub fn curve() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for pair in firmware()? {
        let mut row = vec![name(&pair)];
        for ram in ["4K", "8K", "16K", "64K", "256K"] {
            row.push(size(&pair, ram)?);
        }
        rows.push(row);
    }
    Ok(rows)
}

/// The rows of the table of sizes whose pairs are in the corpus, with the packages that the program makes now: of
/// microcontrollers for 16 KiB.
pub fn sizes<'a>(kept: impl Iterator<Item = &'a [String]>) -> Result<Vec<Row>> {
    let pairs = public_pairs()?;
    let mut rows = Vec::new();
    for row in kept.skip(1) {
        let Some(pair) = pairs.iter().find(|pair| name(pair) == row[1]) else { continue };
        let mut row = row.to_vec();
        row[2] = size(pair, if pair.name.starts_with("mcu/") { "16K" } else { "auto" })?;
        rows.push(row);
    }
    Ok(rows)
}

fn public_pairs() -> Result<Vec<Pair>> {
    let corpus = env::var_os("SMIDGEN_CORPUS").ok_or("SMIDGEN_CORPUS is not set")?;
    Ok(all_pairs(Path::new(&corpus))?)
}

/// Images of microcontrollers; some pairs of that class are libraries.
fn firmware() -> Result<Vec<Pair>> {
    let mut pairs = public_pairs()?;
    pairs
        .retain(|pair| pair.name.starts_with("mcu/") && pair.new.extension().is_some_and(|end| end == "bin"));
    Ok(pairs)
}

fn name(pair: &Pair) -> String {
    pair.class_and_name().1.to_owned()
}

fn size(pair: &Pair, ram: &str) -> Result<String> {
    let package = package(&[pair.old.clone(), pair.new.clone()], ram)?;
    Ok(fs::metadata(package.path())?.len().to_string())
}

/// The package that the program makes for this much memory.
fn package([old, new]: &[PathBuf; 2], ram: &str) -> Result<NamedTempFile> {
    let file = NamedTempFile::new()?;
    let mut command = Command::new("cargo");
    command.args(["run", "-q", "--release", "--locked", "-p", "smidgen", "--", "diff", "-q", "--ram", ram]);
    output(command.arg("-o").arg(file.path()).arg(old).arg(new))?;
    Ok(file)
}

/// Bytes of package and image, instructions a byte with SHA-256 in software and in an engine, stack, `Patcher`.
fn restore(board: &str, optimize: &str, pair: &[PathBuf; 2], package: &Path) -> Result<Row> {
    let run = |engine: &[&str]| -> Result<[f64; 4]> {
        let mut command = Command::new("examples/device/run");
        command.args(["--figures", "--board", board, "--optimize", optimize]).args(engine);
        let printed = output(command.arg("--package").arg(package).args(pair))?;
        let figures: Vec<f64> = printed.split_whitespace().flat_map(str::parse).collect();
        Ok(figures.try_into().map_err(|_| printed)?)
    };
    let [image, instructions, stack, patcher] = run(&[])?;
    let [_, in_engine, ..] = run(&["--engine"])?;
    let size = fs::metadata(package)?.len() as f64;
    let figures = [size, image, instructions / image, in_engine / image, stack - patcher, patcher];
    Ok(figures.map(|figure| format!("{figure:.0}")).into())
}

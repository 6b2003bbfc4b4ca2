//! Golden packages: small ones of synthetic code, and those of the fixture firmware.

use std::fs;
use std::path::Path;

use diff_core::{Arch, CodecChoice, Options, Ram, Silent, diff, diff_bsdiff40};
use patch_nostd::Header;
use patch_nostd::wire::{ModelSize, RegionKind, Tuning};
use sha2::{Digest, Sha256};

use crate::common::{BASE_ADDRESS, Program, fixtures, noise};
use crate::folder;
use crate::handmade::Choice;

/// A package that is made of two files of the fixtures; `-` is an image without a byte.
struct Golden {
    name: &'static str,
    base: &'static str,
    target: &'static str,
    options: Options,
}

const SMALL_BASE: &str = "packages/small-base.bin";
const SMALL_TARGET: &str = "packages/small-target.bin";
const SMALL_REPEATS: &str = "packages/small-repeats.bin";
const VERSIONS: [&str; 3] = ["firmware/app-v1.bin", "firmware/app-v2.bin", "firmware/app-v3.bin"];

fn all() -> Vec<Golden> {
    let code = Options { arch: Arch::Thumb, base_address: Some(BASE_ADDRESS), ..kib(4) };
    let digests = Options { md5: true, body_digest: true, ..code.clone() };
    let zstd = |size: u64| Options { codec: CodecChoice::Zstd, ..kib(size) };
    let zstd_digests = Options { md5: true, body_digest: true, ..zstd(132) };
    let golden = |name, base, target, options| Golden { name, base, target, options };
    vec![
        golden("small", SMALL_BASE, SMALL_TARGET, code.clone()),
        golden("small-digests", SMALL_BASE, SMALL_TARGET, digests),
        golden("small-repeats", SMALL_BASE, SMALL_REPEATS, code),
        golden("small-same", SMALL_BASE, SMALL_BASE, kib(4)),
        golden("small-from-nothing", "-", SMALL_TARGET, kib(4)),
        golden("small-to-nothing", SMALL_BASE, "-", kib(4)),
        golden("nothing-to-nothing", "-", "-", kib(4)),
        golden("small-zstd", SMALL_BASE, SMALL_TARGET, zstd(132)),
        golden("small-zstd-digests", SMALL_BASE, SMALL_TARGET, zstd_digests),
        golden("small-zstd-to-nothing", SMALL_BASE, "-", zstd(132)),
        golden("firmware-v1-v2", VERSIONS[0], VERSIONS[1], kib(16)),
        golden("firmware-v2-v3", VERSIONS[1], VERSIONS[2], kib(16)),
        golden("firmware-v3-v1", VERSIONS[2], VERSIONS[0], kib(16)),
        golden("firmware-v1-v2-3k", VERSIONS[0], VERSIONS[1], kib(3)),
        golden("firmware-v1-v2-64k", VERSIONS[0], VERSIONS[1], kib(64)),
        golden("firmware-nothing-v1", "-", VERSIONS[0], kib(16)),
        golden("firmware-v2-v3-zstd", VERSIONS[1], VERSIONS[2], zstd(1024)),
        golden("firmware-v1-v2-zstd-132k", VERSIONS[0], VERSIONS[1], zstd(132)),
    ]
}

/// Nothing but a budget.
fn kib(size: u64) -> Options {
    Options { ram: Ram::Bytes(size << 10), ..Options::default() }
}

/// Corners of the format that the encoder leaves alone: all kinds of regions, at odd places; the fastest and slowest
/// models; tables of a few entries.
fn handmade() -> Vec<(&'static str, Choice)> {
    use RegionKind::{Bytes, Thumb, Words};
    let end = u32::MAX;
    let regions = [(Thumb, 301), (Words, 302), (Bytes, 450), (Thumb, end)];
    let regions_again = [(Words, 127), (Thumb, 703), (Bytes, end)];
    vec![
        ("words", choice(&[(Words, end)], [100, 2, 3], [4, 8, 4])),
        ("regions", choice(&regions, [17, 0, 1], [3, 1, 3])),
        ("regions-again", choice(&regions_again, [1000, 1, 64], [6, 15, 6])),
        ("least-memory", choice(&[(Thumb, end)], [1, 0, 0], [5, 8, 5])),
    ]
}

/// Regions; slots, landmarks and learned references; counter rate, mixer rate and block size.
fn choice(regions: &[(RegionKind, u32)], sizes: [u32; 3], speeds: [u8; 3]) -> Choice {
    let ([slots, landmarks, learned], [counter_rate, mixer_rate, block_log]) = (sizes, speeds);
    Choice {
        regions: regions.to_vec(),
        size: ModelSize { slots, landmarks, learned },
        tuning: Tuning { counter_rate, mixer_rate, block_log },
    }
}

/// Makes what is missing, and the list of all.
pub(crate) fn make_missing() {
    make_images();
    let mut list = String::from("# package base target sha256-of-the-package\n");
    for golden in all() {
        let Golden { name, base, target, options } = golden;
        let name = format!("{name}.smdg");
        keep(&folder().join(&name), || diff(&image(base), &image(target), &options, &Silent).unwrap().bytes);
        list += &line(&name, base, target);
    }
    let (base, target) = (image(SMALL_BASE), image(SMALL_TARGET));
    let (like, _) = Header::parse(&crate::read("small.smdg")).unwrap();
    for (name, choice) in handmade() {
        let name = format!("small-{name}.smdg");
        keep(&folder().join(&name), || choice.package(&like, &base, &target));
        list += &line(&name, SMALL_BASE, SMALL_TARGET);
    }
    let classic = "firmware-v1-v2.bsdiff40";
    let [v1, v2, _] = VERSIONS;
    keep(&folder().join(classic), || diff_bsdiff40(&image(v1), &image(v2), &Silent).unwrap());
    list += &line(classic, v1, v2);
    fs::write(folder().join("golden.txt"), list).unwrap();
}

/// The images of the small packages: code, the code with a function more, and the code with a new part several times.
fn make_images() {
    let program = Program::new(12, 1);
    let (base, target) = (program.link(), program.revised(4, 2).link());
    let part = noise(60, 256, 3);
    let repeats = [&base[..200], &part, &base[400..], &part, &part[7..], &[0x55; 90], &part].concat();
    keep(&fixtures().join(SMALL_BASE), || base);
    keep(&fixtures().join(SMALL_TARGET), || target);
    keep(&fixtures().join(SMALL_REPEATS), || repeats);
}

/// Makes a file unless it is there.
fn keep(path: &Path, make: impl FnOnce() -> Vec<u8>) {
    if !path.exists() {
        println!("{}", path.file_name().unwrap_or_default().display());
        fs::write(path, make()).unwrap();
    }
}

fn image(name: &str) -> Vec<u8> {
    if name == "-" { Vec::new() } else { fs::read(fixtures().join(name)).unwrap() }
}

fn line(name: &str, base: &str, target: &str) -> String {
    let digest = Sha256::digest(crate::read(name));
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{name} {base} {target} {digest}\n")
}

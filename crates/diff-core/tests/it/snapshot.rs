//! The guard of refactoring: packages of every kind of image, level, memory, architecture and codec, by their SHA-256.
//!
//! A change that is not meant to change packages leaves `tests/snapshot*.txt` as they are. After one that is, this writes
//! them anew: `SMIDGEN_BLESS=1 cargo test -p smidgen-diff --features release --test it snapshot -- --include-ignored`

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};
#[cfg(feature = "release")]
use smidgen_diff::release::{PackOptions, Release, pack};
use smidgen_diff::{CodecChoice, Containers, Identity, InPlace, Options, Ram, Silent, diff};
use testkit::archives::{Put, changed, gzip, tar, text, zip};
use testkit::{Program, firmware, fixtures, noise};

/// A package to make.
#[derive(Clone)]
struct Case {
    name: String,
    base: Vec<u8>,
    target: Vec<u8>,
    options: Options,
}

impl Case {
    fn new(name: &str, images: &(Vec<u8>, Vec<u8>), options: Options) -> Self {
        let (base, target) = images.clone();
        Self { name: name.into(), base, target, options }
    }

    /// Its line in the record.
    fn line(&self) -> String {
        let package = diff(&self.base, &self.target, &self.options, &Silent).unwrap().bytes;
        line(&self.name, &package)
    }
}

fn line(name: &str, bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    format!("{name} {} {digest}\n", bytes.len())
}

fn usual() -> Options {
    Options::default().with_ram(Ram::Bytes(16 << 10))
}

/// The fixture firmware under every option.
fn firmware_cases(pairs: &[(u32, u32)]) -> Vec<Case> {
    let mut cases = Vec::new();
    for &(base, target) in pairs {
        let images = (firmware(base), firmware(target));
        let mut add = |what: String, options| {
            cases.push(Case::new(&format!("firmware-{base}-{target}-{what}"), &images, options));
        };
        for level in 1..=9 {
            add(format!("level-{level}"), usual().with_level(level));
        }
        for (ram, name) in [(3000, "3000"), (6000, "6000"), (64 << 10, "64k"), (256 << 10, "256k")] {
            add(format!("ram-{name}"), usual().with_ram(Ram::Bytes(ram)));
        }
        for arch in ["none", "thumb", "riscv"] {
            add(format!("arch-{arch}"), usual().with_arch(arch.parse().unwrap()));
        }
        let zstd = Options::default().with_codec(CodecChoice::Zstd);
        add("zstd".into(), zstd.clone());
        add("zstd-128k".into(), zstd.with_ram(Ram::Bytes(160 << 10)));
        for (page, scratch) in [(1024, 4096), (4096, 8192)] {
            let slot = (images.0.len().max(images.1.len()) as u32).next_multiple_of(page);
            let in_place =
                Some(InPlace::default().with_slot(slot).with_page(page).with_write(4).with_scratch(scratch));
            add(format!("in-place-{page}"), usual().with_in_place(in_place).with_body_digest(true));
        }
        let identity = Identity::default().with_product(Some("sensor".into()));
        add("said".into(), usual().with_md5(true).with_body_digest(true).with_identity(identity));
        add("address".into(), usual().with_base_address(Some(0x1000)).with_level(3));
    }
    cases
}

/// Code of each architecture, found and named.
fn code_cases() -> Vec<Case> {
    let read = |name: String| fs::read(fixtures().join("packages").join(name)).unwrap();
    let mut cases = Vec::new();
    for name in ["aarch64", "arm", "riscv", "xtensa", "x86", "code", "words", "more-words", "small"] {
        let images = (read(format!("{name}-base.bin")), read(format!("{name}-target.bin")));
        cases.push(Case::new(&format!("{name}-auto"), &images, usual()));
        cases.push(Case::new(
            &format!("{name}-arch"),
            &images,
            usual().with_arch(name.parse().unwrap_or_default()),
        ));
        cases.push(Case::new(&format!("{name}-level-3"), &images, usual().with_level(3)));
    }
    let (program, nothing) = (Program::new(400, 1), Vec::new());
    let images = (program.link(), program.revised(40, 2).link());
    for level in [1, 3, 4, 6] {
        cases.push(Case::new(&format!("program-level-{level}"), &images, usual().with_level(level)));
    }
    cases.push(Case::new("program-from-nothing", &(nothing.clone(), images.1.clone()), usual()));
    cases.push(Case::new("program-to-nothing", &(images.0.clone(), nothing), usual()));
    cases.push(Case::new("program-to-noise", &(images.0, noise(9000, 256, 3)), usual()));
    cases
}

/// Compressed files, looked into and not.
fn container_cases() -> Vec<Case> {
    let pair = |file: &dyn Fn(&[u8]) -> Vec<u8>| (file(&text(1)), file(&changed(text(1))));
    let put = |put| move |plain: &[u8]| zip(&[("a", put, plain), ("b", Put::Stored, &text(2))]);
    let files = [
        ("gz", pair(&gzip)),
        ("tar", pair(&|plain| tar(&[("a", plain), ("b", &text(2))]))),
        ("tar-gz", pair(&|plain| gzip(&tar(&[("a", plain), ("b", &text(2))])))),
        ("zip", pair(&put(Put::Deflated))),
        ("zip-described", pair(&put(Put::Described))),
        ("zip-64", pair(&put(Put::Zip64))),
        ("gz-in-zip", pair(&|plain| zip(&[("a", Put::Stored, &gzip(plain))]))),
    ];
    let mut cases = Vec::new();
    for (name, images) in &files {
        cases.push(Case::new(name, images, Options::default()));
        let plain = Options::default().with_containers(Some(Containers::None)).with_level(3);
        cases.push(Case::new(&format!("{name}-as-it-is"), images, plain));
    }
    let zstd = Options::default().with_codec(CodecChoice::Zstd);
    cases.push(Case::new("tar-gz-zstd", &files[2].1, zstd));
    cases
}

/// Images beyond the sizes at which less is tried: of 1, 8 and 40 MiB.
fn large_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (megabytes, levels) in [(2, [3, 6]), (10, [3, 6]), (42, [1, 3])] {
        let program = Program::new(megabytes * 9000, 7);
        let images = (program.link(), program.revised(50, 8).link());
        for level in levels {
            let options = Options::default().with_level(level);
            cases.push(Case::new(&format!("program-{megabytes}m-level-{level}"), &images, options));
        }
    }
    cases
}

/// The packages of a release and its full image.
#[cfg(feature = "release")]
fn release_lines() -> Vec<String> {
    let identity = Identity::default().with_product(Some("sensor".to_owned()));
    let release = Release::new("3.0", firmware(3)).with_options(usual().with_identity(identity));
    let release = release.source("1.0", firmware(1)).source("2.0", firmware(2));
    let folder = tempfile::tempdir().unwrap();
    pack(&release, &PackOptions::default(), folder.path(), &Silent).unwrap();
    let mut files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "bin"));
    files.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    files.iter().map(|path| line(&format!("release/{}", name(path)), &fs::read(path).unwrap())).collect()
}

fn lines(cases: &[Case]) -> Vec<String> {
    cases.par_iter().map(Case::line).collect()
}

/// Compares the packages with the record, line by line, or writes it.
fn check(file: &str, made: &[String]) {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file);
    if std::env::var_os("SMIDGEN_BLESS").is_some() {
        fs::write(&path, made.concat()).unwrap();
        return;
    }
    let recorded = fs::read_to_string(&path).unwrap();
    let changed: Vec<_> =
        made.iter().zip(recorded.lines()).filter(|(made, line)| made.trim() != *line).collect();
    assert!(changed.is_empty(), "{} packages have changed: {changed:#?}", changed.len());
    assert_eq!(made.len(), recorded.lines().count(), "lines of {file}");
}

#[test]
fn packages_are_what_they_were() {
    check("snapshot.txt", &lines(&[firmware_cases(&[(1, 2)]), code_cases(), container_cases()].concat()));
}

#[test]
#[cfg(feature = "release")]
fn packages_of_a_release_are_what_they_were() {
    check("snapshot-release.txt", &release_lines());
}

#[test]
#[ignore = "the slow half, for `.ci/run`"]
fn packages_of_other_versions_are_what_they_were() {
    check("snapshot-versions.txt", &lines(&firmware_cases(&[(2, 3), (3, 1)])));
}

#[test]
#[ignore = "minutes, for `.ci/run`"]
fn packages_of_large_images_are_what_they_were() {
    check("snapshot-large.txt", &lines(&large_cases()));
}

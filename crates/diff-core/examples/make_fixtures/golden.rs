//! Golden packages: small ones of synthetic code, and those of the fixture firmware.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};
use smidgen_diff::release::{SecretKey, sign};
use smidgen_diff::{Arch, CodecChoice, Identity, InPlace, Options, Ram, Silent, diff, diff_bsdiff40};
use smidgen_patch::header::PageKind;

use crate::{encrypted, folder, handmade};
use testkit::code::Code;
use testkit::{BASE_ADDRESS, Program, fixtures, noise};

/// A package made of two files of the fixtures; `-` is an empty image.
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
    let at = |arch| kib(4).with_arch(arch).with_base_address(Some(BASE_ADDRESS.into()));
    // Most of the small ones are for every decoder, whatever code it knows.
    let plain = at(Arch::None);
    let digests = plain.clone().with_md5(true).with_body_digest(true);
    let identity = Identity::default()
        .with_product(Some("Büchse 3".to_owned()))
        .with_module(Some("main-board_1".to_owned()))
        .with_version(Some("1.20.0".to_owned()))
        .with_rollback_counter(Some(300));
    let identity = plain.clone().with_identity(identity);
    let in_place = |slot, page, write, scratch, options: &Options| {
        options.clone().with_in_place(Some(
            InPlace::default().with_slot(slot).with_page(page).with_write(write).with_scratch(scratch),
        ))
    };
    let zstd = |size: u64| kib(size).with_codec(CodecChoice::Zstd);
    let lite = |options: Options| options.with_codec(CodecChoice::Lite);
    let small_lite = lite(plain.clone());
    let zstd_digests = zstd(132).with_md5(true).with_body_digest(true);
    let golden = |name, base, target, options| Golden { name, base, target, options };
    let mut all = vec![
        golden("small", SMALL_BASE, SMALL_TARGET, plain.clone()),
        golden("small-digests", SMALL_BASE, SMALL_TARGET, digests),
        golden("small-identity", SMALL_BASE, SMALL_TARGET, identity),
        golden("small-in-place", SMALL_BASE, SMALL_TARGET, in_place(1024, 64, 4, 256, &plain)),
        golden("small-in-place-repeats", SMALL_BASE, SMALL_REPEATS, in_place(960, 48, 16, 144, &plain)),
        golden("firmware-v1-v3-in-place", VERSIONS[0], VERSIONS[2], in_place(40960, 2048, 8, 8192, &kib(8))),
        golden("firmware-v3-v1-in-place", VERSIONS[2], VERSIONS[0], in_place(40960, 4096, 1, 8192, &kib(8))),
        golden("small-repeats", SMALL_BASE, SMALL_REPEATS, plain),
        golden("small-thumb", SMALL_BASE, SMALL_TARGET, at(Arch::Only(PageKind::Thumb))),
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
        golden("firmware-v3-v1-lanes", VERSIONS[2], VERSIONS[0], kib(16).with_lanes(Some(3))),
        golden(
            "firmware-nothing-v1-8-lanes",
            "-",
            VERSIONS[0],
            kib(8).with_lanes(Some(8)).with_body_digest(true),
        ),
        golden("firmware-v2-v3-zstd", VERSIONS[1], VERSIONS[2], zstd(1024)),
        golden("firmware-v1-v2-zstd-132k", VERSIONS[0], VERSIONS[1], zstd(132)),
        golden("small-lite", SMALL_BASE, SMALL_REPEATS, small_lite),
        golden("small-lite-from-nothing", "-", SMALL_TARGET, lite(kib(4))),
        golden("small-lite-to-nothing", SMALL_BASE, "-", lite(kib(4))),
        golden("firmware-v1-v2-lite", VERSIONS[0], VERSIONS[1], lite(kib(4))),
        golden("firmware-v2-v3-lite-3k", VERSIONS[1], VERSIONS[2], lite(kib(3))),
        golden("firmware-v3-v1-lite-lanes", VERSIONS[2], VERSIONS[0], lite(kib(4)).with_lanes(Some(2))),
        golden(
            "firmware-v1-v3-lite-in-place",
            VERSIONS[0],
            VERSIONS[2],
            in_place(40960, 2048, 8, 8192, &lite(kib(4))),
        ),
    ];
    let made = CODE.iter().filter(|(kind, _)| *kind != PageKind::X86);
    all.extend(made.map(|&(kind, [name, base, target])| golden(name, base, target, at(Arch::Only(kind)))));
    all
}

/// Code of one architecture, and the names of its package and images.
const CODE: [(PageKind, [&str; 3]); 5] = [
    (PageKind::Aarch64, ["aarch64", "packages/aarch64-base.bin", "packages/aarch64-target.bin"]),
    (PageKind::Arm, ["arm", "packages/arm-base.bin", "packages/arm-target.bin"]),
    (PageKind::Riscv, ["riscv", "packages/riscv-base.bin", "packages/riscv-target.bin"]),
    (PageKind::Xtensa, ["xtensa", "packages/xtensa-base.bin", "packages/xtensa-target.bin"]),
    (PageKind::X86, ["x86", "packages/x86-base.bin", "packages/x86-target.bin"]),
];

/// The default options with this memory.
fn kib(size: u64) -> Options {
    Options::default().with_ram(Ram::Bytes(size << 10))
}

/// Makes missing packages, and the list of all.
pub(crate) fn make_missing() {
    make_images();
    let mut list = String::from("# package base target sha256-of-the-package\n");
    let mut encrypted_list = list.clone();
    for golden in all() {
        let Golden { base, target, ref options, .. } = golden;
        let name = format!("{}.smdg", golden.name);
        keep(&folder().join(&name), || diff(&image(base), &image(target), options, &Silent).unwrap().bytes);
        list += &line(&name, base, target);
        for (encrypted, make) in encrypted::of(golden.name) {
            let name = format!("{encrypted}.smdg");
            keep(&folder().join(&name), make);
            encrypted_list += &line(&name, base, target);
        }
    }
    for handmade in handmade::all([SMALL_BASE, SMALL_TARGET]) {
        let (name, base, target) = (format!("{}.smdg", handmade.name), handmade.base, handmade.target);
        keep(&folder().join(&name), || handmade.package(&image(base), &image(target)));
        list += &line(&name, base, target);
    }
    let signed = "small-signed.smdg";
    keep(&folder().join(signed), || signed_by_two(&fs::read(folder().join("small-identity.smdg")).unwrap()));
    list += &line(signed, SMALL_BASE, SMALL_TARGET);
    let signed = "encrypted-signed.smdg";
    keep(&folder().join(signed), || signed_by_two(&fs::read(folder().join("encrypted.smdg")).unwrap()));
    encrypted_list += &line(signed, SMALL_BASE, SMALL_TARGET);
    let classic = "firmware-v1-v2.bsdiff40";
    let [v1, v2, _] = VERSIONS;
    keep(&folder().join(classic), || diff_bsdiff40(&image(v1), &image(v2), &Silent).unwrap());
    list += &line(classic, v1, v2);
    let path = folder().join("golden.txt");
    list.extend(of_rules(&fs::read_to_string(&path).unwrap_or_default()));
    fs::write(path, list).unwrap();
    fs::write(folder().join("encrypted.txt"), encrypted_list).unwrap();
}

/// The lines of packages in `rules`: `fuzz/second/rules.py` makes them, as no encoder would.
fn of_rules(list: &str) -> impl Iterator<Item = &str> {
    list.split_inclusive('\n').filter(|line| line.starts_with("rules/"))
}

/// Signed by the Ed25519 keys whose 32 secret bytes are all 1 and all 2.
fn signed_by_two(package: &[u8]) -> Vec<u8> {
    let keys = [1, 2].map(|byte| SecretKey::from_bytes(&[byte; 32]));
    sign(package, &[&keys[0], &keys[1]]).unwrap()
}

/// The images of the small packages: code, the code with a function more, and the code with a new part several times;
/// code of all architectures, in images of their own and together; tables of all forms of words.
fn make_images() {
    let program = Program::new(12, 1);
    let (base, target) = (program.link(), program.revised(4, 2).link());
    let part = noise(60, 256, 3);
    let repeats = [&base[..200], &part, &base[400..], &part, &part[7..], &[0x55; 90], &part].concat();
    keep(&fixtures().join(SMALL_BASE), || base);
    keep(&fixtures().join(SMALL_TARGET), || target);
    keep(&fixtures().join(SMALL_REPEATS), || repeats);
    for (kind, [_, base, target]) in CODE {
        let code = Code::new(kind, 60, 7);
        keep(&fixtures().join(base), || code.link(BASE_ADDRESS.into(), 0));
        keep(&fixtures().join(target), || code.revised(4, 8).link(BASE_ADDRESS.into(), 0));
    }
    for (list, [base, target]) in handmade::IMAGES.into_iter().enumerate() {
        let images = handmade::images(list);
        keep(&fixtures().join(base), || images.base);
        keep(&fixtures().join(target), || images.target);
    }
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

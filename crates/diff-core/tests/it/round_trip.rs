//! Whatever is packed comes back: through the device's own decoder, in pieces of any size, in the memory stated.

use crate::common::{Pieces, is_of_events, on_threads, restore_in, round_trip};
use proptest::prelude::*;
use smidgen_diff::{Arch, CodecChoice, DiffError, Options, Package, Ram, Silent, diff};
use smidgen_patch::Error;
use smidgen_patch::header::{Codec, PageKind};
use testkit::{BASE_ADDRESS, Program, edited, edits, firmware, noise, with_workspace};

/// The memory budgets that are tried, in KiB: for `cm` and `lite`, and for zstd, whose decoders need more.
const CM_BUDGETS: [u64; 4] = [3, 4, 16, 64];
const LITE_BUDGETS: [u64; 3] = [3, 4, 16];
const ZSTD_BUDGETS: [u64; 2] = [132, 1024];

fn options(codec: CodecChoice, kib: u64) -> Options {
    Options::default().with_codec(codec).with_ram(Ram::Bytes(kib << 10))
}

/// Every codec with every budget.
fn all_options() -> Vec<Options> {
    let cm = CM_BUDGETS.map(|kib| options(CodecChoice::Cm, kib));
    let zstd = ZSTD_BUDGETS.map(|kib| options(CodecChoice::Zstd, kib));
    let lite = LITE_BUDGETS.map(|kib| options(CodecChoice::Lite, kib));
    cm.into_iter().chain(zstd).chain(lite).collect()
}

fn any_options() -> impl Strategy<Value = Options> {
    let arch = prop::sample::select(Arch::ALL.to_vec());
    let base = prop::option::of(prop::sample::select(vec![
        0,
        u64::from(BASE_ADDRESS),
        0xFFFF_FF00,
        0xFFFF_FFC0_0800_0000,
    ]));
    let digests = (any::<bool>(), any::<bool>());
    (prop::sample::select(all_options()), 1..=9u8, arch, base, digests).prop_map(
        |(options, level, arch, base_address, (md5, body_digest))| {
            options
                .with_level(level)
                .with_arch(arch)
                .with_base_address(base_address)
                .with_md5(md5)
                .with_body_digest(body_digest)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn edited_images_come_back(
        length in 0..4000usize, alphabet in 1..=256u32, seed: u64, edits in edits(12), options in any_options(),
    ) {
        let old = noise(length, alphabet, seed);
        round_trip(&old, &edited(&old, &edits), &options);
    }

    #[test]
    fn code_that_moved_comes_back(
        functions in 1..60u32, seeds: (u64, u64), changes in 0..8u32, edits in edits(2), options in any_options(),
    ) {
        let program = Program::new(functions, seeds.0);
        let new = program.revised(changes, seeds.1).link();
        round_trip(&program.link(), &edited(&new, &edits), &options);
    }

    #[test]
    fn short_images_come_back(
        old in prop::collection::vec(any::<u8>(), 0..12), new in prop::collection::vec(any::<u8>(), 0..12),
        options in any_options(),
    ) {
        round_trip(&old, &new, &options);
    }
}

#[test]
fn special_images_come_back() {
    let (some, other) = (noise(3000, 256, 1), noise(2500, 256, 2));
    let zeros = vec![0; 3000];
    let text = b"the same words again and again, ".repeat(100);
    for options in all_options() {
        for (old, new) in [
            (&[][..], &[][..]),
            (&[], &[7]),
            (&[7], &[]),
            (&[7], &[7]),
            (&[7], &[8]),
            (&some, &some),
            (&some, &other),
            (&some, &[]),
            (&[], &some),
            (&[], &text),
            (&zeros, &zeros),
            (&zeros, &some),
            (&some, &zeros),
            (&some, &zeros[..1]),
            (&text, &text[7..]),
        ] {
            round_trip(old, new, &options);
        }
    }
}

#[test]
fn identical_images_make_packages_of_hardly_more_than_a_header() {
    let image = firmware(1);
    for (options, most) in [
        (options(CodecChoice::Cm, 16), 130),
        (options(CodecChoice::Zstd, 1024), 130),
        (options(CodecChoice::Lite, 4), 130),
    ] {
        let package = round_trip(&image, &image, &options);
        assert!(package.bytes.len() <= most, "{} bytes, {options:?}", package.bytes.len());
    }
}

#[test]
fn an_image_from_nothing_is_compressed() {
    let image = firmware(1);
    let package = round_trip(&[], &image, &options(CodecChoice::Cm, 16));
    assert!(package.bytes.len() < image.len() * 7 / 10, "{} bytes", package.bytes.len());
}

#[test]
fn references_that_moved_cost_little() {
    let program = Program::new(300, 1);
    let (old, new) = (program.link(), program.revised(6, 2).link());
    let make = |arch| {
        let options =
            options(CodecChoice::Cm, 16).with_arch(arch).with_base_address(Some(BASE_ADDRESS.into()));
        round_trip(&old, &new, &options)
    };
    let (aware, plain) = (make(Arch::Auto), make(Arch::None));
    assert!(aware.header.kinds.as_slice().contains(&PageKind::Thumb));
    assert_eq!(plain.header.kinds.as_slice(), [PageKind::Bytes]);
    assert!(
        aware.bytes.len() * 2 < plain.bytes.len(),
        "{} and {} bytes",
        aware.bytes.len(),
        plain.bytes.len()
    );
}

#[test]
fn large_images_come_back() {
    // Beyond a million bytes the encoder decides by samples.
    let program = Program::new(20_000, 3);
    let (old, new) = (program.link(), program.revised(40, 4).link());
    assert!(old.len() > 1_000_000, "{} bytes", old.len());
    let options = Options::default().with_base_address(Some(BASE_ADDRESS.into()));
    let package = round_trip(&old, &new, &options);
    assert!(package.bytes.len() < new.len() / 40, "{} bytes", package.bytes.len());
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let (old, new) = (firmware(1), firmware(2));
    for options in
        [options(CodecChoice::Cm, 16), options(CodecChoice::Zstd, 132), options(CodecChoice::Lite, 4)]
    {
        let make = |threads| on_threads(threads, || diff(&old, &new, &options, &Silent).unwrap().bytes);
        let alone = make(1);
        assert!(make(2) == alone && make(4) == alone, "{options:?}");
    }
}

/// The least budget that a codec takes.
fn least(codec: CodecChoice) -> u64 {
    let none = Options::default().with_ram(Ram::Bytes(0)).with_codec(codec);
    match diff(b"old", b"new", &none, &Silent) {
        Err(DiffError::BudgetTooSmall { least, .. }) => least,
        other => panic!("no memory at all is taken: {other:?}"),
    }
}

/// Packages with tables of many sizes, and their bases.
fn packages() -> Vec<(Vec<u8>, Package)> {
    let program = Program::new(60, 5);
    let (old, new) = (program.link(), program.revised(5, 6).link());
    let mut packages = Vec::new();
    let budgets = |codec, others: &[u64]| {
        let least = least(codec);
        [&[least, least + 1], others].concat().into_iter().map(move |budget| (codec, budget))
    };
    let cm = budgets(CodecChoice::Cm, &[3000, 4096, 5555, 16 << 10, 65_537]);
    for (codec, budget) in cm.chain(budgets(CodecChoice::Lite, &[2600, 4096, 16 << 10])) {
        let options = Options::default().with_ram(Ram::Bytes(budget)).with_codec(codec);
        packages.push((old.clone(), round_trip(&old, &new, &options)));
        packages.push((vec![], round_trip(&[], &new, &options)));
        packages.push((old.clone(), round_trip(&old, &[], &options)));
    }
    packages
}

#[test]
fn the_stated_memory_is_exactly_what_is_needed() {
    for (base, package) in packages() {
        let ram = package.header.ram as usize;
        let run = |size, shift| {
            with_workspace(size, shift, |memory| restore_in(memory, &base, &package.bytes, Pieces::Whole))
        };
        assert!(run(ram, 0).is_ok() && run(ram + 1, 0).is_ok() && run(ram + 4, 0).is_ok());
        for size in [ram - 1, ram - 2, ram - 4, ram / 2, 512, 511, 100, 9, 8, 4, 1, 0] {
            assert_eq!(run(size, 0), Err(Error::WorkspaceTooSmall), "{size} of {ram} bytes");
        }
        for shift in 1..4 {
            assert_eq!(run(ram, shift), Err(Error::WorkspaceMisaligned), "{shift} bytes off");
            assert_eq!(run(ram + 8, shift), Err(Error::WorkspaceMisaligned), "{shift} bytes off");
        }
    }
}

#[test]
fn a_budget_is_used_where_memory_helps() {
    let (old, new) = (firmware(1), firmware(2));
    for kib in [4, 16, 64] {
        let package = diff(&old, &new, &options(CodecChoice::Cm, kib), &Silent).unwrap();
        assert!(is_of_events(&package));
        let ram = u64::from(package.header.ram);
        // Room for landmarks that the plan does not have stays unused.
        assert!(ram <= kib << 10 && ram > (kib << 10) * 15 / 16, "{ram} bytes of {kib} KiB");
    }
}

#[test]
fn a_budget_below_the_least_is_refused_and_the_least_is_enough() {
    let (old, new) = (noise(500, 256, 1), noise(400, 256, 2));
    for codec in [CodecChoice::Cm, CodecChoice::Zstd, CodecChoice::Lite] {
        let make = |bytes| {
            diff(&old, &new, &Options::default().with_ram(Ram::Bytes(bytes)).with_codec(codec), &Silent)
        };
        for budget in [0, 1, 1024] {
            let Err(DiffError::BudgetTooSmall { budget: stated, least }) = make(budget) else {
                panic!("{budget} bytes are not refused");
            };
            assert_eq!(stated, budget);
            assert!(make(least - 1).is_err());
            assert!(u64::from(make(least).unwrap().header.ram) <= least);
        }
    }
}

#[test]
fn levels_beyond_the_ends_are_the_ends_and_more_effort_is_smaller() {
    let make = |level| round_trip(&firmware(1), &firmware(3), &Options::default().with_level(level)).bytes;
    assert_eq!(make(0), make(1));
    assert_eq!(make(200), make(9));
    // What is chosen by prices that were learned is not always better than what was chosen by others.
    let sizes = [1, 3, 6, 9].map(|level| make(level).len());
    assert!(sizes.windows(2).all(|pair| pair[1] <= pair[0] + pair[0] / 100), "{sizes:?}");
    assert!(sizes[2].max(sizes[3]) < sizes[0] * 9 / 10, "{sizes:?}");
}

#[test]
fn memory_without_a_budget_depends_on_the_size() {
    let package = round_trip(&firmware(1), &firmware(2), &Options::default());
    let Codec::Cm { size, .. } = package.header.codec else { panic!("not a cm package") };
    assert!(package.header.ram <= 16 << 10 && size.landmarks > 0 && size.learned > 0);
}

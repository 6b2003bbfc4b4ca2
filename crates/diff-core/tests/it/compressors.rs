//! Files of xz, lzma, zstd and lz4: their streams are found, taken apart, and made again to the bit by their libraries.

use liblzma::stream::Check;
use smidgen_diff::{Options, Silent, TargetFile, diff, diff_to};
use smidgen_patch::container::{Limits, Opened};
use smidgen_patch::internals::container::compressor::{Compressor, End, Lz4, Lzma, Xz, Zstd};
use smidgen_patch::internals::container::{Frame, Level};
use smidgen_patch::{Anything, Error, SoftwareSha256};
use testkit::archives::{changed, gzip, tar, text, zip};
use testkit::compressors::{lz4_block, lz4_legacy, lzma, xz, zstd, zstd_stream};
use testkit::forge::Forge;
use testkit::{Random, fixture, noise};

use crate::common::{check, expand, within};

/// Contents of 700 KB that compress, no two stretches of them alike, and a later version.
fn pair() -> (Vec<u8>, Vec<u8>) {
    let old = noise(700_000, 23, 7);
    let mut new = old.clone();
    new.splice(350_000..350_004, *b"something else");
    new[600_000] ^= 1;
    (old, new)
}

/// What makes a file of contents.
type Pack<'f> = &'f dyn Fn(&[u8]) -> Vec<u8>;

/// The streams of the target, which must all be made again, at the cost of the contents and a little more.
fn made(pack: Pack<'_>, (old, new): &(Vec<u8>, Vec<u8>)) -> Vec<Compressor> {
    let files = (pack(old), pack(new));
    let package = diff(&files.0, &files.1, &Options::default().with_level(2), &Silent).unwrap();
    let recipe = check(&files.0, &files.1, &package).expect("a container");
    let inner = diff(old, new, &Options::default().with_level(2), &Silent).unwrap();
    let most = inner.bytes.len() + 140;
    assert!(package.bytes.len() <= most, "{} bytes instead of {most}", package.bytes.len());
    compressors(&recipe)
}

fn compressors(level: &Level) -> Vec<Compressor> {
    level.items.iter().filter_map(|item| item.frame.compressor()).collect()
}

const PRESET_6: Lzma = Lzma { dictionary: 22, properties: 93, mode: 2, finder: 20, nice: 64, depth: 0 };

#[test]
fn a_file_of_xz_of_one_block_is_made_again_with_its_index() {
    let pair = pair();
    let expected = Xz { lzma: PRESET_6, filter: 0, check: 4, header: 12, end: End::File };
    let found = made(&|plain| xz(plain, 6, Check::Crc64, usize::MAX, false), &pair);
    assert_eq!(found, [Compressor::Xz(expected)]);
    let found = made(&|plain| xz(plain, 6, Check::Crc32, usize::MAX, true), &pair);
    let branch = Xz { filter: 4, check: 1, ..expected };
    assert_eq!(found, [Compressor::Xz(branch)]);
}

#[test]
fn presets_of_xz_are_told_apart() {
    let pair = (text(1).repeat(3), changed(text(1)).repeat(3));
    for preset in [0, 1, 2, 3, 4, 5, 9, 3 | 1 << 31, 6 | 1 << 31] {
        let found = made(&|plain| xz(plain, preset, Check::Crc64, usize::MAX, false), &pair);
        assert_eq!(found.len(), 1, "{preset:x}");
        let found = made(&|plain| lzma(plain, preset), &pair);
        assert!(matches!(found[..], [Compressor::Lzma(_)]), "{preset:x}");
    }
}

#[test]
fn blocks_of_xz_are_streams_of_their_own() {
    for (check, kind) in [(Check::None, 0), (Check::Crc32, 1), (Check::Crc64, 4)] {
        let found = made(&|plain| xz(plain, 6, check, 256 << 10, false), &pair());
        assert_eq!(found.len(), 2, "the last of three blocks, which moves, and the changed one before it");
        let is_expected = |found: &Compressor| matches!(found, Compressor::Xz(xz) if xz.check == kind && xz.end == End::Block);
        assert!(found.iter().all(is_expected), "{found:?}");
    }
    // A check that is not foretold stays as it is.
    let found = made(&|plain| xz(plain, 6, Check::Sha256, usize::MAX, false), &pair());
    assert!(matches!(found[..], [Compressor::Xz(Xz { end: End::Block, check: 0, .. })]), "{found:?}");
}

#[test]
fn frames_of_zstd_are_made_again_at_their_level() {
    let small = (text(2), changed(text(2)));
    for level in [1, 3, 6, 9, 15, 19, 22] {
        let found = made(&|plain| zstd(plain, level), &small);
        let [Compressor::Zstd(Zstd { whole: true, content_size: true, .. })] = found[..] else {
            panic!("{found:?}")
        };
    }
    let found = made(&|plain| zstd_stream(plain, 7, false), &pair());
    let is_stream =
        matches!(found[..], [Compressor::Zstd(Zstd { jobs: false, whole: false, checksum: true, .. })]);
    assert!(is_stream, "{found:?}");
}

#[test]
fn jobs_of_zstd_are_made_again_without_threads_of_their_number() {
    // Enough for several jobs at level 1, each of which refers to what the one before has.
    let old = noise(100_000, 40, 1).repeat(48);
    let mut new = old.clone();
    new[3_000_000] ^= 1;
    let found = made(&|plain| zstd_stream(plain, 1, true), &(old, new));
    assert!(matches!(found[..], [Compressor::Zstd(Zstd { jobs: true, level: 1, .. })]), "{found:?}");
}

#[test]
fn blocks_of_lz4_are_made_again_at_their_level() {
    let pair = (text(3), changed(text(3)));
    for level in [0, 3, 9, 12] {
        let found = made(&|plain| lz4_legacy(plain, level), &pair);
        assert_eq!(found.len(), 1, "{level}");
    }
    assert_eq!(made(&|plain| lz4_legacy(plain, 0), &pair), [Compressor::Lz4(Lz4 { level: 0 })]);
}

#[test]
fn streams_lie_in_streams_of_any_compressor() {
    let file = |plain: &[u8]| {
        let inner = xz(plain, 6, Check::Crc32, usize::MAX, false);
        gzip(&tar(&[("kernel", &lz4_legacy(plain, 9)), ("data.tar.xz", &inner), ("a.zst", &zstd(plain, 19))]))
    };
    let (old, new) = (file(&text(4)), file(&changed(text(4))));
    let package = diff(&old, &new, &Options::default(), &Silent).unwrap();
    let recipe = check(&old, &new, &package).expect("a container");
    assert_eq!(compressors(&recipe.items[0].inside).len(), 3);
    // And the other way round.
    let file = |plain: &[u8]| {
        xz(&zip(&[("a", testkit::archives::Put::Deflated, plain)]), 6, Check::Crc64, usize::MAX, false)
    };
    let (old, new) = (file(&text(5)), file(&changed(text(5))));
    let package = diff(&old, &new, &Options::default(), &Silent).unwrap();
    let recipe = check(&old, &new, &package).expect("a container");
    assert_eq!(recipe.items[0].inside.items[0].frame, Frame::Entry);
}

#[test]
fn of_many_streams_a_sample_says_what_is_tried() {
    let file = |change: bool| -> Vec<u8> {
        let part = |seed| if change && seed % 3 == 0 { changed(text(seed)) } else { text(seed) };
        (0..40).flat_map(|seed| zstd(&part(seed), 17)).collect()
    };
    let (old, new) = (file(false), file(true));
    let package = diff(&old, &new, &Options::default(), &Silent).unwrap();
    let recipe = check(&old, &new, &package).expect("a container");
    assert_eq!(compressors(&recipe).len(), 14);
    // What was found out for another package makes no difference.
    let (shared, options) = (TargetFile::new(&new), Options::default());
    for _ in 0..2 {
        assert!(diff_to(&old, &shared, &options, &Silent).unwrap().bytes == package.bytes);
    }
}

#[test]
fn what_was_cut_off_or_damaged_stays_as_it_is() {
    let (old, new) = (text(6), changed(text(6)));
    let files: [Pack<'_>; 4] = [
        &|plain| xz(plain, 6, Check::Crc64, usize::MAX, false),
        &|plain| lzma(plain, 6),
        &|plain| zstd(plain, 3),
        &|plain| lz4_legacy(plain, 0),
    ];
    for pack in files {
        let (old, new) = (pack(&old), pack(&new));
        let package = diff(&old, &new[..new.len() - 60], &Options::default(), &Silent).unwrap();
        check(&old, &new[..new.len() - 60], &package);
        for at in (0..new.len()).step_by(new.len() / 20) {
            let mut damaged = new.clone();
            damaged[at] ^= 0x10;
            let package = diff(&old, &damaged, &Options::default().with_level(1), &Silent).unwrap();
            check(&old, &damaged, &package);
        }
    }
}

fn xz_package() -> (Vec<u8>, Vec<u8>) {
    let file = |plain: &[u8]| xz(plain, 6, Check::Crc64, usize::MAX, false);
    let (old, new) = (file(&text(7)), file(&changed(text(7))));
    let package = diff(&old, &new, &Options::default(), &Silent).unwrap().bytes;
    (old, package)
}

#[test]
fn memory_of_compressors_is_stated_and_within_limits() {
    let (_, package) = xz_package();
    let opened = Opened::new::<SoftwareSha256>(&package).unwrap().unwrap();
    assert_eq!(u64::from(opened.record.work), (2 << 20) + 13 * (8 << 20));
    assert!(opened.memory() > u64::from(opened.record.work));
    let limits = Limits { memory: opened.memory() - 1, ..Limits::NONE };
    let refused = Opened::allowed::<SoftwareSha256, _>(&package, &Anything, &limits);
    assert_eq!(refused.unwrap_err(), Error::WorkspaceTooSmall);
}

#[test]
fn forged_compressors_are_refused_or_make_another_file() {
    let (old, package) = xz_package();
    let forged = |change: &dyn Fn(&mut Xz)| {
        let forge = Forge::new(&package).with(|_, target| {
            let Frame::Compressed(Compressor::Xz(xz)) = &mut target.items[0].frame else { panic!() };
            change(xz);
        });
        forge.package()
    };
    let result = |package: &[u8]| {
        let opened = Opened::new::<SoftwareSha256>(package)?.expect("a container");
        expand(&opened, &old).map(drop)
    };
    assert_eq!(result(&forged(&|_| ())), Ok(()));
    let refused: [&dyn Fn(&mut Xz); 9] = [
        &|xz| xz.lzma.dictionary = 29,
        &|xz| xz.lzma.properties = 225,
        &|xz| xz.lzma.mode = 3,
        &|xz| xz.lzma.finder = 5,
        &|xz| xz.lzma.nice = 274,
        &|xz| xz.lzma.depth = 1001,
        &|xz| xz.filter = 3,
        &|xz| xz.check = 10,
        &|xz| xz.header = 0,
    ];
    for change in refused {
        assert_eq!(result(&forged(change)), Err(Error::Corrupt));
    }
    let others: [&dyn Fn(&mut Xz); 3] =
        [&|xz| xz.lzma.properties = 0, &|xz| xz.header = 16, &|xz| xz.check = 1];
    for change in others {
        assert!(result(&forged(change)).is_err());
    }
    // A record that says another memory.
    let mut forge = Forge::new(&package);
    forge.record.work -= 1;
    assert_eq!(result(&forge.package()), Err(Error::Corrupt));
}

#[test]
fn a_block_of_lz4_that_expands_without_end_is_refused() {
    let zeros = lz4_block(&vec![0; 9 << 20], 0);
    assert!(zeros.len() < 64 << 10);
    let lz4 = Compressor::Lz4(Lz4 { level: 0 });
    let mut coder = lz4.decoder(zeros.len() as u32).unwrap();
    assert_eq!(coder.step(&zeros, true, &mut [0; 100]).unwrap_err(), Error::Corrupt);
}

/// Made by mksquashfs 4.5.1 with `-comp lz4 -b 4096`; two of four files have changed.
fn file_systems() -> (Vec<u8>, Vec<u8>) {
    (fixture("filesystems/old.sqfs"), fixture("filesystems/new.sqfs"))
}

#[test]
fn blocks_of_squashfs_are_found_by_its_tables() {
    let (old, new) = file_systems();
    // Behind something else, too.
    for junk in [0, 1000] {
        let file = |image: &[u8]| [&vec![7; junk], image].concat();
        let (old, new) = (file(&old), file(&new));
        let package = diff(&old, &new, &Options::default(), &Silent).unwrap();
        let recipe = check(&old, &new, &package).expect("a container");
        // Two blocks of a file, that of the fragments, the inodes, and the table of the fragments.
        assert_eq!(compressors(&recipe), [Compressor::Lz4(Lz4 { level: 0 }); 5]);
        assert!(package.bytes.len() < 250, "{} bytes", package.bytes.len());
    }
}

#[test]
fn damaged_file_systems_take_no_more_than_their_size() {
    let (old, new) = file_systems();
    within(60, "damaged file systems", || {
        // All of the superblock, and some of the rest.
        for at in (8..96).chain((96..new.len()).step_by(501)) {
            for value in [0, 0x80, 0xFF] {
                let mut damaged = new.clone();
                damaged[at] = value;
                let package = diff(&old, &damaged, &Options::default().with_level(1), &Silent).unwrap();
                check(&old, &damaged, &package);
            }
        }
        let superblocks = new[..96].repeat(5000);
        diff(&old, &superblocks, &Options::default().with_level(1), &Silent).unwrap();
    });
}

/// Recipes with bytes changed: what can be read is opened by a device with limits, and restored.
#[test]
fn changed_recipes_are_refused_or_make_another_file() {
    let file = |plain: &[u8]| {
        [
            xz(plain, 0, Check::Crc32, usize::MAX, false),
            zstd(&plain[..9000], 1),
            lz4_legacy(plain, 3),
            lzma(plain, 1),
            zstd_stream(plain, 2, true),
        ]
        .concat()
    };
    let (old, new) = (file(&text(8)), file(&changed(text(8))));
    let package = diff(&old, &new, &Options::default(), &Silent).unwrap().bytes;
    let opened = Opened::new::<SoftwareSha256>(&package).unwrap().unwrap();
    assert_eq!(compressors(&opened.target).len(), 5);
    let recipes = Level::write_both(&opened.base, &opened.target);
    let limits = Limits { memory: 64 << 20, storage: 1 << 20 };
    let mut random = Random::new(1);
    let (mut read, mut restored) = (0, 0);
    within(300, "changed recipes", || {
        for _ in 0..4000 {
            let mut bytes = recipes.clone();
            for _ in 0..=random.below(2) {
                let at = random.below(bytes.len() as u32) as usize;
                bytes[at] = (random.below(256) >> random.below(8)) as u8;
            }
            let Ok((base, target)) = Level::read_both(&bytes, opened.record.parts) else { continue };
            read += 1;
            let forge =
                Forge::new(&package).with(|own_base, own_target| (*own_base, *own_target) = (base, target));
            let forged = forge.package();
            let Ok(Some(forged)) = Opened::allowed::<SoftwareSha256, _>(&forged, &Anything, &limits) else {
                continue;
            };
            // Whatever comes out is the right file: all else is an error.
            restored += u32::from(expand(&forged, &old).is_ok());
        }
    });
    assert!(read > 500 && restored > 0, "{read} can be read, {restored} restore the file");
}

//! Packages of containers that were made to take more than they state: each promise of section 14 by an attack on it.

use crate::common::{check, gzip_pair, within};
use miniz_oxide::deflate::compress_to_vec;
use smidgen_diff::{Options, Silent, diff};
use smidgen_patch::container::{Limits, Opened, restore};
use smidgen_patch::internals::container::{Frame, Item, Kept, Level, Making, memory, storage};
use smidgen_patch::{Anything, Error, SoftwareSha256, Target};
use testkit::Random;
use testkit::archives::{changed, everything, gzip, text};
use testkit::forge::Forge;

fn package(old: &[u8], new: &[u8]) -> Vec<u8> {
    diff(old, new, &Options::default().with_level(1), &Silent).unwrap().bytes
}

fn opened(package: &[u8]) -> Result<(), Error> {
    Opened::new::<SoftwareSha256>(package).map(drop)
}

/// A target without limits of its own.
#[derive(Default)]
struct Trusting {
    announced: usize,
    written: Vec<u8>,
}

impl Target for Trusting {
    type Error = Error;

    fn limit(&self) -> u32 {
        u32::MAX
    }

    fn begin(&mut self, size: u32) -> Result<(), Error> {
        self.announced = size as usize;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.written.extend_from_slice(bytes);
        assert!(self.written.len() <= self.announced, "more than was announced");
        Ok(())
    }
}

fn restored(old: &[u8], package: &[u8]) -> Result<Vec<u8>, Error> {
    let opened = Opened::new::<SoftwareSha256>(package)?.expect("a container");
    let (target, base, written) = (Trusting::default(), Vec::new(), Vec::new());
    restore::<_, _, SoftwareSha256>(&opened, old, target, base, written).map(|target| target.written)
}

#[test]
fn what_is_forged_without_a_change_is_restored() {
    let (old, new) = (everything(60, false), everything(60, true));
    let forged = Forge::new(&package(&old, &new)).package();
    assert!(restored(&old, &forged).unwrap() == new);
}

#[test]
fn nothing_is_written_beyond_what_was_announced() {
    let (old, new) = (everything(61, false), everything(61, true));
    let package = package(&old, &new);
    for size in [0, 1, 29, 30, 1000, new.len() as u32 - 1] {
        let mut forge = Forge::new(&package);
        forge.header.target_size = size;
        assert_eq!(restored(&old, &forge.package()), Err(Error::Corrupt), "{size}");
    }
}

#[test]
fn a_stream_has_plain_bytes_and_no_more_tokens_than_these() {
    let (old, new) = gzip_pair(62);
    let package = package(&old, &new);
    let forged = |change: &dyn Fn(&mut Making)| {
        let forge = Forge::new(&package).with(|_, target| change(making(target)));
        opened(&forge.package())
    };
    assert_eq!(forged(&|_| ()), Ok(()));
    assert_eq!(forged(&|making| (making.length, making.most) = (0, 0)), Err(Error::Corrupt));
    assert_eq!(forged(&|making| making.most = making.length), Ok(()));
    assert_eq!(forged(&|making| making.most = making.length + 1), Err(Error::Corrupt));
}

#[test]
fn what_is_followed_is_kept_and_takes_what_is_stated() {
    let (old, new) = gzip_pair(72);
    let package = package(&old, &new);
    let forged = |kept: Option<Kept>, follows: u32, stated: i32| {
        let mut forge = Forge::new(&package).with(|base, target| {
            base.items[0].kept = kept;
            making(target).follows = follows;
        });
        forge.record.kept = forge.record.kept.wrapping_add_signed(stated);
        forge.package()
    };
    let kept = |packed, tokens| Some(Kept { packed, tokens });
    assert_eq!(opened(&forged(kept(9000, 9000), 1, 0)), Ok(()));
    for (kept, follows, stated) in [
        (None, 1, 0),
        (kept(9000, 9000), 2, 0),
        (kept(9000, 9000), 1, 1),
        (kept(9000, 9000), 1, -1),
        (kept(1000, 8001), 1, 0),
    ] {
        assert_eq!(
            opened(&forged(kept, follows, stated)),
            Err(Error::Corrupt),
            "{kept:?} {follows} {stated}"
        );
    }
    // As many tokens as the stream has, or bytes, are not known before it is read.
    assert_eq!(restored(&old, &forged(kept(9000, 9), 0, 0)), Err(Error::Corrupt));
    assert_eq!(restored(&old, &forged(kept(9, 9), 0, 0)), Err(Error::Corrupt));
}

/// How the first stream of a target is made.
fn making(target: &mut Level) -> &mut Making {
    target.items[0].making.as_mut().expect("a stream")
}

/// A stream of the base.
fn stream(inside: Level) -> Item {
    Item { gap: 0, frame: Frame::Deflate, packed: 0, kept: None, making: None, inside }
}

#[test]
fn figures_of_the_record_that_contradict_each_other_are_refused_unseen() {
    let (old, new) = gzip_pair(63);
    let package = package(&old, &new);
    let forged = |change: &dyn Fn(&mut Forge<'_>)| {
        let mut forge = Forge::new(&package);
        change(&mut forge);
        opened(&forge.package())
    };
    assert_eq!(forged(&|_| ()), Ok(()));
    for wrong in [-1, 1, 1 << 20, 1 << 29] {
        let change = |value: &mut u32| *value = value.wrapping_add_signed(wrong);
        assert!(forged(&|forge| change(&mut forge.record.parts)).is_err(), "parts {wrong}");
        assert!(forged(&|forge| change(&mut forge.record.tokens)).is_err(), "tokens {wrong}");
    }
    // Whatever it says, there is not as much: nothing of that size is allocated.
    let most = 1_000_000_000;
    assert_eq!(forged(&|forge| forge.record.recipe_length = most), Err(Error::Corrupt));
    // More parts than there are bytes in base and expanded forms, or than the package has bytes for.
    let items = |count: usize| [[6u8, 0].repeat(count), vec![0; 2]].concat();
    for (count, expanded) in [(40_000, 1000), (400_000, most)] {
        let mut forge = Forge::new(&package).with_bytes(&items(count), count, true);
        forge.record.base_size = expanded;
        assert!(forge.record.recipe_size < 1000);
        assert_eq!(opened(&forge.package()), Err(Error::Corrupt));
    }
}

#[test]
fn streams_of_the_target_have_no_more_in_them_than_four_times_what_it_expands_to() {
    let (old, new) = gzip_pair(64);
    let package = package(&old, &new);
    let forged = |length: u32| {
        let forge = Forge::new(&package).with(|_, target| making(target).length = length);
        opened(&forge.package())
    };
    let expanded = Forge::new(&package).record.target_size;
    assert_eq!(forged(4 * expanded), Ok(()));
    assert_eq!(forged(4 * expanded + 1), Err(Error::Corrupt));
}

#[test]
fn limits_of_the_caller_are_checked_before_anything_is_allocated() {
    let (old, new) = gzip_pair(65);
    let package = package(&old, &new);
    let Forge { header, record, .. } = Forge::new(&package);
    let exact = Opened::new::<SoftwareSha256>(&package).unwrap().unwrap().record;
    let (memory, storage) = (memory(&exact), storage(&header, &record));
    let open = |limits| {
        Opened::allowed::<SoftwareSha256, _>(&package, &Anything, &limits).map(|opened| opened.is_some())
    };
    assert_eq!(open(Limits { memory, storage }), Ok(true));
    assert_eq!(open(Limits { memory: memory - 1, storage }), Err(Error::WorkspaceTooSmall));
    assert_eq!(open(Limits { memory, storage: storage - 1 }), Err(Error::WorkspaceTooSmall));
}

#[test]
fn streams_in_streams_of_the_base_cost_no_more_than_what_comes_of_them() {
    // A deflate stream of empty stored blocks, deflated: 16 MB are inflated to nothing.
    let blocks = [[0, 0, 0, 0xFF, 0xFF].repeat(16 << 20 >> 2), vec![1, 0, 0, 0xFF, 0xFF]].concat();
    let nested = compress_to_vec(&blocks, 6);
    let (_, new) = gzip_pair(66);
    let old = [gzip(&text(66)), nested].concat();
    let forged = |inside: Level| {
        let package = package(&old, &new);
        let forge = Forge::new(&package).with(|base, _| {
            base.items.push(stream(inside));
        });
        let opened = forge.package();
        restored(&old, &opened)
    };
    within(30, "streams in streams", || {
        assert_eq!(forged(Level { items: vec![stream(Level::default())] }), Err(Error::Corrupt));
        assert_eq!(forged(Level::default()), Err(Error::Corrupt));
    });
}

/// `SMIDGEN_CASES` says how many there are, `SMIDGEN_SEED` where they begin.
#[test]
fn corrections_that_were_changed_are_refused_or_make_a_stream() {
    let number = |name: &str, usual| std::env::var(name).map_or(usual, |value| value.parse().unwrap());
    let mut random = Random::new(number("SMIDGEN_SEED", 1));
    let mut next = |limit: usize| random.below(limit as u32) as usize;
    let pairs = [gzip_pair(68), (everything(67, false), everything(67, true))];
    let seeds = pairs.map(|(old, new)| (package(&old, &new), old));
    let mut refused = 0;
    let cases = number("SMIDGEN_CASES", 300);
    for _ in 0..cases {
        let (package, old) = &seeds[next(2)];
        let forge = Forge::new(package).with(|_, target| {
            let with_stream = target.items.iter_mut().filter(|item| item.frame.has_stream());
            let mut streams: Vec<_> = with_stream.filter_map(|item| item.making.as_mut()).collect();
            let at = next(streams.len());
            let making = &mut streams[at];
            for _ in 0..=next(4) {
                let at = next(making.corrections.len().max(1));
                match next(5) {
                    0 => {
                        making.corrections.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << next(8))
                    }
                    1 => making
                        .corrections
                        .iter_mut()
                        .skip(at)
                        .take(1)
                        .for_each(|byte| *byte = next(256) as u8),
                    2 => making.corrections.truncate(at),
                    3 => making.corrections.insert(at, next(256) as u8),
                    _ => making.most = making.most.saturating_sub(next(3) as u32),
                }
            }
        });
        match restored(old, &forge.package()) {
            Ok(_) => {}
            Err(error) => {
                assert!(
                    matches!(error, Error::Corrupt | Error::TargetDigest | Error::Truncated),
                    "{error:?}"
                );
                refused += 1;
            }
        }
    }
    println!("{cases} cases, {refused} refused");
    assert!(2 * refused > cases);
}

#[test]
fn recipes_of_any_bytes_are_refused_or_read() {
    let (old, new) = (everything(69, false), everything(69, true));
    let package = package(&old, &new);
    let good = {
        let forge = Forge::new(&package);
        Level::write_both(&forge.base, &forge.target)
    };
    let random = &mut Random::new(69);
    for case in 0..3000 {
        let mut bytes = good.clone();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len() as u32) as usize;
            match random.below(3) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes[at] = random.below(256) as u8,
                _ => drop(bytes.drain(at..bytes.len().min(at + 1 + random.below(9) as usize))),
            }
        }
        let parts = Forge::new(&package).record.parts;
        let found = Level::read_both(&bytes, parts);
        if let Ok((base, target)) = found {
            assert_eq!(base.parts() + target.parts(), parts as usize);
            let again = Level::write_both(&base, &target);
            assert_eq!(Level::read_both(&again, parts), Ok((base, target)), "case {case}");
        }
    }
}

/// Marks of zlib, each with a stored block that leads to the same stream of `plain` bytes, which is none of zlib's.
fn marks(count: usize, plain: usize) -> Vec<u8> {
    const MARK: usize = 7;
    let mut file = Vec::new();
    for number in 1..=count {
        let skipped = ((count - number) * MARK) as u16;
        file.extend([0x78, 0x01, 0]);
        file.extend(skipped.to_le_bytes());
        file.extend((!skipped).to_le_bytes());
    }
    file.extend(compress_to_vec(&vec![0; plain], 9));
    file.extend([0, 1, 2, 3]);
    file
}

/// `diff` of a hostile file and another: without limits each would take many minutes.
fn is_soon_done(hostile: &[u8]) {
    let other = text(70);
    within(60, "a hostile file", || {
        package(&other, hostile);
        package(hostile, &other);
    });
}

#[test]
fn marks_that_all_lead_to_one_bomb_are_not_followed_for_ever() {
    is_soon_done(&marks(9000, 100 << 20));
}

#[test]
fn marks_of_every_sort_in_great_number_take_time_in_proportion() {
    // Blocks without end, names without end, directories without end, streams that break off late.
    is_soon_done(&[[0x78, 0x01].repeat(200_000), [0, 0, 0, 0xFF, 0xFF].repeat(100_000)].concat());
    is_soon_done(&[0x78, 0x01, 0, 0, 0, 0xFF, 0xFF].repeat(100_000));
    is_soon_done(&[0x1F, 0x8B, 8, 8, 1, 1, 1, 1, 1, 1].repeat(100_000));
    is_soon_done(&[b"PK\x01\x02".to_vec(), vec![0; 42]].concat().repeat(20_000));
    let broken = compress_to_vec(&testkit::noise(40_000, 16, 1), 6);
    let entry = [&b"PK\x03\x04\x14\0\0\0\x08\0"[..], &[0; 20], &broken[..20_000]].concat();
    is_soon_done(&entry.repeat(50));
}

#[test]
fn streams_behind_many_failures_are_found_all_the_same() {
    // More false marks than any file of this size has.
    let (old, new) = (text(71), changed(text(71)));
    let junk = marks(500, 60_000);
    let file = |plain: &[u8]| [junk.clone(), gzip(plain)].concat();
    let package = diff(&file(&old), &file(&new), &Options::default(), &Silent).unwrap();
    let recipe = check(&file(&old), &file(&new), &package).expect("a container");
    assert_eq!(recipe.streams(), 1);
}

//! A device whose memories fail, a caller who errs: each gets an error of its own, and no restore goes on after one.

use std::cell::Cell;

use crate::common::{Golden, Slot, golden, named, restore, restore_to, small, with_workspace};
use smidgen_patch::{Base, BaseFn, Device, Error, Patcher, Policy, SliceTarget, SoftwareSha256, Target};

/// Packages whose restore reads the base and writes the target.
fn ordinary() -> Vec<Golden> {
    golden().into_iter().filter(|golden| !golden.base.is_empty() && !golden.target.is_empty()).collect()
}

#[test]
fn a_workspace_must_be_large_enough_and_aligned() {
    for golden in golden().into_iter().filter(|golden| golden.header().codec.models().is_some()) {
        let ram = golden.header().ram as usize;
        for (range, error) in [
            (0..ram, None),
            (0..ram - 1, Some(Error::WorkspaceTooSmall)),
            (0..ram - 4, Some(Error::WorkspaceTooSmall)),
            (0..0, Some(Error::WorkspaceTooSmall)),
            (1..ram + 1, Some(Error::WorkspaceMisaligned)),
        ] {
            with_workspace(|memory| {
                let mut slot = Slot::default();
                let workspace = &mut memory[range.clone()];
                let mut patcher = Patcher::new(workspace, &golden.base[..], &mut slot);
                assert_eq!(patcher.push(&golden.package).err(), error, "{}: {range:?} of {ram}", golden.name);
                assert_eq!(slot.begun.is_some(), error.is_none());
            });
        }
    }
}

/// A base that fails after a number of reads.
fn failing<'a>(image: &'a [u8], reads: &'a Cell<usize>) -> impl Base<Error = Error> + 'a {
    BaseFn::new(image.len() as u32, move |offset, buffer| {
        reads.set(reads.get().checked_sub(1).ok_or(Error::BaseRead)?);
        (&*image).read(offset, buffer)
    })
}

#[test]
fn a_base_that_cannot_be_read_is_reported() {
    for golden in ordinary() {
        // How many reads there are.
        let left = Cell::new(usize::MAX);
        restore_to(failing(&golden.base, &left), &mut Slot::default(), &golden.package, 64).unwrap();
        let reads = usize::MAX - left.get();
        for good in [0, 1, reads / 2, reads - 1] {
            let mut slot = Slot::default();
            let left = Cell::new(good);
            let end = restore_to(failing(&golden.base, &left), &mut slot, &golden.package, 64);
            assert_eq!(end.err(), Some(Error::BaseRead), "{}: {good} of {reads} reads", golden.name);
            assert!(good > 0 || slot.begun.is_none());
        }
    }
}

#[test]
fn a_target_that_cannot_be_written_is_reported() {
    for golden in ordinary() {
        let mut slot = Slot::default();
        restore_to(&golden.base[..], &mut slot, &golden.package, 64).unwrap();
        for call in [0, 1, slot.writes] {
            let mut slot = Slot { fails_at: Some(call), ..Slot::default() };
            let end = restore_to(&golden.base[..], &mut slot, &golden.package, 64);
            assert_eq!(end.err(), Some(Error::TargetWrite), "{}: call {call}", golden.name);
            assert_eq!(slot.writes, call, "written again after a failure");
        }
    }
}

/// Why a device stopped: the decoder's error, or the status of a bus.
#[derive(Debug, PartialEq)]
enum Stop {
    Decoder(Error),
    Bus(u8),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Decoder(error)
    }
}

/// A slot behind a bus.
struct BusSlot(Slot);

impl Target for BusSlot {
    type Error = Stop;

    fn limit(&self) -> u32 {
        self.0.limit()
    }

    fn begin(&mut self, size: u32) -> Result<(), Stop> {
        Ok(self.0.begin(size)?)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.0.write(bytes).map_err(|_| Stop::Bus(0xB2))
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Stop> {
        Ok(self.0.read(offset, buffer)?)
    }
}

#[test]
fn a_drivers_own_error_comes_out() {
    for golden in ordinary() {
        let base = BaseFn::new(golden.base.len() as u32, |_, _| Err(Stop::Bus(0xB1)));
        let end = restore_to(base, BusSlot(Slot::default()), &golden.package, 64);
        assert_eq!(end.err(), Some(Stop::Bus(0xB1)));
        let failing = BusSlot(Slot { fails_at: Some(1), ..Slot::default() });
        let end = restore_to(&golden.base[..], failing, &golden.package, 64);
        assert_eq!(end.err(), Some(Stop::Bus(0xB2)));
        let end = restore_to(&golden.base[..], BusSlot(Slot::default()), &golden.package[1..], 64);
        assert_eq!(end.err(), Some(Stop::Decoder(Error::NotAPackage)));
    }
}

#[test]
fn a_target_that_is_too_small_is_refused_before_the_base_is_read() {
    for golden in ordinary() {
        let mut memory = vec![0x5A; golden.target.len() - 1];
        let target = SliceTarget::new(&mut memory);
        let end = restore_to(failing(&golden.base, &Cell::new(0)), target, &golden.package, 64);
        assert_eq!(end.err(), Some(Error::SlotSize));
        assert!(memory.iter().all(|&byte| byte == 0x5A));
    }
}

#[test]
fn a_target_may_be_larger_than_the_image() {
    for golden in golden() {
        let mut memory = vec![0x5A; golden.target.len() + 100];
        let target = SliceTarget::new(&mut memory);
        assert!(restore_to(&golden.base[..], target, &golden.package, 64).is_ok());
        assert!(memory[..golden.target.len()] == golden.target);
        assert!(memory[golden.target.len()..].iter().all(|&byte| byte == 0x5A));
    }
}

#[test]
fn only_packages_that_say_so_need_a_target_that_can_be_read() {
    let mut needed = 0;
    for golden in golden() {
        let mut slot = Slot { write_only: true, ..Slot::default() };
        let end = restore_to(&golden.base[..], &mut slot, &golden.package, 64).map(drop);
        if !golden.header().read_back {
            assert_eq!((end, slot.reads), (Ok(()), 0), "{}", golden.name);
        } else if slot.reads > 0 {
            assert_eq!(end, Err(Error::TargetRead), "{}", golden.name);
            needed += 1;
        }
    }
    assert!(needed > 0, "no golden package reads its target");
}

/// A target that does no more than it must.
struct Sink;

impl Target for Sink {
    type Error = Error;

    fn limit(&self) -> u32 {
        u32::MAX
    }

    fn begin(&mut self, _size: u32) -> Result<(), Error> {
        Ok(())
    }

    fn write(&mut self, _bytes: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn targets_cannot_be_read_unless_they_say_how() {
    let golden = named("small-repeats");
    assert_eq!(restore_to(&golden.base[..], Sink, &golden.package, 64).err(), Some(Error::TargetRead));
    let golden = named("small-same");
    assert!(restore_to(&golden.base[..], Sink, &golden.package, 64).is_ok());
}

#[test]
fn memory_is_read_and_written_within_bounds_only() {
    let mut base: &[u8] = b"0123456789";
    let mut buffer = [0; 4];
    assert_eq!(base.size(), 10);
    assert_eq!((base.read(6, &mut buffer), &buffer), (Ok(()), b"6789"));
    for offset in [7, 10, 11, u32::MAX] {
        assert_eq!(base.read(offset, &mut buffer), Err(Error::BaseRead));
    }
    let mut memory = [0; 6];
    let mut target = SliceTarget::new(&mut memory);
    assert_eq!((target.limit(), target.begin(6)), (6, Ok(())));
    assert_eq!((target.write(b"abcd"), target.write(b"efg")), (Ok(()), Err(Error::TargetWrite)));
    assert_eq!((target.read(0, &mut buffer), &buffer), (Ok(()), b"abcd"));
    assert_eq!(target.read(1, &mut buffer), Err(Error::TargetRead), "not written yet");
}

#[test]
fn a_restore_is_over_after_an_error() {
    for golden in golden() {
        let mut package = golden.package.clone();
        *package.first_mut().unwrap() ^= 1;
        let longer = [&golden.package[..], &[0]].concat();
        for (package, error) in [(&package, Error::NotAPackage), (&longer, Error::TrailingData)] {
            with_workspace(|workspace| {
                let mut slot = Slot::default();
                let mut patcher = Patcher::new(workspace, &golden.base[..], &mut slot);
                assert_eq!(patcher.push(package), Err(error));
                for piece in [&golden.package[..], &[0], &[]] {
                    assert_eq!(patcher.push(piece), Err(Error::Finished));
                }
                assert_eq!(patcher.finish().err(), Some(Error::Finished));
            });
        }
    }
}

#[test]
fn the_end_may_not_come_early() {
    for golden in golden() {
        for length in [0, 3, 9, golden.body_start() - 1, golden.package.len() - 1] {
            let length = length.min(golden.package.len() - 1);
            let (end, _) = restore(&golden.base, &golden.package[..length], 64);
            assert_eq!(end, Err(Error::Truncated), "{}: {length} bytes", golden.name);
        }
    }
}

/// A restore that is ended too early must begin again: later pieces are refused.
#[test]
fn a_restore_is_over_after_an_early_end() {
    for golden in golden() {
        for length in [0, golden.body_start() - 1, golden.package.len() - 1] {
            with_workspace(|workspace| {
                let (first, rest) = golden.package.split_at(length);
                let mut slot = Slot::default();
                let mut patcher = Patcher::new(workspace, &golden.base[..], &mut slot);
                patcher.push(first).unwrap();
                assert_eq!(patcher.complete(), Err(Error::Truncated), "{}: {length} bytes", golden.name);
                assert_eq!(patcher.push(rest), Err(Error::Finished), "{}: {length} bytes", golden.name);
                assert_eq!(patcher.complete(), Err(Error::Finished));
            });
        }
    }
}

#[test]
fn empty_pieces_change_nothing() {
    for golden in golden() {
        with_workspace(|workspace| {
            let mut slot = Slot::default();
            let mut patcher = Patcher::new(workspace, &golden.base[..], &mut slot);
            for piece in golden.package.chunks(50) {
                patcher.push(&[]).unwrap();
                patcher.push(piece).unwrap();
                patcher.push(&[]).unwrap();
            }
            patcher.finish().unwrap();
            assert!(slot.image == golden.target);
        });
    }
}

#[test]
fn the_header_is_known_once_it_is_there() {
    let golden = named("small");
    with_workspace(|workspace| {
        let mut slot = Slot::default();
        let mut patcher = Patcher::new(workspace, &golden.base[..], &mut slot);
        let (before, after) = golden.package.split_at(golden.body_start() - 1);
        patcher.push(before).unwrap();
        assert_eq!(patcher.header(), None);
        patcher.push(&after[..1]).unwrap();
        assert_eq!(patcher.header(), Some(&golden.header()));
    });
}

/// The device that the golden package `small-identity` is for.
const FOR: Device<'static> = Device {
    slot_size: None,
    product: Some("Büchse 3"),
    module: Some("main-board_1"),
    version: Some("1.20.0"),
    rollback_counter: 300,
};

fn with_policy(policy: impl Policy, package: &Golden) -> (Option<Error>, Slot) {
    let mut slot = Slot::default();
    let end = with_workspace(|workspace| {
        let mut patcher =
            Patcher::<_, _, SoftwareSha256, _>::with_policy(workspace, &package.base[..], &mut slot, policy);
        package.package.chunks(50).try_for_each(|piece| patcher.push(piece))?;
        patcher.finish().map(|_| ())
    });
    (end.err(), slot)
}

#[test]
fn a_package_is_for_its_device_only() {
    let package = named("small-identity");
    let size = package.target.len() as u32;
    for (device, error) in [
        (FOR, None),
        (Device::default(), None),
        (Device { slot_size: Some(size), ..FOR }, None),
        (Device { slot_size: Some(size - 1), ..FOR }, Some(Error::SlotSize)),
        (Device { product: Some("Büchse 4"), ..FOR }, Some(Error::Product)),
        (Device { module: Some("main-board_2"), ..FOR }, Some(Error::Module)),
        (Device { version: Some("1.20.1"), ..FOR }, Some(Error::Version)),
        (Device { rollback_counter: 301, ..FOR }, Some(Error::RollbackCounter)),
        (Device { rollback_counter: 0, ..FOR }, None),
    ] {
        let (end, slot) = with_policy(device, &package);
        assert_eq!(end, error, "{device:?}");
        assert_eq!(slot.begun.is_some(), error.is_none(), "{device:?}");
    }
}

#[test]
fn a_package_without_an_identity_is_refused_by_devices_that_have_one() {
    let package = named("small");
    let anonymous = Device::default();
    for (device, error) in [
        (anonymous, None),
        (Device { product: FOR.product, ..anonymous }, Some(Error::Product)),
        (Device { module: FOR.module, ..anonymous }, Some(Error::Module)),
        (Device { version: FOR.version, ..anonymous }, Some(Error::Version)),
        (Device { rollback_counter: 1, ..anonymous }, Some(Error::RollbackCounter)),
    ] {
        assert_eq!(with_policy(device, &package).0, error, "{device:?}");
    }
}

#[test]
fn progress_grows_to_a_hundred() {
    for golden in ordinary() {
        with_workspace(|workspace| {
            let mut slot = Slot::default();
            let mut patcher = Patcher::new(workspace, &golden.base[..], &mut slot);
            let mut last = patcher.progress();
            assert_eq!(last, 0);
            for piece in golden.package.chunks(16) {
                patcher.push(piece).unwrap();
                assert!((last..=100).contains(&patcher.progress()));
                last = patcher.progress();
            }
            assert_eq!(last, 100, "{}", golden.name);
        });
    }
}

#[test]
fn a_step_reads_no_more_of_the_base_than_its_budget() {
    for golden in ordinary() {
        let read = Cell::new(0);
        let base = BaseFn::new(golden.base.len() as u32, |offset, buffer| {
            read.set(read.get() + buffer.len());
            (&golden.base[..]).read(offset, buffer)
        });
        with_workspace(|workspace| {
            let mut slot = Slot::default();
            let mut patcher = Patcher::new(workspace, base, &mut slot);
            let (mut package, mut checked) = (&golden.package[..], 0);
            while checked < golden.base.len() {
                assert_eq!(patcher.progress(), 0);
                let taken = patcher.step(&package[..1], 100).unwrap();
                package = &package[taken..];
                // The step that reads the last of it goes on with the body.
                let most = if checked + 100 < golden.base.len() { 100 } else { 400 };
                assert!(read.get() <= most, "{}: {} bytes", golden.name, read.get());
                checked += read.replace(0);
            }
            patcher.push(package).unwrap();
            patcher.complete().unwrap();
            assert!(slot.image == golden.target);
        });
    }
}

/// No budget is so small that a step does nothing, and none so large that it does more than there is.
#[test]
fn every_budget_leads_to_the_end() {
    for golden in small() {
        for (piece, budget) in [(1, 0), (64, 0), (1000, 0), (1000, 1), (1, 1), (7, u32::MAX)] {
            with_workspace(|workspace| {
                let mut slot = Slot::default();
                let mut patcher = Patcher::new(workspace, &golden.base[..], &mut slot);
                let (mut rest, mut steps) = (&golden.package[..], 0);
                while !rest.is_empty() || !patcher.is_done() {
                    let taken = patcher.step(&rest[..piece.min(rest.len())], budget).unwrap();
                    rest = &rest[taken..];
                    steps += 1;
                    assert!(steps < 10_000, "{} {piece}/{budget}", golden.name);
                }
                assert_eq!(patcher.complete(), Ok(()));
                assert!(slot.image == golden.target);
            });
        }
    }
}

//! Updates on simulated flash of a device: good packages survive every loss of power, and what does not fit is refused.

use std::time::Duration;

use smidgen_diff::simulate::{Cuts, PowerLosses, SimulateError, Simulation, simulate};
use smidgen_diff::{
    CodecChoice, Core, Device, Options, Progress, Ram, Silent, Speed, Stage, Unfit, UnreadableFlash, Update,
    diff,
};
use smidgen_patch::Error;
use smidgen_patch::flash::Cut;
use smidgen_patch::header::{IMAGE_LIMIT, InPlacePlan};
use smidgen_patch::secrecy::NoKey;
use testkit::archives::{changed, gzip, text};
use testkit::{firmware, fixture};

use crate::common::with_header;

fn device(page: u32, write: u32) -> Device {
    Device::default().with_page(Some(page)).with_write(Some(write))
}

fn losses(cuts: Cuts) -> PowerLosses {
    PowerLosses::default().with_cuts(cuts)
}

fn run(name: &str, device: &Device, losses: &PowerLosses) -> Result<Simulation, SimulateError> {
    let base = if name.starts_with("small") { fixture("packages/small-base.bin") } else { firmware(1) };
    simulate(&base, &fixture(&format!("packages/{name}.smdg")), NoKey, device, losses, &Silent)
}

fn survives(name: &str, device: &Device, cuts: Cuts) -> Simulation {
    let simulation = run(name, device, &losses(cuts)).unwrap();
    assert_eq!(simulation.lost, 0, "{name} {device:?}: {:?}", simulation.lost_updates);
    simulation
}

#[test]
fn every_loss_of_power_is_survived() {
    for (name, update, geometries) in [
        ("small", Update::Ab, &[(256, 4), (512, 8), (1024, 32), (4096, 512), (512, 512)][..]),
        ("small-in-place", Update::InPlace, &[(64, 4), (32, 32)][..]),
    ] {
        for (index, &(page, write)) in geometries.iter().enumerate() {
            let unreadable = UnreadableFlash::ALL[index % UnreadableFlash::ALL.len()];
            let device =
                device(page, write).with_unreadable(unreadable).with_erased(Some(0xFF * (index % 2) as u8));
            let simulation = survives(name, &device, Cuts::All);
            assert_eq!(simulation.update, update);
            // Each operation is cut at four places; during each recovery but the last few, once more.
            let cuts = 4 * simulation.operations;
            assert!(
                (2 * cuts - 16..=2 * cuts).contains(&simulation.losses),
                "{name} {page}/{write}: {simulation:?}"
            );
        }
    }
}

#[test]
fn firmware_survives_some_losses_of_power() {
    let stated = device(2048, 8).with_slot(Some(64 << 10)).with_scratch(Some(8 << 10));
    for (name, device) in [
        ("firmware-v1-v2", device(4096, 4)),
        ("firmware-v1-v3-in-place", device(2048, 8)),
        ("firmware-v1-v3-in-place", stated.clone()),
        // Of two slots, the plan says nothing.
        ("firmware-v1-v3-in-place", stated.with_update(Some(Update::Ab))),
    ] {
        let simulation = survives(name, &device, Cuts::Even(8));
        // After the last write, nothing is left to be cut.
        assert!((15..=16).contains(&simulation.losses));
        assert_eq!(simulation.update == Update::Ab, simulation.areas.len() == 2);
    }
}

#[test]
fn wear_and_time_are_those_of_one_update() {
    let flash = device(256, 4);
    let speed = Speed::default()
        .with_core(Some(Core::CortexM4))
        .with_clock(Some(1_000_000))
        .with_cycles(Some(150))
        .with_erase_time(Some(Duration::from_millis(10)))
        .with_write_time(Some(Duration::from_micros(50)))
        .with_read_speed(Some(1000));
    let simulation = survives("small", &flash.clone().with_speed(speed), Cuts::None);
    assert_eq!((simulation.losses, simulation.lost), (0, 0));
    let [slot, journal] = &simulation.areas[..] else { panic!("{simulation:?}") };
    assert_eq!((slot.name, &slot.erases[..], &slot.units[..]), ("slot", &[1; 4][..], &[64, 64, 64, 31][..]));
    // Four pages and the end are noted, each twice in units of 4 for 20 bytes.
    assert_eq!((journal.name, journal.total_units()), ("journal", 5 * 2 * 5));
    assert_eq!((simulation.erases(), simulation.bytes_written()), (4 + journal.total_erases(), 892 + 200));
    let time = &simulation.time;
    assert_eq!(time.erase, Duration::from_millis(10) * simulation.erases() as u32);
    assert_eq!(time.write, Duration::from_micros(50) * (223 + 50));
    assert_eq!(time.read, Duration::from_millis(simulation.bytes_read));
    assert!(time.assumed.is_empty() && time.decode.unwrap() > Duration::from_millis(50));
    // Base, target, and the target again as it is read back: 62.2 instructions a byte, and a half more in cycles.
    let hash = Duration::from_nanos((764 + 892 + 892) * 62_200 * 3 / 2);
    assert!(time.hash.abs_diff(hash) < Duration::from_micros(1), "{time:?}");
    let slower = survives("small", &flash.clone().with_speed(speed.with_cycles(Some(300))), Cuts::None);
    assert_eq!(slower.time.hash.as_micros() / 2, time.hash.as_micros());
    let engine = survives("small", &flash.clone().with_speed(speed.with_hash_engine(true)), Cuts::None);
    assert_eq!(engine.time.total(), time.total() - time.hash);
    let assumed = survives("small", &flash, Cuts::None).time.assumed;
    let core = ["core cortex-m4", "cycles-per-instruction 1.5"];
    assert_eq!(assumed, [&["erase-time 85ms", "write-time 41µs", "clock 64MHz"], &core[..]].concat());
    let riscv = flash.with_arch("riscv".parse().ok());
    assert!(survives("small", &riscv, Cuts::None).time.assumed.contains(&"core riscv32".to_owned()));
}

/// The estimate of decoding beside what the emulated boards counted: packages that it was not fitted to.
#[test]
fn time_is_about_what_was_measured() {
    let figures = std::fs::read_to_string(testkit::fixtures().join("../.ci/figures.tsv")).unwrap();
    let rows = figures.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let mut compared = 0;
    for row in rows.filter(|row| row[0] == "fixtures" && row.get(3) == Some(&"z")) {
        let (new, core) = (if row[1].ends_with("v2") { 2 } else { 3 }, row[2].parse::<Core>().unwrap());
        let [image, in_engine] = [row[5], row[7]].map(|figure| figure.parse::<f64>().unwrap());
        let options = Options::default().with_ram(Ram::Bytes(16 << 10));
        let package = diff(&firmware(1), &firmware(new), &options, &Silent).unwrap().bytes;
        // A cycle for each instruction, a microsecond each.
        let speed = Speed::default().with_core(Some(core)).with_clock(Some(1_000_000)).with_cycles(Some(100));
        let device = device(4096, 4).with_speed(speed);
        let simulation = simulate(&firmware(1), &package, NoKey, &device, &losses(Cuts::None), &Silent);
        let estimated = simulation.unwrap().time.decode.unwrap().as_secs_f64() * 1e6;
        let error = estimated / (in_engine * image) - 1.0;
        assert!((-0.12..0.12).contains(&error), "{row:?}: {error:+.3}");
        compared += 1;
    }
    assert_eq!(compared, 4);
}

#[test]
fn the_other_slot_holds_an_older_image() {
    let base = testkit::noise(1024, 256, 1);
    let target = [&base[..256], &[0xFF; 512], &base[300..500]].concat();
    let package = diff(&base, &target, &Options::default(), &Silent).unwrap().bytes;
    for erased in [0xFF, 0] {
        let flash = device(256, 4).with_erased(Some(erased));
        let simulation = simulate(&base, &package, NoKey, &flash, &losses(Cuts::Even(9)), &Silent).unwrap();
        // Also pages that are erased in the new image are erased for it.
        assert_eq!((&simulation.areas[0].erases[..], simulation.lost), (&[1; 4][..], 0));
    }
}

#[test]
fn a_slot_has_whole_pages() {
    let (base, package) = (fixture("packages/small-base.bin"), fixture("packages/small.smdg"));
    let target = fixture("packages/small-target.bin");
    assert_eq!(target.len(), 892);
    for (slot, fits) in [(1024, true), (1023, false), (892, false)] {
        for update in [None, Some(Update::Ab)] {
            let device = device(256, 4).with_slot(Some(slot)).with_update(update);
            let refusal =
                |unfit: Unfit| assert!(unfit.to_string().contains("a slot of 1024 bytes"), "{unfit}");
            assert_eq!(device.check_package(&package).map_err(refusal).is_ok(), fits, "{slot}");
            assert_eq!(run("small", &device, &losses(Cuts::None)).is_ok(), fits, "{slot}");
            let mut options = Options::default();
            device.apply(&mut options).unwrap();
            assert_eq!(diff(&base, &target, &options, &Silent).is_ok(), fits, "{slot}");
        }
    }
    // Of a device whose pages are not known, every byte counts.
    assert_eq!(Device::default().with_slot(Some(892)).check_package(&package), Ok(()));
}

#[test]
fn losses_of_power_are_repeated_by_number() {
    let at = |cuts: &[(u64, u32)]| {
        let cuts = cuts.iter().map(|&(after, torn)| Cut { after, torn });
        run("small-in-place", &device(64, 4), &PowerLosses::default().with_at(cuts.collect()))
    };
    let repeated = at(&[(400, 21), (3, 0)]).unwrap();
    assert_eq!((repeated.losses, repeated.lost), (2, 0));
    let last = repeated.operations - 1;
    assert_eq!(at(&[(last, 0)]).unwrap().losses, 1);
    // Beyond the end there is nothing to cut, also after a reset.
    let refusal = |cuts: &[(u64, u32)]| at(cuts).unwrap_err().to_string();
    let beyond = format!("no operation {}: the update has {} operations", last + 1, last + 1);
    assert!(refusal(&[(last + 1, 0), (2, 0)]).starts_with(&beyond));
    assert!(refusal(&[(u64::MAX, u32::MAX)]).contains(&format!("has {} operations", last + 1)));
    assert!(refusal(&[(2, 0), (u64::MAX, 0)]).contains("after reset 1, the update has"));
}

#[test]
fn the_result_is_the_same_on_any_number_of_threads() {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| survives("small-in-place", &device(64, 4), Cuts::Even(40)))
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn what_the_device_cannot_restore_is_refused() {
    let base = fixture("packages/small-base.bin");
    let package = fixture("packages/small.smdg");
    let flash = device(256, 4);
    let refusal = |base: &[u8], package: &[u8], device: &Device| {
        simulate(base, package, NoKey, device, &losses(Cuts::Even(3)), &Silent).unwrap_err()
    };
    let mut wrong = base.clone();
    wrong[5] ^= 1;
    assert!(matches!(refusal(&wrong, &package, &flash), SimulateError::Package(Error::BaseDigest)));
    assert!(matches!(refusal(&base[1..], &package, &flash), SimulateError::Package(Error::BaseSize)));
    let mut damaged = package.clone();
    *damaged.last_mut().unwrap() ^= 0x55;
    assert!(matches!(refusal(&base, &damaged, &flash), SimulateError::Package(_)));
    assert!(matches!(refusal(&base, &package[..40], &flash), SimulateError::Package(_)));
    assert!(matches!(refusal(&base, &package, &Device::default()), SimulateError::Profile(_)));
    assert!(matches!(refusal(&base, &package, &device(256, 3)), SimulateError::Profile(_)));
    for unfit in [
        flash.clone().with_slot(Some(768)),
        flash.clone().with_ram(Some(1024)),
        flash.clone().with_product(Some("another".to_owned())),
        flash.clone().with_max_package(Some(100)),
        flash.clone().with_codecs("zstd".parse().ok()),
    ] {
        assert!(matches!(refusal(&base, &package, &unfit), SimulateError::Unfit(_)), "{unfit:?}");
    }
    let in_place = fixture("packages/small-in-place.smdg");
    for (device, package) in [
        (device(96, 4), &in_place),
        (device(64, 4).with_slot(Some(768)), &in_place),
        (device(64, 4).with_scratch(Some(64)), &in_place),
        (
            device(64, 4).with_slot(Some(4096)).with_scratch(Some(512)).with_update(Some(Update::InPlace)),
            &package,
        ),
    ] {
        assert!(matches!(refusal(&base, package, &device), SimulateError::Unfit(_)), "{device:?}");
    }
}

#[test]
fn what_has_no_update_over_flash_is_refused() {
    let (old, new) = (gzip(&text(1)), gzip(&changed(text(1))));
    let options = Options::default().with_containers(Some(smidgen_diff::Containers::Auto));
    let container = diff(&old, &new, &options, &Silent).unwrap().bytes;
    let end = simulate(&old, &container, NoKey, &device(256, 4), &PowerLosses::default(), &Silent);
    assert!(matches!(end, Err(SimulateError::Container)), "{end:?}");
    let unfit =
        simulate(&old, &container, NoKey, &device(256, 4).with_os(Some(false)), &losses(Cuts::None), &Silent);
    assert!(matches!(unfit, Err(SimulateError::Container | SimulateError::Unfit(Unfit::System))));
}

#[test]
fn a_package_of_codec_zstd_takes_two_slots_and_a_heap() {
    let (base, target) = (firmware(1), firmware(2));
    let package = diff(&base, &target, &Options::default().with_codec(CodecChoice::Zstd), &Silent).unwrap();
    let simulation =
        simulate(&base, &package.bytes, NoKey, &device(4096, 8), &losses(Cuts::Even(8)), &Silent).unwrap();
    assert_eq!((simulation.lost, simulation.time.decode), (0, None));
    assert!(simulation.heap > 1 << 17);
}

#[test]
fn flash_that_is_too_large_is_not_simulated() {
    let end = run("small", &device(1 << 30, 8), &losses(Cuts::None));
    assert!(matches!(end, Err(SimulateError::Profile(_) | SimulateError::Package(Error::Areas))), "{end:?}");
    let end = run("small-in-place", &device(1 << 31, 1 << 31), &losses(Cuts::None));
    assert!(end.is_err());
}

/// What a stranger's header states takes no more memory or time than is there.
#[test]
fn hostile_headers_are_refused() {
    let base = fixture("packages/small-base.bin");
    let package = fixture("packages/small-in-place.smdg");
    let refused = |package: &[u8], what: &str| {
        for update in [None, Some(Update::Ab)] {
            let device = device(64, 4).with_update(update);
            let end = simulate(&base, package, NoKey, &device, &losses(Cuts::Even(3)), &Silent);
            // Of two slots, the plan says nothing.
            assert!(end.is_err() || update.is_some() && what == "plan", "{what} {update:?}");
        }
    };
    for (segment, shift, keep) in
        [(1, 0, 0), (3, 5, 1), (64, 1 << 31, 64), (1 << 20, 1 << 30, 0), (u32::MAX, u32::MAX, 0)]
    {
        let plan = InPlacePlan { segment, shift, keep };
        refused(&with_header(&package, |_, extensions| extensions.in_place = Some(plan)), "plan");
    }
    refused(&with_header(&package, |header, _| header.target_size = IMAGE_LIMIT), "target");
    refused(&with_header(&package, |header, _| header.base_size = IMAGE_LIMIT), "base");
    refused(&with_header(&package, |header, _| header.body_length = u32::MAX), "body");
    refused(&with_header(&package, |header, _| header.ram = u32::MAX), "ram");
}

#[cfg(feature = "release")]
#[test]
fn an_encrypted_package_takes_its_key() {
    use smidgen_patch::secrecy::{SharedKey, SoftwareCipher};
    let (base, package) = (fixture("packages/small-base.bin"), fixture("packages/encrypted-in-place.smdg"));
    let key = SharedKey::<SoftwareCipher>::new([3; 32]);
    let few = losses(Cuts::Even(10));
    let simulation = simulate(&base, &package, key, &device(64, 4), &few, &Silent).unwrap();
    assert_eq!((simulation.lost, simulation.time.decode), (0, None));
    assert!((19..=20).contains(&simulation.losses));
    let end = simulate(&base, &package, NoKey, &device(64, 4), &few, &Silent);
    assert!(matches!(end, Err(SimulateError::Package(Error::Encrypted))), "{end:?}");
    let key = SharedKey::<SoftwareCipher>::new([4; 32]);
    let end = simulate(&base, &package, key, &device(64, 4), &few, &Silent);
    assert!(matches!(end, Err(SimulateError::Package(Error::DecryptionKey))), "{end:?}");
}

#[test]
fn a_simulation_can_be_cancelled() {
    struct Impatient;
    impl Progress for Impatient {
        fn begin(&self, stage: Stage, steps: u64) {
            assert!(stage == Stage::Simulate && steps > 50);
        }

        fn is_cancelled(&self) -> bool {
            true
        }
    }
    let (base, package) = (fixture("packages/small-base.bin"), fixture("packages/small.smdg"));
    let end = simulate(&base, &package, NoKey, &device(256, 4), &PowerLosses::default(), &Impatient);
    assert!(matches!(end, Err(SimulateError::Cancelled)), "{end:?}");
}

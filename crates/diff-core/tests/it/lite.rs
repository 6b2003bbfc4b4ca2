//! Codec `lite`: packages for the smallest decoders, and the choice between it and `cm`.

use crate::common::round_trip;
use smidgen_diff::{CodecChoice, Device, DiffError, Options, Package, Ram, Silent, Unfit, diff};
use smidgen_patch::header::Codec;
use testkit::firmware;

fn options(codec: CodecChoice, bytes: u64) -> Options {
    Options::default().with_codec(codec).with_ram(Ram::Bytes(bytes))
}

/// The options for a device with these codecs, whose package may be of any of them.
fn of_device(codecs: &str, bytes: u64) -> Options {
    let device = Device::default().with_codecs(codecs.parse().ok()).with_ram(Some(bytes));
    let mut options = Options::default();
    device.apply(&mut options).unwrap();
    options.with_codec(CodecChoice::Auto)
}

fn make(options: &Options) -> Package {
    round_trip(&firmware(1), &firmware(3), options)
}

/// That is what it is for: there, `cm` has no room for the counters that it mixes.
#[test]
fn in_four_kibibytes_lite_is_smaller_than_cm_and_in_many_larger() {
    let size = |codec, bytes| make(&options(codec, bytes)).bytes.len();
    assert!(size(CodecChoice::Lite, 4096) < size(CodecChoice::Cm, 4096));
    assert!(size(CodecChoice::Lite, 64 << 10) > size(CodecChoice::Cm, 64 << 10));
}

#[test]
fn memory_beside_the_counters_goes_to_displacements_and_landmarks() {
    let package = make(&options(CodecChoice::Lite, 4096));
    let Codec::Lite { size, tuning } = package.header.codec else { panic!("not of codec lite") };
    assert!(size.slots == 0 && size.learned > 50 && tuning.mixer_rate == 0 && !tuning.high_first);
    assert!(package.header.ram <= 4096);
    assert!(make(&options(CodecChoice::Lite, 2564)).bytes.len() > package.bytes.len());
}

#[test]
fn auto_takes_the_smaller_of_what_the_device_has() {
    let [cm, lite] = [CodecChoice::Cm, CodecChoice::Lite].map(|codec| make(&options(codec, 4096)).bytes);
    assert!(lite.len() < cm.len());
    for codecs in ["cm,lite", "lite,cm,zstd", "lite"] {
        assert!(make(&of_device(codecs, 4096)).bytes == lite, "{codecs}");
    }
    assert!(make(&of_device("cm,zstd", 4096)).bytes == cm);
    assert!(make(&options(CodecChoice::Auto, 4096)).bytes == cm, "a device that does not say");
    assert_eq!(make(&of_device("zstd", 160 << 10)).header.codec.name(), "zstd");
}

#[test]
fn auto_does_with_what_is_too_little_for_one_codec() {
    // With less than cm needs, and enough for lite.
    let package = make(&of_device("cm,lite", 2700));
    assert_eq!(package.header.codec.name(), "lite");
    let none = diff(&firmware(1), &firmware(2), &of_device("cm,lite", 1000), &Silent);
    assert!(matches!(none, Err(DiffError::BudgetTooSmall { .. })), "{none:?}");
}

#[test]
fn a_device_without_lite_is_not_given_it() {
    let options = of_device("cm", 4096).with_codec(CodecChoice::Lite);
    let refused = diff(&firmware(1), &firmware(2), &options, &Silent);
    assert!(matches!(refused, Err(DiffError::Device(Unfit::Codec { codec: "lite", .. }))), "{refused:?}");
}

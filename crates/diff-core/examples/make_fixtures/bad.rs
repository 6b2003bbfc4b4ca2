//! Bad packages, each named after its error and its fault.
//!
//! All are to be applied to `small-base.bin`.

use std::fs;
use std::path::PathBuf;

use smidgen_patch::Header;
use smidgen_patch::internals::apply::Source;
use smidgen_patch::internals::wire::crc32;

use crate::bodies::Claim;
use crate::raw_header::{RawHeader, kinds, varint, windows};
use crate::{folder, read};

/// The largest image and the largest tables that a header may ask for.
const IMAGE_LIMIT: u32 = 1_000_000_000;
const SLOT_LIMIT: u32 = 1 << 24;
const LANDMARK_LIMIT: u32 = 1 << 10;
const LEARNED_LIMIT: u32 = 1 << 14;

/// A good package, taken apart.
struct Good {
    package: Vec<u8>,
    header: Header,
    raw: RawHeader,
    body: Vec<u8>,
}

impl Good {
    fn read(name: &str) -> Self {
        let package = read(name);
        let (header, length) = Header::parse(&package).unwrap();
        let body = package[length..].to_vec();
        Self { raw: RawHeader::of(&header), header, body, package }
    }

    /// A package with another header.
    fn with(&self, header: &RawHeader) -> Vec<u8> {
        [header.bytes(), self.body.clone()].concat()
    }

    /// A package with another field in the header, whose checksum is right.
    fn field(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        self.with(&self.raw.with(name, bytes))
    }

    /// A package with another body, whose length the header states.
    fn other_body(&self, body: &[u8]) -> Vec<u8> {
        let header = self.raw.with("body length", &varint(body.len() as u32));
        [&header.bytes(), body].concat()
    }
}

fn bad_folder() -> PathBuf {
    folder().join("bad")
}

/// Makes all of them, and removes other files.
pub(crate) fn make_all() {
    let _ = fs::remove_dir_all(bad_folder());
    fs::create_dir_all(bad_folder()).unwrap();
    let small = Good::read("small.smdg");
    prefixes(&small);
    numbers(&small);
    models(&small);
    places(&small);
    extensions(&small);
    checks(&small);
    signatures(&small);
    ends(&small, "");
    claims(&small, "");
    zstd(&Good::read("small-zstd.smdg"));
    lite(&Good::read("small-lite.smdg"));
    crate::encrypted::bad(bad);
}

/// Writes a package; its name begins with the error.
fn bad(name: &str, package: &[u8]) {
    let path = bad_folder().join(name).with_extension("smdg");
    assert!(!path.exists(), "{name} twice");
    fs::write(path, package).unwrap();
}

/// Errors before the header is complete.
fn prefixes(small: &Good) {
    bad("NotAPackage-wrong-magic", &small.field("magic", b"SMDH"));
    bad("NotAPackage-bsdiff40", &[&b"BSDIFF40"[..], &[0; 24]].concat());
    for version in [0, 1, 2, 3, 4, 6, 255] {
        bad(&format!("UnsupportedVersion-version-{version}"), &small.field("version", &[version]));
    }
    let other_codec = small.raw.with("codec", &[3]);
    bad("UnsupportedCodec-before-the-length", &small.with(&other_codec.stating(0)));
    bad("UnsupportedVersion-before-the-codec", &small.with(&other_codec.with("version", &[6])));
    for length in [0, 12, 513, 0xFFFF] {
        bad(&format!("MalformedHeader-length-{length}"), &small.with(&small.raw.stating(length)));
    }
    bad("MalformedHeader-too-long", &small.with(&small.raw.too_long()));
    let mut package = small.package.clone();
    package[20] ^= 0x10;
    bad("HeaderChecksum-damaged", &package);
    let length = small.package.len() - small.body.len();
    bad("HeaderChecksum-length-one-less", &small.with(&small.raw.stating(length - 1)));
    bad("HeaderChecksum-length-one-more", &small.with(&small.raw.stating(length + 1)));
}

/// Numbers in a form that is not the shortest, or out of range; fields too many or too few.
fn numbers(small: &Good) {
    for name in ["base size", "ram", "slots", "base address", "address high", "body length", "extension"] {
        let mut longer = small.raw.field(name).to_vec();
        *longer.last_mut().unwrap() |= 0x80;
        longer.push(0);
        bad(
            &format!("MalformedHeader-longer-form-of-{}", name.replace(' ', "-")),
            &small.field(name, &longer),
        );
    }
    for (what, number) in [("33-bits", &[0xFF, 0xFF, 0xFF, 0xFF, 0x1F][..]), ("six-bytes", &[0x80; 6])] {
        bad(&format!("MalformedHeader-number-of-{what}"), &small.field("base address", number));
    }
    for name in ["base", "target"] {
        let beyond = varint(IMAGE_LIMIT + 1);
        bad(&format!("MalformedHeader-{name}-beyond-limit"), &small.field(&format!("{name} size"), &beyond));
    }
    bad("MalformedHeader-a-byte-more", &small.field("extension", &[0, 0]));
    bad("MalformedHeader-a-byte-less", &small.field("extension", &[]));
    bad("MalformedHeader-nothing-after-the-digests", &small.with(&truncated(&small.raw)));
}

/// A header whose fields end after the digests.
fn truncated(raw: &RawHeader) -> RawHeader {
    let after = ["ram", "slots", "landmarks", "learned", "counter and mixer rate", "block log"];
    let rest = ["base address", "address high", "windows", "kinds", "body length", "extension"];
    after.iter().chain(&rest).fold(raw.clone(), |raw, name| raw.with(name, &[]))
}

/// The codec's own fields.
fn models(small: &Good) {
    bad("UnsupportedCodec-codec-3", &small.field("codec", &[3]));
    bad("UnsupportedCodec-codec-255", &small.field("codec", &[255]));
    bad("MalformedHeader-no-slots", &small.field("slots", &varint(0)));
    for (name, limit) in [("slots", SLOT_LIMIT), ("landmarks", LANDMARK_LIMIT), ("learned", LEARNED_LIMIT)] {
        bad(&format!("MalformedHeader-{name}-beyond-limit"), &small.field(name, &varint(limit + 1)));
        bad(&format!("RamMismatch-{name}-at-limit"), &small.field(name, &varint(limit)));
    }
    for rates in [0x28, 0x78, 0x50, 0xFF] {
        bad(&format!("MalformedHeader-rates-{rates:02x}"), &small.field("counter and mixer rate", &[rates]));
    }
    for log in [0, 2, 7, 255] {
        bad(&format!("MalformedHeader-block-log-{log}"), &small.field("block log", &[log]));
    }
    for (what, ram) in
        [("a-byte-less", small.header.ram - 1), ("a-byte-more", small.header.ram + 1), ("zero", 0)]
    {
        bad(&format!("RamMismatch-{what}"), &small.field("ram", &varint(ram)));
    }
}

/// The fields of codec `lite`, and its body.
fn lite(small: &Good) {
    for (name, limit) in [("landmarks", LANDMARK_LIMIT), ("learned", LEARNED_LIMIT)] {
        bad(&format!("MalformedHeader-lite-{name}-beyond-limit"), &small.field(name, &varint(limit + 1)));
        bad(&format!("RamMismatch-lite-{name}-at-limit"), &small.field(name, &varint(limit)));
    }
    for speeds in [0x26, 0x76, 0x42, 0x47, 0x4E, 0xFF] {
        bad(&format!("MalformedHeader-lite-speeds-{speeds:02x}"), &small.field("speeds", &[speeds]));
    }
    bad("RamMismatch-lite-a-byte-less", &small.field("ram", &varint(small.header.ram - 1)));
    // With the parameters of another codec, a header has too many fields or too few.
    bad("MalformedHeader-as-lite-codec-cm", &small.field("codec", &[0]));
    ends(small, "lite-");
    claims(small, "lite-");
}

/// Windows and kinds of pages.
fn places(small: &Good) {
    let ram = (0x2000_0000, 0x1000);
    bad("MalformedHeader-four-windows", &small.field("windows", &windows(&[ram; 4])));
    bad("MalformedHeader-empty-window", &small.field("windows", &windows(&[(0x2000_0000, 0)])));
    bad("MalformedHeader-window-beyond-4-gib", &small.field("windows", &windows(&[(0xFFFF_F000, 0x1100)])));
    let list = |numbers: &[u8]| small.field("kinds", &kinds(numbers));
    // Only kinds of words: every decoder has them.
    let nine = [0, 16, 17, 18, 19, 20, 21, 24, 25];
    for number in [8, 15, 22, 31, 32, 255] {
        bad(&format!("UnsupportedPageKind-kind-{number}"), &list(&[number]));
    }
    bad("UnsupportedPageKind-second-of-kind-255", &list(&[16, 255]));
    bad("MalformedHeader-no-kinds", &list(&[]));
    bad("MalformedHeader-9-kinds", &list(&nine));
    bad("MalformedHeader-255-kinds", &small.field("kinds", &[&[255], &nine[..]].concat()));
    bad("MalformedHeader-bytes-twice", &list(&[0, 16, 0]));
    bad("MalformedHeader-words-twice", &list(&[16, 16]));
}

/// Records of extensions.
fn extensions(small: &Good) {
    let records = |records: &[(u8, &[u8])]| {
        let record = |&(tag, value): &(u8, &[u8])| [&[tag], &varint(value.len() as u32)[..], value].concat();
        let records: Vec<u8> = records.iter().flat_map(record).collect();
        small.field("extension", &[varint(records.len() as u32), records].concat())
    };
    // A decoder of containers finds no recipe; others do not support containers.
    bad("Container-extension-6", &records(&[(6, &[0; 6])]));
    for tag in [0, 9, 255] {
        bad(&format!("ReservedField-extension-{tag}"), &records(&[(tag, b"x")]));
    }
    bad("ReservedField-extension-255-after-others", &records(&[(1, b"Box"), (255, b"")]));
    bad("MalformedHeader-extension-product-of-no-byte", &records(&[(1, b"")]));
    bad("MalformedHeader-extension-product-of-65-bytes", &records(&[(1, &[b'p'; 65])]));
    bad("MalformedHeader-extension-product-not-utf-8", &records(&[(1, b"\xC3(")]));
    bad("MalformedHeader-extension-module-with-a-space", &records(&[(2, b"main board")]));
    bad("MalformedHeader-extension-version-with-an-umlaut", &records(&[(3, "1.0-\u{e4}".as_bytes())]));
    bad("MalformedHeader-extension-version-of-65-bytes", &records(&[(3, &[b'1'; 65])]));
    bad("MalformedHeader-extension-counter-of-no-byte", &records(&[(4, b"")]));
    bad("MalformedHeader-extension-counter-and-more", &records(&[(4, b"\x01\x01")]));
    bad("MalformedHeader-extension-counter-in-longer-form", &records(&[(4, b"\x81\x00")]));
    for (what, value) in [
        ("of-two-numbers", &b"\x01\x00"[..]),
        ("with-segments-of-no-byte", b"\x00\x00\x00"),
        ("that-keeps-more-than-a-segment", b"\x01\x00\x02"),
        ("and-more", b"\x01\x00\x00\x00"),
    ] {
        bad(&format!("MalformedHeader-extension-plan-{what}"), &records(&[(5, value)]));
    }
    for (what, value) in [
        ("of-no-byte", &b""[..]),
        ("of-a-number", b"\x01"),
        ("without-target", b"\x00\x01"),
        ("without-body", b"\x01\x00"),
        ("that-leave-no-target", &[&varint(small.header.target_size)[..], &[1]].concat()),
        ("that-leave-no-body", &[&[1], &varint(small.header.body_length)[..]].concat()),
        ("beyond-eight", &[1; 16]),
    ] {
        bad(&format!("MalformedHeader-extension-lanes-{what}"), &records(&[(8, value)]));
    }
    bad("MalformedHeader-extension-lanes-in-place", &records(&[(5, b"\x01\x00\x00"), (8, b"\x01\x01")]));
    bad("MalformedHeader-extensions-out-of-order", &records(&[(2, b"main"), (1, b"Box")]));
    bad("MalformedHeader-extension-twice", &records(&[(3, b"1.0"), (3, b"1.0")]));
    for (what, field) in [
        ("beyond-its-field", &b"\x04\x02\x03ma"[..]),
        ("of-a-byte", b"\x01\x02"),
        ("beyond-its-field-of-unknown-tag", b"\x02\x09\x40"),
        ("beyond-the-header", b"\x7F\x02\x04main"),
    ] {
        bad(&format!("MalformedHeader-extension-{what}"), &small.field("extension", field));
    }
}

/// Signatures that do not end the header as they should.
fn signatures(small: &Good) {
    bad("MalformedHeader-signed-without-a-digest", &small.field("flags", &[8]));
    let of_unknown_kind = small.raw.with("kinds", &kinds(&[8]));
    bad("MalformedHeader-signed-before-the-kinds", &small.with(&of_unknown_kind.with("flags", &[8])));
    bad("ReservedField-before-signed", &small.field("flags", &[8 | 16]));
    let signed = read("small-signed.smdg");
    let checksum = Header::length(&signed).unwrap() - 4;
    let changed = |change: fn(&mut [u8])| {
        let mut package = signed.clone();
        change(&mut package[..checksum]);
        let right = crc32(&package[..checksum]).to_le_bytes();
        package[checksum..checksum + 4].copy_from_slice(&right);
        package
    };
    bad("MalformedHeader-no-signature", &changed(|header| *header.last_mut().unwrap() = 0));
    bad("MalformedHeader-five-signatures", &changed(|header| *header.last_mut().unwrap() = 5));
    bad("MalformedHeader-signatures-beyond-the-header", &changed(|header| *header.last_mut().unwrap() = 255));
    let swapped = changed(|header| {
        let entries = header.len() - 1 - 2 * 72;
        header[entries..entries + 144].rotate_left(72);
    });
    bad("MalformedHeader-keys-in-another-order", &swapped);
}

/// Reserved fields, and digests that differ.
fn checks(small: &Good) {
    for bit in 4..8 {
        bad(&format!("ReservedField-flag-{bit}"), &small.field("flags", &[1 << bit]));
    }
    let size = small.header.base_size;
    bad("BaseSize-a-byte-more", &small.field("base size", &varint(size + 1)));
    bad("BaseSize-a-byte-less", &small.field("base size", &varint(size - 1)));
    bad("BaseSize-largest", &small.field("base size", &varint(IMAGE_LIMIT)));
    bad("BaseSize-from-nothing", &read("small-from-nothing.smdg"));
    bad("BaseDigest-another", &small.with(&small.raw.flipped("base digest")));
    bad("TargetDigest-another", &small.with(&small.raw.flipped("target digest")));
    let digests = Good::read("small-digests.smdg");
    bad("BodyDigest-another", &digests.with(&digests.raw.flipped("body digest")));
}

/// Packages that end early or late.
fn ends(good: &Good, codec: &str) {
    let (package, body) = (&good.package, &good.body);
    let header = package.len() - body.len();
    if codec.is_empty() {
        bad("Truncated-nothing", &[]);
        bad("Truncated-in-the-magic", &package[..3]);
        bad("Truncated-in-the-header", &package[..header - 1]);
    }
    bad(&format!("Truncated-{codec}after-the-header"), &package[..header]);
    bad(&format!("Truncated-{codec}in-the-body"), &package[..header + body.len() / 2]);
    bad(&format!("Truncated-{codec}a-byte-missing"), &package[..package.len() - 1]);
    bad(&format!("TrailingData-{codec}after-the-package"), &[&package[..], &[0]].concat());
    // A zero or two might be among those that the encoder has left out.
    bad(&format!("TrailingData-{codec}in-the-body"), &good.other_body(&[&body[..], &[0; 8]].concat()));
    if codec.is_empty() {
        bad("Truncated-a-fifth-zero-after-the-body", &good.other_body(&body[..body.len() - 5]));
    }
}

/// Impossible bodies of events.
fn claims(small: &Good, codec: &str) {
    let (base, target) = (small.header.base_size, small.header.target_size);
    for (name, claim) in [
        ("literals-beyond-the-target", Claim::literals(target + 1)),
        ("cover-beyond-the-base", Claim::cover(0, Source::Base, base - 1, 2)),
        ("cover-before-the-base", Claim::cover(0, Source::Base, u32::MAX, 1)),
        ("cover-far-outside-the-base", Claim::cover(0, Source::Base, 1 << 31, 1)),
        ("cover-beyond-the-target", Claim::cover(target - 1, Source::Base, 0, 2)),
        ("cover-of-2-gib", Claim::cover(0, Source::Base, 0, 1 << 31)),
        ("repeat-before-the-target", Claim::cover(10, Source::Target, u32::MAX, 1)),
        ("repeat-beyond-the-target", Claim::cover(target - 1, Source::Target, 0, 2)),
        ("landmark-beyond-the-base", Claim::landmarks(&[(base - 1, 0, 2)])),
        ("landmark-beyond-the-target", Claim::landmarks(&[(0, target - 1, 2)])),
        ("landmark-before-the-base", Claim::landmarks(&[(u32::MAX, 0, 1)])),
        ("landmark-before-the-target", Claim::landmarks(&[(0, u32::MAX, 1)])),
        ("landmarks-out-of-order", Claim::landmarks(&[(100, 0, 10), (90, 20, 10)])),
        ("kind-beyond-the-list", Claim::kind(3)),
        ("kind-beyond-any-list", Claim::kind(7)),
    ] {
        bad(&format!("Corrupt-{codec}{name}"), &claim.package(&small.header));
    }
}

/// `zstd` bodies.
fn zstd(good: &Good) {
    bad("MalformedHeader-zstd-window-of-9-bits", &good.field("window log", &[9]));
    bad("MalformedHeader-zstd-window-of-28-bits", &good.field("window log", &[28]));
    bad("RamMismatch-zstd-other-window", &good.field("window log", &[17]));
    bad("TargetDigest-zstd-another", &good.with(&good.raw.flipped("target digest")));
    ends(good, "zstd-");
    bad("Corrupt-zstd-no-frame", &good.other_body(b"not a frame"));
    bad("Corrupt-zstd-skippable-frame", &good.other_body(b"\x50\x2A\x4D\x18\0\0\0\0"));
    for (name, stream) in streams(&good.header) {
        bad(&format!("Corrupt-zstd-{name}"), &good.other_body(&raw_frame(&stream)));
    }
}

/// Impossible streams of operations: literals with their count, then a cover's seek and length.
fn streams(header: &Header) -> [(&'static str, Vec<u8>); 6] {
    let literals = |count: u32, there: usize| [varint(count), vec![7; there]].concat();
    let cover = |seek: u32, length: u32| [varint(0), varint(seek), varint(length)].concat();
    let almost = literals(header.target_size - 1, header.target_size as usize - 1);
    [
        ("literals-beyond-the-target", literals(header.target_size + 1, 1)),
        // Seeks are 0, -1, 1, -2, 2 and so on.
        ("cover-beyond-the-base", cover(2 * (header.base_size - 1), 2)),
        ("cover-before-the-base", cover(1, 1)),
        ("empty-cover", cover(0, 0)),
        ("cover-beyond-the-target", [almost, varint(0), varint(2)].concat()),
        ("longer-form", vec![0x81, 0x00, 7]),
    ]
}

/// A frame of one block that is stored as it is, in a window of 1 KiB (RFC 8878, section 3.1.1).
fn raw_frame(stream: &[u8]) -> Vec<u8> {
    let (last, window) = (1, 0);
    let block = ((stream.len() as u32) << 3 | last).to_le_bytes();
    [&[0x28, 0xB5, 0x2F, 0xFD, 0x00, window], &block[..3], stream].concat()
}

//! The C decoder (`c/smidgen.c`) gives what this one gives: the same image, or the same error.

use crate::c_host::{ANY_SIZE, ASKS_FOR_SIGNATURES, Host, IDENTITY, MISALIGNED, MOVES, WRITE_ONLY, Way};
use crate::common::{Slot, all_golden, bad_packages, named, restore, restore_to, small, small_base};
use smidgen_patch::header::Extensions;
use smidgen_patch::verify::{Device, Policy, Signatures};
use smidgen_patch::{Error, Header, Patcher, SoftwareSha256};
use testkit::{Random, with_workspace};

/// Kinds of pages that the C decoder has not.
const OTHER_KINDS: [u8; 3] = [2, 6, 7];
/// The codecs that it has: `cm` and `lite`.
const CODECS: [u8; 2] = [0, 2];

type Outcome = Result<Vec<u8>, u8>;

fn numbered(outcome: Result<Vec<u8>, Error>) -> Outcome {
    outcome.map_err(|error| error.number())
}

fn ours(base: &[u8], package: &[u8]) -> Outcome {
    numbered(restore(base, package, 100).0)
}

/// The error of a package that the C decoder has something less for, if that may be it.
fn left_out(package: &[u8]) -> Option<u8> {
    let prefix = package.first_chunk::<9>()?;
    if prefix[..5] != *b"SMDG\x05" {
        return None;
    }
    if !CODECS.contains(&prefix[5]) {
        return Some(Error::UnsupportedCodec.number());
    }
    let (header, extensions, _) = Header::parse_extended(package).ok()?;
    if header.kinds.as_slice().iter().any(|kind| OTHER_KINDS.contains(&kind.number())) {
        return Some(Error::UnsupportedPageKind.number());
    }
    let lanes = extensions.lanes.map(|_| Error::ReservedField);
    extensions.container.map(|_| Error::Container).or(lanes).map(Error::number)
}

fn expected(base: &[u8], package: &[u8]) -> Outcome {
    left_out(package).map_or_else(|| ours(base, package), Err)
}

#[test]
fn golden_packages_give_their_targets_in_c() {
    for mut host in Host::all() {
        let mut restored = 0;
        for golden in all_golden().iter().filter(|golden| golden.is_ours()) {
            let wanted = left_out(&golden.package).map_or_else(|| Ok(golden.target.clone()), Err);
            restored += u32::from(wanted.is_ok());
            let all = ["small.smdg", "small-repeats.smdg", "small-fast.smdg"].contains(&&*golden.name);
            let pieces = if all { 2..=golden.package.len() } else { 999..=1000 };
            for piece in [0, 1, 64, 257].into_iter().chain(pieces) {
                let way = Way::pieces(piece as u32);
                assert_eq!(
                    host.restore(&golden.base, &golden.package, way),
                    wanted,
                    "{} {way:?}",
                    golden.name
                );
            }
            for way in
                [Way { budget: 1, ..Way::pieces(7) }, Way { budget: 100, flags: MOVES, ..Way::pieces(300) }]
            {
                assert_eq!(
                    host.restore(&golden.base, &golden.package, way),
                    wanted,
                    "{} {way:?}",
                    golden.name
                );
            }
        }
        assert!(restored > 38, "{restored} packages");
    }
}

#[test]
fn ram_is_what_the_header_says_in_c() {
    for mut host in Host::all() {
        for golden in small().iter().filter(|golden| left_out(&golden.package).is_none()) {
            let ram = golden.header().ram;
            for (ram, wanted) in
                [(ram, Ok(golden.target.clone())), (ram - 1, Err(Error::WorkspaceTooSmall.number()))]
            {
                let way = Way { ram, ..Way::pieces(100) };
                let found = host.restore(&golden.base, &golden.package, way);
                assert_eq!(found, wanted, "{} {ram}", golden.name);
            }
        }
    }
}

/// The slot is longer than the image, or shorter than what a package is for.
#[test]
fn a_device_that_does_not_know_its_size_goes_by_the_digest_in_c() {
    let golden = named("small");
    let longer = [&golden.base[..], &[0xFF; 100]].concat();
    let mut other = longer.clone();
    other[0] ^= 1;
    let way = Way { flags: ANY_SIZE, ..Way::pieces(100) };
    for mut host in Host::all() {
        assert_eq!(host.restore(&longer, &golden.package, way), Ok(golden.target.clone()));
        let wrong = host.restore(&other, &golden.package, way);
        assert_eq!(wrong, Err(Error::BaseDigest.number()));
        let shorter = host.restore(&golden.base[1..], &golden.package, way);
        assert_eq!(shorter, Err(Error::BaseRead.number()));
        let known = host.restore(&longer, &golden.package, Way::pieces(100));
        assert_eq!(known, Err(Error::BaseSize.number()));
    }
}

#[test]
fn misaligned_memory_is_an_error_of_its_own_in_c() {
    let (golden, wanted) = (named("small"), Err(Error::WorkspaceMisaligned.number()));
    for mut host in Host::all() {
        for piece in [0, 100] {
            let way = Way { flags: MISALIGNED, ..Way::pieces(piece) };
            assert_eq!(host.restore(&golden.base, &golden.package, way), wanted, "{piece}");
        }
    }
}

/// `SMIDGEN_ERROR_NOT_A_PACKAGE` of `NotAPackage`.
fn c_name(error: Error) -> String {
    let name = format!("{error:?}");
    let words = name.chars().enumerate().map(|(at, letter)| match letter {
        'A'..='Z' if at > 0 => format!("_{letter}"),
        _ => letter.to_ascii_uppercase().into(),
    });
    format!("SMIDGEN_ERROR_{}", words.collect::<String>())
}

#[test]
fn errors_of_the_header_in_c_are_these() {
    const HEADER: &str = include_str!("../../c/smidgen.h");
    let stated: Vec<(String, u8)> = HEADER
        .lines()
        .filter_map(|line| line.trim().strip_prefix("SMIDGEN_ERROR_")?.split_once(" = "))
        .map(|(name, number)| {
            (format!("SMIDGEN_ERROR_{name}"), number.trim_end_matches(',').parse().unwrap())
        })
        .collect();
    let ours: Vec<_> = Error::ALL.iter().map(|&error| (c_name(error), error.number())).collect();
    assert_eq!(stated, ours);
}

#[test]
fn bad_packages_give_the_same_error_in_c() {
    let base = small_base();
    for mut host in Host::all() {
        for (name, package) in bad_packages() {
            // Without section 4.5, tag 8 is one that must be known, also where there must be no lanes.
            let is_known = name != "MalformedHeader-extension-lanes-in-place";
            let wanted =
                if is_known { expected(&base, &package) } else { Err(Error::ReservedField.number()) };
            for piece in [0, 1, 1000] {
                assert_eq!(host.restore(&base, &package, Way::pieces(piece)), wanted, "{name} {piece}");
            }
        }
    }
}

#[test]
fn no_beginning_of_a_package_is_accepted_in_c() {
    for mut host in Host::all() {
        for golden in small() {
            for length in 0..golden.package.len() {
                let package = &golden.package[..length];
                let wanted = if length < 9 { Err(16) } else { expected(&golden.base, package) };
                assert_eq!(
                    host.restore(&golden.base, package, Way::pieces(50)),
                    wanted,
                    "{} {length}",
                    golden.name
                );
            }
            let longer = [&golden.package[..], &[0; 300]].concat();
            assert_eq!(host.restore(&golden.base, &longer, Way::pieces(50)), expected(&golden.base, &longer));
        }
    }
}

/// Replaces the checksum of a header, if the package has one.
fn with_checksum(package: &mut [u8]) {
    let length = package.get(7..9).map_or(0, |length| usize::from(length[0]) | usize::from(length[1]) << 8);
    if (13..=package.len()).contains(&length) {
        let mut crc = u32::MAX;
        for byte in &package[..length - 4] {
            crc ^= u32::from(*byte);
            (0..8).for_each(|_| crc = (crc >> 1) ^ ((crc & 1) * 0xEDB8_8320));
        }
        package[length - 4..length].copy_from_slice(&(!crc).to_le_bytes());
    }
}

fn damaged(good: &[u8], start: usize, random: &mut Random) -> Vec<u8> {
    let mut package = good.to_vec();
    let of_header = random.below(3) == 0;
    for _ in 0..=random.below(3) {
        let (from, to) = if of_header { (4, start) } else { (start, package.len()) };
        let at = from + random.below((to.max(from + 1) - from) as u32) as usize;
        match random.below(4) {
            0 => package.truncate(at.max(start)),
            1 => package.insert(at.min(package.len()), random.below(256) as u8),
            2 if at < package.len() => package[at] = random.below(256) as u8,
            _ if at < package.len() => package[at] ^= 1 << random.below(8),
            _ => {}
        }
    }
    if random.below(4) > 0 {
        with_checksum(&mut package);
    }
    package
}

/// Both stop at the same place for the same reason, whatever is wrong.
#[test]
fn damaged_packages_give_the_same_in_c() {
    let (mut hosts, mut random, mut seen) = (Host::all(), Random::new(18), [0; 256]);
    for case in 0..if hosts.is_empty() { 0 } else { 3000 } {
        let golden = &small()[random.below(small().len() as u32) as usize];
        let package = damaged(&golden.package, golden.body_start(), &mut random);
        let (wanted, without) = (expected(&golden.base, &package), ours(&golden.base, &package));
        for host in &mut hosts {
            let found = host.restore(&golden.base, &package, Way::pieces(1 + case % 300));
            // What is left out is refused when it comes, before what is wrong behind it.
            let earlier = matches!(found, Err(7 | 32)) && without.is_err();
            assert!(
                found == wanted || earlier,
                "{} {case}: {found:?}, not {wanted:?}: {package:?}",
                golden.name
            );
        }
        seen[usize::from(wanted.err().unwrap_or(0))] += 1;
    }
    for error in [3, 4, 5, 6, 7, 8, 16, 17, 18, 19, 20] {
        assert!(hosts.is_empty() || seen[error] > 0, "no package of error {error}");
    }
}

#[test]
fn a_target_that_cannot_be_read_is_noticed_in_c() {
    let golden = named("small-repeats");
    let slot = Slot { write_only: true, ..Slot::default() };
    let wanted = restore_to(&golden.base[..], slot, &golden.package, 100).err().map(Error::number);
    for mut host in Host::all() {
        let way = Way { flags: WRITE_ONLY, ..Way::pieces(100) };
        assert_eq!(host.restore(&golden.base, &golden.package, way).err(), wanted);
    }
}

/// Stands for keys, as `verify` of `c/test/host.c`.
struct Stub(Device<'static>);

impl Policy for Stub {
    const AUTHENTICATES: bool = true;

    fn authenticate(&self, _message: &[u8], signatures: Option<&Signatures<'_>>) -> Result<(), Error> {
        let signatures = signatures.ok_or(Error::Unsigned)?;
        let known = || signatures.iter().filter(|(name, _)| name[0] % 2 != 0);
        let right = known().any(|(_, signature)| signature[0] % 2 != 0);
        let refusal = if known().count() > 0 { Error::Signature } else { Error::UnknownKey };
        if right { Ok(()) } else { Err(refusal) }
    }

    fn allow(&self, header: &Header, extensions: &Extensions<'_>) -> Result<(), Error> {
        self.0.allow(header, extensions)
    }
}

fn with_policy(policy: impl Policy, base: &[u8], package: &[u8]) -> Outcome {
    let mut slot = Slot::default();
    let end = with_workspace(1 << 17, 0, |workspace| {
        let mut patcher = Patcher::<_, _, SoftwareSha256, _>::with_policy(workspace, base, &mut slot, policy);
        patcher.push(package)?;
        patcher.complete()
    });
    numbered(end.map(|()| slot.image))
}

/// Header by header, with every byte of the texts and of the counter changed once.
#[test]
fn the_same_packages_are_for_a_device_in_c() {
    let device = Device {
        slot_size: Some(1 << 10),
        product: Some("Büchse 3"),
        module: Some("main-board_1"),
        version: Some("1.20.0"),
        rollback_counter: 300,
    };
    let golden = named("small-identity");
    for mut host in Host::all() {
        for at in 0x53..golden.body_start() - 4 {
            for change in [0, 1, 0x20, 0x80] {
                let mut package = golden.package.clone();
                package[at] ^= change;
                with_checksum(&mut package);
                let way = Way { flags: IDENTITY, ..Way::pieces(100) };
                let found = host.restore(&golden.base, &package, way);
                let wanted = with_policy(device, &golden.base, &package);
                assert!(found == wanted || found == Err(32), "{at} {change}: {found:?}, not {wanted:?}");
            }
        }
        for name in ["small", "firmware-v1-v2"] {
            let golden = named(name);
            let way = Way { flags: IDENTITY, ..Way::pieces(100) };
            let wanted = with_policy(device, &golden.base, &golden.package);
            assert_eq!(host.restore(&golden.base, &golden.package, way), wanted);
        }
    }
}

#[test]
fn signatures_are_asked_about_in_c() {
    let way = Way { flags: ASKS_FOR_SIGNATURES, ..Way::pieces(100) };
    let golden = named("small-signed");
    let start = golden.body_start();
    let count = usize::from(golden.package[start - 5]);
    for mut host in Host::all() {
        for bits in 0..1 << (2 * count) {
            let mut package = golden.package.clone();
            for entry in 0..count {
                let at = start - 5 - 72 * (count - entry);
                // Names ascend all the same.
                package[at] = (entry as u8) << 2 | (bits >> (2 * entry) & 1) as u8;
                package[at + 8] = (bits >> (2 * entry + 1) & 1) as u8;
            }
            with_checksum(&mut package);
            let wanted = with_policy(Stub(Device::default()), &golden.base, &package);
            assert_eq!(host.restore(&golden.base, &package, way), wanted, "{bits:b}");
        }
        for package in [&named("small").package, &named("small-identity").package] {
            assert_eq!(host.restore(&golden.base, package, way), Err(Error::Unsigned.number()));
        }
        let mut wrong = golden.package.clone();
        wrong[start - 5] = 9;
        assert_eq!(host.restore(&golden.base, &wrong, way), Err(Error::MalformedHeader.number()));
    }
}

//! Limits of a device, and that nothing expands beyond what the header states.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::gzip_pair;
use smidgen_diff::{Identity, Options, Silent, diff};
use smidgen_patch::container::{Limits, Opened, Scratch, restore};
use smidgen_patch::header::Extensions;
use smidgen_patch::internals::wire::{Lanes, Signatures};
use smidgen_patch::{Device, Error, Header, Policy, SliceTarget, SoftwareSha256};
use testkit::archives::{changed, gzip, text};

/// Scratch that knows how much was put into it.
#[derive(Default)]
struct Counted {
    bytes: Vec<u8>,
    refused_beyond: u32,
}

impl Scratch for Counted {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        assert!(self.bytes.len() + bytes.len() <= self.refused_beyond as usize, "more than the header says");
        Scratch::append(&mut self.bytes, bytes)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        Scratch::read(&mut self.bytes, offset, buffer)
    }
}

/// Restores with scratch that must not take more than the record says.
fn restored(opened: &Opened<'_>, old: &[u8]) -> Result<(), Error> {
    let mut slot = vec![0; opened.header.target_size as usize];
    let scratch = |size| Counted { refused_beyond: size, ..Counted::default() };
    let (base, written) = (scratch(opened.record.base_size), scratch(opened.record.target_size));
    let target = SliceTarget::new(&mut slot);
    restore::<_, _, SoftwareSha256>(opened, old, target, base, written).map(drop)
}

#[test]
fn expansion_stays_within_the_exact_sizes_of_the_header() {
    let (old, new) = gzip_pair(50);
    let package = diff(&old, &new, &Options::default(), &Silent).unwrap().bytes;
    let open = || Opened::new::<SoftwareSha256>(&package).unwrap().unwrap();
    restored(&open(), &old).unwrap();
    // A record that says less or more than what comes out: the base, the target, as if it had been made so.
    for change in [-5000, -1, 1, 5000] {
        let mut opened = open();
        opened.record.base_size = opened.record.base_size.wrapping_add_signed(change);
        opened.inner.base_size = opened.record.base_size;
        assert_eq!(restored(&opened, &old), Err(Error::Corrupt), "base {change}");
        let mut opened = open();
        opened.record.target_size = opened.record.target_size.wrapping_add_signed(change);
        opened.inner.target_size = opened.record.target_size;
        opened.lanes = Lanes::read(opened.extensions.lanes, &opened.inner).unwrap();
        assert!(restored(&opened, &old).is_err(), "target {change}");
        let mut opened = open();
        opened.header.target_size = opened.header.target_size.wrapping_add_signed(change);
        assert!(restored(&opened, &old).is_err(), "file {change}");
    }
}

#[test]
fn recipes_have_exactly_the_size_and_length_of_the_header() {
    let (old, new) = gzip_pair(51);
    let package = diff(&old, &new, &Options::default(), &Silent).unwrap();
    let (header, extensions, length) = Header::parse_extended(&package.bytes).unwrap();
    let record = Opened::new::<SoftwareSha256>(&package.bytes).unwrap().unwrap().record;
    for (size, recipe_length) in [(0, -1), (0, 1), (-1, 0), (1, 0), (1 << 20, 0), (0, 1 << 28)] {
        let mut record = record;
        record.recipe_size = record.recipe_size.wrapping_add_signed(size);
        record.recipe_length = record.recipe_length.wrapping_add_signed(recipe_length);
        let value = record.to_bytes();
        let mut bytes = header.to_bytes_with(&Extensions { container: Some(&value), ..extensions });
        bytes.extend_from_slice(&package.bytes[length..]);
        let opened = Opened::new::<SoftwareSha256>(&bytes);
        assert_eq!(opened.unwrap_err(), Error::Corrupt, "{size} {recipe_length}");
    }
}

#[test]
fn a_bomb_is_not_expanded_beyond_the_size_in_its_header() {
    // 1 MB of zeros in 1 KB.
    let bomb = |text: Vec<u8>| gzip(&[text, vec![0; 1 << 20]].concat());
    let (old, new) = (bomb(text(52)), bomb(changed(text(52))));
    let package = diff(&old, &new, &Options::default().with_level(1), &Silent).unwrap();
    let opened = Opened::new::<SoftwareSha256>(&package.bytes).unwrap().expect("a container");
    assert!(opened.record.base_size > 1 << 20);
    restored(&opened, &old).unwrap();
    let mut opened = Opened::new::<SoftwareSha256>(&package.bytes).unwrap().unwrap();
    opened.record.base_size = 1000;
    opened.inner.base_size = 1000;
    assert_eq!(restored(&opened, &old), Err(Error::Corrupt));
}

#[test]
fn a_bomb_beside_a_text_is_left_as_it_is() {
    let bomb = gzip(&vec![0; 4 << 20]);
    let (old, new) = (gzip(&text(52)), [bomb, gzip(&changed(text(52)))].concat());
    let package = diff(&old, &new, &Options::default().with_level(1), &Silent).unwrap();
    let opened = Opened::new::<SoftwareSha256>(&package.bytes).unwrap().expect("a container");
    assert!(opened.record.target_size < 1 << 16);
    assert!(package.bytes.len() < 500, "{}", package.bytes.len());
    restored(&opened, &old).unwrap();
}

#[test]
fn devices_refuse_what_is_not_for_them() {
    let (old, new) = gzip_pair(53);
    let identity = Identity::default().with_product(Some("sensor".to_owned()));
    let options = Options::default().with_identity(identity);
    let package = diff(&old, &new, &options, &Silent).unwrap().bytes;
    let open = |device: &Device<'_>| {
        Opened::allowed::<SoftwareSha256, _>(&package, device, &Limits::NONE).map(|opened| opened.is_some())
    };
    let right = Device { product: Some("sensor"), ..Device::default() };
    assert_eq!(open(&right), Ok(true));
    assert_eq!(open(&Device { product: Some("pump"), ..right }), Err(Error::Product));
    assert_eq!(open(&Device { module: Some("boot"), ..right }), Err(Error::Module));
    assert_eq!(open(&Device { version: Some("2"), ..right }), Err(Error::Version));
    assert_eq!(open(&Device { rollback_counter: 1, ..right }), Err(Error::RollbackCounter));
    assert_eq!(open(&Device { slot_size: Some(new.len() as u32 - 1), ..right }), Err(Error::SlotSize));
}

/// Wants signatures, and counts how often it is asked for what.
#[derive(Default)]
struct Strict {
    authenticated: AtomicU32,
    allowed: AtomicU32,
}

impl Policy for Strict {
    const AUTHENTICATES: bool = true;

    fn authenticate(&self, message: &[u8], signatures: Option<&Signatures<'_>>) -> Result<(), Error> {
        assert!(message.starts_with(b"SMDG"));
        self.authenticated.fetch_add(1, Ordering::Relaxed);
        signatures.map(drop).ok_or(Error::Unsigned)
    }

    fn allow(&self, _header: &Header, _extensions: &Extensions<'_>) -> Result<(), Error> {
        self.allowed.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn signatures_are_asked_for_before_anything_else() {
    let (old, new) = gzip_pair(54);
    let package = diff(&old, &new, &Options::default(), &Silent).unwrap().bytes;
    let policy = Strict::default();
    let opened = Opened::allowed::<SoftwareSha256, _>(&package, &policy, &Limits::NONE);
    assert_eq!(opened.unwrap_err(), Error::Unsigned);
    assert_eq!((policy.authenticated.into_inner(), policy.allowed.into_inner()), (1, 0));
}

//! Packages of compressed files: arbitrary recipes, and genuine ones with bytes changed.
#![no_main]

use arbitrary::Arbitrary;
use attack::containers::{GENUINE, genuine};
use attack::packages::with_body;
use libfuzzer_sys::fuzz_target;
use smidgen_patch::container::{Opened, restore};
use smidgen_patch::internals::container::Record;
use smidgen_patch::{Error, Header, SliceTarget, SoftwareSha256};
use testkit::sha256;

const LIMIT: u32 = 1 << 20;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    /// Which of the genuine packages.
    package: u8,
    target_size: Option<u32>,
    sizes: Option<[u32; 5]>,
    /// Replace bytes of the genuine body, which begins with recipes.
    edits: Vec<(u16, u8)>,
    /// In place of the genuine one: recipes that are not deflated, and what follows them.
    body: Option<(&'a [u8], &'a [u8])>,
}

fuzz_target!(|input: Input| {
    let (base, package) = genuine(usize::from(input.package) % GENUINE);
    let (_, extensions, length) = Header::parse_extended(&package).expect("genuine");
    let mut record = Record::read(extensions.container.expect("a container")).expect("genuine");
    let mut body = package[length..].to_vec();
    if let Some((recipes, inner)) = input.body {
        (record.recipe_size, record.recipe_length) = (recipes.len() as u32, recipes.len() as u32);
        body = [recipes, inner].concat();
    }
    for &(place, byte) in &input.edits {
        let place = usize::from(place) % body.len().max(1);
        body.iter_mut().skip(place).take(1).for_each(|old| *old = byte);
    }
    if let Some([base_size, target_size, parts, tokens, kept]) = input.sizes {
        (record.base_size, record.target_size) = (base_size % LIMIT, target_size % LIMIT);
        (record.parts, record.tokens, record.kept) = (parts % LIMIT, tokens % LIMIT, kept % LIMIT);
    }
    let record = record.to_bytes();
    let package = with_body(&package, &body, |header, extensions| {
        header.target_size = input.target_size.map_or(header.target_size, |size| size % LIMIT);
        extensions.container = Some(&record);
    });
    let header = Header::parse(&package).expect("genuine").0;
    let mut image = vec![0; header.target_size as usize];
    let result = Opened::new::<SoftwareSha256>(&package).and_then(|opened| {
        let opened = opened.ok_or(Error::NotAPackage)?;
        let target = SliceTarget::new(&mut image);
        restore::<_, _, SoftwareSha256>(&opened, &base[..], target, Vec::new(), Vec::new()).map(drop)
    });
    assert!(result.is_err() || sha256(&image) == header.target_digest);
});

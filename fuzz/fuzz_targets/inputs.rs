//! Any file, read as any format or as what it looks like: no panic, and no more bytes than the file accounts for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use smidgen_diff::input::{Format, Reading, read};

/// The longest gap: small, so that images stay small.
const MAX_GAP: u64 = 64;

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, file) = input;
    let format = Format::ALL.get(usize::from(choice)).copied();
    let Ok(flat) = read(file, &Reading::default().with_format(format).with_max_gap(MAX_GAP)) else { return };
    assert!(flat.bytes.len() <= file.len() * (MAX_GAP as usize + 1));
    let Some(record) = flat.record else {
        assert_eq!(&*flat.bytes, file);
        return;
    };
    let held: u64 = record.ranges.iter().chain(&record.gaps).map(|stretch| stretch.size).sum();
    assert!(record.ranges.is_empty() || held == flat.bytes.len() as u64);
    assert!(record.parts.iter().all(|part| part.offset + part.size <= file.len() as u64));
});

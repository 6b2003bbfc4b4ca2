//! A folder from an attacker: manifests are parsed, verified, merged and looked through.
#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use smidgen_diff::release::{
    Catalogue, MANIFEST_FILE, Manifest, PackOptions, Query, Release, Replay, Source, merge, pack,
};
use smidgen_diff::{Identity, Options, Ram, Silent};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    /// Replace a range of the genuine manifest.
    edits: Vec<(u16, u8, &'a str)>,
    /// In place of the genuine manifest.
    manifest: Option<&'a [u8]>,
    /// Replaces a package.
    package: Option<&'a [u8]>,
    /// Makes a shard of it, whose number and share are these.
    shard: Option<(u8, u8)>,
}

fuzz_target!(|input: Input| {
    let genuine = genuine();
    let mut text = String::from_utf8(genuine.manifest.clone()).expect("JSON");
    for &(place, count, with) in &input.edits {
        let place = usize::from(place) % (text.len() + 1);
        let end = (place + usize::from(count)).min(text.len());
        if text.is_char_boundary(place) && text.is_char_boundary(end) {
            text.replace_range(place..end, with);
        }
    }
    let mut name = MANIFEST_FILE.to_owned();
    if let Some((index, of)) = input.shard {
        text = text.replacen('{', &format!("{{\"shard\": {{\"index\": {index}, \"of\": {of}}},"), 1);
        name = format!("manifest.shard-{index}-of-{of}.json");
    }
    let manifest = input.manifest.unwrap_or(text.as_bytes());
    fs::write(genuine.folder.join(&name), manifest).expect("a file");
    if let Some(package) = input.package {
        fs::write(genuine.folder.join(&genuine.package), package).expect("a file");
    }
    if let Ok(parsed) = Manifest::parse(manifest, Path::new(&name)) {
        let again =
            Manifest::parse(&parsed.to_json(), Path::new(&name)).expect("what was written can be read");
        assert_eq!(parsed, again);
    }
    let sources =
        [Source::new("1.0", b"an image".repeat(30)), Source::new("1.1", b"another image".repeat(30))];
    let _ = Replay::default().with_sources(&sources).run(&genuine.folder);
    if let Ok(catalogue) = Catalogue::read(&genuine.folder) {
        for version in ["1.0", "1.2-rc.1", "main"] {
            let _ = catalogue.find(Query::new(version).with_product(Some("controller")));
        }
    }
    let _ = merge(&[&genuine.folder], &genuine.folder.join("merged"));
    for name in [&name, &genuine.package] {
        let _ = fs::remove_file(genuine.folder.join(name));
    }
    fs::write(genuine.folder.join(&genuine.package), &genuine.bytes).expect("a file");
});

struct Genuine {
    folder: PathBuf,
    manifest: Vec<u8>,
    /// The name of a package, and what is in it.
    package: String,
    bytes: Vec<u8>,
}

/// A release, made once.
fn genuine() -> &'static Genuine {
    static MADE: OnceLock<Genuine> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("smidgen-fuzz-{}", std::process::id()));
        let identity = Identity::default().with_product(Some("controller".to_owned()));
        let release = Release::new("1.2", b"the new image".repeat(30))
            .source("1.0", b"an image".repeat(30))
            .source("1.1", b"another image".repeat(30))
            .with_options(
                Options::default().with_ram(Ram::Bytes(4 << 10)).with_level(1).with_identity(identity),
            );
        let manifest = pack(&release, &PackOptions::default(), &folder, &Silent).expect("a release");
        let package = manifest.packages[0].file.clone();
        let bytes = fs::read(folder.join(&package)).expect("a package");
        Genuine { manifest: manifest.to_json(), package, bytes, folder }
    })
}

//! Releases: every package restores the target, and the files are the same however they came to be.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use smidgen_diff::input::{Format, Part, Provenance};
use smidgen_diff::release::platform::{
    CATALOGUE_LIMIT, DEFAULT_MODULE, DESCRIPTION_LIMIT, ENDINGS, MODULE_LIMIT, NAME_LIMIT, VERSION_LIMIT,
};
use smidgen_diff::release::{
    CipherChoice, Encryption, Event, Image, ImageBytes, MANIFEST_FILE, MANIFEST_SCHEMA, Manifest, PackError,
    PackOptions, PackProgress, PackageType, Platform, Recipient, Release, ReleaseOptions, Shard,
    SharedSecret, merge, pack,
};
use smidgen_diff::{Identity, Options, Silent, prove};
use tempfile::TempDir;
use testkit::schema::Schema;
use testkit::{fixtures, noise};

/// What devices have, by version; 1.0 and 1.1 are the same.
fn images() -> Vec<(&'static str, Vec<u8>)> {
    let first = noise(6000, 256, 1);
    let second = [&first[..2000], &noise(100, 256, 2), &first[2100..]].concat();
    vec![
        ("1.10", second.clone()),
        ("1.0", first.clone()),
        ("1.1", first),
        ("1.9", [&second[3000..], &second[..3000]].concat()),
        ("0.1", noise(4000, 256, 3)),
    ]
}

fn target() -> Vec<u8> {
    let first = &images()[0].1;
    [&first[..4000], &noise(60, 256, 4), &first[4010..]].concat()
}

fn release() -> Release {
    let release = Release::new("2.0", target()).with_options(options());
    images().into_iter().fold(release, |release, (version, image)| release.source(version, image))
}

/// Fast ones.
fn options() -> Options {
    let identity = Identity::default().with_product(Some("sensor".to_owned()));
    Options::default().with_level(2).with_identity(identity)
}

/// One of `of` shards.
fn shard(index: u32, of: u32) -> PackOptions {
    PackOptions::default().with_shard(Shard { index, of })
}

/// All files of a folder.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

fn packed(effort: &PackOptions) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    pack(&release(), effort, folder.path(), &Silent).unwrap();
    folder
}

/// Notes what was made and what was not, and stops after a number of packages.
struct Notebook {
    made: Mutex<Vec<String>>,
    reused: Mutex<Vec<String>>,
    skipped: Mutex<Vec<String>>,
    stop_after: usize,
    stopped: AtomicBool,
}

impl Notebook {
    fn new(stop_after: usize) -> Self {
        let (made, reused, skipped) = Default::default();
        Self { made, reused, skipped, stop_after, stopped: AtomicBool::new(false) }
    }

    fn counts(&self) -> (usize, usize, usize) {
        let count = |names: &Mutex<Vec<String>>| names.lock().unwrap().len();
        (count(&self.made), count(&self.reused), count(&self.skipped))
    }
}

impl PackProgress for Notebook {
    fn event(&self, event: &Event) {
        match event {
            Event::Finished { package, reused: true, .. } | Event::Dropped { package, reused: true, .. } => {
                self.reused.lock().unwrap().push(package.file.clone());
            }
            Event::Finished { package, .. } | Event::Dropped { package, .. } => {
                let mut made = self.made.lock().unwrap();
                made.push(package.file.clone());
                self.stopped.store(made.len() >= self.stop_after, Ordering::Relaxed);
            }
            Event::Skipped { file } => self.skipped.lock().unwrap().push((*file).to_owned()),
            _ => {}
        }
    }

    fn is_cancelled(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

#[test]
fn every_source_gets_a_package_that_restores_the_target() {
    let folder = packed(&PackOptions::default());
    let manifest =
        Manifest::parse(&fs::read(folder.path().join(MANIFEST_FILE)).unwrap(), folder.path()).unwrap();
    let versions: Vec<_> = manifest.sources.iter().map(|source| source.version.as_str()).collect();
    assert_eq!(versions, ["0.1", "1.0", "1.1", "1.9", "1.10"]);
    for (version, image) in images() {
        let source = manifest.sources.iter().find(|source| source.version == version).unwrap();
        let package = manifest.package(source.package.as_ref().unwrap()).unwrap();
        let bytes = fs::read(folder.path().join(&package.file)).unwrap();
        assert_eq!(bytes.len() as u64, package.size);
        let old = if package.kind == PackageType::Full { &[][..] } else { &image };
        prove(old, &target(), &bytes).unwrap();
    }
    let full = fs::read(folder.path().join(&manifest.full().unwrap().file)).unwrap();
    prove(&[], &target(), &full).unwrap();
}

#[test]
fn what_is_hardly_smaller_than_the_full_package_is_dropped() {
    let folder = packed(&PackOptions::default());
    let files = files(folder.path());
    let names: Vec<&String> = files.keys().collect();
    assert_eq!(names, ["1.0-to-2.0.bin", "1.10-to-2.0.bin", "1.9-to-2.0.bin", "full-2.0.bin", MANIFEST_FILE]);
    let manifest = Manifest::parse(&files[MANIFEST_FILE], folder.path()).unwrap();
    let source = &manifest.sources[0];
    assert_eq!((source.version.as_str(), source.package.as_deref()), ("0.1", Some("full-2.0.bin")));
    let full = manifest.full().unwrap().size;
    let size = source.dropped.as_ref().unwrap().size;
    assert!(size * 100 > full * 80);
    let note = format!(
        "the differential package for 0.1 has {size} bytes, more than 80 % of the full one's {full}: devices get the full one"
    );
    assert_eq!(manifest.notes, [note]);
}

#[test]
fn files_are_the_same_however_they_came_to_be() {
    let expected = files(packed(&PackOptions::default()).path());
    for (threads, jobs, memory) in [(1, 1, None), (4, 3, None), (2, 4, Some(1))] {
        let effort = PackOptions::default().with_threads(threads).with_jobs(jobs).with_memory(memory);
        assert!(files(packed(&effort).path()) == expected, "{threads} threads, {jobs} jobs");
    }
    let folder = tempfile::tempdir().unwrap();
    let backwards = Release::new("2.0", target()).with_options(options());
    let mut images = images();
    images.reverse();
    let backwards =
        images.into_iter().fold(backwards, |release, (version, image)| release.source(version, image));
    pack(&backwards, &PackOptions::default(), folder.path(), &Silent).unwrap();
    assert!(files(folder.path()) == expected);
}

#[test]
fn a_second_run_makes_nothing_anew() {
    let folder = packed(&PackOptions::default());
    let expected = files(folder.path());
    let notebook = Notebook::new(usize::MAX);
    pack(&release(), &PackOptions::default(), folder.path(), &notebook).unwrap();
    assert_eq!(notebook.counts(), (0, 4, 1));
    assert!(files(folder.path()) == expected);
    // Unless it is asked to.
    let notebook = Notebook::new(usize::MAX);
    pack(&release(), &PackOptions::default().with_fresh(true), folder.path(), &notebook).unwrap();
    assert_eq!(notebook.counts(), (5, 0, 0));
    assert!(files(folder.path()) == expected);
}

#[test]
fn what_changed_is_made_anew() {
    let folder = packed(&PackOptions::default());
    let expected = files(folder.path());
    fs::write(folder.path().join("1.9-to-2.0.bin"), b"damaged").unwrap();
    fs::remove_file(folder.path().join("full-2.0.bin")).unwrap();
    let notebook = Notebook::new(usize::MAX);
    pack(&release(), &PackOptions::default(), folder.path(), &notebook).unwrap();
    assert_eq!(notebook.counts(), (2, 2, 1));
    assert!(files(folder.path()) == expected);
    // Other options make other packages.
    let (notebook, other) = (Notebook::new(usize::MAX), options().with_level(1));
    pack(&release().with_options(other), &PackOptions::default(), folder.path(), &notebook).unwrap();
    assert_eq!(notebook.counts(), (5, 0, 0));
}

#[test]
fn another_share_makes_what_was_dropped() {
    let folder = packed(&PackOptions::default());
    let notebook = Notebook::new(usize::MAX);
    let release = release().with_listing(ReleaseOptions::default().with_share(0));
    let manifest = pack(&release, &PackOptions::default(), folder.path(), &notebook).unwrap();
    assert_eq!(notebook.counts(), (1, 4, 0));
    assert_eq!(files(folder.path()).into_keys().collect::<Vec<_>>(), ["full-2.0.bin", MANIFEST_FILE]);
    assert!(manifest.sources.iter().all(|source| source.package.as_deref() == Some("full-2.0.bin")));
}

#[test]
fn a_run_that_was_cancelled_is_taken_up() {
    let expected = files(packed(&PackOptions::default()).path());
    let folder = tempfile::tempdir().unwrap();
    let effort = PackOptions::default().with_jobs(1);
    let notebook = Notebook::new(2);
    let stopped = pack(&release(), &effort, folder.path(), &notebook);
    assert!(matches!(stopped, Err(PackError::Cancelled)), "{stopped:?}");
    assert!(!folder.path().join(MANIFEST_FILE).exists());
    let notebook = Notebook::new(usize::MAX);
    pack(&release(), &effort, folder.path(), &notebook).unwrap();
    assert_eq!(notebook.counts(), (3, 2, 0));
    assert!(files(folder.path()) == expected);
}

#[test]
fn an_image_of_the_caller_states_its_provenance() {
    struct Signed(Vec<u8>);

    impl Image for Signed {
        fn open(&self) -> io::Result<ImageBytes<'_>> {
            Ok(Box::new(&self.0[16..]))
        }

        fn provenance(&self) -> io::Result<Option<Provenance>> {
            let mut record = Provenance::new(Format::Raw, &self.0);
            record.parts = vec![Part::new("code", 0, self.0.len() as u64 - 16)];
            Ok(Some(record))
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let file = [&[0; 16], &target()[..]].concat();
    let release = Release::new("2.0", Signed(file.clone())).with_options(options());
    let manifest = pack(&release, &PackOptions::default(), folder.path(), &Silent).unwrap();
    let record = manifest.target.input.unwrap();
    assert_eq!((record.file_size, record.file_sha256.len()), (file.len() as u64, 64));
    assert_eq!(record.parts[0].size, target().len() as u64);
}

#[test]
fn shards_make_what_one_machine_makes() {
    let expected = files(packed(&PackOptions::default()).path());
    for of in [1, 2, 3, 7] {
        let folders: Vec<TempDir> = (1..=of).map(|index| packed(&shard(index, of))).collect();
        let paths: Vec<&Path> = folders.iter().map(TempDir::path).collect();
        if of == 1 {
            // Not a shard, but everything.
            assert!(files(paths[0]) == expected);
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        merge(&paths, folder.path()).unwrap();
        assert!(files(folder.path()) == expected, "{of} shards");
    }
}

#[test]
fn shards_may_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    for index in [2, 1] {
        pack(&release(), &shard(index, 2), folder.path(), &Silent).unwrap();
    }
    merge(&[folder.path()], folder.path()).unwrap();
    assert!(files(folder.path()) == files(packed(&PackOptions::default()).path()));
}

#[test]
fn shards_that_do_not_belong_together_are_not_merged() {
    let (one, two, third) = (packed(&shard(1, 2)), packed(&shard(2, 2)), packed(&shard(3, 3)));
    let other = tempfile::tempdir().unwrap();
    let mut radio = options();
    radio.identity.module = Some("radio".to_owned());
    pack(&release().with_options(radio), &shard(2, 2), other.path(), &Silent).unwrap();
    let into = tempfile::tempdir().unwrap();
    let refusal = |folders: &[&TempDir]| {
        let paths: Vec<&Path> = folders.iter().map(|folder| folder.path()).collect();
        merge(&paths, into.path()).unwrap_err().to_string()
    };
    let cases = [
        (refusal(&[]), "there is no shard in these folders"),
        (refusal(&[&one]), "shard 2/2 is missing"),
        (refusal(&[&two, &two]), "shard 2/2 is there twice"),
        (refusal(&[&one, &third]), "of different numbers of shards"),
        (refusal(&[&one, &other]), "of different releases"),
    ];
    for (refusal, part) in cases {
        assert!(refusal.contains(part), "{refusal}");
    }
    let path = one.path().join("full-2.0.bin");
    let good = fs::read(&path).unwrap();
    fs::write(&path, &good[1..]).unwrap();
    assert!(refusal(&[&one, &two]).contains(&format!("the file has {} bytes; the", good.len() - 1)));
    fs::remove_file(&path).unwrap();
    assert!(refusal(&[&one, &two]).contains("full-2.0.bin: the file is missing"));
    fs::write(&path, vec![7; good.len()]).unwrap();
    assert!(refusal(&[&one, &two]).contains("another SHA-256"));
    assert!(files(into.path()).is_empty());
}

#[test]
fn shards_with_a_bad_package_are_refused_before_anything_is_written() {
    let shards = [packed(&shard(1, 2)), packed(&shard(2, 2))];
    let into = shards[0].path().join("merged");
    let refused = |part: &str| {
        let error = merge(&[shards[0].path(), shards[1].path()], &into).unwrap_err().to_string();
        assert!(error.contains(part) && !into.exists(), "{error}");
    };
    let is_package = |name: &&String| name.ends_with(".bin");
    let package = shards[1].path().join(files(shards[1].path()).keys().find(is_package).unwrap());
    let good = fs::read(&package).unwrap();
    fs::write(&package, &good[1..]).unwrap();
    refused("the file has");
    fs::write(&package, good).unwrap();
    let path = shards[0].path().join("manifest.shard-1-of-2.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    manifest["packages"].as_array_mut().unwrap().retain(|package| package["type"] != "full");
    fs::write(&path, manifest.to_string()).unwrap();
    refused("the full package is missing");
}

#[test]
fn rules_are_broken_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("release");
    let broken = release().with_listing(
        ReleaseOptions::default().with_platform(Platform::Alibaba).with_name(Some("-".to_owned())),
    );
    let refused = pack(&broken, &PackOptions::default(), &inner, &Silent);
    assert!(matches!(refused, Err(PackError::Rule(_))));
    assert!(!inner.exists());
}

#[test]
fn manifests_match_their_schema() {
    let schema = Schema::new(&serde_json::from_str(MANIFEST_SCHEMA).unwrap());
    let whole = packed(&PackOptions::default());
    let shard = packed(&shard(2, 2));
    let encrypted = tempfile::tempdir().unwrap();
    let recipient = Recipient::Shared(SharedSecret::from_bytes(&[1; 32]));
    let encryption = Encryption { recipient, cipher: CipherChoice::Aes256Ctr };
    let release = Release::new("2.0", target()).with_options(options()).with_encryption(encryption);
    pack(&release, &PackOptions::default(), encrypted.path(), &Silent).unwrap();
    let manifests = [
        whole.path().join(MANIFEST_FILE),
        encrypted.path().join(MANIFEST_FILE),
        shard.path().join("manifest.shard-2-of-2.json"),
    ];
    for path in manifests {
        let manifest: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        schema.check(&manifest).unwrap();
    }
}

/// `docs/platform.md` repeats the limits of the delivery platform.
#[test]
fn the_document_states_the_platforms_limits() {
    let page = fs::read_to_string(fixtures().join("../docs/platform.md")).unwrap();
    let rows = [
        ("firmware name", format!("1 to {NAME_LIMIT} characters")),
        ("version", format!("1 to {VERSION_LIMIT} characters")),
        ("module", format!("1 to {MODULE_LIMIT} characters")),
        ("module", format!("`{DEFAULT_MODULE}`")),
        ("description", format!("at most {DESCRIPTION_LIMIT} characters")),
        ("file size", "at most 1,000,000,000 bytes".to_owned()),
        ("file size over MQTT", "at most 16,000,000 bytes".to_owned()),
        ("catalogue", format!("at most {CATALOGUE_LIMIT} packages")),
        ("file name", ENDINGS.map(|ending| format!("`{ending}`")).join(", ")),
    ];
    for (rule, limit) in rows {
        let row = page.lines().find(|line| line.starts_with(&format!("| {rule} |"))).expect(rule);
        assert!(row.contains(&limit), "{limit:?} is missing in {row:?}");
    }
}

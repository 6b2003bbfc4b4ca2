//! Releases of images that change, fail, are empty or are of one version, and shards that contradict each other.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use smidgen_diff::release::{
    Fleet, Image, ImageBytes, MANIFEST_FILE, Manifest, PackError, PackOptions, Release, ReleaseOptions,
    Shard, merge, pack,
};
use smidgen_diff::{Options, Silent};
use tempfile::TempDir;
use testkit::noise;

fn old() -> Vec<u8> {
    noise(5000, 256, 1)
}

/// Of the same size as the other.
fn rebuilt() -> Vec<u8> {
    [&old()[..2000], &noise(100, 256, 2), &old()[2100..]].concat()
}

fn release(image: impl Image + 'static) -> Release {
    let target = [&old()[..4000], &noise(60, 256, 3)].concat();
    Release::new("2.0", target).with_options(Options::default().with_level(1)).source("1.0", image)
}

fn packed(release: &Release, options: &PackOptions) -> Result<TempDir, PackError> {
    let folder = tempfile::tempdir().unwrap();
    pack(release, options, folder.path(), &Silent).map(|_| folder)
}

/// The first of these when it is opened first, then the second: text is an error.
struct Exchanged([Result<Vec<u8>, &'static str>; 2], AtomicUsize, Duration);

impl Exchanged {
    fn new(then: Result<Vec<u8>, &'static str>) -> Self {
        Self([Ok(old()), then], AtomicUsize::new(0), Duration::ZERO)
    }
}

impl Image for Exchanged {
    fn open(&self) -> io::Result<ImageBytes<'_>> {
        let time = self.1.fetch_add(1, Ordering::Relaxed).min(1);
        std::thread::sleep(self.2 * time as u32);
        let bytes = self.0[time].clone().map_err(io::Error::other)?;
        Ok(Box::new(bytes))
    }
}

#[test]
fn an_image_that_changes_meanwhile_is_noticed() {
    for other in [rebuilt(), old()[1..].to_vec()] {
        let folder = tempfile::tempdir().unwrap();
        let refused =
            pack(&release(Exchanged::new(Ok(other))), &PackOptions::default(), folder.path(), &Silent);
        let text = refused.unwrap_err().to_string();
        assert!(text.starts_with("the image of 1.0: it changed while the release was made"), "{text}");
        assert!(!folder.path().join(MANIFEST_FILE).exists());
        assert!(!folder.path().join("1.0-to-2.0.bin").exists());
    }
}

/// Releases with such packages were made before it was noticed.
#[test]
fn a_package_from_another_image_is_made_anew() {
    let [folder, other] =
        [old(), rebuilt()].map(|image| packed(&release(image), &PackOptions::default()).unwrap());
    let file = "1.0-to-2.0.bin";
    let right = fs::read(folder.path().join(file)).unwrap();
    let entry = |folder: &Path| {
        let manifest: Value = serde_json::from_slice(&fs::read(folder.join(MANIFEST_FILE)).unwrap()).unwrap();
        let at = manifest["packages"].as_array().unwrap().iter().position(|one| one["file"] == file).unwrap();
        (manifest, at)
    };
    let ((mut manifest, at), (wrong, from)) = (entry(folder.path()), entry(other.path()));
    for member in ["size", "md5", "sha256", "sign", "ram"] {
        manifest["packages"][at][member] = wrong["packages"][from][member].clone();
    }
    fs::write(folder.path().join(MANIFEST_FILE), manifest.to_string()).unwrap();
    fs::copy(other.path().join(file), folder.path().join(file)).unwrap();
    pack(&release(old()), &PackOptions::default(), folder.path(), &Silent).unwrap();
    assert!(fs::read(folder.path().join(file)).unwrap() == right);
}

/// Cannot be opened, after a while.
struct Broken(Duration);

impl Image for Broken {
    fn open(&self) -> io::Result<ImageBytes<'_>> {
        std::thread::sleep(self.0);
        Err(io::Error::other("it broke"))
    }
}

#[test]
fn the_failure_that_is_told_does_not_depend_on_time() {
    let both = release(Broken(Duration::from_millis(300))).source("1.5", Broken(Duration::ZERO));
    let error = packed(&both, &PackOptions::default().with_threads(2)).unwrap_err().to_string();
    assert_eq!(error, "the image of 1.0: it broke");
    let table = tempfile::tempdir().unwrap();
    let csv = table.path().join("fleet.csv");
    fs::write(&csv, "1.0,1\n1.5,100\n").unwrap();
    let mut slow = Exchanged::new(Err("it broke"));
    (slow.0[0], slow.2) = (Ok(rebuilt()), Duration::from_millis(300));
    // 1.5 is for more devices, and so the first that is made.
    let release =
        release(Exchanged::new(Err("it broke"))).source("1.5", slow).with_fleet(Fleet::read(&csv).unwrap());
    let error = packed(&release, &PackOptions::default().with_jobs(3)).unwrap_err().to_string();
    assert_eq!(error, "the image of 1.5: it broke");
}

#[test]
fn empty_images_are_refused() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("release");
    let refusal =
        |release: Release| pack(&release, &PackOptions::default(), &folder, &Silent).unwrap_err().to_string();
    assert_eq!(refusal(Release::new("2.0", Vec::new())), "the image of 2.0 is empty");
    assert!(!folder.exists());
    let allowed = ReleaseOptions::default().with_allow_empty(true);
    for release in [release(Vec::new()), release(Vec::new()).with_listing(allowed)] {
        let refused = refusal(release);
        assert!(refused.starts_with("the image of 1.0: it is empty; give"), "{refused}");
    }
}

#[test]
fn the_target_is_no_source_in_another_spelling() {
    let refused = packed(&release(old()).source("v2.0.0", rebuilt()), &PackOptions::default()).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("\"v2.0.0\" and \"2.0\" are one version, but their images differ"), "{text}");
}

/// Both shards of the release.
fn shards() -> [TempDir; 2] {
    [1, 2].map(|index| {
        packed(&release(old()), &PackOptions::default().with_shard(Shard { index, of: 2 })).unwrap()
    })
}

#[test]
fn shards_that_contradict_each_other_are_not_merged() {
    let [one, two] = shards();
    let manifest = |folder: &TempDir, index: u32| {
        let path = folder.path().join(format!("manifest.shard-{index}-of-2.json"));
        (serde_json::from_slice::<Value>(&fs::read(&path).unwrap()).unwrap(), path)
    };
    let ((first, _), (mut second, path)) = (manifest(&one, 1), manifest(&two, 2));
    let full = &first["packages"][0];
    assert_eq!(full["type"], "full");
    second["packages"].as_array_mut().unwrap().push(full.clone());
    fs::write(path, second.to_string()).unwrap();
    fs::copy(one.path().join("full-2.0.bin"), two.path().join("full-2.0.bin")).unwrap();
    let into = one.path().join("merged");
    let refused = merge(&[one.path(), two.path()], &into).unwrap_err().to_string();
    assert!(refused.contains("there are 2 full packages; a release has one"), "{refused}");
    assert!(!into.exists());
}

#[test]
fn only_a_link_in_the_place_of_the_manifest_is_replaced() {
    let [one, two] = shards();
    let into = tempfile::tempdir().unwrap();
    let manifest = into.path().join(MANIFEST_FILE);
    let merged = || merge(&[one.path(), two.path()], into.path());
    // Too large to be read: nobody knows what it is.
    fs::File::create(&manifest).unwrap().set_len(16_000_001).unwrap();
    assert!(matches!(merged(), Err(PackError::Read { path, .. }) if path == manifest));
    assert_eq!(fs::metadata(&manifest).unwrap().len(), 16_000_001);
    #[cfg(unix)]
    {
        fs::remove_file(&manifest).unwrap();
        std::os::unix::fs::symlink("nowhere", &manifest).unwrap();
        merged().unwrap();
        assert_eq!(Manifest::read(into.path()).unwrap().packages.len(), 2);
    }
}

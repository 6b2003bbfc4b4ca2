//! The plan of a release: its packages, and what each is made from.

use std::cmp::Reverse;
use std::io;

use rayon::prelude::*;
use serde_json::json;
use smidgen_patch::header::VERSION;

use crate::api::{CodecChoice, Containers, Expansion, Identity, Options, Ram};
use crate::digest::sha256_hex;
use crate::release::encryption::Encryption;
use crate::release::error::PackError;
use crate::release::model::{BaseEntry, Fleet, Image, Source, SourceEntry};
use crate::release::version::{self, VersionError};

pub(crate) struct Task<'a> {
    /// The file that it goes to.
    pub(crate) file: String,
    /// Its source versions, which have the same image, in ascending order; empty if it is full.
    pub(crate) source_versions: Vec<String>,
    /// The base image; absent if it is full.
    pub(crate) base: Option<(&'a dyn Image, BaseEntry)>,
    /// A digest of everything that decides its bytes.
    pub(crate) recipe: String,
}

/// All packages of a release, and its sources.
pub(crate) struct Plan<'a> {
    /// The full package first, then the differential ones in the order of their first source version.
    pub(crate) tasks: Vec<Task<'a>>,
    /// The sources in ascending order, without packages yet.
    pub(crate) sources: Vec<SourceEntry>,
    /// The options of all packages, which the formats of the images decide too.
    pub(crate) options: Options,
}

/// What all packages of a release have in common.
#[derive(Clone, Copy)]
pub(crate) struct Common<'a> {
    pub(crate) version: &'a str,
    pub(crate) target: &'a BaseEntry,
    pub(crate) options: &'a Options,
    /// The keys that sign them, by name.
    pub(crate) keys: &'a [String],
    /// How they are encrypted; absent if they are not.
    pub(crate) encryption: Option<&'a Encryption>,
}

impl<'a> Plan<'a> {
    /// Reads every source once, for its digest. `sources` are in ascending order.
    pub(crate) fn new(sources: &[&'a Source], common: &Common) -> Result<Self, PackError> {
        let describe = |source: &&Source| {
            let failed = |error| PackError::Image { version: source.version.clone(), error };
            let bytes = source.image.open().map_err(failed)?;
            if (*bytes).as_ref().is_empty() {
                let empty = "it is empty; give the image that devices have, or leave this version out: it gets the full package";
                return Err(failed(io::Error::other(empty)));
            }
            Ok((BaseEntry::of((*bytes).as_ref()), source.image.provenance().map_err(failed)?))
        };
        let images: Vec<Result<_, PackError>> = sources.par_iter().map(describe).collect();
        // Of several failures the first: rayon takes any.
        let images = images.into_iter().collect::<Result<Vec<_>, _>>()?;
        check_spellings(sources, &images, common)?;
        let inputs = images.iter().filter_map(|(_, input)| input.as_ref());
        let options = common.options.clone().with_inputs(inputs);
        let common = Common { options: &options, ..*common };
        let (mut tasks, mut entries) = (vec![common.full()], Vec::new());
        for (source, (image, input)) in sources.iter().zip(images) {
            let version = source.version.clone();
            let same = |task: &&mut Task| task.base.as_ref().is_some_and(|(_, base)| *base == image);
            match tasks.iter_mut().find(same) {
                // Versions with the same image get the same package.
                Some(task) => task.source_versions.push(version.clone()),
                None => tasks.push(common.differential(source, &image)),
            }
            entries.push(SourceEntry { version, image, input, package: None, dropped: None });
        }
        Ok(Self { tasks, sources: entries, options })
    }
}

/// Checks that spellings of one version have the same image: those of sources, which are neighbours, and the target's.
fn check_spellings<T>(
    sources: &[&Source],
    images: &[(BaseEntry, T)],
    common: &Common,
) -> Result<(), VersionError> {
    let sources = || sources.iter().map(|source| &*source.version).zip(images.iter().map(|(image, _)| image));
    let with_target = sources().map(|source| (source, (common.version, common.target)));
    let mut pairs = sources().zip(sources().skip(1)).chain(with_target);
    let contradict =
        pairs.find(|((first, image), (second, other))| version::is_same(first, second) && image != other);
    match contradict {
        Some(((first, _), (second, _))) => {
            Err(VersionError::Spelled { first: first.to_owned(), second: second.to_owned() })
        }
        None => Ok(()),
    }
}

impl Common<'_> {
    fn full<'a>(&self) -> Task<'a> {
        let file = format!("full-{}.bin", self.version);
        Task { file, source_versions: Vec::new(), base: None, recipe: self.recipe(None) }
    }

    fn differential<'a>(&self, source: &'a Source, image: &BaseEntry) -> Task<'a> {
        Task {
            file: format!("{}-to-{}.bin", source.version, self.version),
            source_versions: vec![source.version.clone()],
            base: Some((&*source.image, image.clone())),
            recipe: self.recipe(Some(image)),
        }
    }

    /// A digest of everything that decides the package's bytes.
    fn recipe(&self, base: Option<&BaseEntry>) -> String {
        let text = json!({
            "program": env!("CARGO_PKG_VERSION"),
            "format": VERSION,
            "options": written(self.options),
            "base": base.map(|base| &base.sha256),
            "target": self.target.sha256,
            "keys": self.keys,
            "encryption": self.encryption.map(Encryption::recipe),
        });
        sha256_hex(text.to_string().as_bytes())
    }
}

/// The order in which packages are made: those for the most devices of a fleet first, after the full one.
pub(crate) fn order(tasks: &[&Task], fleet: Option<&Fleet>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..tasks.len()).collect();
    if let Some(fleet) = fleet {
        let devices =
            |task: &Task| task.source_versions.iter().map(|version| fleet.devices_with(version)).sum::<u64>();
        order.sort_by_cached_key(|&number| (tasks[number].base.is_some(), Reverse(devices(tasks[number]))));
    }
    order
}

/// Options as recipes have them, independent of the names of types. An option that is missing here does not compile.
fn written(options: &Options) -> serde_json::Value {
    let Options {
        ram,
        // Where it is automatic, a profile decides.
        codec: _,
        level,
        containers: _,
        arch,
        base_address,
        md5,
        body_digest,
        lanes,
        identity,
        in_place,
        device,
        firmware: _,
    } = options;
    let Identity { product, module, version, rollback_counter } = identity;
    let ram = match ram {
        Ram::Auto => None,
        Ram::Bytes(bytes) => Some(bytes),
    };
    let containers = match options.expansion() {
        Expansion::Wanted => Containers::Auto,
        Expansion::Off | Expansion::Withheld(_) => Containers::None,
    };
    let codecs: Vec<&str> = options.codecs().into_iter().map(CodecChoice::name).collect();
    let mut written = json!({
        "ram": ram, "codec": codecs.join(","), "level": level, "containers": containers.name(), "arch": arch.name(),
        "base": base_address, "md5": md5, "body-digest": body_digest,
        "product": product, "module": module, "version": version, "rollback-counter": rollback_counter,
        "in-place": in_place.map(|flash| [flash.slot, flash.page, flash.write, flash.scratch]),
    });
    if let Some(lanes) = lanes {
        written["lanes"] = json!(lanes);
    }
    // The rest of a profile decides whether there is a package, not its bytes.
    let limits = device.as_ref().map(|device| [device.memory, device.storage]);
    if let Some(limits) = limits.filter(|limits| limits.iter().any(Option::is_some)) {
        written["expanded"] = json!(limits);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::{CipherChoice, Recipient, SharedSecret};

    fn common<'a>(target: &'a BaseEntry, options: &'a Options) -> Common<'a> {
        Common { version: "3", target, options, keys: &[], encryption: None }
    }

    fn files(sources: &[(&str, &[u8])]) -> Vec<(String, Vec<String>)> {
        let sources: Vec<Source> =
            sources.iter().map(|(version, image)| Source::new(*version, image.to_vec())).collect();
        let sources: Vec<&Source> = sources.iter().collect();
        let (target, options) = (BaseEntry::of(b"target"), Options::default());
        let plan = Plan::new(&sources, &common(&target, &options)).unwrap();
        assert_eq!(plan.sources.len(), sources.len());
        plan.tasks.into_iter().map(|task| (task.file, task.source_versions)).collect()
    }

    #[test]
    fn there_is_always_a_full_package() {
        assert_eq!(files(&[]), [("full-3.bin".to_owned(), vec![])]);
    }

    #[test]
    fn spellings_of_one_version_have_one_image() {
        assert_eq!(files(&[("1.0", b"a"), ("1.0.0", b"a")]).len(), 2);
        let sources = [Source::new("1.0", b"a".to_vec()), Source::new("v1", b"b".to_vec())];
        let (target, options) = (BaseEntry::of(b"target"), Options::default());
        let refused = Plan::new(&sources.each_ref(), &common(&target, &options)).map(drop).unwrap_err();
        assert!(refused.to_string().contains("\"1.0\" and \"v1\" are one version"), "{refused}");
        // The target's, too: it may have gone out in another spelling.
        assert_eq!(files(&[("v3.0", b"target")]).len(), 2);
        let sources = [Source::new("v3.0", b"a".to_vec())];
        let refused = Plan::new(&sources.each_ref(), &common(&target, &options)).map(drop).unwrap_err();
        assert!(refused.to_string().contains("\"v3.0\" and \"3\" are one version"), "{refused}");
    }

    #[test]
    fn versions_with_the_same_image_share_a_package() {
        let found = files(&[("1.0", b"a"), ("1.1", b"b"), ("1.2", b"a")]);
        let expected = [
            ("full-3.bin".to_owned(), vec![]),
            ("1.0-to-3.bin".to_owned(), vec!["1.0".to_owned(), "1.2".to_owned()]),
            ("1.1-to-3.bin".to_owned(), vec!["1.1".to_owned()]),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_recipe_knows_images_and_options() {
        let target = BaseEntry::of(b"target");
        let recipe =
            |options: Options, base: &[u8]| common(&target, &options).recipe(Some(&BaseEntry::of(base)));
        let usual = recipe(Options::default(), b"base");
        assert_eq!(usual, recipe(Options::default(), b"base"));
        assert_ne!(usual, recipe(Options::default(), b"other"));
        assert_ne!(usual, recipe(Options { level: 1, ..Options::default() }, b"base"));
        // To the letter: packages of an earlier run are found also after a type was renamed.
        let written = r#"{"arch":"auto","base":null,"body-digest":false,"codec":"cm","containers":"auto","in-place":null,"level":6,"md5":false,"module":null,"product":null,"ram":null,"rollback-counter":null,"version":null}"#;
        assert_eq!(super::written(&Options::default()).to_string(), written);
        let encrypted = |key: u8, cipher| {
            let recipient = Recipient::Shared(SharedSecret::from_bytes(&[key; 32]));
            let encryption = Some(&Encryption { recipient, cipher });
            let options = Options::default();
            Common { encryption, ..common(&target, &options) }.recipe(Some(&BaseEntry::of(b"base")))
        };
        let [chacha20, aes] = [CipherChoice::ChaCha20, CipherChoice::Aes256Ctr];
        let all = [usual, encrypted(1, chacha20), encrypted(2, chacha20), encrypted(1, aes)];
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }
}

//! Checks of a manifest beyond its schema: versions, the platform's rules, and contradictions (`docs/manifest.md`).

use std::collections::{BTreeMap, BTreeSet};

use smidgen_patch::internals::wire::{KeyId, is_name, is_product};

use super::release::derived_name;
use crate::digest::is_hex;
use crate::escaped::{Escaped, has_control};
use crate::release::model::{Manifest, PackageEntry, PackageType, SOURCES_LIMIT, SourceEntry};
use crate::release::platform::{self, Platform, RuleError};
use crate::release::version;

impl Manifest {
    /// Checks what schema and types cannot; the error is without the file's name.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.check_size()?;
        let sources: Vec<&str> = self.sources.iter().map(|source| source.version.as_str()).collect();
        version::check_versions(&self.version, &sources).map_err(|error| error.to_string())?;
        self.check_rules().map_err(|error| error.to_string())?;
        self.check_texts()?;
        self.check_digests()?;
        if self.shard.is_some_and(|shard| !shard.is_valid()) {
            return Err("the shard does not exist: its index is from 1 to the number of shards".to_owned());
        }
        let full = self.packages.iter().filter(|package| package.kind == PackageType::Full).count();
        if full > 1 || (full == 0 && self.shard.is_none()) {
            return Err(format!("there are {full} full packages; a release has one"));
        }
        let files: BTreeSet<&str> = self.packages.iter().map(|package| package.file.as_str()).collect();
        if files.len() != self.packages.len() {
            return Err("two packages have the same file".to_owned());
        }
        self.packages.iter().try_for_each(|package| self.check_package(package))?;
        self.check_protection()?;
        self.sources.iter().try_for_each(|source| self.check_source(source))?;
        self.check_sources_of_packages()
    }

    /// A manifest of 16 MB can have so many entries that to compare them takes minutes.
    fn check_size(&self) -> Result<(), String> {
        let versions: usize = self.packages.iter().map(|package| package.source_versions.len()).sum();
        let most = versions.max(self.sources.len()).max(self.packages.len().saturating_sub(1));
        if most > SOURCES_LIMIT {
            return Err(format!(
                "there are {most} source versions or packages for them; the limit is {SOURCES_LIMIT}"
            ));
        }
        Ok(())
    }

    /// A release is encrypted and signed as a whole: one package in the clear reveals what the others hide.
    pub(crate) fn check_protection(&self) -> Result<(), String> {
        let Some((first, others)) = self.packages.split_first() else { return Ok(()) };
        let differs =
            |other: &&PackageEntry| other.encryption != first.encryption || other.keys != first.keys;
        match others.iter().find(differs) {
            Some(other) => {
                let (first, other) = (&first.file, &other.file);
                Err(format!("\"{first}\" and \"{other}\" are encrypted or signed in different ways"))
            }
            None => Ok(()),
        }
    }

    /// The rules of the platform that the release was made for, and those that hold for all.
    fn check_rules(&self) -> Result<(), RuleError> {
        for package in &self.packages {
            platform::check_file(&package.file, package.size)?;
            let differential = package.kind == PackageType::Differential;
            platform::check_sign_method(package.sign_method, differential, self.android_sdk)?;
            if differential {
                platform::check_sources(&package.source_versions)?;
            }
        }
        match self.platform {
            Platform::None => Ok(()),
            Platform::Alibaba => self.check_alibaba(),
        }
    }

    /// The rules of Alibaba Cloud IoT Platform.
    pub(crate) fn check_alibaba(&self) -> Result<(), RuleError> {
        platform::check_version(&self.version)?;
        self.sources.iter().try_for_each(|source| platform::check_version(&source.version))?;
        let is_derived = self.name == derived_name(self.product.as_deref(), &self.version);
        platform::check_listed_name(&self.name, is_derived)?;
        platform::check_module(&self.module)?;
        platform::check_description(&self.description)?;
        platform::check_catalogue(self.packages.len())
    }

    /// Texts have no characters that control a terminal.
    fn check_texts(&self) -> Result<(), String> {
        if self.product.as_ref().is_some_and(|product| !is_product(product)) {
            return Err(
                "the product is not valid: it has 1 to 64 bytes, and no control characters".to_owned()
            );
        }
        if !is_name(&self.module) || self.name.is_empty() {
            return Err("the module or the name is not valid".to_owned());
        }
        let files = self.packages.iter().map(|package| ("file name", &package.file));
        let notes = self.notes.iter().map(|note| ("note", note));
        let mut texts = files.chain(notes).chain([("description", &self.description), ("name", &self.name)]);
        match texts.find(|(_, text)| has_control(text)) {
            Some((what, text)) => Err(format!("the {what} \"{}\" has control characters", Escaped(text))),
            None => Ok(()),
        }
    }

    fn check_digests(&self) -> Result<(), String> {
        let mut sha256 = vec![&self.target.sha256];
        let mut md5 = vec![&self.target.md5];
        for package in &self.packages {
            sha256.extend([&package.sha256, &package.target_sha256, &package.recipe]);
            sha256.extend(package.base.as_ref().map(|base| &base.sha256));
            md5.push(&package.md5);
        }
        sha256.extend(self.sources.iter().map(|source| &source.image.sha256));
        let keys = self.packages.iter().flat_map(|package| {
            package.keys.iter().chain(package.encryption.iter().map(|encryption| &encryption.key))
        });
        if let Some(key) = keys.into_iter().find(|key| !is_hex(key, size_of::<KeyId>())) {
            return Err(format!("\"{}\" is not the name of a key", Escaped(key)));
        }
        let wrong = sha256.into_iter().find(|text| !is_hex(text, 32));
        match wrong.or_else(|| md5.into_iter().find(|text| !is_hex(text, 16))) {
            Some(text) => Err(format!("\"{}\" is not a digest", Escaped(text))),
            None => Ok(()),
        }
    }

    fn check_package(&self, package: &PackageEntry) -> Result<(), String> {
        let file = &package.file;
        // Files of a release are beside its manifest, whatever it says.
        if file.starts_with('.') || file.contains(['/', '\\', ':']) {
            return Err(format!("\"{file}\" is not a plain file name"));
        }
        if package.target_sha256 != self.target.sha256 {
            return Err(format!("\"{file}\" has another target image than the release"));
        }
        if package.sign != package.signed_digest() {
            return Err(format!("the sign of \"{file}\" is not its {}", package.sign_method.name()));
        }
        if package.base.is_some() != (package.kind == PackageType::Differential) {
            return Err(format!("\"{file}\" must have a base image exactly if it is differential"));
        }
        Ok(())
    }

    fn check_source(&self, source: &SourceEntry) -> Result<(), String> {
        let version = &source.version;
        let Some(file) = &source.package else {
            let complaint = format!("the source version \"{version}\" has no package");
            return if self.shard.is_some() { Ok(()) } else { Err(complaint) };
        };
        let Some(package) = self.package(file) else {
            let file = Escaped(file);
            return Err(format!("the package \"{file}\" of source version \"{version}\" is not listed"));
        };
        let matches =
            package.source_versions.contains(version) && package.base.as_ref() == Some(&source.image);
        if package.kind == PackageType::Differential && !matches {
            return Err(format!("the package \"{file}\" is not for source version \"{version}\""));
        }
        Ok(())
    }
    /// The sources of a package get it, and no other one; shards are not complete.
    fn check_sources_of_packages(&self) -> Result<(), String> {
        if self.shard.is_some() {
            return Ok(());
        }
        let entry = |source: &SourceEntry| Some((source.version.clone(), source.package.clone()?));
        let gets: BTreeMap<String, String> = self.sources.iter().filter_map(entry).collect();
        for PackageEntry { file, source_versions, .. } in &self.packages {
            if let Some(version) = source_versions.iter().find(|version| gets.get(*version) != Some(file)) {
                let version = Escaped(version);
                return Err(format!(
                    "\"{file}\" is for \"{version}\", which is no source or gets another package"
                ));
            }
        }
        Ok(())
    }
}

//! The package of a task: whether one is whole and for its images, and the manifest's entry of it.

use smidgen_patch::header::VERSION;
use smidgen_patch::{Error, Header};

use super::agree;
use super::plan::Task;
use crate::api::ContainerNeeds;
use crate::container::TargetFile;
use crate::digest::hex;
use crate::release::encryption::encryption_of;
use crate::release::model::{EncryptionEntry, InPlaceEntry, PackageEntry, PackageType};
use crate::release::platform::SignMethod;
use crate::release::sign::key_names;

impl Task<'_> {
    /// Whether a package is whole, from this task's base and to this target.
    pub(crate) fn is_of(&self, package: &[u8], target: &TargetFile) -> bool {
        Header::parse(package).is_ok_and(|(header, length)| {
            package.len() as u64 == length as u64 + u64::from(header.body_length)
                && header.target_digest == target.sha256()
                && agree::is_from(&header, self.base.as_ref().map(|(_, base)| base))
        })
    }

    /// The entry of this task's package, as it is shipped.
    pub(crate) fn entry(&self, bytes: &[u8], sign_method: SignMethod) -> Result<PackageEntry, Error> {
        let (header, extensions, _) = Header::parse_extended(bytes)?;
        let (md5, sha256, sign) = Default::default();
        let entry = PackageEntry {
            kind: if self.base.is_some() { PackageType::Differential } else { PackageType::Full },
            source_versions: self.source_versions.clone(),
            file: self.file.clone(),
            size: 0,
            md5,
            sha256,
            sign_method,
            sign,
            format_version: VERSION,
            codec: header.codec.name().to_owned(),
            ram: header.ram,
            container: ContainerNeeds::stated(&header, &extensions)?,
            in_place: extensions.in_place.map(InPlaceEntry::from),
            base: self.base.as_ref().map(|(_, base)| base.clone()),
            target_sha256: hex(&header.target_digest),
            encryption: encryption_of(bytes)?.as_ref().and_then(EncryptionEntry::of),
            keys: key_names(bytes)?,
            recipe: self.recipe.clone(),
        };
        Ok(entry.of_file(bytes))
    }
}

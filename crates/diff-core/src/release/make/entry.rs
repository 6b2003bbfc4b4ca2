//! The manifest's entry of a package that was made.

use smidgen_patch::header::VERSION;
use smidgen_patch::{Error, Header};

use super::plan::Task;
use crate::api::ContainerNeeds;
use crate::digest::hex;
use crate::release::encryption::encryption_of;
use crate::release::model::{EncryptionEntry, InPlaceEntry, PackageEntry, PackageType};
use crate::release::platform::SignMethod;
use crate::release::sign::key_names;

impl Task<'_> {
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

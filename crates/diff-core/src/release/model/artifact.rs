//! What frameworks of Linux devices are told of a package, so that they deliver it (`docs/delivery.md`).

use super::entries::{PackageEntry, PackageType};
use super::manifest::Manifest;
use crate::digest::sha256_hex;
use crate::escaped::{Escaped, has_control};
use crate::release::error::PackError;
use crate::release::version::is_same_version;
use crate::settings::by_name;

/// A framework that delivers artifacts to Linux devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Framework {
    /// Mender: the command of `mender-artifact` that writes the artifact.
    Mender,
    /// `SWUpdate`: the `sw-description` of an image.
    Swupdate,
    /// RAUC: the `manifest.raucm` of a bundle.
    Rauc,
}

by_name!(Framework { Mender = "mender", Swupdate = "swupdate", Rauc = "rauc" });

/// The artifact that carries a package to devices.
#[derive(Clone, Copy, Debug)]
pub struct Artifact<'a> {
    manifest: &'a Manifest,
    package: &'a PackageEntry,
    product: &'a str,
    board: &'a str,
}

/// Where SWUpdate puts the package for its script.
const INCOMING: &str = "/data/incoming.bin";
/// A bundle of the format `verity` has more bytes than this, which a package does not lose by compression.
const VERITY: u64 = 4096;

impl<'a> Artifact<'a> {
    /// The artifact for devices of this version, or the one for all of them. `board` is what the framework knows them by:
    /// Mender's device type, SWUpdate's hardware revision, RAUC's compatible; the product if absent.
    ///
    /// # Errors
    /// [`PackError::Usage`] for a release without a product, a version that it does not update, one whose package another
    /// shard makes, and a board with control characters, which no framework's language has.
    pub fn new(
        manifest: &'a Manifest,
        device_version: Option<&str>,
        board: Option<&'a str>,
    ) -> Result<Self, PackError> {
        let product = manifest.product.as_deref().ok_or_else(|| {
            PackError::Usage(
                "the release has no product, which names artifacts; pack it with --product".to_owned(),
            )
        })?;
        if board.is_some_and(has_control) {
            return Err(PackError::Usage("the name of the board has control characters".to_owned()));
        }
        let package = match device_version {
            None => manifest.packages.iter().find(|package| package.kind == PackageType::Full),
            Some(version) => {
                let source = manifest.sources.iter().find(|source| is_same_version(&source.version, version));
                let source = source.ok_or_else(|| {
                    PackError::Usage(format!(
                        "the release has no package for version {}: give one of its source versions, or none for the full package",
                        Escaped(version)
                    ))
                })?;
                manifest.packages.iter().find(|package| Some(&package.file) == source.package.as_ref())
            }
        };
        let package = package.ok_or_else(|| {
            PackError::Usage(
                "the package is in another shard: merge all shards with manifest merge".to_owned(),
            )
        })?;
        Ok(Self { manifest, package, product, board: board.unwrap_or(product) })
    }

    /// What the framework is told. `script` is the script of ours that the artifact carries, where it carries one: SWUpdate
    /// wants its digest.
    #[must_use]
    pub fn describe(&self, framework: Framework, script: Option<&[u8]>) -> String {
        match framework {
            Framework::Mender => self.mender(),
            Framework::Swupdate => self.swupdate(script),
            Framework::Rauc => self.rauc(),
        }
    }

    /// Devices of another version are not offered a differential package: it depends on the artifacts that they have.
    fn mender(&self) -> String {
        let name = |version: &str| quoted(&format!("{}-{version}", self.product));
        let depends: String =
            self.package.source_versions.iter().map(|version| format!(" -N {}", name(version))).collect();
        let file = &self.package.file;
        let stem = file.strip_suffix(".bin").unwrap_or(file);
        format!(
            "mender-artifact write module-image -T smidgen -n {} -t {}{depends} \\\n    -f {} -o {}",
            name(&self.manifest.version),
            quoted(self.board),
            quoted(file),
            quoted(&format!("{}-{stem}.mender", self.product)),
        )
    }

    fn swupdate(&self, script: Option<&[u8]>) -> String {
        let digest = script
            .map_or_else(String::new, |script| format!("\n        sha256 = \"{}\";", sha256_hex(script)));
        format!(
            r#"software = {{
    version = "{}";
    hardware-compatibility: [ {} ];
    files: ( {{
        filename = {};
        path = "{INCOMING}";
        sha256 = "{}";
    }} );
    scripts: ( {{
        filename = "smidgen-install";
        type = "shellscript";
        data = "{INCOMING}";{digest}
    }} );
}};"#,
            self.manifest.version,
            libconfig(self.board),
            libconfig(&self.package.file),
            self.package.sha256,
        )
    }

    fn rauc(&self) -> String {
        let format = if self.package.size > VERITY { "verity" } else { "plain" };
        format!(
            "[update]\ncompatible={}\nversion={}\n\n[bundle]\nformat={format}\n\n[hooks]\nfilename=hook\n\n\
             [image.firmware]\nfilename=package.img\nhooks=install",
            keyfile(self.board),
            self.manifest.version,
        )
    }
}

/// For a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A text of libconfig.
fn libconfig(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

/// A value of GLib's key files.
fn keyfile(text: &str) -> String {
    let text = text.replace('\\', r"\\");
    // It would be lost at the start.
    text.strip_prefix(' ').map_or(text.clone(), |rest| format!(r"\s{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_what_they_are_in_each_language() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(libconfig(r#"a "b" \c"#), r#""a \"b\" \\c""#);
        assert_eq!(keyfile(r" a \b"), r"\sa \\b");
    }
}

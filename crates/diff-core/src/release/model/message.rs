//! The messages about a package: from us to the delivery platform, and from it to the device (`docs/platform.md`).

use serde_json::{Value, json};

use super::entries::{PackageEntry, PackageType};
use super::manifest::Manifest;
use crate::digest::sha256_hex;
use crate::escaped::Escaped;
use crate::release::error::PackError;
use crate::release::platform::{self, NAME_LIMIT, RuleError, SignMethod};

/// Messages about the packages of a release.
#[derive(Clone, Copy, Debug)]
pub struct Messages<'a> {
    manifest: &'a Manifest,
    url_base: &'a str,
}

impl<'a> Messages<'a> {
    /// Messages for devices that download below `url_base`, an `http` or `https` address.
    ///
    /// # Errors
    /// [`PackError::Usage`] for other addresses, and for a release without a product; [`PackError::Rule`] for a release
    /// that the platform would refuse.
    pub fn new(manifest: &'a Manifest, url_base: &'a str) -> Result<Self, PackError> {
        manifest.check_alibaba()?;
        if manifest.product.is_none() {
            return Err(PackError::Usage(
                "the release has no product, which the platform's call needs as ProductKey; pack it with --product"
                    .to_owned(),
            ));
        }
        let rest = url_base.strip_prefix("https://").or_else(|| url_base.strip_prefix("http://"));
        let wrong = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#');
        match rest {
            Some(rest) if !rest.is_empty() && !rest.starts_with('/') && !rest.contains(wrong) => {
                Ok(Self { manifest, url_base: url_base.trim_end_matches('/') })
            }
            _ => Err(PackError::Usage(format!(
                "\"{}\" is not the address of a folder; give one such as https://example.com/ota",
                Escaped(url_base)
            ))),
        }
    }

    /// For each package, the message to devices and the parameters of the calls that create it on the platform.
    ///
    /// # Errors
    /// A name that the platform would refuse.
    pub fn all(&self) -> Result<Vec<Value>, RuleError> {
        let packages = self.manifest.packages.iter().zip(1..);
        packages.map(|(package, number)| self.of(package, number)).collect()
    }

    fn of(&self, package: &PackageEntry, number: u32) -> Result<Value, RuleError> {
        Ok(json!({
            "file": package.file,
            "source_versions": package.source_versions,
            "upgrade": self.upgrade(package, number),
            "create_firmware": self.create_firmware(package)?,
        }))
    }

    /// The message that the platform publishes to `/ota/device/upgrade/${productKey}/${deviceName}`.
    fn upgrade(&self, package: &PackageEntry, number: u32) -> Value {
        let method = match package.sign_method {
            SignMethod::Md5 => "Md5",
            SignMethod::Sha256 => "SHA256",
        };
        json!({
            "code": "1000",
            "data": {
                "size": package.size,
                "version": self.manifest.version,
                "isDiff": u8::from(package.kind == PackageType::Differential),
                "url": self.url(package),
                "md5": package.md5,
                "sign": package.sign,
                "signMethod": method,
                "module": self.manifest.module,
                "extData": { "_package_udi": self.user_data(package) },
            },
            "id": number,
            "message": "success",
        })
    }

    /// The parameters of the platform's call, which takes one source version.
    fn create_firmware(&self, package: &PackageEntry) -> Result<Vec<Value>, RuleError> {
        if package.kind == PackageType::Full {
            return Ok(vec![self.call(package, None)?]);
        }
        package.source_versions.iter().map(|version| self.call(package, Some(version))).collect()
    }

    fn call(&self, package: &PackageEntry, source: Option<&str>) -> Result<Value, RuleError> {
        let manifest = self.manifest;
        let name = self.firmware_name(package, source);
        platform::check_name(&name)?;
        let mut call = json!({
            "Action": "CreateOTAFirmware",
            "Type": u8::from(source.is_some()),
            "FirmwareName": name,
            "ProductKey": manifest.product,
            "ModuleName": manifest.module,
            "SrcVersion": source,
            "DestVersion": manifest.version,
            "FirmwareUrl": self.url(package),
            "FirmwareSize": package.size,
            "SignMethod": package.sign_method,
            "FirmwareSign": package.sign,
            "FirmwareDesc": Some(&manifest.description).filter(|text| !text.is_empty()),
            "Udi": self.user_data(package),
        });
        call.as_object_mut().into_iter().for_each(|call| call.retain(|_, value| !value.is_null()));
        Ok(call)
    }

    /// The release's name, and the source version if there is one. Names must differ within an account: one that is too
    /// long, or not unique without its dots, has part of the digest instead.
    fn firmware_name(&self, package: &PackageEntry, source: Option<&str>) -> String {
        let name = &self.manifest.name;
        let Some(source) = source else { return name.clone() };
        let plain = |version: &str| version.replace('.', "_");
        let alike =
            self.manifest.sources.iter().filter(|other| plain(&other.version) == plain(source)).count();
        let long = format!("{name}-{}", plain(source));
        if alike <= 1 && long.chars().count() <= NAME_LIMIT {
            return long;
        }
        let digest = sha256_hex(format!("{} {source}", package.sha256).as_bytes());
        let kept: String = name.chars().take(NAME_LIMIT - DIGITS - 1).collect();
        format!("{kept}-{}", &digest[..DIGITS])
    }

    /// What a device should know before it downloads; the platform passes this text on unchanged.
    fn user_data(&self, package: &PackageEntry) -> String {
        let base = package.base.as_ref().map(|base| &base.sha256);
        let mut needs = json!({
            "format": package.format_version,
            "codec": package.codec,
            "ram": package.ram,
            "base_sha256": base,
            "target_sha256": package.target_sha256,
            "target_size": self.manifest.target.size,
        });
        if let Some(container) = &package.container {
            needs["container"] = json!(container);
        }
        json!({ "smidgen": needs }).to_string()
    }

    fn url(&self, package: &PackageEntry) -> String {
        format!("{}/{}", self.url_base, escaped(&package.file))
    }
}

/// Digits of a digest that make a name unique.
const DIGITS: usize = 12;

/// A file name as part of an address (RFC 3986, section 2.1).
fn escaped(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::model::manifest::tests::manifest;

    #[test]
    fn a_differential_package_is_announced_as_one() {
        let manifest = manifest();
        let all = Messages::new(&manifest, "https://example.com/ota/").unwrap().all().unwrap();
        let package = &manifest.packages[1];
        let data = &all[1]["upgrade"]["data"];
        let expected = json!({
            "size": package.size,
            "version": "3.0.0",
            "isDiff": 1,
            "url": "https://example.com/ota/1.0.0-to-3.0.0.bin",
            "md5": package.md5,
            "sign": package.sha256,
            "signMethod": "SHA256",
            "module": "default",
            "extData": data["extData"],
        });
        assert_eq!(*data, expected);
        let passed: Value = serde_json::from_str(data["extData"]["_package_udi"].as_str().unwrap()).unwrap();
        assert_eq!(passed["smidgen"]["ram"], package.ram);
        assert_eq!(passed["smidgen"].get("container"), None);
        assert_eq!(all[0]["upgrade"]["data"]["isDiff"], 0);
    }

    #[test]
    fn the_platform_is_called_once_for_each_source_version() {
        let mut manifest = manifest();
        manifest.description = "快".to_owned();
        let all = Messages::new(&manifest, "http://example.com").unwrap().all().unwrap();
        let calls = all[1]["create_firmware"].as_array().unwrap();
        assert_eq!(calls.len(), 2);
        let call = &calls[1];
        let package = &manifest.packages[1];
        let expected = json!({
            "Action": "CreateOTAFirmware",
            "Type": 1,
            "FirmwareName": "sensor-3_0_0-1_0_1",
            "ProductKey": "sensor",
            "ModuleName": "default",
            "SrcVersion": "1.0.1",
            "DestVersion": "3.0.0",
            "FirmwareUrl": "http://example.com/1.0.0-to-3.0.0.bin",
            "FirmwareSize": package.size,
            "SignMethod": "SHA256",
            "FirmwareSign": package.sha256,
            "FirmwareDesc": "快",
            "Udi": call["Udi"],
        });
        assert_eq!(*call, expected);
        let full = &all[0]["create_firmware"];
        assert_eq!((full[0]["Type"].as_u64(), full[0].get("SrcVersion")), (Some(0), None));
        assert_eq!(full[0]["FirmwareName"], "sensor-3_0_0");
    }

    #[test]
    fn names_are_short_enough_and_differ() {
        let mut manifest = manifest();
        manifest.name = "n".repeat(40);
        let package = manifest.packages[1].clone();
        let name = |manifest: &Manifest, source| {
            Messages { manifest, url_base: "" }.firmware_name(&package, Some(source))
        };
        assert_eq!(name(&manifest, "1.0.0").chars().count(), 40);
        assert_ne!(name(&manifest, "1.0.0"), name(&manifest, "1.0.1"));
        manifest.name = "n".to_owned();
        manifest.sources[1].version = "1_0.0".to_owned();
        assert_ne!(name(&manifest, "1.0.0"), name(&manifest, "1_0.0"));
    }

    #[test]
    fn addresses_are_web_addresses() {
        let manifest = manifest();
        let wrong = "|ftp://example.com|example.com|https://|https:///x|https://e.com/?q=|https://e.com/#x|\
                     https://e.com/\n|https://e.com/\x1b[31m";
        for wrong in wrong.split('|') {
            assert!(Messages::new(&manifest, wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(escaped("1.0-a_b.bin"), "1.0-a_b.bin");
        assert_eq!(escaped("a b/ü"), "a%20b%2F%C3%BC");
    }
}

//! A fleet: how many devices have which version, and what a release saves them (`docs/pipeline.md`).

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;
use std::path::Path;

use super::entries::SourceEntry;
use super::manifest::Manifest;
use crate::escaped::Escaped;
use crate::release::error::PackError;
use crate::release::regular::{self, Links, TEXT_FILE_LIMIT};
use crate::release::version::{self, Version, is_same};

/// The most devices of a fleet: bytes for all of them have 64 bits.
const DEVICES_LIMIT: u64 = 10_000_000_000;

/// Devices by the version that they report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fleet {
    /// Each version once.
    pub devices: BTreeMap<String, u64>,
}

/// What a release saves a fleet, against full packages for all devices.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Savings {
    /// Versions that the release has a package for, those that save most first.
    pub versions: Vec<Saving>,
    /// Older versions of the fleet that the release was not made from, with their devices: they get the full package.
    pub unknown: Vec<(String, u64)>,
    /// Newer versions of the fleet, with their devices: they get nothing, as there are no downgrades.
    pub newer: Vec<(String, u64)>,
    /// Devices to update.
    pub devices: u64,
    /// Bytes of the packages of all devices.
    pub bytes: u64,
    /// Bytes if all devices got the full package.
    pub full_bytes: u64,
}

/// What one version saves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saving {
    /// The source version, as the release has it.
    pub version: String,
    /// Its devices.
    pub devices: u64,
    /// The file of their package.
    pub file: String,
    /// The bytes of that package.
    pub size: u64,
    /// The bytes that all these devices save.
    pub saved: u64,
}

impl Fleet {
    /// Reads a CSV file: a version and a number of devices on each line, or a header with the columns `version` and
    /// `devices` among others. Lines of one version are added up.
    ///
    /// # Errors
    /// A file that cannot be read; a line that has no version or no number, with its number.
    pub fn read(path: &Path) -> Result<Self, PackError> {
        let bytes =
            regular::read(path, TEXT_FILE_LIMIT, Links::Followed).map_err(PackError::reading(path))?;
        let wrong = |reason: String| PackError::Usage(format!("{}: {reason}", Escaped(path.display())));
        let text = String::from_utf8(bytes).map_err(|_| wrong("is not text in UTF-8".to_owned()))?;
        Self::parse(&text).map_err(wrong)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let lines = text.trim_start_matches('\u{FEFF}').lines().zip(1..);
        let mut lines = lines.filter(|(line, _)| !line.trim().is_empty()).peekable();
        let first = lines.peek().ok_or("has no lines; give VERSION,DEVICES on each")?.0;
        let separator =
            [',', ';', '\t'].into_iter().find(|&separator| first.contains(separator)).unwrap_or(',');
        let header: Vec<String> =
            fields(first, separator)?.iter().map(|name| name.to_ascii_lowercase()).collect();
        let column = |name: &str| header.iter().position(|column| column == name);
        let (versions, devices) = match (column("version"), column("devices")) {
            (Some(version), Some(devices)) => {
                lines.next();
                (version, devices)
            }
            (None, None) => (0, 1),
            _ => return Err("line 1: the header needs both \"version\" and \"devices\"".to_owned()),
        };
        let mut fleet = Self::default();
        let mut sum = 0u64;
        for (line, number) in lines {
            let wrong = |reason: String| format!("line {number}: {reason}");
            let fields = fields(line, separator).map_err(wrong)?;
            let version = fields.get(versions).map(String::as_str).unwrap_or_default();
            version::check_version(version).map_err(|error| wrong(error.to_string()))?;
            let count = fields.get(devices).map(String::as_str).unwrap_or_default();
            let count: u64 = count.parse().map_err(|_| {
                wrong(format!("\"{}\" is not a number of devices", Escaped(shortened(count))))
            })?;
            sum = sum.checked_add(count).filter(|&sum| sum <= DEVICES_LIMIT).ok_or_else(|| {
                wrong(format!("there are more than {DEVICES_LIMIT} devices, which is the limit"))
            })?;
            *fleet.devices.entry(version.to_owned()).or_default() += count;
        }
        Ok(fleet)
    }

    /// The devices with a version, however they spell it.
    #[must_use]
    pub fn devices_with(&self, version: &str) -> u64 {
        self.devices.iter().filter(|(own, _)| is_same(own, version)).map(|(_, devices)| devices).sum()
    }

    /// What the packages of a release save this fleet.
    #[must_use]
    pub fn savings(&self, manifest: &Manifest) -> Savings {
        let full = manifest.full().map_or(0, |package| package.size);
        let mut versions: Vec<Saving> =
            manifest.sources.iter().filter_map(|source| saving(source, manifest)).collect();
        let (mut unknown, mut newer) = (Vec::new(), Vec::new());
        for (version, &devices) in &self.devices {
            // As in a catalogue: the version as it is spelled, else another spelling of it.
            let exact = versions.iter().position(|row| row.version == *version);
            let found = exact.or_else(|| versions.iter().position(|row| is_same(&row.version, version)));
            if let Some(index) = found {
                versions[index].devices += devices;
                continue;
            }
            match Version::of(version).precedence(Version::of(&manifest.version)) {
                Ordering::Less => unknown.push((version.clone(), devices)),
                Ordering::Equal => {}
                Ordering::Greater => newer.push((version.clone(), devices)),
            }
        }
        versions.retain(|row| row.devices > 0);
        versions.iter_mut().for_each(|row| row.saved = row.devices * full.saturating_sub(row.size));
        versions.sort_by_key(|row| Reverse(row.saved));
        let of_unknown: u64 = unknown.iter().map(|(_, devices)| devices).sum();
        let devices = versions.iter().map(|row| row.devices).sum::<u64>() + of_unknown;
        let bytes = versions.iter().map(|row| row.devices * row.size).sum::<u64>() + of_unknown * full;
        Savings { versions, unknown, newer, devices, bytes, full_bytes: devices * full }
    }
}

/// A source version without devices yet; `None` in a shard that does not make its package.
fn saving(source: &SourceEntry, manifest: &Manifest) -> Option<Saving> {
    let package = manifest.package(source.package.as_deref()?)?;
    let (version, file) = (source.version.clone(), package.file.clone());
    Some(Saving { version, devices: 0, file, size: package.size, saved: 0 })
}

/// The fields of a line of CSV (RFC 4180), without the blanks around them.
fn fields(line: &str, separator: char) -> Result<Vec<String>, String> {
    let (mut fields, mut field) = (Vec::new(), String::new());
    let (mut quoted, mut rest) = (false, line.chars().peekable());
    while let Some(character) = rest.next() {
        match character {
            '"' if quoted && rest.peek() == Some(&'"') => field.extend(rest.next()),
            '"' if quoted || field.trim().is_empty() => quoted = !quoted,
            character if character == separator && !quoted => fields.push(std::mem::take(&mut field)),
            character => field.push(character),
        }
    }
    if quoted {
        return Err("a quotation mark is not closed".to_owned());
    }
    fields.push(field);
    Ok(fields.iter().map(|field| field.trim().to_owned()).collect())
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::model::manifest::tests::manifest;

    fn parsed(text: &str) -> Vec<(String, u64)> {
        Fleet::parse(text).unwrap().devices.into_iter().collect()
    }

    #[test]
    fn all_usual_forms_say_the_same() {
        let expected = [("1.0.0".to_owned(), 1200), ("2.0.0-rc.1".to_owned(), 7)];
        for text in [
            "1.0.0,1200\n2.0.0-rc.1,7\n",
            "\u{FEFF}version,devices\r\n1.0.0,1200\r\n2.0.0-rc.1,7",
            "Version;Devices\n\"1.0.0\";\"1200\"\n2.0.0-rc.1; 7\n\n",
            "model\tdevices\tversion\nlamp, red\t1000\t1.0.0\nlamp\t200\t1.0.0\nlamp\t7\t2.0.0-rc.1\n",
            "\n2.0.0-rc.1 , 7\n1.0.0,1199\n1.0.0,1\n",
        ] {
            assert_eq!(parsed(text), expected, "{text:?}");
        }
        assert_eq!(parsed("version,devices\n"), []);
    }

    #[test]
    fn mistakes_are_reported_with_their_line() {
        for (text, expected) in [
            ("", "has no lines"),
            ("1.0", "line 1: \"\" is not a number of devices"),
            ("1.0,5\n2.0,many", "line 2: \"many\" is not a number of devices"),
            ("1.0,5\n\n2.0,-1", "line 3: \"-1\""),
            ("1.0,5\n,1", "line 2: the version is empty"),
            ("1.0,5\n1\x1b[31m,1", "line 2: the version \"1\\u001b[31m\""),
            ("1.0,\"5", "a quotation mark is not closed"),
            ("version,count\n1.0,5", "needs both"),
            ("1.0,10000000000\n1.1,1", "line 2: there are more than 10000000000 devices"),
            ("1.0,18446744073709551615", "line 1: there are more than"),
            ("1.0,18446744073709551616", "is not a number of devices"),
        ] {
            let error = Fleet::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        assert!(Fleet::parse(&format!("1.0,{}", "x".repeat(100_000))).unwrap_err().len() < 100);
    }

    #[test]
    fn savings_are_against_the_full_package() {
        let mut manifest = manifest();
        manifest.packages[0].size = 1000;
        let fleet = Fleet::parse(
            "1.0.0,5\nv1.0.1,40\n1.0.1,10\n2.0.0,2\n0.9,3\n3.0.0,1000\n3.0.0+5,1\n3.0.1,70\n3.1-rc.1,9\n",
        )
        .unwrap();
        let savings = fleet.savings(&manifest);
        let rows: Vec<_> =
            savings.versions.iter().map(|row| (row.version.as_str(), row.devices, row.saved)).collect();
        assert_eq!(rows, [("1.0.1", 50, 45_000), ("1.0.0", 5, 4500), ("2.0.0", 2, 0)]);
        assert_eq!(savings.unknown, [("0.9".to_owned(), 3)]);
        assert_eq!(savings.newer, [("3.0.1".to_owned(), 70), ("3.1-rc.1".to_owned(), 9)]);
        assert_eq!((savings.devices, savings.bytes, savings.full_bytes), (60, 10_500, 60_000));
        assert_eq!((fleet.devices_with("1.0.1"), fleet.devices_with("7")), (50, 0));
    }

    #[test]
    fn the_largest_fleet_does_not_overflow() {
        let mut manifest = manifest();
        manifest.packages[0].size = crate::release::platform::FILE_LIMIT;
        let fleet = Fleet::parse(&format!("1.0.0,{DEVICES_LIMIT}")).unwrap();
        assert_eq!(fleet.savings(&manifest).full_bytes, 10_000_000_000_000_000_000);
    }
}

//! `smidgen verify`: proves a package without writing anything.

use std::path::PathBuf;
use std::time::Instant;

use diff_core::release;
use patch_nostd::wire::IMAGE_LIMIT;
use patch_nostd::{Error, Target};
use serde_json::{Value, json};

use crate::arguments::VerifyArguments;
use crate::classic::Classic;
use crate::console::Console;
use crate::failure::Failure;
use crate::image::Image;
use crate::json::{self, Object, hex, sha256};
use crate::package::{Package, Smidgen};
use crate::progress::Bar;
use crate::restore::{restore, restored_json};
use crate::secrets::public_key;
use crate::verify_release;

/// Restores into nothing, and says so if that went well.
pub(crate) fn run(arguments: &VerifyArguments, console: &Console) -> Result<(), Failure> {
    let Some(patch) = &arguments.patch else { return release(arguments, console) };
    let package = Package::open(patch)?;
    let old = package.open_base(&arguments.old, &arguments.reading.reading())?;
    old.tell(console);
    let (text, mut json) = match package {
        Package::Smidgen(mut package) => {
            check_signature(&package, &arguments.public_key)?;
            package.decrypt(arguments.decryption.keys(console)?)?;
            verify(&old, &package, console)?
        }
        Package::Classic(_) if !arguments.public_key.is_empty() => {
            return Err(Failure::package("BSDIFF40 packages have no signatures"));
        }
        Package::Classic(package) => verify_classic(&old, &package)?,
    };
    json.append(&mut json::input("base_input", old.record()));
    json.insert("ok".to_owned(), json!(true));
    match (arguments.json, console.is_quiet()) {
        (true, _) => console.print(Value::Object(json)),
        (false, true) => Ok(()),
        (false, false) => console.print(text),
    }
}

/// Without a package, there must be a release.
fn release(arguments: &VerifyArguments, console: &Console) -> Result<(), Failure> {
    if arguments.old.is_dir() {
        return verify_release::run(arguments, &arguments.old, console);
    }
    Err(Failure::usage("no package is given").note("give OLD and PATCH, or the folder of a release"))
}

/// Checks that one of the keys that are named signed the package; without any, nothing is checked.
fn check_signature(package: &Smidgen, keys: &[PathBuf]) -> Result<(), Failure> {
    if keys.is_empty() {
        return Ok(());
    }
    let keys: Result<Vec<_>, _> = keys.iter().map(|path| public_key(path)).collect();
    release::check_signature(&package.file, &keys?).map_err(|error| package.refused(error))
}

fn verify(old: &Image, package: &Smidgen, console: &Console) -> Result<(String, Object), Failure> {
    let started = Instant::now();
    let nowhere = Nowhere { kept: package.header.read_back.then(Vec::new) };
    restore(old, package, nowhere, &Bar::new(console))?;
    let header = &package.header;
    let text = format!("OK: {} bytes, SHA-256 {}", header.target_size, hex(&header.target_digest));
    Ok((text, restored_json(package, started.elapsed())))
}

fn verify_classic(old: &Image, package: &Classic) -> Result<(String, Object), Failure> {
    let started = Instant::now();
    let target = package.restore(old)?;
    let digest = hex(&sha256(&target));
    let caution = "BSDIFF40 states no digest: compare it with the image's";
    let text = format!("OK: {} bytes, SHA-256 {digest} ({caution})", target.len());
    Ok((text, package.restored_json(old, &target, started.elapsed())))
}

/// A target that keeps what it is given only if the package needs it back.
struct Nowhere {
    kept: Option<Vec<u8>>,
}

impl Target for Nowhere {
    fn limit(&self) -> u32 {
        IMAGE_LIMIT
    }

    fn begin(&mut self, _size: u32) -> Result<(), Error> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let kept = self.kept.as_deref().and_then(|kept| kept.get(offset as usize..));
        let bytes = kept.and_then(|rest| rest.get(..buffer.len())).ok_or(Error::TargetRead)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_kept_can_be_read_back() {
        let mut keeping = Nowhere { kept: Some(Vec::new()) };
        let mut buffer = [0; 2];
        keeping.write(b"abc").unwrap();
        assert_eq!(keeping.read(1, &mut buffer), Ok(()));
        assert_eq!(&buffer, b"bc");
        assert_eq!(keeping.read(2, &mut buffer), Err(Error::TargetRead));
        assert_eq!(keeping.read(9, &mut buffer), Err(Error::TargetRead));
        let mut forgetting = Nowhere { kept: None };
        forgetting.write(b"abc").unwrap();
        assert_eq!(forgetting.read(0, &mut buffer), Err(Error::TargetRead));
    }
}

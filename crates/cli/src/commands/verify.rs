//! `smidgen verify`: proves a package without writing anything.

use std::time::Instant;

use serde_json::json;
use smidgen_diff::release::check_signature;
use smidgen_patch::header::IMAGE_LIMIT;
use smidgen_patch::{Error, Target};

use super::verify_release::{public_keys, verify_release};
use crate::arguments::VerifyArguments;
use crate::io::classic::Classic;
use crate::io::{Image, Package, Smidgen, restore, restored_json};
use crate::report::{Bar, Console, Failure, Object, hex, json, sha256};

pub(crate) fn verify(arguments: &VerifyArguments, console: &Console) -> Result<(), Failure> {
    let Some(package) = &arguments.package else {
        return if arguments.base.is_dir() {
            verify_release(arguments, console)
        } else {
            Err(Failure::usage("no package is given")
                .note("give BASE and PACKAGE, or the folder of a release"))
        };
    };
    let package = Package::open(package)?;
    let base = package.open_base(&arguments.base, &arguments.reading.value())?;
    base.describe(console);
    let (text, mut json) = match package {
        Package::Smidgen(mut package) => {
            if !arguments.public_key.is_empty() {
                check_signature(&package.file, &public_keys(arguments)?)
                    .map_err(|error| package.refused(error))?;
            }
            package.decrypt(arguments.decryption.keys(console)?)?;
            verify_smidgen(&base, &package, console)?
        }
        Package::Classic(_) if !arguments.public_key.is_empty() => {
            return Err(Failure::package("BSDIFF40 packages have no signatures"));
        }
        Package::Classic(package) => verify_classic(&base, &package)?,
    };
    json.append(&mut json::input("base_input", base.record.as_ref()));
    json.insert("ok".to_owned(), json!(true));
    console.print_result(|| json, || text)
}

fn verify_smidgen(base: &Image, package: &Smidgen, console: &Console) -> Result<(String, Object), Failure> {
    let started = Instant::now();
    let nowhere = Nowhere { kept: package.header.read_back.then(Vec::new) };
    restore(base, package, nowhere, &Bar::new(console))?;
    let header = &package.header;
    let text = format!("OK: {} bytes, SHA-256 {}", header.target_size, hex(&header.target_digest));
    Ok((text, restored_json(package, started.elapsed())))
}

fn verify_classic(base: &Image, package: &Classic) -> Result<(String, Object), Failure> {
    let started = Instant::now();
    let target = package.restore(base)?;
    let digest = hex(&sha256(&target));
    let caution = "BSDIFF40 has no digest: compare it with the image's";
    let text = format!("OK: {} bytes, SHA-256 {digest} ({caution})", target.len());
    Ok((text, package.restored_json(base, &target, started.elapsed())))
}

/// A target that keeps its bytes only if the package reads them back.
struct Nowhere {
    kept: Option<Vec<u8>>,
}

impl Target for Nowhere {
    type Error = Error;

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

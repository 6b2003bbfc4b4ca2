//! `smidgen verify`: proves a package without writing anything.

use std::time::Instant;

use serde_json::{Value, json};
use smidgen_diff::{Device, Kept};

use super::verify_release::verify_release;
use crate::arguments::VerifyArguments;
use crate::io::classic::Classic;
use crate::io::{Image, Package, Smidgen, replay, restore, restored_json};
use crate::report::{Bar, Console, Failure, Object, hex, json, sha256};

pub(crate) fn verify(arguments: &VerifyArguments, console: &Console) -> Result<(), Failure> {
    if arguments.base.is_dir() {
        return verify_release(arguments, console);
    }
    let Some(package) = &arguments.package else {
        return Err(
            Failure::usage("no package is given").note("give BASE and PACKAGE, or the folder of a release")
        );
    };
    if !arguments.from.is_empty() {
        return Err(Failure::usage("--from is for the folder of a release")
            .note("give the base image and the package, or a folder"));
    }
    let device = arguments.device()?;
    let package = Package::open(package)?;
    let keys = arguments.signers.keys()?;
    package.check_signers(&keys)?;
    let is_signed = package.is_signed();
    let base = package.open_base(&arguments.base, &arguments.reading.value())?;
    base.describe(console);
    let (text, mut json) = match package {
        Package::Smidgen(mut package) => {
            package.decrypt(arguments.decryption.keys(console)?)?;
            fits(device.as_ref(), &package)?;
            verify_smidgen(&base, &package, device.as_ref(), console)?
        }
        Package::Classic(_) if device.is_some() => {
            return Err(Failure::package("BSDIFF40 packages do not state what they need of a device"));
        }
        Package::Classic(package) => verify_classic(&base, &package)?,
    };
    json.append(&mut base.json("base"));
    json.insert("signature".to_owned(), json::signature(is_signed, !keys.is_empty()));
    if is_signed && keys.is_empty() {
        console.say("note: the package is signed, but its signatures are not checked: give --public-key");
    }
    console.print_result(|| json, || text)
}

/// Whether the device can restore the package as it is shipped.
fn fits(device: Option<&Device>, package: &Smidgen) -> Result<(), Failure> {
    let Some(device) = device else { return Ok(()) };
    let fits = device.check_size(package.file.len() as u64).and(device.check_package(package.plain()));
    fits.map_err(|unfit| Failure::unfit(&unfit, package.file.path()))
}

fn verify_smidgen(
    base: &Image,
    package: &Smidgen,
    device: Option<&Device>,
    console: &Console,
) -> Result<(String, Object), Failure> {
    let started = Instant::now();
    restore(base, package, Kept::default(), &Bar::new(console))?;
    let flash = device.and_then(Device::in_place);
    let in_place = replay(base, package, flash.as_ref())?;
    let header = &package.header;
    let mut text = format!("OK: {} bytes, SHA-256 {}", header.target_size, hex(&header.target_digest));
    let mut json = restored_json(package, started.elapsed());
    json.insert("ok".to_owned(), json!(true));
    if package.extensions().in_place.is_some() {
        text += if in_place {
            "; also in place, with power cuts"
        } else {
            "; not in place, as its flash is too large to simulate"
        };
        json.insert("in_place_checked".to_owned(), json!(in_place));
    }
    Ok((text, json))
}

fn verify_classic(base: &Image, package: &Classic) -> Result<(String, Object), Failure> {
    let started = Instant::now();
    let target = package.restore(base)?;
    let digest = hex(&sha256(&target));
    let caution = "BSDIFF40 has no digest: compare this one with the image's";
    let text = format!("NOT CHECKED: {} bytes, SHA-256 {digest} ({caution})", target.len());
    let mut json = package.restored_json(base, &target, started.elapsed());
    // Neither right nor wrong: nothing proves it.
    json.insert("ok".to_owned(), Value::Null);
    Ok((text, json))
}

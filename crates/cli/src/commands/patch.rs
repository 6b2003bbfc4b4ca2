//! `smidgen patch`: restores an image.

use std::time::{Duration, Instant};

use crate::arguments::PatchArguments;
use crate::io::classic::Classic;
use crate::io::{Image, Output, Package, Smidgen, restore, restored_json};
use crate::report::{Bar, Console, Failure, Object, hex, sha256};

pub(crate) fn patch(arguments: &PatchArguments, console: &Console) -> Result<(), Failure> {
    let package = Package::open(&arguments.package)?;
    package.check_signers(&arguments.signers.keys()?)?;
    let package = package.decrypted(|| arguments.decryption.keys(console))?;
    let base = package.open_base(&arguments.base, &arguments.reading.value())?;
    base.describe(console);
    let (inputs, keys) = ([&base.file, package.file()], arguments.decryption.files());
    let output = Output::create(&arguments.output, &inputs, &keys, console)?;
    let mut json = match &package {
        Package::Smidgen(package) => patch_smidgen(&base, package, output, console)?,
        Package::Classic(package) => patch_classic(&base, package, output, console)?,
    };
    json.append(&mut base.json("base"));
    console.print_json(|| json)
}

fn patch_smidgen(
    base: &Image,
    package: &Smidgen,
    mut output: Output,
    console: &Console,
) -> Result<Object, Failure> {
    let started = Instant::now();
    restore(base, package, &mut output, &Bar::new(console))?;
    output.commit()?;
    let time = started.elapsed();
    let header = &package.header;
    console.say(summary(header.target_size.into(), &header.target_digest, "checked", time));
    Ok(restored_json(package, time))
}

fn patch_classic(
    base: &Image,
    package: &Classic,
    output: Output,
    console: &Console,
) -> Result<Object, Failure> {
    let started = Instant::now();
    let target = package.restore(base)?;
    output.finish_with(&target)?;
    let time = started.elapsed();
    let caution = "BSDIFF40 cannot check it: compare it with the image's";
    console.say(summary(target.len() as u64, &sha256(&target), caution, time));
    Ok(package.restored_json(base, &target, time))
}

fn summary(size: u64, digest: &[u8; 32], remark: &str, time: Duration) -> String {
    let (digest, time) = (hex(digest), time.as_secs_f64());
    format!("target   {size} bytes\nSHA-256  {digest} ({remark})\ntime     {time:.2} s")
}

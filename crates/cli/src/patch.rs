//! `smidgen patch`: restores an image.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::arguments::PatchArguments;
use crate::classic::Classic;
use crate::console::Console;
use crate::failure::Failure;
use crate::image::Image;
use crate::json::{self, Object, hex, sha256};
use crate::output::Output;
use crate::package::{Package, Smidgen};
use crate::progress::Bar;
use crate::restore::{restore, restored_json};

/// Restores the image, writes it, tells about it.
pub(crate) fn run(arguments: &PatchArguments, console: &Console) -> Result<(), Failure> {
    let package = Package::open(&arguments.patch)?.decrypted(&arguments.decryption, console)?;
    let old = package.open_base(&arguments.old, &arguments.reading.reading())?;
    old.tell(console);
    let output =
        Output::create(&arguments.output, &[old.file(), package.file()], &arguments.decryption.files())?;
    let mut json = match &package {
        Package::Smidgen(package) => patch(&old, package, output, console)?,
        Package::Classic(package) => patch_classic(&old, package, output, console)?,
    };
    json.append(&mut json::input("base_input", old.record()));
    if arguments.json { console.print(Value::Object(json)) } else { Ok(()) }
}

fn patch(old: &Image, package: &Smidgen, mut output: Output, console: &Console) -> Result<Object, Failure> {
    let started = Instant::now();
    let restored = restore(old, package, &mut output, &Bar::new(console));
    restored.map_err(|refusal| output.failure().unwrap_or(refusal))?;
    output.commit()?;
    let time = started.elapsed();
    let header = &package.header;
    console.say(summary(header.target_size.into(), &header.target_digest, "checked", time));
    Ok(restored_json(package, time))
}

fn patch_classic(
    old: &Image,
    package: &Classic,
    output: Output,
    console: &Console,
) -> Result<Object, Failure> {
    let started = Instant::now();
    let target = package.restore(old)?;
    output.finish_with(&target)?;
    let time = started.elapsed();
    let caution = "BSDIFF40 cannot check it: compare";
    console.say(summary(target.len() as u64, &sha256(&target), caution, time));
    Ok(package.restored_json(old, &target, time))
}

fn summary(size: u64, digest: &[u8; 32], remark: &str, time: Duration) -> String {
    let (digest, time) = (hex(digest), time.as_secs_f64());
    format!("target   {size} bytes\nSHA-256  {digest} ({remark})\ntime     {time:.2} s")
}

//! `smidgen info`: shows a package, and with its base image a size breakdown.

use serde_json::json;
use smidgen_diff::release::{EncryptionEntry, key_names};
use smidgen_diff::{Escaped, Report};
use smidgen_patch::header::{Codec, VERSION};
use smidgen_patch::{Extensions, Header};

use super::map::Mapped;
use crate::arguments::InfoArguments;
use crate::io::classic::Classic;
use crate::io::{Image, Package, Smidgen, containers};
use crate::report::json::{self, base_address, base_digest, kind_names};
use crate::report::tables::{Table, count};
use crate::report::{Console, Failure, Needs, Object, hex, sha256};

pub(crate) fn info(arguments: &InfoArguments, console: &Console) -> Result<(), Failure> {
    let mut package = Package::open(&arguments.package)?;
    // The header's public part needs no key; the size breakdown does.
    if arguments.decryption.is_given() || arguments.base.is_some() {
        package = package.decrypted(|| arguments.decryption.keys(console))?;
    }
    let reading = arguments.reading.value();
    let base = arguments.base.as_deref().map(|path| package.open_base(path, &reading)).transpose()?;
    base.iter().for_each(|base| base.describe(console));
    match package {
        Package::Smidgen(package) => {
            let (report, mapped) = match &base {
                Some(base) if arguments.wants_map() => {
                    let mapped = Mapped::new(&package, base, arguments.symbols.as_deref(), console)?;
                    if let Some(path) = &arguments.html {
                        mapped.write(path, &package.file, base, arguments, console)?;
                    }
                    (Some(mapped.trace.report.clone()), Some(mapped))
                }
                base => (base.as_ref().map(|base| inspect(&package, base)).transpose()?, None),
            };
            let fields = || {
                let mut fields = fields(&package, report.as_ref());
                mapped.iter().for_each(|mapped| fields.append(&mut mapped.json()));
                base.iter().for_each(|base| fields.append(&mut base.json("base")));
                fields
            };
            console.print_either(fields, || describe(&package, report.as_ref(), mapped.as_ref()))
        }
        Package::Classic(package) => {
            let base = base.as_ref().filter(|_| arguments.wants_map());
            let map = |base| Mapped::of_classic(&package, base, arguments.symbols.as_deref(), console);
            let mapped = base.map(map).transpose()?;
            if let (Some(mapped), Some(base), Some(path)) = (&mapped, base, &arguments.html) {
                mapped.write(path, &package.file, base, arguments, console)?;
            }
            let fields = || {
                let mut fields = package.json();
                mapped.iter().for_each(|mapped| fields.append(&mut mapped.json()));
                fields
            };
            console.print_either(fields, || describe_classic(&package, mapped.as_ref()))
        }
    }
}

fn inspect(package: &Smidgen, base: &Image) -> Result<Report, Failure> {
    package.check_base(base)?;
    smidgen_diff::inspect(base, package.plain()).map_err(|error| package.explain(error, base))
}

fn fields(package: &Smidgen, report: Option<&Report>) -> Object {
    let mut fields = json::header(&package.header, package.file.len());
    fields.insert("package_sha256".to_owned(), json!(hex(&sha256(&package.file))));
    fields.append(&mut json::extensions(&package.extensions()));
    fields.append(&mut json::protection(&package.file));
    let container = containers::open(package.plain());
    fields.insert("container".to_owned(), json!(container.as_ref().map(containers::fields)));
    fields.insert("needs".to_owned(), json!(Needs::of(&package.file).map(|needs| needs.json())));
    if let Some(report) = report {
        fields.append(&mut json::report(report, &package.header.codec));
    }
    fields
}

fn describe(package: &Smidgen, report: Option<&Report>, mapped: Option<&Mapped>) -> String {
    let header = &package.header;
    let mut table = Table::default();
    describe_files(&mut table, package);
    describe_protection(&mut table, package);
    describe_identity(&mut table, &package.extensions());
    describe_codec(&mut table, package);
    describe_places(&mut table, header);
    describe_container(&mut table, package);
    match report {
        Some(report) => describe_report(&mut table, package, report),
        None => table.heading("For a size breakdown, give the base image: --base BASE"),
    }
    mapped.into_iter().for_each(|mapped| mapped.describe(&mut table));
    table.finish()
}

fn describe_files(table: &mut Table, package: &Smidgen) {
    let header = &package.header;
    let (size, body) = (package.file.len(), header.body_length as usize);
    let none = || "none".to_owned();
    let base_digest =
        base_digest(header).map_or_else(none, |digest| format!("{digest} (its first 16 bytes)"));
    table.row("format", format_args!("Smidgen (SMDG), version {VERSION}"));
    table.row("package", format_args!("{size} bytes: header {}, body {body}", size.saturating_sub(body)));
    table.row("body SHA-256", header.body_digest.map_or_else(none, |digest| hex(&digest)));
    table.row("base", format_args!("{} bytes", header.base_size));
    table.row("base SHA-256", base_digest);
    table.row("target", format_args!("{} bytes", header.target_size));
    table.row("target SHA-256", hex(&header.target_digest));
    table.row("target MD5", header.target_md5.map_or_else(none, |digest| hex(&digest)));
}

/// The keys that the package names; `verify --public-key` checks that they signed it.
fn describe_protection(table: &mut Table, package: &Smidgen) {
    let keys = key_names(&package.file).unwrap_or_default();
    let keys = if keys.is_empty() { "no key".to_owned() } else { keys.join(", ") };
    table.row("signed by", keys);
    let Some(EncryptionEntry { cipher, kind, key, .. }) = package.encryption() else { return };
    table.row("encrypted", format_args!("by {cipher}, for the {kind} key {key}"));
    if !package.is_decrypted() {
        table.row(
            "",
            "product, module, version and rollback counter may be private: give --decrypt SECRET.pem",
        );
    }
}

fn describe_identity(table: &mut Table, extensions: &Extensions<'_>) {
    let texts =
        [("product", extensions.product), ("module", extensions.module), ("to version", extensions.version)];
    for (name, text) in texts {
        text.into_iter().for_each(|text| table.row(name, Escaped(text.as_str())));
    }
    if let Some(plan) = extensions.in_place {
        let (segment, shift, keep) = (plan.segment, plan.shift, plan.keep);
        let text = format!("segments of {segment} bytes, the base moved up by {shift}, {keep} bytes kept");
        table.row("in place", text);
    }
    extensions.rollback_counter.into_iter().for_each(|counter| table.row("rollback", counter));
}

fn describe_codec(table: &mut Table, package: &Smidgen) {
    let header = &package.header;
    table.row("codec", header.codec.name());
    table.row("RAM", format_args!("{} bytes", header.ram));
    match header.codec {
        Codec::Cm { size, tuning } => {
            let (slots, landmarks, learned) = (size.slots, size.landmarks, size.learned);
            table.row(
                "model",
                format_args!(
                    "{}, {}, {}",
                    count(slots as usize, "slot"),
                    count(landmarks as usize, "landmark"),
                    count(learned as usize, "learned displacement")
                ),
            );
            let (counters, mixer, block) = (tuning.counter_rate, tuning.mixer_rate, 1 << tuning.block_log);
            table.row(
                "tuning",
                format_args!("counter rate {counters}, mixer rate {mixer}, blocks of {block} bytes"),
            );
        }
        Codec::Lite { size, tuning } => {
            let (landmarks, learned) = (count(size.landmarks as usize, "landmark"), size.learned as usize);
            table.row("model", format_args!("{landmarks}, {}", count(learned, "learned displacement")));
            let (counters, block) = (tuning.counter_rate, 1 << tuning.block_log);
            table.row("tuning", format_args!("counter rate {counters}, blocks of {block} bytes"));
        }
        Codec::Zstd { window_log } => table.row("window", format_args!("{} bytes", 1u64 << window_log)),
    }
    Needs::of(&package.file).into_iter().for_each(|needs| table.row("features", needs.features()));
    table.row("read back", if header.read_back { "yes: the target must be readable" } else { "no" });
}

fn describe_places(table: &mut Table, header: &Header) {
    table.row("base address", format_args!("{:#010x}", base_address(header)));
    for window in json::windows(header) {
        let last = u64::from(window.start) + u64::from(window.length) - 1;
        table.row("window", format_args!("{:#010x} to {last:#010x}, {} bytes", window.start, window.length));
    }
    table.row("kinds of pages", kind_names(header).join(", "));
    header.forms.as_slice().iter().for_each(|form| table.row("form of references", form));
}

fn describe_container(table: &mut Table, package: &Smidgen) {
    let Some(container) = containers::open(package.plain()) else { return };
    containers::rows(&container).into_iter().for_each(|(name, value)| table.row(name, value));
    table.heading("Streams of the target that are expanded and rebuilt:");
    containers::tree(&container.target).into_iter().for_each(|line| table.line(line));
}

fn describe_report(table: &mut Table, package: &Smidgen, report: &Report) {
    let container = containers::open(package.plain());
    let target =
        container.map_or(package.header.target_size, |container| container.record.target_size).into();
    table.heading("Sources of the target:");
    table.share("base", report.base_covered, target);
    table.share("itself", report.target_covered, target);
    table.share("literals", report.literals, target);
    let (base, target, longest) = (report.base_covers, report.target_covers, report.longest_cover);
    table.line(format_args!(
        "covers: {base} of the base, {target} of the target; the longest has {longest} bytes"
    ));
    describe_costs(table, package, report);
}

fn describe_costs(table: &mut Table, package: &Smidgen, report: &Report) {
    let whole = package.file.len() as u64;
    let header = whole.saturating_sub(package.header.body_length.into());
    table.heading("Size breakdown of the package:");
    table.share("header", header, whole);
    let recipe = containers::open(package.plain()).map_or(0, |container| container.record.recipe_size.into());
    if recipe > 0 {
        table.share("recipes", recipe, whole);
    }
    if package.header.codec.models().is_some() {
        report.costs.iter().for_each(|(name, cost)| table.share(name, cost, whole));
        // The range coder's integers round costs below a bit.
        let known = header + recipe + report.costs.iter().map(|(_, cost)| cost).sum::<u64>();
        table.share("coding loss", whole.saturating_sub(known), whole);
    } else {
        // zstd compresses all kinds of information together.
        table.share("body", whole - header - recipe, whole);
    }
    table.share("all", whole, whole);
}

fn describe_classic(package: &Classic, mapped: Option<&Mapped>) -> String {
    let (sizes, whole) = (package.sizes, package.file.len() as u64);
    let mut table = Table::default();
    table.row("format", "BSDIFF40");
    table.row("package", format_args!("{whole} bytes"));
    table.row("target", format_args!("{} bytes", sizes.target));
    table.row("digests", "none: the format cannot detect a wrong base or a damaged target");
    table.heading("Size breakdown of the package:");
    table.share("header", package.header(), whole);
    table.share("control", sizes.control, whole);
    table.share("differences", sizes.diff, whole);
    table.share("extra", sizes.extra, whole);
    table.share("all", whole, whole);
    mapped.into_iter().for_each(|mapped| mapped.describe(&mut table));
    table.finish()
}

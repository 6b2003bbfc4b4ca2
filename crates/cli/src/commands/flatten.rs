//! `smidgen flatten`: describes an image, and writes the bytes of it that the device flashes.

use serde_json::json;
use smidgen_diff::Escaped;
use smidgen_diff::input::{Format, Provenance};

use crate::arguments::FlattenArguments;
use crate::io::{Image, Output, unpacked};
use crate::report::tables::Table;
use crate::report::{Console, Failure, Object, hex, is_standard_stream, object, sha256};

pub(crate) fn flatten(arguments: &FlattenArguments, console: &Console) -> Result<(), Failure> {
    let image = Image::open(&arguments.input, &arguments.reading.value())?;
    image.check_entry(true)?;
    image.warn_of_text(console);
    if let Some(path) = &arguments.output {
        Output::create(path, &[&image.file], &[], console)?.finish_with(&image)?;
        if is_standard_stream(path) {
            console.say(describe(&image));
            return Ok(());
        }
    }
    console.print_result(|| fields(&image), || describe(&image))
}

fn fields(image: &Image) -> Object {
    let plain = || {
        let file = &image.file;
        json!({
            "format": Format::Raw, "file_size": file.len(), "file_sha256": hex(&sha256(file)), "notes": image.notes,
        })
    };
    let mut fields = object(image.record.as_ref().map_or_else(plain, |record| json!(record)));
    fields.append(&mut object(json!({
        "image_size": image.len(),
        "image_sha256": hex(&sha256(image)),
        "resembles": image.resembles,
    })));
    fields.extend(image.packing.iter().map(|packing| ("payload".to_owned(), json!(packing))));
    fields
}

fn describe(image: &Image) -> String {
    let mut table = Table::default();
    table.row("format", image.format());
    table.row("file", format_args!("{} bytes", &image.file.len()));
    if let Some(packing) = &image.packing {
        table.row("payload", unpacked(packing));
        packing.notes.iter().for_each(|note| table.row("note", Escaped(note)));
    }
    table.row("image", format_args!("{} bytes", image.len()));
    table.row("image SHA-256", hex(&sha256(image)));
    image.record.as_ref().into_iter().for_each(|record| describe_record(&mut table, record));
    image.notes().for_each(|note| table.row("note", Escaped(note)));
    if let Some(format) = image.resembles {
        table.row("resembles", format_args!("{format}: see --input-format {}", format.name()));
    }
    table.finish()
}

fn describe_record(table: &mut Table, record: &Provenance) {
    table.row("file SHA-256", &record.file_sha256);
    record.version.iter().for_each(|version| table.row("version", Escaped(version)));
    record.architecture.iter().for_each(|name| table.row("architecture", name));
    record.base_address.iter().for_each(|address| table.row("base address", format_args!("{address:#010x}")));
    record.entry.iter().for_each(|address| table.row("entry", format_args!("{address:#010x}")));
    record.family.iter().for_each(|family| table.row("family", format_args!("{family:#010x}")));
    for range in &record.ranges {
        table.row("range", format_args!("{range}, {} bytes", range.size));
    }
    for gap in &record.gaps {
        let fill = record.fill.unwrap_or_default();
        table.row("gap", format_args!("{gap}, {} bytes, filled with {fill:#04x}", gap.size));
    }
    for part in &record.parts {
        let place = part.address.map(|address| format!(", loaded to {address:#010x}")).unwrap_or_default();
        table.row(
            "part",
            format_args!("{:>8} {:>9} bytes  {}{place}", part.offset, part.size, Escaped(&part.name)),
        );
    }
    record.checked.iter().for_each(|what| table.row("checked", format_args!("{what} is right")));
}

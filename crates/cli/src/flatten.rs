//! `smidgen flatten`: tells what an input is, and writes what the device flashes of it.

use std::fmt::Write;

use diff_core::Escaped;
use diff_core::input::{Format, Provenance};
use serde_json::{Value, json};

use crate::arguments::FlattenArguments;
use crate::console::Console;
use crate::failure::Failure;
use crate::image::Image;
use crate::json::{Object, hex, object, sha256};
use crate::output::Output;

/// Reads the input, writes its bytes if they are wanted, tells about it.
pub(crate) fn run(arguments: &FlattenArguments, console: &Console) -> Result<(), Failure> {
    let image = Image::open(&arguments.input, &arguments.reading.reading())?;
    if let Some(path) = &arguments.output {
        Output::create(path, &[image.file()], &[])?.finish_with(&image)?;
    }
    if arguments.json {
        return console.print(Value::Object(fields(&image)));
    }
    if console.is_quiet() { Ok(()) } else { console.print(describe(&image).trim_end()) }
}

fn fields(image: &Image) -> Object {
    let plain = || {
        let file = image.file();
        json!({ "format": Format::Raw, "file_size": file.len(), "file_sha256": hex(&sha256(file)) })
    };
    let mut fields = object(image.record().map_or_else(plain, |record| json!(record)));
    fields.append(&mut object(json!({
        "image_size": image.len(),
        "image_sha256": hex(&sha256(image)),
        "resembles": image.resembles(),
    })));
    fields
}

fn describe(image: &Image) -> String {
    let mut text = String::new();
    let format = image.record().map_or(Format::Raw, |record| record.format);
    row(&mut text, "format", format);
    row(&mut text, "file", format_args!("{} bytes", image.file().len()));
    row(&mut text, "image", format_args!("{} bytes", image.len()));
    row(&mut text, "image SHA-256", hex(&sha256(image)));
    image.record().into_iter().for_each(|record| describe_record(&mut text, record));
    if let Some(format) = image.resembles() {
        row(&mut text, "resembles", format_args!("{format}: see --input-format {}", format.name()));
    }
    text
}

fn describe_record(text: &mut String, record: &Provenance) {
    row(text, "file SHA-256", &record.file_sha256);
    record.version.iter().for_each(|version| row(text, "version", Escaped(version)));
    record.architecture.iter().for_each(|name| row(text, "architecture", name));
    record.base_address.iter().for_each(|address| row(text, "base address", format_args!("{address:#010x}")));
    record.entry.iter().for_each(|address| row(text, "entry", format_args!("{address:#010x}")));
    record.family.iter().for_each(|family| row(text, "family", format_args!("{family:#010x}")));
    for range in &record.ranges {
        row(text, "range", format_args!("{range}, {} bytes", range.size));
    }
    for gap in &record.gaps {
        let fill = record.fill.unwrap_or_default();
        row(text, "gap", format_args!("{gap}, {} bytes, filled with {fill:#04x}", gap.size));
    }
    for part in &record.parts {
        let place = part.address.map(|address| format!(", loaded to {address:#010x}")).unwrap_or_default();
        row(
            text,
            "part",
            format_args!("{:>8} {:>9} bytes  {}{place}", part.offset, part.size, Escaped(&part.name)),
        );
    }
    record.checked.iter().for_each(|what| row(text, "checked", format_args!("{what} is right")));
    record.notes.iter().for_each(|note| row(text, "note", Escaped(note)));
}

fn row(text: &mut String, name: &str, value: impl std::fmt::Display) {
    let _ = writeln!(text, "{name:14} {value}");
}

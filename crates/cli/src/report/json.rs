//! The JSON of `--json`.

use std::time::Duration;

use serde_json::{Map, Value, json};
use smidgen_diff::input::Provenance;
use smidgen_diff::release::internals::hex;
use smidgen_diff::release::{EncryptionEntry, InPlaceEntry, encryption_of, key_names};
use smidgen_diff::{Note, Report};
use smidgen_patch::header::{ByteOrder, Codec, Description, Reach, Text, VERSION, Window};
use smidgen_patch::{Extensions, Header};

pub(crate) type Object = Map<String, Value>;

/// The object of a `json!({...})` literal.
pub(crate) fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => Object::from_iter([("value".to_owned(), other)]),
    }
}

pub(crate) fn seconds(time: Duration) -> Value {
    json!((time.as_secs_f64() * 1000.0).round() / 1000.0)
}

/// Every field of the header of a package of `size` bytes.
pub(crate) fn header(header: &Header, size: usize) -> Object {
    let mut fields = summary(header, size);
    fields.append(&mut object(json!({
        "format_version": VERSION,
        "header_size": size.saturating_sub(header.body_length as usize),
        "body_size": header.body_length,
        "body_sha256": header.body_digest.map(|digest| hex(&digest)),
        "base_address": base_address(header),
        "windows": windows(header).map(window).collect::<Vec<_>>(),
        "kinds": kind_names(header),
        "forms": header.forms.as_slice().iter().map(form).collect::<Vec<_>>(),
        "read_back": header.read_back,
    })));
    fields.append(&mut codec(&header.codec));
    fields
}

/// Base, target and memory of a package of `size` bytes.
pub(crate) fn summary(header: &Header, size: usize) -> Object {
    object(json!({
        "format": "smidgen",
        "codec": header.codec.name(),
        "package_size": size,
        "base_size": header.base_size,
        "base_sha256_prefix": base_digest(header),
        "target_size": header.target_size,
        "target_sha256": hex(&header.target_digest),
        "target_md5": header.target_md5.map(|digest| hex(&digest)),
        "ram": header.ram,
    }))
}

/// The header's extensions; null where one is absent.
pub(crate) fn extensions(extensions: &Extensions<'_>) -> Object {
    object(json!({
        "product": extensions.product.map(Text::as_str),
        "module": extensions.module.map(Text::as_str),
        "to_version": extensions.version.map(Text::as_str),
        "rollback_counter": extensions.rollback_counter,
        "in_place": extensions.in_place.map(InPlaceEntry::from),
    }))
}

/// How a package is encrypted, null if it is not, and the keys that it states as its signers.
pub(crate) fn protection(package: &[u8]) -> Object {
    let record = encryption_of(package).ok().flatten();
    let keys = key_names(package).unwrap_or_default();
    object(json!({ "encryption": record.as_ref().and_then(EncryptionEntry::of), "keys": keys }))
}

/// The format of an image's file, under this name; no member for plain bytes.
pub(crate) fn input(name: &str, record: Option<&Provenance>) -> Object {
    record.map(|record| (name.to_owned(), json!(record))).into_iter().collect()
}

/// Cover statistics, and the cost of each kind of information in bytes where the codec has one.
pub(crate) fn report(report: &Report, codec: &Codec) -> Object {
    let costs = report.costs.iter().map(|(name, cost)| (name.to_owned(), json!(cost)));
    object(json!({
        "covers": {
            "base": report.base_covers,
            "base_bytes": report.base_covered,
            "target": report.target_covers,
            "target_bytes": report.target_covered,
            "longest": report.longest_cover,
            "literals": report.literals,
        },
        "costs": codec.models().map(|_| costs.collect::<Object>()),
    }))
}

/// The first 16 bytes of the base image's SHA-256; the header has none for an empty image.
pub(crate) fn base_digest(header: &Header) -> Option<String> {
    (header.base_size > 0).then(|| hex(&header.base_digest))
}

pub(crate) const fn base_address(header: &Header) -> u64 {
    (header.address_high as u64) << 32 | header.base_address as u64
}

pub(crate) fn kind_names(header: &Header) -> Vec<&'static str> {
    header.kinds.as_slice().iter().map(|kind| kind.name()).collect()
}

/// The windows that are in use.
pub(crate) fn windows(header: &Header) -> impl Iterator<Item = &Window> {
    header.windows.iter().filter(|window| window.length > 0)
}

fn window(window: &Window) -> Value {
    json!({ "start": window.start, "length": window.length })
}

fn form(form: &Description) -> Value {
    let parts = form.parts.iter().filter(|part| part.bits > 0);
    json!({
        "length": form.length,
        "byte_order": match form.order {
            ByteOrder::Little => "little",
            ByteOrder::Big => "big",
            ByteOrder::Halves => "halves",
        },
        "alignment": form.alignment,
        "mask": form.mask,
        "value": form.value,
        "refers_to": match form.reach {
            Reach::Pointer => "data",
            Reach::Far => "code",
            Reach::Near => "near code",
        },
        "operand": parts.map(|part| json!({ "low": part.low, "bits": part.bits })).collect::<Vec<_>>(),
        "factor": 1 << form.scale,
        "relative_to": form.relative.then_some(form.ahead),
    })
}

fn codec(codec: &Codec) -> Object {
    object(match codec {
        Codec::Cm { size, tuning } | Codec::Lite { size, tuning } => json!({
            "model": { "slots": size.slots, "landmarks": size.landmarks, "learned": size.learned },
            "tuning": {
                "counter_rate": tuning.counter_rate,
                "mixer_rate": tuning.mixer_rate,
                "block_size": 1 << tuning.block_log,
            },
        }),
        Codec::Zstd { window_log } => json!({ "window_log": window_log }),
    })
}

pub(crate) fn notes(notes: &[Note]) -> Value {
    notes.iter().map(|one| Value::from(note(one.name(), &one.to_string(), one.is_warning()))).collect()
}

/// The event of `pack` for a note.
pub(crate) fn note_event(name: &str, text: &str, is_warning: bool) -> Object {
    let mut event = note(name, text, is_warning);
    event.insert("event".to_owned(), json!("note"));
    event
}

fn note(name: &str, text: &str, is_warning: bool) -> Object {
    object(json!({ "name": name, "text": text, "warning": is_warning }))
}

/// Whether the signatures of a package that is good were checked; null if it has none.
pub(crate) fn signature(is_signed: bool, is_checked: bool) -> Value {
    match (is_signed, is_checked) {
        (false, _) => Value::Null,
        (true, false) => json!("not-checked"),
        (true, true) => json!("good"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_rounded_to_milliseconds() {
        assert_eq!(seconds(Duration::from_micros(1_234_567)), json!(1.235));
    }
}

//! Headers field by field (`docs/format.md`, section 2), with any values.

use smidgen_patch::header::{Codec, HEADER_LIMIT, Header, VERSION};
use smidgen_patch::internals::wire::{MAGIC, Writer, crc32};

/// The fields of a header but for its length and checksum, each as bytes.
#[derive(Clone)]
pub(crate) struct RawHeader {
    fields: Vec<(&'static str, Vec<u8>)>,
    /// The stated length, if it is wrong.
    length: Option<u16>,
}

impl RawHeader {
    /// The fields of a good header.
    pub(crate) fn of(header: &Header) -> Self {
        let mut raw = Self { fields: Vec::new(), length: None };
        raw.add("magic", &MAGIC);
        raw.add("version", &[VERSION]);
        raw.add(
            "codec",
            &[match header.codec {
                Codec::Cm { .. } => 0,
                Codec::Zstd { .. } => 1,
                Codec::Lite { .. } => 2,
            }],
        );
        let flags = [header.target_md5.is_some(), header.body_digest.is_some(), header.read_back];
        let flags = flags.iter().enumerate().map(|(bit, &flag)| u8::from(flag) << bit).sum();
        raw.add("flags", &[flags]);
        raw.add("base size", &varint(header.base_size));
        raw.add("target size", &varint(header.target_size));
        raw.add("base digest", if header.base_size == 0 { &[] } else { &header.base_digest });
        raw.add("target digest", &header.target_digest);
        raw.add("target md5", header.target_md5.as_ref().map_or(&[], |digest| digest));
        raw.add("ram", &varint(header.ram));
        raw.add_codec(&header.codec);
        raw.add("base address", &varint(header.base_address));
        raw.add("address high", &varint(header.address_high));
        let windows = header.windows.iter().filter(|window| window.length > 0);
        let windows: Vec<(u32, u32)> = windows.map(|window| (window.start, window.length)).collect();
        raw.add("windows", &self::windows(&windows));
        let numbers: Vec<u8> = header.kinds.as_slice().iter().map(|kind| kind.number()).collect();
        raw.add("kinds", &kinds(&numbers));
        raw.add("body length", &varint(header.body_length));
        raw.add("body digest", header.body_digest.as_ref().map_or(&[], |digest| digest));
        raw.add("extension", &varint(0));
        assert_eq!(raw.bytes(), header.to_bytes());
        raw
    }

    fn add(&mut self, name: &'static str, bytes: &[u8]) {
        self.fields.push((name, bytes.to_vec()));
    }

    fn add_codec(&mut self, codec: &Codec) {
        match *codec {
            Codec::Cm { size, tuning } => {
                self.add("slots", &varint(size.slots));
                self.add("landmarks", &varint(size.landmarks));
                self.add("learned", &varint(size.learned));
                self.add("counter and mixer rate", &[tuning.counter_rate << 4 | tuning.mixer_rate]);
                self.add("block log", &[tuning.block_log]);
            }
            Codec::Lite { size, tuning } => {
                self.add("landmarks", &varint(size.landmarks));
                self.add("learned", &varint(size.learned));
                self.add("speeds", &[tuning.counter_rate << 4 | tuning.block_log]);
            }
            Codec::Zstd { window_log } => self.add("window log", &[window_log]),
        }
    }

    /// The bytes of a field.
    pub(crate) fn field(&self, name: &str) -> &[u8] {
        let field = self.fields.iter().find(|(known, _)| *known == name);
        &field.unwrap_or_else(|| panic!("no field {name}")).1
    }

    /// The same header with another field.
    pub(crate) fn with(&self, name: &str, bytes: &[u8]) -> Self {
        let mut changed = self.clone();
        let field = changed.fields.iter_mut().find(|(known, _)| *known == name);
        field.unwrap_or_else(|| panic!("no field {name}")).1 = bytes.to_vec();
        changed
    }

    /// The same header with a flipped bit in the first byte of a field.
    pub(crate) fn flipped(&self, name: &str) -> Self {
        let mut bytes = self.field(name).to_vec();
        bytes[0] ^= 1;
        self.with(name, &bytes)
    }

    /// The same header that states another length.
    pub(crate) fn stating(&self, length: usize) -> Self {
        Self { length: Some(length as u16), ..self.clone() }
    }

    /// The same header with zeros at the end, longer than the limit.
    pub(crate) fn too_long(&self) -> Self {
        self.with("extension", &[0; HEADER_LIMIT])
    }

    /// The header with length and checksum.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let (prefix, fields) = self.fields.split_at(4);
        let join = |fields: &[(&str, Vec<u8>)]| fields.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
        let (mut bytes, fields): (Vec<u8>, Vec<u8>) = (join(prefix), join(fields));
        let length = self.length.unwrap_or((bytes.len() + 2 + fields.len() + 4) as u16);
        bytes.extend(length.to_le_bytes());
        bytes.extend(fields);
        bytes.extend(crc32(&bytes).to_le_bytes());
        bytes
    }
}

/// The shortest form of a number.
pub(crate) fn varint(value: u32) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.varint(value);
    writer.bytes
}

/// A list of windows, with their first address and length.
pub(crate) fn windows(windows: &[(u32, u32)]) -> Vec<u8> {
    let numbers = windows.iter().flat_map(|&(start, length)| [varint(start >> 8), varint(length >> 8)]);
    [vec![windows.len() as u8]].into_iter().chain(numbers).flatten().collect()
}

/// A list of kinds of pages.
pub(crate) fn kinds(numbers: &[u8]) -> Vec<u8> {
    [&[numbers.len() as u8], numbers].concat()
}

//! The attributes in a pax header: records of "LENGTH KEY=VALUE\n".

use super::damaged;
use crate::archive::PayloadError;

/// What is said about the members that follow, as far as it matters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attributes<'f> {
    pub(super) path: Option<&'f [u8]>,
    pub(super) link: Option<&'f [u8]>,
    pub(super) size: Option<usize>,
    /// The name of a sparse file, whose own is made up.
    pub(super) sparse_name: Option<&'f [u8]>,
    /// The size of a sparse file with its holes.
    pub(super) sparse_size: Option<u64>,
    /// The version of GNU's sparse files, if it is stated, which it is from 1.0 on.
    pub(super) sparse_version: Option<&'f [u8]>,
    /// All records, in which the map of a sparse file may be.
    pub(super) records: &'f [u8],
}

impl<'f> Attributes<'f> {
    pub(super) fn read(records: &'f [u8]) -> Result<Self, PayloadError> {
        let mut attributes = Self { records, ..Self::default() };
        for record in Records(records) {
            let (key, value) = record.ok_or_else(|| damaged("a pax header is wrong"))?;
            attributes.set(key, value).ok_or_else(|| damaged("a number in a pax header is wrong"))?;
        }
        Ok(attributes)
    }

    fn set(&mut self, key: &[u8], value: &'f [u8]) -> Option<()> {
        match key {
            b"path" => self.path = Some(value),
            b"linkpath" => self.link = Some(value),
            b"size" => self.size = Some(usize::try_from(decimal(value)?).ok()?),
            b"GNU.sparse.name" => self.sparse_name = Some(value),
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => self.sparse_size = Some(decimal(value)?),
            b"GNU.sparse.major" => self.sparse_version = Some(value),
            _ => {}
        }
        Some(())
    }

    /// These, and those of all members where these say nothing.
    pub(super) fn over(&self, global: &Self) -> Self {
        Self {
            path: self.path.or(global.path),
            link: self.link.or(global.link),
            size: self.size.or(global.size),
            ..*self
        }
    }

    pub(super) fn name(&self) -> Option<&'f [u8]> {
        self.sparse_name.or(self.path)
    }
}

/// The keys and values in a header; `None` where it is wrong.
pub(super) struct Records<'f>(pub(super) &'f [u8]);

impl<'f> Iterator for Records<'f> {
    type Item = Option<(&'f [u8], &'f [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        // Some writers fill the block with zeros.
        if self.0.iter().all(|&byte| byte == 0) {
            return None;
        }
        let record = record(self.0);
        let size = record.map_or(self.0.len(), |(size, ..)| size);
        self.0 = &self.0[size..];
        Some(record.map(|(_, key, value)| (key, value)))
    }
}

/// The length, key and value of the first record.
fn record(bytes: &[u8]) -> Option<(usize, &[u8], &[u8])> {
    let blank = bytes.iter().take(20).position(|&byte| byte == b' ')?;
    let size = usize::try_from(decimal(&bytes[..blank])?).ok()?;
    let (b'\n', text) = bytes.get(blank + 1..size)?.split_last()? else { return None };
    let equals = text.iter().position(|&byte| byte == b'=')?;
    Some((size, &text[..equals], &text[equals + 1..]))
}

pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    let digits = str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_a_length_and_may_hold_line_ends() {
        let records = b"19 path=a/third.bin\n20 SCHILY.x=\n9 path=x\n11 size=12\n";
        assert!(Attributes::read(records).is_err());
        let records = b"20 path=a/third.bin\n24 SCHILY.x=\n10 path=x\n\n11 size=12\n\0\0";
        let attributes = Attributes::read(records).unwrap();
        assert_eq!((attributes.path, attributes.size), (Some(&b"a/third.bin"[..]), Some(12)));
    }

    #[test]
    fn wrong_records_are_noticed() {
        for wrong in [
            &b"5 a=b\n"[..],
            b"7 a=b\n",
            b"99 a=b\n",
            b"0 a=b\n",
            b"6 a=b",
            b"6 a=bx",
            b"5 ab\n",
            b" a=b\n",
            b"99999999999999999999999 a=b\n",
            b"12 size=1x2\n",
            b"8 size=\n",
            b"11 size=-1\n",
        ] {
            assert!(Attributes::read(wrong).is_err(), "{wrong:?}");
        }
        assert!(Attributes::read(b"6 a=b\n").is_ok());
        assert!(Attributes::read(b"").is_ok());
    }
}

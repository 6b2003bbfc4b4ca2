//! Images signed for MCUboot: a header with a version, the program, and records of type, length and value.

use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{Flat, Format, InputError, Provenance};
use crate::bytes::{half, word};

const FORMAT: Format = Format::Mcuboot;
/// What a header begins with, and its bytes.
const MAGIC: u32 = 0x96F3_B83D;
const HEADER: usize = 32;
/// What the areas of records begin with: protected by the signature, and not.
const PROTECTED: u16 = 0x6908;
const UNPROTECTED: u16 = 0x6907;
/// Bytes before an area's records, and before a record's value.
const INFO: usize = 4;
/// Flags of images whose program is encrypted; what is hashed is the plain one.
const ENCRYPTED: u32 = 0x0C;

pub(super) fn begins(file: &[u8]) -> bool {
    Header::parse(file).is_some()
}

/// Reads an image. Its bytes are what is flashed; its hash must be right.
pub(super) fn read(file: &[u8]) -> Result<Flat<'_>, InputError> {
    let header = Header::parse(file).ok_or_else(|| wrong("it does not begin with a header"))?;
    let mut record = Provenance::new(FORMAT, file);
    record.version = Some(header.version());
    let image = header.size.saturating_add(header.image);
    record.part("header", 0, header.size);
    record.part("program", header.size, header.image);
    if file.len() < image {
        return Err(wrong(format!(
            "the header says that the program ends at byte {image}; the file has {}",
            file.len()
        )));
    }
    let mut areas = Areas { file, record: &mut record, hash: None };
    let hashed = areas.protected(image, header.protected)?;
    let end = areas.unprotected(hashed)?;
    let hash = areas.hash;
    header.check_hash(&file[..hashed], hash, &mut record)?;
    if end < file.len() {
        record.part("rest of the slot", end, file.len() - end);
    }
    Ok(Flat::as_it_is(file, record))
}

fn wrong(reason: impl ToString) -> InputError {
    InputError::Structure { format: FORMAT, reason: reason.to_string() }
}

struct Header {
    /// Bytes before the program, the header and what pads it.
    size: usize,
    protected: usize,
    image: usize,
    flags: u32,
    version: [u32; 4],
}

struct Areas<'a, 'r> {
    file: &'a [u8],
    record: &'r mut Provenance,
    /// The hash that is stated.
    hash: Option<(&'static Hash, &'a [u8])>,
}

struct Hash {
    kind: u16,
    name: &'static str,
    size: usize,
    of: fn(&[u8]) -> Vec<u8>,
}

const HASHES: [Hash; 3] = [
    Hash { kind: 0x10, name: "SHA-256", size: 32, of: |bytes| Sha256::digest(bytes).to_vec() },
    Hash { kind: 0x11, name: "SHA-384", size: 48, of: |bytes| Sha384::digest(bytes).to_vec() },
    Hash { kind: 0x12, name: "SHA-512", size: 64, of: |bytes| Sha512::digest(bytes).to_vec() },
];

impl Header {
    fn parse(file: &[u8]) -> Option<Self> {
        let header: &[u8; HEADER] = file.first_chunk()?;
        let size = usize::from(half(header, 8)?);
        let is_one = word(header, 0)? == MAGIC && size >= HEADER;
        is_one.then_some(Self {
            size,
            protected: usize::from(half(header, 10)?),
            image: word(header, 12)? as usize,
            flags: word(header, 16)?,
            version: [header[20].into(), header[21].into(), half(header, 22)?.into(), word(header, 24)?],
        })
    }

    /// With the build number only if there is one, as devices report it.
    fn version(&self) -> String {
        let [major, minor, revision, build] = self.version;
        if build == 0 {
            format!("{major}.{minor}.{revision}")
        } else {
            format!("{major}.{minor}.{revision}.{build}")
        }
    }

    fn check_hash(
        &self,
        hashed: &[u8],
        hash: Option<(&Hash, &[u8])>,
        record: &mut Provenance,
    ) -> Result<(), InputError> {
        if self.flags & ENCRYPTED != 0 {
            record.notes.push("the program is encrypted: its hash cannot be checked".to_owned());
            return Ok(());
        }
        let Some((hash, stated)) = hash else {
            record.notes.push("it states no hash: nothing can be checked".to_owned());
            return Ok(());
        };
        record.check(hash.name, stated, &(hash.of)(hashed))
    }
}

impl<'a> Areas<'a, '_> {
    /// The protected records, if there are any; where they end.
    fn protected(&mut self, start: usize, stated: usize) -> Result<usize, InputError> {
        if stated == 0 {
            return Ok(start);
        }
        let end = self.area(start, PROTECTED)?;
        if end - start != stated {
            let found = end - start;
            return Err(wrong(format!(
                "the header says that the protected records have {stated} bytes; they have {found}"
            )));
        }
        Ok(end)
    }

    fn unprotected(&mut self, start: usize) -> Result<usize, InputError> {
        self.area(start, UNPROTECTED)
    }

    /// The records of an area; where it ends.
    fn area(&mut self, start: usize, magic: u16) -> Result<usize, InputError> {
        let area = self.file.get(start..).unwrap_or_default();
        let missing = || {
            wrong(format!("there are no records at byte {start}: the image is not signed, or was cut off"))
        };
        let size =
            half(area, 2).map(usize::from).filter(|_| half(area, 0) == Some(magic)).ok_or_else(missing)?;
        let cut = || {
            wrong(format!(
                "the records at byte {start} have {size} bytes, more than the file, or fewer than {INFO}"
            ))
        };
        let area = area.get(..size).filter(|area| area.len() >= INFO).ok_or_else(cut)?;
        let mut at = INFO;
        while at < size {
            at = self.tlv(area, start, at, magic == PROTECTED)?;
        }
        Ok(start + size)
    }

    /// A record; where the next one begins.
    fn tlv(&mut self, area: &'a [u8], start: usize, at: usize, protected: bool) -> Result<usize, InputError> {
        let cut = || wrong(format!("the record at byte {} goes beyond the end of the records", start + at));
        let (kind, length) = half(area, at).zip(half(area, at + 2)).ok_or_else(cut)?;
        let end = at + INFO + usize::from(length);
        let value = area.get(at + INFO..end).ok_or_else(cut)?;
        if let Some(hash) = HASHES.iter().find(|hash| hash.kind == kind) {
            if value.len() != hash.size {
                let (name, size) = (hash.name, value.len());
                return Err(wrong(format!("the {name} at byte {} has {size} bytes", start + at)));
            }
            self.hash = Some((hash, value));
        }
        let name = if protected { "protected record" } else { "record" };
        self.record.part(format!("{name}: {}", kind_name(kind)), start + at, end - at);
        Ok(end)
    }
}

/// What a record is; vendors have types of their own.
fn kind_name(kind: u16) -> String {
    let name = match kind {
        0x01 => "hash of the public key",
        0x02 => "public key",
        0x10 => "SHA-256",
        0x11 => "SHA-384",
        0x12 => "SHA-512",
        0x20 => "signature (RSA-2048)",
        0x21 => "signature (ECDSA P-224)",
        0x22 => "signature (ECDSA)",
        0x23 => "signature (RSA-3072)",
        0x24 => "signature (Ed25519)",
        0x25 => "signature of the image itself",
        0x30..=0x33 => "encrypted key",
        0x40 => "dependency",
        0x50 => "security counter",
        0x60 => "boot record",
        _ => return format!("type {kind:#06x}"),
    };
    name.to_owned()
}

//! Bytes only: the fixed header, its fields and its checksum (`docs/format.md`, sections 2 and 3).

mod crc;
mod extensions;
mod fields;
mod header;
mod region;
mod signatures;
mod varint;

pub use crc::crc32;
#[cfg(feature = "flash")]
pub(crate) use crc::crc32_on;
pub use extensions::{Extensions, InPlacePlan, TEXT_LIMIT, Text, is_name, is_product};
use fields::Fields;
pub use header::{
    Codec, HEADER_LIMIT, Header, IMAGE_LIMIT, MAGIC, MAX_WINDOWS, MOST_LANDMARKS, MOST_LEARNED, ModelSize,
    PREFIX_LENGTH, Tuning, VERSION, Window,
};
pub use region::{MAX_KINDS, Origin, PAGE_LOG, RegionKind, RegionKinds, WordForm};
#[cfg(feature = "encode")]
pub use signatures::Signing;
pub(crate) use signatures::with_message;
pub use signatures::{KEY_ID_LENGTH, KeyId, MOST_SIGNATURES, SIGNATURE_LENGTH, Signatures};
pub use varint::Reader;
#[cfg(feature = "encode")]
pub use varint::Writer;

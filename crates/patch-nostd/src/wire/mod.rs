//! Bytes only: the fixed header, its fields and its checksum (`docs/format.md`, sections 2 and 3).

mod codec;
mod crc;
mod described;
mod extensions;
mod fields;
mod header;
#[cfg(feature = "lanes")]
mod lanes;
mod page_kind;
mod prefix;
mod ram;
mod signatures;
#[cfg(feature = "encode")]
mod signing;
mod text;
mod varint;

pub use codec::{Codec, MOST_LANDMARKS, MOST_LEARNED, ModelSize, Tuning};
pub use crc::crc32;
#[cfg(feature = "flash")]
pub(crate) use crc::crc32_on;
pub use described::{ByteOrder, Description, Forms, MAX_FORMS, MAX_PARTS, Part, Reach};
pub use extensions::{Extensions, InPlacePlan};
use fields::Fields;
pub use header::{Header, IMAGE_LIMIT, MAX_WINDOWS, Window};
#[cfg(feature = "lanes")]
pub use lanes::{Lane, Lanes, MOST_LANES};
pub(crate) use page_kind::architectures;
pub use page_kind::{MAX_KINDS, Origin, PAGE_LOG, PageKind, PageKinds, WordForm};
pub use prefix::{HEADER_LIMIT, MAGIC, PREFIX_LENGTH, VERSION};
pub use ram::{FIXED_RAM, LANDMARK_RAM, LEARNED_RAM, LITE_RAM, Requirements, SLOT_RAM, codec_ram};
pub(crate) use signatures::with_message;
pub use signatures::{KEY_ID_LENGTH, KeyId, MOST_SIGNATURES, SIGNATURE_LENGTH, Signatures};
#[cfg(feature = "encode")]
pub use signing::Signing;
pub use text::{TEXT_LIMIT, Text, is_name, is_product};
pub use varint::Reader;
#[cfg(feature = "encode")]
pub use varint::Writer;

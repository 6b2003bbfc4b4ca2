//! What a package needs of the device that restores it: memory, an operating system, parts of the decoder.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use smidgen_diff::ContainerNeeds;
use smidgen_diff::release::{EncryptionEntry, encryption_of};
use smidgen_patch::Header;
use smidgen_patch::header::{Codec, PageKind};

pub(crate) struct Needs {
    ram: u32,
    /// An operating system, with memory and storage for compressed files.
    container: Option<ContainerNeeds>,
    features: BTreeSet<&'static str>,
}

impl Needs {
    /// What a package needs as it is shipped; `None` for what is not one.
    pub(crate) fn of(package: &[u8]) -> Option<Self> {
        let (header, extensions, _) = Header::parse_extended(package).ok()?;
        let container = ContainerNeeds::of(package).ok()?;
        let mut features: BTreeSet<_> = header.kinds.as_slice().iter().copied().filter_map(feature).collect();
        features.extend(matches!(header.codec, Codec::Zstd { .. }).then_some("zstd"));
        features.extend(matches!(header.codec, Codec::Lite { .. }).then_some("lite"));
        features.extend(container.map(|_| "containers"));
        features.extend(extensions.lanes.map(|_| "lanes"));
        features.extend(extensions.in_place.map(|_| "flash"));
        if let Some(encryption) = encryption_of(package).ok()?.as_ref().and_then(EncryptionEntry::of) {
            features.extend(cipher_features(&encryption));
        }
        Some(Self { ram: header.ram, container, features })
    }

    pub(crate) fn json(&self) -> Value {
        let (memory, storage) = self.container.map_or((0, 0), |needs| (needs.memory, needs.storage));
        json!({
            "memory": u64::from(self.ram) + memory,
            "storage": storage,
            "operating_system": self.container.is_some() || self.features.contains("zstd"),
            "features": self.features,
        })
    }

    /// The features of the decoder, for people.
    pub(crate) fn features(&self) -> String {
        match self.features.is_empty() {
            true => "none of the decoder's".to_owned(),
            false => self.features.iter().copied().collect::<Vec<_>>().join(", "),
        }
    }
}

/// The feature of the decoder that a kind of page needs.
fn feature(kind: PageKind) -> Option<&'static str> {
    match kind {
        PageKind::Bytes | PageKind::POINTERS => None,
        PageKind::Words(_) => Some("words"),
        code => Some(code.name()),
    }
}

fn cipher_features(encryption: &EncryptionEntry) -> impl Iterator<Item = &'static str> {
    use smidgen_diff::release::{CipherChoice, KeyKind};
    let cipher = if encryption.cipher == CipherChoice::ChaCha20 { "chacha20" } else { "aes" };
    [Some(cipher), (encryption.kind == KeyKind::Sealed).then_some("x25519")].into_iter().flatten()
}

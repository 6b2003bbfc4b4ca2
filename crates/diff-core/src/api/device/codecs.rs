//! The codecs of a device's decoder.

use std::str::FromStr;

use crate::api::options::CodecChoice;
use crate::settings::ValueError;

/// The codecs of a decoder, each once, the preferred one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codecs(Vec<CodecChoice>);

impl Codecs {
    /// These codecs.
    ///
    /// # Errors
    /// None at all, one twice, or `auto`, which is none.
    pub fn new(codecs: impl Into<Vec<CodecChoice>>) -> Result<Self, ValueError> {
        let codecs = codecs.into();
        let twice = (1..codecs.len()).any(|end| codecs[..end].contains(&codecs[end]));
        if codecs.is_empty() || twice || codecs.contains(&CodecChoice::Auto) {
            return Err(ValueError("expected some of cm, lite and zstd, each once".to_owned()));
        }
        Ok(Self(codecs))
    }

    /// All of them, the preferred one first.
    #[must_use]
    pub fn as_slice(&self) -> &[CodecChoice] {
        &self.0
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|codec| codec.name() == name)
    }

    pub(super) fn preferred(&self) -> CodecChoice {
        self.0[0]
    }

    pub(super) fn names(&self) -> String {
        self.0.iter().map(|codec| codec.name()).collect::<Vec<_>>().join(", ")
    }
}

/// Names with commas between them.
impl FromStr for Codecs {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let codecs: Result<Vec<CodecChoice>, _> = text.split(',').map(|name| name.trim().parse()).collect();
        Self::new(codecs?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_codec_is_there_once() {
        let codecs: Codecs = "zstd, cm".parse().unwrap();
        assert_eq!((codecs.preferred(), codecs.names()), (CodecChoice::Zstd, "zstd, cm".to_owned()));
        for wrong in ["", "cm,cm", "cm,auto"] {
            assert!(wrong.parse::<Codecs>().is_err(), "{wrong}");
        }
    }
}

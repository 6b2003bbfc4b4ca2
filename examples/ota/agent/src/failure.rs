//! Why an upgrade failed, as one of the service's codes (docs/platform.md).

use std::fmt::Display;

use smidgen_patch::{Error, ErrorClass};

/// A code from -1 to -4, and a text for whoever looks after the fleet.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub code: i32,
    pub text: String,
}

impl Failure {
    pub fn upgrade(reason: impl Display) -> Self {
        Self { code: -1, text: reason.to_string() }
    }

    pub fn download(reason: impl Display) -> Self {
        Self { code: -2, text: reason.to_string() }
    }

    pub fn verification(reason: impl Display) -> Self {
        Self { code: -3, text: reason.to_string() }
    }

    pub fn storage(reason: impl Display) -> Self {
        Self { code: -4, text: reason.to_string() }
    }
}

/// The decoder's errors have classes, which are the service's codes.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error.class() {
            ErrorClass::Delivery => -2,
            ErrorClass::Verification => -3,
            ErrorClass::Storage => -4,
            // Also what later versions of the decoder may add.
            _ => -1,
        };
        Self { code, text: format!("E{}: {error}", error.number()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decoders_errors_have_the_codes_of_the_table() {
        let code = |error: Error| Failure::from(error).code;
        assert_eq!(code(Error::WorkspaceTooSmall), -1);
        assert_eq!(code(Error::Truncated), -2);
        assert_eq!((code(Error::Signature), code(Error::BaseDigest), code(Error::Product)), (-3, -3, -3));
        assert_eq!((code(Error::TargetWrite), code(Error::Journal)), (-4, -4));
    }
}

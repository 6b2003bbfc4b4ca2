//! Where bytes of a file or of a stream go (`docs/format.md`, section 14).

use crate::Error;

/// Takes bytes in order.
pub(super) trait Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error>;
}

//! Making streams again in this process, from plain bytes and corrections (`docs/format.md`, section 14.5).

use core::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::vec::Vec;

use preflate_rs::RecreateStreamProcessor;

use crate::Error;

/// Makes streams again, piece by piece. A stream may begin inside of another, and then ends before that goes on.
pub trait Maker {
    /// A stream begins.
    ///
    /// # Errors
    /// [`Error::TargetWrite`] if streams can be made no more.
    fn begin(&self) -> Result<(), Error>;
    /// Makes the next piece of the stream that began last: at most `room` bytes, else it is [`Error::Corrupt`].
    ///
    /// # Errors
    /// [`Error::Corrupt`] for corrections that do not fit, and as [`Maker::begin`].
    fn piece(&self, plain: &[u8], corrections: &[u8], room: u32) -> Result<Vec<u8>, Error>;
    /// The stream that began last is over.
    ///
    /// # Errors
    /// As [`Maker::begin`].
    fn end(&self) -> Result<(), Error>;
}

/// Makes streams in this process, for packages whose maker is trusted.
///
/// preflate-rs panics on many corrections that were tampered with, which is [`Error::Corrupt`]. There are others for
/// which it makes output without end until the process is killed, and nothing here can stop it: packages of strangers
/// need a [`Worker`](super::Worker) in a process of its own, whose memory is limited.
#[derive(Debug, Default)]
pub struct InProcess {
    streams: RefCell<Vec<RecreateStreamProcessor>>,
}

impl InProcess {
    pub(super) fn recompress(
        &self,
        plain: &mut impl std::io::BufRead,
        corrections: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let mut streams = self.streams.try_borrow_mut().map_err(|_| Error::Corrupt)?;
        let stream = streams.last_mut().ok_or(Error::Corrupt)?;
        let made = catch_unwind(AssertUnwindSafe(|| stream.recompress(plain, corrections)));
        Ok(made.map_err(|_| Error::Corrupt)?.map_err(|_| Error::Corrupt)?.0)
    }
}

impl Maker for InProcess {
    fn begin(&self) -> Result<(), Error> {
        self.streams.borrow_mut().push(RecreateStreamProcessor::new());
        Ok(())
    }

    fn piece(&self, mut plain: &[u8], corrections: &[u8], room: u32) -> Result<Vec<u8>, Error> {
        let made = self.recompress(&mut plain, corrections)?;
        if made.len() <= room as usize { Ok(made) } else { Err(Error::Corrupt) }
    }

    fn end(&self) -> Result<(), Error> {
        self.streams.borrow_mut().pop();
        Ok(())
    }
}

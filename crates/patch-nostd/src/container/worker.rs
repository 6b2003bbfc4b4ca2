//! Making streams again in another process, whose memory and time can be limited (`docs/format.md`, section 14.5).
//!
//! Requests are a byte, and for a piece two lengths of four bytes, the corrections and the plain bytes. Answers, to
//! pieces only, are a length and the bytes of the stream, or [`REFUSED`].

use core::cell::RefCell;
use std::io::{BufReader, BufWriter, Read, Result as IoResult, Write};
use std::vec;
use std::vec::Vec;

use super::make::{InProcess, Maker};
use super::source::BUFFER;
use crate::Error;

const BEGIN: u8 = 1;
const PIECE: u8 = 2;
const END: u8 = 3;
/// In place of a length.
const REFUSED: u32 = u32::MAX;

/// Has streams made by a process that runs [`serve`], over its input and output.
///
/// That process should be limited in memory and processor time, and can do without all rights but those to its pipes. If
/// it ends before its time, that is [`Error::Corrupt`], as it is the corrections' fault.
#[derive(Debug)]
pub struct Worker<W: Write, R: Read> {
    pipes: RefCell<(BufWriter<W>, R)>,
}

impl<W: Write, R: Read> Worker<W, R> {
    /// What writes to the process, and what reads from it.
    pub fn new(requests: W, answers: R) -> Self {
        Self { pipes: RefCell::new((BufWriter::with_capacity(BUFFER, requests), answers)) }
    }

    fn ask<T>(&self, talk: impl FnOnce(&mut BufWriter<W>, &mut R) -> IoResult<T>) -> Result<T, Error> {
        let (requests, answers) = &mut *self.pipes.try_borrow_mut().map_err(|_| Error::Corrupt)?;
        talk(requests, answers).map_err(|_| Error::Corrupt)
    }
}

impl<W: Write, R: Read> Maker for Worker<W, R> {
    fn begin(&self) -> Result<(), Error> {
        self.ask(|requests, _| requests.write_all(&[BEGIN]))
    }

    fn piece(&self, plain: &[u8], corrections: &[u8], room: u32) -> Result<Vec<u8>, Error> {
        let made = self.ask(|requests, answers| {
            requests.write_all(&[PIECE])?;
            for part in [corrections, plain] {
                requests.write_all(&(part.len() as u32).to_le_bytes())?;
            }
            requests.write_all(corrections)?;
            requests.write_all(plain)?;
            requests.flush()?;
            let length = read_length(answers)?;
            if length > room {
                return Ok(None);
            }
            let mut made = vec![0; length as usize];
            answers.read_exact(&mut made)?;
            Ok(Some(made))
        })?;
        made.ok_or(Error::Corrupt)
    }

    fn end(&self) -> Result<(), Error> {
        self.ask(|requests, _| requests.write_all(&[END]))
    }
}

/// What the process does: makes streams until there are no more requests.
///
/// It should set a panic hook that does nothing: what panics is answered, and a hook that wants memory where there is none
/// may wait for itself for ever.
///
/// # Errors
/// Those of reading and writing. Corrections of which nothing can be made are answered, and then nothing else is.
pub fn serve(requests: impl Read, mut answers: impl Write) -> IoResult<()> {
    let mut requests = BufReader::with_capacity(BUFFER, requests);
    let maker = InProcess::default();
    loop {
        let mut request = [0];
        if requests.read(&mut request)? == 0 {
            return Ok(());
        }
        let answered = match request {
            [BEGIN] => maker.begin(),
            [END] => maker.end(),
            _ => {
                let (size, length) = (read_length(&mut requests)?, read_length(&mut requests)?);
                let mut corrections = Vec::new();
                requests.by_ref().take(size.into()).read_to_end(&mut corrections)?;
                let mut plain = requests.by_ref().take(length.into());
                let made = maker.recompress(&mut plain, &corrections);
                match &made {
                    Ok(stream) => {
                        answers.write_all(&(stream.len() as u32).to_le_bytes())?;
                        answers.write_all(stream)?;
                    }
                    Err(_) => answers.write_all(&REFUSED.to_le_bytes())?,
                }
                answers.flush()?;
                made.map(drop)
            }
        };
        if answered.is_err() {
            return Ok(());
        }
    }
}

fn read_length(from: &mut impl Read) -> IoResult<u32> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    Ok(u32::from_le_bytes(length))
}

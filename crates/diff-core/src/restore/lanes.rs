//! Lanes of a body, restored at the same time (`docs/format.md`, section 4.5).

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use smidgen_patch::internals::apply::{Io, decode_lane};
use smidgen_patch::internals::wire::{Lane, Lanes};
use smidgen_patch::verify::Sha256;
use smidgen_patch::{Error, Header, SoftwareSha256, Target};

use crate::images::copy_from;

/// Bytes that a lane hands over at once.
const PIECE: usize = 64 << 10;

/// A lane that waits for a thread: where it is, its body, and where its bytes go.
type Job<'a> = (Lane, &'a [u8], Sender<Result<Vec<u8>, Error>>);

/// Restores a target whose body has these lanes, on as many threads as the pool has. The target gets its bytes in order: those
/// of lanes that are ahead wait in memory.
pub(super) fn restore<T: Target>(
    base: &[u8],
    package: (&Header, &Lanes),
    body: &[u8],
    mut target: T,
) -> Result<(), T::Error> {
    let (header, lanes) = package;
    if header.target_size > target.limit() {
        return Err(Error::SlotSize.into());
    }
    if base.len() != header.base_size as usize {
        return Err(Error::BaseSize.into());
    }
    target.announce(header)?;
    target.begin(header.target_size)?;
    let (jobs, receivers) = jobs(lanes, body)?;
    let threads = rayon::current_num_threads().min(jobs.len());
    let jobs = Mutex::new(jobs.into_iter());
    let next = || jobs.lock().ok()?.next();
    let digest = thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(job) = next() {
                    decode(base, header, job)
                }
            });
        }
        let mut digest = SoftwareSha256::start();
        for piece in receivers.into_iter().flatten() {
            let piece = piece?;
            digest.update(&piece);
            target.write(&piece)?;
        }
        Ok::<_, T::Error>(digest.finish())
    })?;
    if body.len() != header.body_length as usize {
        return Err(Error::TrailingData.into());
    }
    let body_digest = header.body_digest.map(|_| {
        let mut digest = SoftwareSha256::start();
        digest.update(body);
        digest.finish()
    });
    if body_digest != header.body_digest {
        return Err(Error::BodyDigest.into());
    }
    if digest == header.target_digest { Ok(()) } else { Err(Error::TargetDigest.into()) }
}

/// What the threads have to do, and where what they make arrives.
#[allow(clippy::type_complexity, reason = "both halves of the same channels")]
fn jobs<'a>(
    lanes: &Lanes,
    mut body: &'a [u8],
) -> Result<(Vec<Job<'a>>, Vec<Receiver<Result<Vec<u8>, Error>>>), Error> {
    let job = |&lane: &Lane| {
        let part = body.split_off(..lane.body_length as usize).ok_or(Error::Truncated)?;
        let (sender, receiver) = channel();
        Ok(((lane, part, sender), receiver))
    };
    lanes.as_slice().iter().map(job).collect()
}

/// Decodes a lane, and sends what it makes and why it stopped.
fn decode(base: &[u8], header: &Header, (lane, body, sender): Job<'_>) {
    let written = header.read_back.then(Vec::new);
    let mut memory = Memory { base, start: lane.start, written, pending: Vec::with_capacity(PIECE), sender };
    let decoded = decode_lane(header, lane, body, &mut memory).and_then(|()| memory.hand_over());
    if let Err(error) = decoded {
        // Nobody waits for it where another lane has failed.
        let _ = memory.sender.send(Err(error));
    }
}

/// The surroundings of a lane's decoder.
struct Memory<'a> {
    base: &'a [u8],
    start: u32,
    /// The lane's bytes so far, if it copies from them.
    written: Option<Vec<u8>>,
    /// Its last bytes, which have not been handed over.
    pending: Vec<u8>,
    sender: Sender<Result<Vec<u8>, Error>>,
}

impl Memory<'_> {
    fn hand_over(&mut self) -> Result<(), Error> {
        let piece = std::mem::replace(&mut self.pending, Vec::with_capacity(PIECE));
        self.sender.send(Ok(piece)).map_err(|_| Error::TargetWrite)
    }
}

impl Io for Memory<'_> {
    type Error = Error;

    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        copy_from(self.base, offset, buffer).ok_or(Error::BaseRead)
    }

    fn read_target(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let offset = offset.checked_sub(self.start).ok_or(Error::TargetRead)?;
        self.written.as_ref().and_then(|written| copy_from(written, offset, buffer)).ok_or(Error::TargetRead)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(written) = &mut self.written {
            written.extend_from_slice(bytes);
        }
        self.pending.extend_from_slice(bytes);
        if self.pending.len() < PIECE { Ok(()) } else { self.hand_over() }
    }
}

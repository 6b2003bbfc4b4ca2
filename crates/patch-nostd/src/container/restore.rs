//! Restores a container: expands the base, decodes the body, makes the streams again (`docs/format.md`, section 14).

use core::cell::Cell;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::vec::Vec;
use std::{thread, vec};

use super::expand::trace;
use super::inflate::Inflater;
use super::rebuild::rebuild;
use super::recipe::{Level, Side};
use super::record::{Limits, Record, memory, storage};
use super::scratch::Scratch;
use super::sink::Sink;
use super::source::{BUFFER, BaseSource, Source};
use crate::Error;
use crate::apply::{Base, Io, Target, check_base, decode_body};
use crate::secrecy::{DecryptionKey, decrypt_body, unlock};
use crate::verify::{Anything, Policy, Sha256, authenticate};
use crate::wire::{Extensions, HEADER_LIMIT, Header, Lanes};

/// How many buffers the decoder may be ahead.
const AHEAD: usize = 16;

/// A package of a container whose header and recipes have been read.
#[derive(Debug)]
pub struct Opened<'p> {
    /// The header as it is.
    pub header: Header,
    /// The other parts of it.
    pub extensions: Extensions<'p>,
    /// What is expanded to which size.
    #[doc(hidden)]
    pub record: Record,
    /// Where the streams of the base are.
    #[doc(hidden)]
    pub base: Level,
    /// How those of the target are made.
    #[doc(hidden)]
    pub target: Level,
    /// Header of the inner package (expanded base to expanded target); its digests are unused.
    #[doc(hidden)]
    pub inner: Header,
    /// The lanes of [`Opened::body`].
    #[doc(hidden)]
    pub lanes: Lanes,
    /// The body that belongs to [`Opened::inner`].
    #[doc(hidden)]
    pub body: &'p [u8],
}

impl<'p> Opened<'p> {
    /// Opens a whole package; `None` if it is no container's.
    ///
    /// # Errors
    /// Those of the header, [`Error::Truncated`], [`Error::TrailingData`], [`Error::Corrupt`] for recipes, and [`Error::Container`] for
    /// compressors that this decoder was built without.
    pub fn new<D: Sha256>(package: &'p [u8]) -> Result<Option<Self>, Error> {
        Self::allowed::<D, Anything>(package, &Anything, &Limits::NONE)
    }

    /// Opens a whole package if `policy` allows it, which is asked before anything but the header is looked at, and if
    /// what it states is within `limits`, before anything is allocated; `None` if it is no container's.
    ///
    /// # Errors
    /// Those of the policy, [`Error::WorkspaceTooSmall`] for what is not within the limits, and those of [`Opened::new`].
    pub fn allowed<D: Sha256, P: Policy>(
        package: &'p [u8],
        policy: &P,
        limits: &Limits,
    ) -> Result<Option<Self>, Error> {
        check_signatures(package, policy)?;
        let (header, extensions, length) = Header::parse_extended(package)?;
        let Some(value) = extensions.container else { return Ok(None) };
        if extensions.encryption.is_some() {
            return Err(Error::Encrypted);
        }
        policy.allow(&header, &extensions)?;
        let record = bounded(&header, value, limits)?;
        let body = package.get(length..).unwrap_or(&[]);
        check_body::<D>(&header, body)?;
        Self::open(header, extensions, record, body).map(Some)
    }

    /// The same of a package that may be encrypted: `key` decrypts it into `room`, when `policy` was asked about the
    /// signatures and before it is asked about the rest. That takes as many bytes as the package has, and some.
    ///
    /// # Errors
    /// Those of [`Opened::allowed`], [`Error::Encrypted`] and [`Error::DecryptionKey`].
    pub fn unlocked<D: Sha256, P: Policy, K: DecryptionKey>(
        package: &'p [u8],
        policy: &P,
        key: &K,
        limits: &Limits,
        room: &'p mut Vec<u8>,
    ) -> Result<Option<Self>, Error> {
        check_signatures(package, policy)?;
        let (header, mut extensions, length) = Header::parse_extended(package)?;
        let Some(value) = extensions.container else { return Ok(None) };
        let body = package.get(length..).unwrap_or(&[]);
        room.clear();
        room.resize(HEADER_LIMIT + body.len(), 0);
        let (records, plain) = room.split_at_mut(HEADER_LIMIT);
        let mut cipher = unlock::<D, K>(key, &header, &mut extensions, records)?;
        policy.allow(&header, &extensions)?;
        let record = bounded(&header, value, limits)?;
        check_body::<D>(&header, body)?;
        plain.copy_from_slice(body);
        decrypt_body(&mut cipher, 0, plain);
        Self::open(header, extensions, record, plain).map(Some)
    }

    /// Bytes of heap that opening and restoring take at most, on top of the header's RAM and the scratch.
    #[must_use]
    pub fn memory(&self) -> u64 {
        memory(&self.record)
    }

    /// Bytes of scratch that [`restore`] takes.
    #[must_use]
    pub fn storage(&self) -> u64 {
        storage(&self.header, &self.record)
    }

    /// Reads the recipes at the start of a plain body.
    fn open(
        header: Header,
        extensions: Extensions<'p>,
        record: Record,
        body: &'p [u8],
    ) -> Result<Self, Error> {
        record.check(&header)?;
        let split = body.split_at_checked(record.recipe_size as usize);
        let (recipe, body) = split.ok_or(Error::Corrupt)?;
        let (base, target) = Level::read_both(&inflated(recipe, record.recipe_length)?, record.parts)?;
        let (kept, count) = base.kept();
        if kept != u64::from(record.kept) {
            return Err(Error::Corrupt);
        }
        target.check_target(record.target_size, record.tokens, count)?;
        if base.work(Side::Base).max(target.work(Side::Target)) != u64::from(record.work) {
            return Err(Error::Corrupt);
        }
        base.check_work(Side::Base, record.base_size)?;
        target.check_work(Side::Target, record.target_size)?;
        if !base.is_available() || !target.is_available() {
            return Err(Error::Container);
        }
        let inner = Header {
            base_size: record.base_size,
            target_size: record.target_size,
            body_length: body.len() as u32,
            ..header
        };
        let lanes = Lanes::read(extensions.lanes, &inner)?;
        Ok(Self { header, extensions, record, base, target, inner, lanes, body })
    }
}

/// The record, if what it states is within the limits.
fn bounded(header: &Header, value: &[u8], limits: &Limits) -> Result<Record, Error> {
    let record = Record::read(value)?;
    let within = memory(&record) <= limits.memory && storage(header, &record) <= limits.storage;
    if within { Ok(record) } else { Err(Error::WorkspaceTooSmall) }
}

/// Asks a policy about the signatures, for which it needs a header of its own.
fn check_signatures<P: Policy>(package: &[u8], policy: &P) -> Result<(), Error> {
    if !P::AUTHENTICATES {
        return Ok(());
    }
    let header = package.get(..Header::length(package)?).ok_or(Error::Truncated)?;
    authenticate(policy, &mut header.to_vec())
}

fn check_body<D: Sha256>(header: &Header, body: &[u8]) -> Result<(), Error> {
    match body.len().cmp(&(header.body_length as usize)) {
        core::cmp::Ordering::Less => return Err(Error::Truncated),
        core::cmp::Ordering::Greater => return Err(Error::TrailingData),
        core::cmp::Ordering::Equal => {}
    }
    let digest = header.body_digest.map(|_| {
        let mut digest = D::start();
        digest.update(body);
        digest.finish()
    });
    if digest == header.body_digest { Ok(()) } else { Err(Error::BodyDigest) }
}

/// The recipes' bytes, of exactly this length.
fn inflated(mut bytes: &[u8], length: u32) -> Result<Vec<u8>, Error> {
    if bytes.len() == length as usize {
        return Ok(bytes.to_vec());
    }
    // It is in proportion to the bytes that are there.
    let mut plain = Vec::with_capacity(length as usize);
    let room = Cell::new(length.into());
    let mut inflater = Inflater::new(&mut bytes, &room);
    loop {
        let part = inflater.fill()?;
        let count = part.len();
        plain.extend_from_slice(part);
        inflater.consume(count);
        if count == 0 {
            break;
        }
    }
    inflater.finish()?;
    if plain.len() == length as usize && bytes.is_empty() { Ok(plain) } else { Err(Error::Corrupt) }
}

/// Restores the target of an opened package and returns it; the digest of all of it has been checked.
///
/// `expanded` takes the expanded base; `written` the expanded target, if [`Header::read_back`] says that the body copies
/// from it, and is left alone otherwise. The body is decoded on a thread of its own while streams are made again.
///
/// # Errors
/// As [`Patcher`](crate::Patcher): nothing is written before the base has been found right, and the target must not be
/// used after an error.
pub fn restore<B: Base<Error: Into<T::Error>>, T: Target, D: Sha256>(
    package: &Opened<'_>,
    mut base: B,
    mut target: T,
    mut expanded: impl Scratch,
    mut written: impl Scratch,
) -> Result<T, T::Error> {
    if package.header.target_size > target.limit() {
        return Err(Error::SlotSize.into());
    }
    check_base::<B, D, T::Error>(&mut base, &package.header, &mut vec![0; BUFFER])?;
    target.announce(&package.header)?;
    target.begin(package.header.target_size)?;
    let size = package.record.base_size;
    let source = &mut BaseSource::new(&mut base);
    let mut traces = Vec::new();
    let length = trace(source, &package.base, size, &mut |bytes| expanded.append(bytes), &mut traces);
    if let Some(failure) = source.failure.take() {
        return Err(failure.into());
    }
    if length? != size {
        return Err(Error::Corrupt.into());
    }
    let size = package.header.target_size;
    let mut digested = Digested { target, digest: D::start(), left: size, failure: None };
    let (sender, receiver) = sync_channel(AHEAD);
    let restored = thread::scope(|scope| {
        let written: Option<&mut dyn Scratch> =
            if package.header.read_back { Some(&mut written) } else { None };
        let pipe = Pipe { expanded: &mut expanded, written, sender, buffer: Vec::new() };
        let decoding = scope.spawn(move || decode(package, pipe));
        let mut source = Piped { receiver, buffer: Vec::new(), used: 0 };
        let rebuilt = rebuild(&mut source, &package.target, size, &traces, &mut digested);
        drop(source);
        let decoded = decoding.join().unwrap_or(Err(Error::Corrupt));
        match rebuilt {
            // The decoder's error says why there was no more.
            Err(Error::Truncated) => decoded.and(rebuilt),
            Err(_) => rebuilt,
            Ok(()) => decoded,
        }
    });
    if let Some(failure) = digested.failure {
        return Err(failure);
    }
    restored?;
    if digested.digest.finish() != package.header.target_digest {
        return Err(Error::TargetDigest.into());
    }
    Ok(digested.target)
}

fn decode(package: &Opened<'_>, mut pipe: Pipe<'_>) -> Result<(), Error> {
    decode_body(&package.inner, &package.lanes, package.body, &mut pipe)?;
    pipe.flush()
}

/// The target and its running digest.
struct Digested<T: Target, D> {
    target: T,
    digest: D,
    /// Bytes of the target that are missing.
    left: u32,
    /// The target's own error, for which [`Error::TargetWrite`] stands on the way here.
    failure: Option<T::Error>,
}

impl<T: Target, D: Sha256> Sink for Digested<T, D> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let left = (self.left as usize).checked_sub(bytes.len()).ok_or(Error::Corrupt)?;
        self.left = left as u32;
        self.digest.update(bytes);
        self.target.write(bytes).map_err(|failure| {
            self.failure = Some(failure);
            Error::TargetWrite
        })
    }
}

/// What the body is decoded against; the expanded target goes to the other thread.
struct Pipe<'a> {
    expanded: &'a mut dyn Scratch,
    written: Option<&'a mut dyn Scratch>,
    sender: SyncSender<Vec<u8>>,
    buffer: Vec<u8>,
}

impl Pipe<'_> {
    fn flush(&mut self) -> Result<(), Error> {
        let buffer = core::mem::replace(&mut self.buffer, Vec::with_capacity(BUFFER));
        self.sender.send(buffer).map_err(|_| Error::TargetWrite)
    }
}

impl Io for Pipe<'_> {
    type Error = Error;

    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        self.expanded.read(offset, buffer).map_err(|_| Error::BaseRead)
    }

    fn read_target(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        self.written.as_mut().ok_or(Error::TargetRead)?.read(offset, buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(written) = &mut self.written {
            written.append(bytes)?;
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() < BUFFER { Ok(()) } else { self.flush() }
    }
}

/// The other end of the pipe.
struct Piped {
    receiver: Receiver<Vec<u8>>,
    buffer: Vec<u8>,
    used: usize,
}

impl Source for Piped {
    fn fill(&mut self) -> Result<&[u8], Error> {
        while self.used == self.buffer.len() {
            let Ok(buffer) = self.receiver.recv() else { return Ok(&[]) };
            (self.buffer, self.used) = (buffer, 0);
        }
        Ok(self.buffer.get(self.used..).unwrap_or(&[]))
    }

    fn consume(&mut self, count: usize) {
        self.used += count;
    }
}

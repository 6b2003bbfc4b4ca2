//! The push interface: package bytes in pieces of any size, the target out (`docs/format.md`, section 8).

use super::io::{Base, Io, Target};
use super::layout::{Layout, required_ram};
use super::operation::Blind;
use super::walker::{Progress, Walker};
use crate::Error;
use crate::entropy::RangeDecoder;
use crate::verify::{Anything, Policy, Sha256};
use crate::wire::{Codec, Extensions, HEADER_LIMIT, Header, PREFIX_LENGTH, with_message};

/// Restores a target image from a base image and a package that arrives in pieces.
///
/// Nothing is written before the header's checksum and the base image's size and SHA-256 have been found right.
/// The target must not be used before [`Patcher::finish`] has returned `Ok`.
#[derive(Debug)]
pub struct Patcher<'w, B: Base, T: Target, D: Sha256, P: Policy = Anything> {
    stage: Stage<'w, D>,
    surroundings: Surroundings<B, T, D>,
    policy: P,
    header: Option<Header>,
}

// There is no heap to box the large one into.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
enum Stage<'w, D> {
    /// Gathering the header at the start of the workspace.
    Header { workspace: &'w mut [u8], gathered: usize },
    /// Decoding a `cm` body.
    Body { walker: Walker<'w>, decoder: RangeDecoder<'w>, digest: Option<D>, done: bool },
    /// Decoding a `zstd` body.
    #[cfg(feature = "zstd")]
    Zstd { body: super::zstd::ZstdBody, digest: Option<D> },
    /// After an error or the end.
    Finished,
}

/// The base, the target, and its length and digest so far.
#[derive(Debug)]
pub(super) struct Surroundings<B, T, D> {
    base: B,
    target: T,
    written: u32,
    digest: Option<D>,
}

impl<'w, B: Base, T: Target, D: Sha256> Patcher<'w, B, T, D> {
    /// A patcher that has seen no input and takes packages for any device. `workspace` must be aligned to four bytes;
    /// how long it must be is known when the header is: see [`required_ram`], or ask [`Header::parse`] beforehand.
    pub fn new(workspace: &'w mut [u8], base: B, target: T) -> Self {
        Self::with_policy(workspace, base, target, Anything)
    }
}

impl<'w, B: Base, T: Target, D: Sha256, P: Policy> Patcher<'w, B, T, D, P> {
    /// A patcher that takes the packages that `policy` allows.
    pub fn with_policy(workspace: &'w mut [u8], base: B, target: T, policy: P) -> Self {
        Self {
            stage: Stage::Header { workspace, gathered: 0 },
            surroundings: Surroundings { base, target, written: 0, digest: None },
            policy,
            header: None,
        }
    }

    /// The header, once it has arrived.
    #[must_use]
    pub const fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// How much of the target has been written, in percent; its digest is not checked before [`Patcher::finish`].
    #[must_use]
    pub fn progress(&self) -> u8 {
        self.header.as_ref().map_or(0, |header| percent(self.surroundings.written, header.target_size))
    }

    /// Takes the next piece of the package, all of it, and writes what can be restored.
    ///
    /// After an error the restore is over: every further call is [`Error::Finished`].
    pub fn push(&mut self, piece: &[u8]) -> Result<(), Error> {
        let stage = core::mem::replace(&mut self.stage, Stage::Finished);
        self.stage = self.take(stage, piece)?;
        Ok(())
    }

    /// Ends the restore: the package must be complete, and the target's digest right. Returns the target.
    pub fn finish(mut self) -> Result<T, Error> {
        // A body without a byte is complete before anything is pushed.
        self.push(&[])?;
        let header = self.header.ok_or(Error::Truncated)?;
        let body_digest = match self.stage {
            Stage::Header { .. } => return Err(Error::Truncated),
            Stage::Finished => return Err(Error::Finished),
            Stage::Body { done: false, .. } => return Err(Error::Truncated),
            Stage::Body { digest, decoder, .. } => {
                decoder.finish()?;
                digest
            }
            #[cfg(feature = "zstd")]
            Stage::Zstd { body, digest } => {
                body.finish()?;
                digest
            }
        };
        if body_digest.map(Sha256::finish) != header.body_digest {
            return Err(Error::BodyDigest);
        }
        let digest = self.surroundings.digest.ok_or(Error::Truncated)?;
        if digest.finish() != header.target_digest {
            return Err(Error::TargetDigest);
        }
        Ok(self.surroundings.target)
    }

    fn take(&mut self, stage: Stage<'w, D>, piece: &[u8]) -> Result<Stage<'w, D>, Error> {
        match stage {
            Stage::Header { workspace, gathered } => self.take_header(workspace, gathered, piece),
            Stage::Body { mut walker, mut decoder, mut digest, mut done } => {
                if let Some(digest) = &mut digest {
                    digest.update(piece);
                }
                done = decode(&mut walker, &mut decoder, &mut self.surroundings, piece, done)?;
                Ok(Stage::Body { walker, decoder, digest, done })
            }
            #[cfg(feature = "zstd")]
            Stage::Zstd { mut body, mut digest } => {
                if let Some(digest) = &mut digest {
                    digest.update(piece);
                }
                body.push(piece, &mut self.surroundings)?;
                Ok(Stage::Zstd { body, digest })
            }
            Stage::Finished => Err(Error::Finished),
        }
    }

    fn take_header(
        &mut self,
        workspace: &'w mut [u8],
        mut gathered: usize,
        mut piece: &[u8],
    ) -> Result<Stage<'w, D>, Error> {
        loop {
            let known = workspace.get(..gathered).ok_or(Error::WorkspaceTooSmall)?;
            let wanted = if gathered < PREFIX_LENGTH { PREFIX_LENGTH } else { Header::length(known)? };
            if gathered >= wanted {
                let policy = &self.policy;
                let known = workspace.get_mut(..gathered).ok_or(Error::WorkspaceTooSmall)?;
                with_message(known, |message, signatures| policy.authenticate(message, signatures))?;
                let (header, extensions, _) = Header::parse_extended(known)?;
                self.allow(&header, &extensions)?;
                let stage = self.begin(&header, workspace)?;
                return self.take(stage, piece);
            }
            let count = piece.len().min(wanted - gathered);
            let (now, later) = piece.split_at_checked(count).ok_or(Error::MalformedHeader)?;
            let place = workspace.get_mut(gathered..gathered + count).ok_or(Error::WorkspaceTooSmall)?;
            place.iter_mut().zip(now).for_each(|(to, &from)| *to = from);
            gathered += count;
            piece = later;
            if gathered < wanted {
                // A wrong magic or version is refused as soon as it is there.
                return Ok(Stage::Header { workspace, gathered });
            }
        }
    }

    /// Whether decoder and device want this package.
    fn allow(&self, header: &Header, extensions: &Extensions<'_>) -> Result<(), Error> {
        if matches!(header.codec, Codec::Zstd { .. }) && cfg!(not(feature = "zstd")) {
            return Err(Error::UnsupportedCodec);
        }
        self.policy.allow(header, extensions)
    }

    /// Checks workspace and base, in this order, and only then lets the target begin.
    fn begin(&mut self, header: &Header, workspace: &'w mut [u8]) -> Result<Stage<'w, D>, Error> {
        if required_ram(header) > workspace.len() as u64 && matches!(header.codec, Codec::Cm { .. }) {
            return Err(Error::WorkspaceTooSmall);
        }
        let digest = header.body_digest.map(|_| D::start());
        let base = &mut self.surroundings.base;
        let stage = match header.codec {
            Codec::Cm { size, tuning } => {
                check_base::<B, D>(base, header, workspace)?;
                let layout = Layout::new(header, size, tuning, workspace)?;
                let (walker, decoder) = layout.split(header.body_length);
                Stage::Body { walker, decoder, digest, done: false }
            }
            #[cfg(feature = "zstd")]
            Codec::Zstd { window_log } => {
                let mut body = super::zstd::ZstdBody::new(header, window_log)?;
                // The caller's workspace may be as small as the header.
                check_base::<B, D>(base, header, body.buffer())?;
                Stage::Zstd { body, digest }
            }
            #[cfg(not(feature = "zstd"))]
            Codec::Zstd { .. } => return Err(Error::UnsupportedCodec),
        };
        self.header = Some(*header);
        self.surroundings.target.begin(header.target_size)?;
        self.surroundings.digest = Some(D::start());
        Ok(stage)
    }
}

/// `done` of `whole` in percent, rounded down.
pub(crate) const fn percent(done: u32, whole: u32) -> u8 {
    match (done as u64 * 100).checked_div(whole as u64) {
        Some(percent) if percent < 100 => percent as u8,
        _ => 100,
    }
}

/// Compares size and SHA-256 of the base, a piece of workspace at a time.
fn check_base<B: Base, D: Sha256>(base: &mut B, header: &Header, buffer: &mut [u8]) -> Result<(), Error> {
    if base.size() != header.base_size {
        return Err(Error::BaseSize);
    }
    if header.base_size == 0 {
        return Ok(());
    }
    let mut digest = D::start();
    let mut offset = 0;
    while offset < header.base_size {
        let count = (header.base_size - offset).min(buffer.len().max(HEADER_LIMIT) as u32);
        let part = buffer.get_mut(..count as usize).ok_or(Error::WorkspaceTooSmall)?;
        base.read(offset, part)?;
        digest.update(part);
        offset += count;
    }
    let digest = digest.finish();
    let known: Option<&[u8; 16]> = digest.first_chunk();
    if known == Some(&header.base_digest) { Ok(()) } else { Err(Error::BaseDigest) }
}

/// Feeds a piece to the decoder; true when the target is complete.
fn decode<I: Io>(
    walker: &mut Walker<'_>,
    decoder: &mut RangeDecoder<'_>,
    io: &mut I,
    mut piece: &[u8],
    mut done: bool,
) -> Result<bool, Error> {
    loop {
        let taken = decoder.fill(piece);
        piece = piece.get(taken..).unwrap_or(&[]);
        if !done {
            done = walker.run(decoder, &Blind, io)? == Progress::Done;
        }
        if piece.is_empty() {
            return Ok(done);
        }
        if done || taken == 0 {
            return Err(Error::TrailingData);
        }
    }
}

impl<B: Base, T: Target, D: Sha256> Io for Surroundings<B, T, D> {
    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        self.base.read(offset, buffer)
    }

    fn read_target(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        self.target.read(offset, buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
        self.target.write(bytes)?;
        self.written = self.written.saturating_add(bytes.len() as u32);
        Ok(())
    }
}

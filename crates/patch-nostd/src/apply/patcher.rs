//! The push interface: package bytes in pieces of any size, the target out (`docs/format.md`, section 8).

use super::body::{decode, decrypted};
use super::digests::{beginning, hash_base, matches};
use super::io::{Base, Target};
use super::layout::Layout;
use super::surroundings::Surroundings;
use super::walker::Walker;
use crate::Error;
use crate::entropy::{Coder, RangeDecoder};
use crate::secrecy::{DecryptionKey, NoKey, unlock};
#[cfg(feature = "sha2")]
use crate::verify::SoftwareSha256;
use crate::verify::{Anything, Policy, Sha256, authenticate};
#[cfg(feature = "zstd")]
use crate::wire::Codec;
use crate::wire::{Extensions, Header, PREFIX_LENGTH};
#[cfg(feature = "lanes")]
use crate::wire::{Lane, Lanes};

/// Restores a target image from a base image and a package that arrives in pieces.
///
/// Nothing is written before the header's checksum and the base image's size and SHA-256 have been found right.
/// The target must not be used before [`Patcher::complete`] (or [`Patcher::finish`]) has returned `Ok`.
#[derive(Debug)]
pub struct Patcher<'w, B, T, D, P = Anything, K: DecryptionKey = NoKey> {
    stage: Stage<'w>,
    surroundings: Surroundings<B, T, D>,
    policy: P,
    key: K,
    /// What decrypts the body, if the package is encrypted.
    cipher: Option<K::Cipher>,
    /// All zeros until it has arrived.
    header: Header,
    /// Bytes of header and body, once the header is known.
    length: u32,
    /// That of the body, if the header has one to compare it with.
    body_digest: Option<D>,
    #[cfg(feature = "lanes")]
    lanes: Turns,
}

/// The lanes of a body, which are decoded one after the other.
#[cfg(feature = "lanes")]
#[derive(Debug)]
struct Turns {
    all: Lanes,
    /// How many have been begun.
    begun: usize,
}

// There is no heap to box the large one into. It is made where it stays: moving it would take half a kilobyte of stack.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
enum Stage<'w> {
    /// Gathering the header at the start of the workspace.
    Header { workspace: &'w mut [u8], gathered: usize },
    /// Hashing the base, of which `hashed` bytes are done.
    Base { workspace: &'w mut [u8], hashed: u32 },
    /// Decoding a body of events.
    Body { walker: Walker<'w>, decoder: RangeDecoder<'w>, done: bool },
    /// Decoding a `zstd` body.
    #[cfg(feature = "zstd")]
    Zstd(super::zstd::ZstdBody),
    /// After an error or the end.
    Finished,
}

#[cfg(feature = "sha2")]
impl<'w, B: Base<Error: Into<T::Error>>, T: Target> Patcher<'w, B, T, SoftwareSha256> {
    /// A patcher that takes packages for any device and hashes in software; [`Patcher::with_policy`] has the choice.
    /// `workspace` must be aligned to four bytes; [`Header::requirements`] states its length.
    #[inline]
    pub fn new(workspace: &'w mut [u8], base: B, target: T) -> Self {
        Self::with_policy(workspace, base, target, Anything)
    }
}

impl<'w, B: Base<Error: Into<T::Error>>, T: Target, D: Sha256, P: Policy> Patcher<'w, B, T, D, P> {
    /// A patcher that takes the packages that `policy` allows.
    #[inline]
    pub fn with_policy(workspace: &'w mut [u8], base: B, target: T, policy: P) -> Self {
        Self::with_key(workspace, base, target, policy, NoKey)
    }
}

impl<'w, B: Base<Error: Into<T::Error>>, T: Target, D: Sha256, P: Policy, K: DecryptionKey>
    Patcher<'w, B, T, D, P, K>
{
    /// A patcher that also takes packages that `key` decrypts, if `policy` allows them.
    ///
    /// The workspace holds the header and what is private in it for a moment.
    #[inline]
    pub fn with_key(workspace: &'w mut [u8], base: B, target: T, policy: P, key: K) -> Self {
        Self {
            stage: Stage::Header { workspace, gathered: 0 },
            surroundings: Surroundings { base, target, written: 0, digest: None },
            policy,
            key,
            cipher: None,
            header: Header::NONE,
            length: 0,
            body_digest: None,
            #[cfg(feature = "lanes")]
            lanes: Turns { all: Lanes::NONE, begun: 0 },
        }
    }

    /// The header, once it has arrived.
    #[must_use]
    pub const fn header(&self) -> Option<&Header> {
        // No header asks for no memory.
        if self.header.ram == 0 { None } else { Some(&self.header) }
    }

    /// Bytes of the whole package, once its header has arrived.
    #[must_use]
    pub const fn package_length(&self) -> Option<u32> {
        if self.header.ram == 0 { None } else { Some(self.length) }
    }

    /// How much of the target has been written, in percent; its digest is not checked before [`Patcher::complete`].
    #[must_use]
    pub fn progress(&self) -> u8 {
        self.header().map_or(0, |header| percent(self.surroundings.written, header.target_size))
    }

    /// Whether nothing can go on without more of the package.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        match &self.stage {
            Stage::Body { decoder, done, .. } => !done && !decoder.ready(),
            #[cfg(feature = "zstd")]
            Stage::Zstd(_) => true,
            Stage::Header { .. } | Stage::Finished => true,
            Stage::Base { .. } => false,
        }
    }

    /// Whether the body has been decoded to its end, as far as that is known before [`Patcher::complete`].
    #[must_use]
    pub const fn is_done(&self) -> bool {
        match &self.stage {
            Stage::Body { done, .. } => *done,
            #[cfg(feature = "zstd")]
            Stage::Zstd(_) => true,
            Stage::Header { .. } | Stage::Base { .. } | Stage::Finished => false,
        }
    }

    /// The target, for updates that read it back.
    #[cfg(feature = "flash")]
    pub(crate) fn target(&mut self) -> &mut T {
        &mut self.surroundings.target
    }

    /// Takes the next piece of the package, all of it, and writes what can be restored.
    ///
    /// # Errors
    /// Why the package was refused, or the error of the base or the target. The restore is then over: every further call
    /// is [`Error::Finished`].
    pub fn push(&mut self, mut piece: &[u8]) -> Result<(), T::Error> {
        loop {
            let taken = self.step(piece, u32::MAX)?;
            piece = piece.get(taken..).unwrap_or(&[]);
            if piece.is_empty() {
                return Ok(());
            }
        }
    }

    /// Takes what it can of the next piece of the package, and writes about `budget` bytes of target at most, or reads
    /// as many of the base to check it; returns how many bytes it took. With budgets, it may take none, and have more to
    /// do although it took all. A budget of 0 is one of 1, so that every step goes on.
    ///
    /// Packages of codec `zstd` pay no heed to the budget.
    ///
    /// # Errors
    /// As [`Patcher::push`].
    pub fn step(&mut self, piece: &[u8], budget: u32) -> Result<usize, T::Error> {
        let mut left = piece;
        let result = self.take(&mut left, budget.max(1));
        if result.is_err() {
            self.stage = Stage::Finished;
        }
        result.map(|()| piece.len() - left.len())
    }

    /// As [`Patcher::complete`], and returns the target: for hosts, and for targets that the patcher owns. It moves the
    /// patcher, which takes a kilobyte of stack; small devices lend their target and call [`Patcher::complete`].
    ///
    /// # Errors
    /// As [`Patcher::complete`].
    #[inline]
    pub fn finish(mut self) -> Result<T, T::Error> {
        self.complete()?;
        Ok(self.surroundings.target)
    }

    /// Ends the restore: the package must be complete, and the target's digest right.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::TrailingData`], [`Error::BodyDigest`] and [`Error::TargetDigest`], and as
    /// [`Patcher::push`]. The target must not be used.
    pub fn complete(&mut self) -> Result<(), T::Error> {
        // A body without a byte is complete before anything is pushed.
        self.push(&[])?;
        let ended = match &self.stage {
            Stage::Header { .. } | Stage::Base { .. } | Stage::Body { done: false, .. } => {
                Err(Error::Truncated)
            }
            Stage::Finished => Err(Error::Finished),
            Stage::Body { decoder, .. } => decoder.finish(),
            #[cfg(feature = "zstd")]
            Stage::Zstd(body) => body.finish(),
        };
        self.stage = Stage::Finished;
        ended?;
        if !matches(&mut self.body_digest, self.header.body_digest.as_ref()) {
            return Err(Error::BodyDigest.into());
        }
        let right = matches(&mut self.surroundings.digest, Some(&self.header.target_digest));
        if right { Ok(()) } else { Err(Error::TargetDigest.into()) }
    }

    fn take(&mut self, piece: &mut &[u8], budget: u32) -> Result<(), T::Error> {
        if self.take_header(piece)? {
            self.check_size()?;
        }
        if self.check_base(budget)? {
            self.begin()?;
        }
        let before = *piece;
        match &mut self.stage {
            Stage::Header { .. } | Stage::Base { .. } => {}
            Stage::Body { walker, decoder, done } => {
                let io = &mut self.surroundings;
                *done = match &mut self.cipher {
                    None => decode(walker, decoder, io, piece, budget, *done)?,
                    cipher => {
                        let there = piece.len();
                        if *done || !decoder.ready() {
                            let taken = self.header.body_length.saturating_sub(decoder.missing());
                            #[cfg(feature = "lanes")]
                            let taken = taken.saturating_sub(self.lanes.to_come());
                            decrypted(cipher, taken, piece, |part| decoder.fill(part));
                        }
                        // Bytes after the end of the body.
                        if *done && piece.len() == there && there > 0 {
                            return Err(Error::TrailingData.into());
                        }
                        decode(walker, decoder, io, &mut &[][..], budget, *done)?
                    }
                };
                #[cfg(feature = "lanes")]
                if *done && let Some(lane) = self.lanes.next() {
                    decoder.finish()?;
                    walker.restart(lane.range());
                    decoder.restart(lane.body_length);
                    *done = false;
                }
            }
            #[cfg(feature = "zstd")]
            Stage::Zstd(body) => {
                let io = &mut self.surroundings;
                match &mut self.cipher {
                    None => body.push(core::mem::take(piece), io)?,
                    cipher => {
                        let mut pushed = Ok(());
                        decrypted(cipher, body.taken(), piece, |part| {
                            pushed = body.push(part, io);
                            part.len()
                        });
                        pushed?;
                    }
                }
            }
            Stage::Finished => return Err(Error::Finished.into()),
        }
        if let Some(digest) = &mut self.body_digest {
            digest.update(before.get(..before.len() - piece.len()).unwrap_or(before));
        }
        Ok(())
    }

    /// Gathers the header; true when that is complete.
    // What it keeps on the stack is not there while anything is hashed or decoded.
    #[cfg_attr(not(feature = "std"), inline(never))]
    fn take_header(&mut self, piece: &mut &[u8]) -> Result<bool, Error> {
        let Stage::Header { workspace, gathered } = &mut self.stage else { return Ok(false) };
        loop {
            let known = workspace.get(..*gathered).ok_or(Error::WorkspaceTooSmall)?;
            // A wrong magic or version is refused as soon as it is there.
            let wanted = if *gathered < PREFIX_LENGTH { PREFIX_LENGTH } else { Header::length(known)? };
            if *gathered >= wanted {
                break;
            }
            let Some((&byte, rest)) = piece.split_first() else { return Ok(false) };
            *workspace.get_mut(*gathered).ok_or(Error::WorkspaceTooSmall)? = byte;
            *gathered += 1;
            *piece = rest;
        }
        let (known, room) = workspace.split_at_mut_checked(*gathered).ok_or(Error::WorkspaceTooSmall)?;
        authenticate(&self.policy, known)?;
        let mut extensions = Extensions::default();
        self.header.read(known, &mut extensions)?;
        self.length = self.header.body_length.saturating_add(known.len() as u32);
        #[cfg(feature = "containers")]
        if extensions.container.is_some() {
            return Err(Error::Container);
        }
        self.cipher = unlock::<D, K>(&self.key, &self.header, &mut extensions, room)?;
        #[cfg(feature = "lanes")]
        {
            self.lanes.all = Lanes::read(extensions.lanes, &self.header)?;
        }
        if self.header.target_size > self.surroundings.target.limit() {
            return Err(Error::SlotSize);
        }
        self.policy.allow(&self.header, &extensions)?;
        Ok(true)
    }

    /// Checks workspace and size of the base, in this order, before the base is read.
    fn check_size(&mut self) -> Result<(), Error> {
        let Stage::Header { workspace, .. } = &mut self.stage else { return Ok(()) };
        let workspace = core::mem::take(workspace);
        if self.header.codec.models().is_some() && self.header.ram as usize > workspace.len() {
            return Err(Error::WorkspaceTooSmall);
        }
        if self.surroundings.base.size() != self.header.base_size {
            return Err(Error::BaseSize);
        }
        self.stage = Stage::Base { workspace, hashed: 0 };
        Ok(())
    }

    /// Compares the base's SHA-256, about `budget` bytes at a time; true when it is right.
    #[cfg_attr(not(feature = "std"), inline(never))]
    fn check_base(&mut self, budget: u32) -> Result<bool, T::Error> {
        let Stage::Base { workspace, hashed } = &mut self.stage else { return Ok(false) };
        let Surroundings { base, digest, .. } = &mut self.surroundings;
        let size = self.header.base_size;
        let vouched = if size > 0 && *hashed == 0 { base.digest() } else { None };
        let known = if vouched.is_some() || size == 0 {
            vouched
        } else {
            let end = hashed.saturating_add(budget).min(size);
            hash_base(base, digest.get_or_insert_with(D::start), *hashed..end, workspace)?;
            *hashed = end;
            if end < size {
                return Ok(false);
            }
            digest.take().and_then(beginning)
        };
        let right = size == 0 || known == Some(self.header.base_digest);
        if right { Ok(true) } else { Err(Error::BaseDigest.into()) }
    }

    /// Workspace and base are right: lets the target begin.
    fn begin(&mut self) -> Result<(), T::Error> {
        let Stage::Base { workspace, .. } = &mut self.stage else { return Ok(()) };
        let workspace = core::mem::take(workspace);
        #[cfg(feature = "zstd")]
        if let Codec::Zstd { window_log } = self.header.codec {
            self.stage = Stage::Zstd(super::zstd::ZstdBody::new(&self.header, window_log)?);
        } else {
            self.begin_events(workspace)?;
        }
        #[cfg(not(feature = "zstd"))]
        self.begin_events(workspace)?;
        self.body_digest = self.header.body_digest.map(|_| D::start());
        self.surroundings.target.announce(&self.header)?;
        self.surroundings.target.begin(self.header.target_size)?;
        self.surroundings.digest = Some(D::start());
        Ok(())
    }

    #[cfg_attr(not(feature = "std"), inline(never))]
    fn begin_events(&mut self, workspace: &'w mut [u8]) -> Result<(), Error> {
        let layout = Layout::new(&self.header, workspace)?;
        #[cfg(not(feature = "lanes"))]
        let (walker, decoder) = layout.split(self.header.body_length);
        #[cfg(feature = "lanes")]
        let (walker, decoder) = {
            let lane = self.lanes.next().unwrap_or_default();
            let (mut walker, decoder) = layout.split(lane.body_length);
            walker.enter(lane.range());
            (walker, decoder)
        };
        self.stage = Stage::Body { walker, decoder, done: false };
        Ok(())
    }
}

#[cfg(feature = "lanes")]
impl Turns {
    /// Begins the next one, if there is one.
    fn next(&mut self) -> Option<Lane> {
        let lane = self.all.as_slice().get(self.begun).copied()?;
        self.begun += 1;
        Some(lane)
    }

    /// Bytes of body of those that have not been begun.
    fn to_come(&self) -> u32 {
        let lanes = self.all.as_slice().get(self.begun..).unwrap_or(&[]);
        lanes.iter().map(|lane| lane.body_length).sum()
    }
}

/// `done` of `whole` in percent, rounded down.
pub(crate) const fn percent(done: u32, whole: u32) -> u8 {
    match (done as u64 * 100).checked_div(whole as u64) {
        Some(percent) if percent < 100 => percent as u8,
        _ => 100,
    }
}

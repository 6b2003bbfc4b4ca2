//! A package that is stored in flash, and the decoder of its body whose state is stored too
//! (`docs/format.md`, section 8.2).

use super::slot_and_scratch::SlotAndScratch;
use super::traits::Flash;
use crate::Error;
use crate::apply::Walker;
use crate::entropy::{Coder, RangeDecoder};
use crate::secrecy::{Cipher, DecryptionKey, decrypt_body, unlock};
use crate::state::{State, Transfer};
use crate::verify::{Policy, Sha256, authenticate};
use crate::wire::{HEADER_LIMIT, Header, InPlacePlan, PREFIX_LENGTH, crc32, crc32_on};

/// Bytes of package that are read at once.
const PIECE: usize = 64;
/// Bytes of state on top of the workspace, rounded up.
const STATE: u32 = 1024;

/// The decoder, and how much of the body it took.
#[derive(Debug)]
pub(super) struct Decoder<'w> {
    pub(super) walker: Walker<'w>,
    pub(super) input: RangeDecoder<'w>,
    pub(super) taken: u32,
}

crate::state::state!(Decoder<'_>: walker, input, taken);

/// Bytes of the state area for a decoder with this workspace: twice that and the decoder's other state, in whole pages.
pub(super) fn state_area(workspace: u32, page: u32) -> Option<u32> {
    state_place(workspace, page)?.checked_mul(2)
}

/// Bytes of one of the two.
pub(super) fn state_place(workspace: u32, page: u32) -> Option<u32> {
    workspace.checked_add(STATE)?.checked_next_multiple_of(page)
}

/// What is known of a stored package when its header has been read.
pub(super) struct Opened<C> {
    pub(super) header: Header,
    pub(super) plan: InPlacePlan,
    /// Where the body begins.
    pub(super) body: u32,
    /// What decrypts it, if it is encrypted.
    pub(super) cipher: Option<C>,
}

/// Reads the header, if decoder and device want the package.
pub(super) fn read_header<D: Sha256, K: DecryptionKey>(
    workspace: &mut [u8],
    package: &mut impl Flash,
    policy: &impl Policy,
    key: &K,
) -> Result<Opened<K::Cipher>, Error> {
    let (buffer, room) = workspace.split_at_mut_checked(HEADER_LIMIT).ok_or(Error::WorkspaceTooSmall)?;
    let prefix = buffer.get_mut(..PREFIX_LENGTH).ok_or(Error::WorkspaceTooSmall)?;
    package.read(0, prefix).map_err(|_| Error::PackageRead)?;
    let length = Header::length(prefix)?;
    let bytes = buffer.get_mut(..length).ok_or(Error::WorkspaceTooSmall)?;
    package.read(0, bytes).map_err(|_| Error::PackageRead)?;
    authenticate(policy, bytes)?;
    let (header, mut extensions, _) = Header::parse_extended(bytes)?;
    // Its body makes the expanded target, not the image: carried out here, it would cost the only image.
    #[cfg(feature = "containers")]
    if extensions.container.is_some() {
        return Err(Error::Container);
    }
    let cipher = unlock::<D, K>(key, &header, &mut extensions, room)?;
    policy.allow(&header, &extensions)?;
    let plan = extensions.in_place.ok_or(Error::NotInPlace)?;
    // Its state could not be saved, or the body could not be checked first.
    if header.codec.models().is_none() || header.body_digest.is_none() {
        return Err(Error::NotInPlace);
    }
    let end = header.body_length.checked_add(length as u32);
    if end.is_none_or(|end| end > package.geometry().size) {
        return Err(Error::Truncated);
    }
    Ok(Opened { header, plan, body: length as u32, cipher })
}

/// Distinguishes this update from others: by what it makes, from what, and by which steps. One body may go with several
/// plans, for scratch areas of several sizes; going on with another plan would lose both images.
pub(super) fn update(header: &Header, plan: &InPlacePlan) -> Result<u64, Error> {
    let body = header.body_digest.ok_or(Error::NotInPlace)?;
    let [t0, t1, t2, t3, ..] = header.target_digest;
    let steps = [plan.segment, plan.shift, plan.keep, header.base_size, header.ram];
    let steps = steps.iter().fold(crc32(&body), |sum, number| crc32_on(sum, &number.to_le_bytes()));
    Ok(u64::from(steps) << 32 | u64::from(u32::from_le_bytes([t0, t1, t2, t3])))
}

/// Takes the bytes from `at` to `end` of a package into a digest; returns `end`.
pub(super) fn hash(
    package: &mut impl Flash,
    digest: &mut impl Sha256,
    (mut at, end): (u32, u32),
) -> Result<u32, Error> {
    let mut piece = [0; PIECE];
    while at < end {
        let part = piece.get_mut(..PIECE.min((end - at) as usize)).ok_or(Error::PackageRead)?;
        package.read(at, part).map_err(|_| Error::PackageRead)?;
        digest.update(part);
        at += part.len() as u32;
    }
    Ok(end)
}

impl Decoder<'_> {
    /// Fills the input buffer, with what `cipher` decrypts if there is one.
    pub(super) fn feed(
        &mut self,
        package: &mut impl Flash,
        (body, length): (u32, u32),
        cipher: &mut Option<impl Cipher>,
    ) -> Result<(), Error> {
        let mut piece = [0; PIECE];
        while self.taken < length && !self.input.ready() {
            let count = PIECE.min((length - self.taken) as usize);
            let part = piece.get_mut(..count).ok_or(Error::PackageRead)?;
            package.read(body + self.taken, part).map_err(|_| Error::PackageRead)?;
            decrypt_body(cipher, self.taken, part);
            self.taken += self.input.fill(part) as u32;
        }
        // A body without a byte is complete, too.
        if length == 0 {
            self.input.fill(&[]);
        }
        Ok(())
    }
}

/// Carries decoder and held bytes to the state area, or from there.
pub(super) fn transfer<F: Flash>(
    decoder: &mut Decoder<'_>,
    areas: &mut SlotAndScratch<'_, F>,
    transfer: &mut impl Transfer,
) -> Result<(), Error> {
    areas.transfer(transfer)?;
    decoder.transfer(transfer)
}

/// Whether a decoder and held bytes that were loaded can be those after the segments before.
pub(super) fn are_sound<F: Flash>(
    decoder: &Decoder<'_>,
    areas: &SlotAndScratch<'_, F>,
    body_length: u32,
) -> bool {
    let position = u64::from(areas.start()) + areas.used as u64;
    let missing = body_length.checked_sub(decoder.taken);
    u64::from(decoder.walker.position()) == position
        && decoder.walker.is_sound()
        && missing.is_some_and(|missing| decoder.input.is_sound(missing))
}

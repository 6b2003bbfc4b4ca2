//! Restoring with the device's own decoder: progress, and errors with advice.

use std::time::Duration;

use smidgen_diff::release::Keys;
use smidgen_diff::{Restore, RestoreError, replay_in_place};
use smidgen_patch::{Header, Target};

use super::containers::Files;
use super::image::Image;
use super::output::Stopped;
use super::package::Smidgen;
use crate::report::{Bar, Failure, Object, json, seconds};

/// Restores the target image of `package` into `target`, which must not be used after an error.
pub(crate) fn restore(
    base: &Image,
    package: &Smidgen,
    target: impl Target<Error: Into<Stopped>> + Send,
    bar: &Bar<'_>,
) -> Result<(), Failure> {
    bar.stage("restoring", package.header.target_size.into());
    let restore = Restore::default().with_key(Keys(&package.keys)).with_streams(&Files);
    restore.restore(base, &package.file, Watched { target, bar, news: 0 }).map_err(|error| match error {
        RestoreError::Target(Stopped::Decoder(error)) => package.explain(error, base),
        RestoreError::Target(Stopped::Output(failure)) => failure,
        error => Failure::package(message(&error))
            .about(package.file.path())
            .note("the header was made with a wrong MD5: make the package anew"),
    })
}

fn message(error: &RestoreError<Stopped>) -> String {
    match error {
        RestoreError::Classic(error) => error.to_string(),
        _ => "the restored image has the wrong MD5, though its SHA-256 is right".to_owned(),
    }
}

/// Applies an in-place package in its slot, on simulated flash; false if it is none, or cannot be simulated.
pub(crate) fn replay(
    base: &Image,
    package: &Smidgen,
    flash: Option<&smidgen_diff::InPlace>,
) -> Result<bool, Failure> {
    replay_in_place(base, package.plain(), flash).map_err(|error| {
        Failure::package(format!("cannot be applied in place: {error}"))
            .about(package.file.path())
            .numbered(error)
            .note("make the package anew, for the flash of the device")
    })
}

/// The members for `--json` of a target that was restored.
pub(crate) fn restored_json(package: &Smidgen, time: Duration) -> Object {
    let mut fields = json::summary(&package.header, package.file.len());
    fields.insert("seconds".to_owned(), seconds(time));
    fields
}

/// Bytes that a bar learns of at once: the decoder writes as few as 256, and telling takes longer than that.
const NEWS: u64 = 64 << 10;

/// A target that shows progress.
struct Watched<'a, T> {
    target: T,
    bar: &'a Bar<'a>,
    /// Bytes that the bar does not know of yet.
    news: u64,
}

impl<T: Target<Error: Into<Stopped>>> Target for Watched<'_, T> {
    type Error = Stopped;

    fn limit(&self) -> u32 {
        self.target.limit()
    }

    fn announce(&mut self, header: &Header) -> Result<(), Stopped> {
        self.target.announce(header).map_err(Into::into)
    }

    fn begin(&mut self, size: u32) -> Result<(), Stopped> {
        self.target.begin(size).map_err(Into::into)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        self.news += bytes.len() as u64;
        if self.news >= NEWS {
            self.bar.steps(std::mem::take(&mut self.news));
        }
        self.target.write(bytes).map_err(Into::into)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Stopped> {
        self.target.read(offset, buffer).map_err(Into::into)
    }
}

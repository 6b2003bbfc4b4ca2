//! What the bytes of a finished package are spent on: it is decoded, and costs are added up.

use smidgen_patch::container::Opened;
use smidgen_patch::header::Codec;
use smidgen_patch::internals::apply::{Blind, Io, Layout, Operation, Pause, ZstdBody};
use smidgen_patch::internals::entropy::{Coder, RangeDecoder};
use smidgen_patch::{Error, Header, SoftwareSha256};

use crate::api::Report;
use crate::container::expand_all;
use crate::encode::Metered;
use crate::images::copy_from;

/// Decodes a package and reports what it consists of; `base` must be its base image.
///
/// Digests are not checked: that is [`smidgen_patch::Patcher`]'s work.
///
/// # Errors
/// A package that is damaged, or made for another base.
pub fn inspect(base: &[u8], package: &[u8]) -> Result<Report, Error> {
    let (header, length) = Header::parse(package)?;
    if base.len() != header.base_size as usize {
        return Err(Error::BaseSize);
    }
    if let Some(package) = Opened::new::<SoftwareSha256>(package)? {
        let expanded = expand_all(base, &package.base, package.record.base_size).ok_or(Error::Corrupt)?;
        return inspect_body(&expanded, &package.inner, package.body);
    }
    inspect_body(base, &header, package.get(length..).unwrap_or(&[]))
}

fn inspect_body(base: &[u8], header: &Header, mut body: &[u8]) -> Result<Report, Error> {
    let mut io = Memory { base, target: Vec::new(), report: Report::default() };
    let (size, tuning) = match header.codec {
        Codec::Cm { size, tuning } => (size, tuning),
        // Costs are unknown: zstd does not code operation by operation.
        Codec::Zstd { window_log } => {
            let mut decoder = ZstdBody::new(header, window_log)?;
            decoder.push(body, &mut io)?;
            decoder.finish()?;
            return Ok(io.report);
        }
    };
    let mut memory = vec![0; header.ram as usize + 3];
    let start = memory.as_ptr().align_offset(4);
    let layout = Layout::new(header, size, tuning, &mut memory[start..])?;
    let decoder = RangeDecoder::new(layout.input, header.body_length);
    let mut coder = Metered::new(decoder);
    let mut walker = layout.walker;
    loop {
        let taken = coder.inner.fill(body);
        body = &body[taken..];
        while coder.ready() {
            if walker.step(&mut coder, &Blind, &mut io)? == Pause::Done {
                io.report.take_costs(&coder.meter);
                io.report.events = coder.events;
                return Ok(io.report);
            }
            walker.announced().into_iter().for_each(|operation| io.announce(operation));
        }
        if body.is_empty() {
            return Err(Error::Truncated);
        }
    }
}

/// A base and a target in memory; operations that are announced are counted.
struct Memory<'a> {
    base: &'a [u8],
    target: Vec<u8>,
    report: Report,
}

impl Io for Memory<'_> {
    type Error = Error;

    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        copy_from(self.base, offset, buffer).ok_or(Error::BaseRead)
    }

    fn read_target(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        copy_from(&self.target, offset, buffer).ok_or(Error::TargetRead)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.target.extend_from_slice(bytes);
        Ok(())
    }

    fn announce(&mut self, operation: Operation) {
        self.report.count(operation);
    }
}

//! Where the bytes of a package go: cover statistics and cost by category.

use patch_nostd::apply::{Blind, Io, Layout, Operation, Progress, Source, ZstdBody};
use patch_nostd::container::Opened;
use patch_nostd::entropy::{Category, Coder, CostMeter, RangeDecoder};
use patch_nostd::wire::Codec;
use patch_nostd::{Error, Header, SoftwareSha256};

use crate::container::expand_all;

/// Names of the cost categories, in the order of [`Report::costs`].
pub const CATEGORIES: [&str; 6] = ["landmarks", "control", "unchanged", "changed", "references", "literals"];

/// What a package's body consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Covers that copy from the base image, and the bytes of target they make.
    pub base_covers: u64,
    /// Bytes of target that they make.
    pub base_covered: u64,
    /// Covers that copy from the target itself.
    pub target_covers: u64,
    /// Bytes of target that they make.
    pub target_covered: u64,
    /// The longest cover, in bytes.
    pub longest_cover: u64,
    /// Bytes of target in no cover.
    pub literals: u64,
    /// What each category of [`CATEGORIES`] costs, in bytes, rounded; all zero where the codec cannot tell.
    pub costs: [u64; 6],
}

impl Report {
    pub(crate) fn count(&mut self, operation: Operation) {
        self.literals += u64::from(operation.literals);
        let Some(cover) = operation.cover else { return };
        let length = u64::from(cover.length);
        self.longest_cover = self.longest_cover.max(length);
        match cover.source {
            Source::Base => {
                self.base_covers += 1;
                self.base_covered += length;
            }
            Source::Target => {
                self.target_covers += 1;
                self.target_covered += length;
            }
        }
    }

    /// The cover statistics of these operations.
    pub(crate) fn of(operations: impl Iterator<Item = Operation>) -> Self {
        let mut report = Self::default();
        operations.for_each(|operation| report.count(operation));
        report
    }

    pub(crate) fn take_costs(&mut self, meter: &CostMeter) {
        self.costs = meter.costs.map(|cost| (cost + 1024) >> 11);
    }
}

/// Decodes a package to see what it consists of; `old` must be its base image.
///
/// Digests are not checked: that is [`patch_nostd::Patcher`]'s work.
pub fn inspect(old: &[u8], package: &[u8]) -> Result<Report, Error> {
    let (header, length) = Header::parse(package)?;
    if old.len() != header.base_size as usize {
        return Err(Error::BaseSize);
    }
    if let Some(package) = Opened::new::<SoftwareSha256>(package)? {
        let expanded = expand_all(old, &package.base, package.record.base_size).ok_or(Error::Corrupt)?;
        return inspect_body(&expanded, &package.inner, package.body);
    }
    inspect_body(old, &header, package.get(length..).unwrap_or(&[]))
}

fn inspect_body(old: &[u8], header: &Header, mut body: &[u8]) -> Result<Report, Error> {
    let (size, tuning) = match header.codec {
        Codec::Cm { size, tuning } => (size, tuning),
        Codec::Zstd { window_log } => {
            let decoder = ZstdBody::new(header, window_log)?;
            return inspect_zstd(old, decoder, body);
        }
    };
    let mut memory = vec![0; header.ram as usize + 3];
    let start = memory.as_ptr().align_offset(4);
    let layout = Layout::new(header, size, tuning, &mut memory[start..])?;
    let decoder = RangeDecoder::new(layout.input, header.body_length);
    let mut coder = Metered { inner: decoder, meter: CostMeter::default() };
    let mut io = Memory { old, target: Vec::new() };
    let mut walker = layout.walker;
    let mut report = Report::default();
    loop {
        let taken = coder.inner.fill(body);
        body = &body[taken..];
        while coder.ready() {
            if walker.step(&mut coder, &Blind, &mut io)? == Progress::Done {
                report.take_costs(&coder.meter);
                return Ok(report);
            }
            walker.announced().into_iter().for_each(|operation| report.count(operation));
        }
        if body.is_empty() {
            return Err(Error::Truncated);
        }
    }
}

/// Costs cannot be told: zstd codes what it finds, not operation by operation.
fn inspect_zstd(old: &[u8], mut decoder: ZstdBody, body: &[u8]) -> Result<Report, Error> {
    let mut counter = Counter { old, report: Report::default() };
    decoder.push(body, &mut counter)?;
    decoder.finish()?;
    Ok(counter.report)
}

/// A coder whose events are priced as they pass.
pub(crate) struct Metered<C> {
    pub(crate) inner: C,
    pub(crate) meter: CostMeter,
}

impl<C: Coder> Coder for Metered<C> {
    fn code(&mut self, probability: u16, bit: bool) -> bool {
        let bit = self.inner.code(probability, bit);
        self.meter.code(probability, bit)
    }

    fn ready(&self) -> bool {
        self.inner.ready()
    }

    fn category(&mut self, category: Category) {
        self.meter.category(category);
    }
}

/// A base and a target in memory.
struct Memory<'a> {
    old: &'a [u8],
    target: Vec<u8>,
}

impl Io for Memory<'_> {
    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        copy_from(self.old, offset, buffer).ok_or(Error::BaseRead)
    }

    fn read_target(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        copy_from(&self.target, offset, buffer).ok_or(Error::TargetRead)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.target.extend_from_slice(bytes);
        Ok(())
    }
}

/// Counts operations and drops what they make.
struct Counter<'a> {
    old: &'a [u8],
    report: Report,
}

impl Io for Counter<'_> {
    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        copy_from(self.old, offset, buffer).ok_or(Error::BaseRead)
    }

    fn read_target(&mut self, _offset: u32, _buffer: &mut [u8]) -> Result<(), Error> {
        Err(Error::TargetRead)
    }

    fn write(&mut self, _bytes: &[u8]) -> Result<(), Error> {
        Ok(())
    }

    fn announce(&mut self, operation: Operation) {
        self.report.count(operation);
    }
}

fn copy_from(image: &[u8], offset: u32, buffer: &mut [u8]) -> Option<()> {
    let start = offset as usize;
    buffer.copy_from_slice(image.get(start..start + buffer.len())?);
    Some(())
}

//! Walks a plan with the decoder's own code, into bytes or only into a cost.

use patch_nostd::Error;
use patch_nostd::apply::{Io, Layout, Progress, required_ram};
use patch_nostd::entropy::{Coder, CostMeter, RangeEncoder};
use patch_nostd::wire::{Codec, Header, ModelSize, Tuning};

use super::plan::{Plan, operations};
use crate::report::{Metered, Report};

/// Everything that fixes a `cm` body.
#[derive(Clone, Debug)]
pub struct Job<'a> {
    /// The old image.
    pub old: &'a [u8],
    /// What to say about the new one.
    pub plan: Plan<'a>,
    /// Sizes of the decoder's tables; the number of landmarks is the plan's.
    pub size: ModelSize,
    /// How the models learn.
    pub tuning: Tuning,
    /// The header fields that the models depend on; its codec, regions and flags are replaced.
    pub header: Header,
}

/// What a body would cost but for its literals, and where in the new image.
#[derive(Clone, Debug)]
pub struct Trace {
    /// All of it.
    pub(crate) total: u64,
    /// Total cost, in 1/256 bit, up to the end of each block of the new image.
    pub by_block: Vec<u64>,
}

impl Job<'_> {
    /// The header of the package that this job makes, but for the body's length and digest.
    #[must_use]
    pub fn header(&self) -> Header {
        let size = ModelSize { landmarks: self.plan.landmarks.len() as u32, ..self.size };
        let mut header = Header {
            codec: Codec::Cm { size, tuning: self.tuning },
            kinds: self.plan.regions.kinds,
            read_back: self.plan.reads_back(),
            ..self.header
        };
        header.ram = required_ram(&header) as u32;
        header
    }

    /// The body, and what it consists of.
    pub(crate) fn encode(&self) -> Result<(Vec<u8>, Report), Error> {
        let coder = Metered { inner: RangeEncoder::default(), meter: CostMeter::default() };
        let coder = self.walk(coder, |_, _| {})?;
        let mut report = Report::of(operations(self.plan.new.len(), &self.plan.covers));
        report.take_costs(&coder.meter);
        Ok((coder.inner.finish(), report))
    }

    /// What the body would cost, in 1/256 bit.
    pub(crate) fn cost(&self) -> Result<u64, Error> {
        Ok(self.walk(CostMeter::default(), |_, _| {})?.total())
    }

    /// What the body would cost but for its literals, in 1/256 bit: the running total every `block` bytes.
    pub(crate) fn trace(&self, block: usize) -> Result<Trace, Error> {
        let mut by_block = Vec::with_capacity(self.plan.new.len() / block + 1);
        let coder = self.walk(CopyMeter::default(), |coder: &CopyMeter, position| {
            while (by_block.len() + 1) * block <= position as usize {
                by_block.push(coder.0.total());
            }
        })?;
        if by_block.len() * block < self.plan.new.len() {
            by_block.push(coder.0.total());
        }
        Ok(Trace { total: coder.0.total(), by_block })
    }

    /// Tells `watch` after each step where the walk is and what everything so far costs, by category.
    pub(crate) fn watch(&self, mut watch: impl FnMut(u32, &[u64; 6])) -> Result<u64, Error> {
        let meter =
            self.walk(CostMeter::default(), |meter: &CostMeter, position| watch(position, &meter.costs))?;
        Ok(meter.total())
    }

    fn walk<C: Coder>(&self, mut coder: C, mut watch: impl FnMut(&C, u32)) -> Result<C, Error> {
        let header = self.header();
        let Codec::Cm { size, tuning } = header.codec else { return Err(Error::UnsupportedCodec) };
        let mut memory = vec![0; required_ram(&header) as usize + 3];
        let start = memory.as_ptr().align_offset(4);
        let mut walker = Layout::new(&header, size, tuning, &mut memory[start..])?.walker;
        let mut io = Images { old: self.old, new: self.plan.new };
        while walker.step(&mut coder, &self.plan, &mut io)? != Progress::Done {
            watch(&coder, walker.position());
        }
        watch(&coder, walker.position());
        Ok(coder)
    }
}

/// A cost meter that leaves literals out: they cost the same whatever the regions are.
#[derive(Default)]
struct CopyMeter(CostMeter);

impl Coder for CopyMeter {
    fn code(&mut self, probability: u16, bit: bool) -> bool {
        self.0.code(probability, bit)
    }

    fn skips_literals(&self) -> bool {
        true
    }
}

/// The surroundings of an encoder, which has both images.
struct Images<'a> {
    old: &'a [u8],
    new: &'a [u8],
}

impl Io for Images<'_> {
    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        copy_from(self.old, offset, buffer).ok_or(Error::BaseRead)
    }

    fn read_target(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        copy_from(self.new, offset, buffer).ok_or(Error::TargetRead)
    }

    fn write(&mut self, _bytes: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}

fn copy_from(image: &[u8], offset: u32, buffer: &mut [u8]) -> Option<()> {
    let start = offset as usize;
    buffer.copy_from_slice(image.get(start..start + buffer.len())?);
    Some(())
}

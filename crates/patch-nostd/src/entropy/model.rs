//! The models of a body, by its codec: one event after the other gets its probability (`docs/format.md`, sections 5 to 7).

use super::Coder;
#[cfg(feature = "cm")]
use super::cm::Cm;
use super::contexts::{BlockContext, CopyContext, GuessContext, LiteralContext};
use super::control::Number;
#[cfg(feature = "lite")]
use super::lite::Lite;
use crate::Error;
use crate::state::{State, Transfer};

#[cfg(not(any(feature = "cm", feature = "lite")))]
compile_error!("a decoder has the codec `cm`, `lite` or both: ask for the feature of that name");

/// All adaptive state of a body. A decoder with one codec has no trace of the choice.
#[derive(Debug)]
pub enum Model<'w> {
    /// Hashed contexts, mixed.
    #[cfg(feature = "cm")]
    Cm(Cm<'w>),
    /// One counter for each event.
    #[cfg(feature = "lite")]
    Lite(Lite<'w>),
}

/// Does the same with the models of either codec.
macro_rules! either {
    ($model:expr, $models:ident => $do:expr) => {
        match $model {
            #[cfg(feature = "cm")]
            Model::Cm($models) => $do,
            #[cfg(feature = "lite")]
            Model::Lite($models) => $do,
        }
    };
}

impl State for Model<'_> {
    fn transfer<T: Transfer>(&mut self, transfer: &mut T) -> Result<(), Error> {
        either!(self, models => models.transfer(transfer))
    }
}

impl Model<'_> {
    /// Forgets what it has seen.
    #[cfg(feature = "lanes")]
    pub(crate) fn restart(&mut self) {
        either!(self, models => models.restart());
    }

    /// The counters with a cell of their own: for statistics.
    #[cfg(feature = "encode")]
    #[must_use]
    pub(crate) fn counters(&self) -> &[u16] {
        either!(self, models => models.counters())
    }

    /// Codes a byte between covers.
    pub fn literal<C: Coder>(&mut self, coder: &mut C, context: &LiteralContext, byte: u8) -> u8 {
        either!(self, models => models.literal(coder, context, byte))
    }

    /// Codes whether a byte of a cover equals its source.
    pub fn unchanged<C: Coder>(&mut self, coder: &mut C, context: &CopyContext, same: bool) -> bool {
        either!(self, models => models.unchanged(coder, context, same))
    }

    /// Codes the new value of a byte of a cover that differs from its source.
    ///
    /// What is coded is the difference: operands of neighbouring instructions shift by the same amount.
    pub fn changed<C: Coder>(&mut self, coder: &mut C, context: &CopyContext, byte: u8) -> u8 {
        let difference = byte.wrapping_sub(context.source);
        let difference = either!(self, models => models.difference(coder, context, difference));
        context.source.wrapping_add(difference)
    }

    /// Codes whether every byte of a block outside of references equals its source.
    pub fn clean<C: Coder>(&mut self, coder: &mut C, context: &BlockContext, clean: bool) -> bool {
        either!(self, models => models.clean(coder, context, clean))
    }

    /// Codes whether a guess at a reference is right.
    pub fn guess<C: Coder>(&mut self, coder: &mut C, context: &GuessContext, right: bool) -> bool {
        either!(self, models => models.guess(coder, context, right))
    }

    /// Codes a control flag, which is in one of the ranges of `entropy/control.rs`.
    pub fn control_flag<C: Coder>(&mut self, coder: &mut C, flag: usize, bit: bool) -> bool {
        let cell = either!(self, models => models.flag_cell(flag));
        self.plain(coder, cell, bit)
    }

    /// Codes an event by a counter with a cell of its own.
    pub(super) fn plain<C: Coder>(&mut self, coder: &mut C, cell: usize, bit: bool) -> bool {
        either!(self, models => models.plain(coder, cell, bit))
    }

    /// The cell of a node, from 1 to 31, in the tree of a number's sizes.
    #[inline(always)]
    pub(super) fn size_cell(&self, kind: Number, node: usize) -> usize {
        either!(self, models => models.size_cell(kind, node))
    }

    /// The cell of the bit at `place` of a number of so many bits below its leading one, if it has one; `known` are the
    /// bits above.
    #[inline(always)]
    pub(super) fn bit_cell(&self, kind: Number, size: u32, place: u32, known: u32) -> Option<usize> {
        either!(self, models => models.bit_cell(kind, size, place, known))
    }
}

//! Gaps between long covers: filled with the cheapest mix of literals, repeats and short covers.

mod cut;
mod parse;

pub(crate) use parse::fill_gaps;

//! Costs by page.

/// What a body would cost but for its literals, and where in the new image.
#[derive(Clone, Debug)]
pub struct Trace {
    /// All of it.
    pub(crate) total: u64,
    /// Total cost, in 1/256 bit, up to the end of each block of the new image.
    pub by_block: Vec<u64>,
}

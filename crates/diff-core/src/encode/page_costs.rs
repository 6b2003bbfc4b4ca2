//! Costs by page.

/// What a body would cost but for its literals, and where in the target.
#[derive(Clone, Debug)]
pub struct PageCosts {
    /// All of it.
    pub(crate) total: u64,
    /// Total cost, in 1/256 bit, up to the end of each block of the target.
    pub by_block: Vec<u64>,
}

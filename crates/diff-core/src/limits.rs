//! Sizes of images beyond which less is tried: what keeps memory and time bounded.

/// Larger images take the memory of their suffix array to sort whole, and of their candidates to choose by price: of
/// them only the parts that matter most are sorted and priced.
pub(crate) const LARGE: usize = 40 << 20;

//! What the benches compare, and on what: pairs of images, and Smidgen and the classic bsdiff behind like calls.

pub mod classic;
pub mod packages;
pub mod pair;
pub mod smidgen;
mod synthetic;

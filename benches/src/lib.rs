//! What the benches compare, and on what: pairs of images, and Smidgen and other tools behind like calls.

pub mod classic;
pub mod clock;
pub mod corpus;
pub mod pair;
pub mod picture;
pub mod smidgen;
mod synthetic;

//! How a release is made and proved: planned, packed in parallel, finished, merged, signed, replayed.

mod agree;
mod finish;
mod memory_gate;
mod merge;
mod pack;
mod plan;
mod progress;
mod replay;
mod sign_release;
mod store;

pub use merge::merge;
pub use pack::{PackOptions, memory_needed, pack};
pub use progress::{Event, PackProgress};
pub use replay::{Replayed, RestoreContainer, replay, replay_with};
pub use sign_release::sign_release;

//! Work on releases: plan, pack in parallel, finish, merge, sign, replay.

mod agree;
mod entry;
mod finish;
mod lock;
mod memory_gate;
mod merge;
mod pack;
mod plan;
mod progress;
mod replay;
mod sign_release;
mod store;
mod verdicts;

pub use finish::unlisted;
pub use memory_gate::memory_needed;
pub use merge::merge;
pub use pack::pack;
pub use progress::{Event, PackProgress};
pub use replay::{Checked, Replay, Replayed, ReplayedPackage};
pub use sign_release::sign_release;

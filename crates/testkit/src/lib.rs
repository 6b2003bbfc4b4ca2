//! Helpers of several crates' tests: images and changes to them, input files, archives, fixtures, peers.
//!
//! It is not published, and packed crates do not depend on it: its users, `tests/` and some examples, are not packed.

pub mod archives;
pub mod builds;
mod bytes;
#[cfg(feature = "device")]
mod choice;
#[cfg(feature = "device")]
pub mod code;
#[cfg(feature = "compressors")]
pub mod compressors;
mod counting;
mod edit;
pub mod elf;
mod fixtures;
pub mod floors;
#[cfg(feature = "device")]
pub mod forge;
mod memory;
pub mod names;
pub mod peers;
mod program;
#[cfg(feature = "schema")]
pub mod schema;
pub mod strange;

pub use bytes::{Random, noise};
#[cfg(feature = "device")]
pub use choice::{Choice, code_body, sha256};
pub use counting::{Counting, most_taken};
pub use edit::{Edit, edited, edits};
pub use fixtures::{FORMAT, firmware, fixture, fixtures};
pub use memory::with_workspace;
pub use program::{BASE_ADDRESS, Program};

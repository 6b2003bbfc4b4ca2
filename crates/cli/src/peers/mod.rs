//! Smidgen beside other tools: the tools, which of them are installed, and what a round trip with one of them takes.
//!
//! `smidgen compare` and the report of the benches share this. Every piece of work is a process of its own, Smidgen's
//! too: the program calls itself for that. So a time always includes starting up and reading and writing files, a peak
//! of memory belongs to one piece of work, and nothing that one tool leaves behind in memory helps the next.

mod installed;
mod measure;
mod round_trip;
mod tools;
pub mod units;

pub use installed::{Installed, find_installed};
pub use measure::{Cost, Whose, answer, usage};
pub use round_trip::{Bench, Measured, Outcome, Own, Work};
pub use tools::{Memory, Sizes, TOOLS, Tool, Worker, chosen};

//! The ratio report: every tool over every pair of a corpus, each round trip checked, as tables and charts.
//!
//! Every piece of work is a process of its own, also what is linked into this program: it calls itself for that.
//! So a time always includes starting up and reading and writing files, a peak of memory belongs to one piece of
//! work, and nothing that one tool leaves behind in memory helps the next.

pub mod arguments;
mod chart;
mod choose;
mod corpus;
mod csv;
mod json;
mod markdown;
mod measure;
mod ours;
mod output;
mod page;
mod plot;
mod probe;
mod results;
mod round_trip;
mod run;
mod statistics;
mod text;
mod tool;
mod tools;
pub mod work;

pub use measure::measure;
pub use run::report;

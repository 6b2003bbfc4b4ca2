//! What the program and the benches of its repository share. Not an API: it may change in any version.

#[doc(hidden)]
pub mod peers;

//! Makes Smidgen packages.

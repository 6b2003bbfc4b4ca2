//! Each rule of the service, one by one.

mod batches;
mod firmware;
mod fleet;
mod states;

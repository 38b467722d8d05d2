//! Configuration in two steps: [`Raw`] is what was written, [`Config`] is what is trusted. Between them
//! stands one function that names every fault at once.

mod checked;
mod keys;
mod raw;

pub use checked::{Config, Fault, Faults, credentials, host, object_prefix, region};
pub use keys::parse_keys;
pub use raw::Raw;

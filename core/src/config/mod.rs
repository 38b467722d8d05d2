//! Configuration in two steps: [`Raw`] is what was written, [`Config`] is what is trusted. Between them
//! stands one function that names every fault at once.

mod checked;
mod keys;
mod raw;
mod records;
mod regions;

pub use checked::{Config, Fault, Faults, credentials, host, object_prefix, region};
pub use keys::parse_keys;
pub use raw::Raw;
pub use records::{DEFAULT_RECORDS_PREFIX, DEFAULT_REVOCATION_POLL, Records};
pub(crate) use regions::HAS_SIGV4A;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_misspelled_variable_and_the_missing_ones_are_named_together() {
        let faults =
            Config::from_json("{\"AWS_SECRET_ACCES_KEY\":\"hunter2\",\"REGION\":\"Mars\"}").unwrap_err().to_string();
        for named in [
            "AWS_SECRET_ACCES_KEY is not a variable",
            "AWS_SECRET_ACCESS_KEY is not set",
            "TOKEN_KEYS is not set",
            "REGION must be",
        ] {
            assert!(faults.contains(named), "{named} in {faults}");
        }
        assert!(!faults.contains("hunter2") && !faults.contains("Mars"));
    }
}

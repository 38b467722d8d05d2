//! API keys: bearer secrets of clients, of which only the hash is known here.

use clouddrop_core::config::Faults;
use clouddrop_core::hash::{equal_in_constant_time, push_hex, sha256};
use serde::Deserialize;

/// Longest key that is looked at, in bytes.
const MAX_KEY_BYTES: usize = 512;

/// The hashes of all keys.
#[derive(Debug)]
pub struct ApiKeys(Vec<Entry>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Whose key it is: for the log.
    name: String,
    /// SHA-256 of the key, in lower-case hexadecimal. A key is random and long, so a plain hash keeps it.
    sha256: String,
}

impl ApiKeys {
    /// Reads the value of API_KEYS, a JSON array of `{"name", "sha256"}`, adding every fault to `faults`. `None` if
    /// there is any.
    pub fn parse(text: &str, faults: &mut Faults) -> Option<Self> {
        const NAME: &str = "API_KEYS";
        let before = faults.len();
        let entries: Vec<Entry> = match serde_json::from_str(text) {
            Ok(entries) => entries,
            Err(error) => {
                let place = format!("line {}, column {}", error.line(), error.column());
                faults.add(NAME, format!("is not a JSON array of {{name, sha256}}: {place}"));
                return None;
            }
        };
        for (place, entry) in entries.iter().enumerate() {
            if entry.name.is_empty() || entries[..place].iter().any(|other| other.name == entry.name) {
                faults.add(NAME, format!("[{place}].name is empty or stands twice"));
            }
            let is_hex = entry.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            if entry.sha256.len() != 64 || !is_hex {
                faults.add(NAME, format!("[{place}].sha256 is not 64 digits of lower-case hexadecimal"));
            }
        }
        if entries.is_empty() {
            faults.add(NAME, "holds no key".into());
        }
        (faults.len() == before).then_some(Self(entries))
    }

    /// The name of the key in `authorization`, the value of an Authorization header (RFC 6750 section 2.1).
    ///
    /// All hashes are compared, each in constant time: how long it takes says nothing about any.
    pub fn holder(&self, authorization: &str) -> Option<&str> {
        let (scheme, key) = authorization.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") || key.is_empty() || key.len() > MAX_KEY_BYTES {
            return None;
        }
        let mut digest = String::with_capacity(64);
        push_hex(&mut digest, &sha256(key.as_bytes()));
        let mut holder = None;
        for entry in &self.0 {
            if equal_in_constant_time(entry.sha256.as_bytes(), digest.as_bytes()) {
                holder = Some(entry.name.as_str());
            }
        }
        holder
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]
mod tests {
    use super::*;

    /// SHA-256 of `abc` (FIPS 180-4, appendix).
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn only_the_whole_key_opens() {
        let text = format!(r#"[{{"name":"other","sha256":"{}"}},{{"name":"ci","sha256":"{ABC}"}}]"#, "0".repeat(64));
        let keys = ApiKeys::parse(&text, &mut Faults::default()).unwrap();
        assert_eq!(keys.holder("Bearer abc"), Some("ci"));
        assert_eq!(keys.holder("bearer abc"), Some("ci"));
        for bad in ["", "Bearer", "Bearer ", "Bearer ab", "Bearer abcd", "Bearer  abc", "Basic abc", "abc", ABC] {
            assert_eq!(keys.holder(bad), None, "{bad}");
        }
        assert_eq!(keys.holder(&format!("Bearer {ABC}")), None);
    }

    #[test]
    fn a_list_with_a_fault_is_none() {
        for bad in [
            "",
            "[]",
            "{}",
            r#"[{"name":"a"}]"#,
            r#"[{"name":"a","sha256":"abc"}]"#,
            r#"[{"name":"a","sha256":"0","key":"b"}]"#,
        ] {
            let mut faults = Faults::default();
            assert!(ApiKeys::parse(bad, &mut faults).is_none(), "{bad}");
            assert!(!faults.is_empty());
        }
        let twice = format!(r#"[{{"name":"a","sha256":"{ABC}"}},{{"name":"a","sha256":"{ABC}"}}]"#);
        assert!(ApiKeys::parse(&twice, &mut Faults::default()).is_none());
    }
}

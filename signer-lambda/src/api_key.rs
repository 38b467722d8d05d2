//! API keys: bearer secrets of clients, of which only the hash is known here.

use clouddrop_core::access::{Owner, Principal, Role, Scope};
use clouddrop_core::config::Faults;
use clouddrop_core::hash::equal_in_constant_time;
use clouddrop_core::records::api_key::hash;
use clouddrop_core::{Refusal, UnixTime};
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
    /// Whose things it opens: those of an owner called like the key, if absent.
    owner: Option<Owner>,
    /// How far: admin, if absent, as it was before there were roles.
    role: Option<Role>,
    /// What it is cut down to.
    scopes: Option<Vec<Scope>>,
    /// When it ends, in seconds since 1970.
    expires_at: Option<u64>,
}

impl ApiKeys {
    /// Reads the value of API_KEYS, a JSON array of `{"name", "sha256", "owner"?, "role"?, "scopes"?, "expires_at"?}`, adding every fault to `faults`. `None` if
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
            if entry.owner().is_err() {
                faults.add(NAME, format!("[{place}] needs an owner: its name is none"));
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

    /// Whom `key` stands for, if it is one of these: a refusal once it has ended.
    ///
    /// All hashes are compared, each in constant time: how long it takes says nothing about any.
    pub fn principal(&self, key: &str, now: UnixTime) -> Option<Result<Principal, Refusal>> {
        if key.len() > MAX_KEY_BYTES {
            return None;
        }
        let digest = hash(key);
        let mut found = None;
        for entry in &self.0 {
            if equal_in_constant_time(entry.sha256.as_bytes(), digest.as_bytes()) {
                found = Some(entry);
            }
        }
        found.map(|entry| entry.principal(now))
    }
}

impl Entry {
    fn owner(&self) -> Result<Owner, Refusal> {
        self.owner.clone().map_or_else(|| Owner::new(&self.name), Ok)
    }

    fn principal(&self, now: UnixTime) -> Result<Principal, Refusal> {
        if self.expires_at.is_some_and(|end| now.as_secs() >= end) {
            return Err(Refusal::Unauthorized("the API key has ended"));
        }
        Ok(Principal {
            owner: self.owner()?,
            name: self.name.clone(),
            role: self.role.unwrap_or(Role::Admin),
            scopes: self.scopes.clone(),
        })
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
        let now = UnixTime::from_secs(1_000);
        let who = |key: &str| keys.principal(key, now).map(|who| who.unwrap().name);
        assert_eq!(who("abc").as_deref(), Some("ci"));
        for bad in ["", "ab", "abcd", " abc", "Bearer abc", ABC, &"a".repeat(513)] {
            assert_eq!(who(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_key_has_an_owner_a_role_and_an_end() {
        let more = r#","owner":"alice","role":"viewer","scopes":["shares:read"],"expires_at":1000"#;
        let text = format!(r#"[{{"name":"ci","sha256":"{ABC}"{more}}}]"#);
        let keys = ApiKeys::parse(&text, &mut Faults::default()).unwrap();
        let who = keys.principal("abc", UnixTime::from_secs(999)).unwrap().unwrap();
        assert_eq!((who.owner.as_str(), who.role, who.scopes.unwrap().len()), ("alice", Role::Viewer, 1));
        assert_eq!(keys.principal("abc", UnixTime::from_secs(1_000)).unwrap().unwrap_err().code(), "unauthorized");
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

//! Scopes: what a key is cut down to, below what its role allows.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What operations are about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resource {
    /// The caller's own account: who am I, how much is used.
    Account,
    /// Shares and their events.
    Shares,
    /// Files.
    Files,
    /// Uploads.
    Uploads,
    /// Upload links.
    UploadLinks,
    /// Webhooks.
    Webhooks,
    /// Token keys.
    Keys,
    /// API keys.
    ApiKeys,
    /// The revocation list: the kill switch.
    Revocations,
    /// Reports of abuse.
    Reports,
}

impl Resource {
    /// All of them, with their names in scopes.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Account, "account"),
        (Self::Shares, "shares"),
        (Self::Files, "files"),
        (Self::Uploads, "uploads"),
        (Self::UploadLinks, "upload-links"),
        (Self::Webhooks, "webhooks"),
        (Self::Keys, "keys"),
        (Self::ApiKeys, "api-keys"),
        (Self::Revocations, "revocations"),
        (Self::Reports, "reports"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(resource, _)| *resource == self).map_or("", |(_, name)| name)
    }
}

/// Whether something is looked at or changed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Access {
    /// Looked at.
    Read,
    /// Changed; who may change may look.
    Write,
}

/// One permission: `shares:write`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scope {
    /// About what.
    pub resource: Resource,
    /// How far.
    pub access: Access,
}

impl Scope {
    /// Whether it opens what is asked.
    pub fn covers(self, resource: Resource, access: Access) -> bool {
        self.resource == resource && self.access >= access
    }
}

impl FromStr for Scope {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FAULT: &str = "a scope is a resource and read or write, like shares:write";
        let (resource, access) = text.split_once(':').ok_or(FAULT)?;
        let (resource, _) = Resource::ALL.into_iter().find(|(_, name)| *name == resource).ok_or(FAULT)?;
        let access = match access {
            "read" => Access::Read,
            "write" => Access::Write,
            _ => return Err(FAULT),
        };
        Ok(Self { resource, access })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.resource.name())?;
        f.write_str(if self.access == Access::Read { ":read" } else { ":write" })
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Scope {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "Scope".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: alloc::vec::Vec<String> = Resource::ALL
            .iter()
            .flat_map(|(resource, _)| [Access::Read, Access::Write].map(|access| Self { resource: *resource, access }))
            .map(|scope| alloc::format!("{scope}"))
            .collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for (resource, name) in Resource::ALL {
            for (access, verb) in [(Access::Read, "read"), (Access::Write, "write")] {
                let text = alloc::format!("{name}:{verb}");
                assert_eq!(text.parse(), Ok(Scope { resource, access }));
                assert_eq!(Scope { resource, access }.to_string(), text);
            }
        }
        for bad in ["", "shares", "shares:", "shares:all", ":read", "share:read", "shares:read:write", "Shares:read"] {
            assert!(bad.parse::<Scope>().is_err(), "{bad}");
        }
    }

    #[test]
    fn writing_covers_reading_and_nothing_covers_another_resource() {
        let write: Scope = "shares:write".parse().unwrap();
        let read: Scope = "shares:read".parse().unwrap();
        assert!(write.covers(Resource::Shares, Access::Read) && read.covers(Resource::Shares, Access::Read));
        assert!(write.covers(Resource::Shares, Access::Write) && !read.covers(Resource::Shares, Access::Write));
        assert!(!write.covers(Resource::Files, Access::Read));
    }
}

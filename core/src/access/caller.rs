//! Callers: people and programs with a role, and guests with an upload link.

use super::operation::{Needs, Operation};
use super::owner::{Owner, OwnerTag};
use super::scope::Scope;
use crate::refusal::Refusal;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What somebody may do, from little to everything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Role {
    /// Looks at what is the owner's.
    Viewer,
    /// Shares, sends and deletes what is the owner's.
    Member,
    /// Does so for everybody, and manages keys and revocations.
    Admin,
}

/// Somebody who is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Principal {
    /// Whose things are touched.
    pub owner: Owner,
    /// The name of the key, or the issuer's for the subject: for the log and the audit.
    pub name: String,
    /// How far.
    pub role: Role,
    /// What it is cut down to; `None` for no cut.
    pub scopes: Option<Vec<Scope>>,
}

/// Somebody with an upload link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guest {
    /// Whose link it is.
    pub owner: OwnerTag,
    /// The link's id in hexadecimal.
    pub link: String,
}

/// Who calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Caller {
    /// Somebody who is known.
    Known(Principal),
    /// A guest.
    Guest(Guest),
}

impl Caller {
    /// Whether an operation is open to the caller.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`]
    pub fn may(&self, operation: Operation) -> Result<(), Refusal> {
        let entry = operation.entry();
        match (self, entry.needs) {
            (_, Needs::Nothing) => Ok(()),
            (Self::Guest(_), Needs::RoleOrGuest(_)) => Ok(()),
            (Self::Guest(_), _) => Err(Refusal::Forbidden("an upload link is for uploads only")),
            (Self::Known(_), Needs::Ourselves) => Err(Refusal::Forbidden("nobody may call this")),
            (Self::Known(who), Needs::Role(role) | Needs::RoleOrGuest(role)) => {
                if who.role < role {
                    return Err(Refusal::Forbidden("the role does not allow this"));
                }
                match &who.scopes {
                    Some(scopes) if !scopes.iter().any(|scope| scope.covers(entry.resource, entry.access)) => {
                        Err(Refusal::Forbidden("the scopes of the key do not allow this"))
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// The principal.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for a guest.
    pub const fn known(&self) -> Result<&Principal, Refusal> {
        match self {
            Self::Known(who) => Ok(who),
            Self::Guest(_) => Err(Refusal::Forbidden("an upload link is for uploads only")),
        }
    }

    /// The caller's name for the log.
    pub fn name(&self) -> &str {
        match self {
            Self::Known(who) => &who.name,
            Self::Guest(_) => "guest",
        }
    }
}

impl Principal {
    /// Whose things the call is about: the caller's own, or, for an admin, those of the one that is named.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for anybody else who names another.
    pub fn owner(&self, named: Option<&str>) -> Result<Owner, Refusal> {
        match named {
            None => Ok(self.owner.clone()),
            Some(name) if name == self.owner.as_str() => Ok(self.owner.clone()),
            Some(name) if self.role == Role::Admin => Owner::new(name),
            Some(_) => Err(Refusal::Forbidden("only an admin names another owner")),
        }
    }

    /// Whether a key of the bucket may be shared: the caller's own, and by an admin any.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`]
    pub fn may_share(&self, key: &str) -> Result<(), Refusal> {
        if self.role == Role::Admin || self.owner.tag().owns(key) {
            Ok(())
        } else {
            Err(Refusal::Forbidden("the file is not the caller's own"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn with(role: Role, scopes: Option<&[&str]>) -> Caller {
        let scopes = scopes.map(|texts| texts.iter().map(|text| text.parse().unwrap()).collect());
        Caller::Known(Principal { owner: Owner::new("alice").unwrap(), name: "k".into(), role, scopes })
    }

    fn guest() -> Caller {
        Caller::Guest(Guest { owner: Owner::new("alice").unwrap().tag(), link: "00".into() })
    }

    /// The table of role by operation, written by hand: G guest, V viewer, M member, A admin.
    const WHO_MAY: &[(&str, &str)] = &[
        ("showApi", "GVMA"),
        ("showAccount", "VMA"),
        ("createShare", "MA"),
        ("listShares", "VMA"),
        ("showShare", "VMA"),
        ("changeShare", "MA"),
        ("revokeShare", "MA"),
        ("listShareEvents", "VMA"),
        ("listFiles", "VMA"),
        ("showFile", "VMA"),
        ("openFile", "VMA"),
        ("changeFile", "MA"),
        ("deleteFile", "MA"),
        ("createUpload", "GMA"),
        ("listUploads", "VMA"),
        ("presignParts", "GMA"),
        ("listParts", "GMA"),
        ("completeUpload", "GMA"),
        ("abortUpload", "GMA"),
        ("abortStaleUploads", "MA"),
        ("createUploadLink", "MA"),
        ("listUploadLinks", "VMA"),
        ("showUploadLink", "VMA"),
        ("showUploadTerms", "GMA"),
        ("closeUploadLink", "MA"),
        ("createWebhook", "MA"),
        ("listWebhooks", "VMA"),
        ("deleteWebhook", "MA"),
        ("listKeys", "A"),
        ("rotateKeys", "A"),
        ("retireKey", "A"),
        ("createApiKey", "A"),
        ("listApiKeys", "A"),
        ("deleteApiKey", "A"),
        ("showRevocations", "A"),
        ("createRevocation", "A"),
        ("listReports", "A"),
        ("recordEvents", ""),
        ("recordReport", ""),
        ("tick", ""),
    ];

    #[test]
    fn the_table_of_role_by_operation() {
        assert_eq!(WHO_MAY.len(), Operation::TABLE.len());
        for (entry, (id, who)) in Operation::TABLE.iter().zip(WHO_MAY) {
            assert_eq!(entry.id, *id);
            for (letter, caller) in [
                ('G', guest()),
                ('V', with(Role::Viewer, None)),
                ('M', with(Role::Member, None)),
                ('A', with(Role::Admin, None)),
            ] {
                assert_eq!(caller.may(entry.operation).is_ok(), who.contains(letter), "{id} {letter}");
            }
        }
    }

    #[test]
    fn scopes_cut_a_role_down_and_never_raise_it() {
        for entry in Operation::TABLE {
            let all = [Role::Viewer, Role::Member, Role::Admin];
            for role in all {
                let bare = with(role, None).may(entry.operation).is_ok();
                let none = with(role, Some(&[])).may(entry.operation).is_ok();
                let scope =
                    format!("{}:{}", entry.resource.name(), if entry.method == "GET" { "read" } else { "write" });
                let fitting = with(role, Some(&[&scope])).may(entry.operation).is_ok();
                assert_eq!(none, entry.needs == Needs::Nothing, "{} {role:?}", entry.id);
                assert_eq!(fitting, bare, "{} {role:?}", entry.id);
            }
        }
        let reader = with(Role::Admin, Some(&["shares:read"]));
        assert!(reader.may(Operation::ListShares).is_ok());
        assert!(reader.may(Operation::RevokeShare).is_err() && reader.may(Operation::ListFiles).is_err());
    }

    #[test]
    fn only_an_admin_reaches_beyond_the_own() {
        for (role, reaches) in [(Role::Viewer, false), (Role::Member, false), (Role::Admin, true)] {
            let caller = with(role, None);
            let who = caller.known().unwrap();
            assert_eq!(who.owner(None).unwrap().as_str(), "alice");
            assert_eq!(who.owner(Some("alice")).unwrap().as_str(), "alice");
            assert_eq!(who.owner(Some("bob")).is_ok(), reaches);
            let own = format!("{}/a/b", who.owner.tag());
            let other = format!("{}/a/b", Owner::new("bob").unwrap().tag());
            assert!(who.may_share(&own).is_ok());
            assert_eq!(who.may_share(&other).is_ok(), reaches);
            assert_eq!(who.may_share("elsewhere/a").is_ok(), reaches);
        }
        assert!(guest().known().is_err());
    }
}

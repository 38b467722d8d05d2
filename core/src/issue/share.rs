//! Shares: a token that opens one object, or all below a folder, on the terms that were asked for.

use super::duration::{Moment, Span, end};
use crate::access::{Owner, OwnerTag};
use crate::lock::{Lock, Password};
use crate::path::{MAX_KEY_BYTES, ObjectPath};
use crate::policy::geo::Region;
use crate::policy::network::Network;
use crate::refusal::Refusal;
use crate::time::{Seconds, UnixTime};
use crate::token::mint::Opens;
use crate::token::{Disposition, Listing, MintFault, NewToken, TokenKey, mint};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How long a share lives where nothing is asked: seven days.
pub const DEFAULT_EXPIRY: Seconds = Seconds(7 * 86_400);
/// The longest life of a share where the operator sets none: 365 days.
pub const DEFAULT_MAX_EXPIRY: Seconds = Seconds(365 * 86_400);
/// Longest file name, in bytes of UTF-8.
pub const MAX_FILE_NAME_BYTES: usize = 255;
/// Most networks and most countries of one share. What a token holds in all is less: it has 1024 bytes.
pub const MAX_LIST: usize = 64;
/// Longest note, in bytes.
pub const MAX_NOTE_BYTES: usize = 1000;

/// The call's JSON, nothing in it checked. A field that is not known is refused, as is one that stands twice.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::issue::schema::share))]
pub struct ShareRequest {
    /// Whose share it is: the caller's own, if absent; for admins.
    pub owner: Option<Owner>,
    /// The object's key below the shared prefix; this or `folder`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), regex(pattern = crate::issue::schema::KEY)))]
    pub key: Option<String>,
    /// The folder below the shared prefix, with or without its closing slash; this or `key`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), regex(pattern = crate::issue::schema::KEY)))]
    pub folder: Option<String>,
    /// How long it lives: seven days, if neither this nor `expires_at` is given.
    pub expires_in: Option<Span>,
    /// When it ends.
    pub expires_at: Option<Moment>,
    /// `GET`, `HEAD` or, if absent, both.
    #[cfg_attr(feature = "schema", schemars(extend("minItems" = 1, "uniqueItems" = true, "items" = { "enum": ["GET", "HEAD"] })))]
    pub methods: Option<Vec<String>>,
    /// Where clients may be: `203.0.113.0/24`, `2001:db8::/32`, `AS64500`.
    #[cfg_attr(feature = "schema", schemars(transform = crate::issue::schema::networks))]
    pub networks: Option<Vec<String>>,
    /// Which countries or subdivisions they may be in: `SE`, `US-CA`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 32), inner(regex(pattern = crate::issue::schema::COUNTRY))))]
    pub countries: Option<Vec<String>>,
    /// The name that a download is saved under.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 255), regex(pattern = crate::issue::schema::PLAIN)))]
    pub file_name: Option<String>,
    /// Whether it may be shown in place of being saved.
    pub inline: Option<bool>,
    /// How many downloads there may be, at least one.
    #[serde(default, deserialize_with = "super::whole::optional")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = crate::issue::whole::MAX)))]
    pub max_downloads: Option<u64>,
    /// Whether the folder's page tells the names in it; with `folder` only.
    pub list: Option<bool>,
    /// A password that opens it, of 4 to 128 characters.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", length(min = 4, max = 128), regex(pattern = crate::issue::schema::PLAIN)))]
    pub password: Option<Password>,
    /// A note, for the owner only.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 1000), regex(pattern = crate::issue::schema::NOTE)))]
    pub note: Option<String>,
}

/// What a share opens and for whom, as it was asked for: what is remembered of it.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug, Default)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "as in ShareRequest")]
pub struct Terms {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub networks: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub countries: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inline: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<bool>,
}

/// What a share opens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shared {
    /// One object.
    Object(ObjectPath),
    /// All objects below a folder.
    Folder(ObjectPath),
}

/// Checked terms of a share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Share {
    terms: Terms,
    note: Option<String>,
    shared: Shared,
    expires: UnixTime,
    methods: Vec<&'static str>,
    networks: Vec<Network>,
    countries: Vec<Region>,
    file_name: Option<String>,
    disposition: Disposition,
    max_downloads: Option<u64>,
    listing: Listing,
    lock: Option<Lock>,
}

impl ShareRequest {
    /// Checks every field; the share ends no later than `max_expiry` after `now`. `prefix` is the shared prefix,
    /// which counts towards the length of the key; `salt` are 16 random bytes for the password.
    ///
    /// # Errors
    /// [`Refusal::BadPath`] for a key that no link can name, [`Refusal::BadRequest`] for all else.
    pub fn check(self, prefix: &str, max_expiry: Seconds, salt: [u8; 16], now: UnixTime) -> Result<Share, Refusal> {
        self.note.as_deref().map_or(Ok(()), check_note)?;
        let expires = end(self.expires_in, self.expires_at, DEFAULT_EXPIRY, max_expiry, now)?;
        let terms = Terms {
            key: self.key,
            folder: self.folder,
            methods: self.methods,
            networks: self.networks,
            countries: self.countries,
            file_name: self.file_name,
            inline: self.inline,
            list: self.list,
        };
        let lock = self.password.map(|password| password.lock(salt)).transpose()?;
        Ok(Share { note: self.note, lock, ..terms.share(prefix, expires, self.max_downloads)? })
    }
}

impl Terms {
    /// The share that they make together with an end and a limit.
    ///
    /// # Errors
    /// As [`ShareRequest::check`].
    pub fn share(mut self, prefix: &str, expires: UnixTime, max_downloads: Option<u64>) -> Result<Share, Refusal> {
        let shared = match (&self.key, &self.folder) {
            (Some(key), None) => Shared::Object(path(key, prefix)?),
            (None, Some(folder)) => Shared::Folder(path(folder.strip_suffix('/').unwrap_or(folder), prefix)?),
            _ => return Err(Refusal::BadRequest("exactly one of key and folder is needed")),
        };
        if let Shared::Folder(path) = &shared {
            self.folder = Some(path.key().into());
        }
        if max_downloads == Some(0) {
            return Err(Refusal::BadRequest("max_downloads is at least 1"));
        }
        if let Some(name) = &self.file_name {
            check_file_name(name)?;
        }
        let listing = match (&shared, self.list) {
            (Shared::Object(_), Some(true)) => return Err(Refusal::BadRequest("list is for folders")),
            (Shared::Folder(_), Some(true)) => Listing::Shown,
            (_, Some(false) | None) => Listing::Hidden,
        };
        Ok(Share {
            expires,
            methods: methods(self.methods.as_deref())?,
            networks: list(self.networks.as_deref(), "a network is not valid", |text| text.parse().ok())?,
            countries: list(self.countries.as_deref(), "a country is not valid", Region::new)?,
            file_name: self.file_name.clone(),
            disposition: if self.inline == Some(true) { Disposition::Inline } else { Disposition::Attachment },
            max_downloads,
            listing,
            shared,
            lock: None,
            note: None,
            terms: self,
        })
    }
}

impl Share {
    /// What it opens.
    pub const fn shared(&self) -> &Shared {
        &self.shared
    }

    /// When it ends.
    pub const fn expires(&self) -> UnixTime {
        self.expires
    }

    /// How it was asked for.
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// How many downloads there may be.
    pub const fn max_downloads(&self) -> Option<u64> {
        self.max_downloads
    }

    /// The owner's note.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// What is remembered of its password.
    pub const fn lock(&self) -> Option<Lock> {
        self.lock
    }

    /// The same share with the password that was given to it before.
    #[must_use]
    pub const fn locked(mut self, lock: Option<Lock>) -> Self {
        self.lock = lock;
        self
    }

    /// Gives downloads a name, where none was asked for.
    pub fn name_if_none(&mut self, name: &str) {
        if self.terms.file_name.is_none() && check_file_name(name).is_ok() {
            self.terms.file_name = Some(name.into());
            self.file_name = Some(name.into());
        }
    }

    /// Makes the token: `id` is its own, `share` that of the share where it is another; `owner` becomes its subject where
    /// the key does not begin with it.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] if all that was asked for does not fit into a token.
    pub fn mint(
        &self,
        id: [u8; 16],
        share: Option<[u8; 16]>,
        owner: &OwnerTag,
        audience: &str,
        key: &TokenKey,
        now: UnixTime,
    ) -> Result<String, Refusal> {
        let (opens, key_of) = match &self.shared {
            Shared::Object(path) => (Opens::Object(path), path.key()),
            Shared::Folder(path) => (Opens::Folder(path), path.key()),
        };
        let new = NewToken {
            subject: (!owner.owns(key_of)).then_some(owner.as_str()),
            audience: Some(audience),
            issued_at: Some(now),
            methods: &self.methods,
            networks: &self.networks,
            countries: &self.countries,
            max_downloads: self.max_downloads,
            file_name: self.file_name.as_deref(),
            disposition: self.disposition,
            listing: self.listing,
            lock: self.lock,
            share,
            ..NewToken::new(id, opens, self.expires)
        };
        mint(&new, key).map_err(mint_refusal)
    }
}

/// A key or folder below `prefix`, short enough together with it.
pub(crate) fn path(key: &str, prefix: &str) -> Result<ObjectPath, Refusal> {
    let path = ObjectPath::from_key(key).map_err(Refusal::BadPath)?;
    if prefix.len() + path.key().len() > MAX_KEY_BYTES {
        return Err(Refusal::BadPath(crate::path::PathFault::TooLong));
    }
    Ok(path)
}

pub(crate) fn check_file_name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() || name.len() > MAX_FILE_NAME_BYTES {
        return Err(Refusal::BadRequest("a file name has 1 to 255 bytes"));
    }
    if name.chars().any(char::is_control) {
        return Err(Refusal::BadRequest("a file name holds no control character"));
    }
    Ok(())
}

pub(crate) fn check_note(note: &str) -> Result<(), Refusal> {
    let fits = (1..=MAX_NOTE_BYTES).contains(&note.len());
    let plain = !note.chars().any(|char| char.is_control() && char != '\n');
    if fits && plain {
        Ok(())
    } else {
        Err(Refusal::BadRequest("a note has 1 to 1000 bytes without control characters"))
    }
}

pub(crate) fn mint_refusal(fault: MintFault) -> Refusal {
    match fault {
        MintFault::TooLong => Refusal::Conflict("the terms do not fit into a token: a shorter name, fewer networks"),
        MintFault::NoDownloads => Refusal::BadRequest("max_downloads is at least 1"),
        MintFault::NamelessParent => Refusal::Internal("a token would be made from one without an id"),
        MintFault::ForeignKey => Refusal::Internal("a token would be made with a key that makes none"),
        MintFault::EndsBeforeItBegins => Refusal::Internal("a token would end before it begins"),
    }
}

/// Each of GET and HEAD at most once; both, if nothing is said.
fn methods(asked: Option<&[String]>) -> Result<Vec<&'static str>, Refusal> {
    const KNOWN: [&str; 2] = ["GET", "HEAD"];
    const FAULT: Refusal = Refusal::BadRequest("methods are GET, HEAD or both, each once");
    let Some(asked) = asked else { return Ok(Vec::from(KNOWN)) };
    if asked.is_empty() || asked.len() > KNOWN.len() {
        return Err(FAULT);
    }
    let mut methods = Vec::with_capacity(asked.len());
    for method in asked {
        let known = KNOWN.into_iter().find(|known| known == method).ok_or(FAULT)?;
        if methods.contains(&known) {
            return Err(FAULT);
        }
        methods.push(known);
    }
    Ok(methods)
}

/// Each text read; an empty list is refused, since nobody would be in it while no claim says so.
fn list<T>(asked: Option<&[String]>, fault: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Refusal> {
    let Some(asked) = asked else { return Ok(Vec::new()) };
    if asked.is_empty() || asked.len() > MAX_LIST {
        return Err(Refusal::BadRequest("a list has 1 to 64 entries"));
    }
    asked.iter().map(|text| read(text).ok_or(Refusal::BadRequest(fault))).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::secret::{KeyId, Secret};
    use alloc::format;

    pub(in crate::issue) fn check(json: &str) -> Result<Share, Refusal> {
        let request: ShareRequest = serde_json::from_str(json).unwrap();
        request.check("files/", DEFAULT_MAX_EXPIRY, [3; 16], UnixTime::from_secs(1_000))
    }

    #[test]
    fn terms_are_read_and_defaults_fill_the_rest() {
        let share = check(r#"{"key":"a b.pdf"}"#).unwrap();
        assert_eq!(share.shared(), &Shared::Object(ObjectPath::from_key("a b.pdf").unwrap()));
        assert_eq!(share.expires(), UnixTime::from_secs(1_000 + 604_800));
        assert_eq!(share.methods, ["GET", "HEAD"]);
        let share =
            check(r#"{"folder":"a/b/","expires_in":60,"methods":["HEAD"],"networks":["AS1"],"countries":["SE"]}"#);
        let share = share.unwrap();
        assert_eq!(share.shared(), &Shared::Folder(ObjectPath::from_key("a/b").unwrap()));
        assert_eq!(share.listing, Listing::Hidden);
        assert_eq!(check(r#"{"folder":"a","list":true}"#).unwrap().listing, Listing::Shown);
        assert_eq!(check(r#"{"folder":"a","list":false}"#).unwrap().listing, Listing::Hidden);
        assert_eq!(check(r#"{"key":"a","list":false}"#).unwrap().listing, Listing::Hidden);
        assert_eq!((share.methods.as_slice(), share.networks.len(), share.countries.len()), (&["HEAD"][..], 1, 1));
    }

    #[test]
    fn what_cannot_be_granted_is_refused() {
        for bad in [
            r"{}",
            r#"{"key":"a","folder":"b"}"#,
            r#"{"key":"a","methods":[]}"#,
            r#"{"key":"a","methods":["PUT"]}"#,
            r#"{"key":"a","methods":["get"]}"#,
            r#"{"key":"a","methods":["GET","GET"]}"#,
            r#"{"key":"a","networks":[]}"#,
            r#"{"key":"a","networks":["203.0.113.1/24"]}"#,
            r#"{"key":"a","countries":["Sweden"]}"#,
            r#"{"key":"a","file_name":""}"#,
            r#"{"key":"a","file_name":"a\nb"}"#,
            r#"{"key":"a","max_downloads":0}"#,
            r#"{"key":"a","list":true}"#,
        ] {
            assert_eq!(check(bad).unwrap_err().code(), "bad_request", "{bad}");
        }
        for bad in [r#"{"key":""}"#, r#"{"key":"a/../b"}"#, r#"{"key":"/a"}"#, r#"{"key":"a/"}"#, r#"{"folder":"/"}"#] {
            assert_eq!(check(bad).unwrap_err().code(), "bad_path", "{bad}");
        }
        let key = |bytes: usize| check(&format!(r#"{{"key":"{}"}}"#, "k".repeat(bytes)));
        assert!(key(MAX_KEY_BYTES - 6).is_ok());
        assert_eq!(key(MAX_KEY_BYTES - 5).unwrap_err().code(), "bad_path");
        let name = |bytes: usize| check(&format!(r#"{{"key":"a","file_name":"{}"}}"#, "n".repeat(bytes)));
        assert!(name(255).is_ok());
        assert!(name(256).is_err());
    }

    #[test]
    fn terms_that_do_not_fit_into_a_token_are_refused() {
        let key = TokenKey::new("demo".into(), KeyId::new("a").unwrap(), &Secret::new([7; 32].into()), None).unwrap();
        let mint = |bytes: usize| {
            let share = check(&format!(r#"{{"key":"{}"}}"#, "k".repeat(bytes))).unwrap();
            share.mint([1; 16], None, &Owner::new("alice").unwrap().tag(), "dev", &key, UnixTime::from_secs(1_000))
        };
        assert!(mint(700).is_ok());
        assert_eq!(mint(1_000).unwrap_err().code(), "conflict");
    }
}

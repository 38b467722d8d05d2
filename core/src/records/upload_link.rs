//! Upload links: guests send files into a folder of the owner's, within caps, by the link's token alone.

use super::tally::{Limits, Tally};
use super::{VERSION, id};
use crate::access::{Guest, Owner, OwnerTag};
use crate::issue::share::{DEFAULT_EXPIRY, check_note, mint_refusal, path};
use crate::issue::upload::is_media_type;
use crate::issue::{Moment, Span, end};
use crate::path::ObjectPath;
use crate::policy::uri::{FILE_ROUTE, Uri};
use crate::policy::{self, Ask};
use crate::refusal::Refusal;
use crate::request::{Client, Headers, Request};
use crate::time::{Seconds, UnixTime};
use crate::token::claims::Target;
use crate::token::mint::Opens;
use crate::token::wire::TokenBytes;
use crate::token::{KeySet, NewToken, Purpose, TokenKey, mint, verify};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Most files that a link may take where nothing is asked.
pub const DEFAULT_MAX_FILES: u64 = 100;
/// Most media types of one link.
const MAX_TYPES: usize = 32;

/// The JSON of a call that makes an upload link.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::issue::schema::one_end))]
pub struct UploadLinkRequest {
    /// Whose it is: the caller's own, if absent; for admins.
    pub owner: Option<Owner>,
    /// The folder that files land in, as an earlier upload's answer named it: a new one, if absent.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9a-f]{44}$")))]
    pub folder: Option<String>,
    /// What it is for: guests are told.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 1000), regex(pattern = crate::issue::schema::NOTE)))]
    pub note: Option<String>,
    /// The most bytes of one file.
    #[serde(default, deserialize_with = "crate::issue::whole::optional")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = crate::issue::whole::MAX)))]
    pub max_file_bytes: Option<u64>,
    /// The most bytes of all files.
    #[serde(default, deserialize_with = "crate::issue::whole::optional")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = crate::issue::whole::MAX)))]
    pub max_bytes: Option<u64>,
    /// The most files: 100, if absent.
    #[serde(default, deserialize_with = "crate::issue::whole::optional")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = crate::issue::whole::MAX)))]
    pub max_files: Option<u64>,
    /// Media types that are taken, like `image/*` or `application/pdf`; all, if absent.
    #[cfg_attr(feature = "schema", schemars(length(max = 32), inner(regex(pattern = crate::issue::schema::TYPE_RANGE))))]
    pub types: Option<Vec<String>>,
    /// How long it takes files: seven days, if neither this nor `expires_at` is given.
    pub expires_in: Option<Span>,
    /// Until when it takes files.
    pub expires_at: Option<Moment>,
}

/// The record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UploadLinkRecord {
    /// Its version.
    pub v: u32,
    /// Its id, in hexadecimal: of its token, too.
    pub id: String,
    /// Whose it is.
    pub owner: Owner,
    /// The folder that files land in, within the owner's.
    pub folder: String,
    /// Who made it.
    pub created_by: String,
    /// When, in seconds since 1970.
    pub created_at: u64,
    /// Until when it takes files, in seconds since 1970.
    pub expires_at: u64,
    /// The key of its token.
    pub key_id: String,
    /// What it is for.
    #[serde(default)]
    pub note: Option<String>,
    /// The most bytes of one file.
    #[serde(default)]
    pub max_file_bytes: Option<u64>,
    /// The most bytes of all files.
    #[serde(default)]
    pub max_bytes: Option<u64>,
    /// The most files.
    pub max_files: u64,
    /// Media types.
    #[serde(default)]
    pub types: Vec<String>,
    /// Since when it is closed, in seconds since 1970.
    #[serde(default)]
    pub closed_at: Option<u64>,
    /// What has come.
    #[serde(flatten)]
    pub tally: Tally,
}

impl UploadLinkRequest {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`]
    pub fn check(
        self,
        owner: Owner,
        created_by: String,
        key: &TokenKey,
        entropy: &[[u8; 16]; 2],
        longest: Seconds,
        now: UnixTime,
    ) -> Result<UploadLinkRecord, Refusal> {
        self.note.as_deref().map_or(Ok(()), check_note)?;
        let types = self.types.unwrap_or_default();
        if types.len() > MAX_TYPES || !types.iter().all(|text| is_type_range(text)) {
            return Err(Refusal::BadRequest("types are up to 32 media types like image/* or application/pdf"));
        }
        if [self.max_file_bytes, self.max_bytes, self.max_files].contains(&Some(0)) {
            return Err(Refusal::BadRequest("a cap of an upload link is at least 1"));
        }
        let expires = end(self.expires_in, self.expires_at, DEFAULT_EXPIRY, longest, now)?;
        if !self.folder.as_deref().is_none_or(id::is_folder_id) {
            return Err(Refusal::BadRequest("folder is not one that an upload was given"));
        }
        Ok(UploadLinkRecord {
            v: VERSION,
            id: id::record_id(now, &entropy[0]),
            owner,
            folder: self.folder.unwrap_or_else(|| id::folder_id(now, &entropy[1])),
            created_by,
            created_at: now.as_secs(),
            expires_at: expires.as_secs(),
            key_id: key.id().as_str().into(),
            note: self.note,
            max_file_bytes: self.max_file_bytes,
            max_bytes: self.max_bytes,
            max_files: self.max_files.unwrap_or(DEFAULT_MAX_FILES),
            types,
            closed_at: None,
            tally: Tally::default(),
        })
    }
}

impl UploadLinkRecord {
    /// Whether it takes files at `now`.
    ///
    /// # Errors
    /// [`Refusal::Gone`] once it is closed, [`Refusal::Expired`] behind its end.
    pub fn is_open(&self, now: UnixTime) -> Result<(), Refusal> {
        if self.closed_at.is_some() {
            return Err(Refusal::Gone("the upload link is closed"));
        }
        if now.as_secs() >= self.expires_at {
            return Err(Refusal::Expired { now, exp: UnixTime::from_secs(self.expires_at) });
        }
        Ok(())
    }

    /// Takes an upload on.
    ///
    /// # Errors
    /// As [`Self::is_open`]; [`Refusal::TooLarge`], [`Refusal::UnsupportedType`], [`Refusal::QuotaExceeded`].
    pub fn reserve(&mut self, file: &str, size: u64, media_type: &str, now: UnixTime) -> Result<bool, Refusal> {
        self.is_open(now)?;
        if self.max_file_bytes.is_some_and(|most| size > most) {
            return Err(Refusal::TooLarge);
        }
        if !self.types.is_empty() && !self.types.iter().any(|range| is_in(range, media_type)) {
            return Err(Refusal::UnsupportedType);
        }
        self.tally.reserve(file, size, &Limits { bytes: self.max_bytes, files: Some(self.max_files), pending: None })
    }

    /// Its token, made again with `key`.
    ///
    /// # Errors
    /// [`Refusal::Internal`] for a record that is damaged.
    pub fn mint(&self, audience: &str, prefix: &str, key: &TokenKey) -> Result<String, Refusal> {
        let folder = path(&format!("{}/{}", self.owner.tag(), self.folder), prefix)?;
        let id = crate::hash::from_hex(&self.id).ok_or(Refusal::Internal("an upload link's record is damaged"))?;
        let new = NewToken {
            audience: Some(audience),
            issued_at: Some(UnixTime::from_secs(self.created_at)),
            methods: &["PUT"],
            purpose: Purpose::Upload,
            largest_upload: self.max_file_bytes,
            ..NewToken::new(id, Opens::Folder(&folder), UnixTime::from_secs(self.expires_at))
        };
        mint(&new, key).map_err(mint_refusal)
    }
}

impl Guest {
    /// The guest that a link's token names, if `text` is one: verified, and put to the policy of every token.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] up to the MAC, [`Refusal::Expired`] and [`Refusal::Forbidden`] behind it.
    pub fn verify(text: &str, keys: &KeySet, audience: &str, now: UnixTime) -> Result<Self, Refusal> {
        let bytes = TokenBytes::decode(text).map_err(|fault| Refusal::Unauthorized(fault.0))?;
        let parts = bytes.parts().map_err(|fault| Refusal::Unauthorized(fault.0))?;
        let token = verify(&parts, keys, now)?;
        let Target::Prefix(target) = token.claims().target()? else {
            return Err(Refusal::Forbidden("an upload link names a folder"));
        };
        let request = Request {
            method: "PUT",
            url: "",
            id: "",
            headers: Headers::new(&[]),
            client: Client { address: None, place: None },
        };
        let uri = Uri { scheme: "https", host: "".into(), port: "443", path: target.as_str().into(), query: "".into() };
        policy::check(&token, &Ask { request: &request, uri, method: "PUT", audience }, now)?;
        if token.claims().purpose() != Purpose::Upload {
            return Err(Refusal::Forbidden("not an upload link"));
        }
        let raw = target.strip_prefix(FILE_ROUTE).and_then(|path| path.strip_suffix('/'));
        let raw = raw.ok_or(Refusal::Forbidden("the token names no folder of ours"))?;
        let folder = ObjectPath::from_target(raw).map_err(Refusal::BadPath)?;
        let owner = OwnerTag::of_key(folder.key()).ok_or(Refusal::Forbidden("the token names no folder of ours"))?;
        let id = token.claims().id().ok_or(Refusal::Forbidden("an upload link without an id"))?;
        Ok(Self { owner, link: id::hex(id) })
    }
}

/// `type/subtype`, `type/*` or `*/*`.
fn is_type_range(text: &str) -> bool {
    let named = text.strip_suffix("/*").map_or(text, |family| family);
    text == "*/*" || (is_media_type(text) && !text.contains(';') && !named.contains('*'))
}

fn is_in(range: &str, media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or("").trim_end();
    match range.strip_suffix("/*") {
        Some("*") => true,
        Some(family) => essence.split_once('/').is_some_and(|(found, _)| found.eq_ignore_ascii_case(family)),
        None => range.eq_ignore_ascii_case(essence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{KeyId, Secret};

    const NOW: UnixTime = UnixTime::from_secs(1_000);

    fn key() -> TokenKey {
        TokenKey::new("demo".into(), KeyId::new("a").unwrap(), &Secret::new([7; 32].into()), None).unwrap()
    }

    fn check(json: &str) -> Result<UploadLinkRecord, Refusal> {
        let request: UploadLinkRequest = serde_json::from_str(json).unwrap();
        let owner = Owner::new("alice").unwrap();
        request.check(owner, "ci".into(), &key(), &[[1; 16], [2; 16]], Seconds(1_000_000), NOW)
    }

    #[test]
    fn the_token_names_the_link_and_its_owner() {
        let link = check(r#"{"expires_in":"1h"}"#).unwrap();
        let token = link.mint("dev", "files/", &key()).unwrap();
        let keys = KeySet::new(Vec::from([key()]));
        let verify = |audience: &str, now| Guest::verify(&token, &keys, audience, UnixTime::from_secs(now));
        let guest = verify("dev", 4_599).unwrap();
        assert_eq!((guest.owner, guest.link), (link.owner.tag(), link.id.clone()));
        assert_eq!(verify("dev", 4_600).unwrap_err().code(), "expired");
        assert_eq!(verify("prod", 2_000).unwrap_err().code(), "forbidden");
        assert_eq!(Guest::verify("nonsense", &keys, "dev", NOW).unwrap_err().code(), "unauthorized");
        // A share of a folder is no upload link.
        let folder = ObjectPath::from_key("000000000000000000000000/a").unwrap();
        let share = NewToken {
            audience: Some("dev"),
            methods: &["PUT"],
            ..NewToken::new([1; 16], Opens::Folder(&folder), UnixTime::from_secs(9_000))
        };
        assert_eq!(Guest::verify(&mint(&share, &key()).unwrap(), &keys, "dev", NOW).unwrap_err().code(), "forbidden");
    }

    #[test]
    fn caps_hold() {
        let mut link =
            check(r#"{"max_file_bytes":10,"max_bytes":15,"max_files":2,"types":["image/*","text/plain"]}"#).unwrap();
        let mut reserve = |file: &str, size, media_type: &str| {
            link.reserve(file, size, media_type, NOW).map_err(|refusal| refusal.code())
        };
        assert_eq!(reserve("a", 11, "image/png"), Err("too_large"));
        assert_eq!(reserve("a", 10, "application/pdf"), Err("unsupported_type"));
        assert_eq!(reserve("a", 10, "image/png"), Ok(true));
        assert_eq!(reserve("b", 6, "Text/Plain; charset=utf-8"), Err("quota_exceeded"));
        assert_eq!(reserve("b", 5, "Text/Plain; charset=utf-8"), Ok(true));
        assert_eq!(reserve("c", 0, "image/png"), Err("quota_exceeded"));
        assert_eq!(link.is_open(UnixTime::from_secs(link.expires_at)).unwrap_err().code(), "expired");
        link.closed_at = Some(1);
        assert_eq!(link.reserve("c", 0, "image/png", NOW).unwrap_err().code(), "gone");
        for bad in [
            r#"{"folder":"files"}"#,
            r#"{"max_files":0}"#,
            r#"{"types":["image"]}"#,
            r#"{"types":["a/b;c=d"]}"#,
            r#"{"note":""}"#,
        ] {
            assert_eq!(check(bad).unwrap_err().code(), "bad_request", "{bad}");
        }
    }
}

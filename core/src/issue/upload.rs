//! Uploads: a key of the server's choosing, the exact bytes that may be sent there, and a token by which the
//! later calls of the same upload prove what was granted.

use super::duration::{Span, end};
use super::parts::PartPlan;
use super::share::{check_file_name, mint_refusal, path};
use crate::base64url;
use crate::disposition::harmless;
use crate::media_type::OCTET_STREAM;
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
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// How long an upload's grant lives where nothing is asked: one hour.
pub const DEFAULT_EXPIRY: Seconds = Seconds(3_600);
/// The longest life of an upload's grant: one day.
pub const MAX_EXPIRY: Seconds = Seconds(86_400);
/// Up to this size an upload is one PUT where the operator sets no other: 64 MiB.
pub const DEFAULT_MULTIPART_THRESHOLD: u64 = 64 * 1024 * 1024;
/// Longest media type with its parameters.
const MAX_TYPE_BYTES: usize = 127;
/// The method that an upload token is for.
const METHOD: &str = "PUT";

/// The call's JSON, nothing in it checked. A field that is not known is refused, as is one that stands twice.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct UploadRequest {
    /// The file's name where it comes from.
    pub name: String,
    /// Its exact bytes.
    pub size: u64,
    /// Its media type.
    pub r#type: Option<String>,
    /// Its SHA-256 in base64, for an upload in one PUT.
    pub sha256: Option<String>,
    /// How long the grant lives: [`DEFAULT_EXPIRY`] if absent.
    pub expires_in: Option<Span>,
}

/// Checked terms of an upload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upload {
    path: ObjectPath,
    plan: PartPlan,
    content_type: String,
    sha256: Option<String>,
    expires: UnixTime,
    single: bool,
}

impl UploadRequest {
    /// Checks every field. `entropy` becomes the key's first segment; sizes over `threshold` are sent in parts.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] for an object that S3 would not take, [`Refusal::BadRequest`] for all else.
    pub fn check(self, entropy: [u8; 16], prefix: &str, threshold: u64, now: UnixTime) -> Result<Upload, Refusal> {
        check_file_name(&self.name)?;
        let plan = PartPlan::of(self.size).ok_or(Refusal::TooLarge)?;
        let single = self.size <= threshold;
        if let Some(digest) = &self.sha256 {
            if !single {
                return Err(Refusal::BadRequest("sha256 is for an upload in one PUT"));
            }
            if digest.len() != 44 || STANDARD.decode(digest).ok().is_none_or(|bytes| bytes.len() != 32) {
                return Err(Refusal::BadRequest("sha256 is 32 bytes in base64"));
            }
        }
        let content_type = self.r#type.unwrap_or_else(|| OCTET_STREAM.into());
        if !is_media_type(&content_type) {
            return Err(Refusal::BadRequest("type is not a media type"));
        }
        // The random segment keeps keys apart and unguessable; the name behind it makes a good default for
        // downloads.
        let key = format!("{}/{}", base64url::encode(&entropy), harmless(&self.name));
        Ok(Upload {
            path: path(&key, prefix)?,
            plan,
            content_type,
            sha256: self.sha256,
            expires: end(self.expires_in, DEFAULT_EXPIRY, MAX_EXPIRY, now)?,
            single,
        })
    }
}

impl Upload {
    /// Where it goes.
    pub const fn path(&self) -> &ObjectPath {
        &self.path
    }

    /// Its parts, where it is sent in parts.
    pub const fn plan(&self) -> &PartPlan {
        &self.plan
    }

    /// Whether it is one PUT.
    pub const fn is_single(&self) -> bool {
        self.single
    }

    /// The media type that it is stored with.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// When the grant ends.
    pub const fn expires(&self) -> UnixTime {
        self.expires
    }

    /// The headers of the one PUT, in lower case: all of them are signed and must be sent just so.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = Vec::from([
            ("content-length", self.plan.size().to_string()),
            ("content-type", self.content_type.clone()),
            // Nothing is ever overwritten (RFC 9110 section 13.1.2).
            ("if-none-match", "*".into()),
        ]);
        if let Some(digest) = &self.sha256 {
            headers.push(("x-amz-checksum-sha256", digest.clone()));
        }
        headers
    }

    /// Makes the upload token, `id` being 16 random bytes.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`] if the name is too long for a token.
    pub fn mint(&self, id: [u8; 16], audience: &str, key: &TokenKey, now: UnixTime) -> Result<String, Refusal> {
        let new = NewToken {
            audience: Some(audience),
            issued_at: Some(now),
            methods: &[METHOD],
            purpose: Purpose::Upload,
            largest_upload: Some(self.plan.size()),
            ..NewToken::new(id, Opens::Object(&self.path), self.expires)
        };
        mint(&new, key).map_err(mint_refusal)
    }
}

/// What a genuine upload token grants. Only [`UploadGrant::verify`] makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UploadGrant {
    path: ObjectPath,
    plan: PartPlan,
    expires: UnixTime,
}

impl UploadGrant {
    /// Verifies an upload token and puts it to the policy of every token.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] up to the MAC, [`Refusal::Expired`] and [`Refusal::Forbidden`] behind it.
    pub fn verify(text: &str, keys: &KeySet, audience: &str, now: UnixTime) -> Result<Self, Refusal> {
        let bytes = TokenBytes::decode(text).map_err(|fault| Refusal::Unauthorized(fault.0))?;
        let parts = bytes.parts().map_err(|fault| Refusal::Unauthorized(fault.0))?;
        let token = verify(&parts, keys, now)?;
        let Target::Exact(target) = token.claims().target()? else {
            return Err(Refusal::Forbidden("an upload token names one object"));
        };
        let request = Request {
            method: METHOD,
            url: "",
            id: "",
            headers: Headers::new(&[]),
            client: Client { address: None, place: None },
        };
        let ask = Ask {
            request: &request,
            uri: Uri {
                scheme: "https",
                // Upload tokens name no host; one that does is not of this signer.
                host: "".into(),
                port: "443",
                path: target.as_str().into(),
                query: "".into(),
            },
            method: METHOD,
            audience,
        };
        policy::check(&token, &ask, now)?;
        if token.claims().purpose() != Purpose::Upload {
            return Err(Refusal::Forbidden("not an upload token"));
        }
        let raw = target.strip_prefix(FILE_ROUTE).ok_or(Refusal::Forbidden("the token names no path of ours"))?;
        let size = token.claims().largest_upload().ok_or(Refusal::Forbidden("an upload token without a size"))?;
        Ok(Self {
            path: ObjectPath::from_target(raw).map_err(Refusal::BadPath)?,
            plan: PartPlan::of(size).ok_or(Refusal::Forbidden("an upload token over the largest object"))?,
            // Policy has refused a token without an end.
            expires: token.claims().expires().unwrap_or(now),
        })
    }

    /// Where the upload goes.
    pub const fn path(&self) -> &ObjectPath {
        &self.path
    }

    /// Its parts; the granted size is theirs.
    pub const fn plan(&self) -> &PartPlan {
        &self.plan
    }

    /// When the grant ends.
    pub const fn expires(&self) -> UnixTime {
        self.expires
    }
}

/// `type/subtype` of token characters (RFC 9110 section 8.3.1), with parameters of printable ASCII. Runs of
/// spaces are refused: the signature would fold them.
fn is_media_type(text: &str) -> bool {
    let is_token = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let named = essence.split_once('/').is_some_and(|(family, subtype)| is_token(family) && is_token(subtype));
    let plain = parameters.bytes().all(|b| (0x20..0x7f).contains(&b));
    named && plain && text.len() <= MAX_TYPE_BYTES && text.trim() == text && !text.contains("  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{KeyId, Secret};

    const NOW: UnixTime = UnixTime::from_secs(1_000);
    const DIGEST: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    fn key(byte: u8) -> TokenKey {
        TokenKey::new("demo".into(), KeyId::new("a").unwrap(), &Secret::new([byte; 32].into()), None).unwrap()
    }

    fn check(json: &str) -> Result<Upload, Refusal> {
        let request: UploadRequest = serde_json::from_str(json).unwrap();
        request.check([0xff; 16], "files/", 100, NOW)
    }

    #[test]
    fn the_server_chooses_the_key_and_keeps_the_name() {
        let upload = check(r#"{"name":"../a.pdf","size":100}"#).unwrap();
        assert_eq!(upload.path().key(), "_____________________w/_a.pdf");
        assert!(upload.is_single());
        assert_eq!(upload.expires(), UnixTime::from_secs(4_600));
        let names: Vec<&str> = upload.headers().iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["content-length", "content-type", "if-none-match"]);
        let upload =
            check(&format!(r#"{{"name":"a","size":0,"type":"text/plain; charset=utf-8","sha256":"{DIGEST}"}}"#));
        assert_eq!(upload.unwrap().headers()[3], ("x-amz-checksum-sha256", DIGEST.into()));
        assert!(!check(r#"{"name":"a","size":101}"#).unwrap().is_single());
    }

    #[test]
    fn what_cannot_be_granted_is_refused() {
        let with = |field: &str| check(&format!(r#"{{"name":"a","size":1,{field}}}"#)).unwrap_err().code();
        for bad in [
            r#""type":"""#,
            r#""type":"text""#,
            r#""type":"text/""#,
            r#""type":"text/plain; a  b""#,
            r#""type":"text/plain\r\nx: y""#,
            r#""type":"text/plain;é""#,
            r#""sha256":"""#,
            r#""sha256":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=""#,
            r#""sha256":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=""#,
            r#""expires_in":"25h""#,
        ] {
            assert_eq!(with(bad), "bad_request", "{bad}");
        }
        for bad in [r#"{"name":"","size":1}"#, r#"{"name":"a\u0000","size":1}"#] {
            assert_eq!(check(bad).unwrap_err().code(), "bad_request");
        }
        assert_eq!(
            check(&format!(r#"{{"name":"a","size":101,"sha256":"{DIGEST}"}}"#)).unwrap_err().code(),
            "bad_request"
        );
        assert!(check(r#"{"name":"a","size":5497558138880}"#).is_ok());
        assert_eq!(check(r#"{"name":"a","size":5497558138881}"#).unwrap_err().code(), "too_large");
        assert_eq!(check(&format!(r#"{{"name":"{}","size":1}}"#, "n".repeat(256))).unwrap_err().code(), "bad_request");
    }

    #[test]
    fn the_longest_name_fits_into_a_token() {
        // Three bytes each, nine when encoded: the worst that a name can do.
        let upload = check(&format!(r#"{{"name":"{}","size":1}}"#, "字".repeat(85))).unwrap();
        assert!(upload.mint([1; 16], "dev", &key(7), NOW).is_ok());
    }

    #[test]
    fn the_token_proves_path_and_size_until_it_ends() {
        let keys = KeySet::new(Vec::from([key(7)]));
        let upload = check(r#"{"name":"a b","size":101}"#).unwrap();
        let text = upload.mint([1; 16], "dev", &key(7), NOW).unwrap();
        let verify = |now| UploadGrant::verify(&text, &keys, "dev", UnixTime::from_secs(now));
        let grant = verify(4_599).unwrap();
        assert_eq!((grant.path(), grant.plan().size()), (upload.path(), 101));
        assert_eq!(verify(4_600).unwrap_err().code(), "expired");
        let refused = |text: &str, audience: &str, keys: &KeySet| {
            UploadGrant::verify(text, keys, audience, NOW).unwrap_err().code()
        };
        assert_eq!(refused(&text, "prod", &keys), "forbidden");
        assert_eq!(refused(&text, "dev", &KeySet::new(Vec::from([key(8)]))), "unauthorized");
        assert_eq!(refused("nonsense", "dev", &keys), "unauthorized");
        // A share of the same object is not a permission to write it.
        let share = NewToken {
            audience: Some("dev"),
            methods: &["PUT"],
            largest_upload: Some(101),
            ..NewToken::new([1; 16], Opens::Object(upload.path()), UnixTime::from_secs(2_000))
        };
        assert_eq!(refused(&mint(&share, &key(7)).unwrap(), "dev", &keys), "forbidden");
        let folder = NewToken { purpose: Purpose::Upload, opens: Opens::Folder(upload.path()), ..share.clone() };
        assert_eq!(refused(&mint(&folder, &key(7)).unwrap(), "dev", &keys), "forbidden");
        let sizeless = NewToken { purpose: Purpose::Upload, largest_upload: None, ..share };
        assert_eq!(refused(&mint(&sizeless, &key(7)).unwrap(), "dev", &keys), "forbidden");
    }
}

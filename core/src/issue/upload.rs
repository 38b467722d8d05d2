//! Uploads: a key of the server's choosing, the exact bytes that may be sent there, and a token by which the
//! later calls of the same upload prove what was granted.

use super::duration::{Moment, Span, end};
use super::parts::PartPlan;
use super::share::{check_file_name, mint_refusal, path};
use super::upload_name::{directories, encoded_length, short};
use crate::access::{Owner, OwnerTag};
use crate::disposition::harmless;
use crate::media_type::OCTET_STREAM;
use crate::path::ObjectPath;
use crate::records::id;
use crate::refusal::Refusal;
use crate::time::{Seconds, UnixTime};
use crate::token::mint::Opens;
use crate::token::{NewToken, Purpose, TokenKey, mint};
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
pub(super) const METHOD: &str = "PUT";

/// Most bytes that the file's path has within its folder, encoded as in a link: what is left then fits into a token.
const MAX_ENCODED_PATH: usize = 400;
/// Most of the name's bytes, encoded as in a link, that the key repeats.
const MAX_ENCODED_NAME: usize = 180;

/// The call's JSON, nothing in it checked. A field that is not known is refused, as is one that stands twice.
#[derive(Deserialize, Debug, Clone)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::issue::schema::one_end_one_checksum))]
pub struct UploadRequest {
    /// Whose file it becomes: the caller's own, if absent; for admins.
    pub owner: Option<Owner>,
    /// The file's name where it comes from.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 255), regex(pattern = crate::issue::schema::PLAIN)))]
    pub name: String,
    /// Its exact bytes, at most 5 TiB.
    #[serde(deserialize_with = "super::whole::number")]
    #[cfg_attr(feature = "schema", schemars(range(max = 5_497_558_138_880u64)))]
    pub size: u64,
    /// Its media type: `application/octet-stream`, if absent.
    #[cfg_attr(feature = "schema", schemars(length(max = 127), regex(pattern = crate::issue::schema::MEDIA_TYPE)))]
    pub r#type: Option<String>,
    /// Its SHA-256 in base64, for an upload in one PUT.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = crate::issue::schema::SHA256)))]
    pub sha256: Option<String>,
    /// Its CRC-64/NVME in base64, for uploads of all sizes: S3 checks it over the whole object.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = crate::issue::schema::CRC64)))]
    pub crc64nvme: Option<String>,
    /// A folder that an earlier upload's answer named: the file lands in the same.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9a-f]{44}$")))]
    pub folder: Option<String>,
    /// Directories within the folder, like `photos/2026`.
    #[cfg_attr(feature = "schema", schemars(length(max = 40), regex(pattern = crate::issue::schema::DIRECTORY)))]
    pub directory: Option<String>,
    /// How long the grant lives: an hour, if neither this nor `expires_at` is given; a day at most.
    pub expires_in: Option<Span>,
    /// When the grant ends.
    pub expires_at: Option<Moment>,
    /// The name of a guest, for uploads by an upload link.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 128), regex(pattern = crate::issue::schema::PLAIN)))]
    pub sender: Option<String>,
}

/// Where an upload goes: whose folder, and which in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Destination {
    /// The owner of the file.
    pub owner: OwnerTag,
    /// The folder, where the caller does not choose: of an upload link. All files in it are kept apart.
    pub folder: Option<String>,
    /// 16 random bytes.
    pub entropy: [u8; 16],
}

/// Checked terms of an upload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upload {
    path: ObjectPath,
    file: String,
    folder: String,
    name: String,
    plan: PartPlan,
    content_type: String,
    sha256: Option<String>,
    crc64nvme: Option<String>,
    expires: UnixTime,
    single: bool,
}

impl UploadRequest {
    /// Checks every field. Sizes over `threshold` are sent in parts.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`]; [`Refusal::Conflict`] for a checksum that S3 cannot check for an upload of this size.
    pub fn check(
        self,
        destination: Destination,
        prefix: &str,
        threshold: u64,
        now: UnixTime,
    ) -> Result<Upload, Refusal> {
        check_file_name(&self.name)?;
        let plan =
            PartPlan::of(self.size).ok_or(Refusal::BadRequest("size is over 5 TiB, the largest object of S3"))?;
        let single = self.size <= threshold;
        if self.sha256.is_some() && !single {
            return Err(Refusal::Conflict("sha256 is for an upload in one PUT: give crc64nvme"));
        }
        if self.sha256.is_some() && self.crc64nvme.is_some() {
            return Err(Refusal::BadRequest("only one of sha256 and crc64nvme is taken"));
        }
        if !self.sha256.as_deref().is_none_or(|text| is_base64_of(text, 32)) {
            return Err(Refusal::BadRequest("sha256 is 32 bytes in base64"));
        }
        if !self.crc64nvme.as_deref().is_none_or(|text| is_base64_of(text, 8)) {
            return Err(Refusal::BadRequest("crc64nvme is 8 bytes in base64"));
        }
        let content_type = self.r#type.unwrap_or_else(|| OCTET_STREAM.into());
        if !is_media_type(&content_type) {
            return Err(Refusal::BadRequest("type is not a media type"));
        }
        let mut within = directories(self.directory.as_deref())?;
        let folder = match (destination.folder, self.folder) {
            // Guests neither choose the folder nor meet each other's names in it.
            (Some(_), Some(_)) => return Err(Refusal::BadRequest("an upload link chooses the folder itself")),
            (Some(folder), None) => {
                within = format!("{}/{within}", id::record_id(now, &destination.entropy));
                folder
            }
            (None, Some(folder)) if !id::is_folder_id(&folder) => {
                return Err(Refusal::BadRequest("folder is not one that an upload was given"));
            }
            (None, Some(folder)) => folder,
            // The random name keeps keys apart and unguessable; the file's own behind it makes a good default for
            // downloads.
            (None, None) => id::folder_id(now, &destination.entropy),
        };
        within.push_str(&short(&harmless(&self.name), MAX_ENCODED_NAME));
        if encoded_length(&within) > MAX_ENCODED_PATH {
            return Err(Refusal::BadRequest("the directories are too long"));
        }
        Ok(Upload {
            path: path(&format!("{}/{folder}/{within}", destination.owner), prefix)?,
            file: id::file_id(&folder, &within),
            folder,
            name: self.name,
            plan,
            content_type,
            sha256: self.sha256,
            crc64nvme: self.crc64nvme,
            expires: end(self.expires_in, self.expires_at, DEFAULT_EXPIRY, MAX_EXPIRY, now)?,
            single,
        })
    }
}

impl Upload {
    /// Where it goes.
    pub const fn path(&self) -> &ObjectPath {
        &self.path
    }

    /// The id of the file that it becomes.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The folder that it goes into.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// What it is called where it comes from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its SHA-256 in base64, if it was promised.
    pub fn sha256(&self) -> Option<&str> {
        self.sha256.as_deref()
    }

    /// Its CRC-64/NVME in base64, if it was promised.
    pub fn crc64nvme(&self) -> Option<&str> {
        self.crc64nvme.as_deref()
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
        if let Some(sum) = &self.crc64nvme {
            headers.push(("x-amz-checksum-crc64nvme", sum.clone()));
        }
        headers
    }

    /// Makes the upload token, `id` being 16 random bytes.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] if the name is too long for a token.
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

/// Whether `text` is the one spelling in base64 of so many bytes.
fn is_base64_of(text: &str, bytes: usize) -> bool {
    STANDARD.decode(text).is_ok_and(|decoded| decoded.len() == bytes)
}

/// `type/subtype` of token characters (RFC 9110 section 8.3.1), with parameters of printable ASCII. Runs of
/// spaces are refused: the signature would fold them.
pub(crate) fn is_media_type(text: &str) -> bool {
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
    use crate::issue::UploadGrant;
    use crate::secret::{KeyId, Secret};
    use crate::token::KeySet;

    const NOW: UnixTime = UnixTime::from_secs(1_000);
    const DIGEST: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    fn key(byte: u8) -> TokenKey {
        TokenKey::new("demo".into(), KeyId::new("a").unwrap(), &Secret::new([byte; 32].into()), None).unwrap()
    }

    fn check(json: &str) -> Result<Upload, Refusal> {
        let request: UploadRequest = serde_json::from_str(json).unwrap();
        request.check(destination(), "files/", 100, NOW)
    }

    fn destination() -> Destination {
        Destination { owner: Owner::new("alice").unwrap().tag(), folder: None, entropy: [0xff; 16] }
    }

    /// What every key begins with.
    fn place() -> String {
        format!("{}/{}/", destination().owner, id::folder_id(NOW, &[0xff; 16]))
    }

    #[test]
    fn the_server_chooses_the_key_and_keeps_the_name() {
        let upload = check(r#"{"name":"../a.pdf","size":100}"#).unwrap();
        assert_eq!(upload.path().key(), place() + "_a.pdf");
        assert_eq!(Some(upload.file().into()), id::file_id_of_key(upload.path().key()));
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
            r#""crc64nvme":"AAAAAAAAAA==""#,
            r#""folder":"00""#,
            r#""directory":"""#,
            r#""directory":"a//b""#,
            r#""directory":"../b""#,
            r#""directory":"/a""#,
            r#""expires_in":"1h","expires_at":2000"#,
        ] {
            assert_eq!(with(bad), "bad_request", "{bad}");
        }
        for bad in [r#"{"name":"","size":1}"#, r#"{"name":"a\u0000","size":1}"#] {
            assert_eq!(check(bad).unwrap_err().code(), "bad_request");
        }
        assert_eq!(check(&format!(r#"{{"name":"a","size":101,"sha256":"{DIGEST}"}}"#)).unwrap_err().code(), "conflict");
        assert!(check(r#"{"name":"a","size":5497558138880}"#).is_ok());
        assert_eq!(check(r#"{"name":"a","size":5497558138881}"#).unwrap_err().code(), "bad_request");
        assert_eq!(check(&format!(r#"{{"name":"{}","size":1}}"#, "n".repeat(256))).unwrap_err().code(), "bad_request");
    }

    #[test]
    fn a_folder_is_filled_by_several_uploads_and_a_link_keeps_guests_apart() {
        let folder = id::folder_id(NOW, &[0xff; 16]);
        let upload = check(&format!(r#"{{"name":"b.txt","size":1,"folder":"{folder}","directory":"x/y /"}}"#)).unwrap();
        assert_eq!((upload.path().key(), upload.folder()), ((place() + "x/y/b.txt").as_str(), folder.as_str()));
        let guest = Destination { folder: Some(folder.clone()), ..destination() };
        let request: UploadRequest = serde_json::from_str(r#"{"name":"b.txt","size":1}"#).unwrap();
        let apart = id::record_id(NOW, &[0xff; 16]);
        let upload = request.check(guest.clone(), "files/", 100, NOW).unwrap();
        assert_eq!(upload.path().key(), format!("{}{apart}/b.txt", place()));
        let chosen: UploadRequest =
            serde_json::from_str(&format!(r#"{{"name":"b","size":1,"folder":"{folder}"}}"#)).unwrap();
        assert_eq!(chosen.check(guest, "files/", 100, NOW).unwrap_err().code(), "bad_request");
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

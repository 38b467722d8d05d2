//! What the calls answer, as JSON: the OpenAPI document is written from these types.

use clouddrop_core::access::{Owner, Role, Scope};
use clouddrop_core::issue::share::Terms;
use clouddrop_core::records::event::Event;
use clouddrop_core::records::keys::KeyState;
use clouddrop_core::records::share::{State, Uses};
use clouddrop_core::records::upload::Sender;
use clouddrop_core::records::webhook::Topic;
use serde::Serialize;
use std::collections::BTreeMap;

#[cfg(test)]
use schemars::JsonSchema;

/// A page of a list.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct PageView<T> {
    /// The entries.
    pub(crate) items: Vec<T>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// A share.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct ShareView {
    /// Its id, in hexadecimal.
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) owner: Owner,
    pub(crate) state: State,
    /// The page for people.
    pub(crate) link: String,
    /// The file itself; of a folder, what a path below it is put behind.
    pub(crate) download: String,
    /// The token that both carry: a bearer secret.
    pub(crate) token: String,
    /// A command that fetches the file.
    pub(crate) curl: String,
    /// What it opens and for whom.
    #[serde(flatten)]
    pub(crate) terms: Terms,
    pub(crate) created_at: String,
    pub(crate) created_by: String,
    pub(crate) expires_at: String,
    /// Downloads in all; absent for no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_downloads: Option<u64>,
    /// Whether a password opens it.
    pub(crate) password: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revoked_at: Option<String>,
    /// How it was used, a few seconds behind.
    pub(crate) uses: Uses,
}

/// A link to a file for its owner.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct DownloadView {
    /// The file itself: a bearer secret.
    pub(crate) download: String,
    pub(crate) expires_at: String,
}

/// A file.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct FileView {
    pub(crate) id: String,
    /// What a share names it by.
    pub(crate) key: String,
    pub(crate) owner: Owner,
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) crc64nvme: Option<String>,
    /// The object's entity tag, with its quotes.
    pub(crate) etag: String,
    pub(crate) created_at: String,
    pub(crate) created_by: String,
    /// The upload link that it came by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
    /// The guest that sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sender: Option<Sender>,
}

/// A granted upload: one PUT with these headers, or parts.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum UploadView {
    /// One PUT of the whole file.
    Single {
        #[serde(flatten)]
        granted: GrantedView,
        method: &'static str,
        url: String,
        /// All of them are signed and must be sent just so.
        headers: BTreeMap<&'static str, String>,
    },
    /// One PUT for each part.
    Multipart {
        #[serde(flatten)]
        granted: GrantedView,
        upload_id: String,
        /// Bytes of each part but the last.
        part_size: u64,
        part_count: u32,
        /// The first parts; the others' URLs are to be asked for.
        parts: Vec<PartUrl>,
    },
}

/// What every granted upload has.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct GrantedView {
    /// The id of the file that it becomes.
    pub(crate) file: String,
    /// What a share names it by.
    pub(crate) key: String,
    /// The folder, for further files in the same.
    pub(crate) folder: String,
    /// The token for the later calls of this upload.
    pub(crate) upload: String,
    pub(crate) expires_at: String,
}

/// Where one part is sent.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct PartUrl {
    pub(crate) number: u32,
    /// Its exact bytes.
    pub(crate) size: u64,
    pub(crate) url: String,
}

/// Fresh URLs for parts.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct PartsView {
    pub(crate) parts: Vec<PartUrl>,
    pub(crate) expires_at: String,
}

/// A part that has arrived.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct PartView {
    pub(crate) number: u32,
    pub(crate) size: u64,
    /// With its quotes.
    pub(crate) etag: String,
}

/// Which parts have arrived.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct ReceivedView {
    pub(crate) parts: Vec<PartView>,
    /// Bytes of them all.
    pub(crate) received: u64,
    /// Bytes of the whole.
    pub(crate) size: u64,
    /// S3's name of the upload.
    pub(crate) upload_id: String,
    pub(crate) part_size: u64,
    pub(crate) part_count: u32,
}

/// An upload that is not complete.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct OpenUploadView {
    /// The id of the file that it becomes.
    pub(crate) file: String,
    pub(crate) key: String,
    pub(crate) owner: Owner,
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) multipart: bool,
    pub(crate) created_at: String,
    pub(crate) expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
}

/// What was thrown away, and what was found to be complete after all.
#[derive(Serialize, Debug, Default)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct StaleView {
    pub(crate) aborted: u64,
    pub(crate) completed: u64,
}

/// An upload link.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct UploadLinkView {
    pub(crate) id: String,
    pub(crate) owner: Owner,
    /// `open`, `expired` or `closed`.
    pub(crate) state: &'static str,
    /// The page for guests, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
    /// What guests call the API with: a bearer secret.
    pub(crate) token: String,
    /// Where files land: the prefix to list them by.
    pub(crate) folder: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_file_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_bytes: Option<u64>,
    pub(crate) max_files: u64,
    /// Media types that are taken; none for all.
    pub(crate) types: Vec<String>,
    /// Bytes that have come.
    pub(crate) bytes: u64,
    /// Files that have come.
    pub(crate) files: u64,
    pub(crate) created_at: String,
    pub(crate) created_by: String,
    pub(crate) expires_at: String,
}

/// What an upload link takes, as its guests are told: not what others have sent, and not to whom.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct UploadTermsView {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    /// The most bytes of one file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_file_bytes: Option<u64>,
    /// Media types that are taken; none for all.
    pub(crate) types: Vec<String>,
    /// Until when it takes files.
    pub(crate) expires_at: String,
}

/// An account.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct AccountView {
    /// Who calls.
    pub(crate) name: String,
    pub(crate) role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scopes: Option<Vec<Scope>>,
    pub(crate) owner: Owner,
    /// What the keys of the owner's files begin with.
    pub(crate) folder: String,
    pub(crate) bytes: u64,
    pub(crate) files: u64,
    pub(crate) pending_bytes: u64,
    pub(crate) open_uploads: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_files: Option<u64>,
    pub(crate) max_open_uploads: u64,
}

/// A webhook.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct WebhookView {
    pub(crate) id: String,
    pub(crate) owner: Owner,
    pub(crate) url: String,
    pub(crate) topics: Vec<Topic>,
    pub(crate) created_at: String,
    pub(crate) created_by: String,
    /// What messages are signed with; in the answer to its making only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<String>,
}

/// A token key.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct KeyView {
    pub(crate) id: String,
    pub(crate) state: KeyState,
}

/// All token keys of the issuer.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct KeysView {
    pub(crate) issuer: String,
    pub(crate) keys: Vec<KeyView>,
}

/// An API key.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct ApiKeyView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) owner: Owner,
    pub(crate) role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scopes: Option<Vec<Scope>>,
    pub(crate) created_at: String,
    pub(crate) created_by: String,
    pub(crate) expires_at: String,
    /// The key itself; in the answer to its making only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
}

/// What the revocation list holds.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct RevocationsView {
    pub(crate) entries: usize,
    pub(crate) token_ids: usize,
    pub(crate) shares: usize,
    /// Subjects, owners and objects.
    pub(crate) subjects: usize,
    /// Keys and issuers.
    pub(crate) keys: usize,
    pub(crate) made_at: String,
}

/// What is revoked now.
#[derive(Serialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct RevokedView {
    #[serde(flatten)]
    pub(crate) named: BTreeMap<&'static str, String>,
    pub(crate) until: String,
    /// How many entries the list has.
    pub(crate) entries: usize,
    pub(crate) made_at: String,
}

/// A report.
#[derive(Serialize, serde::Deserialize, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct ReportView {
    #[serde(default)]
    pub(crate) id: String,
    pub(crate) at: String,
    /// The share that it is about, in hexadecimal.
    pub(crate) share: String,
    /// The tag of the share's owner.
    pub(crate) owner: String,
    /// The object's key, encoded as in a path.
    pub(crate) path: String,
    pub(crate) reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<String>,
}

/// The log of a share.
pub(crate) type EventsView = PageView<Event>;

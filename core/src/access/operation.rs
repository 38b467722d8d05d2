//! The operations of the API, in one table: how each is called, who may, and what it is about. The signer routes by it,
//! the OpenAPI document is written from it, and the test of role by operation reads it.

use super::caller::Role;
use super::scope::{Access, Resource};
use crate::refusal::{Allow, Refusal};

/// What the API does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each is named and described in the table")]
pub enum Operation {
    ShowApi,
    ShowAccount,
    CreateShare,
    ListShares,
    ShowShare,
    ChangeShare,
    RevokeShare,
    ListShareEvents,
    ListFiles,
    ShowFile,
    OpenFile,
    ChangeFile,
    DeleteFile,
    CreateUpload,
    ListUploads,
    PresignParts,
    ListParts,
    CompleteUpload,
    AbortUpload,
    AbortStaleUploads,
    CreateUploadLink,
    ListUploadLinks,
    ShowUploadLink,
    ShowUploadTerms,
    CloseUploadLink,
    CreateWebhook,
    ListWebhooks,
    DeleteWebhook,
    ListKeys,
    RotateKeys,
    RetireKey,
    CreateApiKey,
    ListApiKeys,
    DeleteApiKey,
    ShowRevocations,
    CreateRevocation,
    ListReports,
    RecordEvents,
    RecordReport,
    Tick,
}

/// Who may call an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needs {
    /// Anybody.
    Nothing,
    /// Somebody with this role or a higher one.
    Role(Role),
    /// The same, or a guest with an upload link.
    RoleOrGuest(Role),
    /// The edge itself or the scheduler, on no client's behalf: such paths are never forwarded for anybody.
    Ourselves,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it does.
    pub operation: Operation,
    /// The method.
    pub method: &'static str,
    /// The path, one segment of which may be a parameter in braces.
    pub path: &'static str,
    /// Its name, for logs, metrics and clients that are generated.
    pub id: &'static str,
    /// Who may.
    pub needs: Needs,
    /// What it is about.
    pub resource: Resource,
    /// How it touches that.
    pub access: Access,
    /// One sentence.
    pub summary: &'static str,
}

/// An operation with the parameter of its path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found<'a> {
    /// The operation.
    pub operation: Operation,
    /// What stands in the place of the braces; empty without any.
    pub parameter: &'a str,
}

const MEMBER: Needs = Needs::Role(Role::Member);
const VIEWER: Needs = Needs::Role(Role::Viewer);
const ADMIN: Needs = Needs::Role(Role::Admin);
const SENDER: Needs = Needs::RoleOrGuest(Role::Member);

macro_rules! table {
    ($($operation:ident $method:literal $path:literal $id:literal $needs:expr, $resource:ident $access:ident $summary:literal;)*) => {
        &[$(Entry {
            operation: Operation::$operation,
            method: $method,
            path: $path,
            id: $id,
            needs: $needs,
            resource: Resource::$resource,
            access: Access::$access,
            summary: $summary,
        }),*]
    };
}

impl Operation {
    /// All of them. Fixed paths stand before those with a parameter in the same place.
    #[rustfmt::skip]
    pub const TABLE: &'static [Entry] = table![
        ShowApi           "GET"    "/api/v1/openapi.json"       "showApi"           Needs::Nothing, Account Read      "This document.";
        ShowAccount       "GET"    "/api/v1/account"            "showAccount"       VIEWER, Account Read      "Who is calling, and how much of the quota is used.";
        CreateShare       "POST"   "/api/v1/shares"             "createShare"       MEMBER, Shares Write      "Makes a link to a file or a folder.";
        ListShares        "GET"    "/api/v1/shares"             "listShares"        VIEWER, Shares Read       "Shares, the newest first.";
        ShowShare         "GET"    "/api/v1/shares/{share}"     "showShare"         VIEWER, Shares Read       "One share with its link.";
        ChangeShare       "PATCH"  "/api/v1/shares/{share}"     "changeShare"       MEMBER, Shares Write      "Extends or shortens a share, changes its limit or its note.";
        RevokeShare       "POST"   "/api/v1/shares/{share}/revoke" "revokeShare"       MEMBER, Shares Write      "Takes a share back: all its links end.";
        ListShareEvents   "GET"    "/api/v1/shares/{share}/events" "listShareEvents" VIEWER, Shares Read      "What happened to a share, the newest first.";
        ListFiles         "GET"    "/api/v1/files"              "listFiles"         VIEWER, Files Read        "Files, the newest first.";
        ShowFile          "GET"    "/api/v1/files/{file}"       "showFile"          VIEWER, Files Read        "One file.";
        OpenFile          "GET"    "/api/v1/files/{file}/download" "openFile"       VIEWER, Files Read        "A link to a file for its owner, for five minutes.";
        ChangeFile        "PATCH"  "/api/v1/files/{file}"       "changeFile"        MEMBER, Files Write       "Renames a file.";
        DeleteFile        "DELETE" "/api/v1/files/{file}"       "deleteFile"        MEMBER, Files Write       "Deletes a file and revokes its shares.";
        CreateUpload      "POST"   "/api/v1/uploads"            "createUpload"      SENDER, Uploads Write     "Grants an upload: one presigned PUT, or an upload in parts.";
        ListUploads       "GET"    "/api/v1/uploads"            "listUploads"       VIEWER, Uploads Read      "Uploads that are not complete.";
        PresignParts      "POST"   "/api/v1/uploads/parts"      "presignParts"      SENDER, Uploads Write     "Fresh URLs for parts.";
        ListParts         "POST"   "/api/v1/uploads/list"       "listParts"         SENDER, Uploads Write     "Which parts have arrived.";
        CompleteUpload    "POST"   "/api/v1/uploads/complete"   "completeUpload"    SENDER, Uploads Write     "Makes the upload a file, if it is what was granted.";
        AbortUpload       "POST"   "/api/v1/uploads/abort"      "abortUpload"       SENDER, Uploads Write     "Throws an upload away.";
        AbortStaleUploads "POST"   "/api/v1/uploads/abort-stale" "abortStaleUploads" MEMBER, Uploads Write    "Throws away every upload whose grant has ended.";
        CreateUploadLink  "POST"   "/api/v1/upload-links"       "createUploadLink"  MEMBER, UploadLinks Write "Makes a link by which guests send files in.";
        ListUploadLinks   "GET"    "/api/v1/upload-links"       "listUploadLinks"   VIEWER, UploadLinks Read  "Upload links, the newest first.";
        ShowUploadLink    "GET"    "/api/v1/upload-links/{link}" "showUploadLink"   VIEWER, UploadLinks Read  "One upload link.";
        ShowUploadTerms   "GET"    "/api/v1/uploads/terms"      "showUploadTerms"   SENDER, Uploads Read      "What an upload link takes, for the guest who has it.";
        CloseUploadLink   "POST"   "/api/v1/upload-links/{link}/close" "closeUploadLink"  MEMBER, UploadLinks Write "Closes an upload link.";
        CreateWebhook     "POST"   "/api/v1/webhooks"           "createWebhook"     MEMBER, Webhooks Write    "Has downloads and uploads told to a URL.";
        ListWebhooks      "GET"    "/api/v1/webhooks"           "listWebhooks"      VIEWER, Webhooks Read     "Webhooks.";
        DeleteWebhook     "DELETE" "/api/v1/webhooks/{webhook}" "deleteWebhook"     MEMBER, Webhooks Write    "Removes a webhook.";
        ListKeys          "GET"    "/api/v1/keys"               "listKeys"          ADMIN,  Keys Read         "The token keys by name and state.";
        RotateKeys        "POST"   "/api/v1/keys/rotate"        "rotateKeys"        ADMIN,  Keys Write        "Makes tokens with the standby key from now on.";
        RetireKey         "POST"   "/api/v1/keys/{key}/retire"  "retireKey"         ADMIN,  Keys Write        "Ends a token key and every token made with it.";
        CreateApiKey      "POST"   "/api/v1/api-keys"           "createApiKey"      ADMIN,  ApiKeys Write     "Makes an API key, which is shown this once.";
        ListApiKeys       "GET"    "/api/v1/api-keys"           "listApiKeys"       ADMIN,  ApiKeys Read      "The API keys, without their secrets.";
        DeleteApiKey      "DELETE" "/api/v1/api-keys/{apiKey}"  "deleteApiKey"      ADMIN,  ApiKeys Write     "Ends an API key.";
        ShowRevocations   "GET"    "/api/v1/revocations"        "showRevocations"   ADMIN,  Revocations Read  "How much is revoked.";
        CreateRevocation  "POST"   "/api/v1/revocations"        "createRevocation"  ADMIN,  Revocations Write "Revokes a token, a share, a file, a content, an owner, a key or an issuer.";
        ListReports       "GET"    "/api/v1/reports"            "listReports"       ADMIN,  Reports Read      "Reports of files that should not be shared.";
        RecordEvents      "POST"   "/edge/v1/events"            "recordEvents"      Needs::Ourselves, Shares Write  "What the edge has seen.";
        RecordReport      "POST"   "/edge/v1/reports"           "recordReport"      Needs::Ourselves, Reports Write "A report that somebody made at the edge.";
        Tick              "POST"   "/edge/v1/tick"              "tick"              Needs::Ourselves, Webhooks Write "Webhooks that are due, uploads that are stale.";
    ];

    /// Its line of the table.
    pub fn entry(self) -> &'static Entry {
        let found = Self::TABLE.iter().find(|entry| entry.operation == self);
        let Some(entry) = found else { unreachable!("a test finds every operation in the table") };
        entry
    }

    /// The operation of a method and a path.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a path that is none of ours, [`Refusal::MethodNotAllowed`] for another method.
    pub fn find<'a>(method: &str, path: &'a str) -> Result<Found<'a>, Refusal> {
        let mut allowed: u8 = 0;
        let mut fixed = false;
        for entry in Self::TABLE {
            let Some(parameter) = parameter(entry.path, path) else { continue };
            // Where a path is a fixed one, it is not also a parameter's.
            if parameter.is_empty() {
                fixed = true;
            } else if fixed {
                continue;
            }
            if entry.method == method {
                return Ok(Found { operation: entry.operation, parameter });
            }
            allowed |= bit(entry.method);
        }
        if allowed == 0 { Err(Refusal::NotFound) } else { Err(Refusal::MethodNotAllowed(Allow::of(allowed))) }
    }
}

/// The methods of the API, and the bits by which a set of them is written.
const METHODS: [&str; 4] = ["GET", "POST", "PATCH", "DELETE"];

fn bit(method: &str) -> u8 {
    METHODS.iter().position(|known| *known == method).map_or(0, |place| 1 << place)
}

impl Allow {
    /// The methods of one path, as the table has them.
    const fn of(bits: u8) -> Self {
        match bits {
            0b0001 => Self::Get,
            0b0010 => Self::Post,
            0b0011 => Self::GetPost,
            0b1000 => Self::Delete,
            0b0101 => Self::GetPatch,
            0b1101 => Self::GetPatchDelete,
            _ => Self::Api,
        }
    }
}

/// What of `path` stands where `template` has braces; empty for a template without.
fn parameter<'a>(template: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, rest)) = template.split_once('{') else { return (template == path).then_some("") };
    let (_, after) = rest.split_once('}')?;
    let parameter = path.strip_prefix(before)?.strip_suffix(after)?;
    (!parameter.is_empty() && !parameter.contains('/')).then_some(parameter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn every_path_of_the_table_finds_its_operation() {
        for entry in Operation::TABLE {
            let path = entry.path.split(['{', '}']).enumerate().map(|(n, part)| if n == 1 { "x1" } else { part });
            let path: alloc::string::String = path.collect();
            let found = Operation::find(entry.method, &path).unwrap();
            assert_eq!(found.operation, entry.operation, "{path}");
            assert_eq!(found.parameter, if entry.path.contains('{') { "x1" } else { "" });
            assert_eq!(entry.operation.entry().id, entry.id);
        }
        for (place, entry) in Operation::TABLE.iter().enumerate() {
            let others = &Operation::TABLE[..place];
            assert!(others.iter().all(|other| other.id != entry.id && other.operation != entry.operation));
            assert!(others.iter().all(|other| (other.method, other.path) != (entry.method, entry.path)));
            assert_eq!(entry.access == Access::Read, entry.method == "GET", "{}", entry.id);
        }
    }

    #[test]
    fn other_paths_and_methods_find_nothing() {
        for path in
            ["", "/", "/api/v1", "/api/v1/", "/api/v1/shares/", "/api/v1/shares/a/b", "/api/v1/Shares", "/edge/v1"]
        {
            assert_eq!(Operation::find("GET", path).unwrap_err(), Refusal::NotFound, "{path}");
        }
        for (method, path, allow) in [
            ("GET", "/api/v1/uploads/parts", "POST"),
            ("PUT", "/api/v1/shares", "GET, POST"),
            ("POST", "/api/v1/shares/a", "GET, PATCH"),
            ("POST", "/api/v1/files/a", "GET, PATCH, DELETE"),
            ("PATCH", "/api/v1/upload-links/a", "GET"),
            ("GET", "/api/v1/shares/a/revoke", "POST"),
            ("POST", "/api/v1/files/a/download", "GET"),
            ("GET", "/api/v1/webhooks/a", "DELETE"),
            ("POST", "/api/v1/reports", "GET"),
            ("GET", "/edge/v1/tick", "POST"),
            ("GET", "/api/v1/keys/a/retire", "POST"),
        ] {
            let Refusal::MethodNotAllowed(found) = Operation::find(method, path).unwrap_err() else { panic!("{path}") };
            assert_eq!(found.as_str().to_string(), allow, "{path}");
        }
    }
}

//! The OpenAPI 3.1 document, written from the table of operations and the types of their JSON. A test compares it with
//! `openapi.json`, which is what is served; `CLOUDDROP_BLESS=1 cargo test -p clouddrop-signer-lambda openapi` writes it
//! anew.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use crate::calls::Nothing;
use crate::calls::stale::StaleRequest;
use crate::calls::uploads::{PartsRequest, UploadCall};
use crate::views::{
    AccountView, ApiKeyView, DownloadView, EventsView, FileView, KeysView, OpenUploadView, PageView, PartsView,
    ReceivedView, ReportView, RevocationsView, RevokedView, ShareView, StaleView, UploadLinkView, UploadTermsView,
    UploadView, WebhookView,
};
use clouddrop_core::access::operation::{Entry, Needs};
use clouddrop_core::access::{Operation, Resource, owner};
use clouddrop_core::issue::schema::PLAIN;
use clouddrop_core::issue::{RevocationRequest, ShareRequest, UploadRequest};
use clouddrop_core::records::page::MAX_FILTER_CHARS;
use clouddrop_core::records::{ApiKeyRequest, FileChange, ShareChange, UploadLinkRequest, WebhookRequest};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// What a call takes and gives.
struct Shape {
    body: Option<Schema>,
    status: &'static str,
    reply: Option<Schema>,
    query: &'static [&'static str],
}

fn shape(operation: Operation, types: &mut SchemaGenerator) -> Shape {
    fn of<T: JsonSchema>(types: &mut SchemaGenerator) -> Option<Schema> {
        Some(types.subschema_for::<T>())
    }
    const LIST: &[&str] = &["limit", "cursor", "owner"];
    const ONE: &[&str] = &["owner"];
    let shape = |body, status, reply, query| Shape { body, status, reply, query };
    match operation {
        Operation::ShowApi => shape(None, "200", Some(json!({ "type": "object" }).try_into().unwrap()), &[]),
        Operation::ShowAccount => shape(None, "200", of::<AccountView>(types), ONE),
        Operation::CreateShare => shape(of::<ShareRequest>(types), "201", of::<ShareView>(types), &[]),
        Operation::ListShares => shape(None, "200", of::<PageView<ShareView>>(types), LIST),
        Operation::ShowShare => shape(None, "200", of::<ShareView>(types), ONE),
        Operation::ChangeShare => shape(of::<ShareChange>(types), "200", of::<ShareView>(types), ONE),
        Operation::ListShareEvents => shape(None, "200", of::<EventsView>(types), LIST),
        Operation::ListFiles => {
            shape(None, "200", of::<PageView<FileView>>(types), &["limit", "cursor", "owner", "prefix", "name"])
        }
        Operation::ShowFile => shape(None, "200", of::<FileView>(types), ONE),
        Operation::OpenFile => shape(None, "200", of::<DownloadView>(types), &["owner", "inline"]),
        Operation::ChangeFile => shape(of::<FileChange>(types), "200", of::<FileView>(types), ONE),
        Operation::CreateUpload => shape(of::<UploadRequest>(types), "201", of::<UploadView>(types), &[]),
        Operation::ListUploads => shape(None, "200", of::<PageView<OpenUploadView>>(types), LIST),
        Operation::PresignParts => shape(of::<PartsRequest>(types), "200", of::<PartsView>(types), &[]),
        Operation::ListParts => shape(of::<UploadCall>(types), "200", of::<ReceivedView>(types), &[]),
        Operation::CompleteUpload => shape(of::<UploadCall>(types), "200", of::<FileView>(types), &[]),
        Operation::AbortUpload => shape(of::<UploadCall>(types), "204", None, &[]),
        Operation::AbortStaleUploads => shape(of::<StaleRequest>(types), "200", of::<StaleView>(types), ONE),
        Operation::CreateUploadLink => shape(of::<UploadLinkRequest>(types), "201", of::<UploadLinkView>(types), &[]),
        Operation::ListUploadLinks => shape(None, "200", of::<PageView<UploadLinkView>>(types), LIST),
        Operation::ShowUploadLink => shape(None, "200", of::<UploadLinkView>(types), ONE),
        Operation::ShowUploadTerms => shape(None, "200", of::<UploadTermsView>(types), &[]),
        Operation::CreateWebhook => shape(of::<WebhookRequest>(types), "201", of::<WebhookView>(types), &[]),
        Operation::ListWebhooks => shape(None, "200", of::<PageView<WebhookView>>(types), LIST),
        Operation::RevokeShare => shape(of::<Nothing>(types), "200", of::<ShareView>(types), ONE),
        Operation::CloseUploadLink => shape(of::<Nothing>(types), "200", of::<UploadLinkView>(types), ONE),
        Operation::DeleteFile | Operation::DeleteWebhook => shape(None, "204", None, ONE),
        Operation::ListKeys => shape(None, "200", of::<KeysView>(types), &[]),
        Operation::RotateKeys | Operation::RetireKey => shape(of::<Nothing>(types), "200", of::<KeysView>(types), &[]),
        Operation::CreateApiKey => shape(of::<ApiKeyRequest>(types), "201", of::<ApiKeyView>(types), &[]),
        Operation::ListApiKeys => shape(None, "200", of::<PageView<ApiKeyView>>(types), &["limit", "cursor"]),
        Operation::DeleteApiKey => shape(None, "204", None, &[]),
        Operation::ShowRevocations => shape(None, "200", of::<RevocationsView>(types), &[]),
        Operation::CreateRevocation => shape(of::<RevocationRequest>(types), "200", of::<RevokedView>(types), &[]),
        Operation::ListReports => shape(None, "200", of::<PageView<ReportView>>(types), &["limit", "cursor"]),
        Operation::RecordEvents | Operation::RecordReport | Operation::Tick => unreachable!("not for clients"),
    }
}

/// The document.
fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.definitions_path = "/components/schemas".into();
    });
    let mut types = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for entry in Operation::TABLE.iter().filter(|entry| entry.needs != Needs::Ourselves) {
        let shape = shape(entry.operation, &mut types);
        let path = paths.entry(entry.path.to_string()).or_insert_with(|| json!({}));
        path[entry.method.to_lowercase()] = operation(entry, shape);
    }
    let schemas = types.take_definitions(true);
    let tags: Vec<Value> = Resource::ALL.iter().map(|(_, name)| json!({ "name": name })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "CloudDrop",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Shares files from a private bucket by link. Every refusal is application/problem+json (RFC 9457) with a stable `code`.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "bearer": {
                "type": "http", "scheme": "bearer",
                "description": "An API key, a JWT of the identity provider, or, for uploads, the token of an upload link.",
            } },
            "responses": { "Problem": {
                "description": "Why not.",
                "headers": { "Retry-After": { "schema": { "type": "integer" }, "description": "With 429 and 503: seconds." } },
                "content": { "application/problem+json": { "schema": {
                    "type": "object",
                    "required": ["status", "title", "code", "request_id"],
                    "properties": {
                        "status": { "type": "integer" },
                        "title": { "type": "string" },
                        "code": { "type": "string" },
                        "request_id": { "type": "string" },
                        "detail": { "type": "string", "description": "What in the call is wrong." },
                    },
                } } },
            } },
        },
    })
}

fn operation(entry: &Entry, shape: Shape) -> Value {
    let mut parameters: Vec<Value> = Vec::new();
    if let Some((_, rest)) = entry.path.split_once('{') {
        let name = rest.split('}').next().unwrap();
        let pattern = match name {
            "file" => "^[0-9a-f]{44}-[0-9a-f]{16}$",
            "key" => "^[A-Za-z0-9_~-]{1,64}$",
            "apiKey" => "^[0-9a-f]{16}$",
            _ => "^[0-9a-f]{32}$",
        };
        let schema = json!({ "type": "string", "pattern": pattern });
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    parameters.extend(shape.query.iter().map(|name| query_parameter(name)));
    if entry.method == "POST" && entry.operation != Operation::CreateApiKey {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "1 to 255 visible characters: the call made again with it, within a day, is the same call.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
        }));
    }
    let mut responses = Map::new();
    let mut success = json!({ "description": entry.summary });
    if let Some(reply) = shape.reply {
        success["content"] = json!({ "application/json": { "schema": reply } });
        if entry.operation == Operation::CreateShare {
            success["content"]["text/plain"] = json!({ "schema": { "type": "string", "description": "The link." } });
        }
    }
    responses.insert(shape.status.into(), success);
    responses.insert("default".into(), json!({ "$ref": "#/components/responses/Problem" }));
    for status in refusals(entry) {
        responses.insert(status.to_string(), json!({ "$ref": "#/components/responses/Problem" }));
    }
    let mut operation = json!({
        "operationId": entry.id,
        "summary": entry.summary,
        "description": needs(entry),
        "tags": [entry.resource.name()],
        "parameters": parameters,
        "responses": responses,
    });
    if entry.needs == Needs::Nothing {
        operation["security"] = json!([]);
    }
    if let Some(body) = shape.body {
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": body } } });
    }
    operation
}

fn refusals(entry: &Entry) -> Vec<u16> {
    let mut statuses = vec![400, 429, 502, 503, 504];
    if entry.needs != Needs::Nothing {
        statuses.extend([401, 403]);
    }
    if entry.path.contains('{') {
        statuses.extend([404, 410]);
    }
    if entry.method == "GET" && matches!(entry.needs, Needs::RoleOrGuest(_)) {
        statuses.extend([404, 410]); // called with no upload link, or with one that is closed
    }
    if matches!(entry.method, "POST" | "PATCH") {
        statuses.extend([404, 409, 410, 412, 413, 415]);
    }
    statuses
}

fn needs(entry: &Entry) -> String {
    match entry.needs {
        Needs::Nothing => "Anybody may.".into(),
        Needs::Role(role) => format!("Needs the role {} or a higher one.", json!(role).as_str().unwrap()),
        Needs::RoleOrGuest(role) => {
            format!("Needs the role {} or a higher one, or an upload link's token.", json!(role).as_str().unwrap())
        }
        Needs::Ourselves => unreachable!("not for clients"),
    }
}

fn query_parameter(name: &str) -> Value {
    let (schema, description) = match name {
        "limit" => {
            (json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 }), "Most entries of the page.")
        }
        "cursor" => (
            json!({ "type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[0-9A-Za-z-]+$" }),
            "`next_cursor` of the page before.",
        ),
        "owner" => (json!({ "type": "string", "maxLength": 128, "pattern": owner::PATTERN }), "Whose: for admins."),
        "inline" => (
            json!({ "type": "boolean", "default": false }),
            "Show it in the browser, if its type is one of the harmless ones.",
        ),
        "prefix" => (
            json!({ "type": "string", "minLength": 1, "maxLength": MAX_FILTER_CHARS, "pattern": PLAIN }),
            "Only keys that begin so, within the owner's folder: a folder of uploads, an upload link's.",
        ),
        _ => (
            json!({ "type": "string", "minLength": 1, "maxLength": MAX_FILTER_CHARS, "pattern": PLAIN }),
            "Only names that hold this, in whatever case.",
        ),
    };
    json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema })
}

#[test]
fn the_served_document_is_that_of_the_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let text = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    if std::env::var_os("CLOUDDROP_BLESS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let served = std::fs::read_to_string(path).unwrap();
    assert!(
        served == text,
        "openapi.json is not that of the types: CLOUDDROP_BLESS=1 cargo test -p clouddrop-signer-lambda openapi"
    );
}

//! A server in a temporary folder, and a client that sends exactly what it is told to.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use clouddrop_dev_s3::{Durability, Identity, Options, Server};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::net::TcpStream;

pub(crate) const BUCKET: &str = "test-bucket";
pub(crate) const REGION: &str = "eu-north-1";
pub(crate) const PAGE: &str = "http://page.test:8787";

/// Everything, everywhere.
pub(crate) const ADMIN: (&str, &str, Option<&str>) = ("AKIDADMIN", "admin-secret", None);
/// Reads below `files/`, with a session token, and may not list.
pub(crate) const EDGE: (&str, &str, Option<&str>) = ("AKIDEDGE", "edge-secret", Some("edge-token"));
/// Writes and lists below `files/`, may not read.
pub(crate) const WRITER: (&str, &str, Option<&str>) = ("AKIDWRITER", "writer-secret", None);

pub(crate) const IDENTITIES: &str = r#"[
  {"name": "admin", "access_key_id": "AKIDADMIN", "secret_access_key": "admin-secret", "prefixes": [""],
   "allow": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload",
             "s3:ListMultipartUploadParts", "s3:ListBucket", "s3:ListBucketMultipartUploads"]},
  {"name": "edge", "access_key_id": "AKIDEDGE", "secret_access_key": "edge-secret", "session_token": "edge-token",
   "prefixes": ["files/"], "allow": ["s3:GetObject"]},
  {"name": "writer", "access_key_id": "AKIDWRITER", "secret_access_key": "writer-secret", "prefixes": ["files/"],
   "allow": ["s3:PutObject", "s3:ListBucket"]}
]"#;

/// A running server and its folder.
pub(crate) struct Rig {
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    server: Server,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::start_in(TempDir::new().unwrap()).await
    }

    async fn start_in(folder: TempDir) -> Self {
        let identities: Vec<Identity> = serde_json::from_str(IDENTITIES).unwrap();
        let server = Server::start(Options {
            data: folder.path().join("data"),
            listen: "127.0.0.1:0".parse().unwrap(),
            bucket: BUCKET.to_owned(),
            region: REGION.to_owned(),
            identities,
            access_log: Some(folder.path().join("access.jsonl")),
            cors_origins: vec![PAGE.to_owned()],
            durability: Durability::ProcessCrash,
        })
        .await
        .unwrap();
        Self { address: server.address(), folder, server }
    }

    /// Stops the server and starts another on the same folder.
    pub(crate) async fn restart(self) -> Self {
        self.server.stop().await;
        Self::start_in(self.folder).await
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call {
        Call::new(self.address, method, path)
    }

    pub(crate) async fn put(&self, key: &str, body: impl Into<Bytes>) -> Reply {
        self.call("PUT", &path_of(key)).body(body).send().await
    }

    pub(crate) async fn get(&self, key: &str) -> Reply {
        self.call("GET", &path_of(key)).send().await
    }

    /// The access log so far.
    pub(crate) fn log(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.folder.path().join("access.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The data files on disk.
    pub(crate) fn data_files(&self) -> Vec<PathBuf> {
        data_files(&self.folder.path().join("data"))
    }
}

/// The data files below a `--data` folder.
pub(crate) fn data_files(data: &Path) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(data.join(BUCKET).join("data")).unwrap();
    folders
        .flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect()
}

/// The path of a key, each byte that is not plain percent-encoded once.
pub(crate) fn path_of(key: &str) -> String {
    format!("/{BUCKET}/{}", encode(key, b"/"))
}

fn encode(text: &str, also_plain: &[u8]) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also_plain.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

enum Signature {
    None,
    Header,
    Query(Duration),
}

/// One request, signed as told, with whatever is to be wrong about it.
pub(crate) struct Call {
    address: SocketAddr,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    unsigned: Vec<(String, String)>,
    body: Bytes,
    sent_body: Option<Bytes>,
    who: (&'static str, &'static str, Option<&'static str>),
    region: &'static str,
    service: &'static str,
    time: SystemTime,
    signature: Signature,
    payload: Payload,
}

/// What stands for the body in the signature.
#[derive(PartialEq)]
enum Payload {
    Digest,
    Unsigned,
    UnsignedWithTrailer,
}

impl Call {
    pub(crate) fn new(address: SocketAddr, method: &str, target: &str) -> Self {
        Self {
            address,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            unsigned: Vec::new(),
            body: Bytes::new(),
            sent_body: None,
            who: ADMIN,
            region: REGION,
            service: "s3",
            time: SystemTime::now(),
            signature: Signature::Header,
            payload: Payload::Digest,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A header added after signing.
    pub(crate) fn unsigned_header(mut self, name: &str, value: &str) -> Self {
        self.unsigned.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Another body than the one that was signed.
    pub(crate) fn send_body(mut self, body: impl Into<Bytes>) -> Self {
        self.sent_body = Some(body.into());
        self
    }

    pub(crate) fn who(mut self, who: (&'static str, &'static str, Option<&'static str>)) -> Self {
        self.who = who;
        self
    }

    pub(crate) fn region(mut self, region: &'static str) -> Self {
        self.region = region;
        self
    }

    pub(crate) fn service(mut self, service: &'static str) -> Self {
        self.service = service;
        self
    }

    pub(crate) fn time(mut self, time: SystemTime) -> Self {
        self.time = time;
        self
    }

    pub(crate) fn anonymous(mut self) -> Self {
        self.signature = Signature::None;
        self
    }

    pub(crate) fn unsigned_payload(mut self) -> Self {
        self.payload = Payload::Unsigned;
        self
    }

    /// An `aws-chunked` body with a checksum after it.
    pub(crate) fn streaming_trailer(mut self) -> Self {
        self.payload = Payload::UnsignedWithTrailer;
        self
    }

    /// A presigned URL instead of headers.
    pub(crate) fn presigned(mut self, seconds: u64) -> Self {
        self.signature = Signature::Query(Duration::from_secs(seconds));
        self
    }

    /// The request as it goes out: target, headers with Host, body.
    pub(crate) fn build(self) -> (String, String, Vec<(String, String)>, Bytes) {
        let host = self.address.to_string();
        let mut headers = vec![("host".to_owned(), host.clone())];
        headers.extend(self.headers);
        let mut target = self.target;
        if let Some((added_headers, added_query)) = match self.signature {
            Signature::None => None,
            signature => {
                let mut settings = SigningSettings::default();
                settings.percent_encoding_mode = PercentEncodingMode::Single;
                settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
                if let Signature::Query(expires) = signature {
                    settings.signature_location = SignatureLocation::QueryParams;
                    settings.expires_in = Some(expires);
                } else {
                    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
                }
                let body = match self.payload {
                    Payload::UnsignedWithTrailer => SignableBody::StreamingUnsignedPayloadTrailer,
                    Payload::Digest if settings.expires_in.is_none() => SignableBody::Bytes(&self.body),
                    _ => SignableBody::UnsignedPayload,
                };
                let (id, secret, token) = self.who;
                let identity = Credentials::new(id, secret, token.map(str::to_owned), None, "test").into();
                let params = v4::SigningParams::builder()
                    .identity(&identity)
                    .region(self.region)
                    .name(self.service)
                    .time(self.time)
                    .settings(settings)
                    .build()
                    .unwrap()
                    .into();
                let signable = SignableRequest::new(
                    &self.method,
                    format!("http://{host}{target}"),
                    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
                    body,
                )
                .unwrap();
                let (instructions, _) = sign(signable, &params).unwrap().into_parts();
                Some(instructions.into_parts())
            }
        } {
            for header in added_headers {
                headers.push((header.name().to_owned(), header.value().to_owned()));
            }
            for (name, value) in added_query {
                let join = if target.contains('?') { '&' } else { '?' };
                target.push_str(&format!("{join}{}={}", encode(name, b""), encode(&value, b"")));
            }
        }
        headers.extend(self.unsigned);
        (self.method, target, headers, self.sent_body.unwrap_or(self.body))
    }

    pub(crate) async fn send(self) -> Reply {
        let address = self.address;
        let (method, target, headers, body) = self.build();
        send(address, &method, &target, &headers, body).await
    }
}

/// Sends a request as it is.
pub(crate) async fn send(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: Bytes,
) -> Reply {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if body.is_empty() && matches!(method, "PUT" | "POST") {
        // hyper leaves it out, and S3 wants it.
        request = request.header("content-length", "0");
    }
    let reply = sender.send_request(request.body(Full::new(body)).unwrap()).await.unwrap();
    let (head, body) = reply.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    drop(sender);
    connection.await.unwrap().unwrap();
    Reply { status: head.status, headers: head.headers, body }
}

/// A reply, whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The text of the first element called `name`.
    pub(crate) fn xml(&self, name: &str) -> &str {
        self.xml_all(name).into_iter().next().unwrap_or("")
    }

    pub(crate) fn xml_all(&self, name: &str) -> Vec<&str> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        self.text().split(&open).skip(1).map(|rest| rest.split(&close).next().unwrap()).collect()
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        self
    }

    /// Status and S3 error code.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status.as_u16(), self.xml("Code")), (status, code), "{}", self.text());
        self
    }
}

/// `length` bytes that look random and differ by `seed`.
pub(crate) fn noise(seed: u64, length: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

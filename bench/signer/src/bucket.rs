//! The bucket of the benchmark: the S3 server of the development stack, in this process.

use std::path::Path;
use std::sync::mpsc;

use anyhow::{Context as _, ensure};
use clouddrop_core::access::Owner;
use clouddrop_core::hash::{push_hex, sha256};
use clouddrop_core::sigv4::{Credentials, Signer, ToSign};
use clouddrop_core::{Seconds, UnixTime};
use clouddrop_dev_s3::{Durability, Identity, Options, Server};
use serde_json::json;

pub(crate) const API_KEY: &str = "key-of-the-benchmark-0123456789abcdef";
const REGION: &str = "us-east-1";
const SECRET: &str = "signer-secret-0123456789";
/// How many connections fill the bucket.
const WRITERS: usize = 8;

/// A bucket that lives as long as this process.
pub(crate) struct Bucket {
    authority: String,
}

impl Bucket {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let (ready, started) = mpsc::channel();
        std::thread::spawn(move || {
            let serve = || -> anyhow::Result<()> {
                let folder = tempfile::tempdir()?;
                let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
                runtime.block_on(async {
                    let server = Server::start(options(folder.path())?).await?;
                    ready.send(server.address())?;
                    std::future::pending::<()>().await;
                    Ok(())
                })
            };
            // Without it the channel is closed, which says enough.
            let _ = serve();
        });
        let address = started.recv().context("the S3 server did not start")?;
        Ok(Self { authority: address.to_string() })
    }

    /// The signer's variables.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let mut digest = String::new();
        push_hex(&mut digest, &sha256(API_KEY.as_bytes()));
        let token_keys = json!([
            { "issuer": "clouddrop", "kid": "b", "secret": "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA" },
            { "issuer": "clouddrop", "kid": "a", "secret": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" },
        ]);
        Vec::from([
            ("FILE_HOST", "files.example.net".into()),
            ("AUDIENCE", "bench".into()),
            ("ISSUER", "clouddrop".into()),
            ("ORIGIN", format!("http://{}/bucket", self.authority)),
            ("REGION", REGION.into()),
            ("OBJECT_PREFIX", "files/".into()),
            ("TOKEN_KEYS", token_keys.to_string()),
            ("API_KEYS", json!([{ "name": "bench", "sha256": digest, "role": "admin" }]).to_string()),
            ("AWS_ACCESS_KEY_ID", "AKIDSIGNER".into()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.into()),
        ])
    }

    /// Puts records of `count` shares of one owner, as the signer writes them.
    pub(crate) fn fill(&self, count: usize) -> anyhow::Result<()> {
        let owner = Owner::new("many").map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
        let tag = owner.tag().to_string();
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let tag = &tag;
                    scope.spawn(move || {
                        (writer..count).step_by(WRITERS).try_for_each(|number| self.put_share(tag, number))
                    })
                })
                .collect();
            writers.into_iter().try_for_each(|writer| writer.join().map_err(|_| anyhow::anyhow!("a writer fell"))?)
        })
    }

    fn put_share(&self, tag: &str, number: usize) -> anyhow::Result<()> {
        let id = format!("{number:032x}");
        let record = json!({
            "v": 1, "id": id, "owner": "many", "created_by": "bench", "created_at": now().as_secs(),
            "terms": { "key": format!("{tag}/files/report-{number}.pdf") },
            "expires_at": now().after(Seconds(86_400)).as_secs(), "max_downloads": null,
            "token": { "id": id, "key_id": "b", "issued_at": now().as_secs(), "max_downloads": null },
        });
        self.put(&format!("/bucket/records/shares/{tag}/{id}"), record.to_string().as_bytes())
    }

    fn put(&self, path: &str, body: &[u8]) -> anyhow::Result<()> {
        thread_local! {
            static AGENT: ureq::Agent =
                ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
        }
        let credentials = Credentials {
            access_key_id: "AKIDSIGNER".into(),
            secret_access_key: String::from(SECRET).into(),
            session_token: None,
            expires: None,
        };
        let payload = "UNSIGNED-PAYLOAD";
        let ask = ToSign { method: "PUT", host: &self.authority, path, query: "", extra: &[], payload };
        let headers = Signer::new(REGION.into(), "s3").sign(&credentials, &ask, now()).into_vec();
        let status = AGENT.with(|agent| {
            let mut call = agent.put(format!("http://{}{path}", self.authority));
            for (name, value) in headers {
                call = call.header(name, value);
            }
            call.send(body).map(|reply| reply.status().as_u16())
        })?;
        ensure!(status == 200, "PUT of a record: {status}");
        Ok(())
    }
}

fn now() -> UnixTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(since.as_secs())
}

fn options(data: &Path) -> anyhow::Result<Options> {
    let allow = ["GetObject", "PutObject", "DeleteObject", "ListBucket", "AbortMultipartUpload"];
    let allow: Vec<String> = allow.iter().map(|action| format!("s3:{action}")).collect();
    let identity = json!([{
        "name": "signer", "access_key_id": "AKIDSIGNER", "secret_access_key": SECRET, "allow": allow, "prefixes": [""],
    }]);
    let identities: Vec<Identity> = serde_json::from_value(identity)?;
    Ok(Options {
        data: data.into(),
        listen: "127.0.0.1:0".parse()?,
        bucket: "bucket".into(),
        region: REGION.into(),
        identities,
        access_log: None,
        cors_origins: Vec::new(),
        durability: Durability::ProcessCrash,
    })
}

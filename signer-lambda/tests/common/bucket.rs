//! A bucket that is a real server: it verifies every signature and enforces what each identity may do.

use clouddrop_dev_s3::{Durability, Identity, Options, Server};
use serde_json::json;
use std::path::Path;
use std::sync::OnceLock;

/// Runs `test` with the URL of a bucket in which the signer may do what its role allows, and the edge too.
pub(crate) fn with_bucket(test: impl FnOnce(&str)) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (ready, started) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let data = folder.path().to_path_buf();
    let server = std::thread::spawn(move || {
        runtime.block_on(async move {
            let server = Server::start(options(&data)).await.unwrap();
            ready.send(server.address()).unwrap();
            let _ = stopped.await;
            server.stop().await;
        });
    });
    test(&format!("http://{}/bucket", started.recv().unwrap()));
    drop(stop);
    server.join().unwrap();
}

/// The URL of a bucket that lives as long as the test's process: for tests that do not mind each other's objects.
pub(crate) fn shared() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        let (ready, started) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let folder = tempfile::tempdir().unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let server = Server::start(options(folder.path())).await.unwrap();
                ready.send(server.address()).unwrap();
                std::future::pending::<()>().await;
            });
        });
        format!("http://{}/bucket", started.recv().unwrap())
    })
}

/// The object with this key as the bucket has it, whoever may read it.
pub(crate) fn objects(origin: &str, key: &str) -> Option<Vec<u8>> {
    let url = ask(origin, "GET", &format!("/bucket/{key}"));
    (url.0 == 200).then_some(url.1)
}

/// Status and body of a request of the bucket's owner.
pub(crate) fn ask(origin: &str, method: &str, path_and_query: &str) -> (u16, Vec<u8>) {
    use clouddrop_core::sigv4::{Credentials, Signer, ToSign};
    let authority = origin.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let credentials = Credentials {
        access_key_id: "AKIDOWNER".into(),
        secret_access_key: String::from("owner-secret-0123456789").into(),
        session_token: None,
        expires: None,
    };
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let ask = ToSign { method, host: authority, path, query, extra: &[], payload: "UNSIGNED-PAYLOAD" };
    let headers = Signer::new("us-east-1".into(), "s3").sign(&credentials, &ask, clouddrop_signer::now()).into_vec();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let mut call = http::Request::builder().method(method).uri(format!("http://{authority}{path_and_query}"));
    for (name, value) in headers {
        call = call.header(name, value);
    }
    let mut reply = agent.run(call.body(()).unwrap()).unwrap();
    (reply.status().as_u16(), reply.body_mut().read_to_vec().unwrap())
}

fn options(data: &Path) -> Options {
    let identities = json!([
        {
            "name": "signer", "access_key_id": "AKIDSIGNER", "secret_access_key": "signer-secret-0123456789",
            "allow": [
                "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListBucket",
                "s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts",
            ],
            "prefixes": ["files/"],
            "also": [{
                "allow": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"], "prefixes": ["records/"],
            }],
        },
        {
            "name": "edge", "access_key_id": super::EDGE_ID, "secret_access_key": super::EDGE_SECRET,
            "allow": ["s3:GetObject"], "prefixes": ["files/", "records/revoked"],
        },
        {
            "name": "owner", "access_key_id": "AKIDOWNER", "secret_access_key": "owner-secret-0123456789",
            "allow": ["s3:GetObject", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:DeleteObject"], "prefixes": [""],
        },
    ]);
    let identities: Vec<Identity> = serde_json::from_value(identities).unwrap();
    Options {
        data: data.into(),
        listen: "127.0.0.1:0".parse().unwrap(),
        bucket: "bucket".into(),
        region: "us-east-1".into(),
        identities,
        access_log: None,
        cors_origins: Vec::new(),
        durability: Durability::ProcessCrash,
    }
}

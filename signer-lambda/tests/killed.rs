//! The signer is killed at two hundred random moments of share and upload calls: what it has acknowledged is there, what
//! it has not is there at most where a call was under way, a call made again with its Idempotency-Key is the same call,
//! and no upload in parts is left behind.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_core::{Client, Decision, Headers};
use common::bucket::{ask, objects, with_bucket};
use common::{API_KEY, EDGE_ID, EDGE_SECRET, edge, environment, put, request, signer_with};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const KILLS: u32 = 200;
/// The longest wait before a kill: a round takes about as long.
const LONGEST: Duration = Duration::from_millis(60);

/// The signer as a process.
struct Serve {
    process: Arc<Mutex<Child>>,
    address: String,
}

impl Serve {
    fn start(origin: &str) -> Self {
        let mut variables = environment();
        variables.extend([
            ("ORIGIN", origin.to_string()),
            ("MULTIPART_THRESHOLD", "10".into()),
            ("EDGE_ACCESS_KEY_ID", EDGE_ID.into()),
            ("EDGE_SECRET_ACCESS_KEY", EDGE_SECRET.into()),
        ]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_clouddrop-signer-serve"));
        command.env_clear().envs(variables).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let address = ready["listen"].as_str().unwrap().into();
        Self { process: Arc::new(Mutex::new(process)), address }
    }

    fn kill_after(&self, wait: Duration) -> std::thread::JoinHandle<()> {
        let process = Arc::clone(&self.process);
        std::thread::spawn(move || {
            std::thread::sleep(wait);
            let mut process = process.lock().unwrap();
            process.kill().unwrap();
            process.wait().unwrap();
        })
    }

    /// A call as the edge makes it; `None` where no answer came.
    fn post(&self, path: &str, key: &str, body: &Value) -> Option<(u16, Value)> {
        let edge = edge(&format!("http://{}", self.address));
        let (now, body) = (clouddrop_signer::now(), body.to_string());
        let authorization = format!("Bearer {API_KEY}");
        let headers = [
            ("host", "127.0.0.1:8787"),
            ("content-type", "application/json"),
            ("authorization", authorization.as_str()),
            ("idempotency-key", key),
        ];
        let asked = clouddrop_core::Request {
            method: "POST",
            url: &format!("http://127.0.0.1:8787{path}"),
            id: "edge-1",
            headers: Headers::new(&headers),
            client: Client { address: None, place: None },
        };
        let Decision::Forward(forward) = clouddrop_core::decide(&asked, now, &edge) else { panic!("not forwarded") };
        let fetch = forward.sign(body.as_bytes(), now, &edge).unwrap();
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
        let mut call = agent.post(fetch.url);
        for (name, value) in fetch.headers {
            call = call.header(name, value);
        }
        let mut reply = call.send(body.as_bytes()).ok()?;
        let status = reply.status().as_u16();
        let text = reply.body_mut().read_to_string().ok()?;
        Some((status, serde_json::from_str(&text).ok()?))
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let mut process = self.process.lock().unwrap();
        let _ = process.kill();
        let _ = process.wait();
    }
}

/// What one run has been told, and what it does not know of.
#[derive(Default)]
struct Told {
    shares: BTreeSet<String>,
    files: BTreeSet<String>,
    /// Shares and files of calls whose answer never came and that were not made again: they may be there.
    unknown: usize,
}

/// Whether a client that hears nothing tries again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    TriesAgain,
    GivesUp,
}

/// The calls of one round. `Err` once the process is gone and nobody tries again.
fn round(serve: &mut Serve, origin: &str, number: u32, patience: Patience, told: &mut Told) -> Result<(), ()> {
    let mut call = |path: &str, key: String, body: Value, status: u16| -> Result<Value, ()> {
        loop {
            match serve.post(path, &key, &body) {
                Some((found, reply)) if found == status => return Ok(reply),
                Some((found, reply)) => panic!("{path}: {found} {reply}"),
                None if patience == Patience::GivesUp => return Err(()),
                None => *serve = Serve::start(origin),
            }
        }
    };
    let share = json!({ "key": format!("round/{number}"), "expires_in": "1d" });
    let Ok(share) = call("/api/v1/shares", format!("share-{number}"), share, 201) else {
        told.unknown += 1;
        return Err(());
    };
    told.shares.insert(share["id"].as_str().unwrap().into());
    for (size, content) in [(5, &b"hello"[..]), (20, &b"hello hello hello 20"[..])] {
        let asked = json!({ "name": format!("f-{number}"), "size": size });
        let granted = call("/api/v1/uploads", format!("upload-{number}-{size}"), asked, 201)?;
        let (url, headers) = match granted["kind"].as_str().unwrap() {
            "single" => (&granted["url"], &granted["headers"]),
            _ => (&granted["parts"][0]["url"], &Value::Null),
        };
        assert_eq!(put(url, headers, content), 200, "{granted}");
        let done = json!({ "upload": granted["upload"] });
        let Ok(file) = call("/api/v1/uploads/complete", format!("done-{number}-{size}"), done, 200) else {
            told.unknown += 1;
            return Err(());
        };
        told.files.insert(file["id"].as_str().unwrap().into());
    }
    Ok(())
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_left_half_done() {
    with_bucket(|origin| {
        let mut told = Told::default();
        let mut serve = Serve::start(origin);
        for number in 0..KILLS {
            let mut random = [0; 2];
            getrandom::fill(&mut random).unwrap();
            let wait = LONGEST.mul_f64(f64::from(u16::from_le_bytes(random)) / 65_535.0);
            let killer = serve.kill_after(wait);
            let patience = if number % 3 == 0 { Patience::GivesUp } else { Patience::TriesAgain };
            let _ = round(&mut serve, origin, number, patience, &mut told);
            killer.join().unwrap();
            serve = Serve::start(origin);
        }
        drop(serve);

        let signer = signer_with(&[("ORIGIN", origin), ("MULTIPART_THRESHOLD", "10")]);
        let get = |path: &str| -> Value {
            let reply = common::wait(signer.answer(common::get(path), "p", clouddrop_signer::now()));
            assert_eq!(reply.status(), 200, "{}", reply.body());
            serde_json::from_str(reply.body()).unwrap()
        };
        let all = |kind: &str| -> Vec<Value> {
            let (mut items, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = get(&format!("/api/v1/{kind}?limit=200{cursor}"));
                items.extend(page["items"].as_array().unwrap().iter().cloned());
                match page.get("next_cursor") {
                    Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
                    None => return items,
                }
            }
        };
        let ids = |items: &[Value]| -> BTreeSet<String> {
            items.iter().map(|item| item["id"].as_str().unwrap().to_string()).collect()
        };
        let (shares, files) = (all("shares"), all("files"));
        assert!(told.shares.len() > 100 && told.files.len() > 150, "the kills leave something to look at");
        assert!(told.shares.is_subset(&ids(&shares)) && told.files.is_subset(&ids(&files)), "acknowledged, and gone");
        let more = ids(&shares).difference(&told.shares).count() + ids(&files).difference(&told.files).count();
        assert!(more <= told.unknown, "{more} are there that nobody was told of, {} calls had no answer", told.unknown);
        for file in &files {
            let object = objects(origin, &format!("files/{}", file["key"].as_str().unwrap())).unwrap();
            assert_eq!(object.len() as u64, file["size"].as_u64().unwrap());
        }

        // The sweep ends what was given up; what had arrived whole is a file now.
        std::thread::sleep(Duration::from_millis(2100));
        let stale = request("/api/v1/uploads/abort-stale", r#"{"older_than":1}"#);
        let reply = common::wait(signer.answer(stale, "p", clouddrop_signer::now()));
        assert_eq!(reply.status(), 200, "{}", reply.body());
        let (_, open) = ask(origin, "GET", "/bucket/?uploads=");
        assert!(!String::from_utf8_lossy(&open).contains("<UploadId>"), "{}", String::from_utf8_lossy(&open));
        assert!(all("uploads").is_empty());
        let files = all("files");
        let bytes: u64 = files.iter().map(|file| file["size"].as_u64().unwrap()).sum();
        let account = get("/api/v1/account");
        assert_eq!(
            (&account["files"], &account["bytes"], &account["open_uploads"]),
            (&json!(files.len()), &json!(bytes), &json!(0)),
            "the account is that of the files"
        );
    });
}

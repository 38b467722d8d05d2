//! A stand-in for AWS Secrets Manager on loopback: the four calls of a rotation, versions with their stages as its API
//! reference describes them, and signatures checked by Version 4. It knows one identity and one region.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_core::hash::{push_hex, sha256};
use clouddrop_core::sigv4::{Credentials, Signer, ToSign};
use clouddrop_core::{Secret, UnixTime};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The identity that is known.
pub const ACCESS_KEY_ID: &str = "AKIDSECRETS";
/// Its key.
pub const SECRET_ACCESS_KEY: &str = "secrets-manager-secret-0123456789";
/// The region.
pub const REGION: &str = "us-east-1";
const CURRENT: &str = "AWSCURRENT";
const PENDING: &str = "AWSPENDING";
const PREVIOUS: &str = "AWSPREVIOUS";

/// A version: its text, once it has one, and its stages.
#[derive(Clone, Default, Debug)]
struct Version {
    text: Option<String>,
    stages: Vec<String>,
}

type Secrets = BTreeMap<String, BTreeMap<String, Version>>;

/// A running stand-in; it serves until the process ends.
#[derive(Clone)]
pub struct SecretsManager {
    /// Its URL.
    pub url: String,
    secrets: Arc<Mutex<Secrets>>,
    calls: Arc<Mutex<Vec<String>>>,
    failing: Arc<Mutex<Option<String>>>,
}

impl SecretsManager {
    /// One with these secrets, each with a text or without any value.
    pub fn start(secrets: &[(&str, Option<&str>)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let version = |text: &str| Version { text: Some(text.into()), stages: vec![CURRENT.into()] };
        let versions = |text: &Option<&str>| text.iter().map(|text| ("first".to_string(), version(text))).collect();
        let secrets: Secrets = secrets.iter().map(|(name, text)| ((*name).into(), versions(text))).collect();
        let manager = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            secrets: Arc::new(Mutex::new(secrets)),
            calls: Arc::default(),
            failing: Arc::default(),
        };
        let serving = manager.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let serving = serving.clone();
                // A client that goes away has its reasons.
                std::thread::spawn(move || serving.serve(stream));
            }
        });
        manager
    }

    /// Begins a rotation: a version without a text that is pending.
    pub fn begin(&self, secret: &str, token: &str) {
        let mut secrets = self.secrets.lock().unwrap();
        let version = Version { text: None, stages: vec![PENDING.into()] };
        secrets.get_mut(secret).unwrap().entry(token.into()).or_insert(version);
    }

    /// The text in use.
    pub fn current(&self, secret: &str) -> Option<String> {
        let secrets = self.secrets.lock().unwrap();
        find(&secrets[secret], CURRENT).and_then(|version| secrets[secret][&version].text.clone())
    }

    /// Makes a text the one in use, as an operator does.
    pub fn put(&self, secret: &str, text: &str) {
        let body =
            json!({ "SecretId": secret, "ClientRequestToken": format!("{:0>32}", text.len()), "SecretString": text });
        perform(&mut self.secrets.lock().unwrap(), "PutSecretValue", &body).unwrap();
    }

    /// What was called, by its name, in its order.
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// Has calls of this name fail, or none.
    pub fn fail(&self, action: Option<&str>) {
        *self.failing.lock().unwrap() = action.map(Into::into);
    }

    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut headers: Vec<(String, String)> = Vec::new();
        let mut first = String::new();
        reader.read_line(&mut first)?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().into()));
        }
        let header = |name: &str| headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str());
        let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let action = header("x-amz-target").trim_start_matches("secretsmanager.").to_string();
        let (status, answer) = if !is_signed(&first, &header, &body) {
            (400, fault("InvalidSignatureException"))
        } else if self.failing.lock().unwrap().as_deref() == Some(&action) {
            (500, fault("InternalServiceError"))
        } else {
            self.calls.lock().unwrap().push(action.clone());
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            perform(&mut self.secrets.lock().unwrap(), &action, &body)
                .map_or_else(|kind| (400, fault(kind)), |told| (200, told))
        };
        let text = answer.to_string();
        let length = text.len();
        write!(stream, "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{text}")
    }
}

fn fault(kind: &str) -> Value {
    json!({ "__type": format!("com.amazonaws.secretsmanager#{kind}"), "Message": "of the stand-in" })
}

/// Whether the request is signed by the identity: over the host, the target, the type, the date and the body.
fn is_signed<'h>(first: &str, header: &impl Fn(&str) -> &'h str, body: &[u8]) -> bool {
    let date = header("x-amz-date");
    // 20260102T030405Z, as RFC 3339 has it.
    if date.len() != 16 || !date.is_ascii() {
        return false;
    }
    let part = |from: usize, to: usize| &date[from..to];
    let written =
        format!("{}-{}-{}T{}:{}:{}Z", part(0, 4), part(4, 6), part(6, 8), part(9, 11), part(11, 13), part(13, 15));
    let Some(at) = UnixTime::from_rfc3339(&written) else { return false };
    let mut payload = String::new();
    push_hex(&mut payload, &sha256(body));
    let credentials = Credentials {
        access_key_id: ACCESS_KEY_ID.into(),
        secret_access_key: Secret::from(SECRET_ACCESS_KEY.to_string()),
        session_token: None,
        expires: None,
    };
    let extra = [("content-type", header("content-type")), ("x-amz-target", header("x-amz-target"))];
    let to_sign =
        ToSign { method: "POST", host: header("host"), path: "/", query: "", extra: &extra, payload: &payload };
    let wanted = Signer::new(REGION.into(), "secretsmanager").sign(&credentials, &to_sign, at).into_vec();
    let is_post = first.starts_with("POST / ");
    is_post && wanted.iter().any(|(name, value)| *name == "authorization" && value == header("authorization"))
}

fn find(versions: &BTreeMap<String, Version>, stage: &str) -> Option<String> {
    let has = |version: &Version| version.stages.iter().any(|s| s == stage);
    versions.iter().find(|(_, version)| has(version)).map(|(name, _)| name.clone())
}

/// Moves a stage to a version, as each stage is at one version only.
fn move_stage(versions: &mut BTreeMap<String, Version>, stage: &str, to: &str) {
    for version in versions.values_mut() {
        version.stages.retain(|s| s != stage);
    }
    versions.get_mut(to).unwrap().stages.push(stage.into());
}

fn perform(secrets: &mut Secrets, action: &str, body: &Value) -> Result<Value, &'static str> {
    const NOT_FOUND: &str = "ResourceNotFoundException";
    let text = |name: &str| body[name].as_str().unwrap_or("").to_string();
    let id = text("SecretId").trim_start_matches("arn:").to_string();
    let versions = secrets.get_mut(&id).ok_or(NOT_FOUND)?;
    let arn = format!("arn:{id}");
    match action {
        "DescribeSecret" => {
            let stages: BTreeMap<&String, &Vec<String>> =
                versions.iter().map(|(name, version)| (name, &version.stages)).collect();
            Ok(json!({ "ARN": arn, "Name": id, "VersionIdsToStages": stages }))
        }
        "GetSecretValue" => {
            let stage = if body["VersionStage"].is_string() { text("VersionStage") } else { CURRENT.into() };
            let name = if body["VersionId"].is_string() {
                text("VersionId")
            } else {
                find(versions, &stage).ok_or(NOT_FOUND)?
            };
            let version = versions.get(&name).filter(|version| version.stages.contains(&stage)).ok_or(NOT_FOUND)?;
            let value = version.text.clone().ok_or(NOT_FOUND)?;
            Ok(
                json!({ "ARN": arn, "Name": id, "VersionId": name, "SecretString": value, "VersionStages": version.stages }),
            )
        }
        "PutSecretValue" => {
            let (name, value) = (text("ClientRequestToken"), text("SecretString"));
            if !(32..=64).contains(&name.len()) {
                return Err("InvalidParameterException");
            }
            let version = versions.entry(name.clone()).or_default();
            if version.text.as_ref().is_some_and(|before| *before != value) {
                return Err("ResourceExistsException");
            }
            version.text = Some(value);
            let stages: Vec<String> = match body["VersionStages"].as_array() {
                Some(stages) => stages.iter().filter_map(|stage| Some(stage.as_str()?.into())).collect(),
                None => vec![CURRENT.into()],
            };
            for stage in &stages {
                let before = find(versions, stage).filter(|before| *before != name);
                move_stage(versions, stage, &name);
                if let Some(before) = before.filter(|_| stage == CURRENT) {
                    move_stage(versions, PREVIOUS, &before);
                }
            }
            Ok(json!({ "ARN": arn, "Name": id, "VersionId": name, "VersionStages": stages }))
        }
        "UpdateSecretVersionStage" => {
            let (stage, to) = (text("VersionStage"), text("MoveToVersionId"));
            let now = find(versions, &stage);
            // A stage that is at a version must be taken from that one by its name.
            if !versions.contains_key(&to) || now.as_deref() != body["RemoveFromVersionId"].as_str() {
                return Err("InvalidParameterException");
            }
            move_stage(versions, &stage, &to);
            if let Some(before) = now {
                move_stage(versions, PREVIOUS, &before);
            }
            Ok(json!({ "ARN": arn, "Name": id }))
        }
        _ => Err("InvalidAction"),
    }
}

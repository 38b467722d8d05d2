//! Secrets of Secrets Manager that cannot be had, and then can: the service here is a stand-in that fails on purpose; what
//! it gets is checked to be signed for it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_core::{Seconds, UnixTime};
use clouddrop_signer::log::Log;
use clouddrop_signer::secrets::Holder;
use clouddrop_signer::{Raw, refuse};
use common::{TOKEN_KEYS, environment, wait};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// A Secrets Manager that gives these answers, one to each question, and remembers the questions.
fn secrets_manager(answers: Vec<(u16, String)>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let questions = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&questions);
    std::thread::spawn(move || {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(&stream);
            let mut text = String::new();
            while !text.ends_with("\r\n\r\n") {
                reader.read_line(&mut text).unwrap();
            }
            let length = text
                .to_ascii_lowercase()
                .split("content-length: ")
                .nth(1)
                .unwrap()
                .split('\r')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            let mut sent = vec![0; length];
            reader.read_exact(&mut sent).unwrap();
            kept.lock().unwrap().push(text + &String::from_utf8(sent).unwrap());
            let length = body.len();
            let _ =
                write!(stream, "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        }
    });
    (url, questions)
}

fn secret(token_keys: &str) -> String {
    let secret = json!({ "TOKEN_KEYS": token_keys, "API_KEYS": [{ "name": "s", "sha256": "0".repeat(64) }] });
    json!({ "ARN": "a", "SecretString": secret.to_string() }).to_string()
}

fn holder(url: &str) -> Holder {
    let mut variables = environment();
    variables.remove("TOKEN_KEYS");
    variables.remove("API_KEYS");
    variables.extend([("SECRETS_ID", "clouddrop".to_string()), ("SECRETS_ENDPOINT", url.into())]);
    Holder::new(Raw::read(|name| variables.get(name).cloned()), || Log::to(|_| {})).unwrap()
}

#[test]
fn no_secrets_no_service_and_then_there_is_one() {
    let (url, questions) = secrets_manager(vec![
        (503, String::new()),
        (400, r#"{"__type":"ResourceNotFoundException"}"#.into()),
        (200, "nonsense".into()),
        (200, secret("[]")),
        (200, secret(TOKEN_KEYS)),
        (500, String::new()),
        (200, secret(TOKEN_KEYS)),
    ]);
    let holder = holder(&url);
    let at = |seconds| UnixTime::from_secs(1_800_000_000).after(Seconds(seconds));
    let asked = || questions.lock().unwrap().len();
    for (round, seconds) in [0, 5, 10, 15].into_iter().enumerate() {
        let refusal = wait(holder.signer(at(seconds))).unwrap_err();
        let reply = refuse(refusal, "POST", "r");
        assert_eq!((reply.status().as_u16(), reply.headers().contains_key("retry-after")), (503, true));
        assert_eq!(asked(), round + 1);
        assert!(wait(holder.signer(at(seconds + 4))).is_err(), "it is left alone for a moment");
        assert_eq!(asked(), round + 1);
    }
    let signer = wait(holder.signer(at(20))).unwrap();
    assert_eq!(signer.config().token_keys().of_issuer("clouddrop").count(), 2);
    assert!(wait(holder.signer(at(319))).is_ok());
    assert_eq!(asked(), 5, "it is held");
    assert!(wait(holder.signer(at(320))).is_ok(), "what is held goes on where it cannot be had anew");
    assert_eq!(asked(), 6);
    assert!(wait(holder.signer(at(325))).is_ok());
    assert_eq!(asked(), 7);
    for question in questions.lock().unwrap().iter() {
        let head = question.to_ascii_lowercase();
        assert!(head.contains("x-amz-target: secretsmanager.getsecretvalue\r\n"), "{head}");
        assert!(head.contains("/us-east-1/secretsmanager/aws4_request, signedheaders=content-type;host;"), "{head}");
        assert!(question.ends_with(r#"{"SecretId":"clouddrop"}"#));
    }
}

#[test]
fn faults_that_can_be_seen_without_the_secrets_stop_the_start() {
    let mut variables = environment();
    variables.extend([("SECRETS_ID", "clouddrop".to_string()), ("SECRETS_ENDPOINT", "nonsense".into())]);
    let raw = Raw::read(|name| variables.get(name).cloned());
    assert!(Holder::new(raw, || Log::to(|_| {})).is_err());
    variables.remove("SECRETS_ID");
    variables.remove("TOKEN_KEYS");
    let raw = Raw::read(|name| variables.get(name).cloned());
    assert!(Holder::new(raw, || Log::to(|_| {})).is_err());
}

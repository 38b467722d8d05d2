//! What a fault does on the wire, as a list of steps: the answer is taken apart here, without a socket.

use super::answer::{Answer, Request};
use super::kind::{Fault, Kind, Phase};
use super::lies::{alter, status, xml};
use std::time::Duration;

/// One step of an answer. After the last one the connection is closed in order, unless it is to be kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// From here on it is no longer what the S3 server said: the fault counts as injected. Comes before the last byte
    /// that a client waits for, so that a client which is done finds it counted.
    Strike,
    /// Bytes.
    Send(Vec<u8>),
    /// Nothing for a time.
    Pause(Duration),
    /// The same bytes again and again, until the other side has had enough.
    Flood(Vec<u8>),
    /// Nothing any more, until the other side has had enough.
    Stall,
    /// RST.
    Reset,
    /// FIN.
    Close,
    /// The connection is kept: what becomes of the next request on it.
    Keep(Next),
}

/// What the next request on a kept connection meets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// An answer.
    Answer,
    /// FIN.
    Close,
    /// RST.
    Reset,
}

/// The body of the answer that nobody has asked for.
pub const FORGERY: &[u8] = b"forged";
/// Longest pause within an answer that is only slow.
const LONGEST_DELAY_MILLIS: u64 = 500;
/// Pieces of an answer that is throttled.
const PIECES: usize = 12;
/// The pause between them.
const BETWEEN_PIECES: Duration = Duration::from_millis(15);
/// Before a connection breaks: what was sent before is to arrive.
const BEFORE_BREAK: Duration = Duration::from_millis(15);

/// The steps of `answer` with `fault`. A connection that breaks before the request was read is not for here
/// to tell from one that breaks after it.
pub fn steps(fault: &Fault, request: &Request, answer: &Answer) -> Vec<Step> {
    let mut answer = answer.clone();
    match fault.kind {
        Kind::Reset | Kind::Closed | Kind::Stall => {
            let (before, _) = cut(fault, &answer.head_bytes(), &answer.body);
            let last = match fault.kind {
                Kind::Reset => Step::Reset,
                Kind::Closed => Step::Close,
                _ => Step::Stall,
            };
            vec![Step::Send(before), Step::Pause(BEFORE_BREAK), Step::Strike, last]
        }
        Kind::Delay => {
            let (before, after) = cut(fault, &answer.head_bytes(), &answer.body);
            let pause = Duration::from_millis(100 + fault.place % (LONGEST_DELAY_MILLIS - 100));
            vec![Step::Send(before), Step::Strike, Step::Pause(pause), Step::Send(after)]
        }
        Kind::Throttle => {
            let (before, after) = cut(fault, &answer.head_bytes(), &answer.body);
            let mut steps = vec![Step::Send(before), Step::Strike];
            for piece in after.chunks(after.len().div_ceil(PIECES).max(1)) {
                steps.extend([Step::Pause(BETWEEN_PIECES), Step::Send(piece.into())]);
            }
            steps
        }
        Kind::Garbage => {
            let mut head = Vec::new();
            if fault.phase == Phase::InHead {
                head.extend_from_slice(format!("{}\r\n", answer.status_line).as_bytes());
            }
            head.extend_from_slice(b"\x16\x03\x01\x00\x05 \x00\xff\xfe no HTTP at all\r\n\r\n");
            vec![Step::Strike, Step::Send(head)]
        }
        Kind::Interim100 => interim(&answer, "HTTP/1.1 100 Continue\r\n\r\n", 1),
        Kind::Interim102 => interim(&answer, "HTTP/1.1 102 Processing\r\n\r\n", 1),
        Kind::Interim103 => interim(&answer, "HTTP/1.1 103 Early Hints\r\nlink: </elsewhere>; rel=preload\r\n\r\n", 1),
        Kind::InterimMany => interim(&answer, "HTTP/1.1 103 Early Hints\r\n\r\n", 50),
        Kind::ErrorEndless => {
            let start = error_start(fault, None);
            let more = b" ".repeat(16 * 1024);
            let chunk = [format!("{:x}\r\n", more.len()).as_bytes(), &more, b"\r\n"].concat();
            vec![Step::Strike, Step::Send(start), Step::Flood(chunk)]
        }
        Kind::ErrorStalled => {
            let length = xml("SlowDown", request).len();
            vec![Step::Strike, Step::Send(error_start(fault, Some(length))), Step::Stall]
        }
        Kind::ErrorBroken => {
            let length = xml("SlowDown", request).len();
            let start = Step::Send(error_start(fault, Some(length)));
            vec![Step::Strike, start, Step::Pause(BEFORE_BREAK), Step::Reset]
        }
        Kind::IdleClosed | Kind::IdleReset | Kind::StaleClosed | Kind::StaleReset | Kind::ForgedNext => {
            kept(fault.kind, &answer)
        }
        Kind::ChunkMalformed | Kind::ChunkTooLong | Kind::ChunksTruncated | Kind::ChunksTruncatedWithLength => {
            let with_length = fault.kind == Kind::ChunksTruncatedWithLength;
            let body = match fault.kind {
                Kind::ChunkMalformed => b"zz\r\n".to_vec(),
                Kind::ChunkTooLong => [b"1\r\n", &*answer.body, b"\r\n0\r\n\r\n"].concat(),
                _ => {
                    let all = chunked(&answer.body);
                    all[..all.len() - 5].to_vec()
                }
            };
            let length = answer.header("content-length").unwrap_or_default();
            answer.set("transfer-encoding", "chunked");
            answer.remove("content-length");
            if with_length {
                answer.add("content-length", &length);
            }
            lie(&answer.head_bytes(), if request.is_head() { &[] } else { &body })
        }
        Kind::Chunked | Kind::ChunkedWithLength | Kind::ChunkedWithOtherLength => {
            let length: u64 = answer.header("content-length").and_then(|text| text.parse().ok()).unwrap_or_default();
            answer.set("transfer-encoding", "chunked");
            match fault.kind {
                Kind::Chunked => answer.remove("content-length"),
                Kind::ChunkedWithOtherLength => answer.set("content-length", &(length + 1).to_string()),
                _ => {}
            }
            let body = if request.is_head() { vec![] } else { chunked(&answer.body) };
            lie(&answer.head_bytes(), &body)
        }
        _ => match status(fault.kind, request, &answer) {
            Some(other) => {
                let body = if request.is_head() { &[][..] } else { &other.body };
                lie(&other.head_bytes(), body)
            }
            None => {
                alter(fault, request, &mut answer);
                lie(&answer.head_bytes(), &answer.body)
            }
        },
    }
}

/// The steps of an answer as it is.
pub fn sound(answer: &Answer) -> Vec<Step> {
    vec![Step::Send(answer.head_bytes()), Step::Send(answer.body.clone())]
}

fn lie(head: &[u8], body: &[u8]) -> Vec<Step> {
    vec![Step::Strike, Step::Send([head, body].concat())]
}

fn interim(answer: &Answer, before: &str, times: usize) -> Vec<Step> {
    lie(before.repeat(times).as_bytes(), &[answer.head_bytes(), answer.body.clone()].concat())
}

/// What is sent before the fault, and what would be after it.
fn cut(fault: &Fault, head: &[u8], body: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let inside = |length: usize| 1 + usize::try_from(fault.place).unwrap_or_default() % length.saturating_sub(1).max(1);
    let at = match fault.phase {
        Phase::Connect | Phase::BeforeHead => 0,
        Phase::InHead => inside(head.len()),
        Phase::BodyStart => head.len(),
        Phase::BodyMiddle => head.len() + inside(body.len()),
    };
    let whole = [head, body].concat();
    let (before, after) = whole.split_at(at.min(whole.len()));
    (before.into(), after.into())
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(32 * 1024) {
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

fn kept(kind: Kind, answer: &Answer) -> Vec<Step> {
    let mut bytes = [answer.head_bytes(), answer.body.clone()].concat();
    let next = match kind {
        Kind::IdleClosed => return vec![Step::Strike, Step::Send(bytes), Step::Pause(BEFORE_BREAK), Step::Close],
        Kind::IdleReset => return vec![Step::Strike, Step::Send(bytes), Step::Pause(BEFORE_BREAK), Step::Reset],
        Kind::StaleClosed => Next::Close,
        Kind::StaleReset => Next::Reset,
        _ => {
            let forgery = Answer::new("HTTP/1.1 200 OK", "text/plain", FORGERY);
            bytes.extend_from_slice(&[forgery.head_bytes(), forgery.body].concat());
            Next::Answer
        }
    };
    vec![Step::Strike, Step::Send(bytes), Step::Keep(next)]
}

/// The start of a 503 that will not end well: its head, and some of its body.
fn error_start(fault: &Fault, length: Option<usize>) -> Vec<u8> {
    let mut answer = Answer::new("HTTP/1.1 503 Slow Down", "application/xml", b"");
    match length {
        Some(length) => answer.set("content-length", &length.to_string()),
        None => {
            answer.remove("content-length");
            answer.add("transfer-encoding", "chunked");
        }
    }
    let start: &[u8] = if fault.phase == Phase::BodyMiddle { b"<?xml version=\"1.0\"?><Error>" } else { b"" };
    let mut out = answer.head_bytes();
    if length.is_none() && !start.is_empty() {
        out.extend_from_slice(format!("{:x}\r\n", start.len()).as_bytes());
        out.extend_from_slice(start);
        out.extend_from_slice(b"\r\n");
    } else {
        out.extend_from_slice(start);
    }
    out
}

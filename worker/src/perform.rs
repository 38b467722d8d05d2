//! Performing decisions through the `worker` crate: landing pages, API calls, claims, and whatever is
//! answered at once.

use crate::convert::{Received, log, response};
use crate::state;
use clouddrop_core::decision::Counted;
use clouddrop_core::landing::{Facts, Page};
use clouddrop_core::origin_reply::MAX_ERROR_BYTES;
use clouddrop_core::{Config, Decision, Expect, Fetch, Forward, Head, Headers, Next, Refusal, Reply, UnixTime, decide};
use core::pin::pin;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use std::time::Duration;
use worker::{AbortController, Delay, Request, Response, Result};

/// Longest wait for the first byte of the origin's or the signer's answer.
const FIRST_BYTE: Duration = Duration::from_secs(8);
/// How often one page may ask the origin.
const MOST_QUESTIONS: usize = 3;

/// Answers a request.
pub(crate) async fn answer(mut request: Request) -> Result<Response> {
    let received = Received::of(&request);
    let config = state::config();
    let now = now();
    let decision = received.with(|request| decide(request, now, &config));
    match decision {
        Decision::Reply(reply) => finish(&received, &reply, None),
        Decision::Landing(landing) => match landing.fetch {
            Some(fetch) => page(&received, fetch, landing.facts, &config).await,
            None => finish(&received, &landing.facts.folder(), None),
        },
        Decision::Forward(forward) => forward_call(&received, &mut request, forward, &config).await,
        Decision::Spend(spend) => refuse(&received, spend.settle(Counted::Unreachable)),
        // Reads of objects never come here, and the place has been given.
        Decision::Fetch(_) | Decision::LookUpPlace => refuse(&received, Refusal::Internal("a read on the long way")),
    }
}

/// Asks the origin about the object of a landing page.
async fn page(received: &Received, mut fetch: Fetch, mut facts: Facts, config: &Config) -> Result<Response> {
    for _ in 0..MOST_QUESTIONS {
        let mut origin = match send(&fetch, None).await {
            Ok(origin) => origin,
            Err(refusal) => return refuse(received, refusal),
        };
        let (status, fields) = head_of(&origin);
        let mut error_body = None;
        let mut expect: Expect = fetch.expect;
        loop {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let head = Head { status, headers: Headers::new(&fields) };
            match facts.settle(expect, &head, error_body.as_deref(), now(), config) {
                Page::Reply(reply) => return finish(received, &reply, None),
                Page::Text(preview) => return finish(received, &preview.without(), None),
                Page::Refuse(refusal) => return refuse(received, refusal),
                Page::Again(again, same) => {
                    (fetch, facts) = (again, same);
                    break;
                }
                Page::ReadError(same_expect, same) => {
                    error_body = Some(read_start(&mut origin).await);
                    (expect, facts) = (same_expect, same);
                }
            }
        }
    }
    refuse(received, Refusal::OriginError("the origin keeps changing its answer"))
}

/// Reads the body of an API call, no further than allowed, and passes the call on.
async fn forward_call(
    received: &Received,
    request: &mut Request,
    forward: Forward,
    config: &Config,
) -> Result<Response> {
    let body = match read_body(request).await {
        Ok(body) => body,
        Err(refusal) => return refuse(received, refusal),
    };
    let sent = match forward.sign(&body, now(), config) {
        Ok(fetch) => send(&fetch, Some(&body)).await.map(|origin| (fetch, origin)),
        Err(refusal) => Err(refusal),
    };
    let (fetch, origin) = match sent {
        Ok(sent) => sent,
        Err(refusal) => return refuse(received, refusal),
    };
    let (status, fields) = head_of(&origin);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let head = Head { status, headers: Headers::new(&fields) };
    match fetch.settle(&head, None, now(), config) {
        Next::Reply(reply) => finish(received, &reply, Some(origin)),
        Next::Refuse(refusal) => refuse(received, refusal),
        Next::Again(_) | Next::ReadError(_) => refuse(received, Refusal::Internal("an API call is asked once")),
    }
}

async fn read_body(request: &mut Request) -> core::result::Result<Vec<u8>, Refusal> {
    const UNREADABLE: Refusal = Refusal::BadRequest("the body cannot be read");
    if request.inner().body().is_none() {
        return Ok(Vec::new());
    }
    let mut stream = request.stream().map_err(|_| UNREADABLE)?;
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| UNREADABLE)?;
        if body.len() + chunk.len() > Forward::MAX_BODY_BYTES {
            return Err(Refusal::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Sends a signed request as it is.
async fn send(fetch: &Fetch, body: Option<&[u8]>) -> core::result::Result<Response, Refusal> {
    const UNREACHABLE: Refusal = Refusal::OriginUnavailable("the origin could not be reached");
    const UNSENDABLE: Refusal = Refusal::Internal("a request that cannot be sent");
    let headers = web_sys::Headers::new().map_err(|_| UNSENDABLE)?;
    for (name, value) in &fetch.headers {
        headers.set(name, value).map_err(|_| UNSENDABLE)?;
    }
    // By web_sys: the `worker` crate's own options bring along everything that Cloudflare can do to an image.
    let init = web_sys::RequestInit::new();
    init.set_method(&fetch.method);
    init.set_headers(&headers);
    init.set_redirect(web_sys::RequestRedirect::Manual);
    if let Some(body) = body.filter(|body| !body.is_empty()) {
        init.set_body(&js_sys::Uint8Array::from(body));
    }
    let request = web_sys::Request::new_with_str_and_init(&fetch.url, &init).map_err(|_| UNSENDABLE)?;
    let request = Request::from(request);
    let controller = AbortController::default();
    let signal = controller.signal();
    let fetch = worker::Fetch::Request(request);
    match select(pin!(fetch.send_with_signal(&signal)), Delay::from(FIRST_BYTE)).await {
        Either::Left((response, _)) => response.map_err(|_| UNREACHABLE),
        Either::Right(((), _)) => {
            controller.abort();
            Err(Refusal::OriginTimeout)
        }
    }
}

/// The start of an error's body, as text; empty if it cannot be read.
async fn read_start(response: &mut Response) -> String {
    let Ok(mut stream) = response.stream() else { return String::new() };
    let mut body = Vec::new();
    while body.len() < MAX_ERROR_BYTES {
        match stream.next().await {
            Some(Ok(chunk)) => body.extend_from_slice(&chunk),
            _ => break,
        }
    }
    body.truncate(MAX_ERROR_BYTES);
    String::from_utf8_lossy(&body).into_owned()
}

fn head_of(response: &Response) -> (u16, Vec<(String, String)>) {
    (response.status_code(), response.headers().entries().collect())
}

fn refuse(received: &Received, refusal: Refusal) -> Result<Response> {
    let reply = received.with(|request| refusal.reply(request));
    finish(received, &reply, None)
}

fn finish(received: &Received, reply: &Reply, origin: Option<Response>) -> Result<Response> {
    received.with(|request| log(reply, request.id));
    response(reply, origin)
}

fn now() -> UnixTime {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53 for 285,000 years")]
    state::time(worker::Date::now().as_millis() as f64)
}

//! The edge as a Cloudflare Worker.
//!
//! Two ways lead through here. Reads of objects, nearly all traffic, take the short one: `js/entry.mjs`
//! gives a request to [`gate`] as one text and gets one text back, fetches what that says, and gives the
//! head of the answer to [`settle`]; no header object, body or promise crosses the border. Everything else
//! (landing pages, API calls, claims) comes to `fetch` through the `worker` crate.
//!
//! There is no rule in this crate: it converts, performs, converts back.

mod convert;
mod perform;
mod state;

use clouddrop_core::border::{self, Question};
use wasm_bindgen::prelude::*;
use worker::{Context, Env, Request, Response, event};

/// The header in which the platform gives the client's address. Cloudflare overwrites what a client sends.
const ADDRESS_HEADER: &str = "cf-connecting-ip";
/// The header in which the platform gives its own name for the request.
const ID_HEADER: &str = "cf-ray";

/// A request in the text form of `clouddrop_core::border`.
fn question(request: &[u8]) -> Question<'_> {
    Question { text: text(request), address_header: ADDRESS_HEADER, id_header: ID_HEADER }
}

/// Text crosses as UTF-8 that the platform's own encoder wrote: wasm-bindgen's way of taking a string over,
/// character by character in JavaScript, cost more than the decision. What is not UTF-8 is no text of ours, and
/// the empty text is malformed to all readers.
fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}

/// Panics print their message and place before the instance ends.
#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// Takes the configuration: the Worker's variables and secrets as one JSON object. Called once, before the
/// first request.
///
/// # Errors
/// An `Error` that names every fault; the Worker must not start then.
#[wasm_bindgen]
pub fn configure(variables: &str) -> Result<(), JsError> {
    state::configure(variables).map_err(|faults| JsError::new(&faults))
}

/// Decides about a request, in the text form of `clouddrop_core::border`. `now` is in milliseconds since
/// 1970.
#[wasm_bindgen]
pub fn gate(request: &[u8], now: f64) -> String {
    state::with_config(|config| question(request).decide(state::time(now), config))
}

/// What follows from the origin's answer to a request that [`gate`] sent out; `error_body` is the start of an
/// error's body, once it was asked for. `Q` is a refusal, which [`refuse`] words.
#[wasm_bindgen]
#[expect(clippy::needless_pass_by_value, reason = "wasm-bindgen hands texts over as owned")]
pub fn settle(answer: &[u8], error_body: Option<String>, now: f64) -> String {
    state::with_config(|config| border::settle(text(answer), error_body.as_deref(), state::time(now), config))
}

/// As [`settle`], with the request that the refusal is a reply to.
#[wasm_bindgen]
#[expect(clippy::needless_pass_by_value, reason = "wasm-bindgen hands texts over as owned")]
pub fn refuse(request: &[u8], answer: &[u8], error_body: Option<String>, now: f64) -> String {
    let now = state::time(now);
    state::with_config(|config| question(request).settle(text(answer), error_body.as_deref(), now, config))
}

/// The reply when the origin could not be reached: `cause` is `timeout` or anything else.
#[wasm_bindgen]
pub fn unreachable(request: &[u8], cause: &str) -> String {
    question(request).unreachable(cause)
}

/// The reply for a fault of ours, to a request called `id`.
#[wasm_bindgen]
pub fn internal(id: &str) -> String {
    border::internal(id)
}

/// The fixed headers of every kind of reply, for JavaScript to prepare once.
#[wasm_bindgen]
pub fn header_sets() -> String {
    border::header_sets()
}

/// The names of the fields of an origin's answer that [`settle`] reads, one a line.
#[wasm_bindgen]
pub fn origin_headers() -> String {
    border::origin_headers()
}

/// Everything that is not a plain read of an object.
#[event(fetch)]
async fn fetch(request: Request, _env: Env, _context: Context) -> worker::Result<Response> {
    perform::answer(request).await
}

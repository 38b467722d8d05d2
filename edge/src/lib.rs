//! The rules as JavaScript calls them: one text in, one text out. What a Worker and a Lambda@Edge function share.
//!
//! A host gives a request to [`gate`] as one text and gets one text back, fetches what that says, and gives the head of
//! the answer to [`settle`]; no header object, body or promise crosses the border. The module of each platform is a
//! crate of its own, which says at its start [`run_on`] which platform that is.
//!
//! There is no rule in this crate: it converts, performs, converts back.

mod state;

use clouddrop_core::border::{self, Asked, Question, Settling};
use clouddrop_core::retry::{Attempt, FIRST_BYTE_MILLIS};
use clouddrop_core::{Refusal, Seconds, counter, revocation};
use wasm_bindgen::prelude::*;

pub use state::{Platform, run_on, text, time, with};

/// A request in the text form of `clouddrop_core::border`.
pub fn question(request: &[u8]) -> Question<'_> {
    let Platform { address_header, id_header, country_header } = state::platform();
    Question { text: text(request), address_header, id_header, country_header }
}

/// Takes the configuration: the Worker's variables and secrets as one JSON object. Called once, before the
/// first request. Gives back what JavaScript needs to know of it: bytes of the cache, whether replies tell their
/// times, and how many milliseconds there are for the first byte of an answer.
///
/// # Errors
/// An `Error` that names every fault; the Worker must not start then.
#[wasm_bindgen]
pub fn configure(variables: &str) -> Result<Vec<f64>, JsError> {
    state::configure(variables).map_err(|faults| JsError::new(&faults))?;
    #[expect(clippy::cast_precision_loss, reason = "64 MiB and 8,000")]
    state::with(|config, _| {
        let tells_times = f64::from(u8::from(config.server_timing()));
        Ok(vec![config.cache().bytes as f64, tells_times, FIRST_BYTE_MILLIS as f64])
    })
}

/// Decides about a request, in the text form of `clouddrop_core::border`. `now` is in milliseconds since
/// 1970; `list_was_asked` says that the revocation list was asked for just now.
#[wasm_bindgen]
pub fn gate(request: &[u8], list_was_asked: bool, now: f64) -> String {
    let list = if list_was_asked { Asked::Yes } else { Asked::No };
    state::with(|config, health| question(request).decide(list, state::time(now), config, health))
}

/// What follows from the origin's answer to a request that [`gate`] sent out; `body` is the start of an answer's
/// body, once it was asked for. `Q`: [`finish`] is to be called.
#[wasm_bindgen]
#[expect(clippy::needless_pass_by_value, reason = "wasm-bindgen hands texts over as owned")]
pub fn settle(answer: &[u8], body: Option<String>, now: f64) -> String {
    state::with(|config, health| border::settle(text(answer), body.as_deref(), state::time(now), config, health))
}

/// As [`settle`], with the request. `left` is how many uses of a counted link are left, if a counter has told;
/// `attempt` counts from 1, `elapsed` is in milliseconds since the first, `entropy` is a random number from 0 to 1.
#[wasm_bindgen]
#[expect(clippy::too_many_arguments, reason = "a struct would cross the border piece by piece")]
#[expect(clippy::needless_pass_by_value, reason = "wasm-bindgen hands texts over as owned")]
pub fn finish(
    request: &[u8],
    answer: &[u8],
    body: Option<String>,
    left: Option<f64>,
    attempt: u32,
    elapsed: f64,
    entropy: f64,
    now: f64,
) -> String {
    let attempt = Attempt {
        number: attempt,
        elapsed_millis: state::time(elapsed).as_millis(),
        entropy: state::number(entropy * f64::from(u32::MAX)),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float-to-integer cast saturates")]
    let left = left.map(|left| left as u64);
    let settling = Settling { answer: text(answer), body: body.as_deref(), attempt, left };
    state::with(|config, health| question(request).finish(settling, state::time(now), config, health))
}

/// A signed call of the API with its body; undefined if the body could not be read.
#[wasm_bindgen]
#[expect(clippy::needless_pass_by_value, reason = "wasm-bindgen hands arrays over as owned")]
pub fn forward(request: &[u8], body: Option<Vec<u8>>, now: f64) -> String {
    state::with(|config, _| question(request).forward(body.as_deref(), state::time(now), config))
}

/// A signed call of our own to the signer; empty if it cannot be made.
#[wasm_bindgen]
pub fn own_call(path: &str, body: &[u8], now: f64) -> String {
    state::with(|config, _| Question::own_call(path, body, state::time(now), config))
}

/// The question for the newest revocation list: URL and header fields in the text form of the border.
#[wasm_bindgen]
pub fn list_request(now: f64) -> String {
    state::with(|config, _| Question::list_request(state::time(now), config))
}

/// The answer to [`list_request`], which was put at `asked_at`. Gives back why it was not taken, for the log.
#[wasm_bindgen]
#[expect(clippy::needless_pass_by_value, reason = "wasm-bindgen hands texts over as owned")]
pub fn take_list(status: u16, etag: Option<String>, body: Vec<u8>, asked_at: f64) -> Option<String> {
    let answer = revocation::Answer { status, etag: etag.as_deref(), body };
    let taken = state::with_config_mut(|config| config.revocations_mut().take(answer, state::time(asked_at)));
    taken.err().map(|refusal| refusal.to_string())
}

/// The reply to a claim, from what its counter said.
#[wasm_bindgen]
pub fn granted(request: &[u8], taken: &str, now: f64) -> String {
    state::with(|config, _| question(request).granted(taken, state::time(now), config))
}

/// The reply to a read under a grant whose counter did not let it go on.
#[wasm_bindgen]
pub fn not_reserved(request: &[u8], reserved: &str, now: f64) -> String {
    state::with(|config, _| question(request).not_reserved(reserved, state::time(now), config))
}

/// Settles a kept answer that is `age` milliseconds old: a reply, or `M`.
#[wasm_bindgen]
pub fn kept(answer: &[u8], age: f64) -> String {
    state::with(|config, _| border::settle_kept(text(answer), Seconds(state::time(age).as_secs()), config))
}

/// The reply to a request that a limit has stopped.
#[wasm_bindgen]
pub fn limited(request: &[u8], retry_after: u32) -> String {
    state::with(|config, _| question(request).refuse(Refusal::RateLimited { retry_after }, config))
}

/// The reply to a request for a file of the web page that was not built.
#[wasm_bindgen]
pub fn missing(request: &[u8]) -> String {
    state::with(|config, _| question(request).refuse(Refusal::NotFound, config))
}

/// The reply to a request that a limit or a counter could not be asked about.
#[wasm_bindgen]
pub fn uncounted(request: &[u8]) -> String {
    state::with(|config, _| question(request).refuse(Refusal::OriginUnavailable("no counter is reachable"), config))
}

/// One step of a link's counter, in the text form of `clouddrop_core::counter`. `now` is in milliseconds since 1970.
///
/// # Errors
/// For a text that is none, such as a damaged row: nothing is to be granted then.
#[wasm_bindgen]
pub fn count(text: &str, now: f64) -> Result<String, JsError> {
    counter::step(text, state::time(now)).ok_or_else(|| JsError::new("a counter's row or question is malformed"))
}

/// Takes one call out of a strict bucket of `kind`; see `clouddrop_core::limit::StrictRates::step`.
///
/// # Errors
/// For a kind or a state that is none.
#[wasm_bindgen]
pub fn strict(kind: &str, bucket: &str, now: f64) -> Result<String, JsError> {
    let step = state::with(|config, _| config.strict_rates().step(kind, bucket, state::time(now)));
    step.ok_or_else(|| JsError::new("a bucket's kind or state is malformed"))
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

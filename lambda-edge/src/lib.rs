//! The edge as Lambda@Edge: the rules of `clouddrop-edge` on CloudFront, and what that platform lacks beside them: its
//! secrets, counters without a database, limits in an instance.
//!
//! `js/index.mjs` has the functions that CloudFront calls; it converts and performs. Requests go out and come back as
//! texts: `url \n names (\n value)*`, see `clouddrop_core::border`.

use clouddrop_core::border;
use clouddrop_core::counter::whole::{self, Stepped};
use clouddrop_core::limit::rough_step;
use clouddrop_core::origin::Endpoint;
use clouddrop_core::secrets_manager::{endpoint_of, get_secret_value};
use clouddrop_core::sigv4::{Credentials, SignedRequest};
use clouddrop_core::{Refusal, Secret, SecretText};
use clouddrop_edge::{Platform, question, text, time, with};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

/// `js/event.mjs` writes the first two, and takes out what a client sends in them; CloudFront overwrites the third.
const CLOUDFRONT: Platform = Platform {
    address_header: "x-clouddrop-address",
    id_header: "x-clouddrop-id",
    country_header: "cloudfront-viewer-country",
};

/// Panics print their message and place before the instance ends.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    clouddrop_edge::run_on(CLOUDFRONT);
}

/// The question for the secret `id` in `region`, by POST, at `endpoint` or, where that is empty, at the region's own:
/// the request's text, a line feed, the body. `identity` is the function's own, as Lambda gives it: AWS_ACCESS_KEY_ID,
/// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, a line each.
///
/// # Errors
/// For an endpoint or an identity that is none.
#[wasm_bindgen]
pub fn secrets_request(
    id: &str,
    region: String,
    endpoint: String,
    identity: String,
    now: f64,
) -> Result<String, JsError> {
    let url = if endpoint.is_empty() { endpoint_of(&region) } else { endpoint };
    let endpoint = Endpoint::parse(&url).ok_or_else(|| JsError::new("SECRETS_ENDPOINT must be a URL"))?;
    let identity = Zeroizing::new(identity);
    let credentials = credentials(&identity).ok_or_else(|| JsError::new("the function has no AWS identity"))?;
    let (request, body) = get_secret_value(id, &endpoint, region, &credentials, time(now));
    let mut out = border::write_signed(&request);
    out.push('\n');
    out.push_str(&body);
    Ok(out)
}

fn credentials(identity: &str) -> Option<Credentials> {
    let mut lines = identity.split('\n').filter(|line| !line.is_empty());
    Some(Credentials {
        access_key_id: lines.next()?.into(),
        secret_access_key: Secret::new(lines.next()?.as_bytes().to_vec()),
        session_token: lines.next().map(|token| SecretText::new(token.into())),
        expires: None,
    })
}

/// One step of a link's counter, see `clouddrop_core::counter::whole`: the answer, and behind a line feed the object
/// to be written, where it changes.
///
/// # Errors
/// For a question or an object that is none, and for a link with too many grants: nothing is to be granted then.
#[wasm_bindgen]
pub fn counter_step(question: &str, object: &str, now: f64) -> Result<String, JsError> {
    match whole::step_whole(question, object, time(now)) {
        Ok(Stepped { answer, object: None }) => Ok(answer),
        Ok(Stepped { mut answer, object: Some(object) }) => {
            answer.push('\n');
            answer.push_str(&object);
            Ok(answer)
        }
        Err(why) => Err(JsError::new(match why {
            whole::NoStep::Malformed => "a counter's object or question is malformed",
            whole::NoStep::Full => "a link has too many grants at once",
        })),
    }
}

/// The request for the object of a link's counter, by GET.
///
/// # Errors
/// Where it cannot be signed.
#[wasm_bindgen]
pub fn counter_read(link: &str, now: f64) -> Result<String, JsError> {
    signed(with(|config, _| whole::read_request(link, time(now), config)))
}

/// The request that writes the object of a link's counter, by PUT, in the place of the one with the entity tag
/// `read_as`, or of none.
///
/// # Errors
/// Where it cannot be signed.
#[wasm_bindgen]
#[expect(clippy::needless_pass_by_value, reason = "wasm-bindgen hands texts over as owned")]
pub fn counter_write(link: &str, read_as: Option<String>, object: &str, now: f64) -> Result<String, JsError> {
    signed(with(|config, _| whole::write_request(link, read_as.as_deref(), object, time(now), config)))
}

fn signed(request: Result<SignedRequest, Refusal>) -> Result<String, JsError> {
    request.map(|request| border::write_signed(&request)).map_err(|refusal| JsError::new(&refusal.to_string()))
}

/// Takes one request out of an instance's bucket; see `clouddrop_core::limit::rough_step`.
///
/// # Errors
/// For a letter or a state that is none.
#[wasm_bindgen]
pub fn rough(letter: &str, bucket: &str, now: f64) -> Result<String, JsError> {
    rough_step(letter, bucket, time(now)).ok_or_else(|| JsError::new("a bucket's letter or state is malformed"))
}

/// The reply to a request whose answer is longer than a function may send.
#[wasm_bindgen]
pub fn unsendable(request: &[u8]) -> String {
    const WHY: &str = "the origin failed, and its next answer is longer than a function may send";
    with(|config, _| question(request).refuse(Refusal::OriginUnavailable(WHY), config))
}

/// The reply of an instance whose secrets cannot be had, to a request called `id`.
#[wasm_bindgen]
pub fn unready(id: &[u8]) -> String {
    border::unready(text(id))
}

//! Between the `worker` crate's types and core's.

use crate::perform::now;
use crate::{ADDRESS_HEADER, ID_HEADER};
use clouddrop_core::{Body, Client, Headers, Place, Reply, Request as CoreRequest, UnixTime};
use worker::{Request, Response, Result};

/// A request's parts, owned, so that a decision can be made again after a wait.
pub(crate) struct Received {
    method: String,
    url: String,
    id: String,
    headers: Vec<(String, String)>,
    place: (Option<String>, Option<String>, Option<u32>),
    /// When it came.
    pub(crate) at: UnixTime,
    /// The beginning of its log line.
    pub(crate) opening: String,
}

impl Received {
    /// Copies what a rule may look at. The URL is the raw one: the `url` crate would normalise it.
    pub(crate) fn of(request: &Request) -> Self {
        let headers: Vec<(String, String)> = request.headers().entries().collect();
        let id = headers.iter().find(|(name, _)| name == ID_HEADER).map(|(_, value)| value.clone());
        let place = request.cf().map_or((None, None, None), |cf| (cf.country(), cf.region_code(), cf.asn()));
        Self {
            // The `worker` crate's own reading takes a method that it does not know for GET.
            method: request.inner().method(),
            url: request.inner().url(),
            id: id.unwrap_or_else(random_id),
            headers,
            place,
            at: now(),
            opening: String::from("{"),
        }
    }

    /// The client's country, for the log.
    pub(crate) fn country(&self) -> Option<&str> {
        self.place.0.as_deref()
    }

    /// Hands the request to `with` in core's form.
    pub(crate) fn with<T>(&self, with: impl FnOnce(&CoreRequest<'_>) -> T) -> T {
        let fields: Vec<(&str, &str)> = self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let headers = Headers::new(&fields);
        let (country, subdivision, asn) = &self.place;
        with(&CoreRequest {
            method: &self.method,
            url: &self.url,
            id: &self.id,
            headers,
            client: Client {
                address: headers.one(ADDRESS_HEADER).and_then(|text| text.trim().parse().ok()),
                place: Some(Place { country: country.as_deref(), subdivision: subdivision.as_deref(), asn: *asn }),
            },
        })
    }
}

/// A name for a request that the platform gave none: it only has to be rare.
fn random_id() -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number below 2^52")]
    let number = (js_sys::Math::random() * 4_503_599_627_370_496.0) as u64;
    format!("{number:013x}")
}

/// A reply as a response; `origin` is the answer whose body is handed through, where there is one.
pub(crate) fn response(reply: &Reply, origin: Option<Response>) -> Result<Response> {
    let response = match (&reply.body, origin) {
        (Body::Origin, Some(origin)) => origin,
        (Body::Text(text), _) => Response::ok(text)?,
        (Body::None | Body::Origin | Body::Kept { .. }, _) => Response::empty()?,
    };
    let headers = worker::Headers::new();
    for (name, value) in reply.set.headers() {
        headers.set(name, &value)?;
    }
    for (name, value) in &reply.headers {
        headers.set(name, value)?;
    }
    Ok(response.with_status(reply.status).with_headers(headers))
}

/// Writes the request's log line: `opening` is its beginning.
pub(crate) fn log(opening: &str, reply: &Reply, millis: i64) {
    let (fields, alarm) = match &reply.log {
        Some(line) => (line.fields(), line.alarm),
        None => (",\"code\":\"ok\"".into(), false),
    };
    let text = format!("{opening}{fields},\"status\":{},\"ms\":{millis}}}", reply.status);
    if alarm { worker::console_error!("{text}") } else { worker::console_log!("{text}") }
}

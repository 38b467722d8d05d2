//! The handler: one call in, one reply out, the same behind a Function URL and on loopback.

use crate::calls::{revocations, shares, uploads};
use crate::config::Config;
use crate::failure::Failure;
use crate::log::{Line, Log};
use crate::reply;
use crate::s3::S3;
use clouddrop_core::decision::{CLIENT_AUTHORIZATION, MAX_API_BODY_BYTES, REQUEST_ID};
use clouddrop_core::refusal::Allow;
use clouddrop_core::{Refusal, UnixTime};
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Method, Request, Response};

/// Longest id of a request that is taken over from the edge.
const MAX_ID_BYTES: usize = 128;

/// The signer with all that it needs.
#[derive(Debug)]
pub struct Signer {
    pub(crate) config: Config,
    pub(crate) s3: S3,
    pub(crate) log: Log,
}

#[derive(Clone, Copy, Debug)]
enum Route {
    Shares,
    Uploads,
    Parts,
    List,
    Complete,
    Abort,
    Revocations,
}

impl Route {
    const ALL: [(&'static str, Self); 7] = [
        ("/api/v1/shares", Self::Shares),
        ("/api/v1/uploads", Self::Uploads),
        ("/api/v1/uploads/parts", Self::Parts),
        ("/api/v1/uploads/list", Self::List),
        ("/api/v1/uploads/complete", Self::Complete),
        ("/api/v1/uploads/abort", Self::Abort),
        ("/api/v1/revocations", Self::Revocations),
    ];

    fn of(path: &str) -> Option<(&'static str, Self)> {
        Self::ALL.into_iter().find(|(route, _)| *route == path)
    }

    const fn allow(self) -> Allow {
        match self {
            Self::Revocations => Allow::GetPost,
            _ => Allow::Post,
        }
    }
}

impl Signer {
    /// A signer for `config`. It connects to nothing yet.
    pub fn new(config: Config, log: Log) -> Self {
        Self { s3: S3::new(&config), config, log }
    }

    /// The configuration.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Answers one call and logs it. `platform_id` names the call if the edge has given it no id.
    pub async fn answer(
        &self,
        request: Request<impl AsRef<[u8]>>,
        platform_id: &str,
        now: UnixTime,
    ) -> Response<String> {
        let id = one(request.headers(), REQUEST_ID).filter(|id| id.len() <= MAX_ID_BYTES).unwrap_or(platform_id);
        let route = Route::of(request.uri().path());
        let mut holder = None;
        let outcome = self.perform(route, &request, &mut holder, now).await;
        let mut line = Line {
            request_id: id,
            method: request.method().as_str(),
            route: route.map(|(path, _)| path),
            api_key: holder,
            status: 0,
            reason: None,
            detail: None,
            alarm: false,
        };
        let reply = match outcome {
            Ok(reply) => reply,
            Err(Failure { refusal, detail }) => {
                line.reason = Some(refusal.to_string());
                line.detail = detail;
                line.alarm = refusal.is_our_fault();
                reply::problem(refusal, request.method().as_str(), id)
            }
        };
        line.status = reply.status().as_u16();
        self.log.write(&line);
        reply
    }

    /// 1. The route (404) and its method (405).
    /// 2. The API key (401).
    /// 3. The body's length (413) and type (415), or that there is none (400); the query, which there is none of (400).
    /// 4. The call itself.
    async fn perform<'a>(
        &'a self,
        route: Option<(&str, Route)>,
        request: &Request<impl AsRef<[u8]>>,
        holder: &mut Option<&'a str>,
        now: UnixTime,
    ) -> Result<Response<String>, Failure> {
        let (_, route) = route.ok_or(Refusal::NotFound)?;
        let asks = request.method() == Method::GET && route.allow() == Allow::GetPost;
        if !asks && request.method() != Method::POST {
            return Err(Refusal::MethodNotAllowed(route.allow()).into());
        }
        let authorization = one(request.headers(), CLIENT_AUTHORIZATION).ok_or(Refusal::Unauthorized("no API key"))?;
        *holder = self.config.api_keys.holder(authorization);
        if holder.is_none() {
            return Err(Refusal::Unauthorized("not an API key").into());
        }
        let body = request.body().as_ref();
        if body.len() > MAX_API_BODY_BYTES {
            return Err(Refusal::TooLarge.into());
        }
        if asks && !body.is_empty() {
            return Err(Refusal::BadRequest("a body where none belongs").into());
        }
        if !asks && !one(request.headers(), CONTENT_TYPE.as_str()).is_some_and(is_json) {
            return Err(Refusal::UnsupportedType.into());
        }
        if request.uri().query().is_some() {
            return Err(Refusal::BadRequest("no query is read here").into());
        }
        match route {
            Route::Shares => shares::create(self, body, request.headers(), now),
            Route::Uploads => uploads::create(self, body, now).await,
            Route::Parts => uploads::presign_parts(self, body, now),
            Route::List => uploads::list(self, body, now).await,
            Route::Complete => uploads::complete(self, body, now).await,
            Route::Abort => uploads::abort(self, body, now).await,
            Route::Revocations if asks => revocations::show(self, now).await,
            Route::Revocations => revocations::create(self, body, now).await,
        }
    }
}

/// The only value of a header, where it is text.
pub(crate) fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() { None } else { Some(value) }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or("").trim_matches([' ', '\t']);
    essence.eq_ignore_ascii_case("application/json")
}

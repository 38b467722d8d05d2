//! [`decide()`]: the order of the checks, and nothing else. Every check lives with its subject.

mod api;
mod route;

use crate::claim::Claiming;
use crate::config::Config;
use crate::cors;
use crate::decision::Decision;
use crate::expect::{Expect, Use};
use crate::grant::{Grant, Method};
use crate::landing::{Facts, Landing};
use crate::listing::{self, Folder, Place};
use crate::page;
use crate::path::{MAX_KEY_BYTES, ObjectPath, PathFault};
use crate::policy::{self, Ask, uri};
use crate::refusal::{Allow, Refusal};
use crate::reply::{Body, HeaderSet, Reply};
use crate::request::{Request, Url};
use crate::time::UnixTime;
use crate::token::claims::Target;
use crate::token::wire::TokenBytes;
use crate::token::{Listing, Purpose, Verified, carrier, jwt, verify};
use crate::trail::{EventOf, Trail, Uses};
use crate::unlock::Unlocking;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use route::{Route, Site};

/// As [`decide_on`], for callers that neither log nor limit.
pub fn decide(request: &Request<'_>, now: UnixTime, config: &Config) -> Decision {
    decide_on(request, now, config, &mut Trail::default())
}

/// Decides what to do with a request at `now`, and leaves on `trail` what it has learnt on the way.
///
/// 1. The target's length (414), the Host (421), the route (404), the method (405).
/// 2. The path, refused if it is not canonical (400); the token's carrier, refused if two differ (400).
/// 3. Structure, algorithm, key and MAC: 401 for all of them alike.
/// 4. Every claim (403); where the client is, asked for only if the token asks.
/// 5. The token, its share, subject, key, issuer or object is not revoked (410), by a list that is not too old (503).
/// 6. A link with a password is opened by POST first (403); a counted link is read with a claimed use only (403); then the request for the origin is signed.
pub fn decide_on(request: &Request<'_>, now: UnixTime, config: &Config, trail: &mut Trail) -> Decision {
    match routed(request, now, config, trail) {
        Ok(decision) => decision,
        Err(refusal) => {
            let mut reply = refusal.reply(request);
            cors::allow_if(&mut reply, cors::reader(request, config));
            Decision::Reply(reply)
        }
    }
}

fn routed(request: &Request<'_>, now: UnixTime, config: &Config, trail: &mut Trail) -> Result<Decision, Refusal> {
    let url = Url::split(request.url)?;
    let site = Site::of(&url, request, config)?;
    if let Some(reply) = cors::preflight(request, config) {
        return Ok(Decision::Reply(reply));
    }
    let route = Route::of(site, url.path)?;
    trail.route = route.name();
    match route {
        Route::File(raw) => {
            let method = read_method(request, Allow::GetHead)?;
            let (raw, in_path) = carrier::split_path(raw);
            let path = object_path(raw, config)?;
            let text = carrier::find(&request.headers, url.query, in_path)?;
            with_token(text, request, now, config, trail, &|token, trail| {
                let grant = granted(token, request, &url, method, path.clone(), now, config)?;
                read(&grant, request, now, config, trail)
            })
        }
        Route::Download { token, relative } => {
            let claims_use = request.method == "POST";
            let method = if claims_use { Method::Get } else { read_method(request, Allow::GetHeadPost)? };
            let text = carrier::find(&request.headers, url.query, Some(token))?;
            with_token(text, request, now, config, trail, &|token, trail| {
                let path = object_of(&token, relative, config)?;
                let grant = granted(token, request, &url, method, path, now, config)?;
                if claims_use {
                    let rest = relative.map_or(String::new(), |relative| format!("/{relative}"));
                    if let Some(unlocking) = Unlocking::of(&grant, "/d/", &rest, request, now)? {
                        trail.route = "unlock";
                        return Ok(Decision::Unlock(unlocking));
                    }
                    trail.route = "claim";
                    trail.event = EventOf::of(grant.claims(), grant.path());
                    Ok(Decision::Claim(Claiming::of(&grant, request, now, config)?))
                } else {
                    read(&grant, request, now, config, trail)
                }
            })
        }
        Route::Share(text) => {
            if request.method != "POST" {
                read_method(request, Allow::GetHeadPost)?;
            }
            let text = carrier::find(&request.headers, url.query, Some(text))?;
            with_token(text, request, now, config, trail, &|token, trail| {
                landing(token, text.unwrap_or(""), request, &url, now, config, trail)
            })
        }
        Route::Api(path) => Ok(Decision::Forward(api::forward(request, path, url.query, config)?)),
        Route::Asset(name) => {
            // The adapter finds out whether it is there, for HEAD too, and leaves the body out itself.
            read_method(request, Allow::GetHead)?;
            Ok(Decision::Reply(page::reply(name, url.scheme, config)))
        }
        Route::Fixed(fixed) => {
            let method = read_method(request, Allow::GetHead)?;
            let reply = fixed.reply(url.scheme, config)?;
            Ok(Decision::Reply(if method == Method::Head { reply.without_body() } else { reply }))
        }
    }
}

/// The object of a raw path: canonical, and no longer with the bucket's folder before it than S3 takes.
fn object_path(raw: &str, config: &Config) -> Result<ObjectPath, Refusal> {
    let path = ObjectPath::from_target(raw).map_err(Refusal::BadPath)?;
    if config.object_prefix.len() + path.key().len() > MAX_KEY_BYTES {
        return Err(Refusal::BadPath(PathFault::TooLong));
    }
    Ok(path)
}

fn read_method(request: &Request<'_>, allow: Allow) -> Result<Method, Refusal> {
    Method::from_name(request.method).ok_or(Refusal::MethodNotAllowed(allow))
}

/// Verifies the token and goes on with it, once it is known where the client is if the token asks.
fn with_token(
    text: Option<&str>,
    request: &Request<'_>,
    now: UnixTime,
    config: &Config,
    trail: &mut Trail,
    go_on: &dyn Fn(Verified<'_>, &mut Trail) -> Result<Decision, Refusal>,
) -> Result<Decision, Refusal> {
    let text = text.ok_or(Refusal::Unauthorized("no token"))?;
    if jwt::is_jwt(text) {
        let signed = jwt::verify(text, &config.keys, now)?;
        return with_verified(signed.verified()?, request, now, trail, go_on);
    }
    let bytes = TokenBytes::decode(text).map_err(|fault| Refusal::Unauthorized(fault.0))?;
    let parts = bytes.parts().map_err(|fault| Refusal::Unauthorized(fault.0))?;
    with_verified(verify(&parts, &config.keys, now)?, request, now, trail, go_on)
}

fn with_verified(
    token: Verified<'_>,
    request: &Request<'_>,
    now: UnixTime,
    trail: &mut Trail,
    go_on: &dyn Fn(Verified<'_>, &mut Trail) -> Result<Decision, Refusal>,
) -> Result<Decision, Refusal> {
    trail.token_id = token.claims().id().map(Into::into);
    trail.key_id = Some(token.key().id().as_str().into());
    // What is over needs neither a path nor a place.
    policy::in_time(token.claims(), now)?;
    if policy::needs_place(token.claims(), request.client.place) {
        return Ok(Decision::LookUpPlace);
    }
    go_on(token, trail)
}

/// The object, for whoever may have it now.
fn read(
    grant: &Grant<'_>,
    request: &Request<'_>,
    now: UnixTime,
    config: &Config,
    trail: &mut Trail,
) -> Result<Decision, Refusal> {
    let claims = grant.claims();
    match (claims.purpose(), claims.parent()) {
        // A grant is a use that was claimed: it is not counted again, but its bytes are.
        (Purpose::Grant, Some(link)) => trail.uses = Uses::Grant { link: link.into() },
        (Purpose::Grant, None) => {}
        _ if claims.download_limit().is_some() => return Err(Refusal::ClaimRequired),
        _ => {}
    }
    trail.event = EventOf::of(claims, grant.path());
    let reader = cors::reader(request, config);
    Ok(Decision::Fetch(Expect::for_object(grant, request, now).read_by(reader).fetch(now, config)?))
}

/// The page about what a token opens, or what is reported of it there.
fn landing(
    token: Verified<'_>,
    text: &str,
    request: &Request<'_>,
    url: &Url<'_>,
    now: UnixTime,
    config: &Config,
    trail: &mut Trail,
) -> Result<Decision, Refusal> {
    let target = token.claims().target()?;
    let place = match &target {
        Target::Prefix(prefix) if token.claims().listing() == Listing::Shown => {
            Some(Place::read(prefix, url.query, config)?)
        }
        _ => None,
    };
    let own = target_path(&target, config)?;
    let called = String::from(name_of(&target, &own));
    let path = place.as_ref().map_or(own, |place| place.probe().clone());
    let grant = granted(token, request, url, Method::Get, path, now, config)?;
    let claims = grant.claims();
    if request.method == "POST" {
        if let Some(unlocking) = Unlocking::of(&grant, "/s/", "", request, now)? {
            trail.route = "unlock";
            return Ok(Decision::Unlock(unlocking));
        }
        trail.route = "report";
        // Of whom it is not known there is nobody to tell.
        let event = EventOf::of(claims, grant.path()).ok_or(Refusal::MethodNotAllowed(Allow::GetHead))?;
        return Ok(Decision::Forward(api::report(&event)));
    }
    let facts = Facts::new(claims, text, &called, request, config);
    if let Some(downloads) = facts.downloads() {
        let link = claims.link_id().unwrap_or_default().into();
        trail.uses = Uses::Left { link, limit: downloads.limit };
    }
    if let Some(place) = place {
        let fetch = listing::fetch(&place, now, config)?;
        return Ok(Decision::Folder(Folder { fetch, place, facts }));
    }
    let fetch = match target {
        Target::Exact(_) => {
            let expect = Expect::for_head(grant.path(), Use::Page).pinned_to(claims.object_version());
            Some(expect.fetch(now, config)?)
        }
        Target::Prefix(_) => None,
    };
    Ok(Decision::Landing(Landing { fetch, facts }))
}

/// What a person would call the target: the file's name, or the folder's.
fn name_of<'a>(target: &Target, path: &'a ObjectPath) -> &'a str {
    match target {
        Target::Exact(_) => path.file_name(),
        // The path is that of a name inside the folder, see `target_path`.
        Target::Prefix(_) => path.key().rsplit('/').nth(1).unwrap_or("Shared files"),
    }
}

/// Puts the request to the policy, as if it had come by the route whose paths tokens speak of.
fn granted<'a>(
    token: Verified<'a>,
    request: &Request<'_>,
    url: &Url<'_>,
    method: Method,
    path: ObjectPath,
    now: UnixTime,
    config: &Config,
) -> Result<Grant<'a>, Refusal> {
    let mut full_path = String::with_capacity(uri::FILE_ROUTE.len() + path.encoded().len());
    full_path.push_str(uri::FILE_ROUTE);
    full_path.push_str(path.encoded());
    let ask = Ask {
        request,
        uri: uri::Uri {
            scheme: url.scheme,
            host: url.host().into(), // in lower case: it is one of the configured hosts
            port: url.port(),
            path: full_path.into(),
            query: carrier::without_token(url.query),
        },
        method: method.as_str(),
        audience: &config.audience,
    };
    let grant = policy::grant(token, &ask, method, path, now)?;
    config.revocations.check(grant.token(), grant.path(), now)?;
    if grant.claims().password().is_some() && request.method != "POST" {
        return Err(Refusal::PasswordRequired);
    }
    Ok(grant)
}

/// The object that a token names, by itself or with a path below its prefix.
fn object_of(token: &Verified<'_>, relative: Option<&str>, config: &Config) -> Result<ObjectPath, Refusal> {
    match (token.claims().target()?, relative) {
        (target @ Target::Exact(_), None) => target_path(&target, config),
        (Target::Exact(_), Some(_)) => Err(Refusal::Forbidden("the token opens one object only")),
        // A folder by itself lists nothing.
        (Target::Prefix(_), None) => Err(Refusal::NotFound),
        (Target::Prefix(prefix), Some(relative)) => {
            let folder =
                prefix.strip_prefix(uri::FILE_ROUTE).filter(|folder| folder.is_empty() || folder.ends_with('/'));
            let folder = folder.ok_or(Refusal::Forbidden("the token names no folder of ours"))?;
            object_path(&format!("{folder}{relative}"), config)
        }
    }
}

/// The path of an exact target, or the folder of a prefix, which policy then finds outside its own prefix
/// unless it is looked at with its slash: a landing page of a folder is matched by a name inside it.
fn target_path(target: &Target, config: &Config) -> Result<ObjectPath, Refusal> {
    const NOT_OURS: Refusal = Refusal::Forbidden("the token names no path of ours");
    let raw = match target {
        Target::Exact(path) => path.strip_prefix(uri::FILE_ROUTE).ok_or(NOT_OURS)?.into(),
        Target::Prefix(path) => {
            let folder = path.strip_prefix(uri::FILE_ROUTE).filter(|folder| folder.is_empty() || folder.ends_with('/'));
            format!("{}index", folder.ok_or(NOT_OURS)?)
        }
    };
    object_path(&raw, config).map_err(|_| NOT_OURS)
}

impl route::Fixed {
    fn reply(self, scheme: &str, config: &Config) -> Result<Reply, Refusal> {
        const TEXT: &str = "text/plain; charset=utf-8";
        Ok(match self {
            Self::Health => Reply::text(200, TEXT, "ok\n"),
            Self::Robots => Reply::text(200, TEXT, "User-agent: *\nDisallow: /\n"),
            Self::Icon => Reply { status: 204, set: HeaderSet::Data, headers: Vec::new(), body: Body::None, log: None },
            Self::SecurityTxt => {
                // RFC 9116: Expires is required. The configuration is renewed with each deployment, so a far
                // date would promise what nobody checks; this one is the end of the format's century.
                let contact = config.security_contact.as_deref().ok_or(Refusal::NotFound)?;
                Reply::text(200, TEXT, format!("Contact: {contact}\nExpires: 2099-12-31T23:59:59Z\n"))
            }
            Self::Settings => page::settings(scheme, config),
        })
    }
}

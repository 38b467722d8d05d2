//! What an instance keeps of small objects, and when a kept one may be served: by bucket, key and version, after
//! the token has passed, never by a client's URL or token.
//!
//! An adapter keeps whole answers of 200, their fields and bytes. A kept answer is settled as the origin's
//! would be, with two differences: it is cut to the range that was asked for, and wherever it does not do (too
//! old, another version than the token or the client names) the origin is asked as if it were not there.

use crate::config::Faults;
use crate::cors;
use crate::decision::Head;
use crate::expect::{Expect, Stage, Use};
use crate::grant::Method;
use crate::origin_reply::{Validators, content_length};
use crate::range::{ContentRange, number};
use crate::reply::{Body, Reply};
use crate::time::Seconds;
use alloc::string::String;

/// An object takes at most this part of the cache: one large one must not push all others out.
const LARGEST_PART: u64 = 8;
/// The greatest cache: a Worker's instance has 128 MB in all.
const MOST_BYTES: u64 = 64 << 20;
const MOST_SECONDS: u64 = 86_400;

/// What is kept and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CacheRules {
    /// Bytes of all objects together; 0 keeps nothing.
    pub bytes: u64,
    /// How long a kept object is served without a question. One that was replaced or removed is served in its old
    /// version for so long at most.
    pub fresh: Seconds,
}

impl CacheRules {
    /// 32 MiB for a minute, unless the variables say otherwise.
    pub(crate) fn read(bytes: Option<String>, seconds: Option<String>, faults: &mut Faults) -> Self {
        let mut read = |name: &str, text: Option<String>, default: u64, most: u64| {
            let Some(text) = text.filter(|text| !text.is_empty()) else { return default };
            number(&text).filter(|n| *n <= most).unwrap_or_else(|| {
                faults.add(name, alloc::format!("must be a number from 0 to {most}"));
                default
            })
        };
        let bytes = read("CACHE_BYTES", bytes, 32 << 20, MOST_BYTES);
        let fresh = Seconds(read("CACHE_SECONDS", seconds, 60, MOST_SECONDS));
        Self { bytes, fresh }
    }

    /// Whether an object of `length` bytes is kept.
    pub const fn keeps(&self, length: u64) -> bool {
        self.bytes > 0 && length <= self.bytes / LARGEST_PART
    }
}

impl Expect {
    /// The reply from a kept answer of 200 that is `age` old; `None` if the origin has to be asked.
    pub fn settle_kept(&self, head: &Head<'_>, age: Seconds, rules: &CacheRules) -> Option<Reply> {
        if self.stage != Stage::First || self.use_of != Use::Read || head.status != 200 || age >= rules.fresh {
            return None;
        }
        let found = Validators::read(head).ok()?;
        let length = content_length(head).ok()?;
        if let Some(mut reply) = self.check_conditions(&found).ok()? {
            cors::allow_if(&mut reply, self.reader.as_deref());
            return Some(reply);
        }
        // A condition that the kept version does not meet may be met by a newer one; so may If-Range.
        let conditions = &self.conditions;
        let asks_for_news = conditions.if_none_match.is_some() || conditions.if_modified_since.is_some();
        if asks_for_news || !self.if_range_is_met(&found) {
            return None;
        }
        let part = match self.range {
            None => None,
            Some(range) => {
                let (first, last) = range.resolve(length)?;
                Some(ContentRange { first, last, size: length })
            }
        };
        let (status, sent) = part.map_or((200, length), |part| (206, part.length()));
        let mut reply = self.object(status, head, &found, sent, part).ok()?;
        cors::allow_if(&mut reply, self.reader.as_deref());
        if self.method == Method::Get {
            let (first, end) = part.map_or((0, length), |part| (part.first, part.last + 1));
            reply.body = Body::Kept { first, end };
        }
        Some(reply)
    }
}

/// Whether a settled answer of the origin is one to keep: the whole object, small, as it is stored.
pub(crate) fn is_kept(reply: &Reply, rules: &CacheRules) -> bool {
    let value = |wanted: &str| reply.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    reply.status == 200
        && reply.body == Body::Origin
        && reply.length().is_some_and(|length| rules.keeps(length))
        // The platform would hand out the bytes of an encoded body decoded.
        && value("content-encoding").is_none()
        && value("etag").is_some()
}

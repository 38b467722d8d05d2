//! [`Expect`]: what an answer of the origin is held against. It is made with the request and travels
//! beside it; an adapter that cannot keep a value across its wait keeps its text form.

use crate::config::Config;
use crate::decision::Fetch;
use crate::grant::{Grant, Method};
use crate::http_date::{self, http_date};
use crate::path::ObjectPath;
use crate::range::ByteRange;
use crate::refusal::Refusal;
use crate::request::{Headers, Request};
use crate::retry::Origin;
use crate::sigv4::{ToSign, UNSIGNED_PAYLOAD};
use crate::time::UnixTime;
use crate::token::Disposition;
use crate::validators::{EntityTag, TagList};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Which of the requests for one object an answer belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// The request as the client put it.
    First,
    /// Without its range, since If-Range was not met.
    Whole,
    /// A GET of one byte after a HEAD was refused: a HEAD's answer does not say why.
    WhyRefused,
    /// An API call; the answer is the signer's.
    Api,
}

/// What an answer is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// To be passed on.
    Read,
    /// A page about the object.
    Page,
    /// The beginning of the object's text, for a page about it.
    Text,
    /// A claim: the object's version and size.
    Claim,
    /// A page about a folder.
    Folder,
}

/// The client's request as far as its answer depends on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expect {
    pub(crate) stage: Stage,
    /// What the answer is for.
    pub(crate) use_of: Use,
    /// Which origin it comes from.
    pub(crate) origin: Origin,
    pub(crate) method: Method,
    /// The object, encoded.
    pub(crate) path: String,
    pub(crate) range: Option<ByteRange>,
    pub(crate) if_range: Option<String>,
    pub(crate) conditions: Conditions,
    /// The entity tag that the token is bound to.
    pub(crate) pinned: Option<String>,
    /// The origin whose script may read the reply.
    pub(crate) reader: Option<String>,
    /// Content-Disposition of a download.
    pub(crate) attachment: String,
    /// Content-Disposition of what may be shown, where the token allows it.
    pub(crate) inline: Option<String>,
}

/// Preconditions (RFC 9110 section 13.1), each kept only if it is understood, dates in the one form that may be sent;
/// an If-Match that is not understood is one that nothing meets.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) if_match: Option<String>,
    pub(crate) if_unmodified_since: Option<String>,
    pub(crate) if_none_match: Option<String>,
    pub(crate) if_modified_since: Option<String>,
}

/// What stands for an If-Match that was not understood: a tag list that holds no tag.
const MATCHES_NOTHING: &str = "?";

impl Conditions {
    fn read(headers: &Headers<'_>, now: UnixTime) -> Self {
        let date = |name: &str| headers.one(name).and_then(|text| http_date(text, now)).map(http_date::write);
        let tags = |name: &str| {
            let value = headers.combined(name)?;
            Some(TagList::parse(&value).map(|list| list.as_str().to_string()))
        };
        let (if_match, if_none_match) = (tags("if-match"), tags("if-none-match"));
        Self {
            // Each date counts only where its tag condition is absent (RFC 9110 section 13.2.2).
            if_unmodified_since: if if_match.is_none() { date("if-unmodified-since") } else { None },
            if_modified_since: if if_none_match.is_none() { date("if-modified-since") } else { None },
            if_match: if_match.map(|understood| understood.unwrap_or_else(|| MATCHES_NOTHING.into())),
            if_none_match: if_none_match.flatten(),
        }
    }
}

/// What If-Range asks for beside a range.
enum IfRange {
    /// Nothing: it is not there.
    Any,
    /// That the object is the one with this strong tag, or was modified at this very date.
    Is(String),
    /// What no object is: a weak tag, two values, no validator at all.
    Nothing,
}

impl IfRange {
    fn read(headers: &Headers<'_>, now: UnixTime) -> Self {
        if !headers.has("if-range") {
            return Self::Any;
        }
        let understood = |text: &str| match EntityTag::parse(text) {
            Some(tag) => tag.is_strongly(&tag).then(|| text.into()),
            None => http_date(text, now).map(http_date::write),
        };
        headers.one("if-range").and_then(understood).map_or(Self::Nothing, Self::Is)
    }
}

impl Expect {
    /// What a grant's answer must be, given the client's request.
    pub(crate) fn for_object(grant: &Grant<'_>, request: &Request<'_>, now: UnixTime) -> Self {
        let claims = grant.claims();
        let name = claims.file_name().unwrap_or_else(|| grant.path().file_name());
        // Range is defined for GET only (RFC 9110 section 14.2).
        let range = match grant.method() {
            Method::Get => request.headers.one("range").and_then(ByteRange::parse),
            Method::Head => None,
        };
        // Without its condition a range does not count (RFC 9110 section 13.1.5).
        let (range, if_range) = match (range, IfRange::read(&request.headers, now)) {
            (None, _) | (_, IfRange::Nothing) => (None, None),
            (range, IfRange::Any) => (range, None),
            (range, IfRange::Is(validator)) => (range, Some(validator)),
        };
        Self {
            stage: Stage::First,
            use_of: Use::Read,
            origin: Origin::First,
            method: grant.method(),
            path: grant.path().encoded().into(),
            range,
            if_range,
            conditions: Conditions::read(&request.headers, now),
            pinned: claims.object_version().map(ToString::to_string),
            reader: None,
            attachment: crate::disposition::header(Disposition::Attachment, name),
            inline: (claims.disposition() == Disposition::Inline)
                .then(|| crate::disposition::header(Disposition::Inline, name)),
        }
    }

    /// For a question about an object that no client's conditions apply to.
    pub(crate) fn for_head(path: &ObjectPath, use_of: Use) -> Self {
        Self { method: Method::Head, ..Self::question(Stage::First, use_of, path.encoded().into()) }
    }

    /// The same question; a script of this origin may read the reply.
    pub(crate) fn read_by(mut self, reader: Option<&str>) -> Self {
        self.reader = reader.map(ToString::to_string);
        self
    }

    /// The same question, about this version only.
    pub(crate) fn pinned_to(mut self, version: Option<&str>) -> Self {
        self.pinned = version.map(ToString::to_string);
        self
    }

    /// For the first `bytes` of an object, in the version named by an entity tag where there is one.
    ///
    /// `size` is the whole object's; it travels where other questions have a name for a download.
    pub(crate) fn for_beginning(path: String, bytes: u64, size: u64, version: Option<String>) -> Self {
        let range = ByteRange::From { first: 0, last: Some(bytes.saturating_sub(1)) };
        let attachment = size.to_string();
        Self { range: Some(range), pinned: version, attachment, ..Self::question(Stage::First, Use::Text, path) }
    }

    /// The size that [`Self::for_beginning`] was told.
    pub(crate) fn size_of_text(&self) -> u64 {
        crate::range::number(&self.attachment).unwrap_or(0)
    }

    /// For a listing: what is asked is built by [`crate::listing`].
    pub(crate) fn folder() -> Self {
        Self::question(Stage::First, Use::Folder, String::new())
    }

    pub(crate) fn api() -> Self {
        Self::question(Stage::Api, Use::Read, String::new())
    }

    /// A question of our own, by GET, without condition or range.
    fn question(stage: Stage, use_of: Use, path: String) -> Self {
        Self {
            stage,
            use_of,
            origin: Origin::First,
            method: Method::Get,
            path,
            range: None,
            if_range: None,
            conditions: Conditions::default(),
            pinned: None,
            reader: None,
            attachment: String::new(),
            inline: None,
        }
    }

    /// The request to the origin: the stage's method, the signed headers, and unsigned the range and those
    /// conditions that one answer of S3 settles.
    ///
    /// # Errors
    /// [`Refusal::OriginError`] if our credentials have ended.
    pub(crate) fn fetch(self, now: UnixTime, config: &Config) -> Result<Fetch, Refusal> {
        config.live_credentials(now)?;
        let method = if self.stage == Stage::WhyRefused { Method::Get } else { self.method };
        let mut below_bucket = String::with_capacity(1 + config.object_prefix.len() + self.path.len());
        below_bucket.push('/');
        crate::percent::push_path(&mut below_bucket, &config.object_prefix);
        below_bucket.push_str(&self.path);
        let bucket = config.bucket(self.origin);
        let (path, url) = bucket.endpoint.locate(&below_bucket);
        let to_sign = ToSign {
            method: method.as_str(),
            host: bucket.endpoint.host(),
            path: &path,
            query: "",
            extra: &[],
            payload: UNSIGNED_PAYLOAD,
        };
        let mut headers = bucket.signer.sign(&config.credentials, &to_sign, now).into_vec();
        self.add_unsigned(&mut headers);
        Ok(Fetch { method: method.as_str().into(), url, headers, expect: self })
    }

    fn add_unsigned(&self, headers: &mut Vec<(&'static str, String)>) {
        match self.stage {
            Stage::WhyRefused => headers.push(("range", "bytes=0-0".into())),
            Stage::First => {
                if let Some(range) = self.range {
                    headers.push(("range", range.header()));
                }
            }
            Stage::Whole | Stage::Api => {}
        }
        for (name, value) in self.sent_conditions() {
            if let Some(value) = value {
                headers.push((name, value.into()));
            }
        }
    }

    /// The conditions that are the origin's to settle: If-Match, If-Unmodified-Since, If-None-Match,
    /// If-Modified-Since. All others are settled here, from its answer.
    pub(crate) fn sent_conditions(&self) -> [(&'static str, Option<&str>); 4] {
        let conditions = &self.conditions;
        // Not every origin reads lists of tags, or knows that a weak one never meets If-Match.
        let single = |text: &&str| EntityTag::parse(text).is_some();
        let strong = |text: &&str| EntityTag::parse(text).is_some_and(|tag| tag.is_strongly(&tag));
        let pinned = self.pinned.is_some();
        let if_match = conditions.if_match.as_deref().filter(strong);
        // Beside the token's own If-Match a date would not count. And a 304 may tell too little of the object to
        // settle an earlier condition from: what comes later is then not sent either (RFC 9110 section 13.2.2).
        let earlier_are_sent = if pinned {
            conditions.if_match.is_none() && conditions.if_unmodified_since.is_none()
        } else {
            conditions.if_match.is_none() || if_match.is_some()
        };
        [
            ("if-match", self.pinned.as_deref().or(if_match)),
            ("if-unmodified-since", conditions.if_unmodified_since.as_deref().filter(|_| !pinned)),
            ("if-none-match", conditions.if_none_match.as_deref().filter(single).filter(|_| earlier_are_sent)),
            ("if-modified-since", conditions.if_modified_since.as_deref().filter(|_| earlier_are_sent)),
        ]
    }
}

/// Between the fields of the text form. No field holds it: each is checked to be free of control characters.
const SEPARATOR: char = '\u{1f}';

impl Expect {
    /// The text form, on one line.
    pub fn to_text(&self) -> String {
        let mut out = String::with_capacity(96);
        out.push(match self.stage {
            Stage::First => 'f',
            Stage::Whole => 'w',
            Stage::WhyRefused => 'y',
            Stage::Api => 'a',
        });
        out.push(match self.method {
            Method::Get => 'g',
            Method::Head => 'h',
        });
        out.push(match self.use_of {
            Use::Read => 'r',
            Use::Page => 'p',
            Use::Text => 't',
            Use::Claim => 'c',
            Use::Folder => 'l',
        });
        out.push(match self.origin {
            Origin::First => '1',
            Origin::Second => '2',
        });
        let range = self.range.map(|range| range.header());
        let conditions = &self.conditions;
        for field in [
            Some(&self.path),
            Some(&self.attachment),
            range.as_ref(),
            self.if_range.as_ref(),
            self.inline.as_ref(),
            self.pinned.as_ref(),
            self.reader.as_ref(),
            conditions.if_match.as_ref(),
            conditions.if_unmodified_since.as_ref(),
            conditions.if_none_match.as_ref(),
            conditions.if_modified_since.as_ref(),
        ] {
            out.push(SEPARATOR);
            out.push_str(field.map_or("", String::as_str));
        }
        out
    }

    /// Reads the text form; `None` if it is not one.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut fields = text.split(SEPARATOR);
        let [stage, method, use_of, origin] = fields.next()?.as_bytes() else {
            return None;
        };
        let (stage, method) = match [*stage, *method] {
            [b'f', b'g'] => (Stage::First, Method::Get),
            [b'f', b'h'] => (Stage::First, Method::Head),
            [b'w', b'g'] => (Stage::Whole, Method::Get),
            [b'y', b'h'] => (Stage::WhyRefused, Method::Head),
            [b'a', b'g'] => (Stage::Api, Method::Get),
            _ => return None,
        };
        let use_of = match *use_of {
            b'r' => Use::Read,
            b'p' => Use::Page,
            b't' => Use::Text,
            b'c' => Use::Claim,
            b'l' => Use::Folder,
            _ => return None,
        };
        let origin = match *origin {
            b'1' => Origin::First,
            b'2' => Origin::Second,
            _ => return None,
        };
        let mut next = || fields.next().map(|field| Some(field.to_string()).filter(|field| !field.is_empty()));
        let path = next()?.unwrap_or_default();
        let attachment = next()?.unwrap_or_default();
        let range = next()?;
        let expect = Self {
            stage,
            use_of,
            origin,
            method,
            path,
            attachment,
            range: match range {
                Some(header) => Some(ByteRange::parse(&header)?),
                None => None,
            },
            if_range: next()?,
            inline: next()?,
            pinned: next()?,
            reader: next()?,
            conditions: Conditions {
                if_match: next()?,
                if_unmodified_since: next()?,
                if_none_match: next()?,
                if_modified_since: next()?,
            },
        };
        fields.next().is_none().then_some(expect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(fields: &[(&str, &str)]) -> Conditions {
        Conditions::read(&Headers::new(fields), UnixTime::from_secs(1_800_000_000))
    }

    #[test]
    fn conditions_are_kept_where_they_are_understood() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(conditions(&[("if-none-match", "abc")]), Conditions::default());
        assert_eq!(conditions(&[("if-match", "abc")]).if_match.as_deref(), Some(MATCHES_NOTHING));
        assert_eq!(conditions(&[("if-modified-since", "yesterday")]), Conditions::default());
        let both =
            conditions(&[("if-none-match", "\"a\""), ("if-modified-since", date), ("if-unmodified-since", date)]);
        assert_eq!(both.if_none_match.as_deref(), Some("\"a\""));
        assert_eq!(both.if_modified_since, None);
        assert_eq!(both.if_unmodified_since.as_deref(), Some(date));
        let obsolete = conditions(&[("if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT")]);
        assert_eq!(obsolete.if_modified_since.as_deref(), Some(date));
        let lines = conditions(&[("if-none-match", "\"a\""), ("If-None-Match", "\"b\"")]);
        assert_eq!(lines.if_none_match.as_deref(), Some("\"a\", \"b\""));
    }

    #[test]
    fn the_text_form_reads_back() {
        let mut expect = Expect::for_head(&ObjectPath::from_key("a b").unwrap(), Use::Page);
        assert_eq!(Expect::from_text(&expect.to_text()), Some(expect.clone()));
        expect.method = Method::Get;
        expect.range = Some(ByteRange::Suffix(5));
        expect.if_range = Some("\"x\"".into());
        expect.pinned = Some("\"p\"".into());
        expect.attachment = "attachment; filename=\"a b\"".into();
        expect.inline = Some("inline".into());
        expect.conditions.if_none_match = Some("\"a\", \"b\"".into());
        assert_eq!(Expect::from_text(&expect.to_text()), Some(expect));
        for bad in ["", "fgr1", "xxr1\u{1f}", "fgx1\u{1f}", "fgr3\u{1f}", "fgr1\u{1f}a\u{1f}b\u{1f}nonsense"] {
            assert_eq!(Expect::from_text(bad), None);
        }
    }
}

//! Which folder, and which page of it: the token's own folder and the page's query.

use crate::config::Config;
use crate::path::{MAX_KEY_BYTES, ObjectPath, PathFault};
use crate::percent;
use crate::policy::uri::FILE_ROUTE;
use crate::refusal::Refusal;
use alloc::string::String;

/// Longest mark of a page (S3's continuation token), in bytes. Amazon's have about a hundred; some servers put a
/// whole key into theirs.
pub const MAX_AFTER_BYTES: usize = 2048;

/// A folder that is to be listed: the token's, or one below it, from its beginning or from a mark on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The token's folder below the shared prefix, as text: empty, or with its closing slash.
    root: String,
    /// The folder below that, in the same form.
    inside: String,
    /// `inside`, percent-encoded.
    inside_encoded: String,
    /// Where the page begins.
    after: Option<String>,
    probe: ObjectPath,
}

/// One folder on the way from the token's own to the one that is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step<'a> {
    /// Its name.
    pub name: &'a str,
    /// The query of its page.
    pub query: String,
}

impl Place {
    /// Reads the place from the prefix that a token names (`/f/a/b/`, percent-encoded) and the query of its page:
    /// `in=<folder>/`, relative to the token's and percent-encoded, and `after=<mark>`. Parameters that are not known
    /// are left alone: messengers add theirs to any link.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] if the prefix is no folder of ours, [`Refusal::BadPath`] for a folder that no link
    /// names, [`Refusal::BadRequest`] for a mark that S3 cannot have made and for a parameter that stands twice.
    pub fn read(prefix: &str, query: &str, config: &Config) -> Result<Self, Refusal> {
        const TWICE: Refusal = Refusal::BadRequest("a parameter stands twice");
        let (mut inside, mut after) = (None, None);
        for parameter in query.split('&') {
            match parameter.split_once('=') {
                Some(("in", folder)) if inside.is_none() => inside = Some(folder_path(folder)?),
                Some(("after", mark)) if after.is_none() => after = Some(read_mark(mark)?),
                Some(("in" | "after", _)) => return Err(TWICE),
                _ => {}
            }
        }
        let (root, _) = match prefix.strip_prefix(FILE_ROUTE) {
            Some("") => (String::new(), String::new()),
            Some(folder) => folder_path(folder).map_err(|_| Refusal::Forbidden("the token names no folder of ours"))?,
            None => return Err(Refusal::Forbidden("the token names no folder of ours")),
        };
        let (inside, inside_encoded) = inside.unwrap_or_default();
        let mut probe = root.clone();
        probe.push_str(&inside);
        probe.push_str("index");
        let probe = ObjectPath::from_key(&probe).map_err(Refusal::BadPath)?;
        if config.object_prefix.len() + probe.key().len() > MAX_KEY_BYTES {
            return Err(Refusal::BadPath(PathFault::TooLong));
        }
        Ok(Self { root, inside, inside_encoded, after, probe })
    }

    /// A name inside the folder. The policy is asked about it: whoever may read such a file may see its name.
    pub const fn probe(&self) -> &ObjectPath {
        &self.probe
    }

    /// The folder relative to the token's, as text: empty, or with its closing slash.
    pub fn inside(&self) -> &str {
        &self.inside
    }

    /// Whether this is not the folder's first page.
    pub const fn is_later_page(&self) -> bool {
        self.after.is_some()
    }

    /// The mark that the page begins at.
    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The folder's key in the bucket, with its closing slash.
    pub(super) fn prefix(&self, config: &Config) -> String {
        let mut prefix = String::with_capacity(config.object_prefix.len() + self.root.len() + self.inside.len());
        for part in [&config.object_prefix, &self.root, &self.inside] {
            prefix.push_str(part);
        }
        prefix
    }

    /// Whether a link can carry the name of something in this folder.
    pub(super) fn can_name(&self, name: &str) -> bool {
        let mut key = self.root.clone();
        key.push_str(&self.inside);
        key.push_str(name);
        ObjectPath::from_key(&key).is_ok()
    }

    /// The folders from the token's own, which is not among them, to this one, which is the last.
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        let ends = self.inside.match_indices('/').zip(self.inside_encoded.match_indices('/'));
        let mut start = 0;
        ends.map(move |((end, _), (encoded_end, _))| {
            let name = &self.inside[start..end];
            start = end + 1;
            Step { name, query: query_of(&self.inside_encoded[..=encoded_end], None) }
        })
    }

    /// The query of the page of a folder in this one.
    pub fn query_below(&self, name: &str) -> String {
        let mut folder = self.path_of(name);
        folder.push('/');
        query_of(&folder, None)
    }

    /// The query of this folder's page from a mark on, or from its beginning.
    pub fn query_of_page(&self, after: Option<&str>) -> String {
        query_of(&self.inside_encoded, after)
    }

    /// The encoded path of a file in this folder, relative to the token's.
    pub fn path_of(&self, name: &str) -> String {
        let mut path = self.inside_encoded.clone();
        percent::push_path(&mut path, name);
        path
    }
}

/// `?in=..&after=..`, or nothing for the first page of the token's own folder.
fn query_of(folder: &str, after: Option<&str>) -> String {
    let mut out = String::new();
    if !folder.is_empty() {
        out.push_str("?in=");
        out.push_str(folder);
    }
    if let Some(after) = after {
        out.push_str(if out.is_empty() { "?after=" } else { "&after=" });
        percent::push_query(&mut out, after);
    }
    out
}

/// A folder with its closing slash, as text and encoded.
fn folder_path(raw: &str) -> Result<(String, String), Refusal> {
    let folder = raw.strip_suffix('/').ok_or(Refusal::BadPath(PathFault::EmptySegment))?;
    let path = ObjectPath::from_target(folder).map_err(Refusal::BadPath)?;
    let with_slash = |text: &str| {
        let mut text = String::from(text);
        text.push('/');
        text
    };
    Ok((with_slash(path.key()), with_slash(path.encoded())))
}

fn read_mark(raw: &str) -> Result<String, Refusal> {
    const BAD: Refusal = Refusal::BadRequest("no mark of a page");
    if raw.len() > 3 * MAX_AFTER_BYTES {
        return Err(BAD);
    }
    percent::decode(raw).filter(|mark| is_mark(mark)).ok_or(BAD)
}

/// Whether a text can be a mark: base64 in one of its alphabets.
pub(super) fn is_mark(text: &str) -> bool {
    (1..=MAX_AFTER_BYTES).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_' | b'.'))
}

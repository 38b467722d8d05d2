//! Content-Disposition for any name: it reads back by the grammar to the harmless name, and that is harmless.

use crate::seeds;
use clouddrop_cases::content_disposition;
use clouddrop_core::token::Disposition;

pub(crate) fn run(data: &[u8]) {
    let Ok(name) = std::str::from_utf8(data) else { return };
    for disposition in [Disposition::Attachment, Disposition::Inline] {
        if let Err(problem) = content_disposition::check(disposition, name) {
            panic!("{name:?}: {problem}");
        }
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let names = content_disposition::AWKWARD.iter().map(|name| name.as_bytes().to_vec());
    let long =
        ["a", "é", "\u{1f600}", "e\u{301}", "."].map(|piece| format!("{}.tar.gz", piece.repeat(300)).into_bytes());
    seeds::distinct(names.chain(long).collect())
}

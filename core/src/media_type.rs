//! Which stored types a browser may be told. Content of strangers never becomes a page of ours.

/// The type of what nothing is said about.
pub const OCTET_STREAM: &str = "application/octet-stream";

/// Types that a browser only saves or shows and never runs: what a download may be labelled as.
const SAFE: &[&str] = &[
    "application/gzip",
    "application/json",
    "application/msword",
    "application/octet-stream",
    "application/pdf",
    "application/vnd.apple.mpegurl",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/x-7z-compressed",
    "application/x-bzip2",
    "application/x-tar",
    "application/zip",
    "application/zstd",
    "text/csv",
];

/// Families all of whose members are images, sound or moving pictures; SVG is a document with scripts and
/// is none of them.
const SAFE_FAMILIES: &[&str] = &["audio", "image", "video"];

/// What a browser is told about a stored type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MediaType<'a> {
    /// The value for Content-Type.
    pub sent: &'a str,
    /// Whether content of it may be shown inline: images but SVG, audio, video and plain text.
    pub may_be_inline: bool,
}

impl<'a> MediaType<'a> {
    /// The safe reading of a stored Content-Type: itself, or [`OCTET_STREAM`] for all that is not known to be
    /// harmless.
    pub fn of(stored: Option<&'a str>) -> Self {
        let essence = stored.unwrap_or("").split(';').next().unwrap_or("").trim_matches([' ', '\t']);
        if essence.eq_ignore_ascii_case("text/plain") {
            // The stored charset may be wrong on purpose; UTF-8 is what nearly all text is in.
            return Self { sent: "text/plain; charset=utf-8", may_be_inline: true };
        }
        if let Some(known) = SAFE.iter().find(|known| essence.eq_ignore_ascii_case(known)) {
            return Self { sent: known, may_be_inline: false };
        }
        if is_media(essence) {
            return Self { sent: essence, may_be_inline: true };
        }
        Self { sent: OCTET_STREAM, may_be_inline: false }
    }
}

/// Whether a type is of a safe family and its name is plain; markup in any family is not.
fn is_media(essence: &str) -> bool {
    let Some((family, subtype)) = essence.split_once('/') else {
        return false;
    };
    SAFE_FAMILIES.iter().any(|safe| family.eq_ignore_ascii_case(safe))
        && (1..=64).contains(&subtype.len())
        && subtype.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'_'))
        && !["xml", "svg", "html"].iter().any(|markup| subtype.to_ascii_lowercase().contains(markup))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_types_pass() {
        for (stored, sent, inline) in [
            (None, OCTET_STREAM, false),
            (Some("image/png"), "image/png", true),
            (Some("IMAGE/PNG; x=y"), "IMAGE/PNG", true),
            (Some("image/svg+xml"), OCTET_STREAM, false),
            (Some("image/SVG"), OCTET_STREAM, false),
            (Some("text/html"), OCTET_STREAM, false),
            (Some("text/plain; charset=latin1"), "text/plain; charset=utf-8", true),
            (Some("application/pdf"), "application/pdf", false),
            (Some("application/xhtml+xml"), OCTET_STREAM, false),
            (Some("video/mp4"), "video/mp4", true),
            (Some("image/"), OCTET_STREAM, false),
            (Some("image/a b"), OCTET_STREAM, false),
            (Some("imagé/x"), OCTET_STREAM, false),
            (Some(""), OCTET_STREAM, false),
        ] {
            assert_eq!(MediaType::of(stored), MediaType { sent, may_be_inline: inline }, "{stored:?}");
        }
    }
}

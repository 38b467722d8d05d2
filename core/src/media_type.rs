//! Which stored types a browser may be told. Content of strangers never becomes a page of ours.

/// The type of what nothing is said about.
pub const OCTET_STREAM: &str = "application/octet-stream";

/// Types that a browser only saves and never runs: what a download may be labelled as.
const SAVED: &[&str] = &[
    "application/epub+zip",
    "application/gzip",
    "application/json",
    "application/msword",
    "application/octet-stream",
    "application/pdf",
    "application/rtf",
    "application/vnd.apple.mpegurl",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.rar",
    "application/x-7z-compressed",
    "application/x-bzip2",
    "application/x-tar",
    "application/x-xz",
    "application/zip",
    "application/zstd",
    "text/csv",
];

/// Images, sound and moving pictures that players know, each by name: a family may get members that are documents
/// with scripts, as images have in SVG.
const SHOWN: &[&str] = &[
    "audio/3gpp",
    "audio/aac",
    "audio/flac",
    "audio/midi",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/opus",
    "audio/wav",
    "audio/webm",
    "audio/x-flac",
    "audio/x-m4a",
    "audio/x-wav",
    "image/apng",
    "image/avif",
    "image/bmp",
    "image/gif",
    "image/heic",
    "image/heif",
    "image/jpeg",
    "image/jxl",
    "image/png",
    "image/tiff",
    "image/vnd.microsoft.icon",
    "image/webp",
    "image/x-icon",
    "video/3gpp",
    "video/mp2t",
    "video/mp4",
    "video/mpeg",
    "video/ogg",
    "video/quicktime",
    "video/webm",
    "video/x-m4v",
    "video/x-matroska",
    "video/x-ms-wmv",
    "video/x-msvideo",
];

/// What a browser is told about a stored type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MediaType {
    /// The value for Content-Type: one of ours, never the stored text.
    pub sent: &'static str,
    /// Whether content of it may be shown inline: images but SVG, audio, video and plain text.
    pub may_be_inline: bool,
}

impl MediaType {
    /// The safe reading of a stored Content-Type: the type by its own name, in lower case and without parameters, or
    /// [`OCTET_STREAM`] for all that is not on a list.
    pub fn of(stored: Option<&str>) -> Self {
        let essence = stored.unwrap_or("").split(';').next().unwrap_or("").trim_matches([' ', '\t']);
        if essence.eq_ignore_ascii_case("text/plain") {
            // The stored charset may be wrong on purpose; UTF-8 is what nearly all text is in.
            return Self { sent: "text/plain; charset=utf-8", may_be_inline: true };
        }
        let find = |list: &[&'static str]| list.iter().find(|known| essence.eq_ignore_ascii_case(known)).copied();
        match (find(SHOWN), find(SAVED)) {
            (Some(sent), _) => Self { sent, may_be_inline: true },
            (None, sent) => Self { sent: sent.unwrap_or(OCTET_STREAM), may_be_inline: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_types_pass() {
        for (stored, sent, inline) in [
            (None, OCTET_STREAM, false),
            (Some("image/png"), "image/png", true),
            (Some("IMAGE/PNG; x=y"), "image/png", true),
            (Some("image/svg+xml"), OCTET_STREAM, false),
            (Some("image/SVG"), OCTET_STREAM, false),
            (Some("text/html"), OCTET_STREAM, false),
            (Some("text/plain; charset=latin1"), "text/plain; charset=utf-8", true),
            (Some("application/pdf"), "application/pdf", false),
            (Some("application/xhtml+xml"), OCTET_STREAM, false),
            (Some("video/mp4"), "video/mp4", true),
            (Some("image/"), OCTET_STREAM, false),
            (Some("image/a b"), OCTET_STREAM, false),
            (Some("image/new-and-unknown"), OCTET_STREAM, false),
            (Some("image/png, text/html"), OCTET_STREAM, false),
            (Some("imagé/x"), OCTET_STREAM, false),
            (Some(""), OCTET_STREAM, false),
        ] {
            assert_eq!(MediaType::of(stored), MediaType { sent, may_be_inline: inline }, "{stored:?}");
        }
    }

    #[test]
    fn the_lists_hold_types_and_no_markup() {
        for known in SAVED.iter().chain(SHOWN) {
            let (_, subtype) = known.split_once('/').unwrap();
            assert!(
                known.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"/.+-".contains(&b)),
                "{known}"
            );
            assert!(!["+xml", "html", "svg", "script"].iter().any(|markup| subtype.contains(markup)), "{known}");
        }
        assert!(SAVED.is_sorted() && SHOWN.is_sorted());
    }
}

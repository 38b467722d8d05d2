//! Every text of the pages for people, in English. A further language is a second file like this one.

pub(super) const LANGUAGE: &str = "en";
pub(super) const PRODUCT: &str = "CloudDrop";

// One file.
pub(super) const DOWNLOAD: &str = "Download";
pub(super) const OPEN: &str = "Open in the browser";
pub(super) const COUNTED: &str = "This download is counted: it takes one of those that are left.";
pub(super) const USED_UP: &str = "All downloads of this link have been used.";
pub(super) const PREVIEW: &str = "Preview";
pub(super) const PREVIEW_OF: &str = "Preview of ";
pub(super) const BEGINNING: &str = "This is the beginning of the file.";
pub(super) const ABOUT_FILE: &str = "About this file";
pub(super) const SIZE: &str = "Size";
pub(super) const TYPE: &str = "Type";
pub(super) const UNTIL: &str = "Available until";
pub(super) const DOWNLOADS: &str = "Downloads";
pub(super) const OF: &str = " of ";
pub(super) const LEFT: &str = " left";
pub(super) const AT_MOST: &str = " at most; how many are left is not known";

// A link with a password.
pub(super) const PASSWORD: &str = "Password";
pub(super) const OPEN_LINK: &str = "Open";

// A folder.
pub(super) const ABOUT_FOLDER: &str = "About this folder";
pub(super) const NOT_LISTED: &str =
    "This link opens a folder whose files are not listed. Ask its sender for the names of the files in it.";
pub(super) const EMPTY: &str = "There are no files in this folder.";
pub(super) const NOTHING_ON_THIS_PAGE: &str = "There is nothing to show on this page.";
pub(super) const FILES_IN: &str = "Files in ";
pub(super) const NAME: &str = "Name";
pub(super) const CHANGED: &str = "Changed";
pub(super) const FOLDER: &str = "Folder";
pub(super) const WHERE: &str = "Folders";
pub(super) const PAGES: &str = "Pages";
pub(super) const FIRST_PAGE: &str = "First page";
pub(super) const NEXT_PAGE: &str = "Next page";
pub(super) const ONE_HIDDEN: &str = "One file cannot be shown, because no link can carry its name.";
pub(super) const HIDDEN: &str = " files cannot be shown, because no link can carry their names.";

// The foot of every page.
pub(super) const NOT_SCANNED: &str = "Files are not scanned for viruses. Open only what you expected to receive.";
pub(super) const REPORT_FILE: &str = "Report this file";
pub(super) const REPORT_FOLDER: &str = "Report this folder";
pub(super) const SEND: &str = "Send";
/// The subject of a report by mail, as it stands in a URL; the link's id follows.
pub(super) const REPORT_SUBJECT: &str = "Report%20of%20the%20shared%20link%20";

// Numbers and dates.
pub(super) const BYTE: &str = " byte";
pub(super) const BYTES: &str = " bytes";
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What people call the types that are sent; the exact name stands beside it.
pub(super) fn kind(media_type: &str) -> &'static str {
    let family = media_type.split('/').next().unwrap_or("");
    let holds = |part: &str| crate::text::holds(media_type, part);
    if family.eq_ignore_ascii_case("image") {
        "Image"
    } else if family.eq_ignore_ascii_case("audio") {
        "Audio"
    } else if family.eq_ignore_ascii_case("video") {
        "Video"
    } else if holds("spreadsheet") || holds("excel") || holds("csv") {
        "Table"
    } else if holds("presentation") || holds("powerpoint") {
        "Presentation"
    } else if holds("pdf") || holds("word") || holds("opendocument.text") {
        "Document"
    } else if ["zip", "7z", "tar", "zstd", "bzip2"].iter().any(|archive| holds(archive)) {
        "Archive"
    } else if family == "text" {
        "Text"
    } else {
        "File"
    }
}

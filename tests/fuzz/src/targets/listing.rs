//! A folder's listing, any text in its place: what is read, written once more, reads to the same; no name leads out of
//! the folder, and every name can be linked.

use super::with_config;
use crate::seeds;
use clouddrop_core::listing::{Entry, Listing, PAGE_KEYS, Place, settle};
use clouddrop_core::{ObjectPath, Refusal, UnixTime};
use std::fmt::Write as _;

const FOLDER: &str = "files/9Jq2/";

pub(crate) fn run(data: &[u8]) {
    let Some(found) = read(data).ok() else { return };
    assert!(found.entries.len() + found.hidden <= PAGE_KEYS);
    for entry in &found.entries {
        let (Entry::Folder { name } | Entry::File { name, .. }) = entry;
        assert!(!name.contains('/'), "{name:?} leads on");
        let path = ObjectPath::from_key(&format!("9Jq2/{name}")).unwrap_or_else(|fault| panic!("{name:?}: {fault:?}"));
        assert_eq!(path.file_name(), name);
    }
    let again = Listing { hidden: 0, ..found };
    assert_eq!(read(write(&again).as_bytes()), Ok(again));
}

fn read(body: &[u8]) -> Result<Listing, Refusal> {
    with_config(|config| settle(&Place::read("/f/9Jq2/", "", config)?, 200, body, config))
}

/// As S3 writes it, folders first.
fn write(listing: &Listing) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult><Prefix>{FOLDER}</Prefix><IsTruncated>{}</IsTruncated>",
        listing.next.is_some()
    );
    if let Some(mark) = &listing.next {
        let _ = write!(out, "<NextContinuationToken>{}</NextContinuationToken>", escaped(mark));
    }
    for entry in &listing.entries {
        let _ = match entry {
            Entry::Folder { name } => {
                write!(out, "<CommonPrefixes><Prefix>{FOLDER}{}/</Prefix></CommonPrefixes>", escaped(name))
            }
            Entry::File { name, size, modified } => write!(
                out,
                "<Contents><Key>{FOLDER}{}</Key><Size>{size}</Size><LastModified>{}</LastModified></Contents>",
                escaped(name),
                moment(*modified)
            ),
        };
    }
    out + "</ListBucketResult>"
}

/// Fractions of a second are cut off at reading; what is read has none.
fn moment(modified: UnixTime) -> String {
    assert_eq!(modified.as_millis() % 1000, 0);
    modified.to_string()
}

/// Everything but plain letters and digits as a numeric reference.
fn escaped(text: &str) -> String {
    let reference = |char: char| match char {
        char if char.is_ascii_alphanumeric() => char.to_string(),
        char => format!("&#{};", u32::from(char)),
    };
    text.chars().map(reference).collect()
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let amazon = include_str!("../../../vectors/listing/amazon.xml");
    let mut out = vec![amazon.as_bytes().to_vec(), write(&Listing::default()).into_bytes()];
    let name = |name: &str| Entry::Folder { name: name.into() };
    let entries = vec![name("a b"), Entry::File { name: "é&<>.txt".into(), size: 1, modified: UnixTime::from_secs(1) }];
    out.push(write(&Listing { entries, hidden: 0, next: Some("1ueGcxLPRx1Tr/XY=".into()) }).into_bytes());
    seeds::distinct(out)
}

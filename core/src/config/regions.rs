//! Which region signatures are for: one for each endpoint, but for a Multi-Region Access Point, which lies in none.

use super::checked::{Faults, region};
use crate::origin::Endpoint;
use alloc::string::String;

/// What REGION is for a Multi-Region Access Point: a signature by SigV4A, good in every region.
pub(super) const EVERY_REGION: &str = "*";
/// Whether this build can make such a signature. One that cannot does not carry the checks of what goes with it.
pub(crate) const HAS_SIGV4A: bool = cfg!(feature = "sigv4a");

pub(super) const REGION: &str = "must be a region's name, like eu-central-1";

/// The region variables as written, and the endpoints that they belong to.
pub(super) struct Written<'a> {
    pub(super) origin: Option<&'a Endpoint>,
    pub(super) region: Option<String>,
    pub(super) second_origin: Option<&'a Endpoint>,
    pub(super) records_origin: Option<&'a str>,
    pub(super) records_region: Option<String>,
    pub(super) signer_region: Option<String>,
}

/// The regions of the bucket of files, of the records and of the signer.
pub(super) struct Regions {
    /// A name, or [`EVERY_REGION`].
    pub(super) files: String,
    pub(super) records: String,
    pub(super) signer: String,
}

impl Written<'_> {
    /// The regions; `None` with a fault in `faults`.
    pub(super) fn check(self, faults: &mut Faults) -> Option<Regions> {
        let Written { origin, second_origin, records_origin, .. } = self;
        let set = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (records_region, signer_region) = (set(self.records_region), set(self.signer_region));
        let mut one = |variable, text: Option<String>| match text {
            Some(text) => faults.checked(variable, Some(text), REGION, region).map(Some),
            None => Some(None),
        };
        let (records, signer) = (one("RECORDS_REGION", records_region), one("SIGNER_REGION", signer_region));
        let files = match self.region.as_deref() {
            Some(EVERY_REGION) => self.region,
            _ => faults.checked("REGION", self.region, REGION, region),
        };
        if HAS_SIGV4A {
            only_origin_may_lie_in_many("SECOND_ORIGIN", second_origin, faults);
            only_origin_may_lie_in_many("RECORDS_ORIGIN", records_origin.and_then(Endpoint::parse).as_ref(), faults);
        }
        let (files, records, signer) = (files?, records?, signer?);
        let elsewhere = records_origin.is_some();
        if files == EVERY_REGION {
            every_region(origin, elsewhere, records.is_some(), faults);
        } else {
            if origin.is_some_and(Endpoint::is_multi_region) {
                faults.add("REGION", "must be * for a Multi-Region Access Point, which ORIGIN is".into());
            }
            if records.as_ref().is_some_and(|records| *records != files) && !elsewhere {
                faults.add("RECORDS_REGION", "is not REGION, and without RECORDS_ORIGIN the records are there".into());
            }
        }
        // Without a name of its own: with the files, or, where those are everywhere, with the records.
        let records = records.unwrap_or_else(|| files.clone());
        let signer = signer.unwrap_or_else(|| if files == EVERY_REGION { &records } else { &files }.clone());
        Some(Regions { files, records, signer })
    }
}

/// What must be so where REGION is [`EVERY_REGION`].
fn every_region(origin: Option<&Endpoint>, has_records_origin: bool, has_records_region: bool, faults: &mut Faults) {
    if !HAS_SIGV4A {
        faults.add("REGION", "is *, which needs SigV4A: the edge as Lambda@Edge has it, this one has not".into());
        return;
    }
    if origin.is_some_and(|origin| !origin.is_multi_region()) {
        let why = "must be https://ALIAS.mrap.accesspoint.s3-global.amazonaws.com, since REGION is *: \
                   a bucket has the name of its region in REGION";
        faults.add("ORIGIN", why.into());
    }
    // Conditional writes and the newest list need one bucket that everybody asks.
    if !has_records_origin {
        faults.add("RECORDS_ORIGIN", "is not set, and REGION is *: the records are in one bucket of one region".into());
    }
    if !has_records_region {
        faults.add("RECORDS_REGION", "is not set, and REGION is *: it is the region of RECORDS_ORIGIN".into());
    }
}

fn only_origin_may_lie_in_many(variable: &str, endpoint: Option<&Endpoint>, faults: &mut Faults) {
    if endpoint.is_some_and(Endpoint::is_multi_region) {
        faults.add(variable, "is a Multi-Region Access Point, which only ORIGIN may be: name a bucket".into());
    }
}

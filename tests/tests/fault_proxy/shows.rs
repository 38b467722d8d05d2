//! What each fault looks like on the wire.

use super::bench::{CONTENT, End, Seen, TAG};
use clouddrop_tests::faults::lies::{ELSEWHERE, PLANTED};
use clouddrop_tests::faults::script::Shape;
use clouddrop_tests::faults::{Fault, Kind, Phase};
use std::time::Duration;

/// Whether what is seen is the fault, given the right answer.
pub(crate) fn shows(fault: &Fault, shape: Shape, right: &Seen, seen: &Seen) -> bool {
    let is_head = shape == Shape::Head;
    let one = |name: &str| right.values(name).first().cloned().unwrap_or_default();
    let number = |text: &str| text.parse::<u64>().ok();
    let length = number(&one("content-length")).unwrap();
    let lengths = seen.values("content-length");
    let told = lengths.first().and_then(|text| number(text));
    let same_body = seen.body() == right.body();
    let (codings, tags, ranges) = (seen.values("transfer-encoding"), seen.values("etag"), seen.values("content-range"));
    let other_tag = |tag: &String| tag != TAG && tag.starts_with('"') && tag.ends_with('"');
    let is_error = |status: &str, code: &str| {
        seen.status() == status
            && (is_head || String::from_utf8_lossy(seen.body()).contains(&format!("<Code>{code}</Code>")))
    };
    let is_page = |status: &str| seen.status() == status && (is_head || seen.body().starts_with(b"<html>"));
    let ends_early = |end: End| seen.end == end && is_cut(fault.phase, right, seen);
    let leads_away = |status: &str| seen.status() == status && seen.values("location") == [ELSEWHERE];
    let interim = |status: &str, times: usize| {
        let (start, end) = seen.bytes.split_at(seen.bytes.len() - right.bytes.len());
        let start = String::from_utf8_lossy(start).into_owned();
        end == right.bytes && start.matches(&format!("HTTP/1.1 {status} ")).count() == times
    };
    let header = |name: &str, value: &str| same_body && seen.values(name) == [value];
    let bytes_of = |text: &[u8]| same_body_at_end(right, seen) && contains(&seen.bytes, text);
    match fault.kind {
        Kind::Reset => ends_early(End::Rst),
        Kind::Closed => ends_early(End::Fin),
        Kind::Stall => ends_early(End::Silent),
        Kind::Delay => seen.bytes == right.bytes && seen.time >= Duration::from_millis(100),
        Kind::Throttle => seen.bytes == right.bytes && seen.time >= Duration::from_millis(15),
        Kind::Garbage => {
            seen.bytes.starts_with(b"HTTP/1.1 ") == (fault.phase == Phase::InHead) && contains(&seen.bytes, b"\x16\x03")
        }
        Kind::LengthTooLong => same_body && told.is_some_and(|told| told > length),
        Kind::LengthTooShort => same_body && told.is_some_and(|told| told < length),
        Kind::ExtraBytes => {
            told == Some(length) && seen.body().starts_with(right.body()) && seen.body().len() > right.body().len()
        }
        Kind::LengthMissing => same_body && lengths.is_empty() && codings.is_empty(),
        Kind::LengthMalformed => same_body && lengths == [format!("{length}x")],
        Kind::LengthSigned => same_body && lengths == [format!("+{length}")],
        Kind::LengthOverflow => same_body && lengths.len() == 1 && told.is_none() && lengths[0].len() == 20,
        Kind::LengthTwice => same_body && lengths.len() == 2 && lengths[0] != lengths[1],
        Kind::LengthTwiceAlike => same_body && lengths == [length.to_string(), length.to_string()],
        Kind::Chunked => {
            codings == ["chunked"] && lengths.is_empty() && (is_head || is_chunked(seen.body(), right.body()))
        }
        Kind::ChunkedWithLength => {
            codings == ["chunked"] && told == Some(length) && (is_head || is_chunked(seen.body(), right.body()))
        }
        Kind::ChunkedWithOtherLength => codings == ["chunked"] && told.is_some_and(|told| told != length),
        Kind::ChunkMalformed => codings == ["chunked"] && seen.body().starts_with(b"zz\r\n"),
        Kind::ChunkTooLong => codings == ["chunked"] && seen.body().starts_with(b"1\r\ncc"),
        Kind::ChunksTruncated | Kind::ChunksTruncatedWithLength => {
            codings == ["chunked"]
                && lengths.is_empty() == (fault.kind == Kind::ChunksTruncated)
                && !seen.body().ends_with(b"0\r\n\r\n")
                && seen.end == End::Fin
        }
        Kind::CodingUnknown => same_body && codings == ["rot13"],
        Kind::EtagMissing => same_body && tags.is_empty(),
        Kind::EtagOther | Kind::EtagSwapped | Kind::EtagOfAnotherVersion => {
            same_body && tags.len() == 1 && other_tag(&tags[0])
        }
        Kind::EtagTwice => same_body && tags.len() == 2 && other_tag(&tags[1]),
        Kind::EtagMalformed => same_body && tags == [TAG.trim_matches('"')],
        Kind::ModifiedMalformed => header("last-modified", "the day before"),
        Kind::RangeMissing => same_body && ranges.is_empty() && seen.status() == "206",
        Kind::RangeShifted => header("content-range", "bytes 11-20/301"),
        Kind::RangeOfOtherSize => header("content-range", "bytes 10-19/301"),
        Kind::RangeMalformed => header("content-range", "bytes 10..19/300"),
        Kind::RangeTwice => same_body && ranges == ["bytes 10-19/300", "bytes 11-20/301"],
        Kind::RangeInParts => {
            ranges.is_empty() && seen.body().starts_with(b"--B\r\n") && told == Some(seen.body().len() as u64)
        }
        Kind::RangeIgnored => seen.status() == "200" && seen.body() == CONTENT,
        Kind::PartUnasked => seen.status() == "206" && header("content-range", "bytes 0-299/300"),
        Kind::Unsatisfiable => is_error("416", "InvalidRange") && ranges.len() == 1,
        Kind::BitFlip => differs_by_one_bit(fault.phase, right.body(), seen.body()),
        Kind::HeadersPlanted => {
            same_body && PLANTED.iter().all(|(name, value)| seen.values(name).contains(&(*value).into()))
        }
        Kind::EncodingPlanted => header("content-encoding", "gzip"),
        Kind::EncodingLong => same_body && seen.values("content-encoding").iter().all(|value| value.len() > 256),
        Kind::TypePlanted => header("content-type", "text/html; charset=utf-8"),
        Kind::TypeTwice => same_body && seen.values("content-type").len() == 2,
        Kind::HeadersHuge => same_body && seen.head().len() > 256 * 1024,
        Kind::HeadersMany => same_body && seen.head().windows(2).filter(|window| window == b"\r\n").count() > 2000,
        Kind::HeaderControl => bytes_of(b"a\x01b"),
        Kind::HeaderNul => bytes_of(b"a\0b"),
        Kind::HeaderFolded => bytes_of(b"a\r\n b"),
        Kind::HeaderBare => bytes_of(b"\r\nno colon here\r\n"),
        Kind::HeaderNotText => bytes_of(b"a\xff\xfeb"),
        Kind::Interim100 => interim("100", 1),
        Kind::Interim102 => interim("102", 1),
        Kind::Interim103 => interim("103", 1),
        Kind::InterimMany => interim("103", 50),
        Kind::Switching => seen.status() == "101" && seen.values("upgrade") == ["websocket"],
        Kind::OldVersion => same_body && seen.bytes.starts_with(b"HTTP/1.0 20"),
        Kind::NewVersion => same_body && seen.bytes.starts_with(b"HTTP/2 20"),
        Kind::StatusMissing => same_body && seen.bytes.starts_with(b"HTTP/1.1 OK\r\n"),
        Kind::StatusLong => same_body && seen.bytes.starts_with(b"HTTP/1.1 2000 "),
        Kind::Moved => leads_away("301"),
        Kind::Found => leads_away("302"),
        Kind::SeeOther => leads_away("303"),
        Kind::TemporaryRedirect => leads_away("307"),
        Kind::PermanentRedirect => leads_away("308"),
        Kind::NotModifiedUnasked => seen.status() == "304" && seen.body().is_empty(),
        Kind::PreconditionUnasked => is_error("412", "PreconditionFailed"),
        Kind::NoContent => seen.status() == "204" && seen.body().is_empty(),
        Kind::InternalError => is_error("500", "InternalError"),
        Kind::SlowDown => is_error("503", "SlowDown"),
        Kind::ServiceUnavailable => is_error("503", "ServiceUnavailable"),
        Kind::RequestTimeout => is_error("400", "RequestTimeout"),
        Kind::SignatureDoesNotMatch => is_error("403", "SignatureDoesNotMatch"),
        Kind::InvalidAccessKeyId => is_error("403", "InvalidAccessKeyId"),
        Kind::ExpiredToken => is_error("400", "ExpiredToken"),
        Kind::RequestTimeTooSkewed => is_error("403", "RequestTimeTooSkewed"),
        Kind::AccessDenied => is_error("403", "AccessDenied"),
        Kind::NoSuchKey => is_error("404", "NoSuchKey"),
        Kind::NoSuchBucket => is_error("404", "NoSuchBucket"),
        Kind::UnknownCode => is_error("403", "SomethingNew"),
        Kind::TooManyRequests => is_page("429"),
        Kind::BadGatewayPage => is_page("502"),
        Kind::GatewayTimeoutPage => is_page("504"),
        Kind::ErrorWithoutBody => seen.status() == "503" && lengths == ["0"] && seen.body().is_empty(),
        Kind::ErrorIn200 => is_error("200", "InternalError") && tags.is_empty(),
        Kind::ErrorHuge => seen.status() == "500" && (is_head || seen.end == End::Endless),
        Kind::ErrorEndless => seen.status() == "503" && seen.end == End::Endless,
        Kind::ErrorStalled => seen.status() == "503" && seen.end == End::Silent && is_started(fault.phase, seen),
        Kind::ErrorBroken => seen.status() == "503" && seen.end == End::Rst && is_started(fault.phase, seen),
        Kind::Refused
        | Kind::IdleClosed
        | Kind::IdleReset
        | Kind::StaleClosed
        | Kind::StaleReset
        | Kind::ForgedNext => {
            unreachable!("watched below")
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn same_body_at_end(right: &Seen, seen: &Seen) -> bool {
    seen.bytes.ends_with(right.body())
}

/// Whether the right answer was cut where the phase says.
fn is_cut(phase: Phase, right: &Seen, seen: &Seen) -> bool {
    let (head, sent) = (right.head().len(), seen.bytes.len());
    let is_there = match phase {
        Phase::Connect => sent == 0 && seen.asked == 0,
        Phase::BeforeHead => sent == 0 && seen.asked == 1,
        Phase::InHead => (1..head).contains(&sent),
        Phase::BodyStart => sent == head,
        Phase::BodyMiddle => (head + 1..right.bytes.len()).contains(&sent),
    };
    is_there && right.bytes.starts_with(&seen.bytes)
}

/// Whether an error's body has begun where it is to.
fn is_started(phase: Phase, seen: &Seen) -> bool {
    seen.body().is_empty() == (phase == Phase::BodyStart) && seen.body().len() < 100
}

/// Whether `chunks` is one chunk that holds `body`, and the last chunk.
fn is_chunked(chunks: &[u8], body: &[u8]) -> bool {
    let whole = [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n0\r\n\r\n"].concat();
    chunks == whole
}

fn differs_by_one_bit(phase: Phase, right: &[u8], seen: &[u8]) -> bool {
    let bits: Vec<u32> = right.iter().zip(seen).map(|(a, b)| (a ^ b).count_ones()).collect();
    let is_there = (bits[0] == 1) == (phase == Phase::BodyStart);
    right.len() == seen.len() && is_there && bits.iter().sum::<u32>() == 1
}

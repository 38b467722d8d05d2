//! What can go wrong, and where in an exchange it strikes.

/// Where in an exchange with the origin a fault strikes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// Before a byte of the request was read.
    Connect,
    /// After the request, before the answer.
    BeforeHead,
    /// Within the answer's head, or by what it says.
    InHead,
    /// Between the head and the first byte of the body, or at that byte.
    BodyStart,
    /// After at least one byte of the body, before or at its last one.
    BodyMiddle,
}

/// All phases.
pub const PHASES: [Phase; 5] = [Phase::Connect, Phase::BeforeHead, Phase::InHead, Phase::BodyStart, Phase::BodyMiddle];

/// Which of the edge's requests for one transfer are hit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hits {
    /// The first: a retry finds a sound origin.
    First,
    /// Every one.
    All,
}

/// One fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// What.
    pub kind: Kind,
    /// Where.
    pub phase: Phase,
    /// How often.
    pub hits: Hits,
    /// A random number: the byte at which it strikes, the size of a lie.
    pub place: u64,
}

/// A kind of fault.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    // The connection.
    /// Nobody listens.
    Refused,
    /// The connection is reset (RST).
    Reset,
    /// The connection is closed in order (FIN), too early.
    Closed,
    /// Nothing more comes, and the connection stays.
    Stall,
    /// All is right, some hundred milliseconds later.
    Delay,
    /// All is right, in small pieces with pauses.
    Throttle,
    /// Bytes that are not HTTP.
    Garbage,
    // Kept connections: what the next request on one meets. Not run beside others, whom it could hit.
    /// A kept connection is closed (FIN) while it is idle.
    IdleClosed,
    /// A kept connection is reset (RST) while it is idle.
    IdleReset,
    /// A kept connection is closed (FIN) when the next request is on its way.
    StaleClosed,
    /// A kept connection is reset (RST) when the next request is on its way.
    StaleReset,
    /// After an answer stands another one that nobody has asked for.
    ForgedNext,
    // The length.
    /// Content-Length tells more than is sent.
    LengthTooLong,
    /// Content-Length tells less than is sent: what is read within it is the start of the object.
    LengthTooShort,
    /// More bytes than Content-Length tells, which is the object's.
    ExtraBytes,
    /// The body ends with the connection.
    LengthMissing,
    /// Content-Length is no number.
    LengthMalformed,
    /// Content-Length has a sign.
    LengthSigned,
    /// Content-Length does not fit 64 bits.
    LengthOverflow,
    /// Two values of Content-Length.
    LengthTwice,
    /// Content-Length twice with one value.
    LengthTwiceAlike,
    /// The body is chunked, rightly, and there is no Content-Length.
    Chunked,
    /// The body is chunked, and the Content-Length stands beside it.
    ChunkedWithLength,
    /// The body is chunked, and another Content-Length stands beside it.
    ChunkedWithOtherLength,
    /// The size of a chunk is no number.
    ChunkMalformed,
    /// A chunk is longer than its size says.
    ChunkTooLong,
    /// A chunked body ends without its last chunk.
    ChunksTruncated,
    /// As [`Kind::ChunksTruncated`], with the Content-Length beside.
    ChunksTruncatedWithLength,
    /// A transfer coding that nobody knows.
    CodingUnknown,
    // The version.
    /// No ETag.
    EtagMissing,
    /// Another object's ETag.
    EtagOther,
    /// Two ETags.
    EtagTwice,
    /// An ETag without quotes.
    EtagMalformed,
    /// Another ETag than the one that the client's If-Range names.
    EtagSwapped,
    /// Another ETag than the one that the token is bound to.
    EtagOfAnotherVersion,
    /// Last-Modified is no date.
    ModifiedMalformed,
    // The range.
    /// 206 without Content-Range.
    RangeMissing,
    /// 206 with another part than was asked for.
    RangeShifted,
    /// 206 that tells another size of the whole.
    RangeOfOtherSize,
    /// 206 with a Content-Range that cannot be read.
    RangeMalformed,
    /// 206 with two values of Content-Range.
    RangeTwice,
    /// 206 in several parts.
    RangeInParts,
    /// 200 and the whole object.
    RangeIgnored,
    /// 206 where no range was asked for.
    PartUnasked,
    /// 416 for a range that the object has, or where none was asked for.
    Unsatisfiable,
    // The bytes.
    /// One bit of the body is another.
    BitFlip,
    // Other headers.
    /// Headers that would set cookies, open CORS, name a server, redirect.
    HeadersPlanted,
    /// Content-Encoding: gzip, and the bytes are as they were.
    EncodingPlanted,
    /// A Content-Encoding of more than anybody needs.
    EncodingLong,
    /// A Content-Type that a browser would run.
    TypePlanted,
    /// Two Content-Types.
    TypeTwice,
    /// A header of 256 KiB.
    HeadersHuge,
    /// 2,000 headers.
    HeadersMany,
    /// A control byte in a header's value.
    HeaderControl,
    /// A null byte in a header's value.
    HeaderNul,
    /// A header value on two lines (RFC 9112 section 5.2: obsolete folding).
    HeaderFolded,
    /// A header line without a colon.
    HeaderBare,
    /// Bytes of a header's value that are not UTF-8.
    HeaderNotText,
    // The status line, and what comes before it.
    /// A 100 before the answer.
    Interim100,
    /// A 102 before the answer.
    Interim102,
    /// A 103 with links before the answer.
    Interim103,
    /// Fifty interim answers.
    InterimMany,
    /// 101, and no other protocol was asked for.
    Switching,
    /// HTTP/1.0.
    OldVersion,
    /// HTTP/2 in the clear of HTTP/1.1.
    NewVersion,
    /// A status line without a status.
    StatusMissing,
    /// A status of four digits.
    StatusLong,
    // Redirects: to a place that counts who comes.
    /// 301, as S3 answers in the wrong region.
    Moved,
    /// 302.
    Found,
    /// 303.
    SeeOther,
    /// 307, as S3 answers for a new bucket.
    TemporaryRedirect,
    /// 308.
    PermanentRedirect,
    // Statuses.
    /// 304, and nothing was conditional.
    NotModifiedUnasked,
    /// 412, and nothing was conditional.
    PreconditionUnasked,
    /// 204.
    NoContent,
    /// 500 InternalError.
    InternalError,
    /// 503 SlowDown.
    SlowDown,
    /// 503 ServiceUnavailable.
    ServiceUnavailable,
    /// 400 RequestTimeout.
    RequestTimeout,
    /// 403 SignatureDoesNotMatch.
    SignatureDoesNotMatch,
    /// 403 InvalidAccessKeyId.
    InvalidAccessKeyId,
    /// 400 ExpiredToken.
    ExpiredToken,
    /// 403 RequestTimeTooSkewed.
    RequestTimeTooSkewed,
    /// 403 AccessDenied.
    AccessDenied,
    /// 404 NoSuchKey.
    NoSuchKey,
    /// 404 NoSuchBucket.
    NoSuchBucket,
    /// 403 with a code that is not known.
    UnknownCode,
    /// 429.
    TooManyRequests,
    /// 502 with HTML, from something between.
    BadGatewayPage,
    /// 504 with HTML, from something between.
    GatewayTimeoutPage,
    /// 503 without a body.
    ErrorWithoutBody,
    /// 200 with an `<Error>` in its body.
    ErrorIn200,
    /// An error whose body is a megabyte, its code at the end.
    ErrorHuge,
    /// An error whose body never ends.
    ErrorEndless,
    /// An error whose body stops, and the connection stays.
    ErrorStalled,
    /// An error whose body is broken off.
    ErrorBroken,
}

impl Kind {
    /// Whether it could hit other transfers than its own, and is so injected while there are none.
    pub const fn is_exclusive(self) -> bool {
        matches!(
            self,
            Self::Refused
                | Self::IdleClosed
                | Self::IdleReset
                | Self::StaleClosed
                | Self::StaleReset
                | Self::ForgedNext
        )
    }

    /// Fewest bytes that the selected part of the object must have for the fault to be one in `phase`.
    pub const fn fewest_bytes(self, phase: Phase) -> u64 {
        match (self, phase) {
            (Self::ErrorEndless | Self::ErrorStalled | Self::ErrorBroken, _) => 0,
            (_, Phase::BodyMiddle) => 2,
            (Self::LengthTooShort | Self::PartUnasked, _) | (_, Phase::BodyStart) => 1,
            _ => 0,
        }
    }
}

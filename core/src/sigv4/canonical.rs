//! The canonical request (S3 API reference, "Signature Calculations for the Authorization Header").

use crate::order::sort_few;
use crate::percent;
use alloc::string::String;
use alloc::vec::Vec;

/// The parts of a canonical request, each in the form in which it is signed.
#[derive(Clone, Copy, Debug)]
pub struct CanonicalRequest<'a> {
    /// As sent.
    pub method: &'a str,
    /// The encoded path, as sent: for S3 it is neither normalised nor encoded a second time.
    pub path: &'a str,
    /// From [`canonical_query`]; empty where there is none.
    pub query: &'a str,
    /// Names in lower case and sorted, values trimmed.
    pub headers: &'a [(&'a str, &'a str)],
    /// SHA-256 of the body in hexadecimal, or `UNSIGNED-PAYLOAD`.
    pub payload: &'a str,
}

impl CanonicalRequest<'_> {
    /// Appends the canonical request to `out`.
    pub fn write(&self, out: &mut String) {
        for line in [self.method, self.path, self.query] {
            out.push_str(line);
            out.push('\n');
        }
        for (name, value) in self.headers {
            out.push_str(name);
            out.push(':');
            out.push_str(value);
            out.push('\n');
        }
        out.push('\n');
        self.write_signed_headers(out);
        out.push('\n');
        out.push_str(self.payload);
    }

    /// Appends the names of the headers, joined by semicolons.
    pub fn write_signed_headers(&self, out: &mut String) {
        for (place, (name, _)) in self.headers.iter().enumerate() {
            if place > 0 {
                out.push(';');
            }
            out.push_str(name);
        }
    }
}

/// Encodes decoded names and values and sorts them by their encoded form, as the canonical query wants.
pub fn canonical_query(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        let mut out = String::with_capacity(text.len());
        percent::push_query(&mut out, text);
        out
    };
    joined(pairs.iter().map(|(name, value)| (encode(name), encode(value))).collect())
}

/// The canonical query of names and values that are encoded already.
pub(crate) fn joined(mut encoded: Vec<(String, String)>) -> String {
    sort_few(&mut encoded, Clone::clone);
    let mut out = String::new();
    for (name, value) in encoded {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(&name);
        out.push('=');
        out.push_str(&value);
    }
    out
}

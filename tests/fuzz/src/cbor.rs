//! A reader of CBOR that builds a tree, written apart from core's so that one can be wrong without the other.

use clouddrop_cases::cbor::{head, push_bytes};

/// A data item (RFC 8949 section 3) as far as the profile knows it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Node<'a> {
    Int(i128),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Node<'a>>),
    Map(Vec<(Node<'a>, Node<'a>)>),
    Tag(u64, Box<Node<'a>>),
    /// Floats, `true`, `null` and the like.
    Other,
}

/// The item at the start of `rest`, which is moved behind it.
pub(crate) fn read<'a>(rest: &mut &'a [u8], depth: usize) -> Option<Node<'a>> {
    let initial = take(rest, 1)?[0];
    let (major, info) = (initial >> 5, initial & 31);
    let length = match info {
        0..24 => 0,
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let argument = take(rest, length)?.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let argument = if length == 0 { u64::from(info) } else { argument };
    let count = usize::try_from(argument).ok();
    if matches!(major, 4..=6) && depth == 0 {
        return None;
    }
    Some(match major {
        0 => Node::Int(i128::from(argument)),
        1 => Node::Int(-1 - i128::from(argument)),
        2 => Node::Bytes(take(rest, count?)?),
        3 => Node::Text(std::str::from_utf8(take(rest, count?)?).ok()?),
        // Each element has a byte at least: a longer array ends early.
        4 => Node::Array((0..count?).map(|_| read(rest, depth - 1)).collect::<Option<_>>()?),
        5 => Node::Map(
            (0..count?).map(|_| Some((read(rest, depth - 1)?, read(rest, depth - 1)?))).collect::<Option<_>>()?,
        ),
        6 => Node::Tag(argument, Box::new(read(rest, depth - 1)?)),
        _ if info == 24 && argument < 32 => return None,
        _ => Node::Other,
    })
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

/// Splits a sequence of items into the bytes of each; what is no item at the end is left out.
pub(crate) fn items(mut rest: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    while !rest.is_empty() {
        let before = rest;
        if read(&mut rest, 16).is_none() {
            break;
        }
        out.push(&before[..before.len() - rest.len()]);
    }
    out
}

/// What a COSE_Mac0 message holds (RFC 9052 section 6.2), if it is one of the profile.
#[derive(Debug)]
pub(crate) struct Mac0<'a> {
    pub(crate) algorithm: i128,
    pub(crate) protected: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) tag: &'a [u8],
}

/// Reads one by the profile: token-independent rules only.
pub(crate) fn mac0(bytes: &[u8]) -> Option<Mac0<'_>> {
    let mut rest = bytes;
    let mut node = read(&mut rest, 16).filter(|_| rest.is_empty())?;
    if let Node::Tag(61, inner) = node {
        node = *inner;
    }
    let Node::Tag(17, inner) = node else { return None };
    let Node::Array(elements) = *inner else { return None };
    let [Node::Bytes(protected), Node::Map(outer), Node::Bytes(payload), Node::Bytes(tag)] = &elements[..] else {
        return None;
    };
    let inner = match *protected {
        [] => Vec::new(),
        mut bytes => match read(&mut bytes, 16)? {
            Node::Map(map) if bytes.is_empty() => map,
            _ => return None,
        },
    };
    let (inner, outer) = (labels(&inner)?, labels(outer)?);
    let Some(Node::Int(algorithm)) = value(&inner, 1) else { return None };
    let two_kids = matches!((value(&inner, 4), value(&outer, 4)), (Some(a), Some(b)) if a != b);
    let fits = value(&outer, 1).is_none() && value(&outer, 2).is_none() && !two_kids;
    fits.then_some(Mac0 { algorithm: *algorithm, protected, payload, tag })
}

fn value<'n, 'a>(map: &[(i128, &'n Node<'a>)], wanted: i128) -> Option<&'n Node<'a>> {
    map.iter().find(|(label, _)| *label == wanted).map(|(_, value)| *value)
}

/// The labels of a header map and their values; `None` if one is unknown, of another type, or there twice.
fn labels<'n, 'a>(map: &'n [(Node<'a>, Node<'a>)]) -> Option<Vec<(i128, &'n Node<'a>)>> {
    let mut out: Vec<(i128, &Node<'a>)> = Vec::new();
    for (label, value) in map {
        let Node::Int(label) = label else { return None };
        let known = match (label, value) {
            (1, Node::Int(_)) | (4, Node::Bytes(_)) | (16, Node::Text(_) | Node::Int(0..)) => true,
            (2, Node::Array(names)) => {
                !names.is_empty() && names.iter().all(|name| matches!(name, Node::Int(1 | 4 | 16)))
            }
            _ => false,
        };
        if !known || out.iter().any(|(other, _)| other == label) {
            return None;
        }
        out.push((*label, value));
    }
    Some(out)
}

/// What the tag of a COSE_Mac0 is made over.
pub(crate) fn mac_input(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x84];
    head(&mut out, 3, 4);
    out.extend(b"MAC0");
    push_bytes(&mut out, protected);
    push_bytes(&mut out, &[]);
    push_bytes(&mut out, payload);
    out
}

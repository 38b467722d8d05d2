//! The part of CBOR (RFC 8949) that tokens need: a reader that borrows and refuses what the profile
//! forbids (indefinite lengths, lengths beyond the input, depth over 16), and a writer for minting.

use alloc::vec::Vec;

/// Deepest nesting of arrays, maps and tags that is read (profile section 3, rule 2).
pub(crate) const MAX_DEPTH: u8 = 16;

/// The bytes were not CBOR of the profile. Where and why is of no use to anybody: they are not ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed;

type Read<T> = Result<T, Malformed>;

/// One data item's head (RFC 8949 section 3), and the content of strings.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Item<'a> {
    Unsigned(u64),
    /// The value is -1 - n.
    Negative(u64),
    Bytes(&'a [u8]),
    Text(&'a str),
    /// That many items follow.
    Array(usize),
    /// That many pairs follow.
    Map(usize),
    /// One item follows.
    Tag(u64),
    Float(f64),
    /// false, true, null, undefined or an unassigned simple value: nothing in a token is any of them.
    Simple,
}

/// A position in borrowed bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Nothing may be left.
    pub(crate) const fn end(self) -> Read<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    /// Reads one head; strings come with their content.
    pub(crate) fn item(&mut self) -> Read<Item<'a>> {
        let (&initial, rest) = self.rest.split_first().ok_or(Malformed)?;
        self.rest = rest;
        let (major, info) = (initial >> 5, initial & 0x1f);
        if major == 7 {
            return self.float_or_simple(info);
        }
        let argument = match info {
            0..=23 => u64::from(info),
            24 => u64::from(self.take::<1>()?[0]),
            25 => u64::from(u16::from_be_bytes(self.take()?)),
            26 => u64::from(u32::from_be_bytes(self.take()?)),
            27 => u64::from_be_bytes(self.take()?),
            _ => return Err(Malformed), // reserved, or an indefinite length
        };
        Ok(match major {
            0 => Item::Unsigned(argument),
            1 => Item::Negative(argument),
            2 => Item::Bytes(self.string(argument)?),
            3 => Item::Text(core::str::from_utf8(self.string(argument)?).map_err(|_| Malformed)?),
            4 => Item::Array(self.count(argument, 1)?),
            5 => Item::Map(self.count(argument, 2)?),
            _ => Item::Tag(argument),
        })
    }

    fn take<const N: usize>(&mut self) -> Read<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*head)
    }

    fn string(&mut self, length: u64) -> Read<&'a [u8]> {
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        let (head, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(head)
    }

    /// A declared number of elements, each of which needs at least `bytes_each` bytes of what is left.
    fn count(&self, declared: u64, bytes_each: usize) -> Read<usize> {
        let declared = usize::try_from(declared).map_err(|_| Malformed)?;
        if declared > self.rest.len() / bytes_each { Err(Malformed) } else { Ok(declared) }
    }

    fn float_or_simple(&mut self, info: u8) -> Read<Item<'a>> {
        Ok(match info {
            0..=23 => Item::Simple,
            // Values below 32 in the two-byte form are not well-formed (RFC 8949 section 3.3).
            24 if self.take::<1>()?[0] >= 32 => Item::Simple,
            25 => Item::Float(half_to_double(u16::from_be_bytes(self.take()?))),
            26 => Item::Float(f64::from(f32::from_be_bytes(self.take()?))),
            27 => Item::Float(f64::from_be_bytes(self.take()?)),
            _ => return Err(Malformed),
        })
    }

    /// Passes over one whole item and returns its bytes.
    pub(crate) fn raw_item(&mut self) -> Read<&'a [u8]> {
        let before = self.rest;
        self.skip(0)?;
        Ok(&before[..before.len() - self.rest.len()])
    }

    fn skip(&mut self, depth: u8) -> Read<()> {
        if depth >= MAX_DEPTH {
            return Err(Malformed);
        }
        let inner = match self.item()? {
            Item::Array(n) => n,
            Item::Map(n) => 2 * n, // `count` has bounded n by the input
            Item::Tag(_) => 1,
            _ => 0,
        };
        for _ in 0..inner {
            self.skip(depth + 1)?;
        }
        Ok(())
    }

    /// The next item must be a map: calls `each` once for every pair, the reader standing at the value,
    /// which `each` must consume. Keys are integers; any other key, and any key twice, is malformed.
    pub(crate) fn int_map<E: From<Malformed>>(
        &mut self,
        mut each: impl FnMut(i128, &mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let Item::Map(pairs) = self.item()? else {
            return Err(Malformed.into());
        };
        let mut seen = Seen::default();
        for _ in 0..pairs {
            let key = match self.item()? {
                Item::Unsigned(n) => i128::from(n),
                Item::Negative(n) => -1 - i128::from(n),
                _ => return Err(Malformed.into()),
            };
            seen.insert(key)?;
            each(key, self)?;
        }
        Ok(())
    }
}

/// The integer keys of one map so far. Tokens have a dozen: a list is the quickest set.
#[derive(Default)]
struct Seen {
    first: [i128; 16],
    count: usize,
    more: Vec<i128>,
}

impl Seen {
    fn insert(&mut self, key: i128) -> Read<()> {
        let inline = &self.first[..self.count.min(self.first.len())];
        if inline.contains(&key) || self.more.contains(&key) {
            return Err(Malformed);
        }
        match self.first.get_mut(self.count) {
            Some(place) => *place = key,
            None => self.more.push(key),
        }
        self.count += 1;
        Ok(())
    }
}

/// IEEE 754 binary16 to binary64 (RFC 8949 appendix D).
fn half_to_double(half: u16) -> f64 {
    let fraction = f64::from(half & 0x3ff);
    let magnitude = match half >> 10 & 0x1f {
        0 => fraction / 16_777_216.0, // 2^-24
        31 if half & 0x3ff == 0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => {
            let scale = if exponent >= 25 {
                f64::from(1_u32 << (exponent - 25))
            } else {
                1.0 / f64::from(1_u32 << (25 - exponent))
            };
            (fraction + 1024.0) * scale
        }
    };
    if half & 0x8000 == 0 { magnitude } else { -magnitude }
}

/// Writes the preferred (shortest) serialisation of RFC 8949 section 4.1.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn int(&mut self, value: i64) -> &mut Self {
        if value >= 0 { self.head(0, value.unsigned_abs()) } else { self.head(1, (-1 - value).unsigned_abs()) }
    }

    pub(crate) fn unsigned(&mut self, value: u64) -> &mut Self {
        self.head(0, value)
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(2, value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.head(3, value.len() as u64);
        self.0.extend_from_slice(value.as_bytes());
        self
    }

    pub(crate) fn array(&mut self, items: usize) -> &mut Self {
        self.head(4, items as u64)
    }

    pub(crate) fn map(&mut self, pairs: usize) -> &mut Self {
        self.head(5, pairs as u64)
    }

    pub(crate) fn tag(&mut self, number: u64) -> &mut Self {
        self.head(6, number)
    }

    /// Appends items that are encoded already.
    pub(crate) fn raw(&mut self, items: &[u8]) -> &mut Self {
        self.0.extend_from_slice(items);
        self
    }

    fn head(&mut self, major: u8, argument: u64) -> &mut Self {
        let (head, length) = encode_head(major, argument);
        self.0.extend_from_slice(&head[..length]);
        self
    }
}

/// The shortest head for a major type and its argument: nine bytes of which the first `usize` count.
pub(crate) fn encode_head(major: u8, argument: u64) -> ([u8; 9], usize) {
    let mut out = [0; 9];
    let wide = argument.to_be_bytes();
    let (info, length) = match argument {
        0..=23 => (wide[7], 0),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    out[0] = major << 5 | info;
    out[1..=length].copy_from_slice(&wide[8 - length..]);
    (out, 1 + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn one(bytes: &[u8]) -> Read<Item<'_>> {
        let mut reader = Reader::new(bytes);
        let item = reader.item()?;
        reader.end()?;
        Ok(item)
    }

    #[test]
    fn reads_the_examples_of_rfc_8949_appendix_a() {
        for (bytes, item) in [
            (&[0x18, 0x64][..], Item::Unsigned(100)),
            (&[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Item::Unsigned(u64::MAX)),
            (&[0x38, 0x63], Item::Negative(99)),
            (&[0xf9, 0x3c, 0x00], Item::Float(1.0)),
            (&[0xf9, 0x7b, 0xff], Item::Float(65504.0)),
            (&[0xf9, 0x00, 0x01], Item::Float(5.960_464_477_539_063e-8)),
            (&[0xf9, 0x04, 0x00], Item::Float(0.000_061_035_156_25)),
            (&[0xf9, 0xc4, 0x00], Item::Float(-4.0)),
            (&[0xfb, 0xc0, 0x10, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66], Item::Float(-4.1)),
            (&[0x44, 1, 2, 3, 4], Item::Bytes(&[1, 2, 3, 4])),
            (&[0x62, 0xc3, 0xbc], Item::Text("\u{fc}")),
            (&[0xf6], Item::Simple),
        ] {
            assert_eq!(one(bytes), Ok(item), "{bytes:02x?}");
        }
    }

    #[test]
    fn refuses_what_the_profile_forbids() {
        for bytes in [
            &[][..],
            &[0x1c],                // reserved
            &[0x5f, 0x41, 0, 0xff], // indefinite bytes
            &[0x9f, 0xff],          // indefinite array
            &[0xbf, 0xff],          // indefinite map
            &[0x42, 0],             // longer than the input
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x82, 0],          // more items than bytes
            &[0xa1, 0],          // a pair needs two
            &[0x62, 0xc3, 0x28], // not UTF-8
            &[0x19, 0],          // cut short
            &[0xf8, 0x10],       // simple value in the wrong form
            &[0xff],
        ] {
            assert_eq!(one(bytes), Err(Malformed), "{bytes:02x?}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |depth: usize| {
            let mut bytes = vec![0x81; depth];
            bytes.push(0);
            Reader::new(&bytes).raw_item().map(<[u8]>::len)
        };
        assert_eq!(deep(15), Ok(16));
        assert_eq!(deep(16), Err(Malformed));
    }

    #[test]
    fn a_key_twice_is_malformed_however_it_is_written() {
        let visit = |bytes: &[u8]| Reader::new(bytes).int_map::<Malformed>(|_, r| r.raw_item().map(|_| ()));
        assert_eq!(visit(&[0xa2, 1, 0, 2, 0]), Ok(()));
        assert_eq!(visit(&[0xa2, 1, 0, 1, 0]), Err(Malformed));
        assert_eq!(visit(&[0xa2, 1, 0, 0x18, 1, 0]), Err(Malformed));
        assert_eq!(visit(&[0xa1, 0x61, b'a', 0]), Err(Malformed));
        let mut many = vec![0xb8, 40];
        for key in 0..40_u8 {
            many.extend([0x18, key + 30, 0]);
        }
        assert_eq!(visit(&many), Ok(()));
        many[2 + 3 * 39 + 1] = 30;
        assert_eq!(visit(&many), Err(Malformed));
    }

    #[test]
    fn writes_the_shortest_form() {
        let mut writer = Writer::default();
        writer
            .tag(61)
            .array(4)
            .int(-7)
            .int(-65_537)
            .unsigned(1_000_000_000_000)
            .text("IETF")
            .bytes(&[1])
            .map(0)
            .raw(&[0]);
        assert_eq!(
            writer.into_bytes(),
            [
                &[0xd8, 61, 0x84, 0x26, 0x3a, 0, 1, 0, 0, 0x1b, 0, 0, 0, 0xe8, 0xd4, 0xa5, 0x10, 0][..],
                &[0x64, 0x49, 0x45, 0x54, 0x46, 0x41, 1, 0xa0, 0],
            ]
            .concat()
        );
    }
}

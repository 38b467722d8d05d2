//! catnip: addresses, prefixes (RFC 9164) and autonomous systems that a client may come from, joined by OR.

use crate::cbor::{Item, Malformed, Reader, Writer};
use crate::refusal::Refusal;
use crate::text::cut;
use crate::token::claims::Raw;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

const IPV4_TAG: u64 = 52;
const IPV6_TAG: u64 = 54;

/// One entry of the claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Network {
    /// All addresses that begin with the first `length` bits of `address`; the other bits are zero.
    Prefix {
        /// The first address.
        address: IpAddr,
        /// In bits: 0 to 32 or 128.
        length: u8,
    },
    /// The autonomous systems from `first` to `last`, both included.
    Asn {
        /// The lowest number.
        first: u32,
        /// The highest.
        last: u32,
    },
}

/// Why a text is no [`Network`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotANetwork;

/// `203.0.113.0/24`, `2001:db8::/32`, a single address, `AS64500` or `AS64500-AS64510`.
impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        if let Some(numbers) = text.strip_prefix("AS") {
            let number = |digits: &str| digits.parse::<u32>().map_err(|_| NotANetwork);
            let (first, last) = match cut(numbers, "-AS") {
                Some((first, last)) => (number(first)?, number(last)?),
                None => (number(numbers)?, number(numbers)?),
            };
            return if first <= last { Ok(Self::Asn { first, last }) } else { Err(NotANetwork) };
        }
        let (address, length) = match text.split_once('/') {
            Some((address, length)) if length.bytes().all(|b| b.is_ascii_digit()) => {
                (address, Some(length.parse::<u8>().map_err(|_| NotANetwork)?))
            }
            Some(_) => return Err(NotANetwork),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let length = length.unwrap_or(bits(address));
        Self::prefix(address, length).ok_or(NotANetwork)
    }
}

impl Network {
    /// A prefix; `None` if it is too long, or bits behind it are set: which addresses were meant would be a guess.
    fn prefix(address: IpAddr, length: u8) -> Option<Self> {
        (length <= bits(address) && masked(address, length) == address).then_some(Self::Prefix { address, length })
    }

    fn contains(&self, address: Option<IpAddr>, asn: Option<u32>) -> bool {
        match *self {
            Self::Prefix { address: first, length } => {
                address.is_some_and(|address| address.is_ipv4() == first.is_ipv4() && masked(address, length) == first)
            }
            Self::Asn { first, last } => asn.is_some_and(|asn| (first..=last).contains(&asn)),
        }
    }

    /// Writes the entry: an address by itself, a prefix as length and bytes without trailing zeros.
    pub(crate) fn write(&self, w: &mut Writer) {
        match *self {
            Self::Asn { first, last } if first == last => w.unsigned(first.into()),
            Self::Asn { first, last } => w.array(2).unsigned(first.into()).unsigned(last.into()),
            Self::Prefix { address: IpAddr::V4(address), length } => {
                write_prefix(w.tag(IPV4_TAG), &address.octets(), length)
            }
            Self::Prefix { address: IpAddr::V6(address), length } => {
                write_prefix(w.tag(IPV6_TAG), &address.octets(), length)
            }
        };
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        match reader.item()? {
            Item::Unsigned(number) => {
                let number = u32::try_from(number).map_err(|_| Malformed)?;
                Ok(Self::Asn { first: number, last: number })
            }
            Item::Array(2) => {
                let (first, last) = (read_number(reader)?, read_number(reader)?);
                if first <= last { Ok(Self::Asn { first, last }) } else { Err(Malformed) }
            }
            Item::Tag(IPV4_TAG) => read_prefix::<4>(reader),
            Item::Tag(IPV6_TAG) => read_prefix::<16>(reader),
            _ => Err(Malformed),
        }
    }
}

/// The client must be in one of the networks; what the platform does not tell is in none.
pub(super) fn check(claim: Option<Raw<'_>>, address: Option<IpAddr>, asn: Option<u32>) -> Result<(), Refusal> {
    let Some(claim) = claim else { return Ok(()) };
    let address = address.map(|address| address.to_canonical()); // ::ffff:a.b.c.d is a.b.c.d
    let mut inside = false;
    each(claim, |network| inside |= network.contains(address, asn))?;
    if inside { Ok(()) } else { Err(Refusal::Forbidden("the client's network is not allowed by the token")) }
}

/// Whether any entry asks for the autonomous system. A malformed claim does not: `check` refuses it.
pub(super) fn mentions_asn(claim: Raw<'_>) -> bool {
    let mut found = false;
    let read = each(claim, |network| found |= matches!(network, Network::Asn { .. }));
    read.is_ok() && found
}

fn each(claim: Raw<'_>, mut visit: impl FnMut(Network)) -> Result<(), Malformed> {
    let mut reader = claim.reader();
    let Item::Array(count) = reader.item()? else {
        return Err(Malformed);
    };
    for _ in 0..count {
        visit(Network::read(&mut reader)?);
    }
    Ok(())
}

fn read_number(reader: &mut Reader<'_>) -> Result<u32, Malformed> {
    match reader.item()? {
        Item::Unsigned(number) => u32::try_from(number).map_err(|_| Malformed),
        _ => Err(Malformed),
    }
}

/// RFC 9164 section 3: an address is its bytes; a prefix is `[length, bytes]`, where trailing zero bytes are
/// left out by a careful encoder and sent by a careless one. An address with a length (section 3.1.3) is
/// an interface, not a network, and refused.
fn read_prefix<const N: usize>(reader: &mut Reader<'_>) -> Result<Network, Malformed> {
    let (length, bytes) = match reader.item()? {
        Item::Bytes(bytes) if bytes.len() == N => (N as u64 * 8, bytes),
        Item::Array(2) => {
            let Item::Unsigned(length) = reader.item()? else {
                return Err(Malformed);
            };
            let Item::Bytes(bytes) = reader.item()? else {
                return Err(Malformed);
            };
            (length, bytes)
        }
        _ => return Err(Malformed),
    };
    let mut octets = [0; N];
    octets.get_mut(..bytes.len()).ok_or(Malformed)?.copy_from_slice(bytes);
    let address = match (<[u8; 4]>::try_from(&octets[..]), <[u8; 16]>::try_from(&octets[..])) {
        (Ok(v4), _) => IpAddr::V4(Ipv4Addr::from(v4)),
        (_, Ok(v6)) => IpAddr::V6(Ipv6Addr::from(v6)),
        _ => return Err(Malformed),
    };
    Network::prefix(address, u8::try_from(length).map_err(|_| Malformed)?).ok_or(Malformed)
}

fn write_prefix<'w>(w: &'w mut Writer, octets: &[u8], length: u8) -> &'w mut Writer {
    if usize::from(length) == octets.len() * 8 {
        return w.bytes(octets);
    }
    let used = octets.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    w.array(2).unsigned(length.into()).bytes(&octets[..used])
}

const fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// `address` with all but its first `length` bits cleared.
fn masked(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(network: &str, address: &str) -> bool {
        let network: Network = network.parse().unwrap();
        network.contains(Some(address.parse().unwrap()), None)
    }

    #[test]
    fn prefixes_hold_what_begins_with_them() {
        assert!(inside("203.0.113.0/24", "203.0.113.255"));
        assert!(!inside("203.0.113.0/24", "203.0.114.0"));
        assert!(inside("0.0.0.0/0", "255.255.255.255"));
        assert!(!inside("0.0.0.0/0", "::1"));
        assert!(inside("2001:db8::/33", "2001:db8:7fff::1"));
        assert!(!inside("2001:db8::/33", "2001:db8:8000::1"));
        assert!(inside("198.51.100.7", "198.51.100.7"));
        assert!(inside("::/0", "::1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in [
            "",
            "203.0.113.1/24",
            "203.0.113.0/33",
            "203.0.113.0/",
            "203.0.113.0/+8",
            "1.2.3",
            "AS",
            "AS-1",
            "AS2-AS1",
            "as1",
            "AS4294967296",
        ] {
            assert_eq!(bad.parse::<Network>(), Err(NotANetwork), "{bad}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["203.0.113.50", "203.0.113.0/24", "0.0.0.0/0", "2001:db8::/32", "::1", "AS64500", "AS1-AS9"] {
            let network: Network = text.parse().unwrap();
            let mut writer = Writer::default();
            network.write(&mut writer);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            assert_eq!(Network::read(&mut reader), Ok(network), "{text}");
            assert_eq!(reader.end(), Ok(()));
        }
    }
}

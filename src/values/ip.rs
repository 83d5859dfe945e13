//! IP addresses and ranges of them, such as `10.96.0.10` and `10.96.0.0/16`.
//!
//! Mirrors the two readers that the API server has: the lenient `ParseIPSloppy` and `ParseCIDRSloppy` of k8s.io/utils/net,
//! which take zeros before the digits, and the strict ones of Go's `net/netip`; both as k8s.io/apimachinery uses them in
//! pkg/util/validation/ip.go (v1.36).

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The upper bits of an IPv4 address that is written as one of IPv6, `::ffff:10.0.0.1`.
const MAPPED: u128 = 0xffff << 32;

/// An address, as Go's `net.IP` keeps it: one of IPv4 and the same written as one of IPv6 are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ip(u128);

impl Ip {
    /// Reads as `ParseIPSloppy` does, which takes zeros before the digits.
    ///
    /// ```
    /// use seatrial::values::ip::Ip;
    ///
    /// assert_eq!(Ip::parse_lenient("010.0.0.01"), Ip::parse_lenient("10.0.0.1"));
    /// assert_eq!(Ip::parse_lenient("::ffff:10.0.0.1"), Ip::parse_lenient("10.0.0.1"));
    /// assert_eq!(Ip::parse_lenient("10.0.0"), None);
    /// ```
    pub fn parse_lenient(text: &str) -> Option<Self> {
        match text.bytes().find(|byte| matches!(byte, b'.' | b':'))? {
            b'.' => v4(text).map(|address| Self(MAPPED | u128::from(address))),
            _ => v6(text).map(Self),
        }
    }

    /// Whether it is an address of IPv4.
    pub fn is_v4(self) -> bool {
        self.0 >> 32 == MAPPED >> 32
    }

    /// `0.0.0.0` or `::`.
    pub fn is_unspecified(self) -> bool {
        self.0 == 0 || self.0 == MAPPED
    }

    /// An address by which a machine reaches itself.
    pub fn is_loopback(self) -> bool {
        if self.is_v4() { self.v4().is_loopback() } else { self.0 == 1 }
    }

    /// `169.254.0.0/16` or `fe80::/10`.
    pub fn is_link_local_unicast(self) -> bool {
        if self.is_v4() { self.v4().is_link_local() } else { self.0 >> 118 == 0xfe80 >> 6 }
    }

    /// `224.0.0.0/24`, or `ff02::/16` and its likes.
    pub fn is_link_local_multicast(self) -> bool {
        if self.is_v4() { self.v4().octets()[..3] == [224, 0, 0] } else { (self.0 >> 112) & 0xff0f == 0xff02 }
    }

    fn v4(self) -> Ipv4Addr {
        #[expect(clippy::cast_possible_truncation, reason = "the lower 32 bits are the address")]
        Ipv4Addr::from_bits(self.0 as u32)
    }
}

impl fmt::Display for Ip {
    /// The canonical form; that of an IPv4 address that is written as one of IPv6 is the one with dots.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_v4() { self.v4().fmt(f) } else { Ipv6Addr::from_bits(self.0).fmt(f) }
    }
}

/// A range of addresses: those that share the first bits with one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    /// The address as it is written, with the bits beyond the prefix.
    pub ip: Ip,
    /// How many bits count, of the 32 or 128 that the address is written with.
    pub prefix: u8,
    is_v4: bool,
}

impl Cidr {
    /// Reads as `ParseCIDRSloppy` does.
    ///
    /// ```
    /// use seatrial::values::ip::Cidr;
    ///
    /// let canonical = Cidr::parse_lenient("10.0.0.1/08").map(|range| range.to_string());
    /// assert_eq!(canonical.as_deref(), Some("10.0.0.0/8"));
    /// assert_eq!(Cidr::parse_lenient("10.0.0.0/33"), None);
    /// ```
    pub fn parse_lenient(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let (ip, is_v4) = match v4(address) {
            Some(address) => (Ip(MAPPED | u128::from(address)), true),
            None => (Ip(v6(address)?), false),
        };
        if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= if is_v4 { 32 } else { 128 })?;
        Some(Self { ip, prefix, is_v4 })
    }

    /// Whether the range is one of IPv4.
    pub fn is_v4(self) -> bool {
        self.is_v4 || self.first().is_v4()
    }

    /// The first address of the range.
    pub fn first(self) -> Ip {
        Ip(self.ip.0 & self.mask())
    }

    /// The last address of the range.
    pub fn last(self) -> Ip {
        Ip(self.ip.0 | !self.mask())
    }

    /// Whether an address is in the range.
    pub fn contains(self, ip: Ip) -> bool {
        ip.is_v4() == self.is_v4() && ip.0 & self.mask() == self.first().0
    }

    /// Of the 128 bits of an [`Ip`], those that count.
    fn mask(self) -> u128 {
        let beyond = if self.is_v4 { 32 - self.prefix } else { 128 - self.prefix };
        u128::MAX.checked_shl(beyond.into()).unwrap_or(0)
    }
}

impl fmt::Display for Cidr {
    /// The canonical form, without bits beyond the prefix.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.is_v4() && !self.is_v4 { self.prefix.saturating_sub(96) } else { self.prefix };
        write!(f, "{}/{prefix}", self.first())
    }
}

/// What the strict reader (`netip`) has against a text that the lenient one takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Zeros before the digits, which other programs read as octal.
    LeadingZeros,
    /// An IPv4 address that is written as one of IPv6.
    Mapped,
    /// A range with an address that has bits beyond the prefix.
    BitsBeyondPrefix,
}

/// What is wrong with an address that can be read.
pub fn flaw_of_ip(text: &str) -> Option<Flaw> {
    match text.parse() {
        Ok(std::net::IpAddr::V6(address)) if address.to_ipv4_mapped().is_some() => Some(Flaw::Mapped),
        Ok(_) => None,
        Err(_) => Some(Flaw::LeadingZeros),
    }
}

/// What is wrong with a range that can be read, written as `text`.
pub fn flaw_of_cidr(text: &str, cidr: Cidr) -> Option<Flaw> {
    let (address, prefix) = text.split_once('/').unwrap_or((text, ""));
    match flaw_of_ip(address) {
        _ if prefix.len() > 1 && prefix.starts_with('0') => Some(Flaw::LeadingZeros),
        None if cidr.ip != cidr.first() => Some(Flaw::BitsBeyondPrefix),
        flaw => flaw,
    }
}

/// Four numbers with dots between them; zeros may precede each.
fn v4(text: &str) -> Option<u32> {
    let mut parts = text.split('.');
    let mut address = 0;
    for _ in 0..4 {
        let part = parts.next().filter(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        address = address << 8 | u32::from(part.parse::<u8>().ok()?);
    }
    parts.next().is_none().then_some(address)
}

/// Eight groups with colons between them, of which `::` stands for some; the last two may be an IPv4 address.
fn v6(text: &str) -> Option<u128> {
    let (before, after) = match text.split_once("::") {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    };
    let (before, after) = (groups(before, after.is_none())?, after.map(|after| groups(after, true)));
    let groups = match after {
        None => before,
        Some(after) => {
            let after = after?;
            let missing = 8_usize.checked_sub(before.len() + after.len()).filter(|missing| *missing > 0)?;
            [before, vec![0; missing], after].concat()
        }
    };
    (groups.len() == 8).then(|| groups.into_iter().fold(0, |address, group| address << 16 | u128::from(group)))
}

/// The groups of a part of an IPv6 address; at the end of one stands an IPv4 address, perhaps.
fn groups(text: &str, at_end: bool) -> Option<Vec<u16>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let mut groups = Vec::with_capacity(8);
    let mut parts = text.split(':').peekable();
    while let Some(part) = parts.next() {
        if part.contains('.') {
            let address = v4(part).filter(|_| at_end && parts.peek().is_none())?;
            #[expect(clippy::cast_possible_truncation, reason = "the two halves of the 32 bits")]
            groups.extend([(address >> 16) as u16, address as u16]);
        } else {
            let hexadecimal = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_hexdigit());
            groups.push(hexadecimal.then(|| u16::from_str_radix(part, 16).ok())??);
        }
    }
    Some(groups)
}

#[cfg(test)]
mod tests {
    use super::{Cidr, Flaw, Ip, flaw_of_cidr, flaw_of_ip};

    #[test]
    fn addresses_are_read_leniently() {
        for (text, canonical) in [
            ("10.9.8.7", "10.9.8.7"),
            ("000010.9.8.07", "10.9.8.7"),
            ("::", "::"),
            ("2001:DB8::FFFF", "2001:db8::ffff"),
            ("2001:0db8:0:0:0:0:0:1", "2001:db8::1"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::ffff:1.2.3.4", "1.2.3.4"),
            ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
            ("00001::", "1::"),
        ] {
            assert_eq!(Ip::parse_lenient(text).map(|ip| ip.to_string()).as_deref(), Some(canonical), "{text}");
        }
        for text in [
            "",
            "None",
            "10.9.8",
            "10.9.8.7.6",
            "10.9.8.256",
            "10.9.8.",
            "10.9.8.-1",
            " 10.9.8.7",
            ":",
            ":::",
            "1::2::3",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7:8::",
            "10000::",
            "fe80::1%eth0",
            "1.2.3.4::",
            "x::",
            "1:",
        ] {
            assert_eq!(Ip::parse_lenient(text), None, "{text}");
        }
    }

    #[test]
    fn the_strict_reader_has_its_reasons() {
        let flaw = |text: &str| Ip::parse_lenient(text).and_then(|_| flaw_of_ip(text));
        assert_eq!(flaw("10.0.0.1"), None);
        assert_eq!(flaw("fd00:0:0::1"), None);
        assert_eq!(flaw("10.0.0.01"), Some(Flaw::LeadingZeros));
        assert_eq!(flaw("00001::"), Some(Flaw::LeadingZeros));
        assert_eq!(flaw("::ffff:10.0.0.1"), Some(Flaw::Mapped));
        let flaw = |text: &str| Cidr::parse_lenient(text).and_then(|cidr| flaw_of_cidr(text, cidr));
        assert_eq!(flaw("10.0.0.0/8"), None);
        assert_eq!(flaw("0.0.0.0/0"), None);
        assert_eq!(flaw("::/0"), None);
        assert_eq!(flaw("10.0.0.0/08"), Some(Flaw::LeadingZeros));
        assert_eq!(flaw("10.00.0.0/8"), Some(Flaw::LeadingZeros));
        assert_eq!(flaw("::ffff:10.0.0.0/104"), Some(Flaw::Mapped));
        assert_eq!(flaw("10.0.0.1/8"), Some(Flaw::BitsBeyondPrefix));
        assert_eq!(flaw("fd00::1/64"), Some(Flaw::BitsBeyondPrefix));
    }

    #[test]
    fn ranges_contain_their_addresses() {
        let contains = |range: &str, ip: &str| {
            Cidr::parse_lenient(range).expect("a range").contains(Ip::parse_lenient(ip).expect("an address"))
        };
        assert!(contains("10.96.0.0/16", "10.96.255.255"));
        assert!(!contains("10.96.0.0/16", "10.97.0.0"));
        assert!(contains("0.0.0.0/0", "255.255.255.255"));
        assert!(!contains("0.0.0.0/0", "fd00::1"));
        assert!(!contains("::/0", "10.0.0.1"));
        assert!(contains("fd00::/8", "fdff::1"));
        for text in ["10.0.0.0", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "fd00::/129", "x/8"] {
            assert_eq!(Cidr::parse_lenient(text), None, "{text}");
        }
    }

    #[test]
    fn some_addresses_are_special() {
        let ip = |text: &str| Ip::parse_lenient(text).expect("an address");
        assert!(ip("0.0.0.0").is_unspecified() && ip("::").is_unspecified() && !ip("10.0.0.0").is_unspecified());
        assert!(ip("127.1.2.3").is_loopback() && ip("::1").is_loopback() && !ip("128.0.0.1").is_loopback());
        assert!(ip("169.254.1.1").is_link_local_unicast() && ip("febf::1").is_link_local_unicast());
        assert!(!ip("fec0::1").is_link_local_unicast() && !ip("169.255.0.1").is_link_local_unicast());
        assert!(ip("224.0.0.251").is_link_local_multicast() && ip("ff02::1").is_link_local_multicast());
        assert!(!ip("224.0.1.1").is_link_local_multicast() && !ip("ff05::1").is_link_local_multicast());
    }
}

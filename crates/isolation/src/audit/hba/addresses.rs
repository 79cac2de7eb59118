//! Addresses from which a line of pg_hba.conf accepts connections, and those that earlier lines leave. The
//! server compares bits; here they are ranges, so one can be subtracted from another.

use core::net::IpAddr;

use martydb_catalog::Quoting;

/// Ways to connect: over the Unix-domain socket, without encryption, over TLS, and with GSSAPI encryption.
pub(crate) const WAYS: [&[&str]; 4] = [
    &["local"],
    &["host", "hostnossl", "hostnogssenc"],
    &["host", "hostssl", "hostnogssenc"],
    &["host", "hostnossl", "hostgssenc"],
];

/// Index of connections without encryption in [`WAYS`].
pub(crate) const CLEAR: usize = 1;

/// Index of TLS in [`WAYS`].
pub(crate) const TLS: usize = 2;

/// Addresses of one family, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct AddressRange {
    six: bool,
    first: u128,
    last: u128,
}

const EVERY: [AddressRange; 2] = [
    AddressRange { six: false, first: 0, last: u32::MAX as u128 },
    AddressRange { six: true, first: 0, last: u128::MAX },
];

/// The address field of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// No address: a line for the socket.
    Socket,
    Network(IpNetwork),
    All,
    /// A host name, `samehost`, `samenet`, or a mask with holes: the addresses are unknown here.
    Named(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IpNetwork(AddressRange);

impl Origin {
    pub(crate) fn parse(address: Option<&str>, netmask: Option<&str>, quoting: Quoting) -> Origin {
        match (address, netmask) {
            (None, _) => Origin::Socket,
            (Some("all"), None) if quoting == Quoting::Plain => Origin::All,
            (Some(address), Some(mask)) => network(address, mask)
                .map_or_else(|| Origin::Named(format!("{address} {mask}")), Origin::Network),
            (Some(name), None) => Origin::Named(name.to_owned()),
        }
    }

    /// Returns the name that stands for unknown addresses.
    pub(crate) fn host(&self) -> Option<&str> {
        match self {
            Origin::Named(name) => Some(name),
            _ => None,
        }
    }

    /// Returns `true` if only clients on the server's host have such an address.
    pub(crate) fn is_loopback(&self) -> bool {
        match self {
            Origin::Socket => true,
            Origin::Network(IpNetwork(AddressRange { six: false, first, last })) => {
                first >> 24 == 127 && last >> 24 == 127
            }
            Origin::Network(IpNetwork(AddressRange { first, last, .. })) => (*first, *last) == (1, 1),
            Origin::All => false,
            Origin::Named(name) => name == "samehost",
        }
    }

    fn ranges(&self) -> Vec<AddressRange> {
        match self {
            Origin::Socket => vec![EVERY[0]],
            Origin::Network(network) => vec![network.0],
            Origin::All | Origin::Named(_) => EVERY.to_vec(),
        }
    }

    /// Subtracts this origin from the ranges of `whose` that are left.
    fn taken_from(&self, left: Vec<AddressRange>, whose: &Origin) -> Vec<AddressRange> {
        match self {
            Origin::Socket | Origin::All => vec![],
            Origin::Network(network) => {
                left.into_iter().flat_map(|range| without(range, network.0)).collect()
            }
            Origin::Named(name) => match whose {
                // An `all` with unknown quotes may be the keyword in one line and a name in the other.
                Origin::Named(other) if name == other && name != "all" => vec![],
                Origin::Named(other) if name == "samenet" && other == "samehost" => vec![],
                _ => left,
            },
        }
    }

    /// Returns `true` if another line takes some of its addresses.
    pub(crate) fn is_cut_by(&self, other: &Origin) -> bool {
        let ranges = self.ranges();
        other.taken_from(ranges.clone(), self) != ranges
    }

    /// Returns `true` if some address of this origin is in none of the others.
    pub(crate) fn outlasts<'a>(&self, others: impl IntoIterator<Item = &'a Origin>) -> bool {
        !others.into_iter().fold(self.ranges(), |left, other| other.taken_from(left, self)).is_empty()
    }
}

fn without(range: AddressRange, hole: AddressRange) -> Vec<AddressRange> {
    if range.six != hole.six || hole.last < range.first || range.last < hole.first {
        return vec![range];
    }
    let before = (range.first < hole.first).then(|| AddressRange { last: hole.first - 1, ..range });
    let after = (hole.last < range.last).then(|| AddressRange { first: hole.last + 1, ..range });
    before.into_iter().chain(after).collect()
}

/// Parses a network; `None` for a mask with holes, or for one of another family.
fn network(address: &str, mask: &str) -> Option<IpNetwork> {
    // A link-local address may name its interface.
    let (six, address) = bits(address.split('%').next()?)?;
    let (same, mask) = bits(mask)?;
    let width = if six { 128 } else { 32 };
    let hosts = u128::MAX.checked_shr(128 - width).unwrap_or(0) & !mask;
    let is_prefix = (hosts & hosts.wrapping_add(1)) == 0;
    let first = address & mask;
    (six == same && is_prefix).then_some(IpNetwork(AddressRange { six, first, last: first | hosts }))
}

fn bits(text: &str) -> Option<(bool, u128)> {
    Some(match text.parse().ok()? {
        IpAddr::V4(address) => (false, u128::from(address.to_bits())),
        IpAddr::V6(address) => (true, address.to_bits()),
    })
}

/// Formats an address with its mask: `10.1.0.0/16`.
pub(crate) fn shown(address: &str, netmask: Option<&str>) -> String {
    let prefix = |mask: &str| bits(mask).map(|(_, bits)| bits.count_ones());
    match netmask {
        None => address.to_owned(),
        Some(mask) => match (network(address, mask), prefix(mask)) {
            (Some(_), Some(ones)) => format!("{address}/{ones}"),
            _ => format!("{address} {mask}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        match text.split_once(' ') {
            Some((address, mask)) => Origin::parse(Some(address), Some(mask), Quoting::Plain),
            None => Origin::parse(Some(text), None, Quoting::Plain),
        }
    }

    #[test]
    fn a_network_is_covered_by_what_contains_it() {
        const TEN: &str = "10.0.0.0 255.0.0.0";
        for (line, before, left) in [
            ("10.1.0.0 255.255.0.0", &[TEN][..], false),
            (TEN, &["10.1.0.0 255.255.0.0"], true),
            (TEN, &["10.0.0.0 255.128.0.0", "10.128.0.0 255.128.0.0"], false),
            ("10.1.2.3 255.255.255.255", &["0.0.0.0 0.0.0.0"], false),
            ("0.0.0.0 0.0.0.0", &["0.0.0.0 128.0.0.0", "128.0.0.0 128.0.0.0"], false),
            ("all", &["0.0.0.0 0.0.0.0"], true),
            ("all", &["0.0.0.0 0.0.0.0", ":: ::"], false),
            ("::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[":: ::"], false),
            ("::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &["0.0.0.0 0.0.0.0"], true),
            ("fe80::1%eth0 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &["fe80:: ffff::"], false),
            ("10.1.0.0 255.255.0.0", &["samenet"], true),
            ("samehost", &["samenet"], false),
            ("samenet", &["samehost"], true),
            ("db.example.com", &["db.example.com"], false),
            ("db.example.com", &["all"], false),
            ("db.example.com", &["10.0.0.0 255.0.0.0"], true),
            ("10.0.1.0 255.0.255.0", &["10.0.0.0 255.0.0.0"], true),
            ("10.0.1.0 255.0.255.0", &["all"], false),
        ] {
            let others: Vec<Origin> = before.iter().map(|text| origin(text)).collect();
            assert_eq!(origin(line).outlasts(&others), left, "{line} behind {before:?}");
        }
        assert!(!Origin::Socket.outlasts(&[Origin::Socket]) && Origin::Socket.outlasts(&[]));
    }

    #[test]
    fn a_quoted_all_is_the_name_of_a_host() {
        assert_eq!(Origin::parse(Some("all"), None, Quoting::Quoted), Origin::Named("all".into()));
        assert_eq!(Origin::parse(Some("all"), None, Quoting::Unknown), Origin::Named("all".into()));
    }

    #[test]
    fn an_address_has_its_mask() {
        for (address, mask, expected) in [
            ("10.1.0.0", Some("255.255.0.0"), "10.1.0.0/16"),
            ("::1", Some("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "::1/128"),
            ("0.0.0.0", Some("0.0.0.0"), "0.0.0.0/0"),
            ("10.0.1.0", Some("255.0.255.0"), "10.0.1.0 255.0.255.0"),
            ("samenet", None, "samenet"),
        ] {
            assert_eq!(shown(address, mask), expected);
        }
    }
}

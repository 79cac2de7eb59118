//! Choice of a port. It is below 32768, because the system gives higher ports to outgoing connections, and a stopped server
//! would lose its own to one of them.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::time::Duration;

use martydb_model::error::{Error, Kind, Result};

const RANGE: Range<u16> = 15432..32768;

#[derive(Debug, Default)]
pub(crate) struct PortPreferences {
    /// Port of the manifest.
    pub pinned: Option<u16>,
    /// Port of the last start.
    pub remembered: Option<u16>,
    /// Ports of other embedded servers of this manifest, which may be down now and start again.
    pub others: BTreeSet<u16>,
}

/// The chosen port, and the one that was given up for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PortChoice {
    pub port: u16,
    /// The remembered port, if it is taken.
    pub instead_of: Option<u16>,
}

/// Chooses a port. One that the manifest names is never exchanged for another: clients rely on it.
pub(crate) fn choose(wish: &PortPreferences, free: impl Fn(u16) -> bool) -> Result<PortChoice> {
    match (wish.pinned, wish.remembered) {
        (Some(0), _) => {
            Err(Error::manifest("0 is not a port").hint("leave the port out to have a free one chosen"))
        }
        (Some(port), _) | (None, Some(port)) if free(port) => Ok(PortChoice { port, instead_of: None }),
        (Some(port), _) => Err(Error::new(Kind::Unreachable, format!("port {port} is taken"))
            .cause("the manifest sets it")
            .hint(
                "stop the process that uses the port, change the server's port in the manifest, or leave it out",
            )),
        (None, gone) => {
            let port = RANGE.clone().find(|port| !wish.others.contains(port) && free(*port));
            port.map(|port| PortChoice { port, instead_of: gone }).ok_or_else(none_free)
        }
    }
}

fn none_free() -> Error {
    Error::new(
        Kind::Unreachable,
        format!("no port from {} to {} is free on 127.0.0.1", RANGE.start, RANGE.end - 1),
    )
    .hint("stop a process that uses one of them")
}

/// Returns `true` if nothing listens on the port. If a bind succeeds despite a listener on all addresses, as on BSD and
/// macOS, a connection detects that.
pub(crate) fn free(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).is_ok()
        && TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_chosen_in_order() {
        let wish = |pinned, remembered, others: &[u16]| PortPreferences {
            pinned,
            remembered,
            others: others.iter().copied().collect(),
        };
        type Case = (PortPreferences, &'static [u16], Option<(u16, Option<u16>)>);
        let cases: &[Case] = &[
            (wish(None, None, &[]), &[], Some((15432, None))),
            (wish(None, None, &[]), &[15432, 15433], Some((15434, None))),
            (wish(None, None, &[15432]), &[], Some((15433, None))),
            (wish(None, Some(20000), &[]), &[], Some((20000, None))),
            (wish(None, Some(20000), &[]), &[20000], Some((15432, Some(20000)))),
            (wish(Some(6000), Some(20000), &[6000]), &[20000], Some((6000, None))),
            (wish(Some(6000), None, &[]), &[6000], None),
            (wish(Some(0), None, &[]), &[], None),
        ];
        for (wish, taken, expected) in cases {
            let choice = choose(wish, |port| !taken.contains(&port));
            assert_eq!(choice.ok().map(|one| (one.port, one.instead_of)), *expected, "{wish:?}");
        }
        assert!(choose(&wish(None, None, &[]), |_| false).is_err());
    }

    #[test]
    fn a_listener_makes_a_port_taken() {
        for address in ["127.0.0.1:0", "0.0.0.0:0"] {
            let listener = TcpListener::bind(address).unwrap();
            assert!(!free(listener.local_addr().unwrap().port()), "{address}");
        }
    }
}

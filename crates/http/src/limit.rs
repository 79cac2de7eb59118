//! Limits on the connections of a listener: without them, those that send or read nothing would take every descriptor. A
//! connection beyond the limits gets one of a few reserved places, where only probes are answered: a newer one takes the place
//! of the oldest, so that probes get through whatever the others do.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// Limits of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Most open connections.
    pub connections: usize,
    /// Most of them from one address; those from this machine are not counted.
    pub per_address: usize,
    /// Most requests in progress of a connection of HTTP/2; RFC 9113 (section 6.5.2) recommends 100 at least.
    pub requests: u32,
    /// Longest time in which a client takes nothing of its answer.
    pub progress: Duration,
}

/// Places for connections beyond the limits, and how long each may be used.
const RESERVED: usize = 64;
pub(crate) const RESERVED_FOR: Duration = Duration::from_secs(5);

/// Ends a reserved connection when it is dropped.
type Eviction = oneshot::Sender<()>;

/// Connections of a listener.
#[derive(Debug)]
pub(crate) struct OpenConnections {
    pub(crate) limits: ConnectionLimits,
    open: AtomicUsize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
    reserved: Mutex<VecDeque<Eviction>>,
}

impl OpenConnections {
    pub(crate) fn new(limits: ConnectionLimits) -> Arc<OpenConnections> {
        let (by_address, reserved) = (Mutex::default(), Mutex::default());
        Arc::new(OpenConnections { limits, open: AtomicUsize::new(0), by_address, reserved })
    }

    /// Takes a place for a connection from an address, within the limits.
    pub(crate) fn place(self: &Arc<Self>, from: IpAddr) -> Option<ConnectionPlace> {
        let address = counted(from);
        if self.open.fetch_add(1, Ordering::AcqRel) >= self.limits.connections {
            self.open.fetch_sub(1, Ordering::AcqRel);
            return None;
        }
        let mut place = ConnectionPlace { all: self.clone(), address: None };
        if let Some(address) = address {
            let mut known = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            let number = known.entry(address).or_default();
            if *number >= self.limits.per_address {
                return None;
            }
            *number += 1;
            place.address = Some(address);
        }
        Some(place)
    }

    /// Takes a reserved place.
    pub(crate) fn reserve(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        reserved.retain(|one| !one.is_closed());
        if reserved.len() >= RESERVED {
            reserved.pop_front();
        }
        reserved.push_back(sender);
        receiver
    }
}

/// Returns the address by which a connection is counted: a network of IPv6 has 2^64 of them, and is counted as one.
fn counted(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    match address {
        address if address.is_loopback() => None,
        IpAddr::V4(_) => Some(address),
        IpAddr::V6(long) => {
            let [a, b, c, d, ..] = long.segments();
            Some(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
        }
    }
}

/// A place of a connection, until it is closed.
#[derive(Debug)]
pub(crate) struct ConnectionPlace {
    all: Arc<OpenConnections>,
    address: Option<IpAddr>,
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.all.open.fetch_sub(1, Ordering::AcqRel);
        let Some(address) = self.address else { return };
        let mut known = self.all.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = known.get_mut(&address) {
            *number -= 1;
            if *number == 0 {
                known.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(connections: usize, per_address: usize) -> Arc<OpenConnections> {
        let progress = Duration::from_secs(1);
        OpenConnections::new(ConnectionLimits { connections, per_address, requests: 100, progress })
    }

    #[test]
    fn places_are_counted_in_all_and_by_address_but_not_on_this_machine() {
        let all = open(4, 2);
        let (here, there): (IpAddr, IpAddr) = ("127.0.0.1".parse().unwrap(), "10.0.0.1".parse().unwrap());
        let taken: Vec<_> = [there, there, here].map(|from| all.place(from).unwrap()).into();
        assert!(all.place(there).is_none(), "the third from one address");
        let last = all.place(here).unwrap();
        assert!(all.place(here).is_none(), "the fifth of all");
        drop((taken, last));
        assert_eq!(all.open.load(Ordering::Relaxed), 0);
        assert!(all.by_address.lock().unwrap().is_empty());
    }

    #[test]
    fn addresses_of_one_network_are_one_and_mapped_ones_are_those_that_they_map() {
        for (address, expected) in [
            ("::ffff:127.0.0.1", None),
            ("::1", None),
            ("::ffff:10.0.0.1", Some("10.0.0.1")),
            ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::")),
        ] {
            let expected: Option<IpAddr> = expected.map(|text| text.parse().unwrap());
            assert_eq!(counted(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn a_newer_connection_takes_the_place_of_the_oldest_reserved_one() {
        let all = open(0, 0);
        let mut reserved: Vec<_> = (0..=RESERVED).map(|_| all.reserve()).collect();
        assert!(matches!(reserved[0].try_recv(), Err(oneshot::error::TryRecvError::Closed)));
        assert!(matches!(reserved[1].try_recv(), Err(oneshot::error::TryRecvError::Empty)));
        drop(reserved);
        let _one = all.reserve();
        assert_eq!(all.reserved.lock().unwrap().len(), 1);
    }
}

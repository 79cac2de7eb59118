//! Planner costs of statements that were asked for already.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use sha2::{Digest, Sha256};

use crate::compile::StatementDigest;
use martydb_model::hex;

/// Maximum number of costs; callers control how many there are.
const MAX_COSTS: usize = 2000;

/// Time after which a cost is asked for again, since tables grow.
const MAX_AGE: Duration = Duration::from_secs(300);

/// Digest of a login and the text of a statement, without values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ShapeKey([u8; 32]);

impl ShapeKey {
    /// Returns the key of a statement for a login.
    pub(super) fn new(login: Option<&str>, statement: StatementDigest) -> ShapeKey {
        let mut digest = Sha256::new();
        digest.update(statement.bytes());
        digest.update(login.unwrap_or_default());
        ShapeKey(digest.finalize().into())
    }

    /// Returns the key of a statement with values of this class.
    pub(super) fn with_values(
        login: Option<&str>,
        statement: StatementDigest,
        values: &[String],
    ) -> ShapeKey {
        let mut digest = Sha256::new();
        digest.update(ShapeKey::new(login, statement).0);
        values.iter().for_each(|value| add_class(&mut digest, value));
        ShapeKey(digest.finalize().into())
    }

    /// Returns its beginning in hexadecimal.
    pub(super) fn id(&self) -> String {
        hex::encode(&self.0[..6])
    }
}

/// Adds what the cost of a statement depends on most: the magnitude of a number, the month of a date, the beginning and the length of
/// another text. Values of one class share a cost; of others the planner is asked.
fn add_class(digest: &mut Sha256, value: &str) {
    digest.update([u8::try_from(value.len().checked_ilog2().unwrap_or(0)).unwrap_or(u8::MAX)]);
    if let Ok(number) = value.parse::<f64>() {
        let magnitude = number.abs().log2().floor().clamp(-1100.0, 1100.0) as i16;
        digest.update([u8::from(number < 0.0)]);
        digest.update(magnitude.to_be_bytes());
        return;
    }
    let bytes = value.as_bytes();
    let is_date = bytes.len() >= 10 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-';
    let is_uuid = bytes.len() == 36 && bytes[8] == b'-' && bytes[13] == b'-';
    let beginning = match (is_uuid, is_date) {
        (true, _) => 1,
        (_, true) => 7,
        _ => 3,
    };
    digest.update(&bytes[..bytes.len().min(beginning)]);
    digest.update([0xff]);
}

/// Costs by shape.
#[derive(Debug, Default)]
pub(super) struct CostCache(Mutex<HashMap<ShapeKey, (f64, Instant)>>);

impl CostCache {
    /// Returns a cost that is not too old.
    pub(super) fn get(&self, key: &ShapeKey, now: Instant) -> Option<f64> {
        let costs = self.0.lock();
        costs.get(key).filter(|(_, at)| now.saturating_duration_since(*at) < MAX_AGE).map(|(cost, _)| *cost)
    }

    /// Keeps a cost; a full cache loses the old ones, or all.
    pub(super) fn put(&self, key: ShapeKey, cost: f64, now: Instant) {
        let mut costs = self.0.lock();
        if costs.len() >= MAX_COSTS {
            costs.retain(|_, (_, at)| now.saturating_duration_since(*at) < MAX_AGE);
        }
        if costs.len() >= MAX_COSTS {
            costs.clear();
        }
        costs.insert(key, (cost, now));
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        self.0.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_differ_much_have_costs_of_their_own() {
        let of =
            |value: &str| ShapeKey::with_values(None, StatementDigest::new("SELECT $1"), &[value.to_owned()]);
        for (one, other) in [
            ("2", "100000000"),
            ("-5", "5"),
            ("0.001", "1"),
            ("1990-01-01", "2026-11-29"),
            ("2026-01-02T00:00:00Z", "2026-02-02T00:00:00Z"),
            ("a", "z"),
            ("%a%", "abc%"),
            ("00000000-0000-0000-0000-000000000000", "ffffffff-0000-0000-0000-000000000000"),
            ("{1,2}", "{1,2,3,4,5,6,7,8,9}"),
            ("", "x"),
            ("open", "openopenopen"),
        ] {
            assert!(of(one) != of(other), "{one} {other}");
        }
        for (one, other) in [
            ("70", "100"),
            ("7c9e6679-7425-40de-944b-e07fc1f90ae7", "7d9e6679-7425-40de-944b-e07fc1f90ae7"),
            ("2026-11-01", "2026-11-29"),
            ("customer 17", "customer 18"),
        ] {
            assert!(of(one) == of(other), "{one} {other}");
        }
    }

    #[test]
    fn costs_belong_to_a_login_grow_old_and_are_bounded() {
        let (costs, now) = (CostCache::default(), Instant::now());
        let of = |login, text: &str| ShapeKey::new(login, StatementDigest::new(text));
        let key = of(None, "SELECT 1");
        costs.put(key, 7.0, now);
        assert_eq!(costs.get(&key, now), Some(7.0));
        assert_eq!(costs.get(&of(Some("other"), "SELECT 1"), now), None);
        assert_eq!(costs.get(&key, now + MAX_AGE), None);
        for number in 0..2 * MAX_COSTS {
            costs.put(of(None, &number.to_string()), 1.0, now);
        }
        assert!(costs.0.lock().len() <= MAX_COSTS);
    }
}

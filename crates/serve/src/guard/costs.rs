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

    /// Returns its beginning in hexadecimal.
    pub(super) fn id(&self) -> String {
        hex::encode(&self.0[..6])
    }
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

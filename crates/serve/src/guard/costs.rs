//! Planner costs of statements that were asked for already.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use sha2::{Digest, Sha256};

use crate::compile::{CompiledStatement, StatementDigest};
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

    /// Returns the key of a statement with those of its values that its cost may depend on. Two that look alike may have costs that
    /// differ by all rows of a table: times in milliseconds of twenty years have one magnitude, and one customer of thousands has
    /// most orders.
    pub(super) fn with_values(login: Option<&str>, compiled: &CompiledStatement) -> ShapeKey {
        let mut digest = Sha256::new();
        digest.update(ShapeKey::new(login, compiled.digest()).0);
        for (number, value) in compiled.costed_values() {
            digest.update((number as u64).to_be_bytes());
            digest.update((value.len() as u64).to_be_bytes());
            digest.update(value);
        }
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
    use crate::generated::Choices;
    use martydb_model::sql::{Keyword, stmt};

    /// Costs of a statement with two values: rows of a range, rows of a key that most rows have, and rows of a beginning.
    fn costs(from: &str, to: &str) -> [u64; 3] {
        let number = |text: &str| text.parse::<u64>().unwrap_or(0);
        let range = number(to).saturating_sub(number(from));
        let common = if from.ends_with('7') { 1_000_000 } else { 1 };
        [range, common, 1_000_000 >> to.len()]
    }

    fn key(text: &'static str, values: &[String]) -> ShapeKey {
        let statement = stmt!("{text}", text = Keyword(text));
        ShapeKey::with_values(None, &CompiledStatement::new(statement, values.to_vec()))
    }

    #[test]
    fn a_known_cost_is_that_of_the_same_values() {
        let mut choices = Choices::new(9);
        let base = [0, 7, 60, 1 << 20, 1_764_400_000_000];
        let value = |choices: &mut Choices| {
            let number = base[choices.below(base.len())] + choices.below(1000);
            if choices.happens(4) { String::new() } else { number.to_string() }
        };
        let mut known: HashMap<[u8; 32], [u64; 3]> = HashMap::new();
        for _ in 0..20_000 {
            let values = [value(&mut choices), value(&mut choices)];
            let cost = costs(&values[0], &values[1]);
            let key = key("SELECT $1, $2", &values);
            let before = *known.entry(key.0).or_insert(cost);
            assert_eq!(before, cost, "{values:?} has the cost of other values");
        }
        let of = |values: [&str; 2]| key("SELECT", &values.map(str::to_owned));
        assert!(of(["ab", "c"]) != of(["a", "bc"]) && of(["", "a"]) != of(["a", ""]));
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

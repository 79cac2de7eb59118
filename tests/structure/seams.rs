//! The kind of a server is known to few: commands see changes, findings and logins.

use crate::facts::sources;

/// The only module that knows the crate of Redis.
const SEAM: &str = "martydb::commands::support::redis";

#[test]
fn one_module_knows_the_crate_of_redis() {
    let all = &sources().imports;
    let is_redis = |names: &[String]| names.first().is_some_and(|name| name == "martydb_redis");
    let into: Vec<String> = all
        .keys()
        .filter(|(from, to)| is_redis(to) && !is_redis(from))
        .map(|(from, _)| from.join("::"))
        .collect();
    assert!(!into.is_empty() && into.iter().all(|from| from == SEAM), "{into:#?}");
}

//! Use of a server as it is now: connected clients, and prefixes of its keys. Nothing is written, and a server in use is
//! not disturbed: keys are read in small steps with pauses, up to a limit.

use std::collections::BTreeMap;
use std::time::Duration;

use martydb_context::Context;
use martydb_manifest::RedisServer;
use martydb_model::error::Result;
use martydb_model::{RedisClients, RedisPrefix, RedisUse, ServiceName};

use crate::actual::RedisClient;
use crate::admin;
use crate::inspect;

/// Pause after each step: other clients are served in between.
const PAUSE: Duration = Duration::from_millis(2);

/// Most prefixes and groups of clients that are told apart: keys and names may be hostile.
const MOST_GROUPS: usize = 200;

/// Longest prefix: longer beginnings of keys are data.
const LONGEST_PREFIX: usize = 64;

/// Reads the use of a server.
///
/// # Errors
/// If the server cannot be reached or refuses the admin.
pub async fn discover(context: &Context, server: &RedisServer) -> Result<RedisUse> {
    let mut admin = admin::log_in(context, server).await?;
    let session = &mut admin.session;
    let mut found = RedisUse { clients: groups(inspect::clients(session).await?), ..RedisUse::default() };
    let mut prefixes = BTreeMap::new();
    found.complete = inspect::walk(session, PAUSE, |key| sort_in(key, &mut found, &mut prefixes)).await?;
    found.prefixes = prefixes.into_values().collect();
    found.prefixes.sort_by_key(|prefix| std::cmp::Reverse(prefix.keys));
    Ok(found)
}

fn sort_in(key: String, found: &mut RedisUse, prefixes: &mut BTreeMap<String, RedisPrefix>) {
    found.looked_at += 1;
    let is_full = prefixes.len() >= MOST_GROUPS;
    match prefix_of(&key).filter(|(prefix, _)| !is_full || prefixes.contains_key(*prefix)) {
        Some((prefix, service)) => {
            let new = || RedisPrefix { prefix: prefix.to_owned(), keys: 0, service };
            prefixes.entry(prefix.to_owned()).or_insert_with(new).keys += 1;
        }
        None => {
            found.others += 1;
            found.example.get_or_insert(key);
        }
    }
}

/// Returns the beginning of a key up to its first separator, if a service can have it, and the service's name.
fn prefix_of(key: &str) -> Option<(&str, ServiceName)> {
    let end = key.find([':', '/', '.']).filter(|end| *end < LONGEST_PREFIX)?;
    let name = key[..end].to_ascii_lowercase();
    Some((&key[..=end], ServiceName::new(&name).ok()?))
}

/// Groups connections, the largest group first.
fn groups(clients: Vec<RedisClient>) -> Vec<RedisClients> {
    let mut all: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for client in clients {
        let host = client.address.rsplit_once(':').map_or("", |(host, _)| host).to_owned();
        *all.entry((client.user, client.name, host)).or_default() += 1;
    }
    let group = |((user, name, host), count)| RedisClients { user, name, host, count };
    let mut all: Vec<RedisClients> = all.into_iter().map(group).collect();
    all.sort_by_key(|group| std::cmp::Reverse(group.count));
    all.truncate(MOST_GROUPS);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_with_the_first_separator_and_makes_the_name_of_a_service() {
        for (key, prefix, service) in
            [("csca:token:1", "csca:", "csca"), ("Trust/x", "Trust/", "trust"), ("a.b:c", "a.", "a")]
        {
            let (found, name) = prefix_of(key).unwrap();
            assert_eq!((found, name.as_str()), (prefix, service));
        }
        for key in ["plain", ":x", "\u{fffd}:x", "a b:c", "{tag}:x", "*:x"] {
            assert!(prefix_of(key).is_none(), "{key}");
        }
        assert!(prefix_of(&format!("{}:x", "a".repeat(100))).is_none());
    }

    #[test]
    fn hostile_keys_and_clients_make_no_more_groups_than_there_is_room_for() {
        let (mut found, mut prefixes) = (RedisUse::default(), BTreeMap::new());
        (0..1000).for_each(|n| sort_in(format!("p{n}:x"), &mut found, &mut prefixes));
        sort_in("p1:y".into(), &mut found, &mut prefixes);
        assert_eq!((prefixes.len(), found.others, prefixes["p1:"].keys), (MOST_GROUPS, 800, 2));
        let client = |n: usize| RedisClient {
            user: "default".into(),
            address: format!("10.0.0.1:{n}"),
            name: format!("worker-{}", n % 500),
        };
        let all = groups((0..1000).map(client).collect());
        assert_eq!((all.len(), all[0].count, all[0].host.as_str()), (MOST_GROUPS, 2, "10.0.0.1"));
    }
}

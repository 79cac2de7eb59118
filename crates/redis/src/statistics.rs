//! Statistics of a server for the monitor, as samples. Nothing is written.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::Value;

use martydb_context::Context;
use martydb_manifest::RedisServer;
use martydb_model::RoleKind;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::metrics::*;

use crate::actual::UserStorage;
use crate::admin;
use crate::desired::DesiredRedis;
use crate::inspect;
use crate::session::{Session, number, text};

/// Time limit of a server's answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Number of entries of the ACL log that are read: as many as it holds without a setting.
const MOST_ENTRIES: &str = "128";

/// Value of the label `role` for users that the manifest does not declare.
const OTHER: &str = "other";

/// Reasons of the ACL log (<https://redis.io/docs/latest/commands/acl-log/>).
const REASONS: [&str; 4] = ["auth", "channel", "command", "key"];

/// State of a server at one moment, as far as the monitor tells of it.
#[derive(Debug, Default)]
pub(crate) struct RedisStatistics {
    info: BTreeMap<String, String>,
    /// Connections by user.
    clients: BTreeMap<String, f64>,
    /// Refusals that the ACL log has, by user and reason.
    refusals: BTreeMap<(String, String), f64>,
    /// `true` if a restart would lose or change users.
    is_unsaved: bool,
}

/// Reads a server within a limited time. One that does not answer has a value of its own.
pub async fn measure(context: &Context, server: &RedisServer) -> ServerSamples {
    let declared: Vec<_> = context.manifest.redis.on(&server.name).collect();
    let own = Subject::server(&server.name);
    let subjects = [own.clone()].into_iter().chain(declared.iter().map(|one| one.subject())).collect();
    let slow = |_| Err(Error::new(Kind::Unreachable, format!("no answer within {} s", PATIENCE.as_secs())));
    let read = tokio::time::timeout(PATIENCE, read(context, server)).await.unwrap_or_else(slow);
    let is_up = !read.as_ref().is_err_and(|error| error.kind == Kind::Unreachable);
    let mut samples = vec![Sample::new(REDIS_UP, &own, f64::from(u8::from(is_up)))];
    let failure = match read {
        Err(error) => Some(error),
        Ok(statistics) => {
            let users = declared.iter().flat_map(|one| {
                RoleKind::APPLICATIONS.into_iter().map(|kind| (one.user(kind), one.subject()))
            });
            samples.extend(statistics.samples(&own, &users.collect()));
            None
        }
    };
    ServerSamples { samples, subjects, failure }
}

async fn read(context: &Context, server: &RedisServer) -> Result<RedisStatistics> {
    let declared = context.manifest.redis.on(&server.name).map(|one| one.service.clone());
    let desired = DesiredRedis::read(context, server, &declared.collect::<Vec<_>>()).await?;
    let session = &mut admin::log_in(context, &desired.server).await?.session;
    let info = session.demand(&["INFO"], "INFO").await?;
    let (storage, is_unsaved) = inspect::unsaved_state(session, &desired, &info).await?;
    Ok(RedisStatistics {
        info: pairs(&info),
        clients: clients(session).await?,
        refusals: refusals(&session.demand(&["ACL", "LOG", MOST_ENTRIES], "ACL LOG").await?),
        is_unsaved: is_unsaved || storage == UserStorage::None,
    })
}

fn pairs(info: &Value) -> BTreeMap<String, String> {
    let info = text(info).unwrap_or_default();
    let pairs = info.lines().filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

async fn clients(session: &mut Session) -> Result<BTreeMap<String, f64>> {
    let mut all = BTreeMap::new();
    for client in inspect::clients(session).await? {
        *all.entry(client.user).or_default() += 1.0;
    }
    Ok(all)
}

/// Counts the entries of `ACL LOG`, without those that the proof's own attempts at other prefixes leave.
fn refusals(log: &Value) -> BTreeMap<(String, String), f64> {
    let mut all = BTreeMap::new();
    let Value::Array(entries) = log else { return all };
    for entry in entries {
        let of = |name| inspect::field(entry, name);
        if of("object").and_then(text).unwrap_or_default().ends_with(crate::proof::PROBE) {
            continue;
        }
        let user = of("username").and_then(text).unwrap_or_default();
        let reason = of("reason").and_then(text).unwrap_or_default();
        let count = of("count").and_then(number).and_then(|count| u32::try_from(count).ok());
        *all.entry((user, reason)).or_default() += f64::from(count.unwrap_or(1));
    }
    all
}

impl RedisStatistics {
    fn number(&self, name: &str) -> Option<f64> {
        self.info.get(name)?.parse().ok()
    }

    fn word(&self, name: &str) -> &str {
        self.info.get(name).map_or("", String::as_str)
    }

    /// Returns the samples. `users` are the declared ones, with the services' subjects.
    fn samples(&self, server: &Subject, users: &BTreeMap<String, Subject>) -> Vec<Sample> {
        let mut all = self.of_server(server);
        let known = |user: &str| match users.get_key_value(user) {
            Some((user, subject)) => (subject.clone(), user.clone()),
            None => (server.clone(), OTHER.to_owned()),
        };
        // Missing counters are 0, so that the first event is an increase.
        let roles = users.keys().map(String::as_str).chain([OTHER]);
        let (mut clients, mut refusals) = (BTreeMap::new(), BTreeMap::new());
        for role in roles {
            clients.insert(known(role), 0.0);
            refusals.extend(REASONS.map(|reason| ((known(role), reason), 0.0)));
        }
        for (user, count) in &self.clients {
            *clients.entry(known(user)).or_default() += count;
        }
        for ((user, reason), count) in &self.refusals {
            // A reason of a later version.
            let reason = REASONS.into_iter().find(|known| known == reason).unwrap_or("command");
            *refusals.entry((known(user), reason)).or_default() += count;
        }
        let client = |((subject, role), count): (&(Subject, String), &f64)| {
            Sample::with(REDIS_CLIENTS, subject, [role], *count)
        };
        all.extend(clients.iter().map(client));
        let refusal = |(((subject, role), reason), count): (&((Subject, String), &str), &f64)| {
            Sample::with(REDIS_REFUSALS, subject, [role, reason], *count)
        };
        all.extend(refusals.iter().map(refusal));
        all
    }

    fn of_server(&self, server: &Subject) -> Vec<Sample> {
        let flag = |is: bool| Some(f64::from(u8::from(is)));
        let fails = |name| !matches!(self.word(name), "" | "ok");
        let keeps = self.word("aof_enabled") == "1";
        let labelled = [
            (REDIS_INFO, self.word("redis_version"), Some(1.0)),
            (
                REDIS_MEMORY_LIMIT,
                self.word("maxmemory_policy"),
                self.number("maxmemory").filter(|limit| *limit > 0.0),
            ),
        ];
        let plain = [
            (REDIS_MEMORY, self.number("used_memory")),
            (REDIS_EVICTIONS, self.number("evicted_keys")),
            (REDIS_UNSAVED, flag(self.is_unsaved)),
            (REDIS_SAVED, self.number("rdb_last_save_time")),
            (
                REDIS_SAVE_FAILS,
                flag(fails("rdb_last_bgsave_status") || keeps && fails("aof_last_write_status")),
            ),
        ];
        let labelled = labelled
            .into_iter()
            .filter_map(|(metric, label, value)| Some(Sample::with(metric, server, [label], value?)));
        let plain = plain.into_iter().filter_map(|(metric, value)| Some(Sample::new(metric, server, value?)));
        labelled.chain(plain).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(user: &str, reason: &str, object: &str, count: i64) -> Value {
        let word = |word: &str| Value::BulkString(word.as_bytes().to_vec());
        let pairs = [("count", Value::Int(count)), ("reason", word(reason)), ("object", word(object))];
        let pairs = pairs.into_iter().chain([("username", word(user))]);
        Value::Array(pairs.flat_map(|(name, value)| [word(name), value]).collect())
    }

    #[test]
    fn refusals_are_counted_by_user_and_those_of_the_proof_are_not() {
        let log = Value::Array(vec![
            entry("csca_app", "key", "pkd:token", 3),
            entry("csca_app", "key", "pkd:martydb-probe", 9),
            entry("unmanaged\n", "odd", "x", 1),
        ]);
        let server = Subject::server("cache");
        let service = Subject { service: "csca".into(), database: "csca:".into(), ..server.clone() };
        let statistics = RedisStatistics { refusals: refusals(&log), ..RedisStatistics::default() };
        let samples = statistics.samples(&server, &[("csca_app".to_owned(), service)].into());
        let value = |role: &str, reason: &str| {
            let of = samples.iter().filter(|sample| sample.metric == REDIS_REFUSALS);
            of.filter(|sample| sample.labels == [role, reason]).map(|sample| sample.value).sum::<f64>()
        };
        assert_eq!((value("csca_app", "key"), value("csca_app", "auth")), (3.0, 0.0));
        assert_eq!(value(OTHER, "command"), 1.0);
    }
}

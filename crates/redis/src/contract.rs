//! Contract of a service's users: commands that they may run, and the danger of those that they may not. Pure.
//!
//! The commands are named one by one. A category such as `@string` would admit commands that a later release adds.
//! `+@all -@dangerous`, as manuals show it, admits SCAN, FUNCTION LOAD and CLIENT TRACKING, which cross prefixes.

use std::collections::BTreeSet;

use martydb_manifest::{FURTHER_COMMANDS, RedisService};
use martydb_model::RoleKind;
use martydb_model::findings::Severity;

use crate::command::CommandSpec;

/// Commands of both users: reading, and the connection itself.
const READING: &str = "\
    auth bitcount bitfield_ro bitpos client|getname client|id client|setname dump echo exists expiretime \
    geodist geohash geopos georadius_ro georadiusbymember_ro geosearch get getbit getrange hello hexists \
    hget hgetall hkeys hlen hmget hrandfield hscan hstrlen hvals lcs lindex llen lpos lrange mget \
    pexpiretime pfcount ping pttl quit reset scard sdiff select sinter sintercard sismember smembers \
    smismember srandmember sscan strlen substr sunion touch ttl type xinfo|consumers xinfo|groups \
    xinfo|stream xlen xpending xrange xread xrevrange zcard zcount zdiff zinter zintercard zlexcount \
    zmscore zrandmember zrange zrangebylex zrangebyscore zrank zrevrange zrevrangebylex zrevrangebyscore \
    zrevrank zscan zscore zunion";

/// Commands of the app user beside [`READING`]: writing, messages and transactions.
const WRITING: &str = "\
    append bitfield bitop blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin copy decr decrby \
    del discard exec expire expireat geoadd georadius georadiusbymember geosearchstore getdel getex \
    getset hdel hincrby hincrbyfloat hmset hset hsetnx incr incrby incrbyfloat linsert lmove lmpop lpop \
    lpush lpushx lrem lset ltrim mset msetnx multi persist pexpire pexpireat pfadd pfmerge psetex \
    psubscribe publish punsubscribe rename renamenx rpop rpoplpush rpush rpushx sadd sdiffstore set \
    setbit setex setnx setrange sinterstore smove spop spublish srem ssubscribe subscribe sunionstore \
    sunsubscribe unlink unsubscribe unwatch watch xack xadd xautoclaim xclaim xdel xgroup|create \
    xgroup|createconsumer xgroup|delconsumer xgroup|destroy xgroup|help xgroup|setid xinfo|help \
    xreadgroup xsetid xtrim zadd zdiffstore zincrby zinterstore zmpop zpopmax zpopmin zrangestore zrem \
    zremrangebylex zremrangebyrank zremrangebyscore zunionstore";

/// Commands of the readonly user beside [`READING`].
const INSPECTING: &str = "\
    lolwut memory|usage object|encoding object|freq object|idletime object|refcount";

/// Commands of both users with `scripts: true`.
const SCRIPTS: &str = "eval evalsha eval_ro script|exists script|load";

/// Commands that take another service's data or the server, with the severity of a user that may run them. A row without
/// `|` is about all subcommands.
const DANGERS: &[(Severity, &str)] = &[
    (
        Severity::Critical,
        "acl config flushall flushdb function|delete function|flush function|load function|restore monitor psync replicaof \
         slaveof replconf sync swapdb shutdown failover save bgsave bgrewriteaof",
    ),
    (
        Severity::High,
        "client|kill client|tracking client|pause client|unblock migrate slowlog|get cluster script|kill function|kill",
    ),
    // A script or a function runs as long as it likes, whatever keys it names.
    (Severity::Medium, "eval eval_ro evalsha evalsha_ro fcall fcall_ro"),
    (Severity::Low, LOW),
];

/// Commands that tell or take little: counts, the server's clock, texts of help, states of the own connection. DUMP's
/// counterpart RESTORE, SORT and MOVE check their keys like any other command.
const LOW: &str = "\
    acl|cat acl|genpass acl|help acl|whoami asking client|caching client|getredir client|help client|info \
    client|no-touch client|reply client|setinfo client|trackinginfo cluster|help cluster|info cluster|keyslot cluster|myid \
    command config|help dbsize function|help function|stats info lastsave latency|help lolwut memory|help memory|usage \
    module|help module|list move object pubsub|help readonly readwrite restore restore-asking role script|exists script|help slowlog|help \
    slowlog|len sort sort_ro time wait waitaof pfdebug pfselftest";

/// Commands that the server's configuration closes unless it says otherwise, with the parameter that opens them.
/// <https://redis.io/docs/latest/operate/oss_and_stack/management/security/>
const CLOSED_BY: &[(&str, &str)] = &[
    ("debug", "enable-debug-command"),
    ("module|load", "enable-module-command"),
    ("module|loadex", "enable-module-command"),
    ("module|unload", "enable-module-command"),
];

/// Returns the names of the commands that a user may run.
pub fn commands(service: &RedisService, kind: RoleKind) -> BTreeSet<&'static str> {
    let own = if kind == RoleKind::App { WRITING } else { INSPECTING };
    let scripts = if service.scripts { SCRIPTS } else { "" };
    let fixed = [READING, own, scripts].into_iter().flat_map(str::split_ascii_whitespace);
    let further = FURTHER_COMMANDS.iter().map(|(name, _)| *name);
    fixed.chain(further.filter(|name| service.commands.contains(*name))).collect()
}

/// Returns `true` if the command writes keys, or channels.
pub fn writes(name: &str) -> bool {
    WRITING.split_ascii_whitespace().any(|one| one == name)
}

/// Returns `true` if some user of a service may run the command.
pub fn is_usual(name: &str) -> bool {
    [READING, WRITING, INSPECTING].into_iter().flat_map(str::split_ascii_whitespace).any(|one| one == name)
}

/// Returns the patterns of keys and channels of a user, as `ACL GETUSER` writes them.
pub fn patterns(service: &RedisService, kind: RoleKind) -> (Vec<String>, Vec<String>) {
    let prefix = &service.prefix;
    match kind {
        RoleKind::App => {
            let events = keyspace_channels(service).map(|channel| format!("&{channel}*"));
            (vec![format!("~{prefix}*")], [format!("&{prefix}*")].into_iter().chain(events).collect())
        }
        _ => (vec![format!("%R~{prefix}*")], vec![]),
    }
}

/// Returns the beginnings of the channels of its own keys' events. Those of `__keyevent` name the keys of all services. Each
/// database has one: a subscription to a pattern is allowed only if a user has exactly this pattern.
pub(crate) fn keyspace_channels(service: &RedisService) -> impl Iterator<Item = String> + '_ {
    service.keyspace_events.iter().map(|number| format!("__keyspace@{number}__:{}", service.prefix))
}

/// Returns the severity of a user that may run a command beyond its contract. A command that is unknown here and names
/// all its keys reaches no further than the user's patterns; one that does not is not understood.
pub(crate) fn danger(command: &CommandSpec, setting: impl Fn(&str) -> Option<String>) -> Severity {
    if let Some((_, parameter)) = CLOSED_BY.iter().find(|(name, _)| *name == command.name) {
        let closed = setting(parameter).is_some_and(|value| value == "no");
        return if closed { Severity::Low } else { Severity::High };
    }
    let row = |name: &str| {
        let mut rows = DANGERS.iter();
        rows.find(|(_, names)| names.split_ascii_whitespace().any(|one| one == name))
            .map(|(severity, _)| *severity)
    };
    let container = command.name.split('|').next().unwrap_or_default();
    row(&command.name).or_else(|| row(container)).unwrap_or(match command.checks_every_key() {
        true => Severity::Low,
        false => Severity::Medium,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::ServiceName;

    #[test]
    fn libraries_get_what_the_manifest_adds_and_never_what_stops_others() {
        let mut service = RedisService {
            service: ServiceName::new("q").unwrap(),
            server: "cache".into(),
            prefix: "q:".into(),
            scripts: true,
            commands: ["info".to_owned()].into(),
            keyspace_events: [0, 3].into(),
        };
        let all = commands(&service, RoleKind::App);
        assert!(["script|load", "script|exists", "info"].iter().all(|name| all.contains(name)));
        assert!(["script|flush", "script|kill", "time", "script"].iter().all(|name| !all.contains(name)));
        let (_, channels) = patterns(&service, RoleKind::App);
        assert_eq!(channels, ["&q:*", "&__keyspace@0__:q:*", "&__keyspace@3__:q:*"]);
        assert!(patterns(&service, RoleKind::Readonly).1.is_empty());
        service.scripts = false;
        assert!(!commands(&service, RoleKind::App).contains("script|load"));
    }

    #[test]
    fn no_command_is_in_two_lists() {
        let mut all: Vec<&str> = [READING, WRITING, INSPECTING, SCRIPTS]
            .into_iter()
            .flat_map(str::split_ascii_whitespace)
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        let dangers = DANGERS.iter().flat_map(|(_, names)| names.split_ascii_whitespace());
        let mut dangers: Vec<&str> = dangers.collect();
        let count = dangers.len();
        dangers.sort_unstable();
        dangers.dedup();
        assert_eq!(dangers.len(), count);
    }
}

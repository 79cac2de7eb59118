//! Reads the actual state of a server. Nothing is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use redis::Value;

use martydb_manifest::DEFAULT_USER;
use martydb_model::error::Result;
use martydb_os::read_named_text;

use crate::actual::{
    ActualRedis, ActualUser, KeysOutside, RedisClient, StoredForm, UserSelector, UserStorage,
};
use crate::admin::{AdminSession, version};
use crate::command::CommandSpec;
use crate::desired::DesiredRedis;
use crate::session::{Session, is_local, number, text, texts, words_of};

/// Extent of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InspectionDepth {
    /// Declared users, for a plan.
    Declared,
    /// All users, and what each reaches at every prefix.
    Everything,
}

/// Number of keys that are looked at for those outside every prefix, in steps of [`SCAN_STEP`].
const MOST_KEYS: usize = 100_000;
/// Steps after which the rest is left out: a server may answer with a cursor and no key for ever.
const MOST_STEPS: usize = 10_000;

const SCAN_STEP: &str = "1000";

pub async fn inspect(
    admin: &mut AdminSession,
    desired: &DesiredRedis,
    depth: InspectionDepth,
) -> Result<ActualRedis> {
    let session = &mut admin.session;
    let info = session.demand(&["INFO", "server"], "INFO").await?;
    let commands = CommandSpec::read_all(&session.demand(&["COMMAND"], "COMMAND").await?);
    let settings = settings(session).await?;
    let all = user_lines(session).await?;
    let is_read = |name: &String| {
        depth == InspectionDepth::Everything || desired.users.contains_key(name) || name == DEFAULT_USER
    };
    let mut users = BTreeMap::new();
    for name in all.keys().filter(|name| is_read(name)) {
        let answer = session.demand(&["ACL", "GETUSER", name], "ACL GETUSER").await?;
        users.insert(name.clone(), read_user(&answer));
    }
    // Marks of unfinished runs have no effects.
    let mark = desired.unsaved_mark();
    if all.contains_key(&mark) {
        users.entry(mark).or_default();
    }
    try_commands(session, &commands, desired, &mut users, depth).await?;
    let storage = storage(&info, &settings);
    let unsaved = unsaved(&info, &settings, storage, desired, &all);
    let default_is_on = users.get(DEFAULT_USER).is_some_and(|user| user.has("on"));
    let (clients, outside) = match default_is_on {
        true => (clients(session).await?, Some(keys_outside(session, &desired.prefixes()).await?)),
        false => (vec![], None),
    };
    let modules = match session.ask(&["MODULE".to_owned(), "LIST".to_owned()]).await? {
        Value::Array(all) => all.iter().filter(|module| !is_built_in(module)).count(),
        _ => 0,
    };
    Ok(ActualRedis {
        version: version(&info),
        commands,
        settings,
        modules,
        users,
        unsaved,
        storage,
        clients,
        outside,
    })
}

/// Returns `true` for a module that is part of the program, as Valkey's engine of scripts: its path is its name.
fn is_built_in(module: &Value) -> bool {
    let words = texts(module);
    let value = |key: &str| words.iter().position(|word| word == key).and_then(|at| words.get(at + 1));
    value("path").is_some_and(|path| value("name") == Some(path))
}

/// Returns the line of `ACL LIST` of each user.
async fn user_lines(session: &mut Session) -> Result<BTreeMap<String, String>> {
    let lines = texts(&session.demand(&["ACL", "LIST"], "ACL LIST").await?);
    Ok(lines.into_iter().filter_map(|line| Some((user_of(&line)?, line))).collect())
}

fn user_of(line: &str) -> Option<String> {
    line.strip_prefix("user ")?.split(' ').next().map(str::to_owned)
}

/// Settings that are read: all others decide nothing here.
const SETTINGS: &[&str] = &[
    "acl-pubsub-default", "aclfile", "bind", "dir", "enable-debug-command", "enable-module-command",
    "maxmemory", "maxmemory-policy", "notify-keyspace-events", "port", "protected-mode", "tls-auth-clients",
    "tls-port", "unixsocket", "unixsocketperm",
];

async fn settings(session: &mut Session) -> Result<BTreeMap<String, String>> {
    let words: Vec<&str> = ["CONFIG", "GET"].iter().chain(SETTINGS).copied().collect();
    let answer = session.demand(&words, "CONFIG GET").await?;
    Ok(texts(&answer).chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
}

/// Reads the answer of `ACL GETUSER`.
fn read_user(answer: &Value) -> ActualUser {
    let mut user = ActualUser::default();
    let Value::Array(cells) = answer else { return user };
    for pair in cells.chunks_exact(2) {
        match text(&pair[0]).as_deref() {
            Some("flags") => user.flags = texts(&pair[1]).into_iter().collect(),
            Some("passwords") => user.passwords = texts(&pair[1]).into_iter().collect(),
            Some("keys") => user.keys = patterns(&pair[1]),
            Some("channels") => user.channels = patterns(&pair[1]),
            Some("selectors") => user.selectors = selectors(&pair[1]),
            _ => {}
        }
    }
    user
}

/// Patterns contain no spaces.
fn patterns(value: &Value) -> Vec<String> {
    text(value).unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect()
}

/// Returns a value of an answer that consists of names and values.
pub fn field<'v>(answer: &'v Value, name: &str) -> Option<&'v Value> {
    let Value::Array(cells) = answer else { return None };
    let found = cells.chunks_exact(2).find(|pair| text(&pair[0]).as_deref() == Some(name));
    found.map(|pair| &pair[1])
}

fn selectors(value: &Value) -> Vec<UserSelector> {
    let Value::Array(all) = value else { return vec![] };
    let of = |key: &str, selector: &Value| field(selector, key).map_or_else(Vec::new, patterns);
    let one =
        |selector: &Value| UserSelector { keys: of("keys", selector), channels: of("channels", selector) };
    all.iter().map(one).collect()
}

/// Effect of one trial.
enum TrialEffect {
    Allowed,
    /// The user may run the command, on other keys.
    AllowedElsewhere,
    Denied,
    Unknown(String),
}

fn effect(answer: &Value) -> TrialEffect {
    let said = match answer {
        Value::ServerError(_) => words_of(answer).unwrap_or_default(),
        other => text(other).unwrap_or_default(),
    };
    match said.as_str() {
        "OK" => TrialEffect::Allowed,
        refused if refused.contains("no permissions to run") => TrialEffect::Denied,
        refused if refused.contains("no permissions to access") => TrialEffect::AllowedElsewhere,
        _ => TrialEffect::Unknown(said),
    }
}

/// Tries every command of the server for each user: at its own prefix, and at every other one.
async fn try_commands(
    session: &mut Session,
    commands: &[CommandSpec],
    desired: &DesiredRedis,
    users: &mut BTreeMap<String, ActualUser>,
    depth: InspectionDepth,
) -> Result<()> {
    let prefixes = desired.prefixes();
    for (name, user) in users.iter_mut() {
        let own =
            desired.users.get(name).map_or("martydb-probe:", |one| one.service.prefix.as_str()).to_owned();
        let trials: Vec<Vec<String>> = commands.iter().map(|command| command.trial(name, &own)).collect();
        for (command, answer) in commands.iter().zip(session.ask_all(&trials).await?) {
            match effect(&answer) {
                TrialEffect::Allowed => {
                    user.allowed.insert(command.name.clone());
                }
                TrialEffect::AllowedElsewhere => {
                    user.allowed.insert(command.name.clone());
                    user.idle.insert(command.name.clone());
                }
                TrialEffect::Denied => {}
                TrialEffect::Unknown(words) => drop(user.unknown.insert(command.name.clone(), words)),
            }
        }
        if depth == InspectionDepth::Declared {
            continue;
        }
        let targets: Vec<&CommandSpec> = commands
            .iter()
            .filter(|command| command.has_target() && user.allowed.contains(&command.name))
            .collect();
        for prefix in prefixes.iter().filter(|prefix| **prefix != own) {
            let trials: Vec<Vec<String>> =
                targets.iter().map(|command| command.trial(name, prefix)).collect();
            let answers = session.ask_all(&trials).await?;
            let allowed = targets
                .iter()
                .zip(answers)
                .filter(|(_, answer)| matches!(effect(answer), TrialEffect::Allowed));
            let reached: BTreeSet<String> = allowed.map(|(command, _)| command.name.clone()).collect();
            if !reached.is_empty() {
                user.reach.insert(prefix.clone(), reached);
            }
        }
    }
    Ok(())
}

fn info_value(info: &Value, key: &str) -> Option<String> {
    let info = text(info)?;
    let found = info.lines().find_map(|line| line.split_once(':').filter(|(name, _)| *name == key));
    found.map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn storage(info: &Value, settings: &BTreeMap<String, String>) -> UserStorage {
    match settings.get("aclfile").is_some_and(|file| !file.is_empty()) {
        true => UserStorage::AclFile,
        false if info_value(info, "config_file").is_some() => UserStorage::ConfigFile,
        false => UserStorage::None,
    }
}

/// Returns the declared users whose stored form differs, if the server is on this machine and its file can be read. Redis
/// itself does not tell.
fn unsaved(
    info: &Value,
    settings: &BTreeMap<String, String>,
    storage: UserStorage,
    desired: &DesiredRedis,
    all: &BTreeMap<String, String>,
) -> BTreeMap<String, StoredForm> {
    let setting = |name: &str| settings.get(name).cloned().unwrap_or_default();
    let file = match storage {
        UserStorage::AclFile => PathBuf::from(setting("dir")).join(setting("aclfile")),
        UserStorage::ConfigFile => PathBuf::from(info_value(info, "config_file").unwrap_or_default()),
        UserStorage::None => return BTreeMap::new(),
    };
    let Some(stored) = stored_lines(desired, &file) else { return BTreeMap::new() };
    let declared = desired.users.keys().map(String::as_str);
    let declared = declared.chain([DEFAULT_USER, desired.server.own_admin.as_str()]);
    let form = |name: &str| match stored.get(name) {
        None => all.contains_key(name).then_some(StoredForm::Missing),
        Some(line) => all.get(name).filter(|own| lasting(own) != lasting(line)).map(|_| StoredForm::Other),
    };
    declared.filter_map(|name| Some((name.to_owned(), form(name)?))).collect()
}

/// Returns the parts of a user's line that the server does not rewrite when it starts: all but the commands.
fn lasting(line: &str) -> BTreeSet<&str> {
    let is_command = |part: &&str| part.trim_start_matches('(').starts_with(['+', '-']);
    line.split(' ').filter(|part| !is_command(part)).collect()
}

fn stored_lines(desired: &DesiredRedis, file: &Path) -> Option<BTreeMap<String, String>> {
    let text = is_local(&desired.server.host).then(|| read_named_text(file).ok())??;
    Some(text.lines().filter_map(|line| Some((user_of(line)?, line.to_owned()))).collect())
}

/// Returns how the server keeps its users, and `true` if a restart would lose or change one: a run was killed before it
/// saved, or the stored form differs.
pub(crate) async fn unsaved_state(
    session: &mut Session,
    desired: &DesiredRedis,
    info: &Value,
) -> Result<(UserStorage, bool)> {
    let settings = settings(session).await?;
    let all = user_lines(session).await?;
    let storage = storage(info, &settings);
    let is_marked = all.contains_key(&desired.unsaved_mark());
    Ok((storage, is_marked || !unsaved(info, &settings, storage, desired, &all).is_empty()))
}

/// Returns every connection but this one.
pub async fn clients(session: &mut Session) -> Result<Vec<RedisClient>> {
    let own = number(&session.demand(&["CLIENT", "ID"], "CLIENT ID").await?).unwrap_or_default();
    let listed = session.demand(&["CLIENT", "LIST"], "CLIENT LIST").await?;
    let value = |line: &str, key: &str| {
        let found = line.split(' ').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        found.unwrap_or_default().to_owned()
    };
    let listed = text(&listed).unwrap_or_default();
    let others = listed.lines().filter(|line| value(line, "id") != own.to_string());
    Ok(others
        .map(|line| RedisClient {
            user: value(line, "user"),
            address: value(line, "addr"),
            name: value(line, "name"),
        })
        .collect())
}

/// Returns the numbers of the databases with keys.
pub async fn databases(session: &mut Session) -> Result<Vec<String>> {
    let keyspace = session.demand(&["INFO", "keyspace"], "INFO").await?;
    let keyspace = text(&keyspace).unwrap_or_default();
    let names = keyspace.lines().filter_map(|line| line.strip_prefix("db")?.split(':').next());
    Ok(names.map(str::to_owned).collect())
}

/// Counts keys outside every prefix in all databases, up to [`MOST_KEYS`] keys.
async fn keys_outside(session: &mut Session, prefixes: &[String]) -> Result<KeysOutside> {
    let mut found = KeysOutside::default();
    let take = |key: String| {
        if !prefixes.iter().any(|prefix| key.starts_with(prefix)) {
            found.count += 1;
            found.example.get_or_insert(key);
        }
    };
    found.is_complete = walk(session, Duration::ZERO, take).await?;
    Ok(found)
}

/// Hands over the keys of all databases, with a pause after each step, and returns `true` if these were all: about
/// 100,000 keys are read at most, in 10,000 steps at most.
pub async fn walk(session: &mut Session, pause: Duration, mut take: impl FnMut(String)) -> Result<bool> {
    let (mut keys, mut steps) = (0, 0);
    let mut is_complete = true;
    for database in databases(session).await? {
        session.demand(&["SELECT", &database], "SELECT").await?;
        let mut cursor = "0".to_owned();
        while is_complete {
            let (next, found) = scan(session, &cursor, "*").await?;
            (keys, steps) = (keys + found.len(), steps + 1);
            found.into_iter().for_each(&mut take);
            if next == "0" {
                break;
            }
            is_complete = keys < MOST_KEYS && steps < MOST_STEPS;
            cursor = next;
            tokio::time::sleep(pause).await;
        }
    }
    session.demand(&["SELECT", "0"], "SELECT").await?;
    Ok(is_complete)
}

/// Returns the next cursor, `0` at the end, and some keys.
pub(crate) async fn scan(
    session: &mut Session,
    cursor: &str,
    pattern: &str,
) -> Result<(String, Vec<String>)> {
    let answer = session.demand(&["SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_STEP], "SCAN").await?;
    let Value::Array(cells) = answer else { return Ok(("0".into(), vec![])) };
    let next = cells.first().and_then(text).unwrap_or_else(|| "0".into());
    Ok((next, cells.get(1).map(texts).unwrap_or_default()))
}

//! Difference between the desired and the actual state of a server, as steps. Pure.

use std::collections::BTreeSet;

use martydb_manifest::DEFAULT_USER;
use martydb_model::ServiceName;
use martydb_model::units::{counted, first_of};
use martydb_plan::{PrivilegeGap, Risk, Verb};

use crate::actual::{ActualRedis, ActualUser, KeysOutside, UserStorage};
use crate::contract;
use crate::desired::{DesiredRedis, DesiredUser};

/// Plan of one server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedisPlan {
    pub steps: Vec<RedisStep>,
    pub limits: Vec<PrivilegeGap>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisStep {
    /// Service of the step; `None` for the server as a whole.
    pub service: Option<ServiceName>,
    /// Prefix of the service's keys.
    pub prefix: Option<String>,
    pub action: RedisAction,
    /// Desired and actual state, for people.
    pub reason: String,
    pub risk: Risk,
    /// Commands, without hashes of passwords.
    pub commands: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisAction {
    /// Makes martydb's own admin.
    MakeAdmin(String),
    MakeUser(String),
    ChangeUser(String),
    DropUser(String),
    DropKeys(String),
    CloseDefault,
    Save,
}

impl RedisAction {
    pub fn verb(&self) -> Verb {
        match self {
            RedisAction::MakeAdmin(_) | RedisAction::MakeUser(_) => Verb::Create,
            RedisAction::ChangeUser(_) | RedisAction::CloseDefault | RedisAction::Save => Verb::Alter,
            RedisAction::DropUser(_) | RedisAction::DropKeys(_) => Verb::Drop,
        }
    }

    pub fn object(&self) -> String {
        match self {
            RedisAction::MakeAdmin(user)
            | RedisAction::MakeUser(user)
            | RedisAction::ChangeUser(user)
            | RedisAction::DropUser(user) => format!("user {user}"),
            RedisAction::CloseDefault => format!("user {DEFAULT_USER}"),
            RedisAction::DropKeys(prefix) => format!("keys {prefix}*"),
            RedisAction::Save => "saved users".into(),
        }
    }
}

/// Rules of martydb's own admin, without its password.
pub(crate) const ADMIN_RULES: [&str; 3] = ["~*", "&*", "+@all"];

/// Text of a password's hash in a shown command.
const REDACTED: &str = "#…";

/// Compares the states. `user` is the user of the admin's session.
pub fn diff(desired: &DesiredRedis, actual: &ActualRedis, user: &str) -> RedisPlan {
    let mut steps = vec![];
    if user == DEFAULT_USER {
        steps.push(make_admin(desired));
    }
    steps.extend(desired.users.values().filter_map(|one| user_step(desired, actual, one)));
    steps.extend(close_default(actual));
    steps.extend(save(desired, actual, !steps.is_empty()));
    let mut limits = vec![];
    if actual.storage == UserStorage::None && !desired.users.is_empty() {
        let why = "it was started with neither an aclfile nor a configuration file: a restart loses them";
        let mut gap =
            PrivilegeGap::without_grant(&desired.server.name, None, "save the users".into(), why.into());
        gap.grant = Some("start it with `aclfile /path/to/users.acl`".into());
        limits.push(gap);
    }
    RedisPlan { steps, limits }
}

fn make_admin(desired: &DesiredRedis) -> RedisStep {
    let name = desired.server.own_admin.to_string();
    let words = ["ACL SETUSER", &name, "reset on", REDACTED];
    RedisStep {
        service: None,
        prefix: None,
        commands: vec![words.iter().chain(&ADMIN_RULES).copied().collect::<Vec<_>>().join(" ")],
        reason: format!(
            "the url logs in as {DEFAULT_USER}, which is every client's user: martydb gets one of its own"
        ),
        action: RedisAction::MakeAdmin(name),
        risk: Risk::Safe,
    }
}

/// Returns the rules of a user, without its passwords. `known` are the commands of the server.
pub fn rules(desired: &DesiredRedis, actual: &ActualRedis, user: &DesiredUser) -> Vec<String> {
    let (keys, channels) = contract::patterns(&user.service, user.kind);
    let commands = desired.commands(user, actual.commands.iter().map(|command| command.name.as_str()));
    let fixed = ["sanitize-payload", "resetkeys"].map(str::to_owned);
    let closed = ["resetchannels".to_owned()];
    let none = ["-@all".to_owned()];
    let allowed = commands.into_iter().map(|command| format!("+{command}"));
    fixed.into_iter().chain(keys).chain(closed).chain(channels).chain(none).chain(allowed).collect()
}

fn user_step(desired: &DesiredRedis, actual: &ActualRedis, user: &DesiredUser) -> Option<RedisStep> {
    let name = user.name();
    let words = format!("ACL SETUSER {name} reset on {REDACTED} {}", rules(desired, actual, user).join(" "));
    let step = |action, reason, risk| RedisStep {
        service: Some(user.service.service.clone()),
        prefix: Some(user.service.prefix.clone()),
        action,
        reason,
        risk,
        commands: vec![words],
    };
    let Some(found) = actual.users.get(&name) else {
        return Some(step(RedisAction::MakeUser(name), "it does not exist".into(), Risk::Safe));
    };
    let declared = desired.commands(user, actual.commands.iter().map(|command| command.name.as_str()));
    let differences = differences(user, found, &declared);
    let risk = differences.iter().map(|(_, risk)| *risk).max()?;
    let reasons: Vec<String> = differences.into_iter().map(|(reason, _)| reason).collect();
    Some(step(RedisAction::ChangeUser(name), reasons.join("; "), risk))
}

/// Number of commands and patterns that one reason names.
const MAX_NAMED: usize = 8;

fn differences(user: &DesiredUser, found: &ActualUser, declared: &BTreeSet<String>) -> Vec<(String, Risk)> {
    let mut all: Vec<(String, Risk)> = vec![];
    let mut differs = |reason: String, risk| all.push((reason, risk));
    if user.passwords.is_empty() {
        differs("the secret store has no password for it".into(), Risk::Destructive);
    } else if found.has("nopass") {
        differs("it accepts any password".into(), Risk::Safe);
    } else {
        let unknown = found.passwords.difference(&user.passwords).count();
        if unknown > 0 {
            differs(
                format!("it has {} that the secret store does not have", counted(unknown, "password")),
                Risk::Caution,
            );
        }
        if !user.passwords.is_subset(&found.passwords) {
            differs("it does not have the stored password".into(), Risk::Caution);
        }
    }
    if !found.has("on") {
        differs("it is off".into(), Risk::Safe);
    }
    if found.has("skip-sanitize-payload") {
        differs("it skips the check of what RESTORE reads".into(), Risk::Safe);
    }
    if !found.selectors.is_empty() {
        differs(format!("it has {}", counted(found.selectors.len(), "selector")), Risk::Safe);
    }
    let (keys, channels) = contract::patterns(&user.service, user.kind);
    for (what, declared, found) in [("keys", keys, &found.keys), ("channels", channels, &found.channels)] {
        if declared != *found {
            let found = if found.is_empty() { "none".to_owned() } else { first_of(found, MAX_NAMED) };
            differs(format!("its {what} are {found}"), Risk::Safe);
        }
    }
    let beyond: Vec<&String> = found.allowed.difference(declared).collect();
    if !beyond.is_empty() {
        differs(format!("it may run {}", first_of(&beyond, MAX_NAMED)), Risk::Safe);
    }
    let lacking: Vec<&String> = declared.difference(&found.allowed).collect();
    if !lacking.is_empty() {
        differs(format!("it may not run {}", first_of(&lacking, MAX_NAMED)), Risk::Safe);
    }
    all
}

/// Number of clients that a reason names.
const CLIENTS: usize = 5;

fn close_default(actual: &ActualRedis) -> Option<RedisStep> {
    let found = actual.users.get(DEFAULT_USER).filter(|user| user.has("on"))?;
    let how = if found.has("nopass") { "it is on, without a password" } else { "it is on" };
    let users = in_use(actual);
    let reason = if users.is_empty() { how.to_owned() } else { format!("{how}; {}", users.join("; ")) };
    Some(RedisStep {
        service: None,
        prefix: None,
        action: RedisAction::CloseDefault,
        reason,
        risk: if users.is_empty() { Risk::Caution } else { Risk::Destructive },
        commands: vec![format!("ACL SETUSER {DEFAULT_USER} off")],
    })
}

/// Returns what speaks against switching `default` off: clients that use it, and keys that no service declares.
pub fn in_use(actual: &ActualRedis) -> Vec<String> {
    let clients = actual.clients.iter().filter(|client| client.user == DEFAULT_USER);
    let clients: Vec<String> = clients
        .map(|client| match client.name.as_str() {
            "" => client.address.clone(),
            name => format!("{name} ({})", client.address),
        })
        .collect();
    let mut all = vec![];
    if !clients.is_empty() {
        let count = counted(clients.len(), "client");
        all.push(format!("{count} connected as it: {}", first_of(&clients, CLIENTS)));
    }
    if let Some(KeysOutside { count, is_complete, example }) =
        actual.outside.as_ref().filter(|one| one.count > 0)
    {
        let (least, example) =
            (if *is_complete { "" } else { "at least " }, example.clone().unwrap_or_default());
        all.push(format!("{least}{} outside every prefix, such as {example}", counted(*count, "key")));
    }
    all
}

fn save(desired: &DesiredRedis, actual: &ActualRedis, changes: bool) -> Option<RedisStep> {
    let command = save_command(actual.storage)?;
    let interrupted = actual.users.contains_key(&desired.unsaved_mark());
    let unsaved: Vec<&String> = actual.unsaved.keys().collect();
    let reason = match (interrupted, unsaved.is_empty(), changes) {
        (true, _, _) => "a run ended before it saved the users: a restart would lose its changes".into(),
        (_, false, _) => format!("a restart would lose or change {}", first_of(&unsaved, MAX_NAMED)),
        (_, _, true) => "a restart would lose the changes".into(),
        _ => return None,
    };
    let risk = Risk::Safe;
    let commands = vec![command.to_owned()];
    Some(RedisStep { service: None, prefix: None, action: RedisAction::Save, reason, risk, commands })
}

/// Returns `true` if a restart would change nothing, as far as is known.
pub(crate) fn is_saved(desired: &DesiredRedis, actual: &ActualRedis) -> bool {
    actual.unsaved.is_empty() && !actual.users.contains_key(&desired.unsaved_mark())
}

/// Returns the command that saves the users.
pub fn save_command(storage: UserStorage) -> Option<&'static str> {
    match storage {
        UserStorage::AclFile => Some("ACL SAVE"),
        UserStorage::ConfigFile => Some("CONFIG REWRITE"),
        UserStorage::None => None,
    }
}

impl RedisStep {
    /// Returns the user whose password is replaced because the secret store has lost it.
    pub fn replaces_password(&self) -> Option<&str> {
        match &self.action {
            RedisAction::ChangeUser(user) if self.risk == Risk::Destructive => Some(user),
            _ => None,
        }
    }

    /// Returns `true` for switching `default` off while it is in use, which cuts off clients.
    pub fn cuts_off_clients(&self) -> bool {
        self.action == RedisAction::CloseDefault && self.risk == Risk::Destructive
    }
}

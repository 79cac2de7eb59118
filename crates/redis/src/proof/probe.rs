//! Logins of users at prefixes. Writes are queued in a transaction that is discarded: the server checks permissions when
//! it queues a command, and executes none of them.

use std::time::Duration;

use redis::Value;

use martydb_context::Context;
use martydb_manifest::RedisService;
use martydb_model::RoleKind;
use martydb_model::error::Result;
use martydb_secrets::{self as secrets, CredentialKey, Secrets};

use crate::actual::ActualRedis;
use crate::desired::{DesiredRedis, DesiredUser};
use crate::session::{RedisLogin, Session, words_of};

/// Attempts of one user.
pub(crate) struct UserAttempts {
    pub user: String,
    pub service: RedisService,
    /// Refusal of the login, or the reason why it was not tried.
    pub refused: Option<String>,
    /// Prefixes in the order of the services, with the answer at each.
    pub answers: Vec<(String, PrefixAnswer)>,
    /// `true` if a wrong password was accepted.
    pub takes_any_password: bool,
}

/// Answer to commands on the keys and channels of one prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PrefixAnswer {
    /// All commands were refused for lack of permission.
    Denied,
    /// These commands were accepted.
    Accepted(Vec<&'static str>),
    Unclear(String),
}

/// Suffix of the keys and channels of probes: none of a service is likely to have it.
pub(crate) const PROBE: &str = "martydb-probe";

pub(crate) async fn attempt(
    context: &Context,
    desired: &DesiredRedis,
    actual: &ActualRedis,
) -> Result<Vec<UserAttempts>> {
    let keys: Vec<CredentialKey> = desired.users.values().map(|user| user.key.clone()).collect();
    let stored = context.store.read_present(&keys).await?;
    let mut all = vec![];
    for service in &desired.services {
        let users = desired.users.values().filter(|user| user.service.service == service.service);
        for user in users.filter(|user| actual.users.contains_key(&user.name())) {
            all.push(attempt_user(desired, user, &stored).await?);
        }
    }
    Ok(all)
}

async fn attempt_user(desired: &DesiredRedis, user: &DesiredUser, stored: &Secrets) -> Result<UserAttempts> {
    let name = user.name();
    let wrong = Session::log_in(&desired.server, &name, &secrets::password()?).await?;
    let mut attempts = UserAttempts {
        service: user.service.clone(),
        refused: None,
        answers: vec![],
        takes_any_password: matches!(wrong, RedisLogin::Accepted(_)),
        user: name,
    };
    match stored.current(&user.key.server, &user.key.role) {
        None => attempts.refused = Some("the secret store has no password for it".into()),
        Some((_, password)) => match Session::log_in(&desired.server, &attempts.user, password).await? {
            RedisLogin::Refused(why) => attempts.refused = Some(why),
            RedisLogin::Accepted(session) => {
                attempts.answers = answers(session, user.kind, &desired.prefixes()).await?;
            }
        },
    }
    Ok(attempts)
}

async fn answers(
    mut session: Session,
    kind: RoleKind,
    prefixes: &[String],
) -> Result<Vec<(String, PrefixAnswer)>> {
    let queues = kind == RoleKind::App && words_of(&session.ask(&["MULTI".to_owned()]).await?).is_none();
    let commands: &[&'static str] = if queues { &["GET", "SET", "PUBLISH"] } else { &["GET"] };
    let words = |command: &str, prefix: &String| {
        let target = format!("{prefix}{PROBE}");
        let rest = if command == "GET" { vec![] } else { vec!["x".to_owned()] };
        [command.to_owned(), target].into_iter().chain(rest).collect::<Vec<String>>()
    };
    let all: Vec<Vec<String>> = prefixes
        .iter()
        .flat_map(|prefix| commands.iter().map(move |command| words(command, prefix)))
        .collect();
    let answers = session.ask_all(&all).await?;
    if queues {
        session.ask(&["DISCARD".to_owned()]).await?;
    }
    let each = answers.chunks(commands.len()).map(|answers| together(commands, answers));
    Ok(prefixes.iter().cloned().zip(each).collect())
}

fn together(commands: &[&'static str], answers: &[Value]) -> PrefixAnswer {
    let (mut accepted, mut unclear) = (vec![], None);
    for (command, answer) in commands.iter().zip(answers) {
        match answer {
            Value::ServerError(error) if error.code() == "NOPERM" => {}
            Value::ServerError(_) => unclear = words_of(answer),
            _ => accepted.push(*command),
        }
    }
    match (accepted.is_empty(), unclear) {
        (false, _) => PrefixAnswer::Accepted(accepted),
        (true, Some(words)) => PrefixAnswer::Unclear(words),
        (true, None) => PrefixAnswer::Denied,
    }
}

/// Login of a user at its own prefix, for `test-connections`.
pub struct TriedLogin {
    pub service: RedisService,
    pub user: String,
    /// Latency of a round trip, or the reason of a failure; a refusal of the login is marked.
    pub outcome: std::result::Result<Duration, (bool, String)>,
}

/// Logs in as every user of the chosen services.
pub async fn own_logins(context: &Context, desired: &DesiredRedis) -> Result<Vec<TriedLogin>> {
    let keys: Vec<CredentialKey> = desired.users.values().map(|user| user.key.clone()).collect();
    let stored = context.store.read_present(&keys).await?;
    let mut all = vec![];
    for user in desired.users.values() {
        let outcome = match stored.current(&user.key.server, &user.key.role) {
            None => Err((true, "the secret store has no password for it".to_owned())),
            Some((_, password)) => match Session::log_in(&desired.server, &user.name(), password).await {
                Ok(RedisLogin::Accepted(mut session)) => {
                    session.ping().await.map_err(|error| (false, error.to_string()))
                }
                Ok(RedisLogin::Refused(why)) => Err((true, why)),
                Err(error) => Err((false, error.to_string())),
            },
        };
        all.push(TriedLogin { service: user.service.clone(), user: user.name(), outcome });
    }
    Ok(all)
}

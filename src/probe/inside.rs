//! What each login can really do inside its own database, found out in a session of its own.
//!
//! Rights are asked of the server (`has_…_privilege`), which takes no lock and calls nothing that a tenant made;
//! statements are run only where they must be refused, in a transaction that is rolled back, and not at all where an
//! event trigger would run. Either is enough for a breach. The session's settings are pinned at its start, where they
//! win over those that a role may put on itself.

mod ask;
mod judge;
mod table;

use futures_util::stream::{self, StreamExt};

use super::matrix::{Place, Probe};
use super::run::{Seen, patiently};
use super::task::{ProbeLogin, Task};
use super::trials::Tried;
use super::verdict::Verdict;
use crate::error::Error;
use crate::model::{ActualServer, DesiredServer, RoleKind};
use crate::sql::Statement;
use crate::stmt;
use crate::wire::{Address, Answer, Attempt, Credentials, Outcome, Request};
use ask::Depth;
use judge::judge;
use table::{DEEDS, Deed};

/// What the probes inside stand on.
pub struct Inside<'a> {
    /// Logins.
    pub task: &'a Task,
    /// How their controls went.
    pub seen: &'a [Seen],
    /// What the manifest wants.
    pub desired: &'a DesiredServer,
    /// What the catalogue says.
    pub server: &'a ActualServer,
    /// Whether DDL in that database would call a function of somebody's.
    pub hooked: &'a (dyn Fn(&str) -> bool + Sync),
}

/// One login in its own database.
pub struct Insider<'a> {
    /// The login.
    pub login: &'a ProbeLogin,
    /// The server's major version.
    pub major: u32,
    /// Schemas in which it must not make anything: those that the manifest declares, and `public`.
    pub schemas: Vec<String>,
    /// Its service's owner.
    pub owner: String,
    /// Roles that it is meant to be able to become.
    pub own: Vec<String>,
    /// Roles that it must not become, one of each sort: its service's, and another's.
    pub strange: Vec<String>,
    /// Every role of every service.
    pub managed: &'a [String],
    /// Whether DDL would call a function of somebody's.
    pub hooked: bool,
}

/// One question or deed on its way: what it is called, and what is sent.
struct Deeds {
    rows: Vec<(&'static Deed, Statement)>,
}

/// Every login whose password is known and works.
pub async fn try_inside(inside: &Inside<'_>) -> Tried {
    let managed = managed(inside);
    let working = inside.task.logins.iter().zip(inside.seen);
    let working: Vec<&ProbeLogin> = working
        .filter(|(login, seen)| login.password.is_some() && matches!(seen.control.outcome, Outcome::LetIn(_)))
        .map(|(login, _)| login)
        .collect();
    let address = match Address::resolve(&inside.task.endpoint).await {
        Ok(address) => address,
        Err(error) => return unasked(inside.task, &working, &error),
    };
    let all: Vec<Tried> = stream::iter(working)
        .map(|login| async {
            let insider = insider(inside, login, &managed);
            let deeds = deeds(&insider);
            let mut found = attempt(inside.task, &address, &insider, &deeds, Depth::What).await;
            if holds_something(&found) {
                found = attempt(inside.task, &address, &insider, &deeds, Depth::Why).await;
            }
            judge(inside.task, &insider, &deeds, &found)
        })
        .buffered(inside.task.concurrency.max(1))
        .collect()
        .await;
    let mut tried = Tried::default();
    all.into_iter().for_each(|one| tried.extend(one));
    tried
}

/// One probe for each login that could not be asked, so that its silence is not taken for a good answer.
fn unasked(task: &Task, logins: &[&ProbeLogin], error: &Error) -> Tried {
    let probe = |login: &&ProbeLogin| Probe {
        service: login.service.to_string(),
        role: login.role.to_string(),
        server: task.server.clone(),
        database: login.database.to_string(),
        outcome: Verdict::Inconclusive,
        sqlstate: None,
        why: Some(error.to_string()),
        way: Some("what it may do inside".into()),
        place: Place::Own,
        found: None,
        connections: 0,
    };
    Tried { probes: logins.iter().map(probe).collect(), ..Tried::default() }
}

/// Every role of every service that exists, twins included.
fn managed(inside: &Inside<'_>) -> Vec<String> {
    let roles = inside.desired.services.values().flat_map(|service| service.roles.values());
    let with_twin = roles.flat_map(|role| [role.to_string(), format!("{role}{}", crate::TWIN_SUFFIX)]);
    let exists = |name: &String| inside.server.roles.keys().any(|role| role.as_str() == name);
    with_twin.filter(exists).collect()
}

fn insider<'a>(inside: &Inside<'a>, login: &'a ProbeLogin, managed: &'a [String]) -> Insider<'a> {
    let service = &inside.desired.services[&login.service];
    let mut schemas: Vec<String> = service.schemas.iter().map(ToString::to_string).collect();
    if !schemas.iter().any(|schema| schema == "public") {
        schemas.push("public".into());
    }
    // A twin is a member of the login that it takes turns with.
    let mut own = vec![login.role.to_string(), service.role(login.kind).to_string()];
    match login.kind {
        RoleKind::Migrator => own.push(service.role(RoleKind::Owner).to_string()),
        // The way down is no gain.
        RoleKind::App => own.push(service.role(RoleKind::Readonly).to_string()),
        RoleKind::Owner | RoleKind::Readonly => {}
    }
    let of = |service: &crate::model::DesiredService| {
        [RoleKind::Owner, RoleKind::App].map(|kind| service.role(kind).to_string())
    };
    let other = inside.desired.services.values().find(|other| other.name != service.name);
    let strange = of(service).into_iter().chain(other.into_iter().flat_map(of));
    Insider {
        login,
        major: inside.server.major(),
        schemas,
        owner: service.role(RoleKind::Owner).to_string(),
        strange: strange.filter(|role| !own.contains(role)).collect(),
        own,
        managed,
        hooked: (inside.hooked)(login.database.as_str()),
    }
}

fn deeds(insider: &Insider<'_>) -> Deeds {
    let due = |deed: &&Deed| deed.by.contains(&insider.login.kind) && !(deed.ddl && insider.hooked);
    let made = DEEDS
        .iter()
        .filter(due)
        .flat_map(|deed| (deed.make)(insider).into_iter().map(move |statement| (deed, statement)));
    Deeds { rows: made.collect() }
}

/// Settings that the session must have, whatever its role or database were given: `-c name=value`. What a newer major
/// added is sent to it only.
const PINNED: &[(u32, &str)] = &[
    (0, "role=none"),
    (0, "search_path=pg_catalog"),
    (0, "statement_timeout=60s"),
    (0, "lock_timeout=2s"),
    (0, "idle_in_transaction_session_timeout=60s"),
    (14, "idle_session_timeout=0"),
    (17, "transaction_timeout=0"),
    (0, "default_transaction_read_only=off"),
    (0, "default_tablespace="),
    (0, "temp_tablespaces="),
    (0, "default_table_access_method=heap"),
    (0, "exit_on_error=off"),
    (0, "quote_all_identifiers=off"),
    // The question is long and its work is little: compiling it would take seconds.
    (0, "jit=off"),
];

fn pinned(major: u32) -> String {
    let due = PINNED.iter().filter(|(since, _)| major >= *since);
    due.map(|(_, setting)| format!("-c {setting}")).collect::<Vec<_>>().join(" ")
}

/// The question whether we are alone, the one about rights, and the deeds, each of them undone before the next.
async fn attempt(
    task: &Task,
    address: &Address,
    insider: &Insider<'_>,
    deeds: &Deeds,
    depth: Depth,
) -> Attempt {
    let mut queries = vec![ask::alone(), ask::held(insider, depth), stmt!("BEGIN; SAVEPOINT before")];
    for (_, deed) in &deeds.rows {
        queries.push(stmt!("ROLLBACK TO SAVEPOINT before; {deed}", deed = deed));
    }
    queries.push(stmt!("ROLLBACK"));
    let options = pinned(insider.major);
    let request = Request {
        database: insider.login.database.as_str(),
        parameters: &[("options", &options)],
        queries: &queries,
        timeout: task.timeout.max(std::time::Duration::from_secs(60)),
    };
    let mut credentials = Credentials::new(insider.login.login());
    patiently(address, &mut credentials, &request).await
}

/// Whether a right was found that has to be explained.
fn holds_something(attempt: &Attempt) -> bool {
    let Outcome::LetIn(session) = &attempt.outcome else { return false };
    matches!(session.answers.get(1), Some(Answer::Rows(rows)) if !rows.is_empty())
}

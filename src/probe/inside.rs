//! What each login can really do inside its own database, found out in a session of its own.
//!
//! Rights are asked of the server (`has_…_privilege`), which takes no lock and calls nothing that a tenant made;
//! statements are run only where they must be refused, in a transaction that is rolled back, and not at all where an
//! event trigger would run. Either is enough for a breach. The session's settings are pinned at its start, where they
//! win over those that a role may put on itself.

mod ask;
mod table;

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};

use super::finding::{Finding, Key, Source, listed};
use super::login::{Address, Answer, Attempt, Credentials, Outcome, Request};
use super::matrix::{Place, Probe};
use super::run::{Seen, patiently};
use super::task::{ProbeLogin, Task};
use super::trials::Tried;
use super::verdict::Verdict;
use crate::audit::facts;
use crate::audit::kinds::IN_DATABASE;
use crate::audit::{privilege, revoke, revoke_option};
use crate::model::{ActualServer, DesiredServer, RoleKind};
use crate::probe::Severity;
use crate::sql::{Qualified, ServerText, Statement};
use crate::stmt;
use ask::{Depth, Held};
use table::{Class, DEEDS, Deed, RIGHTS};

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
    let Ok(address) = Address::resolve(&inside.task.endpoint).await else { return Tried::default() };
    let working = inside.task.logins.iter().zip(inside.seen);
    let working: Vec<&ProbeLogin> = working
        .filter(|(login, seen)| login.password.is_some() && matches!(seen.control.outcome, Outcome::LetIn(_)))
        .map(|(login, _)| login)
        .collect();
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
    if login.kind == RoleKind::Migrator {
        own.push(service.role(RoleKind::Owner).to_string());
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

/// What one row of a table came to.
struct Told {
    what: String,
    /// The right behind it: one that is told already is not told again.
    takes: &'static str,
    verdict: Verdict,
    sqlstate: Option<String>,
    why: Option<String>,
    severity: Severity,
    close: Vec<Statement>,
}

fn judge(task: &Task, insider: &Insider<'_>, deeds: &Deeds, attempt: &Attempt) -> Tried {
    let told = match &attempt.outcome {
        Outcome::LetIn(session) => match session.answers.as_slice() {
            [alone, held, _, done @ .., _] if done.len() == deeds.rows.len() => match is_alone(alone) {
                Ok(()) => rights(insider, held).into_iter().chain(done_deeds(deeds, done)).collect(),
                Err(why) => nothing(why),
            },
            _ => nothing("the session ended before it had answered".into()),
        },
        Outcome::Refused(refused) => {
            nothing(format!("a session with pinned settings was refused: {refused}"))
        }
        Outcome::Broken(broken) => nothing(broken.why.clone()),
    };
    let mut tried = Tried::default();
    let mut known: BTreeMap<&str, Key> = BTreeMap::new();
    for one in told {
        let mut probe = probe(task, insider, attempt, &one);
        if one.verdict == Verdict::Breach {
            let key = known.entry(one.takes).or_insert_with(|| {
                let finding = finding(task, insider, &one);
                let key = finding.key();
                tried.findings.push(finding);
                key
            });
            probe.found = Some(key.clone());
        }
        tried.probes.push(probe);
    }
    tried
}

/// The whole table, unproven.
fn nothing(why: String) -> Vec<Told> {
    vec![Told {
        what: "everything".into(),
        takes: "",
        verdict: Verdict::Inconclusive,
        sqlstate: None,
        why: Some(why),
        severity: IN_DATABASE.severity,
        close: vec![],
    }]
}

fn is_alone(answer: &Answer) -> Result<(), String> {
    match answer {
        Answer::Rows(rows) if rows.first().is_some_and(|row| row == &[Some("true".into())]) => Ok(()),
        Answer::Rows(_) => {
            Err("the session did not start as its login with the search path that was asked for: \
            look for login event triggers"
                .into())
        }
        Answer::Refused(refused) => {
            Err(format!("the server would not say as whom the session started: {refused}"))
        }
    }
}

fn rights(insider: &Insider<'_>, answer: &Answer) -> Vec<Told> {
    let asked = ask::applicable(insider);
    let rows = match answer {
        Answer::Rows(rows) => rows.iter().map(|row| Held::read(row)).collect::<Option<Vec<Held>>>(),
        Answer::Refused(_) => None,
    };
    let Some(rows) = rows else {
        let why = match answer {
            Answer::Refused(refused) => format!("the server would not tell of rights: {refused}"),
            Answer::Rows(_) => "the server's answer makes no sense".into(),
        };
        return nothing(why);
    };
    let mut held: BTreeMap<usize, Vec<Held>> = BTreeMap::new();
    for row in rows {
        held.entry(row.right).or_default().push(row);
    }
    // A superuser has every right: that alone is worth telling.
    let almighty = |at: usize| RIGHTS[at].class == Class::Attributes;
    let superuser =
        held.iter().any(|(at, rows)| almighty(*at) && rows.iter().any(|row| row.object == ask::SUPERUSER));
    let due = asked.into_iter().filter(|at| !superuser || almighty(*at));
    due.map(|at| one_right(insider, at, held.get(&at).map_or(&[], Vec::as_slice))).collect()
}

fn one_right(insider: &Insider<'_>, at: usize, held: &[Held]) -> Told {
    let row = &RIGHTS[at];
    let mut objects: Vec<&str> = held.iter().map(|held| held.object.as_str()).collect();
    objects.dedup();
    let close: BTreeMap<String, Statement> = held
        .iter()
        .filter_map(|held| close(insider, row.class, row.asked, held))
        .map(|statement| (statement.to_string(), statement))
        .collect();
    let (verdict, why) = match objects.is_empty() {
        true => (Verdict::Denied, None),
        false => (Verdict::Breach, Some(format!("the server says that it may: {}", listed(&objects)))),
    };
    Told {
        what: row.what.into(),
        takes: row.what,
        verdict,
        sqlstate: None,
        why,
        severity: row.severity,
        close: close.into_values().collect(),
    }
}

/// The statement that takes one right away, where an entry of an ACL, a membership or an attribute explains it.
fn close(insider: &Insider<'_>, class: Class, asked: &str, held: &Held) -> Option<Statement> {
    let role = || Qualified(vec![insider.login.role.to_string()]);
    let target = held.on.clone()?;
    let grantor = held.grantor.clone();
    let membership = |words: ServerText| {
        let group = Qualified(vec![target.clone()]);
        // Before 16 there is one row, whoever granted it.
        let by = match grantor.clone().filter(|_| insider.major >= 16) {
            Some(grantor) => stmt!(" GRANTED BY {by}", by = Qualified(vec![grantor])),
            None => stmt!(""),
        };
        stmt!("REVOKE {words}{group} FROM {role}{by}", words = words, group = group, role = role(), by = by)
    };
    match class {
        Class::Roles => Some(membership(ServerText(String::new()))),
        Class::RoleAdmin => Some(membership(ServerText("ADMIN OPTION FOR ".into()))),
        Class::Attributes => {
            Some(stmt!("ALTER ROLE {role} NO{word}", role = role(), word = privilege(&target)))
        }
        _ => {
            let right = facts::Right {
                grantee: held.grantee.clone(),
                grantor: grantor?,
                privilege: held.privilege.clone()?,
                grantable: false,
            };
            let owner = held.owner.clone().unwrap_or_default();
            Some(match asked.contains("GRANT OPTION") {
                true => revoke_option(&right, held.column.as_deref(), &target, &owner),
                false => revoke(&right, held.column.as_deref(), &target, &owner),
            })
        }
    }
}

fn done_deeds<'a>(deeds: &'a Deeds, answers: &'a [Answer]) -> impl Iterator<Item = Told> + 'a {
    deeds.rows.iter().zip(answers).map(|((deed, statement), answer)| {
        let (verdict, sqlstate, why) = match answer {
            Answer::Rows(_) => {
                (Verdict::Breach, None, Some(format!("{statement} was done, and rolled back")))
            }
            Answer::Refused(refused) => {
                let state = refused.sqlstate.clone();
                match state.as_str() {
                    "42501" => (Verdict::Denied, Some(state), None),
                    // Nothing can be made in a schema that does not exist, and nobody become who does not.
                    "3F000" | "22023" => (Verdict::Denied, Some(state), Some(refused.to_string())),
                    _ => (
                        Verdict::Inconclusive,
                        Some(state),
                        Some(format!("{statement} met an answer that proves nothing: {refused}")),
                    ),
                }
            }
        };
        Told {
            what: format!("{} (tried: {statement})", deed.what),
            takes: deed.takes,
            verdict,
            sqlstate,
            why,
            severity: deed.severity,
            close: vec![],
        }
    })
}

fn probe(task: &Task, insider: &Insider<'_>, attempt: &Attempt, told: &Told) -> Probe {
    let login = insider.login;
    Probe {
        service: login.service.to_string(),
        role: login.role.to_string(),
        server: task.server.clone(),
        database: login.database.to_string(),
        outcome: told.verdict,
        sqlstate: told.sqlstate.clone(),
        why: told.why.clone(),
        way: Some(format!("inside: {}", told.what)),
        place: Place::Own,
        found: None,
        connections: attempt.connections,
    }
}

fn finding(task: &Task, insider: &Insider<'_>, told: &Told) -> Finding {
    let login = insider.login;
    Finding {
        id: IN_DATABASE.id,
        severity: told.severity,
        kind: Source::Probe,
        service: Some(login.service.to_string()),
        role: login.role.to_string(),
        server: task.server.clone(),
        database: Some(login.database.to_string()),
        object: Some(told.what.clone()),
        evidence: format!("as {}: {}", login.role, told.why.as_deref().unwrap_or_default()),
        fix: None,
        close: vec![],
    }
    .closed_by(told.close.clone())
}

//! First stage: all I/O of a verification, one server at a time.

use super::extent::{SettledExtent, settle};
use super::extra_probes::{self, ProbeContext};
use super::listeners::{ServerSettings, listeners, loopback};
use super::observations::{ComparedPasswords, Extent, Observations, ServerContext};
use super::privileges;
use super::visits;
use crate::probe::{self, AccessPolicy, LoginAttempts, ProbeDatabase, Task, quickest};
use crate::proof::passwords::alternates::open_alternates;
use crate::proof::passwords::password_audit::known_passwords;
use martydb_apply::scratch;
use martydb_catalog as catalog;
use martydb_catalog::{NotExamined, Unread};
use martydb_context::Context;
use martydb_model::error::Result;
use martydb_model::sqlstate;
use martydb_model::{ActualServer, DatabaseKind, DesiredServer, DesiredService};
use martydb_pg::server::{Access, Endpoint, Host};
use martydb_pg::wire::{Outcome, Stage};

/// Makes the attempts of `extent`. `at` is the replica to which `app` connects in place of the server.
///
/// # Errors
/// If the server cannot be reached, or the admin cannot read its catalogs.
pub(crate) async fn observe(
    app: &Context,
    server: &str,
    services: &[DesiredService],
    extent: Extent,
    at: Option<&str>,
) -> Result<Observations> {
    let (access, mut context) = server_context(app, server, services).await?;
    context.at = at.map(str::to_owned);
    if extent == Extent::Gentle {
        (context.task.concurrency, context.task.most) = (1, 1);
    }
    let SettledExtent { extent, coverage, note } = settle(&mut context, extent)?;
    let found = first_logins(&mut context, extent).await?;
    if let Some(quickest) = quickest(&found.attempts) {
        context.task.concurrency = context.task.in_flight(quickest);
    }
    let ServerContext { task, catalog, .. } = &context;
    let attempts = found.attempts;
    let known_passwords = compared_passwords(&context, &attempts, extent).await;
    // All other observations depend on these positive controls.
    if attempts.is_empty() {
        return Ok(Observations::without_logins(context, coverage, known_passwords, found.notes));
    }
    let (hba, admin) = (catalog.hba.as_deref(), access.admin.role.as_str());
    let settings = ServerSettings { settings: &catalog.state.parameters.settings, hba, admin };
    let (listeners, mut not_examined) = listeners(task, &settings).await?;
    not_examined.extend(found.notes.into_iter().chain(note));
    let surroundings = ProbeContext {
        task,
        attempts: &attempts,
        listeners: &listeners,
        hba,
        admin: (admin, &access.maintenance),
        walsenders: settings.walsenders(),
        extent,
    };
    let extra = extra_probes::observe(&surroundings).await;
    let sessions = match extent {
        // Each session tries statements that must be rejected.
        Extent::Gentle => vec![],
        // Privileges are replayed, and a standby takes no statement that would show them.
        _ if context.is_replaying() => vec![],
        _ => privileges::observe(&context, &attempts, &listeners[0].address).await,
    };
    not_examined.extend(left_out(extent, server));
    let visits = visits::observe(app, &context, services, extent).await?;
    let others = attempts.iter().flat_map(|login| login.others.iter().map(|(_, attempt)| attempt));
    let met = others.chain(extra.iter().map(|(_, met)| met)).chain(sessions.iter().map(|(_, met)| met));
    if met.map(|attempt| &attempt.outcome).any(is_lost) {
        access.check_alive().await?;
    }
    let none = Observations::without_logins(context, coverage, known_passwords, not_examined);
    Ok(Observations { attempts, listeners, extra, sessions, visits, ..none })
}

/// Compares passwords. Each verifier costs thousands of rounds of hashing, so this is skipped if only the catalogs
/// are read, and at a standby, which has those of its primary.
async fn compared_passwords(
    context: &ServerContext,
    attempts: &[LoginAttempts],
    extent: Extent,
) -> Result<ComparedPasswords> {
    if extent == Extent::None || context.is_replaying() {
        Ok(ComparedPasswords::default())
    } else {
        known_passwords(context, attempts).await
    }
}

/// Number of concurrent attempts over the slowest link.
const MOST_IN_FLIGHT: usize = 128;

/// Returns the note on checks that gentle probes leave to the audit of the catalogs.
fn left_out(extent: Extent, server: &str) -> Option<NotExamined> {
    let what = format!("wrong passwords, and statements that must be refused, on server {server}");
    (extent == Extent::Gentle).then(|| NotExamined::new(what, "--probes gentle tries none"))
}

pub(crate) async fn server_context(
    context: &Context,
    server: &str,
    services: &[DesiredService],
) -> Result<(Access, ServerContext)> {
    let access = context.admin(server).await?;
    let here: Vec<DesiredService> =
        services.iter().filter(|service| service.server == access.server).cloned().collect();
    let desired = context.manifest.desired(server);
    let secrets = context.all_secrets(&desired, &here).await?;
    let mut task = Task::new(&access, &desired, &here, &secrets, context.jobs.count);
    let catalog = catalog::snapshot(&access, &desired, &task.stored_passwords()).await?;
    task.databases = databases(&desired, &catalog.actual);
    let capacity = &catalog.actual.capacity;
    task.concurrency = capacity.share(context.jobs.count.max(8), 1);
    task.most = capacity.share(MOST_IN_FLIGHT, 2);
    let alternates = open_alternates(context, &task, &catalog.actual).await?;
    Ok((access, ServerContext { at: None, task, desired, catalog, alternates }))
}

fn databases(desired: &DesiredServer, actual: &ActualServer) -> Vec<ProbeDatabase> {
    let scratch = scratch::of_trusted(actual);
    let probed = actual.databases.iter().filter(|(name, _)| !scratch.contains(name));
    let found = probed.map(|(name, found)| {
        let kind = DatabaseKind::classify(name.as_str(), desired, actual);
        let shared = matches!(kind, DatabaseKind::Maintenance | DatabaseKind::Template);
        let left_open = shared && !desired.close_maintenance;
        let policy = if left_open { AccessPolicy::LeftOpen } else { AccessPolicy::Closed };
        ProbeDatabase { name: name.clone(), allow_connections: found.allow_connections, kind, policy }
    });
    found.collect()
}

struct FirstLogins {
    /// Attempts; empty if no logins were tried or none can prove anything.
    pub attempts: Vec<LoginAttempts>,
    pub notes: Vec<NotExamined>,
}

/// Tries the logins. If the socket rejects every login by operating system account, the same server's TCP address
/// is tried; if that works, the task uses it from then on.
async fn first_logins(context: &mut ServerContext, extent: Extent) -> Result<FirstLogins> {
    if extent == Extent::None {
        return Ok(FirstLogins { attempts: vec![], notes: standby_note(context).into_iter().collect() });
    }
    if let Some(unread) = standby(context) {
        context.catalog.unread.push(unread);
        return Ok(FirstLogins { attempts: vec![], notes: vec![] });
    }
    let attempts = matrix(&context.task, extent).await?;
    if !asks_for_account(&context.task.endpoint, &attempts) {
        return Ok(FirstLogins { attempts, notes: vec![] });
    }
    let socket = context.task.endpoint.to_string();
    for endpoint in loopback(&context.task.endpoint, &context.catalog.state.parameters.settings) {
        let task = Task { endpoint, ..context.task.clone() };
        let Ok(attempts) = matrix(&task, extent).await else { continue };
        if attempts.iter().any(LoginAttempts::logged_in) {
            let what = format!("what the logins of the services can reach at {socket}");
            let why = format!(
                "pg_hba.conf asks there for the account of the operating system, so they were tried at {} instead: \
                 name that address in the manifest",
                task.endpoint
            );
            context.task = task;
            return Ok(FirstLogins { attempts, notes: vec![NotExamined::new(what, why)] });
        }
    }
    context.catalog.unread.push(Unread {
        what: "what the logins of the services can reach".into(),
        why: format!(
            "pg_hba.conf asks at {socket} for the account of the operating system, and the services log in with \
             passwords: put a host address into the server's url, such as 127.0.0.1, and give it a line with scram-sha-256"
        ),
        ..of_server(context)
    });
    Ok(FirstLogins { attempts: vec![], notes: vec![] })
}

async fn matrix(task: &Task, extent: Extent) -> Result<Vec<LoginAttempts>> {
    match extent {
        Extent::None => Ok(vec![]),
        _ => probe::try_all(task).await,
    }
}

/// Returns `true` if a socket rejected every login by a method that asks for no password.
fn asks_for_account(endpoint: &Endpoint, attempts: &[LoginAttempts]) -> bool {
    let by_account = |outcome: &Outcome| {
        matches!(outcome, Outcome::Rejected(refused) if refused.sqlstate == sqlstate::INVALID_AUTHORIZATION
            && refused.routine.as_deref() == Some("auth_failed"))
    };
    let is_socket = matches!(endpoint.host, Host::Socket(_));
    is_socket && !attempts.is_empty() && attempts.iter().all(|login| by_account(&login.control.outcome))
}

/// Returns `true` if an attempt ended because the server was gone.
fn is_lost(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Failed(broken) => {
            matches!(broken.stage, Stage::Reach | Stage::Speak | Stage::Wait | Stage::NotTried)
        }
        Outcome::Rejected(refused) => refused.sqlstate.starts_with("57P"),
        Outcome::Accepted(_) => false,
    }
}

const STANDBY: &str =
    "the server is a standby (it is in recovery) and takes no writes: name the primary in the manifest";

fn standby(context: &ServerContext) -> Option<Unread> {
    let what = "what the logins of the services can do".into();
    let alone = context.catalog.actual.standby && context.at.is_none();
    alone.then(|| Unread { what, why: STANDBY.into(), ..of_server(context) })
}

/// Notes that a standby has the catalogs of its primary, but a pg_hba.conf of its own.
fn standby_note(context: &ServerContext) -> Option<NotExamined> {
    let note = || NotExamined::new("the settings and pg_hba.conf of the primary", STANDBY);
    (context.catalog.actual.standby && context.at.is_none()).then(note)
}

fn of_server(context: &ServerContext) -> Unread {
    let server = context.task.server.clone();
    Unread { service: None, server, at: None, database: None, what: String::new(), why: String::new() }
}

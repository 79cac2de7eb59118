//! `verify-isolation`: every login of every service at every database of its server, and what the catalogues give.

mod accept;
mod close;
mod document;
mod formats;
mod overlap;
mod report;

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use futures_util::future::join_all;

use super::probing::{Prepared, prepare};
use crate::audit::facts::{EventTrigger, Facts};
use crate::audit::{self, NotExamined, Unread};
use crate::error::Result;
use crate::flags::Select;
use crate::model::{ActualServer, DesiredServer, DesiredService, RoleKind};
use crate::probe::{
    self, DatabaseKind, Door, Extent, Finding, Inside, Known, Matrix, ProbeDatabase, Says, Scene, Seen,
    Severity, Task,
};
use crate::report::Report;
use crate::run::Run;
use crate::server::Access;
use crate::server::inspect;

pub use document::{Accepted, Body, Document, Failed, Printed, ServerError, json_schema};
pub use report::{Checked, VerifyReport};

/// Flags of `verify-isolation`.
#[derive(Debug, Default, Args)]
pub struct Arguments {
    /// The services whose logins are tried.
    #[command(flatten)]
    pub select: Select,
    /// How the result is printed; wins over --output.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// How many logins are tried: all, each at one foreign database, or none.
    #[arg(long, value_enum, default_value = "full", value_name = "HOW")]
    pub probes: Probes,
    /// Try every login at every database on every address, with and without its password, and for replication.
    #[arg(long)]
    pub exhaustive: bool,
    /// Report findings of this severity and above only.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub min_severity: Option<Severity>,
    /// Report findings with this id only; may be repeated.
    #[arg(long, value_name = "ID")]
    pub only: Vec<String>,
    /// Accept the findings of this file, an earlier result as JSON.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<std::path::PathBuf>,
    /// Close the findings of medium and above that a statement closes, after asking, and look again.
    #[arg(long)]
    pub fix: bool,
    /// End sessions that outlived a revoke, after asking, and look again.
    #[arg(long)]
    pub terminate: bool,
    /// Show what --fix and --terminate would do, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Exit with 4 if anything could not be looked at.
    #[arg(long)]
    pub strict: bool,
}

impl Arguments {
    fn extent(&self) -> Extent {
        match (self.exhaustive, self.probes) {
            (true, _) => Extent::Exhaustive,
            (false, Probes::Full) => Extent::Full,
            (false, _) => Extent::Sample,
        }
    }
}

/// How the result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// JUnit's XML: one test case for each probe and finding.
    Junit,
    /// For a job's summary.
    Markdown,
}

/// How many logins are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Probes {
    /// Every login at every database.
    #[default]
    Full,
    /// Every login at its own database and one foreign one.
    Sample,
    /// None: the catalogues alone.
    None,
}

/// Tries and judges.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    accept::check(arguments)?;
    let services = run.readable(&arguments.select)?;
    let mut report = verify_with(run, arguments, &services).await?;
    accept::narrow(run, arguments, &mut report)?;
    let closing = close::plan(arguments, &report);
    if arguments.dry_run || closing.is_empty() {
        report.changes = closing.changes();
        return Ok(Box::new(report));
    }
    let closed = close::carry_out(run, &services, closing).await?;
    report = verify_with(run, arguments, &services).await?;
    accept::narrow(run, arguments, &mut report)?;
    report.closed(closed);
    Ok(Box::new(report))
}

/// The part that `init-all` shares.
pub async fn verify_services(run: &Run, services: &[DesiredService]) -> Result<VerifyReport> {
    let arguments = Arguments::default();
    let mut report = verify_with(run, &arguments, services).await?;
    accept::narrow(run, &arguments, &mut report)?;
    Ok(report)
}

async fn verify_with(run: &Run, arguments: &Arguments, services: &[DesiredService]) -> Result<VerifyReport> {
    let mut report = VerifyReport::new(arguments);
    let servers = run.servers_of(services);
    let all = join_all(servers.iter().map(|server| verify_server(run, arguments, server, services))).await;
    for (server, verified) in servers.into_iter().zip(all) {
        match verified {
            Ok(checked) => report.checked.push(checked),
            Err(error) => report.failed.push((server, error)),
        }
    }
    Ok(report)
}

async fn verify_server(
    run: &Run,
    arguments: &Arguments,
    server: &str,
    services: &[DesiredService],
) -> Result<Checked> {
    let Prepared { access, mut task } = prepare(run, run.admin(server).await?, services).await?;
    let actual = inspect::inspect_cluster(&access).await?;
    let desired = run.manifest.desired(server);
    let facts = audit::look(&access, &desired, &actual, &|text| holds_password(&task, text)).await?;
    task.databases = databases(run, server, &actual);
    let capacity = actual.capacity;
    task.concurrency =
        probe::within_limits(run.jobs.max(8), capacity.max_connections, capacity.reserved, capacity.in_use);
    let seen = match arguments.probes {
        Probes::None => vec![],
        Probes::Full => probe::try_all(&task, probe::unwatched()).await?,
        Probes::Sample => probe::try_sample(&task, probe::unwatched()).await?,
    };
    let mut matrix = probe::judge(&task, &seen, Some(&actual));
    let around = Surroundings { desired: &desired, facts: &facts, access: &access, actual: &actual };
    let missed = beside(arguments, &around, &task, &seen, &mut matrix).await?;
    let mut found = audited(&desired, &actual, &facts, &task);
    let mut unread = facts.unread.clone();
    match probe::known_elsewhere(&task, &seen, &desired, &actual, facts.kept.as_ref()).await {
        Ok(known) => found.extend(known),
        Err(error) => unread.push(Unread {
            service: None,
            server: server.to_owned(),
            database: None,
            what: "whether others know the passwords that the server keeps".into(),
            why: error.to_string(),
        }),
    }
    let chosen = |finding: &Finding| {
        finding
            .service
            .as_ref()
            .is_none_or(|name| services.iter().any(|service| service.name.as_str() == name))
    };
    let found = found.into_iter().filter(chosen).collect();
    let mut not_examined = facts.not_examined;
    not_examined.extend(missed);
    let absent = absent(services.iter().filter(|service| service.server == server), &actual);
    Ok(Checked::new(server, matrix, found, not_examined).unread(unread).absent(absent))
}

/// Services that `apply` has not made, or not wholly.
fn absent<'a>(services: impl Iterator<Item = &'a DesiredService>, actual: &ActualServer) -> Vec<String> {
    let is_there = |service: &DesiredService| {
        let mut logins = RoleKind::LOGINS.into_iter().map(|kind| service.role(kind));
        actual.databases.contains_key(&service.database) && logins.all(|role| actual.roles.contains_key(role))
    };
    services.filter(|service| !is_there(service)).map(|service| service.name.to_string()).collect()
}

fn audited(desired: &DesiredServer, actual: &ActualServer, facts: &Facts, task: &Task) -> Vec<Finding> {
    audit::audit(desired, actual, facts, &|text| holds_password(task, text))
}

/// What the catalogues show of one server now, nothing narrowed: what is still there to be closed.
async fn audit_again(
    run: &Run,
    server: &str,
    services: &[DesiredService],
) -> Result<(ActualServer, Vec<Finding>)> {
    let Prepared { access, task } = prepare(run, run.admin(server).await?, services).await?;
    let actual = inspect::inspect_cluster(&access).await?;
    let desired = run.manifest.desired(server);
    let facts = audit::look(&access, &desired, &actual, &|text| holds_password(&task, text)).await?;
    let found = audited(&desired, &actual, &facts, &task);
    Ok((actual, found))
}

/// What the probes beside the matrix need to know of a server.
struct Surroundings<'a> {
    desired: &'a DesiredServer,
    facts: &'a Facts,
    access: &'a Access,
    actual: &'a ActualServer,
}

/// Everything beside the matrix; returns what cannot be reached from here. Without the matrix there are no controls,
/// and so nothing to stand on.
async fn beside(
    arguments: &Arguments,
    around: &Surroundings<'_>,
    task: &Task,
    seen: &[Seen],
    matrix: &mut Matrix,
) -> Result<Vec<NotExamined>> {
    if seen.is_empty() {
        return Ok(vec![]);
    }
    let Facts { hba, cluster, .. } = around.facts;
    let (hba, admin) = (hba.as_deref(), around.access.admin.role.as_str());
    let says = Says { settings: &cluster.settings, hba, admin };
    let (listeners, mut missed) = probe::listeners(task, &says).await?;
    let known = Known { server: around.actual, hba, side: listeners[0].side };
    missed.extend(probe::simulate(matrix, task, &known));
    let scene = Scene {
        task,
        seen,
        matrix: &matrix.matrix,
        listeners: &listeners,
        hba,
        admin: (admin, &around.access.maintenance),
        server: Some(around.actual),
        walsenders: walsenders(&cluster.settings),
        extent: arguments.extent(),
    };
    let tried = probe::try_trials(&scene).await;
    let hooked = |database: &str| hooked(around.facts, database);
    let inside = Inside { task, seen, desired: around.desired, server: around.actual, hooked: &hooked };
    matrix.add(tried);
    let mut within = probe::try_inside(&inside).await;
    missed.append(&mut within.missed);
    matrix.add(within);
    Ok(missed)
}

/// Half of the replication connections that there are: standbys and backups need the others.
fn walsenders(settings: &BTreeMap<String, String>) -> usize {
    const UNTOLD: usize = 4;
    match settings.get("max_wal_senders").and_then(|most| most.parse().ok()).unwrap_or(UNTOLD) {
        0 => 0,
        most => (most / 2).max(1),
    }
}

/// Whether DDL there would call somebody's function; where nobody could look, it may.
fn hooked(facts: &Facts, database: &str) -> bool {
    let hooks = |trigger: &EventTrigger| trigger.enabled && trigger.event != "login";
    let found = facts.databases.get(database).filter(|inside| !inside.partial);
    found.is_none_or(|inside| inside.event_triggers.iter().any(hooks))
}

/// The service whose password a text holds. Short ones are in many words; ours are 32 characters, and an operator's are
/// worth a look from 6 on.
fn holds_password(task: &Task, text: &str) -> Option<String> {
    use secrecy::ExposeSecret;
    const LONG: usize = 6;
    let held = |login: &&probe::ProbeLogin| {
        let password = login.password.as_ref().map(ExposeSecret::expose_secret);
        password.is_some_and(|password| password.len() >= LONG && stands_in(text, password))
    };
    task.logins.iter().find(held).map(|login| login.service.to_string())
}

/// As a word of its own: `postgres` is in `postgresql`.
fn stands_in(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let apart = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        apart(text[..at].chars().next_back()) && apart(text[at + word.len()..].chars().next())
    })
}

fn databases(run: &Run, server: &str, actual: &ActualServer) -> Vec<ProbeDatabase> {
    let desired = run.manifest.desired(server);
    let found = actual.databases.iter().map(|(name, found)| {
        let kind = DatabaseKind::of(name.as_str(), &desired, actual);
        let room = matches!(kind, DatabaseKind::Maintenance | DatabaseKind::Template);
        let door = if room && !desired.close_maintenance { Door::LeftOpen } else { Door::Closed };
        ProbeDatabase { name: name.clone(), allow_connections: found.allow_connections, kind, door }
    });
    found.collect()
}

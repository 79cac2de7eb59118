//! `doctor`: checks the servers and the admin's login before any change.

use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::commands::support::change::{ServerError, limits_text};
use crate::commands::support::companions::{self, CompanionPlans};
use crate::commands::support::losses::{LostPrivilege, lost_rights};
use martydb_apply::replicas;
use martydb_apply::scratch;
use martydb_manifest::{Replica, ReplicaRole};
use martydb_model::error::{ExitStatus, Result};
use martydb_model::grants::alter_role;
use martydb_model::platform::Platform;
use martydb_model::sql::Keyword;
use martydb_model::units::{counted, listed};
use martydb_model::{ActualDatabase, ActualServer, Admin, DesiredService, RoleName};
use martydb_pg::server::targets::TargetServer;
use martydb_pg::wire::OLDEST_MAJOR;
use martydb_plan::{PrivilegeGap, Step};
use martydb_provision::{self as provision, PlanOptions, PlannedServer};
use martydb_secrets::Secrets;
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, printable};

/// Supported major versions of PostgreSQL: those that martydb is tested with.
const MAJORS: std::ops::RangeInclusive<u32> = OLDEST_MAJOR..=18;

/// Minimum number of sessions for one `apply`: the lock's, one for shared objects, one inside a database.
const MIN_SESSIONS: usize = 3;

#[derive(Debug, Args)]
pub struct Arguments {}

/// Plans for every service, and reports which steps the admin may do.
pub async fn run(app: &App, _: &Arguments) -> Result<Doctor> {
    let services: Vec<_> = app.manifest.services.values().cloned().collect();
    // Without a readable store no server has a plan, and each reports why.
    let stored = app.secrets(&services).await.unwrap_or_default();
    let mut report = Doctor { servers: vec![], limits: vec![], errors: vec![] };
    for (server, planned) in provision::plan(app, &services, PlanOptions::default()).await {
        match planned {
            Ok(planned) => {
                let workers = workers(&app.manifest.servers[&server].replicas);
                report.add(&planned, &stored, &workers);
            }
            Err(error) => report.errors.push(ServerError { error, server }),
        }
    }
    report.add_outboxes(app, &services).await;
    report.add_replicas(app).await;
    report.add_companions(&companions::plan(app, &services).await?);
    Ok(report)
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    name: &'static str,
    ok: bool,
    detail: String,
    grant: Option<String>,
    /// `true` if the check needs attention although it is ok.
    #[serde(skip)]
    note: bool,
}

/// Address and version of a server; all keys are `null` for a Redis server.
#[derive(Debug, Default, Serialize)]
struct ServerAddress {
    host: Option<String>,
    port: Option<u16>,
    embedded: Option<bool>,
    version: Option<String>,
}

impl ServerAddress {
    fn of(planned: &PlannedServer, version: &str) -> ServerAddress {
        let access = &planned.access;
        let TargetServer { host, port, embedded, .. } =
            TargetServer::new(&planned.server, &access.endpoint, access.embedded);
        ServerAddress {
            host: Some(host),
            port: Some(port),
            embedded: Some(embedded),
            version: Some(version.to_owned()),
        }
    }
}

#[derive(Debug, Serialize)]
struct ServerReport {
    server: String,
    #[serde(flatten)]
    address: ServerAddress,
    server_version: String,
    admin: String,
    superuser: bool,
    checks: Vec<Check>,
}

#[derive(Serialize)]
pub struct Doctor {
    servers: Vec<ServerReport>,
    limits: Vec<PrivilegeGap>,
    errors: Vec<ServerError>,
}

impl Doctor {
    fn add(&mut self, planned: &PlannedServer, stored: &Secrets, workers: &[&str]) {
        let actual = &planned.actual;
        let checks = [version(actual), writable(actual), connections(actual)].into_iter();
        let checks = checks.chain(platform(planned)).chain(scratch_databases(actual));
        let checks = checks.chain(citus(&databases_with(actual, "citus"), workers));
        let server_version = format!("{}.{}", actual.version / 10_000, actual.version % 10_000);
        self.servers.push(ServerReport {
            server: planned.server.clone(),
            address: ServerAddress::of(planned, &server_version),
            server_version,
            admin: actual.admin.name.clone(),
            superuser: actual.admin.superuser,
            checks: checks
                .chain(attributes(&actual.admin))
                .chain(passwords(planned, stored))
                .chain(losses(planned))
                .collect(),
        });
        self.limits.extend(planned.plan.limits.iter().cloned());
        let unread = planned.unread().into_iter();
        self.errors.extend(unread.map(|(_, error)| ServerError { error, server: planned.server.clone() }));
    }

    /// Adds problems of outboxes that lose or delay events. One that is not provisioned yet is reported by the plan.
    async fn add_outboxes(&mut self, app: &App, services: &[DesiredService]) {
        for service in services {
            let Some(outbox) = service.outbox.clone().map(Arc::new) else { continue };
            let Ok(warnings) = martydb_relay::examine(app, service, &outbox).await else { continue };
            let Some(seen) = self.servers.iter_mut().find(|seen| seen.server == service.server) else {
                continue;
            };
            let check = |warning: String| {
                let detail = format!("{}: {warning}", service.name);
                Check { name: "outbox", ok: true, detail, grant: None, note: true }
            };
            seen.checks.extend(warnings.into_iter().map(check));
        }
    }

    /// Adds the Redis servers: storage of their users, and clients that still use `default`.
    fn add_companions(&mut self, plans: &CompanionPlans) {
        for one in plans.health() {
            let check = |(name, note, detail)| Check { name, ok: true, detail, grant: None, note };
            self.servers.push(ServerReport {
                server: one.server,
                address: ServerAddress::default(),
                server_version: one.version,
                admin: one.admin,
                superuser: true,
                checks: one.checks.into_iter().map(check).collect(),
            });
        }
        self.limits.extend(plans.limits());
        self.errors.extend(plans.errors());
    }

    /// Adds a check for each replica of the servers that answered.
    async fn add_replicas(&mut self, app: &App) {
        let servers: Vec<String> = self.servers.iter().map(|seen| seen.server.clone()).collect();
        for status in replicas::of_servers(app, &servers).await {
            let Some(seen) = self.servers.iter_mut().find(|seen| seen.server == status.server) else {
                continue;
            };
            let detail = format!("{}: {}", status.name, status.in_words());
            let (ok, note) = (status.is_usable(), status.is_late());
            seen.checks.push(Check { name: "replica", ok, detail, grant: None, note });
        }
    }

    fn healthy(&self) -> bool {
        self.servers.iter().all(|seen| seen.checks.iter().all(|check| check.ok))
    }
}

/// Reports access that `apply` would revoke from logins of others. This manifest can be applied, but the next run of
/// another admin would fail.
fn losses(planned: &PlannedServer) -> impl Iterator<Item = Check> {
    let check = |lost: LostPrivilege| {
        let detail =
            format!("apply revokes {}; logins with no other source of it: {}", lost.what(), lost.who());
        Check { name: "other logins", ok: true, detail, grant: Some(lost.statements()), note: true }
    };
    lost_rights(planned).into_iter().map(check)
}

/// Checks the passwords of existing logins. A wrong or incomplete store stops `apply`.
fn passwords(planned: &PlannedServer, stored: &Secrets) -> Option<Check> {
    let lost: Vec<&str> =
        planned.plan.steps.iter().filter_map(Step::replaces_password).map(RoleName::as_str).collect();
    let what = match lost.len() {
        0 => return None,
        count if stored.logins(&planned.server).is_empty() => {
            format!("the secret store is empty, but {} exist", counted(count, "login"))
        }
        count => {
            format!("the secret store lacks {} that exist: {}", counted(count, "login"), lost.join(", "))
        }
    };
    let detail = format!(
        "{what}: restore it, fill it with `martydb secrets import --from dotenv FILE`, or replace the passwords with `martydb apply \
         --reset-passwords`"
    );
    Some(Check { name: "passwords", ok: false, detail, grant: None, note: false })
}

/// Checks the platform of a managed server, and returns the line of the manifest that declares it.
fn platform(planned: &PlannedServer) -> Option<Check> {
    let has_role = |name: &str| planned.actual.roles.keys().any(|role| role.as_str() == name);
    let (detail, note) = match (planned.desired.platform, Platform::recognised(has_role)) {
        (None, None) => return None,
        (None, Some(found)) => {
            let line = format!("platform: {}", found.name);
            (format!("this looks like {0}: write `{line}` for server {1}", found.name, planned.server), true)
        }
        (Some(named), _) if named.is_here(has_role) => (format!("managed by {}", named.name), false),
        (Some(named), _) => {
            (format!("the manifest declares {}, but {} is missing", named.name, listed(named.signs)), true)
        }
    };
    Some(Check { name: "platform", ok: true, detail, grant: None, note })
}

/// Returns the names of the workers of a Citus cluster.
fn workers(replicas: &[Replica]) -> Vec<&str> {
    let workers = replicas.iter().filter(|replica| replica.role == ReplicaRole::Worker);
    workers.map(|replica| replica.name.as_str()).collect()
}

/// Returns the databases with this extension, of those that were read.
fn databases_with<'a>(actual: &'a ActualServer, extension: &str) -> Vec<&'a str> {
    let has = |database: &ActualDatabase| {
        let contents = database.contents.as_ref();
        contents.is_some_and(|contents| contents.extensions.keys().any(|name| name.as_str() == extension))
    };
    actual.databases.iter().filter(|(_, database)| has(database)).map(|(name, _)| name.as_str()).collect()
}

/// Says what is proven on a coordinator of Citus: each worker has a pg_hba.conf and logins of its own, and Citus propagates
/// roles and grants in part only (<https://github.com/citusdata/citus/issues/4812>).
fn citus(databases: &[&str], workers: &[&str]) -> Option<Check> {
    let here = (!databases.is_empty()).then(|| listed(databases))?;
    let (detail, note) = match workers {
        [] => (
            format!(
                "{here} has Citus: `martydb verify-isolation` proves this coordinator, but none of its workers; declare each with role: worker under replicas"
            ),
            true,
        ),
        some => (
            format!(
                "{here} has Citus: `martydb verify-isolation` proves this coordinator and the workers {}",
                listed(some)
            ),
            false,
        ),
    };
    Some(Check { name: "citus", ok: true, detail, grant: None, note })
}

fn version(actual: &ActualServer) -> Check {
    let (major, ok) = (actual.major(), MAJORS.contains(&actual.major()));
    let detail = match (ok, major > *MAJORS.end()) {
        (true, _) => format!("PostgreSQL {major}"),
        (false, true) => {
            format!("PostgreSQL {major} is newer than the versions that martydb was tested with")
        }
        (false, false) => format!("PostgreSQL {major} is older than {}", MAJORS.start()),
    };
    Check { name: "version", ok, detail, grant: None, note: false }
}

fn writable(actual: &ActualServer) -> Check {
    let standby = "this is a standby, which is read-only: declare the primary in the manifest";
    let detail = if actual.standby { standby } else { "primary, writable" };
    Check { name: "primary", ok: !actual.standby, detail: detail.into(), grant: None, note: false }
}

fn connections(actual: &ActualServer) -> Check {
    let capacity = &actual.capacity;
    let free = capacity.max_connections.saturating_sub(capacity.reserved + capacity.in_use);
    let detail = format!("{free} of {} connections are free", capacity.max_connections);
    Check { name: "connections", ok: free >= MIN_SESSIONS, detail, grant: None, note: false }
}

/// Reports scratch databases: each is a copy of a service, with its rows after a `restore`.
fn scratch_databases(actual: &ActualServer) -> Option<Check> {
    let detail = scratch::described(actual)?;
    Some(Check { name: "scratch databases", ok: true, detail, grant: None, note: true })
}

/// Checks the attributes `CREATEDB CREATEROLE`; a superuser needs neither.
fn attributes(admin: &Admin) -> Vec<Check> {
    let check = |check: &'static str, has: bool, word: &'static str, without: &str| Check {
        name: check,
        ok: has || admin.superuser,
        detail: match (admin.superuser, has) {
            (true, _) => format!("{} is a superuser", admin.name),
            (false, true) => format!("{} has {word}", admin.name),
            (false, false) => format!("{} lacks {word}: {without}", admin.name),
        },
        grant: (!has && !admin.superuser)
            .then(|| alter_role(&admin.name, Keyword(word)).statement().to_string()),
        note: false,
    };
    vec![
        check("databases", admin.createdb, "CREATEDB", "it cannot create databases"),
        check("roles", admin.createrole, "CREATEROLE", "it cannot create or change roles"),
        check(
            "ownership",
            admin.inherit,
            "INHERIT",
            "it cannot use the privileges it borrows from the owners",
        ),
    ]
}

pub fn columns<'a>() -> Vec<ReportColumn<(&'a str, &'a Check)>> {
    vec![
        ReportColumn::new("server", "server", |(server, _), _| server.into()),
        ReportColumn::new("name", "check", |(_, check), _| check.name.into()),
        ReportColumn::new("ok", "result", |(_, check), _| match (check.ok, &check.grant) {
            (true, None) if !check.note => Cell::new("ok", Paint::Good),
            (true, _) => Cell::new("note", Paint::Warn),
            (false, _) => Cell::new("no", Paint::Bad),
        }),
        ReportColumn::new("detail", "detail", |(_, check), _| check.detail.as_str().into()),
        ReportColumn::key("grant"),
    ]
}

impl Report for Doctor {
    fn text(&self, style: &Style) -> String {
        let checks =
            self.servers.iter().flat_map(|seen| seen.checks.iter().map(|check| (&*seen.server, check)));
        let table = ReportColumn::table(columns(), &[], checks, style);
        let mut text = if self.servers.is_empty() { String::new() } else { table.render(style) };
        for check in self.servers.iter().flat_map(|seen| &seen.checks) {
            if let Some(grant) = &check.grant {
                let (detail, grant) = (printable(&check.detail), printable(grant));
                text += &format!("\n{detail}\n       ask a DBA for: {grant}\n");
            }
        }
        text += &limits_text(&self.limits);
        if self.limits.is_empty() && self.errors.is_empty() && self.healthy() {
            text += "\nThis login can do everything the manifest requires.\n";
        }
        text
    }

    fn messages(&self, style: &Style) -> String {
        ServerError::text(&self.errors, style)
    }

    fn status(&self) -> ExitStatus {
        let found = if self.healthy() { ExitStatus::Success } else { ExitStatus::Failed };
        ExitStatus::worst([ServerError::worst(&self.errors), found])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_without_createdb_gets_a_hint() {
        let admin = Admin { name: "a\"b".into(), createrole: true, inherit: true, ..Admin::default() };
        let failed: Vec<_> = attributes(&admin).into_iter().filter(|check| !check.ok).collect();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].grant.as_deref(), Some("ALTER ROLE \"a\"\"b\" CREATEDB"));
    }

    #[test]
    fn a_coordinator_of_citus_reports_the_proven_servers() {
        assert_eq!(citus(&[], &["w1"]), None);
        let unproven = citus(&["shop"], &[]).unwrap();
        assert!(unproven.note && unproven.ok, "{unproven:?}");
        assert!(unproven.detail.starts_with("shop has Citus") && unproven.detail.contains("role: worker"));
        let proven = citus(&["shop"], &["w1", "w2"]).unwrap();
        assert!(!proven.note && proven.detail.contains("w1") && proven.detail.contains("w2"), "{proven:?}");
    }

    #[test]
    fn a_superuser_needs_no_attribute() {
        let admin = Admin { name: "postgres".into(), superuser: true, ..Admin::default() };
        assert!(attributes(&admin).iter().all(|check| check.ok && check.grant.is_none()));
    }
}

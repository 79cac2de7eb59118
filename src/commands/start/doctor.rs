//! `doctor`: checks the servers and the admin's login before any change.

use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::commands::support::change::{ServerError, limits_text};
use crate::commands::support::companions::{self, CompanionPlans};
use crate::commands::support::per_service::map_concurrent;
use martydb_apply::replicas;
use martydb_context::targets;
use martydb_manifest::{Replica, ReplicaRole};
use martydb_migrate::ChangedCollation;
use martydb_model::DesiredService;
use martydb_model::error::{ExitStatus, Kind, Result};
use martydb_pg::server::targets::TargetServer;
use martydb_plan::PrivilegeGap;
use martydb_provision::{self as provision, PlanOptions, PlannedServer, ServerCheck, server_checks};
use martydb_provision::{LostPrivilege, lost_rights};
use martydb_secrets::Secrets;
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, printable};
use time::OffsetDateTime;

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
    report.add_collations(app, &services).await;
    report.add_replicas(app).await;
    report.add_companions(&companions::plan(app, &services).await?);
    Ok(report)
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
    checks: Vec<ServerCheck>,
}

#[derive(Serialize)]
pub struct Doctor {
    servers: Vec<ServerReport>,
    limits: Vec<PrivilegeGap>,
    errors: Vec<ServerError>,
}

impl Doctor {
    fn add(&mut self, planned: &PlannedServer, stored: &Secrets, workers: &[&str]) {
        let (actual, today) = (&planned.actual, OffsetDateTime::now_utc().date());
        let server_version = format!("{}.{}", actual.version / 10_000, actual.version % 10_000);
        self.servers.push(ServerReport {
            server: planned.server.clone(),
            address: ServerAddress::of(planned, &server_version),
            server_version,
            admin: actual.admin.name.clone(),
            superuser: actual.admin.superuser,
            checks: server_checks(planned, stored, workers, today)
                .into_iter()
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
                ServerCheck { name: "outbox", ok: true, detail, grant: None, note: true }
            };
            seen.checks.extend(warnings.into_iter().map(check));
        }
    }

    /// Adds collations whose indexes may be damaged. A service that is not provisioned yet has none, and without a readable store
    /// no database is read.
    async fn add_collations(&mut self, app: &App, services: &[DesiredService]) {
        let Ok(targets) = targets::for_services(app, services).await else { return };
        let answers = |server: &str| self.servers.iter().any(|seen| seen.server == server);
        let there = targets.into_iter().filter_map(|(service, target)| {
            Some((service, target.ok()?)).filter(|(service, _)| answers(&service.server))
        });
        let wait = app.patience;
        let read = map_concurrent(app.jobs.count, there.collect(), |(service, target)| async move {
            let found = martydb_migrate::collations(&target, wait).await;
            (service, found)
        });
        for (service, found) in read.await {
            let details = match found {
                Ok(changed) => changed.iter().map(ChangedCollation::in_words).collect(),
                Err(error) if error.kind == Kind::NotProvisioned => continue,
                Err(error) => vec![format!("not compared: {error}")],
            };
            let check = |detail: String| {
                let detail = format!("{}: {detail}", service.name);
                ServerCheck { name: "collations", ok: true, detail, grant: None, note: true }
            };
            let seen = self.servers.iter_mut().find(|seen| seen.server == service.server);
            seen.into_iter().for_each(|seen| seen.checks.extend(details.iter().cloned().map(check)));
        }
    }

    /// Adds the Redis servers: storage of their users, and clients that still use `default`.
    fn add_companions(&mut self, plans: &CompanionPlans) {
        for one in plans.health() {
            let check = |(name, note, detail)| ServerCheck { name, ok: true, detail, grant: None, note };
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
            seen.checks.push(ServerCheck { name: "replica", ok, detail, grant: None, note });
        }
    }

    fn healthy(&self) -> bool {
        self.servers.iter().all(|seen| seen.checks.iter().all(|check| check.ok))
    }
}

/// Reports access that `apply` would revoke from logins of others. This manifest can be applied, but the next run of
/// another admin would fail.
fn losses(planned: &PlannedServer) -> impl Iterator<Item = ServerCheck> {
    let check = |lost: LostPrivilege| {
        let detail =
            format!("apply revokes {}; logins with no other source of it: {}", lost.what(), lost.who());
        ServerCheck { name: "other logins", ok: true, detail, grant: Some(lost.statements()), note: true }
    };
    lost_rights(planned).into_iter().map(check)
}

/// Returns the names of the workers of a Citus cluster.
fn workers(replicas: &[Replica]) -> Vec<&str> {
    let workers = replicas.iter().filter(|replica| replica.role == ReplicaRole::Worker);
    workers.map(|replica| replica.name.as_str()).collect()
}

pub fn columns<'a>() -> Vec<ReportColumn<(&'a str, &'a ServerCheck)>> {
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

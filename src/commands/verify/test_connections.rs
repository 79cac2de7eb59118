//! `test-connections`: logs in to each login's own database; shows latency, TLS and server version.

use futures_util::future::join_all;

use crate::app::App;
use crate::commands::support::companions::companions;
use martydb_catalog::inspect;
use martydb_context::Context;
use martydb_isolation::probe;
use martydb_isolation::probe::{ConnectionRow, Connections, LoginResult, ProbeLogin, Task, connections};
use martydb_manifest::Replica;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::{DesiredService, RoleKind, RoleName};
use martydb_pg::server::Access;

pub(crate) use martydb_ui::flags::Select as Arguments;

pub(crate) async fn run(app: &App, select: &Arguments) -> Result<Connections> {
    let services = app.readable(select)?;
    let servers = app.servers_of(&services);
    let all = join_all(servers.iter().map(|server| test_server(app, server, &services))).await;
    let mut rows = all.into_iter().collect::<Result<Vec<_>>>()?.concat();
    for companion in companions(app, &services)? {
        rows.extend(companion.connections().await?);
    }
    rows.extend(join_all(servers.iter().map(|server| test_replicas(app, server, &services))).await.concat());
    let place =
        |row: &ConnectionRow| services.iter().position(|service| service.name.as_str() == row.service);
    rows.sort_by_key(place);
    Ok(Connections { connections: rows })
}

/// Tests the logins at each replica. One that fails is listed with the error.
async fn test_replicas(app: &App, server: &str, services: &[DesiredService]) -> Vec<ConnectionRow> {
    let one = async |replica: &Replica| {
        let there = app.at_replica(server, replica).await;
        let here: Vec<_> = services.iter().filter(|service| service.server == server).cloned().collect();
        let rows =
            test_server(&there, server, services).await.unwrap_or_else(|error| unreached(&here, &error));
        let at = || Some(replica.name.clone());
        rows.into_iter().map(|row| ConnectionRow { at: at(), ..row }).collect::<Vec<_>>()
    };
    join_all(app.manifest.servers[server].replicas.iter().map(one)).await.concat()
}

async fn test_server(
    context: &Context,
    server: &str,
    services: &[DesiredService],
) -> Result<Vec<ConnectionRow>> {
    let here: Vec<_> = services.iter().filter(|service| service.server == server).cloned().collect();
    // A server that fails does not end the run: its logins are listed with the error.
    let failed = |error: Error| match error.kind.status() {
        ExitStatus::Usage => Err(error),
        _ => Ok(unreached(&here, &error)),
    };
    let access = match context.access(server).await {
        Ok(access) => access,
        Err(error) => return failed(error),
    };
    let desired = context.manifest.desired(server);
    let secrets = context.all_secrets(&desired, &here).await?;
    let task = Task::new(&access, &desired, &here, &secrets, context.jobs.count);
    let attempts = match probe::try_own(&task).await {
        Ok(attempts) => attempts,
        Err(error) => return failed(error),
    };
    let mut rows = connections(&task, &attempts);
    if rows.iter().any(|row| row.outcome == LoginResult::Refused) {
        name_the_expired(&access, &mut rows).await;
    }
    name_the_unstored(&task.logins, &mut rows);
    Ok(rows)
}

/// Names the command that gives a password to logins that have none, such as those of a service that is not provisioned.
fn name_the_unstored(logins: &[ProbeLogin], rows: &mut [ConnectionRow]) {
    let unstored = logins.iter().zip(rows).filter(|(login, _)| login.password.is_none());
    for (_, row) in unstored.filter(|(_, row)| row.outcome == LoginResult::Failed) {
        if let Some(error) = &mut row.error {
            error.push_str(": run `martydb apply`, which stores a password for each login");
        }
    }
}

/// Finds expired passwords: a server reports an expired password like a wrong one, but the admin can tell them apart.
async fn name_the_expired(access: &Access, rows: &mut [ConnectionRow]) {
    let Ok(actual) = inspect::inspect_cluster(access).await else { return };
    for row in rows.iter_mut().filter(|row| row.outcome == LoginResult::Refused) {
        let role = RoleName::found(row.role.clone()).ok();
        let found = role.and_then(|role| actual.roles.get(&role)).filter(|found| found.expired);
        if let Some(until) = found.and_then(|found| found.valid_until.as_ref()) {
            row.error = Some(format!(
                "its password expired (VALID UNTIL {until}): martydb rotate --service {} --valid-until TIME",
                row.service
            ));
        }
    }
}

fn unreached(services: &[DesiredService], error: &Error) -> Vec<ConnectionRow> {
    let logins = services.iter().flat_map(|service| RoleKind::LOGINS.map(|kind| (service, kind)));
    let row = |(service, kind): (&DesiredService, RoleKind)| ConnectionRow {
        service: service.name.to_string(),
        role: service.role(kind).to_string(),
        server: service.server.clone(),
        at: None,
        database: service.database.to_string(),
        outcome: LoginResult::Failed,
        latency_ms: None,
        tls: None,
        server_version: None,
        error: Some(error.to_string()),
    };
    logins.map(row).collect()
}

//! The first stage: all I/O of a verification, one server at a time.

use super::alternates::open_alternates;
use super::extra_probes::{self, Surroundings};
use super::first_logins as login;
use super::listeners::{ServerSettings, listeners};
use super::observations::{Extent, Observations, ServerContext};
use super::password_audit::known_passwords;
use super::privileges;
use super::stored_passwords::owner_of_password;
use crate::catalog::{self, NotExamined};
use crate::error::Result;
use crate::model::{ActualServer, DatabaseKind, DesiredServer, DesiredService};
use crate::probe::{AccessPolicy, ProbeDatabase, Task};
use crate::run::Run;
use crate::server::Access;

/// Tries as much as `extent` says.
///
/// # Errors
/// Where the server cannot be reached, or the admin cannot read its catalogues.
pub async fn observe(
    run: &Run,
    server: &str,
    services: &[DesiredService],
    extent: Extent,
) -> Result<Observations> {
    let (access, mut context) = context(run, server, services).await?;
    if extent == Extent::Gentle {
        context.task.concurrency = 1;
    }
    let found = login::attempts(&mut context, extent).await?;
    let ServerContext { task, catalogue, .. } = &context;
    let attempts = found.attempts;
    let known_passwords = known_passwords(&context, &attempts).await;
    // The positive controls are what everything else stands on.
    if attempts.is_empty() {
        let (listeners, extra, sessions, not_examined) = (vec![], vec![], vec![], found.notes);
        return Ok(Observations {
            context,
            attempts,
            listeners,
            extra,
            sessions,
            known_passwords,
            not_examined,
        });
    }
    let (hba, admin) = (catalogue.hba.as_deref(), access.admin.role.as_str());
    let settings = ServerSettings { settings: &catalogue.state.parameters.settings, hba, admin };
    let (listeners, mut not_examined) = listeners(task, &settings).await?;
    not_examined.extend(found.notes);
    let surroundings = Surroundings {
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
        // Each session tries statements that must be refused.
        Extent::Gentle => vec![],
        _ => privileges::observe(&context, &attempts, &listeners[0].address).await,
    };
    not_examined.extend(left_out(extent, server));
    let others = attempts.iter().flat_map(|login| login.others.iter().map(|(_, attempt)| attempt));
    let met = others.chain(extra.iter().map(|(_, met)| met)).chain(sessions.iter().map(|(_, met)| met));
    if met.map(|attempt| &attempt.outcome).any(login::is_lost) {
        access.check_alive().await?;
    }
    Ok(Observations { context, attempts, listeners, extra, sessions, known_passwords, not_examined })
}

/// What gentle probes leave to the catalogue's audit.
fn left_out(extent: Extent, server: &str) -> Option<NotExamined> {
    let what = format!("wrong passwords, and statements that must be refused, on server {server}");
    (extent == Extent::Gentle).then(|| NotExamined::new(what, "--probes gentle tries none"))
}

pub async fn context(
    run: &Run,
    server: &str,
    services: &[DesiredService],
) -> Result<(Access, ServerContext)> {
    let access = run.admin(server).await?;
    let here: Vec<DesiredService> =
        services.iter().filter(|service| service.server == access.server).cloned().collect();
    let mut task = Task::new(&access, &here, &run.secrets(&here).await?, run.jobs.count);
    let desired = run.manifest.desired(server);
    let catalogue = catalog::snapshot(&access, &desired, &|text| owner_of_password(&task, text)).await?;
    task.databases = databases(&desired, &catalogue.actual);
    task.concurrency = catalogue.actual.capacity.share(run.jobs.count.max(8), 1);
    let alternates = open_alternates(run, &task, &catalogue.actual).await?;
    Ok((access, ServerContext { task, desired, catalogue, alternates }))
}

fn databases(desired: &DesiredServer, actual: &ActualServer) -> Vec<ProbeDatabase> {
    let found = actual.databases.iter().map(|(name, found)| {
        let kind = DatabaseKind::of(name.as_str(), desired, actual);
        let shared = matches!(kind, DatabaseKind::Maintenance | DatabaseKind::Template);
        let left_open = shared && !desired.close_maintenance;
        let policy = if left_open { AccessPolicy::LeftOpen } else { AccessPolicy::Closed };
        ProbeDatabase { name: name.clone(), allow_connections: found.allow_connections, kind, policy }
    });
    found.collect()
}

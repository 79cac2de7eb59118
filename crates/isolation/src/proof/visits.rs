//! Logins of services that were not chosen, at the databases of those that were: a path into a chosen service counts,
//! whichever login takes it.

use std::collections::HashSet;

use super::assessment::PartialJudgement;
use super::breaches::{self, Basis};
use super::observations::{Extent, ServerContext, Visits};
use crate::probe::{self, Probe, ProbeLocation, ProbeSelection, Task};
use martydb_catalog::NotExamined;
use martydb_context::Context;
use martydb_model::error::Result;
use martydb_model::units::counted;
use martydb_model::{ActualServer, DatabaseKind, DesiredService};
use martydb_secrets::Secrets;

/// Way of these probes, as the output names it.
const WAY: &str = "a login of a service that was not chosen";

/// Tries the logins of all services of the server but `services`; `None` if there are none, or no logins are tried.
pub(crate) async fn observe(
    app: &Context,
    context: &ServerContext,
    services: &[DesiredService],
    extent: Extent,
) -> Result<Option<Visits>> {
    let chosen: HashSet<_> = services.iter().map(|service| &service.name).collect();
    let others = context.desired.services.values().filter(|service| !chosen.contains(&service.name));
    let others: Vec<DesiredService> = others.cloned().collect();
    let is_chosen =
        |kind: &DatabaseKind| matches!(kind, DatabaseKind::Service(name) if chosen.contains(name));
    let mut databases = context.task.databases.clone();
    databases.retain(|database| is_chosen(&database.kind));
    if others.is_empty() || databases.is_empty() || extent == Extent::None {
        return Ok(None);
    }
    let secrets = app.secrets(&others).await;
    let known = secrets.as_ref().map_or_else(|_| Secrets::default(), Clone::clone);
    let mut task =
        Task { databases, selection: ProbeSelection::All, ..context.task.of_logins(&others, &known) };
    // Services that are not provisioned have none.
    task.logins.retain(|login| context.catalog.actual.roles.contains_key(&login.role));
    if extent == Extent::Sample {
        task.selection = ProbeSelection::one_each(&task);
    }
    let attempts = if secrets.is_ok() { probe::try_all(&task).await? } else { vec![] };
    Ok(Some(Visits { task, attempts }))
}

/// Judges the attempts of logins that work. Pure.
pub(crate) fn judge(visits: &Visits, actual: &ActualServer) -> PartialJudgement {
    let Visits { task, attempts } = visits;
    let tried: HashSet<&str> = task
        .logins
        .iter()
        .zip(attempts)
        .filter(|(_, attempts)| attempts.logged_in())
        .map(|(login, _)| login.role.as_str())
        .collect();
    let is_visit =
        |probe: &Probe| probe.place == ProbeLocation::Foreign && tried.contains(probe.role.as_str());
    let mut probes = probe::judge(task, attempts);
    probes.retain(is_visit);
    let findings = breaches::findings(task, &probes.iter().collect::<Vec<_>>(), actual, Basis::Login);
    probes.iter_mut().for_each(|probe| probe.way = Some(WAY.into()));
    let untried = task.logins.len() - tried.len();
    let names: Vec<&str> = task.databases.iter().map(|database| database.name.as_str()).collect();
    let note = || {
        let untried = counted(untried, "login");
        let what = format!("{untried} of other services of server {} at {}", task.server, names.join(", "));
        NotExamined::new(what, "no stored password of theirs works, so only the catalogs were read")
    };
    let not_examined = (untried > 0).then(note).into_iter().collect();
    PartialJudgement { probes, findings, not_examined }
}

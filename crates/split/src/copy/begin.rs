//! Start of a copy: its run, and the tables of its services.

use std::collections::BTreeMap;

use super::relations;
use crate::database::tables::{DatabaseTables, TableShape};
use crate::inspect::fingerprint;
use crate::inspect::privileges;
use crate::map::plan::SplitPlan;
use crate::map::source::SourceCatalog;
use crate::state::source::{self, SplitRelation, SplitRun, SplitService};
use crate::state::{SplitKind, SplitPhase};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::{DesiredService, ServiceName};
use martydb_pg::server::Connection;

/// Input of a run.
pub struct PlannedRun<'a> {
    pub plan: &'a SplitPlan,
    pub source: &'a SourceCatalog,
    pub shapes: &'a DatabaseTables,
    pub services: &'a [DesiredService],
    pub online: bool,
}

/// Run with the tables of its services.
pub struct StartedSplit {
    pub run: SplitRun,
    pub services: Vec<SplitService>,
    pub relations: BTreeMap<String, Vec<SplitRelation>>,
}

/// Continues the run that has begun, or begins one.
///
/// # Errors
/// If a run has begun with another map or mode, or if the admin lacks privileges.
#[martydb_pg::boxed]
pub async fn begin(session: &mut Connection, planned: &PlannedRun<'_>) -> Result<StartedSplit> {
    privileges::refuse_missing(session, &relations::numbers_of(planned.plan, planned.source)).await?;
    source::prepare(session).await?;
    let fresh = |service: &ServiceName| {
        relations::relations_of(service, planned.plan, planned.source, planned.shapes)
    };
    let mut relations: BTreeMap<String, Vec<SplitRelation>> =
        planned.services.iter().map(|one| (one.name.to_string(), fresh(&one.name))).collect();
    let all: Vec<SplitRelation> = relations.values().flatten().cloned().collect();
    let hash = relations::map_hash(planned.plan, &all);
    let run = resume_or_start(session, &hash, planned.online).await?;
    store_definitions(session, &mut relations).await?;
    for service in planned.services {
        source::add(session, service.name.as_str(), &service.server, service.database.as_str()).await?;
    }
    let services = source::services(session).await?;
    for service in &services {
        let Some(fresh) = relations.get_mut(&service.name) else { continue };
        if matches!(service.phase, SplitPhase::Planned | SplitPhase::RolledBack) {
            if run.online && service.phase == SplitPhase::RolledBack {
                keep_definitions(fresh, &source::relations(session, &service.name).await?);
            }
            source::replace_relations(session, &service.name, fresh).await?;
        } else {
            *fresh = source::relations(session, &service.name).await?;
            refuse_replaced(fresh, planned.shapes)?;
        }
    }
    Ok(StartedSplit { run, services, relations })
}

/// Stores the definitions of the tables before the copy.
async fn store_definitions(
    session: &mut Connection,
    relations: &mut BTreeMap<String, Vec<SplitRelation>>,
) -> Result<()> {
    let all = relations.values().flatten().filter(|one| one.kind != SplitKind::Sequence);
    let names: Vec<(String, String)> = all.map(|one| (one.schema.clone(), one.name.clone())).collect();
    let lines = fingerprint::read(session, &names).await?;
    for one in relations.values_mut().flatten() {
        one.fingerprint = lines.get(&(one.schema.clone(), one.name.clone())).map(fingerprint::stored);
    }
    Ok(())
}

/// Keeps the definitions of a service that was rolled back: it is followed without another copy, so those at the time
/// of its copy are relevant.
fn keep_definitions(fresh: &mut [SplitRelation], before: &[SplitRelation]) {
    for one in fresh {
        let known = before.iter().find(|known| known.schema == one.schema && known.name == one.name);
        if let Some(lines) = known.and_then(|known| known.fingerprint.clone()) {
            one.fingerprint = Some(lines);
        }
    }
}

async fn resume_or_start(session: &mut Connection, hash: &str, online: bool) -> Result<SplitRun> {
    let before = source::run(session).await?;
    let services = source::services(session).await?;
    let begun = services.iter().any(|service| service.phase != SplitPhase::Planned);
    match before {
        Some(run) if run.map_hash == hash && run.online == online => Ok(run),
        Some(run) if begun => Err(other(&run, online)),
        _ => {
            for service in services {
                source::leave(session, &service.name).await?;
            }
            source::begin(session, hash, online).await
        }
    }
}

fn other(run: &SplitRun, online: bool) -> Error {
    let what = match run.online == online {
        true => "the copy has begun with another map, or the tables of the source have changed",
        false if run.online => "the copy has begun with --online",
        false => "the copy has begun without --online",
    };
    Error::new(Kind::Divergent, what).hint(
        "continue as it began, or cancel it with `martydb split rollback --service NAME` for each service: \
         `martydb split status` shows their status",
    )
}

/// Refuses rewritten tables: parts are ranges of pages, so the parts already copied would no longer match.
fn refuse_replaced(relations: &[SplitRelation], shapes: &DatabaseTables) -> Result<()> {
    let rewritten = |one: &&SplitRelation| {
        let now = shapes.table(&one.schema, &one.name);
        one.parts > 1 && now.is_none_or(|now: &TableShape| now.oid != one.oid || now.storage != one.storage)
    };
    let names: Vec<String> =
        relations.iter().filter(rewritten).map(|one| format!("{}.{}", one.schema, one.name)).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::Divergent, "tables of the source were rewritten while they were copied")
        .causes(names.iter().map(|name| martydb_model::text::printable(name)))
        .hint(
            "cancel the copy with `martydb split rollback --service NAME` for each service, and start again",
        ))
}

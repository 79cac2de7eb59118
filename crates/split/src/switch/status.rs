//! Status of each service of a split, read from both sides without changes.

use serde::Serialize;

use super::definitions;
use super::following::{FollowedSide, followed_from};
use crate::database::sessions;
use crate::inspect::fingerprint::ChangedDefinition;
use crate::state::source::{self, SplitRelation, SplitService};
use crate::state::target::LoadedPart;
use crate::state::{SplitKind, SplitPhase, target};
use martydb_migrate::MigrationTarget;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Literal, stmt};
use martydb_pg::server::{Connection, query_first};

/// Progress of one service's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LoadedCount {
    pub tables_done: usize,
    pub tables: usize,
    pub rows: i64,
    pub bytes: i64,
}

/// Slot through which a service is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotStatus {
    /// Side of the slot.
    pub at: FollowedSide,
    /// Bytes that the other side has not confirmed.
    pub lag_bytes: i64,
    /// Bytes of WAL that the server retains for it.
    pub kept_bytes: i64,
    pub active: bool,
    /// `reserved`, `extended`, `unreserved` or `lost`.
    pub wal_status: Option<String>,
    /// Bytes that may be written before it is lost, if bounded.
    pub safe_bytes: Option<i64>,
}

/// Status of one service.
#[derive(Default)]
pub struct SplitServiceStatus {
    pub service: SplitService,
    pub loaded: LoadedCount,
    pub slot: Option<SlotStatus>,
    /// Definitions that changed at the source since the copy, but not at the target.
    pub changed: Vec<ChangedDefinition>,
    /// Error of the target, if it cannot be read.
    pub error: Option<Error>,
}

impl SplitServiceStatus {
    /// Returns the status of a service before its copy.
    pub fn planned(service: &DesiredService) -> SplitServiceStatus {
        let (name, server) = (service.name.to_string(), service.server.clone());
        let database = service.database.to_string();
        let service = SplitService { name, server, database, ..SplitService::default() };
        SplitServiceStatus { service, ..SplitServiceStatus::default() }
    }
}

impl SplitServiceStatus {
    /// Returns the status of a service after `split finish`, which removes the notes of the split.
    pub fn finished(service: &DesiredService) -> SplitServiceStatus {
        let planned = SplitServiceStatus::planned(service);
        let service = SplitService { phase: SplitPhase::Finished, ..planned.service };
        SplitServiceStatus { service, ..SplitServiceStatus::default() }
    }
}

/// Reads the status of a service.
///
/// # Errors
/// If the source cannot be read. A target's error is part of the result.
#[martydb_pg::boxed]
pub async fn read(
    session: &mut Connection,
    service: &SplitService,
    target: Result<&MigrationTarget>,
) -> Result<SplitServiceStatus> {
    let relations = source::relations(session, &service.name).await?;
    let tables = relations.iter().filter(|one| one.kind == SplitKind::Table).count();
    let mut loaded = LoadedCount { tables, ..LoadedCount::default() };
    let (mut changed, mut error) = (vec![], None);
    if !matches!(service.phase, SplitPhase::Planned | SplitPhase::Finished) {
        match read_target(session, service, target.clone(), &relations).await {
            Ok(found) => (loaded, changed) = found,
            Err(refused) => error = Some(refused),
        }
    }
    let side = followed_from(service.phase).unwrap_or(FollowedSide::Source);
    let name = match side {
        FollowedSide::Source => {
            service.forward_slot.as_ref().filter(|_| service.phase != SplitPhase::Finished)
        }
        FollowedSide::Target => service.reverse_slot.as_ref(),
    };
    let slot = match (name, side) {
        (Some(name), FollowedSide::Source) => slot(session, name, side).await?,
        (Some(name), FollowedSide::Target) if error.is_none() => {
            let mut there = sessions::open_inspecting(target?).await?;
            let found = slot(&mut there, name, side).await;
            there.close().await;
            found?
        }
        _ => None,
    };
    Ok(SplitServiceStatus { service: service.clone(), loaded, slot, changed, error })
}

/// Reads the loaded parts, and changes since the copy.
async fn read_target(
    source: &mut Connection,
    service: &SplitService,
    target: Result<&MigrationTarget>,
    relations: &[SplitRelation],
) -> Result<(LoadedCount, Vec<ChangedDefinition>)> {
    let mut session = sessions::open_inspecting(target?).await?;
    let parts = match target::exists(&mut session).await? {
        true => target::loaded(&mut session).await?,
        false => vec![],
    };
    let awaits_cutover =
        matches!(service.phase, SplitPhase::Copied | SplitPhase::Following | SplitPhase::RolledBack);
    let changed = match awaits_cutover {
        true => definitions::changed(source, &mut session, relations).await?,
        false => vec![],
    };
    session.close().await;
    Ok((count(&parts, relations), changed))
}

fn count(parts: &[LoadedPart], relations: &[SplitRelation]) -> LoadedCount {
    let mut count = LoadedCount::default();
    for relation in relations.iter().filter(|one| one.kind == SplitKind::Table) {
        let here = parts.iter().filter(|part| part.schema == relation.schema && part.name == relation.name);
        let (mut there, mut rows, mut bytes) = (0, 0, 0);
        for part in here {
            there += 1;
            rows += part.rows;
            bytes += part.bytes;
        }
        count.tables += 1;
        count.tables_done += usize::from(there == relation.parts.max(1));
        count.rows += rows;
        count.bytes += bytes;
    }
    count
}

async fn slot(session: &mut Connection, name: &str, at: FollowedSide) -> Result<Option<SlotStatus>> {
    let query = stmt!(
        "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.confirmed_flush_lsn)::pg_catalog.int8,
             pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn)::pg_catalog.int8, s.active, s.wal_status, s.safe_wal_size
         FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = {name}",
        name = Literal(name.into())
    );
    type Columns = (Option<i64>, Option<i64>, bool, Option<String>, Option<i64>);
    let slot = query_first::<Columns>(session, &query).await?;
    Ok(slot.map(|(lag, kept, active, wal_status, safe_bytes)| SlotStatus {
        at,
        lag_bytes: lag.unwrap_or(0).max(0),
        kept_bytes: kept.unwrap_or(0),
        active,
        wal_status,
        safe_bytes,
    }))
}

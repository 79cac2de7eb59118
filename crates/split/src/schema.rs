//! Schema of each service, from the source's own DDL: dumped once, in the snapshot of the catalogs, and split.

use std::collections::BTreeSet;

use super::dependencies::{DependKey, Dependencies, class, key};
use super::inspect::SourceMoment;
use super::members::ServiceObjects;
use super::placement::Placement;
use super::plan::SplitPlan;
use super::selection::{TocEntry, select};
use super::source::{CatalogClass, SourceCatalog};
use martydb_manifest::SplitMap;
use martydb_migrate::MigrationTarget;
use martydb_migrate::import::archive::{self, Archive, ArchiveEntry};
use martydb_model::error::{Error, Result};
use martydb_model::{RoleName, ServiceName};
use martydb_pg::server::Access;

/// First major version with login event triggers.
const LOGIN_TRIGGERS: u32 = 17;

/// Source with its dumped DDL.
pub struct DumpedSource {
    pub catalog: SourceCatalog,
    pub plan: SplitPlan,
    /// Version of `pg_dump`, as it prints it.
    pub version: String,
    depends: Dependencies,
    archive: Archive,
    entries: Vec<ArchiveEntry>,
}

impl DumpedSource {
    /// Reads and dumps the source in one snapshot, as its admin. `like` is any target: it provides the other settings
    /// of the program.
    ///
    /// # Errors
    /// If there is no `pg_dump` for the source, or it fails; the error contains its message.
    #[martydb_pg::boxed]
    pub async fn read(access: &Access, map: &SplitMap, like: &MigrationTarget) -> Result<DumpedSource> {
        let database = &map.source.database;
        let mut moment = SourceMoment::open(access, database.as_str()).await?;
        let major = moment.catalog.major;
        let plan = SplitPlan::new(map, &moment.catalog)?;
        let programs = archive::find(major, major).await?;
        let depends = moment.dependencies().await?;
        let snapshot = moment.export().await?;
        let admin = RoleName::found(access.admin.role.clone());
        let source = MigrationTarget {
            database: database.clone(),
            endpoint: access.admin_endpoint.clone(),
            login: access.admin.clone(),
            owner: admin.map_err(|error| Error::operation("the admin's name is invalid").cause(error))?,
            ..like.clone()
        };
        let archive = Archive::dump_schema(&programs, &source, &snapshot, &settings(access, major)).await?;
        let entries = archive.entries().await?;
        let catalog = std::mem::take(&mut moment.catalog);
        moment.close().await;
        Ok(DumpedSource { catalog, plan, version: programs.version().to_owned(), depends, archive, entries })
    }

    /// Returns the SQL of one service, and the objects that it cannot contain.
    ///
    /// # Errors
    /// If `pg_restore` fails.
    pub async fn script(&self, service: &ServiceName) -> Result<ServiceScript> {
        let placement = Placement::new(&self.catalog, &self.plan.assignment);
        let objects = ServiceObjects::new(service, &self.plan, &self.catalog, &placement);
        let also = |(class, oid): DependKey| match class {
            class::ROUTINE => placement
                .graph
                .named(oid)
                .filter(|named| named.0 == CatalogClass::Routine || self.is_sequence(*named))
                .map(key)
                .collect(),
            _ => vec![],
        };
        let members: BTreeSet<DependKey> = self.depends.closure(&objects.roots, &objects.kept_out, also);
        let toc: Vec<TocEntry> =
            self.entries.iter().map(|entry| TocEntry { object: entry.object, what: &entry.what }).collect();
        let taken = select(&toc, &members, &self.depends, &objects.detached, &objects.copies);
        let entries: Vec<&ArchiveEntry> =
            self.entries.iter().zip(taken).filter(|(_, taken)| *taken).map(|(entry, _)| entry).collect();
        let text = self.archive.script(&entries).await?;
        Ok(ServiceScript { text, afterwards: objects.afterwards, refused: objects.refused })
    }

    fn is_sequence(&self, (class, oid): (CatalogClass, u32)) -> bool {
        let relation = self.catalog.relations.get(&oid);
        class == CatalogClass::Relation
            && relation.is_some_and(|relation| relation.kind == super::source::RelationKind::Sequence)
    }
}

/// DDL of one service, as `pg_restore` printed it.
pub struct ServiceScript {
    pub text: String,
    pub afterwards: Vec<String>,
    pub refused: Vec<String>,
}

/// Returns settings that override those of the source's roles in the session of the dump.
fn settings(access: &Access, major: u32) -> String {
    let mut all =
        "-c statement_timeout=0 -c quote_all_identifiers=off -c role=none -c search_path=pg_catalog \
                   -c idle_in_transaction_session_timeout=0"
            .to_owned();
    if major >= LOGIN_TRIGGERS && !access.event_triggers.may_run() {
        all += " -c event_triggers=off";
    }
    all
}

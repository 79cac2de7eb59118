//! Schema of each service, from the source's own DDL: dumped once, in the snapshot of the catalogs, and split.

use std::collections::{BTreeMap, BTreeSet};

use super::SourceSnapshot;
use crate::map::dependencies::{DependKey, class};
use crate::map::members::ServiceObjects;
use crate::map::placement::Placement;
use crate::map::plan::SplitPlan;
use crate::map::selection::{TocEntry, select};
use crate::map::source::SourceCatalog;
use martydb_manifest::SplitMap;
use martydb_migrate::MigrationTarget;
use martydb_migrate::dump::unrestricted;
use martydb_model::error::{Error, Result};
use martydb_model::sql::Statement;
use martydb_model::{RoleName, ServiceName};
use martydb_pg::server::{Access, program_options, query_as};
use martydb_pg_dump::archive::{self, Archive, ArchiveEntry};

/// First major version with login event triggers.
const LOGIN_TRIGGERS: u32 = 17;

/// Reason against objects that only a superuser can make.
pub const BEYOND: &str = "only a superuser can make it, and the first migration runs as the service's owner";

/// Source with its dumped DDL.
pub struct DumpedSource {
    pub catalog: SourceCatalog,
    pub plan: SplitPlan,
    /// Version of `pg_dump`, as it prints it.
    pub version: String,
    /// Statements that make row types as composite types, by relation.
    row_types: BTreeMap<u32, String>,
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
        let mut moment = SourceSnapshot::open(access, database.as_str()).await?;
        let major = moment.catalog.major;
        let plan = SplitPlan::new(map, &moment.catalog)?;
        let programs = archive::find(major, major).await?;
        let row_types = Statement::from_program(include_str!("../sql/row_types.sql"));
        let row_types = query_as(&mut moment.session, &row_types).await?.into_iter().collect();
        let snapshot = moment.export().await?;
        let admin = RoleName::found(access.admin.role.clone());
        let source = MigrationTarget {
            database: database.clone(),
            endpoint: access.admin_endpoint.clone(),
            login: access.admin.clone(),
            owner: admin.map_err(|error| Error::operation("the admin's name is invalid").cause(error))?,
            ..like.clone()
        };
        let archive =
            Archive::dump_schema(&programs, source.acting_login(), &snapshot, &settings(access, major))
                .await?;
        let entries = archive.entries().await?;
        let catalog = std::mem::take(&mut moment.catalog);
        moment.close().await;
        Ok(DumpedSource {
            catalog,
            plan,
            version: programs.version().to_owned(),
            row_types,
            archive,
            entries,
        })
    }

    /// Returns the SQL of one service, and the objects that it cannot contain. What only a superuser can make is one of them, or
    /// is left out.
    ///
    /// # Errors
    /// If `pg_restore` fails.
    pub async fn script(&self, service: &ServiceName, without_beyond: bool) -> Result<ServiceScript> {
        let placement = Placement::new(&self.catalog, &self.plan.assignment);
        let objects = ServiceObjects::new(service, &self.plan, &self.catalog, &placement);
        let mut refused = objects.refused.clone();
        let beyond: BTreeSet<DependKey> = self.catalog.beyond.keys().copied().collect();
        let without = if without_beyond { beyond } else { BTreeSet::new() };
        if !without_beyond {
            refused.extend(
                self.plan.beyond(service, &self.catalog).iter().map(|what| format!("{what}: {BEYOND}")),
            );
        }
        let members = objects.closure(&self.catalog, &placement, &without);
        let toc: Vec<TocEntry> =
            self.entries.iter().map(|entry| TocEntry { object: entry.object, what: &entry.what }).collect();
        let taken = select(&toc, &members, &self.catalog.depends, &objects);
        let (mut text, mut run) = (String::new(), vec![]);
        for (entry, taken) in self.entries.iter().zip(taken) {
            let (class, oid) = entry.object;
            let row_type = self
                .row_types
                .get(&oid)
                .filter(|_| class == class::RELATION && objects.row_types.contains(&oid));
            if let Some(row_type) = row_type {
                text += &self.part(&std::mem::take(&mut run)).await?;
                text += &format!("\n{row_type}\n");
            } else if taken {
                run.push(entry);
            }
        }
        text += &self.part(&run).await?;
        Ok(ServiceScript { text, afterwards: objects.afterwards, refused })
    }

    async fn part(&self, entries: &[&ArchiveEntry]) -> Result<String> {
        let text = self.archive.script(entries).await?;
        Ok(unrestricted(&text).to_owned())
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
    let mut all = vec![
        ("statement_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
        ("role", "none"),
        ("search_path", "pg_catalog"),
    ];
    if major >= LOGIN_TRIGGERS && !access.event_triggers.may_run() {
        all.push(("event_triggers", "off"));
    }
    program_options(&all)
}

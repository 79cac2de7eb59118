//! `split plan`: shows the tables of each service, open questions, and the prerequisites of the split.

mod report;

use std::collections::BTreeMap;

use clap::Args;

use super::common::{self, MapChoice};
use super::schema::has_files;
use crate::app::App;
use martydb_manifest::SplitMap;
use martydb_model::ServiceName;
use martydb_model::error::Result;
use martydb_pg::server::{Access, Connection};
use martydb_pg_dump::pg_dump;
use martydb_split::{
    DatabaseTables, MissingPrivilege, SourceCatalog, SourceSettings, SplitPlan, missing_privileges,
    notes_on_following, numbers_of, owners_of, read_settings, read_source,
};
pub(crate) use report::PlannedSplit;
use report::{RefusedObject, SplitNeed};

/// Rollback with its rows: the tables need one owner, and the services' servers need replication slots.
const WAY_BACK: &str = "the rollback";

/// First migrations of the services.
const SCHEMAS: &str = "the schemas of the services";

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub map: MapChoice,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<PlannedSplit> {
    let map = arguments.map.load(app)?;
    let access = common::source(app, &map).await?;
    let source = read_source(&access, map.source.database.as_str()).await?;
    let mut plan = SplitPlan::new(&map, &source)?;
    let mut needs = needs(&access, &map, source.major).await?;
    needs.extend(rollback_needs(app, &map, &plan, &source).await);
    let mut session = access.read(map.source.database.as_str()).await?;
    needs.extend(lacking(&mut session, &numbers_of(&plan, &source)).await?);
    let shapes = DatabaseTables::read(&mut session).await?;
    session.close().await;
    needs.extend(undeclared(app, &plan, &source));
    plan.notes.extend(notes_on_following(&plan, &source, &shapes));
    Ok(PlannedSplit::new(app, &map, &plan, refused(app, &map, &plan, &source), needs, &arguments.map))
}

/// Returns what the first migrations, which `split schema` writes, cannot make.
fn refused(app: &App, map: &SplitMap, plan: &SplitPlan, source: &SourceCatalog) -> Vec<RefusedObject> {
    let without_files = map.services.keys().filter(|name| !has_files(&app.manifest.services[*name]));
    let of = |name: &ServiceName| {
        let objects = plan.beyond(name, source).into_iter();
        let service = name.to_string();
        objects.map(move |object| RefusedObject { service: service.clone(), object })
    };
    without_files.flat_map(of).collect()
}

/// Returns the prerequisites of the later steps, and whether they are met.
async fn needs(access: &Access, map: &SplitMap, major: u32) -> Result<Vec<SplitNeed>> {
    let settings = read_settings(access, map.source.database.as_str()).await?;
    let found = pg_dump::find(major).await;
    let dump = found.as_ref().map_or_else(
        |error| error.to_string(),
        |program| format!("pg_dump {} for a source of version {major}", program.version),
    );
    let need = |(ok, detail)| SplitNeed { purpose: "following online", ok, detail };
    let online = replication(access, &settings, map.services.len()).map(need);
    let schema = SplitNeed { purpose: SCHEMAS, ok: found.is_ok(), detail: dump };
    Ok([schema].into_iter().chain(online).collect())
}

/// Returns the prerequisites of this many streams out of a server, and whether they are met.
fn replication(access: &Access, settings: &SourceSettings, slots: usize) -> [(bool, String); 3] {
    let slots = i64::try_from(slots).unwrap_or(i64::MAX);
    let may = if settings.may_replicate { "may" } else { "may not" };
    [
        (settings.wal_level == "logical", format!("wal_level is {}", settings.wal_level)),
        (
            settings.free_slots >= slots,
            format!("{} replication slots are free, {slots} are needed", settings.free_slots.max(0)),
        ),
        (settings.may_replicate, format!("{} {may} replicate", access.admin.role)),
    ]
}

/// Returns the prerequisites of a rollback with its rows: streams out of the services' servers, and one owner per
/// service at the source.
async fn rollback_needs(
    app: &App,
    map: &SplitMap,
    plan: &SplitPlan,
    source: &SourceCatalog,
) -> Vec<SplitNeed> {
    let need = |ok, detail| SplitNeed { purpose: WAY_BACK, ok, detail };
    let mut servers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut needs = vec![];
    for service in map.services.keys() {
        *servers.entry(&app.manifest.services[service].server).or_default() += 1;
        let owners = owners_of(service, plan, source);
        if owners.len() > 1 {
            let each: Vec<String> =
                owners.iter().map(|(owner, table)| format!("{table} to {owner}")).collect();
            let each = each.join(", ");
            needs.push(need(
                false,
                format!("the tables of {service} belong to several roles, and need one owner: {each}"),
            ));
        }
    }
    let is_source = |server: &str| map.source.elsewhere.is_none() && server == map.source.server;
    for (server, slots) in servers.into_iter().filter(|(server, _)| !is_source(server)) {
        match server_settings(app, server).await {
            Ok((access, settings)) => needs.extend(
                replication(&access, &settings, slots)
                    .map(|(ok, detail)| need(ok, format!("server {server}: {detail}"))),
            ),
            Err(error) => {
                needs.push(need(false, format!("cannot read the settings of server {server}: {error}")))
            }
        }
    }
    needs
}

async fn server_settings(app: &App, server: &str) -> Result<(Access, SourceSettings)> {
    let access = app.admin(server).await?;
    let settings = read_settings(&access, &access.maintenance).await?;
    Ok((access, settings))
}

/// Returns the schemas that a service gets objects in and the manifest does not give it.
fn undeclared(app: &App, plan: &SplitPlan, source: &SourceCatalog) -> Vec<SplitNeed> {
    let of = |(service, _): &(ServiceName, _)| {
        let declared = &app.manifest.services[service].schemas;
        let lacks = |schema: &String| declared.iter().all(|one| one.as_str() != schema);
        let found = plan.schemas(service, source).into_iter().filter(move |(schema, _)| lacks(schema));
        let need = |(schema, object)| SplitNeed {
            purpose: SCHEMAS,
            ok: false,
            detail: format!("{service} gets {object}: add {schema} to its `schemas:`"),
        };
        found.map(need).collect::<Vec<_>>()
    };
    plan.services.iter().flat_map(of).collect()
}

/// Returns the privileges that the admin lacks in the source, each with the statement that grants it.
async fn lacking(session: &mut Connection, oids: &[u32]) -> Result<Vec<SplitNeed>> {
    let found = missing_privileges(session, oids).await?;
    let need = |one: MissingPrivilege| SplitNeed {
        purpose: "the copy",
        ok: false,
        detail: format!("{}: {}", one.what, one.fix),
    };
    Ok(found.into_iter().map(need).collect())
}

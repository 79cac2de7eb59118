//! `split plan`: what each service would get, what is open, and what the split needs.

mod report;

use clap::Args;

use super::shared::{self, MapChoice};
use crate::error::Result;
use crate::import::pg_dump;
use crate::manifest::SplitMap;
use crate::run::Run;
use crate::server::Access;
use crate::splitting::{SplitPlan, inspect, places, privileges};
pub use report::PlannedSplit;
use report::SplitNeed;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub map: MapChoice,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<PlannedSplit> {
    let map = arguments.map.load(run)?;
    let access = shared::source(run, &map).await?;
    let source = inspect::read(&access, map.source.database.as_str()).await?;
    let plan = SplitPlan::of(&map, &source)?;
    let mut needs = needs(&access, &map, source.major).await?;
    needs.extend(lacking(&access, &map, &places::numbers_of(&plan, &source)).await?);
    Ok(PlannedSplit::new(run, &map, &plan, needs, &arguments.map))
}

/// What the later steps need, and whether it is there.
async fn needs(access: &Access, map: &SplitMap, major: u32) -> Result<Vec<SplitNeed>> {
    let settings = inspect::settings(access, map.source.database.as_str()).await?;
    let found = pg_dump::find(major).await;
    let dump = found.as_ref().map_or_else(
        |error| error.to_string(),
        |program| format!("pg_dump {} for a source of version {major}", program.version),
    );
    let slots = i64::try_from(map.services.len()).unwrap_or(i64::MAX);
    let online = [
        (settings.wal_level == "logical", format!("wal_level is {}", settings.wal_level)),
        (
            settings.free_slots >= slots,
            format!("{} replication slots are free, {slots} are needed", settings.free_slots.max(0)),
        ),
        (
            settings.may_replicate,
            format!(
                "{} {} replicate",
                access.admin.role,
                if settings.may_replicate { "may" } else { "may not" }
            ),
        ),
    ];
    let need = |(ok, detail)| SplitNeed { purpose: "following online", ok, detail };
    let schema = SplitNeed { purpose: "the schemas of the services", ok: found.is_ok(), detail: dump };
    Ok([schema].into_iter().chain(online.map(need)).collect())
}

/// What the admin lacks in the source, each with what ends it.
async fn lacking(access: &Access, map: &SplitMap, oids: &[u32]) -> Result<Vec<SplitNeed>> {
    let mut session = access.read(map.source.database.as_str()).await?;
    let found = privileges::lacking(&mut session, oids).await?;
    session.close().await;
    let need = |one: privileges::LackingPrivilege| SplitNeed {
        purpose: "the copy",
        ok: false,
        detail: format!("{}: {}", one.what, one.cure),
    };
    Ok(found.into_iter().map(need).collect())
}

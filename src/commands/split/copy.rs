//! `split copy`: copies the rows of every service out of the shared database, in one snapshot.

mod follow;

use clap::Args;
use serde::Serialize;

use super::common::{self, MapChoice};
use super::status::next;
use crate::app::Run;
use follow::FollowedSource;
use martydb_context::targets;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::units::{bytes, counted};
use martydb_pg::server::Connection;
use martydb_split::SplitPlan;
use martydb_split::begin::{BegunRun, PlannedRun, begin};
use martydb_split::copying::{CopyTarget, FilledCount, SplitCopy};
use martydb_split::inspect::SourceMoment;
use martydb_split::state::source::{self, SplitRelation};
use martydb_split::state::{SplitKind, SplitPhase};
use martydb_split::tables::DatabaseTables;
use martydb_split::{offline, online};
use martydb_ui::report::{Cell, Paint, Report, Style, Table};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub map: MapChoice,
    /// Leave the source open to writes, and follow its changes.
    #[arg(long)]
    pub online: bool,
    /// With --online: exit once the targets have caught up, instead of following until the split is finished.
    #[arg(long, requires = "online")]
    pub until_caught_up: bool,
    /// Maximum number of tables to copy at once.
    #[arg(short, long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<CopiedSplit> {
    let map = arguments.map.load(run)?;
    let access = common::source(run, &map).await?;
    let database = map.source.database.as_str();
    let catalog = SourceMoment::open(&access, database).await?.into_catalog().await;
    let plan = SplitPlan::new(&map, &catalog)?;
    common::complete(&plan, &arguments.map, "nothing was copied")?;
    let services: Vec<DesiredService> =
        map.services.keys().map(|name| run.manifest.services[name].clone()).collect();
    let targets = targets::of(run, &services).await?;
    let mut session = common::locked(run, &access, database).await?;
    let shapes = DatabaseTables::read(&mut session).await?;
    let planned = PlannedRun {
        plan: &plan,
        source: &catalog,
        shapes: &shapes,
        services: &services,
        online: arguments.online,
    };
    let begun = begin(&mut session, &planned).await?;
    let mut copied = vec![];
    for (service, target) in targets {
        let relations = begun.relations.get(service.name.as_str()).cloned().unwrap_or_default();
        let target = target?;
        if target.login.password.is_none() {
            return Err(Error::new(Kind::NotProvisioned, format!("{} has no logins yet", service.name))
                .hint("run `martydb apply --all`, then `martydb split schema` and `martydb upgrade --all`"));
        }
        let phase = begun.services.iter().find(|one| one.name == service.name.as_str());
        let phase = phase.map_or(SplitPhase::Planned, |one| one.phase);
        copied.push(CopyTarget { service: service.name, target, relations, phase });
    }
    let copy = SplitCopy {
        access: &access,
        database,
        run: &begun.run,
        jobs: usize::from(arguments.jobs),
        wait: run.lock_wait,
        cutover: arguments.map.in_command("martydb split cutover"),
    };
    let count = copy_all(&mut session, &copy, &copied, &shapes).await?;
    let services = source::services(&mut session).await?;
    session.close().await;
    if arguments.online {
        let until_caught_up = arguments.until_caught_up;
        FollowedSource { run, access: &access, database, until_caught_up }.follow(&services).await?;
    }
    Ok(CopiedSplit::new(&arguments.map, &begun, &services, count))
}

/// Copies the services that are not copied yet.
async fn copy_all(
    session: &mut Connection,
    copy: &SplitCopy<'_>,
    targets: &[CopyTarget],
    shapes: &DatabaseTables,
) -> Result<FilledCount> {
    let waits = |target: &&CopyTarget| match target.phase {
        SplitPhase::Planned | SplitPhase::Copying => true,
        SplitPhase::RolledBack => !copy.run.online,
        _ => false,
    };
    let waiting: Vec<&CopyTarget> = targets.iter().filter(waits).collect();
    if waiting.is_empty() {
        return Ok(FilledCount::default());
    }
    if copy.run.online {
        online::copy(session, copy, &waiting, shapes).await
    } else {
        offline::copy(session, copy, &waiting, shapes).await
    }
}

#[derive(Serialize)]
pub struct CopiedSplit {
    services: Vec<CopiedService>,
    /// Rows that this command copied.
    rows: i64,
    bytes: i64,
    next: Vec<String>,
}

#[derive(Serialize)]
struct CopiedService {
    service: String,
    database: String,
    phase: SplitPhase,
    tables: usize,
}

impl CopiedSplit {
    fn new(
        map: &MapChoice,
        begun: &BegunRun,
        services: &[source::SplitService],
        count: FilledCount,
    ) -> CopiedSplit {
        let tables = |name: &str| {
            let is_table = |one: &&SplitRelation| one.kind == SplitKind::Table;
            begun.relations.get(name).map_or(0, |all| all.iter().filter(is_table).count())
        };
        let one = |service: &source::SplitService| CopiedService {
            service: service.name.clone(),
            database: service.database.clone(),
            phase: service.phase,
            tables: tables(&service.name),
        };
        let next = next_commands(services, map);
        CopiedSplit {
            services: services.iter().map(one).collect(),
            rows: count.rows,
            bytes: count.bytes,
            next,
        }
    }
}

/// Returns the commands that follow a copy; behind the cutover of every service, those of its phase.
fn next_commands(services: &[source::SplitService], map: &MapChoice) -> Vec<String> {
    if services.iter().all(|service| service.phase >= SplitPhase::CutOver) {
        let next = services.iter().filter_map(|one| next(one.phase, &one.name, true, map));
        return next.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    }
    vec![map.in_command("martydb split verify"), map.in_command("martydb split cutover --service NAME")]
}

impl Report for CopiedSplit {
    fn text(&self, style: &Style) -> String {
        let mut table = Table::new(&["service", "database", "phase", "tables"]);
        for one in &self.services {
            table.row([
                one.service.as_str().into(),
                one.database.as_str().into(),
                Cell::new(one.phase.name(), Paint::Good),
                Cell::number(one.tables),
            ]);
        }
        let rows = usize::try_from(self.rows).unwrap_or_default();
        table.render(style)
            + &format!("\nCopied {}, {}.\n", counted(rows, "row"), bytes(self.bytes))
            + &format!("next: `{}`\n", self.next.join("`, then `"))
    }
}

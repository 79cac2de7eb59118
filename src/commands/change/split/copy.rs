//! `split copy`: copies the rows of every service out of the shared database, in one snapshot.

mod follow;

use clap::Args;
use serde::Serialize;

use super::common::{self, MapChoice};
use super::status::next;
use crate::app::App;
use follow::FollowedSource;
use martydb_context::targets;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::units::{bytes, counted};
use martydb_pg::server::Connection;
use martydb_split::{
    CopyTarget, DatabaseTables, FilledCount, PlannedRun, SourceSnapshot, SplitCopy, SplitKind, SplitPhase,
    SplitPlan, SplitRelation, SplitService, StartedSplit, begin, copy_offline, copy_online, read_services,
};
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style};

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

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<CopiedSplit> {
    let map = arguments.map.load(app)?;
    let access = common::source(app, &map).await?;
    let database = map.source.database.as_str();
    let catalog = SourceSnapshot::open(&access, database).await?.into_catalog().await;
    let plan = SplitPlan::new(&map, &catalog)?;
    common::complete(&plan, &arguments.map, "nothing was copied")?;
    let services: Vec<DesiredService> =
        map.services.keys().map(|name| app.manifest.services[name].clone()).collect();
    let targets = targets::for_services(app, &services).await?;
    let mut session = common::locked(app, &access, database).await?;
    let shapes = DatabaseTables::read(&mut session).await?;
    let planned = PlannedRun {
        plan: &plan,
        source: &catalog,
        shapes: &shapes,
        services: &services,
        online: arguments.online,
    };
    let started = begin(&mut session, &planned).await?;
    let mut copied = vec![];
    for (service, target) in targets {
        let relations = started.relations.get(service.name.as_str()).cloned().unwrap_or_default();
        let target = target?;
        if target.login.password.is_none() {
            return Err(Error::new(Kind::NotProvisioned, format!("{} has no logins yet", service.name))
                .hint("run `martydb apply --all`, then `martydb split schema` and `martydb upgrade --all`"));
        }
        let phase = started.services.iter().find(|one| one.name == service.name.as_str());
        let phase = phase.map_or(SplitPhase::Planned, |one| one.phase);
        copied.push(CopyTarget { service: service.name, target, relations, phase });
    }
    let copy = SplitCopy {
        access: &access,
        database,
        run: &started.run,
        jobs: usize::from(arguments.jobs),
        wait: app.lock_wait,
        cutover: arguments.map.in_command("martydb split cutover"),
    };
    let count = copy_all(&mut session, &copy, &copied, &shapes).await?;
    let services = read_services(&mut session).await?;
    session.close().await;
    if arguments.online {
        let until_caught_up = arguments.until_caught_up;
        FollowedSource { app, access: &access, database, until_caught_up }.follow(&services).await?;
    }
    Ok(CopiedSplit::new(&arguments.map, &started, &services, count))
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
        copy_online(session, copy, &waiting, shapes).await
    } else {
        copy_offline(session, copy, &waiting, shapes).await
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
        started: &StartedSplit,
        services: &[SplitService],
        count: FilledCount,
    ) -> CopiedSplit {
        let tables = |name: &str| {
            let is_table = |one: &&SplitRelation| one.kind == SplitKind::Table;
            started.relations.get(name).map_or(0, |all| all.iter().filter(is_table).count())
        };
        let one = |service: &SplitService| CopiedService {
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
fn next_commands(services: &[SplitService], map: &MapChoice) -> Vec<String> {
    if services.iter().all(|service| service.phase >= SplitPhase::CutOver) {
        let next = services.iter().filter_map(|one| next(one.phase, &one.name, true, map));
        return next.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    }
    vec![map.in_command("martydb split verify"), map.in_command("martydb split cutover --service NAME")]
}

impl Report for CopiedSplit {
    fn text(&self, style: &Style) -> String {
        let columns: Vec<ReportColumn<&CopiedService>> = vec![
            ReportColumn::shown("service", |one, _| one.service.as_str().into()),
            ReportColumn::shown("database", |one, _| one.database.as_str().into()),
            ReportColumn::shown("phase", |one, _| Cell::new(one.phase.name(), Paint::Good)),
            ReportColumn::shown("tables", |one, _| Cell::number(one.tables)),
        ];
        let rows = usize::try_from(self.rows).unwrap_or_default();
        ReportColumn::table(columns, &[], &self.services, style).render(style)
            + &format!("\nCopied {}, {}.\n", counted(rows, "row"), bytes(self.bytes))
            + &format!("next: `{}`\n", self.next.join("`, then `"))
    }
}

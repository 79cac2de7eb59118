//! `split verify`: compares the rows of the source and each target.

use clap::Args;
use serde::Serialize;

use super::common::{MapChoice, SplitSession};
use crate::app::App;
use crate::commands::support::per_service::{PerService, errors_text};
use martydb_model::error::{Error, ExitStatus, Kind, Result};
use martydb_split::{
    ComparedAt, ComparedTables, CopyTarget, DatabaseTables, DifferingTable, RowDifference, SidesComparison,
    SplitPhase, SplitService, SplitSides, TargetComparison, open_inspecting, still_open, verify_following,
};
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, printable};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub map: MapChoice,
    /// Only this service; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub service: Vec<String>,
    /// Maximum number of tables to compare at once.
    #[arg(short, long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<VerifiedSplit> {
    let mut work = SplitSession::open(app, &arguments.map, usize::from(arguments.jobs)).await?;
    let shapes = DatabaseTables::read(&mut work.session).await?;
    let mut all = vec![];
    for service in work.chosen(&arguments.service)? {
        let one = one(app, &mut work, &shapes, &service).await;
        let stopped = one.as_ref().is_err_and(|error| error.kind == Kind::Interrupted);
        all.push(PerService::new(service.name.clone(), one));
        if stopped {
            break;
        }
    }
    work.session.close().await;
    let map = &arguments.map;
    Ok(VerifiedSplit { services: all, next: vec![map.in_command("martydb split cutover --service NAME")] })
}

async fn one(
    app: &App,
    work: &mut SplitSession,
    shapes: &DatabaseTables,
    service: &SplitService,
) -> Result<VerifiedService> {
    let target = work.target(service).await?;
    match service.phase {
        SplitPhase::Copied => at_rest(work, &target).await?,
        _ if work.split.online && service.phase >= SplitPhase::Following => {
            return following(app, work, service).await;
        }
        phase => return Err(not_now(service, phase)),
    }
    let copy = work.copy();
    let (at, tables) = (ComparedAt::Still, ComparedTables::All);
    let found = SidesComparison { copy: &copy, of: &target, at, tables }.compare(shapes).await?;
    Ok(VerifiedService::new(found))
}

/// Compares a service with one open side: both sides are compared at the position of the stream.
async fn following(app: &App, work: &SplitSession, service: &SplitService) -> Result<VerifiedService> {
    let desired = app.service(&service.name)?;
    let mut sides = SplitSides::open(app, &work.access, &work.database, desired).await?;
    let end = verify_following(&mut sides).await;
    sides.close().await;
    end.map(VerifiedService::new)
}

/// Refuses a service with an open side, which would make differences meaningless.
async fn at_rest(work: &mut SplitSession, target: &CopyTarget) -> Result<()> {
    let source: Vec<u32> = target.relations.iter().map(|one| one.oid).collect();
    let open = still_open(&mut work.session, &source).await?;
    let mut session = open_inspecting(&target.target).await?;
    let shapes = DatabaseTables::read(&mut session).await?;
    let there = target.relations.iter().filter_map(|one| shapes.table(&one.schema, &one.name));
    let there: Vec<u32> = there.map(|table| table.oid).collect();
    let written = still_open(&mut session, &there).await?;
    session.close().await;
    let name = |place: &'static str| move |table: &String| printable(&format!("{table} of the {place}"));
    let causes: Vec<String> =
        open.iter().map(name("source")).chain(written.iter().map(name("target"))).collect();
    if causes.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::Divergent, "tables that a copy closed are open to writes again")
        .causes(causes)
        .hint("find out why their trigger martydb_split_closed was dropped or disabled, then copy again"))
}

fn not_now(service: &SplitService, phase: SplitPhase) -> Error {
    let hint = match phase {
        SplitPhase::Planned | SplitPhase::Copying => "run `martydb split copy` first",
        _ => "the cutover compared both sides; since then only one of them accepts writes",
    };
    Error::operation(format!("service \"{}\" is in the phase {}", service.name, phase.name())).hint(hint)
}

#[derive(Default, Serialize)]
pub(crate) struct VerifiedService {
    tables: usize,
    rows: i64,
    equal: bool,
    differences: Vec<DifferingTable>,
}

impl VerifiedService {
    fn new(found: TargetComparison) -> VerifiedService {
        let TargetComparison { tables, rows, differences } = found;
        VerifiedService { tables, rows, equal: differences.is_empty(), differences }
    }
}

#[derive(Serialize)]
pub struct VerifiedSplit {
    services: Vec<PerService<VerifiedService>>,
    next: Vec<String>,
}

impl Report for VerifiedSplit {
    fn text(&self, style: &Style) -> String {
        let columns: Vec<ReportColumn<&PerService<VerifiedService>>> = vec![
            ReportColumn::shown("service", |one, _| one.service.as_str().into()),
            ReportColumn::shown("rows of both sides", |one, _| match (&one.error, one.answer.equal) {
                (Some(_), _) => Cell::new("not compared", Paint::Bad),
                (None, true) => Cell::new("equal", Paint::Good),
                (None, false) => Cell::new("differ", Paint::Bad),
            }),
            ReportColumn::shown("tables", |one, _| Cell::number(one.answer.tables)),
            ReportColumn::shown("rows", |one, _| Cell::number(one.answer.rows)),
        ];
        let mut text = ReportColumn::table(columns, &[], &self.services, style).render(style);
        for one in &self.services {
            for difference in &one.answer.differences {
                text += &located(&one.service, difference);
            }
        }
        let done = self.status() == ExitStatus::Success;
        if done { text + &format!("\nnext: `{}`\n", self.next.join("`, `")) } else { text }
    }

    fn messages(&self, style: &Style) -> String {
        errors_text(self.services.iter().map(|one| (one.service.as_str(), one.error.as_ref())), style)
    }

    fn status(&self) -> ExitStatus {
        let differs = self.services.iter().any(|one| !one.answer.differences.is_empty());
        let errors = ExitStatus::of_errors(self.services.iter().filter_map(|one| one.error.as_ref()));
        ExitStatus::worst([errors].into_iter().chain(differs.then_some(ExitStatus::Differences)))
    }
}

fn located(service: &str, difference: &DifferingTable) -> String {
    let DifferingTable { table, rows_source, rows_target, key, rows, more } = difference;
    let counts = match rows_source == rows_target {
        true => format!("{rows_source} rows at both sides"),
        false => format!("{rows_source} rows in the source, {rows_target} in the target"),
    };
    let mut text = format!("{service}: {} differs: {counts}\n", printable(table));
    if key.is_empty() {
        return text + "  without a key its rows cannot be identified\n";
    }
    let key = printable(&key.join(", "));
    for row in rows {
        let what = match row.what {
            RowDifference::Missing => "is missing in the target",
            RowDifference::Extra => "is only in the target",
            RowDifference::Different => "has other values",
        };
        text += &format!("  {key} = {} {what}\n", printable(&row.key));
    }
    if *more { text + "  and more\n" } else { text }
}

//! `partitions`: makes partitions ahead and removes those after their retention, for the tables of the manifest's
//! `partitions:`.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::units::counted;
use martydb_model::{DesiredService, PartitionedTable, Removal};
use martydb_partitions::{Maintained, MaintenanceMode, due, maintain};
use martydb_provision::run::Run;
use martydb_ui::flags::Select;
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, error_texts, printable};

/// Interval of a run without `--once`: a partition is made days before its first row.
const EVERY: Duration = Duration::from_secs(3600);

/// Number of names in a cell.
const NAMED: usize = 3;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// End after one round, for cron and jobs, instead of repeating it every hour.
    #[arg(long)]
    pub once: bool,
    /// Show what would be made and removed; change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<PartitionsReport> {
    let services = run.readable(&arguments.select)?;
    let tables = tables(&services, !arguments.select.names_none())?;
    if arguments.dry_run {
        return Ok(round(run, &tables, MaintenanceMode::Look).await);
    }
    agree(run, &tables).await?;
    if arguments.once {
        return Ok(round(run, &tables, MaintenanceMode::Run).await);
    }
    run.out.ends_by_interrupt();
    loop {
        let report = round(run, &tables, MaintenanceMode::Run).await;
        let style = run.out.message_style();
        run.out.show(&(report.text(&style) + &report.messages(&style)));
        tokio::time::sleep(EVERY).await;
    }
}

type Tables<'a> = Vec<(&'a DesiredService, &'a PartitionedTable)>;

/// Returns the tables of the services.
///
/// # Errors
/// If a service that was named has none.
fn tables(services: &[DesiredService], named: bool) -> Result<Tables<'_>> {
    if let Some(without) = services.iter().find(|service| named && service.partitions.is_empty()) {
        return Err(Error::usage(format!("service \"{}\" has no partitions in the manifest", without.name))
            .hint("declare them under the service: partitions: { public.events: { by: day, key: at, keep: 90d } }"));
    }
    Ok(services.iter().flat_map(|one| one.partitions.iter().map(move |table| (one, table))).collect())
}

/// Asks before the first run on a table that would remove something: its partitions were made by others.
async fn agree(run: &Run, tables: &Tables<'_>) -> Result<()> {
    let mut gone = vec![];
    for (service, table) in tables {
        let first = due(run, service, table).await.ok().filter(|due| due.is_first);
        gone.extend(first.into_iter().flat_map(|due| due.removed).map(|name| (*service, *table, name)));
    }
    if gone.is_empty() {
        return Ok(());
    }
    for (service, table, name) in &gone {
        let verb = if table.removal == Removal::Drop { "drop" } else { "detach" };
        run.out.eprint(&printable(&format!("{verb} partition {name} of {table} ({})", service.name)));
    }
    let count = counted(gone.len(), "partition");
    let would = format!("{count} that martydb did not make would be removed");
    run.confirm(
        &format!("Remove {count}?"),
        &would,
        "look at them with `martydb partitions --dry-run`, then add -y",
    )
    .await
}

async fn round(run: &Run, tables: &Tables<'_>, mode: MaintenanceMode) -> PartitionsReport {
    let mut rows = vec![];
    for (service, table) in tables {
        rows.push(PartitionRow::new(service, table, maintain(run, service, table, mode).await));
    }
    PartitionsReport { dry: mode == MaintenanceMode::Look, tables: rows }
}

#[derive(Serialize)]
pub struct PartitionsReport {
    tables: Vec<PartitionRow>,
    #[serde(skip)]
    dry: bool,
}

#[derive(Serialize)]
pub struct PartitionRow {
    service: String,
    table: String,
    /// Partitions that were made, or would be.
    made: Vec<String>,
    /// Partitions that were detached or dropped, or would be.
    removed: Vec<String>,
    /// First days of periods that have rows in the default partition, and so no partition.
    left_out: Vec<String>,
    outcome: &'static str,
    error: Option<Error>,
}

impl PartitionRow {
    fn new(service: &DesiredService, table: &PartitionedTable, end: Result<Maintained>) -> PartitionRow {
        let (done, error) = match end {
            Ok(done) => (done, None),
            Err(error) => (Maintained::default(), Some(error)),
        };
        let left = occupied(service, table, &done.left_out);
        let outcome = match (&error, &left) {
            (Some(_), _) => "failed",
            (None, Some(_)) => "incomplete",
            (None, None) => "ok",
        };
        let Maintained { made, removed, left_out, .. } = done;
        let (service, table) = (service.name.to_string(), table.to_string());
        PartitionRow { service, table, made, removed, left_out, outcome, error: error.or(left) }
    }
}

/// Makes the error about periods whose rows are in the default partition.
fn occupied(service: &DesiredService, table: &PartitionedTable, left_out: &[String]) -> Option<Error> {
    if left_out.is_empty() {
        return None;
    }
    let message = format!(
        "the default partition of {table} of {} has rows of {}, which have no partition of their own: {}",
        service.name,
        counted(left_out.len(), "period"),
        left_out.join(", ")
    );
    let hint = "move them in a migration: detach the default partition, insert its rows into the table, and attach it again";
    Some(Error::operation(message).hint(hint))
}

/// Returns the names, or the first and the last of many.
fn names(names: &[String]) -> String {
    printable(&match names.len() {
        0 => "-".to_owned(),
        n if n <= NAMED => names.join(", "),
        n => format!("{} … {} ({n})", names[0], names[n - 1]),
    })
}

pub fn columns<'a>() -> Vec<ReportColumn<&'a PartitionRow>> {
    vec![
        ReportColumn::new("service", "service", |row, _| (&row.service).into()),
        ReportColumn::new("table", "table", |row, _| printable(&row.table).into()),
        ReportColumn::new("made", "made", |row, _| names(&row.made).into()),
        ReportColumn::new("removed", "removed", |row, _| names(&row.removed).into()),
        ReportColumn::new("outcome", "result", |row, _| {
            let paint = if row.error.is_none() { Paint::Good } else { Paint::Bad };
            Cell::new(row.outcome, paint)
        }),
        ReportColumn::key("error.message"),
    ]
}

impl Report for PartitionsReport {
    fn text(&self, style: &Style) -> String {
        if self.tables.is_empty() {
            return "No service declares partitions.\n".into();
        }
        let table = ReportColumn::table(columns(), &[], &self.tables, style).render(style);
        table + if self.dry { "\nNothing was changed: this was a dry run.\n" } else { "" }
    }

    fn messages(&self, style: &Style) -> String {
        error_texts(self.tables.iter().filter_map(|row| row.error.as_ref()), style)
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::of_errors(self.tables.iter().filter_map(|row| row.error.as_ref()))
    }
}

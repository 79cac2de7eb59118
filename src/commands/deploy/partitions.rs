//! `partitions`: makes partitions ahead and removes those after their retention, for the tables of the manifest's
//! `partitions:`.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::app::App;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::units::counted;
use martydb_model::{DesiredService, PartitionedTable, Removal};
use martydb_partitions::{MaintenanceMode, due, maintain};
use martydb_ui::flags::Select;
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, error_texts, printable};

use martydb_partitions::{PartitionRow, names};

/// Interval of a run without `--once`: a partition is made days before its first row.
const RUN_INTERVAL: Duration = Duration::from_secs(3600);

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

pub async fn run(app: &App, arguments: &Arguments) -> Result<PartitionsReport> {
    let services = app.readable(&arguments.select)?;
    let tables = tables(&services, !arguments.select.names_none())?;
    if arguments.dry_run {
        return Ok(round(app, &tables, MaintenanceMode::Look).await);
    }
    agree(app, &tables).await?;
    if arguments.once {
        return Ok(round(app, &tables, MaintenanceMode::Run).await);
    }
    app.out.ends_by_interrupt();
    loop {
        let report = round(app, &tables, MaintenanceMode::Run).await;
        let style = app.out.message_style();
        app.out.show(&(report.text(&style) + &report.messages(&style)));
        tokio::time::sleep(RUN_INTERVAL).await;
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
    Ok(tables_of(services))
}

fn tables_of(services: &[DesiredService]) -> Tables<'_> {
    services.iter().flat_map(|one| one.partitions.iter().map(move |table| (one, table))).collect()
}

/// Asks before the first run on a table that would remove something: its partitions were made by others.
async fn agree(app: &App, tables: &Tables<'_>) -> Result<()> {
    let mut gone = vec![];
    for (service, table) in tables {
        let first = due(app, service, table).await.ok().filter(|due| due.is_first);
        gone.extend(first.into_iter().flat_map(|due| due.removed).map(|name| (*service, *table, name)));
    }
    if gone.is_empty() {
        return Ok(());
    }
    for (service, table, name) in &gone {
        let verb = if table.removal == Removal::Drop { "drop" } else { "detach" };
        app.out.eprint(&printable(&format!("{verb} partition {name} of {table} ({})", service.name)));
    }
    let count = counted(gone.len(), "partition");
    let would = format!("{count} that martydb did not make would be removed");
    app.confirm(
        &format!("Remove {count}?"),
        &would,
        "look at them with `martydb partitions --dry-run`, then add -y",
    )
    .await
}

async fn round(app: &App, tables: &Tables<'_>, mode: MaintenanceMode) -> PartitionsReport {
    let mut rows = vec![];
    for (service, table) in tables {
        rows.push(PartitionRow::new(service, table, maintain(app, service, table, mode).await));
    }
    PartitionsReport { dry: mode == MaintenanceMode::Look, tables: rows }
}

/// Returns what the next run would do for the tables of these services.
pub(crate) async fn next_run(app: &App, services: &[DesiredService]) -> Vec<PartitionRow> {
    round(app, &tables_of(services), MaintenanceMode::Look).await.tables
}

#[derive(Serialize)]
pub struct PartitionsReport {
    tables: Vec<PartitionRow>,
    #[serde(skip)]
    dry: bool,
}

pub fn columns<'a>() -> Vec<ReportColumn<&'a PartitionRow>> {
    vec![
        ReportColumn::new("service", "service", |row, _| (&row.service).into()),
        ReportColumn::new("table", "table", |row, _| printable(&row.table).into()),
        ReportColumn::new("made", "made", |row, _| names(&row.made).into()),
        ReportColumn::new("removed", "removed", |row, _| names(&row.removed).into()),
        ReportColumn::spare(0, "until", "made until", |row, _| Cell::optional(row.until.clone())),
        ReportColumn::key("default_rows"),
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
        let rows = || self.tables.iter();
        let found = rows().filter_map(|row| row.finished_text(self.dry)).collect::<String>()
            + &rows().filter_map(PartitionRow::default_text).collect::<String>();
        table + &found + if self.dry { "\nNothing was changed: this was a dry run.\n" } else { "" }
    }

    fn messages(&self, style: &Style) -> String {
        error_texts(self.tables.iter().flat_map(PartitionRow::errors), style)
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::of_errors(self.tables.iter().flat_map(PartitionRow::errors))
    }
}

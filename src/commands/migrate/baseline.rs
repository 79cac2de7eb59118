//! `baseline`: records versions as applied without running them, for an existing database.

pub mod from_database;

use clap::Args;

use super::migrating::{UpgradeReport, Watch, plain_options};
use crate::app::App;
use crate::commands::support::choice;
use martydb_context::targets;
use martydb_migrate::files::Direction;
use martydb_migrate::{EventSender, Execution, FailedRow, MigrationOutcome, MigrationTarget, Options};
use martydb_model::DesiredService;
use martydb_model::error::{Error, Kind, Result};
use martydb_ui::flags::OneService;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub service: OneService,
    /// Last version that the database already has.
    #[arg(long, value_name = "VERSION", required_unless_present = "from_database")]
    pub at: Option<i64>,
    /// Write the first migration from the database with pg_dump, and record it.
    #[arg(long, conflicts_with = "at")]
    pub from_database: bool,
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<UpgradeReport> {
    let service = choice::service(app, &arguments.service).await?;
    let name = service.name.to_string();
    let options = plain_options(app);
    let (_, target) = targets::for_services(app, std::slice::from_ref(&service)).await?.remove(0);
    let outcome = async { record(app, &service, &target?, arguments.at, &options).await }.await;
    let outcome = outcome.unwrap_or_else(|error| MigrationOutcome::new(&name).failed(error));
    let mut report = UpgradeReport::new(vec![outcome], Direction::Up, Execution::Real);
    report.words = ("recorded", "nothing to record");
    Ok(report)
}

/// Without a version, writes V1 first.
async fn record(
    app: &App,
    service: &DesiredService,
    target: &MigrationTarget,
    at: Option<i64>,
    options: &Options,
) -> Result<MigrationOutcome> {
    let watch = Watch::new(&app.out);
    let at = match at {
        Some(at) => {
            refuse_failed(app, service, target).await?;
            at
        }
        None => {
            let adopted = from_database::write(app, service, target, options).await?;
            app.out.note(&format!("{}: wrote {}", service.name, adopted.file.display()));
            adopted.notes.iter().for_each(|note| app.out.note(&format!("{}: {note}", service.name)));
            1
        }
    };
    let (events, receiver) = EventSender::channel();
    let work = martydb_migrate::baseline(target, at, options, &events);
    Ok(watch.follow(service.name.as_str(), receiver, work).await)
}

/// Refuses a database where another tool's migration has failed or runs: its schema is that of no version.
async fn refuse_failed(app: &App, service: &DesiredService, target: &MigrationTarget) -> Result<()> {
    let state = martydb_migrate::inspect_adoption(target, "", None, app.lock_wait).await?;
    let open: Vec<&FailedRow> = state.failed.iter().filter(|row| row.is_open()).collect();
    if open.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::Divergent, format!("{} is between two versions of another tool", service.name))
        .causes(open)
        .hint("finish or undo the migration with that tool, which clears the row, then run this command again")
        .hint(format!("the present schema is right as it is: `martydb baseline --service {} --from-database`, in an empty folder", service.name)))
}

//! `upgrade`: applies pending migrations, services in parallel.

use clap::Args;

use super::migrating::{
    UpgradeReport, migrate_each, note_missing_folders, plain_options, read_folders, refuse_old,
    settle_schemas, write_schemas,
};
use crate::app::App;
use crate::commands::support::choice;
use crate::commands::support::relative_path::current_folder;
use martydb_context::targets;
use martydb_import::discovery::not_imported::{NotImported, separated};
use martydb_migrate::files::Direction;
use martydb_migrate::{Ended, Execution, Goal, MigrationOutcome, Options, Order};
use martydb_model::DesiredService;
use martydb_model::error::Result;
use martydb_ui::flags::Select;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Last version to apply, `+N` for the next N, or `head` for all.
    #[arg(long, value_name = "VERSION", value_parser = last)]
    pub to: Option<Last>,
    /// Number of migrations to apply [default: all].
    #[arg(long, value_name = "N", conflicts_with = "to", value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: Option<u32>,
    /// Show what would be applied; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Run in one transaction on the database and roll it back; report its locks, table rewrites and errors.
    #[arg(long, conflicts_with = "dry_run")]
    pub rehearse: bool,
    /// Also apply files older than the newest applied one.
    #[arg(long)]
    pub allow_out_of_order: bool,
}

/// Last migration of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    Head,
    Version(i64),
    Steps(u32),
}

/// Parses `--to`, which has Alembic's relative form too.
fn last(text: &str) -> Result<Last, String> {
    let whole = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = match text.strip_prefix('+') {
        _ if text == "head" => Some(Last::Head),
        Some(steps) if whole(steps) => steps.parse().ok().filter(|steps| *steps > 0).map(Last::Steps),
        None if whole(text) => text.parse().ok().map(Last::Version),
        _ => None,
    };
    parsed.ok_or_else(|| "it is not a version, such as 7, a number of steps, such as +1, or head".to_owned())
}

impl Arguments {
    fn options(&self, app: &App) -> Options {
        let steps = match self.to {
            Some(Last::Steps(steps)) => Some(steps),
            _ => self.steps,
        };
        Options {
            to: self.to.and_then(|to| if let Last::Version(version) = to { Some(version) } else { None }),
            steps: steps.map(|steps| steps as usize),
            execution: match (self.dry_run, self.rehearse) {
                (true, _) => Execution::Dry,
                (_, true) => Execution::Rehearsal,
                _ => Execution::Real,
            },
            order: if self.allow_out_of_order { Order::AllowOutOfOrder } else { Order::Strict },
            ..plain_options(app)
        }
    }
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<UpgradeReport> {
    let services = choice::services(app, &arguments.select).await?;
    upgrade_services(app, &services, arguments.options(app)).await
}

pub(crate) async fn upgrade_services(
    app: &App,
    services: &[DesiredService],
    options: Options,
) -> Result<UpgradeReport> {
    let (services, waiting) = separated(services, &current_folder());
    note_missing_folders(app, &services);
    let folders = match read_folders(app, &services, Goal::Upgrade, &options).await {
        Ok(folders) => folders,
        Err(refused) => return Ok(UpgradeReport::new(refused, Direction::Up, options.execution)),
    };
    let targets = targets::for_services(app, &services).await?;
    refuse_old(&targets).await?;
    let mut outcomes = migrate_each(app, &folders, targets.clone(), Goal::Upgrade, &options).await?;
    outcomes.extend(waiting.iter().map(not_attempted));
    if options.execution == Execution::Real {
        settle_schemas(app, &targets, &outcomes, &options).await;
        write_schemas(app, &targets, &outcomes).await;
    }
    Ok(UpgradeReport::new(outcomes, Direction::Up, options.execution))
}

/// Returns the outcome of a service whose migrations are not imported.
fn not_attempted(waiting: &NotImported) -> MigrationOutcome {
    let outcome = MigrationOutcome::new(&waiting.service);
    MigrationOutcome { ended: Ended::Skipped, error: Some(waiting.error()), ..outcome }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_version_is_a_number_a_step_or_the_head() {
        for (text, expected) in [
            ("7", Last::Version(7)),
            ("0", Last::Version(0)),
            ("+1", Last::Steps(1)),
            ("+12", Last::Steps(12)),
            ("head", Last::Head),
        ] {
            assert_eq!(last(text), Ok(expected), "{text}");
        }
        for wrong in ["", "+", "+0", "++1", "+-1", "-1", "1.5", "HEAD~1", "V7", "99999999999999999999"] {
            assert!(last(wrong).is_err(), "{wrong}");
        }
    }
}

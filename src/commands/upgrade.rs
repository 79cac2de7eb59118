//! `upgrade`: applies pending migrations, services in parallel.

use clap::Args;

use super::migrating::{UpgradeReport, migrate_each, plain_options, write_schemas};
use martydb_migrate::files::Direction;
use martydb_migrate::{Execution, Goal, Options, Order};
use martydb_model::DesiredService;
use martydb_model::error::Result;
use martydb_provision::run::Run;
use martydb_provision::targets;
use martydb_ui::flags::Select;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Last version to apply.
    #[arg(long, value_name = "VERSION")]
    pub to: Option<i64>,
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

impl Arguments {
    fn options(&self, run: &Run) -> Options {
        Options {
            to: self.to,
            execution: match (self.dry_run, self.rehearse) {
                (true, _) => Execution::Dry,
                (_, true) => Execution::Rehearsal,
                _ => Execution::Real,
            },
            order: if self.allow_out_of_order { Order::AllowOutOfOrder } else { Order::Strict },
            ..plain_options(run)
        }
    }
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<UpgradeReport> {
    let services = run.writable(&arguments.select)?;
    upgrade_services(run, &services, arguments.options(run)).await
}

pub async fn upgrade_services(
    run: &Run,
    services: &[DesiredService],
    options: Options,
) -> Result<UpgradeReport> {
    let targets = targets::of(run, services).await?;
    let outcomes = migrate_each(run, targets.clone(), Goal::Upgrade, &options).await;
    if options.execution == Execution::Real {
        write_schemas(run, &targets, &outcomes).await;
    }
    Ok(UpgradeReport::new(outcomes, Direction::Up, options.execution))
}

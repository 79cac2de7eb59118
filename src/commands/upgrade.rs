//! `upgrade`: applies pending migrations, services side by side.

use clap::Args;

pub use super::migrating::UpgradeReport;
use super::migrating::Watch;
use crate::error::Result;
use crate::flags::Select;
use crate::fleet;
use crate::migrate::name::Direction;
use crate::migrate::{self, Operator, Options, Order, Outcome, Run as Writes};
use crate::model::DesiredService;
use crate::report::Report;
use crate::run::Run;

/// Flags of `upgrade`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to work on.
    #[command(flatten)]
    pub select: Select,
    /// The last version to apply.
    #[arg(long, value_name = "VERSION")]
    pub to: Option<i64>,
    /// Say what would be applied, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Also apply files that are older than what is applied.
    #[arg(long)]
    pub allow_out_of_order: bool,
}

impl Arguments {
    fn options(&self, run: &Run) -> Options {
        Options {
            to: self.to,
            run: if self.dry_run { Writes::Dry } else { Writes::Real },
            order: if self.allow_out_of_order { Order::AllowLate } else { Order::Strict },
            lock_wait: run.lock_wait,
            ..Options::new(Operator::current())
        }
    }
}

/// Applies what is pending.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services = run.writable(&arguments.select)?;
    Ok(Box::new(upgrade_services(run, &services, arguments.options(run)).await?))
}

/// The part that `init-all` shares.
pub async fn upgrade_services(
    run: &Run,
    services: &[DesiredService],
    options: Options,
) -> Result<UpgradeReport> {
    let targets = fleet::targets(run, services).await?;
    let watch = Watch::new(&run.out);
    let outcomes = fleet::side_by_side(run.jobs, targets, |(service, target)| {
        let (options, watch) = (options.clone(), watch.clone());
        async move {
            let name = service.name.to_string();
            match target {
                Ok(target) => {
                    let tell = |event| watch.tell(&name, &event);
                    let outcome = migrate::upgrade(&target, &options, &tell).await;
                    watch.ended(&outcome);
                    outcome
                }
                Err(error) => Outcome::new(&name).failed(error),
            }
        }
    })
    .await;
    Ok(UpgradeReport::new(outcomes, Direction::Up, options.run == Writes::Dry))
}

/// The options of a plain run, for `init-all`.
pub fn plain_options(run: &Run) -> Options {
    Options { lock_wait: run.lock_wait, ..Options::new(Operator::current()) }
}

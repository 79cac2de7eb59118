//! `baseline`: records versions as applied without running them, for a database that exists already.

use clap::Args;

use super::migrating::{UpgradeReport, Watch};
use crate::error::Result;
use crate::fleet;
use crate::migrate::name::Direction;
use crate::migrate::{self, Operator, Options, Outcome};
use crate::report::Report;
use crate::run::Run;

/// Flags of `baseline`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The service.
    #[arg(short, long, value_name = "NAME")]
    pub service: String,
    /// The last version that the database has already.
    #[arg(long, value_name = "VERSION")]
    pub at: i64,
}

/// Records, and runs nothing.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let service = run.service(&arguments.service)?.clone();
    let options = Options { lock_wait: run.lock_wait, ..Options::new(Operator::current()) };
    let name = service.name.to_string();
    let watch = Watch::new(&run.out);
    let tell = |event| watch.tell(&name, &event);
    let mut outcomes = vec![];
    for (_, target) in fleet::targets(run, &[service]).await? {
        outcomes.push(match target {
            Ok(target) => migrate::baseline(&target, arguments.at, &options, &tell).await,
            Err(error) => Outcome::new(&name).failed(error),
        });
    }
    Ok(Box::new(UpgradeReport::new(outcomes, Direction::Up, false).words("recorded", "nothing to record")))
}

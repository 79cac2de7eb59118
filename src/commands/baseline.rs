//! `baseline`: records versions as applied without running them, for a database that exists already.

use clap::Args;

use super::migrating::{UpgradeReport, Watch, plain_options};
use crate::error::Result;
use crate::migrate::files::Direction;
use crate::migrate::{self, EventSender, Execution, MigrationOutcome};
use crate::run::Run;
use crate::targets;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The service.
    #[arg(short, long, value_name = "NAME")]
    pub service: String,
    /// The last version that the database has already.
    #[arg(long, value_name = "VERSION")]
    pub at: i64,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<UpgradeReport> {
    let service = run.service(&arguments.service)?.clone();
    let name = service.name.to_string();
    let watch = Watch::new(&run.out);
    let (_, target) = targets::of(run, &[service]).await?.remove(0);
    let outcome = match target {
        Ok(target) => {
            let (options, (events, receiver)) = (plain_options(run), EventSender::channel());
            let work = migrate::baseline(&target, arguments.at, &options, &events);
            watch.follow(&name, receiver, work).await
        }
        Err(error) => MigrationOutcome::new(&name).failed(error),
    };
    let mut report = UpgradeReport::new(vec![outcome], Direction::Up, Execution::Real);
    report.words = ("recorded", "nothing to record");
    Ok(report)
}

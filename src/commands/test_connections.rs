//! `test-connections`: every login at its own database; latency, TLS, server version.

use clap::Args;

use super::probing::prepare;
use crate::cli::Select;
use crate::error::Result;
use crate::probe::{self, Connections, connections};
use crate::report::Report;
use crate::run::Run;

/// Flags of `test-connections`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to try.
    #[command(flatten)]
    pub select: Select,
}

/// Logs in.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services = run.readable(&arguments.select)?;
    let mut all = Connections { connections: vec![] };
    for server in run.servers_of(&services) {
        let prepared = prepare(run, &server, &services).await?;
        let attempts = probe::try_own(&prepared.task, probe::unwatched()).await?;
        all.connections.extend(connections(&prepared.task, &attempts));
    }
    Ok(Box::new(all))
}

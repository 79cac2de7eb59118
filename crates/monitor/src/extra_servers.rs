//! Servers that are not PostgreSQL's: the program reads them, because no room of this crate knows their kinds.

use futures_util::future::BoxFuture;

use super::results::CheckOutcome;
use martydb_context::Context;
use martydb_isolation::proof::{Extent, ServerJudgement};
use martydb_model::DesiredService;
use martydb_model::metrics::MonitorCheck;

/// Judgement of each server, or the reason why there is none.
pub type Judgements = Vec<(String, martydb_model::error::Result<ServerJudgement>)>;

/// Checks of servers of other kinds. A manifest without them costs no connection.
pub trait ExtraServers: Send + Sync {
    /// Judges the servers of these services.
    fn prove<'r>(
        &'r self,
        context: &'r Context,
        services: &'r [DesiredService],
        extent: Extent,
    ) -> BoxFuture<'r, martydb_model::error::Result<Judgements>>;

    /// Returns what a check adds to its outcome at PostgreSQL.
    fn check<'r>(
        &'r self,
        context: &'r Context,
        services: &'r [DesiredService],
        check: MonitorCheck,
    ) -> BoxFuture<'r, martydb_model::error::Result<CheckOutcome>>;
}

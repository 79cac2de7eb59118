//! Proof that no user of a service reaches what belongs to another: findings from the server's users and settings, and
//! logins of every user at every prefix.

mod audit;
mod judge;
mod probe;
mod settings;

use martydb_context::Context;
use martydb_isolation::proof::{Extent, ServerJudgement};
use martydb_manifest::RedisServer;
use martydb_model::ServiceName;
use martydb_model::error::Result;

use crate::admin;
use crate::desired::DesiredRedis;
use crate::inspect::{InspectionDepth, inspect};

pub(crate) use probe::PROBE;
pub use probe::{TriedLogin, own_logins};

/// Proves one server. Nothing is written.
pub async fn prove(
    context: &Context,
    server: &RedisServer,
    services: &[ServiceName],
    extent: Extent,
) -> Result<ServerJudgement> {
    let desired = DesiredRedis::read(context, server, services).await?;
    let mut admin = admin::log_in(context, &desired.server).await?;
    let actual = inspect(&mut admin, &desired, InspectionDepth::Everything).await?;
    let attempts = match extent {
        Extent::None => vec![],
        _ => probe::attempt(context, &desired, &actual).await?,
    };
    let findings = audit::audit(&desired, &actual, &admin.user);
    Ok(judge::judge(&desired, &actual, &attempts, findings, extent))
}

//! Comparison of a service's schema with a scratch database that its files build.

use super::Scratch;
use martydb_migrate::{EventSender, Goal, MigrationTarget, Options, SchemaState};
use martydb_model::error::Result;
use martydb_model::{DesiredServer, DesiredService};
use martydb_pg::server::Access;

/// Builds the files up to the database's version in a scratch database, and compares: see
/// [`martydb_migrate::settle_schema`].
///
/// # Errors
/// If the scratch database cannot be made, or the files do not run there.
#[martydb_pg::boxed]
pub async fn settle_schema(
    (access, desired): (Access, DesiredServer),
    service: &DesiredService,
    target: &MigrationTarget,
    options: &Options,
) -> Result<SchemaState> {
    let scratch = Scratch::make(&access, &desired, service).await?;
    let there = scratch.target(target);
    let built = martydb_migrate::run(&there, Goal::Upgrade, options, &EventSender::ignored()).await;
    let found = match built.error {
        None => martydb_migrate::settle_schema(target, &there, options).await,
        Some(error) => Err(error.while_doing("cannot apply the files to an empty database")),
    };
    scratch.remove_after(found).await
}

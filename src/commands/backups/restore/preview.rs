//! `restore --dry-run`: the backup is fetched and checked, and nothing is made on the server.

use super::report::RestoreReport;
use crate::commands::backups::backup::store::FetchedBackup;
use martydb_backup::{self as backup, HeadAgainstFiles, LoadSource, RestoreOutcome, RestoreTarget};
use martydb_model::DbName;
use martydb_model::error::Result;
use martydb_model::sql::{Literal, stmt};
use martydb_pg::server::query_one;

pub(crate) async fn run(
    to: &RestoreTarget<'_>,
    (from, id): (LoadSource<'_>, &str),
    place: &Option<DbName>,
    fetched: &FetchedBackup,
    head: HeadAgainstFiles,
) -> Result<RestoreReport> {
    backup::examine_restore(to, from).await?;
    let mut report = RestoreReport::new(to.service, id, place, RestoreOutcome::default(), fetched, head);
    report.dry_run = true;
    let mut session = to.access.read(&to.access.maintenance).await?;
    let sessions = stmt!(
        "SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity WHERE datname = {name}",
        name = Literal(to.service.database.to_string())
    );
    let count: i64 = if place.is_some() { 0 } else { query_one(&mut session, &sessions).await? };
    session.close().await;
    report.sessions = usize::try_from(count).ok();
    Ok(report)
}

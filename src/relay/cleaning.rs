//! Takes published events away once their time is over. The relay's login cannot: it is done as the service's owner, by the
//! migrator, in steps that each hold few rows.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::model::{DesiredService, Outbox, RoleKind};
use crate::run::Run;
use crate::server::{Connection, connect_watched, execute};
use crate::sql::{Ident, Qualified, Statement, stmt};
use crate::wire::interrupt;

/// Rows of one statement: its locks are held for a moment.
const ROWS: i64 = 5000;

/// A breath between two, for others that write and for VACUUM.
const BREATH: Duration = Duration::from_millis(20);

const SETTINGS: &[(&str, &str)] =
    &[("search_path", "pg_catalog"), ("statement_timeout", "60s"), ("lock_timeout", "5s")];

/// How many events went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleaned {
    pub removed: u64,
}

/// Removes what was published longer ago than `keep`, oldest first.
///
/// # Errors
/// If the migrator cannot log in, or the server refuses it.
pub async fn clean(run: &Run, service: &DesiredService, outbox: &Outbox, keep: Duration) -> Result<Cleaned> {
    let access = run.access(&service.server).await?;
    let secrets = run.secrets(std::slice::from_ref(service)).await?;
    let login = run.login(service, RoleKind::Migrator, &secrets)?;
    let database = service.database.as_str();
    let mut connection = connect_watched(&access.endpoint, &login, database, SETTINGS).await?;
    let owner = Ident::new(service.role(RoleKind::Owner).as_str());
    let owner = owner.map_err(|error| Error::operation("no role").cause(error))?;
    execute(&mut connection, &stmt!("SET ROLE {owner}", owner = owner)).await?;
    let end = in_steps(&mut connection, &step(outbox, keep)).await;
    connection.close().await;
    end
}

async fn in_steps(connection: &mut Connection, step: &Statement) -> Result<Cleaned> {
    let mut removed = 0;
    loop {
        let now = execute(connection, step).await?;
        removed += now;
        if now < ROWS.unsigned_abs() || interrupt::signal().is_some() {
            return Ok(Cleaned { removed });
        }
        tokio::time::sleep(BREATH).await;
    }
}

fn step(outbox: &Outbox, keep: Duration) -> Statement {
    let columns = &outbox.columns;
    let name = |name: &str| Qualified(vec![name.to_owned()]);
    stmt!(
        "DELETE FROM {table} WHERE {id} = ANY (ARRAY(
           SELECT o.{id} FROM {table} o
           WHERE o.{published} < clock_timestamp() - {seconds} * interval '1 second'
           ORDER BY o.{id} LIMIT {rows} FOR UPDATE SKIP LOCKED))",
        table = Qualified(vec![outbox.schema.to_string(), outbox.table.clone()]),
        id = name(&columns.id),
        published = name(&columns.published_at),
        seconds = i64::try_from(keep.as_secs()).unwrap_or(i64::MAX),
        rows = ROWS,
    )
}

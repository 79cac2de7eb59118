//! Removal of scratch databases, including the sessions that the service still has in them.

use std::time::Duration;

use martydb_model::error::{Error, Result};
use martydb_model::sql::{Keyword, Literal, Statement, stmt};
use martydb_model::sqlstate;
use martydb_model::{DbName, RoleName};
use martydb_pg::server::{Access, Connection, execute_protected, query};

/// Drops a scratch database, over another session if the keeper's is lost.
#[martydb_pg::boxed]
pub async fn remove(
    access: &Access,
    mut keeper: Connection,
    database: &DbName,
    logins: &[RoleName],
) -> Result<()> {
    if drop_with_sessions(&mut keeper, database, logins).await.is_ok() {
        return Ok(());
    }
    let again = async {
        drop_database(&mut access.write(&access.maintenance).await?, database, " WITH (FORCE)").await
    };
    again.await.map_err(|error| left_behind(database, error))
}

/// Number of attempts to drop a database whose sessions are ending, and the pause between two attempts.
const MAX_TRIES: u32 = 10;
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Drops a database and ends the sessions in it. A limited admin may end a session only as a member of its login.
/// Runs even after a signal: a database that is left behind would block later runs.
pub async fn drop_with_sessions(
    connection: &mut Connection,
    database: &DbName,
    logins: &[RoleName],
) -> Result<()> {
    for _ in 1..MAX_TRIES {
        match drop_database(connection, database, " WITH (FORCE)").await {
            Err(error) if error.sqlstate.as_deref() == Some(sqlstate::INSUFFICIENT_PRIVILEGE) => {
                end_sessions(connection, database, logins).await?;
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            end => return end,
        }
        // Autovacuum has no role that a limited admin could become, but it gives way to a DROP DATABASE without
        // FORCE.
        if drop_database(connection, database, "").await.is_ok() {
            return Ok(());
        }
    }
    drop_database(connection, database, " WITH (FORCE)").await
}

/// Ends the sessions of each login, with a temporary membership in it. A session that cannot be ended makes the
/// drop fail.
pub async fn end_sessions(connection: &mut Connection, database: &DbName, logins: &[RoleName]) -> Result<()> {
    let options = if connection.major() >= 16 { " WITH INHERIT TRUE, SET TRUE" } else { "" };
    for login in logins {
        let end = Statement::join([
            stmt!("BEGIN"),
            stmt!("GRANT {login} TO CURRENT_USER{options}", options = Keyword(options)),
            stmt!(
                "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a
                 WHERE a.datname = {name} AND a.usename = {login}",
                name = Literal(database.to_string()),
                login = Literal(login.to_string())
            ),
        ]);
        let _refused = execute_protected(connection, &end).await;
        execute_protected(connection, &stmt!("ROLLBACK")).await?;
    }
    Ok(())
}

/// Returns the logins whose sessions a dead run left in a database.
pub async fn logins_in(connection: &mut Connection, database: &DbName) -> Result<Vec<RoleName>> {
    let statement = stmt!(
        "SELECT DISTINCT a.usename::pg_catalog.text FROM pg_catalog.pg_stat_activity a
         WHERE a.datname = {name} AND a.usename IS NOT NULL",
        name = Literal(database.to_string())
    );
    let rows = query(connection, &statement).await?;
    Ok(rows.iter().filter_map(|row| RoleName::found(row.try_get::<String>(0).ok()?).ok()).collect())
}

pub(crate) fn left_behind(database: &DbName, error: Error) -> Error {
    error.while_doing(format!("cannot remove the scratch database {database}")).hint(format!(
        "the next run that needs one on this server tries again, or run DROP DATABASE {database}"
    ))
}

async fn drop_database(connection: &mut Connection, database: &DbName, force: &'static str) -> Result<()> {
    let (database, force) = (database, Keyword(force));
    let statement = stmt!("DROP DATABASE IF EXISTS {database}{force}");
    // A missing database raises only a notice.
    execute_protected(connection, &statement).await
}

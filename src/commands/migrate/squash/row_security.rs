//! Row security that also binds the owner, who dumps a scratch database: lifted for the dump, and put into its text.

use martydb_migrate::dump::unrestricted;
use martydb_migrate::{MigrationTarget, connect_as_owner};
use martydb_model::error::Result;
use martydb_model::sql::{ServerText, Statement, stmt};
use martydb_pg::server::{execute, query_as};
use std::time::Duration;

/// Returns what `dump` prints while the owner sees every row, with the statements that bind the owner again.
///
/// # Errors
/// If the database refuses a statement, or the dump fails.
pub(super) async fn lifted(
    target: &MigrationTarget,
    wait: Duration,
    dump: impl Future<Output = Result<String>>,
) -> Result<String> {
    let mut session = connect_as_owner(target, wait).await?;
    let query = stmt!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relforcerowsecurity AND pg_catalog.pg_get_userbyid(c.relowner) = current_user ORDER BY 1"
    );
    let forced: Vec<String> = query_as(&mut session, &query).await?;
    for table in &forced {
        execute(&mut session, &force(table, false)).await?;
    }
    let printed = dump.await?;
    let mut text = unrestricted(&printed).to_owned();
    for table in &forced {
        let again = force(table, true);
        execute(&mut session, &again).await?;
        text += &format!("\n{};\n", again.shown());
    }
    session.close().await;
    Ok(text)
}

fn force(table: &str, on: bool) -> Statement {
    let table = ServerText::quoted_by_server(table.to_owned());
    match on {
        true => stmt!("ALTER TABLE ONLY {table} FORCE ROW LEVEL SECURITY"),
        false => stmt!("ALTER TABLE ONLY {table} NO FORCE ROW LEVEL SECURITY"),
    }
}

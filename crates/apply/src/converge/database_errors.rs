//! Hints for errors about a database's parameters.

use martydb_model::error::Error;
use martydb_model::sql::{Literal, stmt};
use martydb_model::sqlstate;
use martydb_model::{CreationParameters, DbName};
use martydb_pg::server::{Connection, query};
use martydb_plan::{Action, DatabaseOption, Step};

/// Most sessions named.
const MAX_NAMED: usize = 5;

/// Adds a hint to the error of a step.
pub(crate) async fn explain(connection: &mut Connection, step: &Step, error: Error) -> Error {
    let state = error.sqlstate.as_deref();
    match &step.action {
        Action::CreateDatabase { template: None, made_with, .. }
            if **made_with != CreationParameters::default() =>
        {
            let hint = state.and_then(hint);
            error.hint_if(hint)
        }
        Action::AlterDatabase { database, option: DatabaseOption::Tablespace(_) }
            if state == Some(sqlstate::OBJECT_IN_USE) =>
        {
            let sessions = sessions(connection, database).await;
            // A retry would find the same sessions: the user has to end them.
            let error = Error { sqlstate: None, ..error };
            error.causes(sessions).hint(
                "stop the service or end these sessions, then run `martydb apply` again; the database stays where it is",
            )
        }
        _ => error,
    }
}

fn hint(state: &str) -> Option<&'static str> {
    match state {
        sqlstate::WRONG_OBJECT_TYPE => Some(
            "the server's host must have the locale: `locale -a` there lists those of libc, pg_collation those of ICU",
        ),
        sqlstate::INVALID_PARAMETER_VALUE => Some(
            "encoding and locale must match: use the encoding after the dot in the locale's name; C works with every \
             encoding, and ICU and builtin locales with UTF8",
        ),
        sqlstate::FEATURE_NOT_SUPPORTED => {
            Some("choose another locale_provider: this server was built without it")
        }
        _ => None,
    }
}

/// Returns the sessions in a database; a limited admin sees only the logins.
async fn sessions(connection: &mut Connection, database: &DbName) -> Vec<String> {
    let all = stmt!(
        "SELECT a.pid::pg_catalog.text, coalesce(a.usename::pg_catalog.text, a.backend_type, 'unknown'), coalesce(a.application_name, '')
         FROM pg_catalog.pg_stat_activity a WHERE a.datname = {database} ORDER BY a.backend_start, a.pid",
        database = Literal(database.to_string())
    );
    let rows = query(connection, &all).await.unwrap_or_default();
    let text = |row: &martydb_pg::server::Row, at| {
        row.try_get::<Option<String>>(at).ok().flatten().unwrap_or_default()
    };
    let mut named: Vec<String> = rows
        .iter()
        .take(MAX_NAMED)
        .map(|row| format!("pid {}, login {}, application \"{}\"", text(row, 0), text(row, 1), text(row, 2)))
        .collect();
    let more = rows.len().saturating_sub(MAX_NAMED);
    named.extend((more > 0).then(|| format!("and {more} more")));
    named
}

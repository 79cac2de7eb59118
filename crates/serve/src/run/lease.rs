//! Connections of a login: taken from their pool, and given back.

use martydb_model::sql::Statement;
use tokio_postgres::Row;

use crate::error::HttpResult;
use crate::session::{DatabaseResult, LoginPool, LoginSession, SessionReuse, TypedText};

/// Takes a connection.
pub(super) async fn take(pool: &LoginPool) -> HttpResult<LoginSession> {
    pool.get().await
}

/// Gives a connection back, and returns what was done in it. This alone decides if a session is used again: one whose state is not
/// known is closed, and one in which code of the service may have run is reset. The statements that ran in it reported whether it
/// may have.
pub(super) async fn give_back<T>(session: LoginSession, done: DatabaseResult<T>) -> DatabaseResult<T> {
    if done.is_ok() {
        match session.reuse() {
            SessionReuse::AsItIs => session.release(),
            SessionReuse::Reset => session.discard().await,
            SessionReuse::Never => drop(session),
        }
    }
    done
}

/// Returns the rows of a question of the program's own, whose operators the search path finds.
pub(crate) async fn ask(
    pool: &LoginPool,
    question: &Statement,
    values: &[TypedText<'_>],
) -> HttpResult<DatabaseResult<Vec<Row>>> {
    let mut session = take(pool).await?;
    session.may_run_code();
    let rows = session.rows(question, values).await;
    Ok(give_back(session, rows).await)
}

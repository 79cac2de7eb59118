//! The sessions in which logins are asked about their privileges.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use super::classes::Depth;
use super::context::{LoginContext, managed_roles};
use super::query;
use super::rules::statements;
use crate::isolation::observations::ServerContext;
use crate::probe::{LoginAttempts, Task, attempt_patiently};
use crate::sql::stmt;
use crate::wire::{Address, Answer, Attempt, Credentials, LoginRequest, Outcome};

/// One session for each login whose password is known and works, with the index of the login.
pub async fn observe(
    server: &ServerContext,
    attempts: &[LoginAttempts],
    address: &Address,
) -> Vec<(usize, Attempt)> {
    let task = &server.task;
    let managed = managed_roles(server);
    let working = task.logins.iter().zip(attempts).enumerate();
    let working = working.filter(|(_, (login, met))| login.password.is_some() && met.logged_in());
    stream::iter(working)
        .map(|(index, (login, _))| {
            let context = LoginContext::new(server, login, &managed);
            async move {
                let mut found = ask(task, address, &context, Depth::What).await;
                // A privilege that was found has to be explained.
                if let Outcome::LetIn(session) = &found.outcome
                    && matches!(session.answers.get(1), Some(Answer::Rows(rows)) if !rows.is_empty())
                {
                    found = ask(task, address, &context, Depth::Why).await;
                }
                (index, found)
            }
        })
        .buffered(task.concurrency.max(1))
        .collect()
        .await
}

/// Settings that the session must have, whatever its role or database were given: `-c name=value`. What a newer major
/// added is sent to it only.
const PINNED: &[(u32, &str)] = &[
    (0, "role=none"),
    (0, "search_path=pg_catalog"),
    (0, "statement_timeout=60s"),
    (0, "lock_timeout=2s"),
    (0, "idle_in_transaction_session_timeout=60s"),
    (14, "idle_session_timeout=0"),
    (17, "transaction_timeout=0"),
    (0, "default_transaction_read_only=off"),
    (0, "default_tablespace="),
    (0, "temp_tablespaces="),
    (0, "default_table_access_method=heap"),
    (0, "exit_on_error=off"),
    (0, "quote_all_identifiers=off"),
    // The question is long and its work is little: compiling it would take seconds.
    (0, "jit=off"),
];

fn pinned(major: u32) -> String {
    let due = PINNED.iter().filter(|(since, _)| major >= *since);
    due.map(|(_, setting)| format!("-c {setting}")).collect::<Vec<_>>().join(" ")
}

/// Asks whether the session is as it was started and what it may do, and tries the forbidden statements, each of them
/// undone before the next.
async fn ask(task: &Task, address: &Address, context: &LoginContext<'_>, depth: Depth) -> Attempt {
    let mut queries =
        vec![query::unchanged_session(), query::held(context, depth), stmt!("BEGIN; SAVEPOINT before")];
    let statements = statements(context).into_iter();
    queries.extend(statements.map(|(_, one)| stmt!("ROLLBACK TO SAVEPOINT before; {one}", one = one)));
    queries.push(stmt!("ROLLBACK"));
    let options = pinned(context.major);
    let request = LoginRequest {
        database: context.login.database.as_str(),
        parameters: &[("options", &options)],
        queries: &queries,
        timeout: task.timeout.max(Duration::from_secs(60)),
    };
    attempt_patiently(address, &mut Credentials::new(context.login.login()), &request).await
}

//! Migrations that cannot run in a transaction: each statement is sent alone, and the history says "started" before
//! the first and "ok" after the last, so that an interrupted one shows.

use std::time::{Duration, Instant};

use super::adapter::{Adapter, Step, applied, record};
use super::envelope::Envelope;
use super::failure;
use super::outcome::Applied;
use super::script::{Seen, walk};
use super::tables::{self, Record, Took};
use crate::error::Result;
use crate::server::execute;
use crate::sql::Statement;
use crate::stmt;

/// Runs the statements of a file one by one.
pub async fn apply(adapter: &mut Adapter<'_>, step: &Step<'_>) -> Result<Applied> {
    let started = Instant::now();
    let begun = tables::insert_history(&record(step, "started"), &adapter.options.operator);
    execute(adapter.connection, &begun).await?;
    let up = &step.migration.up;
    for (at, span) in up.statements.iter().enumerate() {
        let envelope = Envelope::alone(&up.text, span.clone(), at);
        set_lock_timeout(adapter, &up.text[span.clone()]).await?;
        if let Err((completed, fault)) = adapter.send(step, &envelope.message).await {
            adapter.record_failure(step, 1, started, &fault).await;
            return Err(failure::explain(step.migration, &envelope, completed, fault));
        }
    }
    finish(adapter, step, started).await?;
    Ok(applied(step, started))
}

/// A concurrent build waits for others without being in their way, and giving up leaves an INVALID index; all
/// other statements give up as they do in a transaction.
async fn set_lock_timeout(adapter: &mut Adapter<'_>, statement: &str) -> Result<()> {
    let timeout = if is_concurrent(statement) { Duration::ZERO } else { adapter.options.lock_timeout };
    let millis = i64::try_from(timeout.as_millis()).unwrap_or_default().min(i64::from(i32::MAX));
    execute(adapter.connection, &stmt!("SET lock_timeout = {millis}", millis = millis)).await?;
    Ok(())
}

fn is_concurrent(statement: &str) -> bool {
    let mut concurrent = false;
    walk(statement, |seen| {
        if let Seen::Statement(seen) = seen {
            concurrent = seen.head.iter().any(|word| word.text.eq_ignore_ascii_case("concurrently"));
        }
    });
    concurrent
}

/// Both rows in one transaction: refinery's table and the history agree at any moment.
async fn finish(adapter: &mut Adapter<'_>, step: &Step<'_>, started: Instant) -> Result<()> {
    let took = Took::Millis(i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX));
    let done = Record { took, ..record(step, "ok") };
    let all = [
        stmt!("SET ROLE {owner}", owner = adapter.target.owner),
        stmt!("RESET ALL"),
        stmt!("BEGIN"),
        tables::insert_refinery(&adapter.schema, &step.row),
        tables::insert_history(&done, &adapter.options.operator),
        stmt!("COMMIT"),
    ];
    execute(adapter.connection, &Statement::join(all)).await?;
    Ok(())
}

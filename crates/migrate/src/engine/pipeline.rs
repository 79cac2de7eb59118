//! Pipelining: sends the next files before the answer to the first arrives. Over a slow link, many files then
//! cost one round trip instead of one each. Every file remains a transaction of its own, with its history rows
//! and its checks.
//!
//! No file may run after a failure, although the server has already received it. A file that fails leaves an
//! aborted transaction, and the server rejects everything until it is rolled back. A failure at or after the
//! COMMIT leaves no transaction: therefore each message ends by noting its event in the session, and begins by
//! requiring the note of the one before.
//! <https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING>
//!
//! The files reach the disk together too: only the COMMIT of the last one waits for it, and the one that
//! records a failure. A server that crashes before that loses files and their history rows alike; the next run
//! applies them again. <https://www.postgresql.org/docs/current/wal-async-commit.html>

use std::collections::VecDeque;

use super::batch::{Batch, BatchContext, MigrationStep};
use super::executor::{file_record, rows};
use super::failure;
use super::preflight::Preflight;
use super::session::MigrationSession;
use crate::files::Mode;
use crate::target::Options;
use martydb_model::error::Result;
use martydb_model::sql::Statement;

/// Maximum number of files sent together: enough to hide 50 ms of latency behind files of 2 ms, few enough to
/// keep in memory.
const MAX_FILES: usize = 32;

/// Maximum size of the files sent together, in bytes.
const MAX_BYTES: usize = 256 << 10;

/// Sends, in order, the steps that can follow each other without waiting; nothing if there is only one.
///
/// # Errors
/// If the connection ends before all are sent.
pub(crate) async fn send(
    session: &mut MigrationSession<'_>,
    preflight: &Preflight,
    options: &Options,
    steps: &[MigrationStep<'_>],
) -> Result<VecDeque<Batch>> {
    let together = &steps[..count(steps)];
    if together.len() < 2 {
        return Ok(VecDeque::new());
    }
    let mut batches = VecDeque::new();
    let first = session.noted + 1;
    let mut event = preflight.last_event + 1;
    for (note, step) in (first..).zip(together) {
        let frame = BatchContext {
            owner: &session.target.owner,
            other_roles: &preflight.other_roles,
            lock_timeout: options.lock_timeout,
            note: Some(note),
            after: (note > first).then(|| note - 1),
            flushed_later: batches.len() + 1 < together.len(),
        };
        let rows = rows(session, step, event, &file_record(step, 1), &options.operator);
        event += step.events();
        batches.push_back(Batch::of_file(&frame, &step.file, rows));
        session.noted = note;
    }
    let messages: Vec<&Statement> = batches.iter().map(|batch| &batch.message).collect();
    messages.iter().for_each(|message| tracing::debug!(target: "martydb::sql", "{}", message.shown()));
    match session.connection.send_ahead(&messages).await {
        Ok(()) => Ok(batches),
        Err(response) => Err(failure::explain(session.target, &steps[0], &batches[0], 0, response)),
    }
}

/// Returns the number of steps, from the first, that are sent together.
fn count(steps: &[MigrationStep<'_>]) -> usize {
    let mut bytes = 0;
    let fits = |step: &&MigrationStep<'_>| {
        bytes += step.file.text.len();
        step.file.directives.mode == Mode::Transaction && bytes <= MAX_BYTES
    };
    steps.iter().take(MAX_FILES).take_while(fits).count()
}

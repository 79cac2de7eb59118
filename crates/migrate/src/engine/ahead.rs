//! Sends the next files before the answer to the first has come, so that many files over a slow
//! link cost one round trip and not one for each. Every file stays a transaction of its own, with its history rows and its checks.
//!
//! Nothing may run behind a failure, though the server already has it. A file that fails leaves an aborted transaction,
//! and the server refuses everything until it is rolled back. What fails at or behind its COMMIT leaves no transaction:
//! for that, each message ends by noting its event in the session, and begins by demanding the note of the one before.
//! <https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING>
//!
//! They reach the disk together too: only the last one's COMMIT waits for it, and what writes a failure down does. A server
//! that crashes before that loses files and their rows of the history alike, so that the next run takes them up again.
//! <https://www.postgresql.org/docs/current/wal-async-commit.html>

use std::collections::VecDeque;

use super::batch::{Batch, Frame, MigrationStep};
use super::executor::{file_record, rows};
use super::failure;
use super::preflight::Preflight;
use super::session::MigrationSession;
use crate::files::Mode;
use crate::target::Options;
use martydb_model::error::Result;
use martydb_model::sql::Statement;

/// How many files are sent together: enough to hide 50 ms behind files of 2 ms, few enough to keep in memory.
const FILES: usize = 32;

/// How many bytes of files are sent together.
const BYTES: usize = 256 << 10;

/// Sends the steps that can follow each other without waiting, in their order; nothing if that is only one.
///
/// # Errors
/// If the connection ends before all are sent.
pub async fn send(
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
        let frame = Frame {
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
        Err(fault) => Err(failure::explain(session.target, &steps[0], &batches[0], 0, fault)),
    }
}

/// How many of the steps, from the first, are sent together.
fn count(steps: &[MigrationStep<'_>]) -> usize {
    let mut bytes = 0;
    let fits = |step: &&MigrationStep<'_>| {
        bytes += step.file.text.len();
        step.file.directives.mode == Mode::Transaction && bytes <= BYTES
    };
    steps.iter().take(FILES).take_while(fits).count()
}

//! Error of a failed migration: the file, the line with a caret, the server's message, and the state of the
//! other migrations.

mod advice;
mod block;
mod cures;
mod excerpt;
mod extensions;

use advice::StatementFailure;
use excerpt::excerpt;

use super::batch::{Batch, BatchPart, CheckFailure, MigrationStep};
use crate::files::{Direction, Mode, Position};
use crate::target::MigrationTarget;
use martydb_model::error::{Error, Kind};
use martydb_model::sqlstate;
use martydb_pg::server::ErrorResponse;

/// Explains why a migration failed after `completed` statements of its batch.
pub(crate) fn explain(
    target: &MigrationTarget,
    step: &MigrationStep<'_>,
    batch: &Batch,
    completed: usize,
    response: ErrorResponse,
) -> Error {
    let part = batch.part(completed);
    let kind = response.kind();
    if kind == Kind::Interrupted {
        return interrupted(step, &response);
    }
    let offset = offset(step, batch, part, &response);
    let mut error = Error::new(kind, headline(step, offset)).cause(cause(part, &response));
    if let Some(offset) = offset {
        error.causes.push(excerpt(&step.file.text, offset));
    }
    error.causes.extend(response.context.as_deref().map(|context| format!("in {context}")));
    let mode = step.file.directives.mode;
    let statement = statement(step, part);
    error.hints = advice::hints(&StatementFailure { target, part, mode, statement, response: &response });
    error.sqlstate = response.sqlstate;
    error
}

/// Explains why the server's grammar refuses a file that has not run; `at` is the place in characters.
pub(crate) fn unparsed(
    target: &MigrationTarget,
    step: &MigrationStep<'_>,
    at: usize,
    response: ErrorResponse,
) -> Error {
    let text = &step.file.text;
    // "at end of input" points past the last character.
    let offset = text.char_indices().nth(at).map_or(text.trim_end().len(), |(byte, _)| byte);
    let number = step.file.statements.iter().rposition(|span| span.start <= offset).unwrap_or(0);
    let part = BatchPart::File(number);
    let mut error = Error::new(response.kind(), headline(step, Some(offset))).cause(&response);
    error.causes.push(excerpt(text, offset));
    let (mode, statement) = (step.file.directives.mode, statement(step, part));
    error.hints = advice::hints(&StatementFailure { target, part, mode, statement, response: &response });
    error.sqlstate = response.sqlstate;
    error
}

/// Returns the error of a run stopped by a signal; the file is not at fault.
fn interrupted(step: &MigrationStep<'_>, response: &ErrorResponse) -> Error {
    let left = match (step.file.directives.mode, response.unreachable) {
        _ if response.is_unsent() => "was not begun",
        (_, true) => "was sent, and the connection was lost before the server answered",
        (Mode::Transaction, _) => "was rolled back",
        (Mode::NoTransaction, _) => "was stopped; the finished statements are kept",
    };
    let signal = martydb_pg::wire::interrupt::signal().unwrap_or("a signal");
    let mut error = Error::new(Kind::Interrupted, format!("interrupted by {signal}: {} {left}", step.id()))
        .cause(response)
        .hint("run the same command again: it continues where this one stopped");
    error.sqlstate = response.sqlstate.clone();
    error
}

/// Returns the byte offset of the error in the file: the server's position, else the start of the statement.
fn offset(
    step: &MigrationStep<'_>,
    batch: &Batch,
    part: BatchPart,
    response: &ErrorResponse,
) -> Option<usize> {
    let text = &step.file.text;
    let pointed = response.position.and_then(|position| batch.in_file(position));
    let pointed = pointed.and_then(|characters| match text.char_indices().nth(characters) {
        Some((byte, _)) => Some(byte),
        // "at end of input" points past the last character, or at the semicolon that martydb appended.
        None => (characters <= text.chars().count() + 2).then(|| text.trim_end().len()),
    });
    let span = match part {
        BatchPart::File(at) => step.file.statements.get(at),
        _ => None,
    };
    let begun = span.map(|span| span.start + block::place(&text[span.clone()], response).unwrap_or(0));
    pointed.or(begun)
}

/// Returns the failed statement of the file; empty for one of martydb's.
fn statement<'a>(step: &'a MigrationStep<'_>, part: BatchPart) -> &'a str {
    match part {
        BatchPart::File(at) => step.file.texts().nth(at).unwrap_or_default(),
        _ => "",
    }
}

fn headline(step: &MigrationStep<'_>, offset: Option<usize>) -> String {
    let what = match step.direction {
        Direction::Up => "",
        Direction::Down => "undoing ",
    };
    let (id, path) = (step.id(), step.file.path.display());
    match offset.map(|offset| Position::new(&step.file.text, offset)) {
        Some(position) => format!("{what}{id} failed at {path}:{position}"),
        None => format!("{what}{id} failed: {path}"),
    }
}

fn cause(part: BatchPart, response: &ErrorResponse) -> String {
    let said = response.to_string();
    match (part, found(response)) {
        (_, Some(found)) => found,
        (BatchPart::Constraints, _) => format!("a deferred constraint failed at the end of the file: {said}"),
        (BatchPart::Record, _) => format!("its history row could not be written: {said}"),
        (BatchPart::Commit, _) => format!("COMMIT failed: {said}"),
        (BatchPart::Opening, _) if response.position.is_none() => {
            format!("its transaction could not be opened: {said}")
        }
        _ => said,
    }
}

/// Describes the finding of martydb's check, if the error comes from it. The part alone does not show that: a
/// file that ended its own transaction may have contained statements that were not counted.
fn found(response: &ErrorResponse) -> Option<String> {
    let complains = response.sqlstate.as_deref() == Some(sqlstate::INVALID_TEXT_REPRESENTATION);
    Some(match CheckFailure::read(&response.message).filter(|_| complains)? {
        CheckFailure::Owner(objects) => {
            format!("objects would belong to another role than the owner: {objects}")
        }
        CheckFailure::Transaction => {
            "the file ended its own transaction, so its history row was not written".into()
        }
    })
}

pub(crate) fn message(response: &ErrorResponse) -> String {
    found(response).unwrap_or_else(|| response.message.clone())
}

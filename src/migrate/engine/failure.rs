//! A failed migration as an error worth reading: which file, which line, the line with a caret, what the server
//! said, and what happened to the rest.

use super::batch::{Batch, BatchPart, CheckFailure, MigrationStep};
use crate::error::{Error, Kind};
use crate::migrate::files::{Direction, Mode, Position};
use crate::server::Fault;
use crate::sqlstate;

/// How much of a long line is shown on each side of the caret, in characters.
const MARGIN: usize = 60;

/// Explains why a migration failed after `completed` statements of its batch.
pub fn explain(step: &MigrationStep<'_>, batch: &Batch, completed: usize, fault: Fault) -> Error {
    let part = batch.part(completed);
    let kind = fault.kind();
    if kind == Kind::Interrupted {
        return interrupted(step, &fault);
    }
    let offset = offset(step, batch, part, &fault);
    let mut error = Error::new(kind, headline(step, offset)).cause(cause(part, &fault));
    if let Some(offset) = offset {
        error.causes.push(excerpt(&step.file.text, offset));
    }
    error.causes.extend(fault.context.as_deref().map(|context| format!("in {context}")));
    error.hints.extend(fault.hint.clone());
    error.hints.extend(advice(part, &fault));
    error.sqlstate = fault.sqlstate;
    error
}

/// A signal stopped it: nothing is wrong with the file.
fn interrupted(step: &MigrationStep<'_>, fault: &Fault) -> Error {
    let left = match (step.file.directives.mode, fault.unreachable) {
        _ if fault.is_unsent() => "was not begun",
        (_, true) => "was sent, and the connection was lost before the server answered",
        (Mode::Transaction, _) => "was rolled back",
        (Mode::NoTransaction, _) => "was stopped, and what it had finished is kept",
    };
    let signal = crate::wire::interrupt::signal().unwrap_or("a signal");
    let mut error = Error::new(Kind::Interrupted, format!("interrupted by {signal}: {} {left}", step.id()))
        .cause(fault)
        .hint("run the same command again: it continues where this one stopped");
    error.sqlstate = fault.sqlstate.clone();
    error
}

/// The byte of the file to blame: the server's position, else the beginning of the statement.
fn offset(step: &MigrationStep<'_>, batch: &Batch, part: BatchPart, fault: &Fault) -> Option<usize> {
    let text = &step.file.text;
    let pointed = fault.position.and_then(|position| batch.in_file(position));
    let pointed = pointed.and_then(|characters| match text.char_indices().nth(characters) {
        Some((byte, _)) => Some(byte),
        // "at end of input" points behind the last character, or at the semicolon that was put there.
        None => (characters <= text.chars().count() + 2).then(|| text.trim_end().len()),
    });
    let begun = match part {
        BatchPart::File(at) => step.file.statements.get(at).map(|span| span.start),
        _ => None,
    };
    pointed.or(begun)
}

fn headline(step: &MigrationStep<'_>, offset: Option<usize>) -> String {
    let what = match step.direction {
        Direction::Up => "",
        Direction::Down => "undoing ",
    };
    let (id, path) = (step.id(), step.file.path.display());
    match offset.map(|offset| Position::of(&step.file.text, offset)) {
        Some(position) => format!("{what}{id} failed at {path}:{position}"),
        None => format!("{what}{id} failed: {path}"),
    }
}

fn cause(part: BatchPart, fault: &Fault) -> String {
    let said = fault.to_string();
    match (part, found(fault)) {
        (_, Some(found)) => found,
        (BatchPart::Constraints, _) => format!("a deferred constraint failed at the end of the file: {said}"),
        (BatchPart::Record, _) => format!("its history row could not be written: {said}"),
        (BatchPart::Commit, _) => format!("COMMIT failed: {said}"),
        (BatchPart::Opening, _) if fault.position.is_none() => {
            format!("its transaction could not be opened: {said}")
        }
        _ => said,
    }
}

/// What our check found, in words, if the fault is its complaint. Its part may not tell: a file that ended its own
/// transaction may have held statements that were not counted.
fn found(fault: &Fault) -> Option<String> {
    let complains = fault.sqlstate.as_deref() == Some(sqlstate::INVALID_TEXT_REPRESENTATION);
    Some(match CheckFailure::read(&fault.message).filter(|_| complains)? {
        CheckFailure::Owner(objects) => {
            format!("it would leave objects to another role than the owner: {objects}")
        }
        CheckFailure::Transaction => {
            "the file ended its own transaction, so its history row was not written".into()
        }
    })
}

pub fn message(fault: &Fault) -> String {
    found(fault).unwrap_or_else(|| fault.message.clone())
}

fn advice(part: BatchPart, fault: &Fault) -> Option<String> {
    let text = match (part, fault.sqlstate.as_deref()) {
        (BatchPart::Check, _) => {
            "create it as the owner: do not change the role inside functions or DO blocks"
        }
        (BatchPart::Record, Some(sqlstate::UNIQUE_VIOLATION)) => {
            "another tool has recorded this version meanwhile: run `martydb status`"
        }
        (_, Some(sqlstate::LOCK_NOT_AVAILABLE)) => {
            "other sessions hold the table: try again later, or raise --lock-wait"
        }
        (_, Some(sqlstate::READ_ONLY_SQL_TRANSACTION)) => {
            "the server or this login is read-only: point the manifest at the primary"
        }
        (_, Some(sqlstate::ACTIVE_SQL_TRANSACTION)) => {
            "put `-- martydb: no-transaction` in the file's first line"
        }
        _ => return None,
    };
    Some(text.into())
}

/// The line with a caret under the character at `offset`, as psql shows it.
fn excerpt(text: &str, offset: usize) -> String {
    let offset = text.floor_char_boundary(offset);
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
    let before: Vec<char> = text[start..offset].chars().collect();
    let skipped = before.len().saturating_sub(MARGIN);
    let cut = if skipped > 0 { "…" } else { "" };
    let shown: String =
        before[skipped..].iter().copied().chain(text[offset..end].chars().take(MARGIN)).collect();
    // A tab is as wide as the terminal likes; a blank keeps the caret below its character.
    let shown = shown.replace('\t', " ");
    let label = format!("LINE {}: {cut}", Position::of(text, offset).line);
    let indent = label.chars().count() + before.len() - skipped;
    format!("{label}{}\n{}^", shown.trim_end(), " ".repeat(indent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_its_character() {
        let text = "SELECT 1;\r\n\tSELECT é, nope;\n";
        assert_eq!(
            excerpt(text, text.find("nope").unwrap()),
            "LINE 2:  SELECT é, nope;\n                   ^"
        );
        assert_eq!(excerpt("", 0), "LINE 1: \n        ^");
        let long = format!("{}x{}", "a".repeat(500), "b".repeat(500));
        let shown = excerpt(&long, 500);
        let (line, caret) = shown.split_once('\n').unwrap();
        assert_eq!(line.chars().nth(caret.chars().count() - 1), Some('x'));
        assert!(line.chars().count() < 140, "{line}");
    }

    proptest::proptest! {
        #[test]
        fn no_offset_panics(text in "[a\n\té]{0,30}", offset in 0..80usize) {
            excerpt(&text, offset);
        }
    }
}

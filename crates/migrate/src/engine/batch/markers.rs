//! Marks between the statements of a file, which show its progress to other sessions.

use super::part::BatchPart;
use crate::files::MigrationFile;
use martydb_model::sql::{Literal, Statement, stmt};
use martydb_pg::server::APPLICATION_NAME;

/// Maximum number of marks in a file: a dump of a hundred thousand INSERTs does not need one for each.
pub(crate) const MARKS: usize = 64;

/// A file's text with marks between its statements. All statements of a file are sent in one message and the
/// server answers when the last has ended; only the session itself knows the current one. It reports it in
/// `application_name`, which other sessions see at once. RESET ALL restores it.
pub(crate) struct MarkedText {
    pub text: Statement,
    pub parts: Vec<BatchPart>,
    /// Start of each mark in the text, and its length in characters.
    pub marks: Vec<(usize, usize)>,
}

impl MarkedText {
    pub(crate) fn new(file: &MigrationFile) -> MarkedText {
        let (text, all) = (&*file.sent(), file.statements.len());
        // Blanks may be shorter than the text they replace; then the statements' positions do not apply to this text.
        let every = if text.len() == file.text.len() { all.div_ceil(MARKS).max(1) } else { all + 1 };
        let (mut parts, mut marks, mut pieces) = (vec![], vec![], vec![]);
        let (mut from, mut chars) = (0, 0);
        for at in 0..all {
            if at > 0 && at % every == 0 {
                // After the last statement's end, before its semicolon: the mark begins with a semicolon of its own.
                let end = file.statements[at - 1].end;
                let mark = mark(at + 1, all);
                chars += text[from..end].chars().count();
                marks.push((chars, mark.chars()));
                chars += mark.chars();
                pieces.extend([Statement::from_migration_file(&text[from..end]), mark]);
                parts.push(BatchPart::Mark);
                from = end;
            }
            parts.push(BatchPart::File(at));
        }
        pieces.push(Statement::from_migration_file(&text[from..]));
        MarkedText { text: Statement::concat(pieces), parts, marks }
    }
}

/// Returns a mark. It begins with a line break because the text before it may end in a comment.
fn mark(at: usize, all: usize) -> Statement {
    let name = format!("{APPLICATION_NAME} {at}/{all}");
    stmt!("\n;SET application_name = {name}\n", name = Literal(name.as_str().into()))
}

//! Marks between the statements of a file, which tell other sessions how far it is.

use super::part::BatchPart;
use crate::files::MigrationFile;
use martydb_model::sql::{Literal, Statement, stmt};
use martydb_pg::server::APPLICATION_NAME;

/// How many marks a file gets at most: a dump of a hundred thousand INSERTs need not be told one by one.
pub const MARKS: usize = 64;

/// A file's text with our marks between its statements. All statements of a file go out in one message and the server
/// answers when the last has ended, so that only the session itself can tell which one it is at: by its
/// `application_name`, which other sessions see at once. RESET ALL puts it back.
pub struct MarkedText {
    pub text: Statement,
    pub parts: Vec<BatchPart>,
    /// Where each begins in the text, and how many characters it has.
    pub marks: Vec<(usize, usize)>,
}

impl MarkedText {
    pub fn of(file: &MigrationFile) -> MarkedText {
        let (text, all) = (&*file.sent(), file.statements.len());
        // Blanks may be shorter than what they stand for; then the statements' places are not those of this text.
        let every = if text.len() == file.text.len() { all.div_ceil(MARKS).max(1) } else { all + 1 };
        let (mut parts, mut marks, mut pieces) = (vec![], vec![], vec![]);
        let (mut from, mut chars) = (0, 0);
        for at in 0..all {
            if at > 0 && at % every == 0 {
                // Behind the last statement's end, before its semicolon: what follows begins with that.
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

/// A line break first: the text before it may end in a comment.
fn mark(at: usize, all: usize) -> Statement {
    let name = format!("{APPLICATION_NAME} {at}/{all}");
    stmt!("\n;SET application_name = {name}\n", name = Literal(name.as_str().into()))
}

//! Transactions that a file opens and ends itself, as files of other tools do.
//!
//! One around the whole file is the transaction in which martydb runs the file anyway. Several are separate
//! transactions of a non-transactional file. Unbalanced ones are an error.

use std::ops::Range;

use super::directive::Mode;
use martydb_sql::{Lexer, ScriptItem, StatementHead, TokenKind, is_word, walk};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTransaction {
    /// Range of its BEGIN in bytes, without the semicolon.
    pub begin: Range<usize>,
    /// Modes of that BEGIN, such as `ISOLATION LEVEL SERIALIZABLE`; usually empty.
    pub modes: String,
    /// Indexes of the statements in it.
    pub statements: Range<usize>,
    /// Range of its COMMIT.
    pub commit: Range<usize>,
}

/// Effect of a statement on the transaction around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TransactionControl {
    /// Opens one, with these modes.
    Begin(String),
    /// Commits, and opens no other.
    Commit,
    /// Rolls back, prepares, or chains.
    Other,
}

/// Classifies a statement; savepoints stay inside the transaction.
/// <https://www.postgresql.org/docs/current/sql-commands.html>
pub(crate) fn control(seen: &StatementHead) -> Option<TransactionControl> {
    if seen.begins(&["begin"]) || seen.begins(&["start", "transaction"]) {
        return Some(TransactionControl::Begin(modes(seen.text)));
    }
    if ends_block(seen) {
        return None;
    }
    if seen.begins(&["commit"]) || seen.begins(&["end"]) {
        let rest: Vec<_> = seen.outer().skip(1).collect();
        let rest = match rest.as_slice() {
            [noise, rest @ ..] if is_word(noise, "work") || is_word(noise, "transaction") => rest,
            rest => rest,
        };
        let plain = rest.is_empty() || rest.len() == 3 && is_word(rest[1], "no") && is_word(rest[2], "chain");
        return Some(if plain { TransactionControl::Commit } else { TransactionControl::Other });
    }
    let back_to_savepoint = seen.outer().take(4).any(|word| is_word(word, "to"));
    let ends = seen.begins(&["abort"])
        || seen.begins(&["prepare", "transaction"])
        || seen.begins(&["rollback"]) && !back_to_savepoint;
    ends.then_some(TransactionControl::Other)
}

/// Returns `true` for the end of a block of PL/pgSQL outside its function, such as END IF, which PostgreSQL refuses as no SQL.
fn ends_block(seen: &StatementHead) -> bool {
    const OF_TRANSACTION: &[&str] = &["work", "transaction", "and"];
    let second = Lexer::new(seen.text).nth(1).map(|token| &seen.text[token.start..token.end]);
    let is_other = |word: &str| word != ";" && !OF_TRANSACTION.iter().any(|known| is_word(word, known));
    seen.begins(&["end"]) && second.is_some_and(is_other)
}

/// Returns the text after BEGIN and its noise word.
fn modes(text: &str) -> String {
    let mut words = Lexer::new(text).skip(1).filter(|token| token.kind == TokenKind::Word).peekable();
    let noise = |word: &str| is_word(word, "work") || is_word(word, "transaction");
    words.next_if(|token| noise(&text[token.start..token.end]));
    words.next().map_or_else(String::new, |first| text[first.start..].to_owned())
}

/// Matching of the BEGINs and COMMITs of a file, from front to back.
#[derive(Debug, Default)]
pub(crate) struct Pairing {
    open: Option<OwnTransaction>,
    paired: Vec<OwnTransaction>,
    /// Ranges of all transaction control statements.
    seen: Vec<Range<usize>>,
    unbalanced: bool,
}

/// Result of the matching for a whole file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Paired {
    /// The file can run as it is.
    Fits,
    /// The file can only run outside a transaction, because of these statements, given by their range.
    Several(Vec<Range<usize>>),
    /// The file cannot run, because of these statements.
    Unbalanced(Vec<Range<usize>>),
}

impl Pairing {
    /// Returns `true` if the next statement is between a BEGIN and a COMMIT.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Adds a transaction control statement that follows `count` other ones.
    pub(crate) fn add(&mut self, control: TransactionControl, span: Range<usize>, count: usize) {
        self.seen.push(span.clone());
        match (control, self.open.take()) {
            (TransactionControl::Begin(modes), None) => {
                let own = OwnTransaction { begin: span, modes, statements: count..count, commit: 0..0 };
                self.open = Some(own);
            }
            (TransactionControl::Commit, Some(own)) => {
                let statements = own.statements.start..count;
                self.paired.push(OwnTransaction { statements, commit: span, ..own });
            }
            _ => self.unbalanced = true,
        }
    }

    /// Returns the pairs of a file of `count` other statements.
    pub(crate) fn end(self, mode: Mode, count: usize) -> (Vec<OwnTransaction>, Paired) {
        if self.unbalanced || self.open.is_some() {
            return (vec![], Paired::Unbalanced(self.seen));
        }
        let whole = matches!(self.paired.as_slice(), [one] if one.statements == (0..count));
        let fits = self.paired.is_empty() || whole || mode == Mode::NoTransaction;
        (self.paired, if fits { Paired::Fits } else { Paired::Several(self.seen) })
    }
}

/// Returns `true` if a text has transactions of its own that are not one around the whole.
pub fn has_several_transactions(text: &str) -> bool {
    matches!(pair(text, Mode::Transaction).1, Paired::Several(_))
}

fn pair(text: &str, mode: Mode) -> (Vec<OwnTransaction>, Paired) {
    let (mut pairing, mut count) = (Pairing::default(), 0);
    walk(text, |item| {
        if let ScriptItem::Statement(seen) = item {
            match control(&seen) {
                Some(control) => pairing.add(control, seen.span.clone(), count),
                None => count += 1,
            }
        }
    });
    pairing.end(mode, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_transaction_around_the_whole_file_fits() {
        for (sql, modes, statements) in [
            ("BEGIN; a; b; COMMIT;", "", 0..2),
            ("-- x\nbegin work; a; end transaction", "", 0..1),
            ("START TRANSACTION; COMMIT AND NO CHAIN;", "", 0..0),
            (
                "BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE; a; COMMIT WORK",
                "ISOLATION LEVEL SERIALIZABLE",
                0..1,
            ),
            ("START /* é */ TRANSACTION READ WRITE; a; SAVEPOINT s; ROLLBACK TO s; END", "READ WRITE", 0..3),
        ] {
            let (own, paired) = pair(sql, Mode::Transaction);
            assert_eq!(paired, Paired::Fits, "{sql}");
            assert_eq!((own[0].modes.as_str(), own[0].statements.clone()), (modes, statements), "{sql}");
        }
        assert_eq!(pair("a; b", Mode::Transaction), (vec![], Paired::Fits));
    }

    #[test]
    fn several_fit_only_outside_a_transaction() {
        for sql in [
            "BEGIN; a; COMMIT; BEGIN; b; COMMIT",
            "a; BEGIN; b; COMMIT",
            "BEGIN; a; COMMIT; b",
            "BEGIN; END; BEGIN; END",
        ] {
            assert!(matches!(pair(sql, Mode::Transaction).1, Paired::Several(_)), "{sql}");
            assert_eq!(pair(sql, Mode::NoTransaction).1, Paired::Fits, "{sql}");
        }
    }

    #[test]
    fn unbalanced_text_never_matches() {
        for sql in [
            "BEGIN; a",
            "a; COMMIT",
            "BEGIN; BEGIN; a; COMMIT; COMMIT",
            "BEGIN; a; ROLLBACK",
            "BEGIN; a; COMMIT AND CHAIN; b; COMMIT",
            "BEGIN; a; PREPARE TRANSACTION 'x'",
            "COMMIT PREPARED 'x'",
            "ABORT",
        ] {
            for mode in [Mode::Transaction, Mode::NoTransaction] {
                assert!(matches!(pair(sql, mode).1, Paired::Unbalanced(_)), "{sql}");
            }
        }
    }
}

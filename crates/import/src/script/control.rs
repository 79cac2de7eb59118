//! Transaction control in a file that its tool runs in one transaction: a lone BEGIN or COMMIT at an end, or COMMIT and BEGIN
//! that divide the file.

use std::ops::Range;

use crate::kinds::{SqlText, tidy};
use martydb_sql::{ScriptItem, walk};

/// A statement that begins or ends a transaction.
struct TransactionEnd {
    span: Range<usize>,
    begins: bool,
    /// Number of other statements before it.
    after: usize,
}

/// Rewrites a script whose control of transactions completes that of its tool, and returns what was done, as the rest of a
/// sentence that starts with the file's name.
pub(super) fn complete(script: &mut SqlText) -> Option<String> {
    let (all, count) = controls(&script.text)?;
    if let [only] = all.as_slice() {
        let words = match only.begins {
            true => (only.after == 0).then_some("BEGIN at its start"),
            false => (only.after == count).then_some("COMMIT at its end"),
        }?;
        script.text = tidy(&without(&script.text, &[only]));
        return Some(format!("the {words} is left out, because martydb commits each file"));
    }
    let (first, last) = (all.first()?, all.last()?);
    let divides = |at: usize, control: &TransactionEnd| control.begins == (at % 2 == 1);
    if script.alone || all.len() % 2 == 1 || !all.iter().enumerate().all(|(at, one)| divides(at, one)) {
        return None;
    }
    // The transaction of the tool begins before the first statement, and ends after the last.
    let is_empty = [first.after == 0, last.after == count];
    let ends = [first, last].into_iter().zip(is_empty).filter_map(|(one, empty)| empty.then_some(one));
    let text = tidy(&without(&script.text, &ends.collect::<Vec<_>>()));
    let begin = if is_empty[0] { "" } else { "BEGIN;\n" };
    let commit = if is_empty[1] { "" } else { "COMMIT;\n" };
    *script = SqlText { text: format!("{begin}{text}{commit}"), alone: true };
    Some("the transaction of its tool is written out, because a COMMIT divides it".into())
}

/// Returns the statements that begin and end transactions, and the number of others; `None` if the file has savepoints
/// or rolls back.
fn controls(text: &str) -> Option<(Vec<TransactionEnd>, usize)> {
    const BEGIN: &[&[&str]] = &[&["begin"], &["start", "transaction"]];
    const COMMIT: &[&[&str]] = &[&["commit"], &["end"]];
    const OTHERS: &[&[&str]] = &[&["rollback"], &["abort"], &["savepoint"]];
    let (mut count, mut all, mut others) = (0, vec![], false);
    walk(text, |seen| {
        let ScriptItem::Statement(statement) = seen else { return };
        let is_any = |all: &[&[&str]]| all.iter().any(|words| statement.begins(words));
        let begins = is_any(BEGIN);
        match begins || is_any(COMMIT) {
            true => all.push(TransactionEnd { span: statement.span.clone(), begins, after: count }),
            false => count += 1,
        }
        others |= is_any(OTHERS);
    });
    (!others).then_some((all, count))
}

/// Removes statements, each with its semicolon.
fn without(text: &str, statements: &[&TransactionEnd]) -> String {
    let (mut out, mut copied) = (String::new(), 0);
    for control in statements {
        out += &text[copied..control.span.start];
        let rest = text[control.span.end..].trim_start();
        copied = text.len() - rest.strip_prefix(';').unwrap_or(rest).len();
    }
    out + &text[copied..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_inside_a_file_ends_the_transaction_of_its_tool() {
        let index = "CREATE INDEX CONCURRENTLY i ON t (a);";
        for (text, expected) in [
            ("a;\nCOMMIT;\nBEGIN;\nb;", "BEGIN;\na;\nCOMMIT;\nBEGIN;\nb;\nCOMMIT;\n"),
            (&format!("a;\nCOMMIT;\n{index}\nBEGIN;"), &format!("BEGIN;\na;\nCOMMIT;\n{index}\n")),
            (&format!("COMMIT;\n{index}\nBEGIN;\nb;"), &format!("{index}\nBEGIN;\nb;\nCOMMIT;\n")),
        ] {
            let mut script = SqlText { text: text.into(), alone: false };
            assert!(complete(&mut script).is_some(), "{text}");
            assert_eq!(script, SqlText { text: expected.into(), alone: true });
        }
        for unchanged in
            ["BEGIN; a; COMMIT;", "a; COMMIT; b;", "a; BEGIN; b; COMMIT;", "a; COMMIT; SAVEPOINT x; BEGIN;"]
        {
            let mut script = SqlText { text: unchanged.into(), alone: false };
            assert_eq!(complete(&mut script), None, "{unchanged}");
        }
        let mut alone = SqlText { text: "a; COMMIT; BEGIN; b;".into(), alone: true };
        assert_eq!(complete(&mut alone), None);
    }

    #[test]
    fn a_lone_end_of_the_tools_transaction_is_left_out() {
        for (text, expected) in
            [("a;\nCOMMIT;", "a;\n"), ("BEGIN;\na;", "a;\n"), ("a; COMMIT; -- x", "a;  -- x\n")]
        {
            let mut script = SqlText { text: text.into(), alone: false };
            assert!(complete(&mut script).is_some_and(|note| note.contains("left out")), "{text}");
            assert_eq!(script.text, expected);
        }
    }
}

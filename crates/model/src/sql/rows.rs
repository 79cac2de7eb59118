//! Rows of `VALUES`, redacted in logs.

use super::fragment::Fragment;
use super::statement::Statement;

/// Rows of values in the input format of their types.
#[derive(Default)]
pub struct ValueRows {
    exact: String,
    rows: u64,
}

impl ValueRows {
    /// Adds a row; `None` is NULL.
    pub fn push<'a>(&mut self, values: impl Iterator<Item = Option<&'a str>>) {
        self.exact.push_str(if self.rows == 0 { "(" } else { ", (" });
        for (number, value) in values.enumerate() {
            if number > 0 {
                self.exact.push_str(", ");
            }
            match value {
                Some(text) => self.quote(text),
                None => self.exact.push_str("NULL"),
            }
        }
        self.exact.push(')');
        self.rows += 1;
    }

    /// Quotes like [`Literal`](super::Literal), without copying.
    fn quote(&mut self, text: &str) {
        let escaped = text.contains('\\');
        self.exact.push_str(if escaped { "E'" } else { "'" });
        for (number, piece) in text.split('\'').enumerate() {
            if number > 0 {
                self.exact.push_str("''");
            }
            match escaped {
                true => self.exact.push_str(&piece.replace('\\', "\\\\")),
                false => self.exact.push_str(piece),
            }
        }
        self.exact.push('\'');
    }

    /// Returns the number of rows.
    pub fn count(&self) -> u64 {
        self.rows
    }

    /// Returns the length of the rows' text, in bytes.
    pub fn bytes(&self) -> usize {
        self.exact.len()
    }
}

impl Fragment for ValueRows {
    fn render(&self) -> Statement {
        Statement::assemble(self.exact.clone(), format!("(… {} rows)", self.rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Literal, stmt};
    use proptest::prelude::*;

    #[test]
    fn rows_are_sent_and_not_shown() {
        let mut rows = ValueRows::default();
        rows.push([Some("it's"), None].into_iter());
        rows.push([Some("a\\"), Some("")].into_iter());
        let statement = stmt!("VALUES {rows}");
        assert_eq!(statement.exact(), "VALUES ('it''s', NULL), (E'a\\\\', '')");
        assert_eq!(statement.shown(), "VALUES (… 2 rows)");
        assert_eq!((rows.count(), rows.bytes()), (2, 29));
    }

    proptest! {
        #[test]
        fn a_value_is_quoted_as_a_literal(text in "[^\0]{0,20}") {
            let mut rows = ValueRows::default();
            rows.push([Some(text.as_str())].into_iter());
            let literal = Literal(text).render();
            prop_assert_eq!(rows.exact, format!("({})", literal.exact()));
        }
    }
}

//! String literals, including secret ones.

use std::fmt;

use super::fragment::{Fragment, List};
use super::statement::Statement;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal(pub String);

/// A literal too long for logs, which show only its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulk(pub String);

/// A literal that must not appear in logs, errors or plans.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

/// A text between dollar quotes, in which every character stands for itself. Logs show only its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DollarQuoted {
    /// `$tag$`.
    quote: String,
    text: String,
}

impl DollarQuoted {
    /// Chooses a tag that the text does not contain.
    pub fn new(text: String) -> DollarQuoted {
        let tags = (0..).map(|number: u32| format!("$martydb{number}$"));
        let quote = tags.into_iter().find(|tag| !text.contains(&tag[..tag.len() - 1])).unwrap_or_default();
        DollarQuoted { quote, text }
    }

    /// Returns the number of characters before the text in a statement that contains this literal.
    pub fn begins_in(&self, statement: &Statement) -> Option<usize> {
        let at = statement.exact().find(&self.quote)? + self.quote.len();
        Some(statement.exact()[..at].chars().count())
    }
}

impl Fragment for DollarQuoted {
    fn render(&self) -> Statement {
        let DollarQuoted { quote, text } = self;
        Statement::assemble(format!("{quote}{text}{quote}"), format!("'… {} bytes'", text.len()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Fragment for Literal {
    fn render(&self) -> Statement {
        Statement::open(quote_literal(&self.0))
    }
}

impl List<Literal> {
    pub fn literals(texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        List(texts.into_iter().map(|text| Literal(text.into())).collect())
    }
}

/// An array's elements; the array's type follows from the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrayLiteral(pub Vec<String>);

impl Fragment for ArrayLiteral {
    fn render(&self) -> Statement {
        let quote = |item: &String| format!("\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\""));
        let items: Vec<String> = self.0.iter().map(quote).collect();
        Statement::open(quote_literal(&format!("{{{}}}", items.join(","))))
    }
}

impl Fragment for Secret {
    fn render(&self) -> Statement {
        Statement::assemble(quote_literal(&self.0), "'<secret>'".into())
    }
}

impl Fragment for Bulk {
    fn render(&self) -> Statement {
        Statement::assemble(quote_literal(&self.0), format!("'… {} bytes'", self.0.len()))
    }
}

/// Quotes a literal. A NUL byte is kept: no message can contain one, so the client rejects the statement. Dropping it
/// would change the caller's text.
///
/// A backslash is an ordinary character in `'…'` only while `standard_conforming_strings` is on; `E'…'` does not
/// depend on it.
fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::stmt;
    use proptest::prelude::*;

    #[test]
    fn dollar_quotes_do_not_occur_in_the_text() {
        for (text, quote) in
            [("a", "$martydb0$"), ("é $martydb0$ x", "$martydb1$"), ("$martydb0", "$martydb1$")]
        {
            let body = DollarQuoted::new(text.into());
            let statement = stmt!("SELECT é {body}", body = body.clone());
            assert_eq!(statement.exact(), format!("SELECT é {quote}{text}{quote}"));
            assert_eq!(body.begins_in(&statement), Some("SELECT é ".chars().count() + quote.len()));
            assert!(!statement.shown().contains(text) || text == "a", "{}", statement.shown());
        }
    }

    #[test]
    fn literals_are_escaped() {
        for (text, expected) in [("a", "'a'"), ("it's", "'it''s'"), ("a\\b", "E'a\\\\b'"), ("a\0b", "'a\0b'")]
        {
            assert_eq!(stmt!("{x}", x = Literal(text.into())).shown(), expected);
        }
    }

    proptest! {
        #[test]
        fn no_text_escapes_its_literal(text in "[^\0]{0,20}") {
            let quoted = quote_literal(&text);
            let body = quoted.trim_start_matches('E');
            let inner = &body[1..body.len() - 1];
            prop_assert_eq!(inner.replace("''", "").matches('\'').count(), 0);
            prop_assert_eq!(inner.matches('\\').count() % 2, 0);
        }
    }
}

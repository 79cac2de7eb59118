//! Fragments: the values that a template of a statement takes.

use std::borrow::Cow;
use std::fmt::Write;

use super::statement::Statement;

/// Bytes that a value of a template mostly has.
const USUAL_VALUE: usize = 32;

impl Statement {
    /// Fills a template, for `stmt!`: each piece is followed by the value with this index.
    #[doc(hidden)]
    pub fn fill(pieces: &[(&'static str, usize)], rest: &'static str, values: &[&dyn Fragment]) -> Self {
        if pieces.is_empty() {
            return Statement::from_program(rest);
        }
        let texts = pieces.iter().map(|(piece, _)| piece.len()).sum::<usize>() + rest.len();
        let mut exact = String::with_capacity(texts + USUAL_VALUE * pieces.len());
        let mut is_redacted = false;
        for (piece, value) in pieces {
            exact.push_str(piece);
            is_redacted |= values[*value].append(&mut exact);
        }
        exact.push_str(rest);
        // Most have no secret: a second text would double the work.
        if !is_redacted {
            return Statement::open(exact);
        }
        let mut shown = String::with_capacity(exact.len());
        for (piece, value) in pieces {
            shown.push_str(piece);
            shown.push_str(values[*value].rendered().shown());
        }
        shown.push_str(rest);
        Statement::assemble(exact, shown)
    }
}

impl Fragment for Statement {
    fn render(&self) -> Statement {
        self.clone()
    }

    fn rendered(&self) -> Cow<'_, Statement> {
        Cow::Borrowed(self)
    }

    fn append(&self, exact: &mut String) -> bool {
        exact.push_str(self.exact());
        self.is_redacted()
    }
}

/// A value that a [`stmt!`](crate::stmt) template may contain.
pub trait Fragment: Sync {
    /// Renders the value: exact and redacted text.
    fn render(&self) -> Statement;

    /// Renders it without a copy of what is a statement already.
    fn rendered(&self) -> Cow<'_, Statement> {
        Cow::Owned(self.render())
    }

    /// Appends its exact text to that of a statement. Returns `true` if the redacted text is another one.
    fn append(&self, exact: &mut String) -> bool {
        self.rendered().append(exact)
    }
}

/// An SQL keyword of the program's own; `'static` keeps outside text out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyword(pub &'static str);

/// Place of a parameter's value: `$1` is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter(pub usize);

/// SQL that the server itself printed and quoted (`regprocedure`, `pg_get_expr`).
#[derive(Debug, Clone)]
pub struct ServerText(String);

impl ServerText {
    /// Takes text that the server quoted. Names and values from elsewhere must be identifiers and literals.
    pub fn quoted_by_server(text: String) -> Self {
        ServerText(text)
    }
}

/// Fragments joined by commas.
#[derive(Debug, Clone)]
pub struct List<F>(pub Vec<F>);

impl Fragment for Keyword {
    fn render(&self) -> Statement {
        Statement::from_program(self.0)
    }
}

impl Fragment for Parameter {
    fn render(&self) -> Statement {
        Statement::open(format!("${}", self.0))
    }

    fn append(&self, exact: &mut String) -> bool {
        exact.push('$');
        self.0.append(exact)
    }
}

impl Fragment for ServerText {
    fn render(&self) -> Statement {
        Statement::open(self.0.clone())
    }

    fn append(&self, exact: &mut String) -> bool {
        exact.push_str(&self.0);
        false
    }
}

impl<F: Fragment> Fragment for List<F> {
    fn render(&self) -> Statement {
        Statement::joined(self.0.iter().map(Fragment::rendered), ", ", ", ")
    }

    fn append(&self, exact: &mut String) -> bool {
        let mut is_redacted = false;
        for (number, one) in self.0.iter().enumerate() {
            exact.push_str(if number == 0 { "" } else { ", " });
            is_redacted |= one.append(exact);
        }
        is_redacted
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Fragment for $number {
            fn render(&self) -> Statement {
                Statement::open(self.to_string())
            }

            fn append(&self, exact: &mut String) -> bool {
                // Nothing fails to be written to a string.
                let _written = write!(exact, "{self}");
                false
            }
        }
    )*};
}

numbers!(i32, i64, u32, usize);

impl<T: Fragment> Fragment for Option<T> {
    fn render(&self) -> Statement {
        self.as_ref().map_or_else(|| Statement::from_program("NULL"), Fragment::render)
    }
}

impl<T: Fragment> Fragment for &T {
    fn render(&self) -> Statement {
        (*self).render()
    }

    fn rendered(&self) -> Cow<'_, Statement> {
        (*self).rendered()
    }

    fn append(&self, exact: &mut String) -> bool {
        (*self).append(exact)
    }
}

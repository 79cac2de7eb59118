//! What may stand in a statement.

use super::{Literal, Statement};

/// What may stand in a [`stmt!`](crate::stmt) template.
pub trait Fragment {
    /// Its text for the server, quoted, and its text for the reader.
    fn render(&self) -> Statement;
}

/// A word of SQL that the program itself chose; `'static` keeps outside text out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyword(pub &'static str);

/// Text that the server itself printed as SQL (`regprocedure`, `pg_get_expr`), quoted by its own rules.
#[derive(Debug, Clone)]
pub struct ServerText(String);

impl ServerText {
    /// Takes text that the server quoted. Names and values from anywhere else are identifiers and literals.
    pub fn quoted_by_server(text: String) -> Self {
        ServerText(text)
    }
}

/// Fragments joined by commas.
#[derive(Debug, Clone)]
pub struct List<F>(pub Vec<F>);

impl List<Literal> {
    pub fn literals(texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        List(texts.into_iter().map(|text| Literal(text.into())).collect())
    }
}

impl Fragment for Keyword {
    fn render(&self) -> Statement {
        Statement::open(self.0.into())
    }
}

impl Fragment for ServerText {
    fn render(&self) -> Statement {
        Statement::open(self.0.clone())
    }
}

impl<F: Fragment> Fragment for List<F> {
    fn render(&self) -> Statement {
        Statement::joined(self.0.iter().map(Fragment::render), ", ", ", ")
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Fragment for $number {
            fn render(&self) -> Statement {
                Statement::open(self.to_string())
            }
        }
    )*};
}

numbers!(i32, i64, u32);

impl<T: Fragment> Fragment for Option<T> {
    fn render(&self) -> Statement {
        self.as_ref().map_or_else(|| Statement::open("NULL".into()), Fragment::render)
    }
}

impl<T: Fragment> Fragment for &T {
    fn render(&self) -> Statement {
        (*self).render()
    }
}

//! What may stand in a statement: each fragment knows its text for the server and its text for the reader.

#[derive(Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    exact: String,
    shown: String,
}

impl Rendered {
    /// The same text for the server and for the reader.
    pub(super) fn open(text: String) -> Self {
        Rendered { shown: text.clone(), exact: text }
    }

    pub(super) fn redacted(exact: String, shown: String) -> Self {
        Rendered { exact, shown }
    }

    #[doc(hidden)]
    pub fn exact(&self) -> &str {
        &self.exact
    }

    #[doc(hidden)]
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

/// What may stand in a [`stmt!`](crate::stmt) template.
pub trait Fragment {
    /// The quoted text and its redacted text.
    fn render(&self) -> Rendered;
}

/// A word of SQL that the program itself chose; `'static` keeps outside text out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyword(pub &'static str);

/// Keywords joined by commas.
#[derive(Debug, Clone)]
pub struct Keywords(pub Vec<&'static str>);

/// Text that the server itself printed as SQL (`regprocedure`, `pg_get_expr`), quoted by its own rules.
#[derive(Debug, Clone)]
pub struct ServerText(String);

impl ServerText {
    /// Takes text that the server quoted. Names and values from anywhere else are identifiers and literals.
    pub fn quoted_by_server(text: String) -> Self {
        ServerText(text)
    }
}

impl Fragment for Keyword {
    fn render(&self) -> Rendered {
        Rendered::open(self.0.into())
    }
}

impl Fragment for Keywords {
    fn render(&self) -> Rendered {
        Rendered::open(self.0.join(", "))
    }
}

impl Fragment for ServerText {
    fn render(&self) -> Rendered {
        Rendered::open(self.0.clone())
    }
}

impl Fragment for Rendered {
    fn render(&self) -> Rendered {
        self.clone()
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Fragment for $number {
            fn render(&self) -> Rendered {
                Rendered::open(self.to_string())
            }
        }
    )*};
}

numbers!(i32, i64, u32);

impl<T: Fragment> Fragment for Option<T> {
    fn render(&self) -> Rendered {
        self.as_ref().map_or_else(|| Rendered::open("NULL".into()), Fragment::render)
    }
}

impl<T: Fragment> Fragment for &T {
    fn render(&self) -> Rendered {
        (*self).render()
    }
}

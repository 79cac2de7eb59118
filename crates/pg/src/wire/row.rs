//! Rows in text format, read value by value.
//!
//! <https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-FORMAT-CODES>

use std::ops::Range;
use std::sync::Arc;

use fallible_iterator::FallibleIterator;
use postgres_protocol::Oid;
use postgres_protocol::message::backend::DataRowBody;

/// A value that does not have the form required by the query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

impl Unreadable {
    pub fn new(why: impl Into<String>) -> Self {
        Unreadable(why.into())
    }

    pub fn no_row() -> Self {
        Unreadable::new("the query returned no row")
    }
}

#[derive(Debug)]
pub struct Row {
    types: Arc<[Oid]>,
    body: DataRowBody,
    values: Vec<Option<Range<usize>>>,
}

impl Row {
    pub(super) fn new(types: Arc<[Oid]>, body: DataRowBody) -> Result<Row, Unreadable> {
        let values =
            body.ranges().collect().map_err(|error| Unreadable(format!("a malformed row: {error}")))?;
        Ok(Row { types, body, values })
    }

    /// Returns the value of a column, counted from 0.
    ///
    /// # Errors
    /// If the column does not exist, or its value cannot be parsed as a `T`.
    pub fn try_get<T: FromText>(&self, at: usize) -> Result<T, Unreadable> {
        let value = self.values.get(at).ok_or_else(|| Unreadable(format!("column {at} does not exist")))?;
        let text = value.clone().map(|range| std::str::from_utf8(&self.body.buffer()[range]));
        let text = text.transpose().map_err(|_| Unreadable(format!("column {at} is not UTF-8")))?;
        T::from_text(text).ok_or_else(|| match text {
            None => Unreadable(format!("column {at} is NULL")),
            Some(_) => Unreadable(format!("column {at} is not of the expected type")),
        })
    }

    /// Returns the text of a column; invalid UTF-8 is replaced.
    ///
    /// # Errors
    /// If the column does not exist, or is NULL.
    pub fn lossy(&self, at: usize) -> Result<String, Unreadable> {
        let value = self.values.get(at).cloned().flatten();
        let range = value.ok_or_else(|| Unreadable(format!("column {at} is NULL or missing")))?;
        Ok(String::from_utf8_lossy(&self.body.buffer()[range]).into_owned())
    }

    /// Returns a column's type, by its OID in `pg_type`.
    pub fn type_of(&self, at: usize) -> Option<Oid> {
        self.types.get(at).copied()
    }

    pub fn bytes(&self) -> usize {
        self.body.buffer().len()
    }
}

/// A type that can be parsed from PostgreSQL's text format. `None` is NULL.
pub trait FromText: Sized {
    /// Parses a value; `None` if it is invalid.
    fn from_text(text: Option<&str>) -> Option<Self>;
}

impl<T: FromText> FromText for Option<T> {
    fn from_text(text: Option<&str>) -> Option<Self> {
        match text {
            None => Some(None),
            text => T::from_text(text).map(Some),
        }
    }
}

impl FromText for String {
    fn from_text(text: Option<&str>) -> Option<Self> {
        text.map(str::to_owned)
    }
}

impl FromText for bool {
    fn from_text(text: Option<&str>) -> Option<Self> {
        match text? {
            "t" => Some(true),
            "f" => Some(false),
            _ => None,
        }
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl FromText for $number {
            fn from_text(text: Option<&str>) -> Option<Self> {
                text?.parse().ok()
            }
        }
    )*};
}

// An OID is a u32.
numbers!(i32, i64, u32, f64);

/// One-dimensional arrays.
impl<T: FromText> FromText for Vec<T> {
    fn from_text(text: Option<&str>) -> Option<Self> {
        array(text?)?.iter().map(|item| T::from_text(item.as_deref())).collect()
    }
}

/// Parses the elements of a one-dimensional array; NULL elements are `None`.
/// <https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>
pub fn array(text: &str) -> Option<Vec<Option<String>>> {
    let inside = text.strip_prefix('{')?.strip_suffix('}')?;
    if inside.is_empty() {
        return Some(vec![]);
    }
    let (mut items, mut item) = (vec![], ArrayItem::default());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => item.text.extend(chars.next()),
            '"' => (item.quoted, item.open) = (true, !item.open),
            ',' if !item.open => items.push(std::mem::take(&mut item).value()),
            c => item.text.push(c),
        }
    }
    items.push(item.value());
    Some(items)
}

#[derive(Default)]
struct ArrayItem {
    text: String,
    quoted: bool,
    open: bool,
}

impl ArrayItem {
    fn value(self) -> Option<String> {
        (self.quoted || self.text != "NULL").then_some(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_postgresql_writes_them() {
        assert_eq!(Vec::<u32>::from_text(Some("{1,23}")), Some(vec![1, 23]));
        assert_eq!(Vec::<u32>::from_text(Some("{}")), Some(vec![]));
        assert_eq!(Vec::<u32>::from_text(Some("{a}")), None);
        let texts = Vec::<String>::from_text(Some(r#"{a,"b,c","d\"e\\f",""}"#)).unwrap();
        assert_eq!(texts, ["a", "b,c", "d\"e\\f", ""]);
        assert_eq!(array(r#"{NULL,"NULL"}"#), Some(vec![None, Some("NULL".into())]));
        assert_eq!(bool::from_text(Some("t")), Some(true));
        assert_eq!(bool::from_text(Some("true")), None);
        assert_eq!(Option::<i64>::from_text(None), Some(None));
        assert_eq!(i64::from_text(None), None);
        assert_eq!(i64::from_text(Some("-9223372036854775808")), Some(i64::MIN));
    }
}

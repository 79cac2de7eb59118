//! What a database holds, as rows that can be compared: two databases that serve alike have equal catalogues.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::report::{indented, printable};
use crate::server::{Connection, Row, Unreadable, query};
use crate::sql::Statement;

/// Kind and name of every object, with its definition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue(pub BTreeMap<(String, String), String>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub kind: String,
    pub name: String,
    /// Its definition before; `None` if it was not there.
    pub before: Option<String>,
    /// Its definition after; `None` if it is gone.
    pub after: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, name) = (&self.kind, printable(&self.name));
        match (&self.before, &self.after) {
            (None, _) => write!(f, "{kind} {name} is left over"),
            (_, None) => write!(f, "{kind} {name} is missing"),
            (Some(before), Some(after)) => {
                let (before, after) = (indented(before, 12), indented(after, 12));
                write!(f, "{kind} {name} differs\n    before: {before}\n    after:  {after}")
            }
        }
    }
}

impl Catalogue {
    /// Reads a database, and leaves the session with a search path of `pg_catalog`. The service owns what is read:
    /// the session's login should have no more rights than the service has.
    pub async fn read(connection: &mut Connection) -> Result<Catalogue> {
        let unreadable = |error: Unreadable| Error::operation("cannot read the catalogue").cause(error);
        let mut rows = vec![];
        for text in texts(connection.major()) {
            rows.extend(query(connection, &Statement::from_program(text)).await?);
        }
        let entry = |row: &Row| {
            let definition: Option<String> = row.try_get(2)?;
            Ok(((row.try_get(0)?, row.try_get(1)?), definition.unwrap_or_default()))
        };
        let all: Result<BTreeMap<_, _>, Unreadable> = rows.iter().map(entry).collect();
        Ok(Catalogue(all.map_err(unreadable)?))
    }

    pub fn differences(&self, after: &Catalogue) -> Vec<Difference> {
        let mut keys: Vec<_> = self.0.keys().chain(after.0.keys()).collect();
        keys.sort();
        keys.dedup();
        let difference = |key: &(String, String)| {
            let (before, after) = (self.0.get(key).cloned(), after.0.get(key).cloned());
            let (kind, name) = key.clone();
            (before != after).then_some(Difference { kind, name, before, after })
        };
        keys.into_iter().filter_map(difference).collect()
    }
}

/// The queries for a version of the server. A column that only some majors have is named in a text of its own, because
/// reading it through `to_jsonb` would convert the whole row.
fn texts(major: u32) -> &'static [&'static str] {
    const ALL: &[&str] = &[include_str!("sql/catalogue.sql"), include_str!("sql/compression.sql")];
    let known = if major < 14 { 1 } else { ALL.len() };
    &ALL[..known]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_by_what_became_of_each_object() {
        let catalogue = |rows: &[(&str, &str)]| {
            let entry =
                |(name, text): &(&str, &str)| (("index".to_owned(), (*name).to_owned()), (*text).to_owned());
            Catalogue(rows.iter().map(entry).collect())
        };
        let before = catalogue(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let after = catalogue(&[("a", "1"), ("b", "2"), ("d", "1")]);
        let said: Vec<_> = before.differences(&after).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            ["index b differs\n    before: 1\n    after:  2", "index c is missing", "index d is left over"]
        );
        assert_eq!(before.differences(&before), []);
    }
}

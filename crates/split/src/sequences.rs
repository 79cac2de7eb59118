//! Sequences are not part of a stream, and a copy has them as they were: at each switch those of the new side go at least as far as
//! those of the old one.

use std::collections::BTreeMap;

use martydb_model::error::{Error, Result};
use martydb_model::sql::{Literal, Statement, stmt};
use martydb_pg::server::{Connection, Unreadable, query};

/// How far a sequence has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenNumbers {
    /// Quoted.
    pub ident: String,
    /// The last number that was given; `None` before the first.
    pub last: Option<i64>,
    /// It counts upwards.
    pub up: bool,
}

/// Sequences by the column that they belong to, or by their name.
pub type Sequences = BTreeMap<String, GivenNumbers>;

/// Reads those of a database.
///
/// # Errors
/// If they cannot be read.
pub async fn read(session: &mut Connection) -> Result<Sequences> {
    let rows = query(session, &Statement::from_program(include_str!("sql/sequences.sql"))).await?;
    let read = |row: &martydb_pg::server::Row| {
        let numbers = GivenNumbers { ident: row.try_get(1)?, last: row.try_get(2)?, up: row.try_get(3)? };
        Ok((row.try_get(0)?, numbers))
    };
    let all: Result<Sequences, Unreadable> = rows.iter().map(read).collect();
    all.map_err(|error| Error::operation("cannot read how far the sequences have come").cause(error))
}

/// The statements after which no sequence of the new side gives a number that the old side has given.
pub fn raising(old: &Sequences, new: &Sequences) -> Vec<Statement> {
    let raise = |(key, here): (&String, &GivenNumbers)| {
        let there = old.get(key)?.last?;
        let further = here.last.is_none_or(|last| if here.up { there > last } else { there < last });
        let ident = Literal(here.ident.clone());
        further.then(|| {
            stmt!(
                "SELECT pg_catalog.setval({ident}::pg_catalog.regclass, {to}, true)",
                ident = ident,
                to = there
            )
        })
    };
    new.iter().filter_map(raise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequences(all: &[(&str, Option<i64>, bool)]) -> Sequences {
        let one = |(name, last, up): &(&str, Option<i64>, bool)| {
            ((*name).to_owned(), GivenNumbers { ident: format!("public.{name}"), last: *last, up: *up })
        };
        all.iter().map(one).collect()
    }

    #[test]
    fn a_sequence_is_raised_and_never_put_back() {
        let old = sequences(&[
            ("behind", Some(5), true),
            ("new", Some(1), true),
            ("ahead", Some(5), true),
            ("down", Some(-9), false),
            ("unused", None, true),
            ("elsewhere", Some(7), true),
        ]);
        let new = sequences(&[
            ("behind", Some(3), true),
            ("new", None, true),
            ("ahead", Some(8), true),
            ("down", Some(-2), false),
            ("unused", Some(4), true),
        ]);
        let texts: Vec<String> = raising(&old, &new).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "SELECT pg_catalog.setval('public.behind'::pg_catalog.regclass, 5, true)",
                "SELECT pg_catalog.setval('public.down'::pg_catalog.regclass, -9, true)",
                "SELECT pg_catalog.setval('public.new'::pg_catalog.regclass, 1, true)",
            ]
        );
    }
}

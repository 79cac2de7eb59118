//! Sequences, which a stream does not contain, and of which a copy has the values at its time: at each switch, those of
//! the new side are raised at least to the values of the old one.

use std::collections::BTreeMap;

use martydb_model::error::Result;
use martydb_model::sql::{Literal, Statement, stmt};
use martydb_pg::server::{Connection, query_as};

/// Current value of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SequenceValue {
    /// Name, quoted.
    pub ident: String,
    /// Last value that was generated; `None` before the first.
    pub last: Option<i64>,
    /// `true` if it is ascending.
    pub up: bool,
}

/// Sequences by their column, or by their name.
pub(crate) type Sequences = BTreeMap<String, SequenceValue>;

/// Reads the sequences of a database.
///
/// # Errors
/// If they cannot be read.
#[martydb_pg::boxed]
pub(crate) async fn read(session: &mut Connection) -> Result<Sequences> {
    let rows = query_as(session, &Statement::from_program(include_str!("../sql/sequences.sql"))).await?;
    Ok(rows.into_iter().map(|(key, ident, last, up)| (key, SequenceValue { ident, last, up })).collect())
}

/// Returns the statements that raise the new side's sequences: afterwards none generates a value that the old side has
/// generated.
pub(crate) fn raise_sql(old: &Sequences, new: &Sequences) -> Vec<Statement> {
    let raise = |(key, here): (&String, &SequenceValue)| {
        // One side's may belong to a column of a table that the other side lacks.
        let same = || old.values().find(|one| one.ident == here.ident);
        let there = old.get(key).or_else(same)?.last?;
        let further = here.last.is_none_or(|last| if here.up { there > last } else { there < last });
        let ident = Literal(here.ident.clone());
        further.then(|| stmt!("SELECT pg_catalog.setval({ident}::pg_catalog.regclass, {there}, true)"))
    };
    new.iter().filter_map(raise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequences(all: &[(&str, Option<i64>, bool)]) -> Sequences {
        let one = |(name, last, up): &(&str, Option<i64>, bool)| {
            ((*name).to_owned(), SequenceValue { ident: format!("public.{name}"), last: *last, up: *up })
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
        let of_column =
            |name: &str| SequenceValue { ident: format!("public.{name}"), last: Some(9), up: true };
        let old = old.into_iter().chain([("column public.t.id".to_owned(), of_column("owned"))]).collect();
        let new = sequences(&[
            ("behind", Some(3), true),
            ("new", None, true),
            ("owned", None, true),
            ("ahead", Some(8), true),
            ("down", Some(-2), false),
            ("unused", Some(4), true),
        ]);
        let texts: Vec<String> = raise_sql(&old, &new).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "SELECT pg_catalog.setval('public.behind'::pg_catalog.regclass, 5, true)",
                "SELECT pg_catalog.setval('public.down'::pg_catalog.regclass, -9, true)",
                "SELECT pg_catalog.setval('public.new'::pg_catalog.regclass, 1, true)",
                "SELECT pg_catalog.setval('public.owned'::pg_catalog.regclass, 9, true)",
            ]
        );
    }
}

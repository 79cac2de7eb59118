//! The catalog of a database as rows that can be compared: equivalent databases have equal catalogs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::conditions::same_conditions;
use super::equivalence::{same_code, same_columns, same_default, without_now};
use super::grants::{differing, split};
use super::index_text::on_table;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Keyword, Statement, stmt, with_members};
use martydb_model::text::{indented, printable};
use martydb_pg::server::{Connection, Row, Unreadable, query_each};

/// Kind and name of every object, with its definition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalog(pub BTreeMap<(String, String), String>);

/// Kinds of objects in a catalog.
pub const KINDS: &[&str] = &[
    "cast", "column", "comment", "composite type", "compression", "constraint", "default privileges",
    "extension", "foreign server", "foreign table", "index", "materialized view", "operators", "owner",
    "partitioned table", "policy", "publication", "publication schema", "publication table", "routine",
    "rule", "schema", "sequence", "statistics", "table", "trigger", "type", "view",
];

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub kind: String,
    pub name: String,
    /// Its definition before; `None` if it did not exist.
    pub before: Option<String>,
    /// Its definition after; `None` if it no longer exists.
    pub after: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [kind, name] = [&self.kind, &self.name].map(|text| printable(text));
        match (&self.before, &self.after) {
            (None, _) => write!(f, "{kind} {name} is left over"),
            // Dumps leave it out.
            (Some(before), None) if kind == "index" && before.contains(" INVALID") => {
                write!(f, "{kind} {name} is invalid: REINDEX INDEX CONCURRENTLY {name}, or drop it")
            }
            (_, None) => write!(f, "{kind} {name} is missing"),
            (Some(before), Some(after)) => {
                let (before, after) =
                    differing(before, after).unwrap_or_else(|| (before.clone(), after.clone()));
                let (before, after) = (indented(&before, 12), indented(&after, 12));
                write!(f, "{kind} {name} differs\n    before: {before}\n    after:  {after}")
            }
        }
    }
}

impl Difference {
    /// Returns `true` if privileges differ, and perhaps more.
    pub fn is_about_privileges(&self) -> bool {
        let [before, after] =
            [&self.before, &self.after].map(|text| split(text.as_deref().unwrap_or_default()).0);
        before != after
    }
}

impl Catalog {
    /// Reads a database, and leaves the session with the search path `pg_catalog`. The service owns the
    /// objects: the session's login should have no more privileges than the service.
    #[martydb_pg::boxed]
    pub async fn read(connection: &mut Connection) -> Result<Catalog> {
        ask(connection, queries(connection.major())).await
    }

    /// As [`read`](Catalog::read()), with days and times as they are stored: for a comparison with an earlier state of the
    /// same database.
    pub(crate) async fn read_exactly(connection: &mut Connection) -> Result<Catalog> {
        let path = stmt!("SET search_path = pg_catalog, pg_temp");
        let query = Statement::join([path, bounded(connection.major())]);
        let rows = query_each(connection, &query).await?;
        exactly(rows).map_err(|error| Error::operation("cannot read the catalogs").cause(error))
    }

    pub fn differences(&self, after: &Catalog) -> Vec<Difference> {
        without_parts(self.every_difference(after))
    }

    /// Returns the differences with those of parts of objects that are missing or left over.
    pub(crate) fn every_difference(&self, after: &Catalog) -> Vec<Difference> {
        let mut keys: Vec<_> = self.0.keys().chain(after.0.keys()).collect();
        keys.sort();
        keys.dedup();
        let difference = |key: &(String, String)| {
            let (before, after) = (self.0.get(key).cloned(), after.0.get(key).cloned());
            let (kind, name) = key.clone();
            let alike = match (&before, &after) {
                (Some(before), Some(after)) => before == after || is_alike(&kind, before, after),
                _ => before == after,
            };
            (!alike).then_some(Difference { kind, name, before, after })
        };
        keys.into_iter().filter_map(difference).collect()
    }
}

/// Returns `true` if two definitions of an object of this kind differ in ways that do not count.
pub(crate) fn is_alike(kind: &str, before: &str, after: &str) -> bool {
    [same_columns, same_code, same_default, same_conditions].iter().any(|same| same(kind, before, after))
}

/// Kinds with columns and other parts, which are named after them.
const RELATIONS: &[&str] =
    &["table", "partitioned table", "view", "materialized view", "foreign table", "composite type"];

/// Removes parts of objects that are missing or left over: columns, constraints and indexes of a relation, and the owner
/// and the comment of any object.
pub(crate) fn without_parts(mut all: Vec<Difference>) -> Vec<Difference> {
    let whole: BTreeSet<(String, bool)> = all
        .iter()
        .filter(|found| found.before.is_none() || found.after.is_none())
        .map(|found| (format!("{} {}", found.kind, found.name), found.before.is_none()))
        .collect();
    all.retain(|found| {
        let (left, missing) = (found.before.is_none(), found.after.is_none());
        let is_whole = |object: String| whole.contains(&(object, left));
        let mut dots = found.name.match_indices('.').map(|(at, _)| &found.name[..at]);
        let is_relation = |name: &str| RELATIONS.iter().any(|kind| is_whole(format!("{kind} {name}")));
        let is_part = match found.kind.as_str() {
            "owner" | "comment" => is_whole(found.name.clone()),
            "index" => {
                let text = found.before.as_deref().or(found.after.as_deref());
                text.and_then(on_table).is_some_and(is_relation)
            }
            _ => dots.any(is_relation),
        };
        !(is_part && (left || missing))
    });
    all
}

/// Prepared queries of a session that reads often: planning takes the server as long as execution.
#[derive(Debug, Default)]
pub(crate) struct CatalogQueries {
    /// Number of executions since they were planned.
    executed: Option<u32>,
}

impl CatalogQueries {
    /// Number of executions after which they are planned again, because the catalogs grow.
    const REPLANNED: u32 = 20;

    /// Reads the database of this session, which must not change.
    pub(crate) async fn read(&mut self, connection: &mut Connection) -> Result<Catalog> {
        let (names, mut queries) = (texts(connection.major()), vec![]);
        if self.executed.is_none_or(|times| times >= Self::REPLANNED) {
            queries.extend(self.executed.map(|_| stmt!("DEALLOCATE ALL")));
            queries.extend(names.iter().map(|(name, text)| {
                stmt!(
                    "PREPARE {name} AS {query}",
                    name = Keyword(name),
                    query = Statement::from_program(text)
                )
            }));
            self.executed = Some(0);
        }
        queries.extend(names.iter().map(|(name, _)| stmt!("EXECUTE {name}", name = Keyword(name))));
        self.executed = self.executed.map(|times| times + 1);
        ask(connection, queries).await
    }
}

/// Sends the queries in one message, with the search path that they require.
async fn ask(connection: &mut Connection, queries: Vec<Statement>) -> Result<Catalog> {
    let path = stmt!("SET search_path = pg_catalog, pg_temp");
    let query = Statement::join([path, days()].into_iter().chain(queries));
    let rows = query_each(connection, &query).await?;
    read(rows).map_err(|error| Error::operation("cannot read the catalogs").cause(error))
}

fn read(results: Vec<Vec<Row>>) -> Result<Catalog, Unreadable> {
    let mut rows = results.into_iter().flatten();
    let days: Vec<String> = rows.by_ref().take(DAYS).map(|row| row.read()).collect::<Result<_, _>>()?;
    let entry = |row: Row| {
        let (kind, name, definition): (_, _, Option<String>) = row.read()?;
        Ok(((kind, name), without_now(&definition.unwrap_or_default(), &days)))
    };
    rows.map(entry).collect::<Result<_, _>>().map(Catalog)
}

fn exactly(results: Vec<Vec<Row>>) -> Result<Catalog, Unreadable> {
    let entry = |row: Row| {
        let (kind, name, definition): (_, _, Option<String>) = row.read()?;
        Ok(((kind, name), definition.unwrap_or_default()))
    };
    results.into_iter().flatten().map(entry).collect::<Result<_, _>>().map(Catalog)
}

const DAYS: usize = 3;

/// Selects yesterday, today and tomorrow: the time zone in which a migration read the clock is not known.
fn days() -> Statement {
    stmt!(
        "SELECT pg_catalog.to_char(pg_catalog.now() + d * interval '1 day', 'YYYY-MM-DD') FROM pg_catalog.generate_series(-1, 1) d"
    )
}

/// Returns the queries for a major of the server.
pub(crate) fn queries(major: u32) -> Vec<Statement> {
    texts(major).iter().map(|(_, text)| Statement::from_program(text)).collect()
}

/// Returns all queries as one, with a hash in place of a definition that is longer than 64 KiB: a service may comment its
/// objects with any amount of text.
pub(crate) fn bounded(major: u32) -> Statement {
    let all = Statement::separated(queries(major).into_iter().map(|query| stmt!("({query})")), " UNION ALL ");
    stmt!(
        "SELECT c.kind, c.name, CASE WHEN pg_catalog.octet_length(c.definition) > 65536
                THEN pg_catalog.left(c.definition, 200) || ' ' || pg_catalog.hashtextextended(c.definition, 0)::pg_catalog.text
                ELSE c.definition END
         FROM ({all}) c (kind, name, definition)"
    )
}

/// Returns the texts of all queries: other texts read other definitions.
pub(crate) fn every_text() -> impl Iterator<Item = &'static str> {
    texts(u32::MAX).iter().map(|(_, text)| *text)
}

/// Returns the queries for a major of the server, with their names. A column that only some majors have needs a
/// text of its own, because reading it through `to_jsonb` would convert the whole row.
fn texts(major: u32) -> &'static [(&'static str, &'static str)] {
    const ALL: &[(&str, &str)] = &[
        ("martydb_catalog", with_members!(", ", include_str!("sql/catalog.sql"))),
        ("martydb_compression", with_members!("\n", include_str!("sql/compression.sql"))),
        ("martydb_publication", include_str!("sql/publication.sql")),
    ];
    let known = match major {
        ..14 => 1,
        14 => 2,
        _ => ALL.len(),
    };
    &ALL[..known]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_a_query_selects_is_known() {
        for (name, text) in texts(u32::MAX) {
            let selected = text.lines().filter_map(|line| line.strip_prefix("SELECT '")?.split_once('\''));
            let kinds: Vec<&str> = selected.map(|(kind, _)| kind).collect();
            assert!(!kinds.is_empty(), "{name}");
            kinds.iter().for_each(|kind| assert!(KINDS.contains(kind), "{name}: {kind}"));
        }
    }

    #[test]
    fn differences_are_grouped_by_the_change_of_each_object() {
        let catalog = |rows: &[(&str, &str)]| {
            let entry =
                |(name, text): &(&str, &str)| (("index".to_owned(), (*name).to_owned()), (*text).to_owned());
            Catalog(rows.iter().map(entry).collect())
        };
        let before = catalog(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let after = catalog(&[("a", "1"), ("b", "2"), ("d", "1")]);
        let said: Vec<_> = before.differences(&after).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            ["index b differs\n    before: 1\n    after:  2", "index c is missing", "index d is left over"]
        );
        assert_eq!(before.differences(&before), []);
    }

    #[test]
    fn parts_of_a_missing_object_are_not_reported_again() {
        let catalog = |rows: &[(&str, &str)]| {
            let entry =
                |(kind, name): &(&str, &str)| (((*kind).to_owned(), (*name).to_owned()), "x".to_owned());
            Catalog(rows.iter().map(entry).collect())
        };
        let rows = [
            ("table", "public.a"),
            ("column", "public.a.id"),
            ("constraint", "public.a.a_pkey"),
            ("owner", "table public.a"),
            ("comment", "table public.a"),
            ("column", "public.ab.id"),
            ("comment", "table public.b"),
            ("table", "\"x.y\".a"),
            ("column", "\"x.y\".a.id"),
        ];
        let said =
            |found: Vec<Difference>| -> Vec<String> { found.iter().map(ToString::to_string).collect() };
        let (some, none) = (catalog(&rows), Catalog::default());
        let left = ["column public.ab.id", "comment table public.b", "table \"x.y\".a", "table public.a"];
        assert_eq!(said(some.differences(&none)), left.map(|name| format!("{name} is missing")));
        assert_eq!(said(none.differences(&some)), left.map(|name| format!("{name} is left over")));
        // A table in the place of another kind of object, with a column of the same name.
        let after = catalog(&[("column", "public.a.id"), ("view", "public.a")]);
        let before = catalog(&[("table", "public.a")]);
        assert_eq!(
            said(before.differences(&after)),
            ["table public.a is missing", "view public.a is left over"]
        );
    }
}

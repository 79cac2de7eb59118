//! Place of refinery's table: the schema `martydb`, or a declared schema for teams that run refinery beside. Earlier
//! versions of martydb, and refinery, create it in the first declared schema; every run that writes moves it.
//!
//! Earlier versions look for the table in the declared schemas only, and would take every file for pending. What they
//! always read of the schema `martydb` are the unfinished migrations, as soon as the table of notes exists: the rows of
//! the history with `mode = 'no-transaction'`. While the table lies in the schema `martydb`, the column has a type
//! without this value, and the error of the server names the type, which says what to do.

use crate::files::Mode;
use martydb_model::SchemaName;
use martydb_model::contract::{HISTORY_SCHEMA, REFINERY_TABLE};
use martydb_model::error::{Error, Kind};
use martydb_model::sql::{Ident, List, Literal, Statement, stmt};
use martydb_model::units::counted;

/// Returns every schema in which refinery's table may be: the desired one, martydb's, the declared ones.
pub(crate) fn places(wanted: &SchemaName, declared: &[SchemaName]) -> Vec<SchemaName> {
    let mut all = vec![wanted.clone()];
    for schema in [SchemaName::history()].iter().chain(declared) {
        if !all.contains(schema) {
            all.push(schema.clone());
        }
    }
    all
}

/// Returns a test, as an expression, for refinery's table in one of these schemas.
pub(crate) fn is_in(schemas: &[SchemaName]) -> Statement {
    let tests = schemas.iter().map(|schema| {
        let name = stmt!("{schema}.refinery_schema_history");
        stmt!("pg_catalog.to_regclass({name}) IS NOT NULL", name = Literal(name.shown().into()))
    });
    let tests = [stmt!("false")].into_iter().chain(tests);
    stmt!("({tests})", tests = Statement::separated(tests, " OR "))
}

/// Returns the name of the type that ends earlier versions, which is their error message: at most 63 bytes.
pub(super) fn guard_type() -> Statement {
    stmt!("martydb.\"history is in a newer format: install the newest martydb\"")
}

/// Returns the type of the column `mode` in a new history.
pub(crate) fn mode_type(guarded: bool) -> Statement {
    if guarded { guard_type() } else { stmt!("text") }
}

/// Returns a test, as an expression, for the type that ends earlier versions.
pub(crate) fn is_guarded() -> Statement {
    stmt!("pg_catalog.to_regtype({name}) IS NOT NULL", name = Literal(guard_type().shown().into()))
}

/// Returns the text of a mode in the column `mode`: earlier versions compare with the other one.
pub(crate) fn mode_text(mode: Mode, guarded: bool) -> String {
    if guarded { mode.name().replace('-', " ") } else { mode.name().into() }
}

/// Creates the type that ends earlier versions.
pub(crate) fn create_guard(outsiders: &List<Ident>) -> [Statement; 2] {
    [
        stmt!("CREATE TYPE {guard} AS ENUM ('transaction', 'no transaction')", guard = guard_type()),
        stmt!("REVOKE ALL ON TYPE {guard} FROM PUBLIC, {outsiders}", guard = guard_type()),
    ]
}

/// Returns `true` for the schema in which earlier versions do not find refinery's table.
pub(crate) fn is_ours(place: &SchemaName) -> bool {
    place.as_str() == HISTORY_SCHEMA
}

/// Returns the error for a table in two schemas, with its numbers of rows.
pub(crate) fn two_tables(service: &str, schemas: &[SchemaName; 2], rows: &[usize]) -> Error {
    let of_each = schemas.iter().zip(rows);
    Error::new(Kind::Divergent, format!("{service}: two tables of applied migrations"))
        .causes(of_each.map(|(schema, rows)| format!("{schema}.{REFINERY_TABLE} has {}", counted(*rows, "version"))))
        .hint(format!(
            "drop the one that is not the history of this database, with `martydb psql -s {service} --role migrator`; \
             `history: {{ schema: … }}` in the manifest is the schema of the other"
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(name: &str) -> SchemaName {
        SchemaName::new(name).unwrap()
    }

    #[test]
    fn the_table_is_looked_for_where_it_belongs_first() {
        let declared = [schema("app"), schema("public")];
        let names = |wanted: &str| -> Vec<String> {
            places(&schema(wanted), &declared).iter().map(ToString::to_string).collect()
        };
        assert_eq!(names("martydb"), ["martydb", "app", "public"]);
        assert_eq!(names("public"), ["public", "martydb", "app"]);
    }

    #[test]
    fn the_value_that_earlier_versions_look_for_is_not_one_of_the_type() {
        let values = create_guard(&List(vec![]))[0].shown().to_string();
        assert!(!values.contains("'no-transaction'"), "{values}");
        assert_eq!(mode_text(Mode::NoTransaction, true), "no transaction");
        assert_eq!(mode_text(Mode::NoTransaction, false), "no-transaction");
    }
}

//! Place of refinery's table: the schema `martydb`, or a declared schema for teams that run refinery beside. Earlier
//! versions of martydb, and refinery, create it in the first declared schema; every run that writes moves it.
//!
//! Earlier versions look for the table in the declared schemas only, and would take every file for pending. What they
//! always read of the schema `martydb` are the unfinished migrations, as soon as the table of notes exists: the rows of
//! the history with `mode = 'no-transaction'`. While the table lies in the schema `martydb`, the column has a type
//! without this value, and the error of the server names the type, which says what to do.

use super::progress;
use super::tables::ExistingTables;
use crate::files::Mode;
use martydb_model::SchemaName;
use martydb_model::contract::{HISTORY_SCHEMA, REFINERY_TABLE};
use martydb_model::error::{Error, Kind};
use martydb_model::sql::{Ident, List, Literal, Statement, stmt};
use martydb_model::units::counted;

/// Returns every schema in which refinery's table may be: the wanted one, martydb's, the declared ones.
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
fn guard_type() -> Statement {
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

/// Returns the statements, for one transaction, that bring existing tables to their place. The history exists by then.
pub(crate) fn settle(
    present: &ExistingTables,
    wanted: &SchemaName,
    outsiders: &List<Ident>,
) -> Vec<Statement> {
    let mut all = vec![];
    let elsewhere = present.refinery.as_ref().filter(|found| *found != wanted);
    all.extend(
        elsewhere.map(|found| stmt!("ALTER TABLE {found}.refinery_schema_history SET SCHEMA {wanted}")),
    );
    let guarded = is_ours(wanted);
    if present.history && guarded != present.guarded {
        all.extend(if guarded { guard(outsiders) } else { unguard() });
    }
    if guarded && !present.progress {
        all.extend(progress::create(outsiders));
    }
    all
}

/// Returns `true` for the schema in which earlier versions do not find refinery's table.
pub(crate) fn is_ours(place: &SchemaName) -> bool {
    place.as_str() == HISTORY_SCHEMA
}

fn guard(outsiders: &List<Ident>) -> Vec<Statement> {
    let change = stmt!(
        "ALTER TABLE martydb.history DROP CONSTRAINT IF EXISTS history_check,
         ALTER COLUMN mode TYPE {guard} USING pg_catalog.replace(mode, '-', ' ')::{guard}",
        guard = guard_type()
    );
    let check = stmt!(
        "ALTER TABLE martydb.history ADD CONSTRAINT history_check
         CHECK (action IN ('upgrade', 'downgrade', 'baseline', 'repair') AND outcome IN ('started', 'ok', 'failed'))"
    );
    create_guard(outsiders).into_iter().chain([change, check]).collect()
}

fn unguard() -> Vec<Statement> {
    vec![
        stmt!(
            "ALTER TABLE martydb.history DROP CONSTRAINT IF EXISTS history_check,
             ALTER COLUMN mode TYPE text USING pg_catalog.replace(mode::text, ' ', '-')"
        ),
        stmt!("DROP TYPE {guard}", guard = guard_type()),
        stmt!(
            "ALTER TABLE martydb.history ADD CONSTRAINT history_check
             CHECK (action IN ('upgrade', 'downgrade', 'baseline', 'repair')
                    AND outcome IN ('started', 'ok', 'failed') AND mode IN ('transaction', 'no-transaction'))"
        ),
    ]
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

impl ExistingTables {
    /// Returns `true` if a run that writes has nothing to move.
    pub(crate) fn is_settled(&self, wanted: &SchemaName) -> bool {
        let guarded = is_ours(wanted);
        self.refinery.as_ref().is_none_or(|found| found == wanted)
            && (!self.history || self.guarded == guarded && (self.progress || !guarded))
    }
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
    fn a_history_is_moved_once_in_each_direction() {
        let none = List(vec![]);
        let before =
            ExistingTables { history: true, refinery: Some(schema("public")), ..ExistingTables::default() };
        let after = ExistingTables {
            guarded: true,
            progress: true,
            refinery: Some(schema("martydb")),
            ..before.clone()
        };
        for (present, wanted, statements) in [
            (&before, "martydb", 7),
            (&after, "martydb", 0),
            (&after, "public", 4),
            (&before, "public", 0),
            (&ExistingTables { progress: true, ..ExistingTables::default() }, "martydb", 0),
        ] {
            let all = settle(present, &schema(wanted), &none);
            assert_eq!(all.len(), statements, "{wanted} {all:?}");
            assert_eq!(present.is_settled(&schema(wanted)), statements == 0, "{wanted}");
        }
    }

    /// Sends what martydb at commit b3010acd reads, in the words of its query.
    #[test]
    fn the_value_that_earlier_versions_look_for_is_not_one_of_the_type() {
        let values = create_guard(&List(vec![]))[0].shown().to_string();
        assert!(!values.contains("'no-transaction'"), "{values}");
        assert_eq!(mode_text(Mode::NoTransaction, true), "no transaction");
        assert_eq!(mode_text(Mode::NoTransaction, false), "no-transaction");
    }
}

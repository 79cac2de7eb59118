//! Collations whose order of texts may have changed with a library of the operating system: their indexes can return wrong
//! rows. <https://www.postgresql.org/docs/current/sql-altercollation.html#SQL-ALTERCOLLATION-NOTES>

use martydb_model::DbName;
use martydb_model::error::Result;
use martydb_model::sql::{Keyword, Qualified, Statement, stmt};
use martydb_pg::server::{Connection, query_as};

use crate::report::ChangedCollation;

/// Major version from which a database records the version of its own collation, whose OID is 100 (`pg_collation.dat`).
const DATABASES_RECORD: u32 = 15;

/// Selects the database's own collation.
const OF_DATABASE: Keyword = Keyword(
    " UNION ALL
       SELECT 100::pg_catalog.oid, NULL, NULL, d.datcollversion, pg_catalog.pg_database_collation_actual_version(d.oid)
       FROM pg_catalog.pg_database d
       WHERE d.datname = pg_catalog.current_database() AND d.datcollversion IS NOT NULL",
);

/// Selects what depends on a collation whose recorded version is not the library's, a row each: indexes, and partitioned tables,
/// whose bounds are in its order. The database's own collation has a row even if nothing depends on it. OIDs from 16384 on
/// are of objects that no initdb made.
fn query(major: u32) -> Statement {
    stmt!(
        "WITH used AS (
           SELECT k.coll, i.indexrelid AS relation
           FROM pg_catalog.pg_index i, LATERAL pg_catalog.unnest(i.indcollation) AS k(coll)
           WHERE i.indrelid >= 16384 AND k.coll <> 0
           UNION
           SELECT k.coll, p.partrelid
           FROM pg_catalog.pg_partitioned_table p, LATERAL pg_catalog.unnest(p.partcollation) AS k(coll)
           WHERE k.coll <> 0),
         known AS (
           SELECT c.oid, n.nspname, c.collname, c.collversion AS recorded, pg_catalog.pg_collation_actual_version(c.oid) AS present
           FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
           WHERE c.collversion IS NOT NULL AND c.oid IN (SELECT u.coll FROM used u){of_database})
         SELECT k.nspname::pg_catalog.text, k.collname::pg_catalog.text, k.recorded, k.present,
           r.nspname::pg_catalog.text, r.relname::pg_catalog.text
         FROM known k LEFT JOIN (
           SELECT u.coll, n.nspname, c.relname
           FROM used u JOIN pg_catalog.pg_class c ON c.oid = u.relation AND c.relpersistence <> 't'
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace) r ON r.coll = k.oid
         WHERE k.recorded IS DISTINCT FROM k.present
         ORDER BY 1 NULLS FIRST, 2, 5, 6",
        of_database = if major < DATABASES_RECORD { Keyword("") } else { OF_DATABASE }
    )
}

/// Collations that no library versions, but for the database's own: none, `default`, `C` and `POSIX` (`pg_collation.dat`).
const UNVERSIONED: Keyword = Keyword("(0, 100, 950, 951)");

/// Tests if [`query`] can have a row: the database's own collation has another version, or something depends on a further one.
fn are_in_question(major: u32) -> Statement {
    let database = match major {
        ..DATABASES_RECORD => Keyword("false"),
        _ => Keyword(
            "(SELECT d.datcollversion IS DISTINCT FROM pg_catalog.pg_database_collation_actual_version(d.oid)
              FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database() AND d.datcollversion IS NOT NULL)",
        ),
    };
    stmt!(
        "SELECT coalesce({database}, false)
           OR EXISTS (SELECT FROM pg_catalog.pg_index i, pg_catalog.unnest(i.indcollation) AS k(coll)
                      WHERE i.indrelid >= 16384 AND k.coll NOT IN {UNVERSIONED})
           OR EXISTS (SELECT FROM pg_catalog.pg_partitioned_table p, pg_catalog.unnest(p.partcollation) AS k(coll)
                      WHERE k.coll NOT IN {UNVERSIONED})"
    )
}

/// Columns of a row: the collation's schema and name, the recorded version, the library's, schema and name of what depends on it.
type CollationRow =
    (Option<String>, Option<String>, Option<String>, Option<String>, Option<String>, Option<String>);

/// Reads the changed collations of the database that the session is in.
///
/// # Errors
/// If the server ends the session, or its library does not know a collation's locale any more.
pub(crate) async fn read(connection: &mut Connection, database: &DbName) -> Result<Vec<ChangedCollation>> {
    let are_in_question: Vec<bool> = query_as(connection, &are_in_question(connection.major())).await?;
    if are_in_question == [false] {
        return Ok(vec![]);
    }
    let query = query(connection.major());
    Ok(changed(query_as(connection, &query).await?, database))
}

/// Groups the rows by collation.
fn changed(rows: Vec<CollationRow>, database: &DbName) -> Vec<ChangedCollation> {
    let mut all: Vec<ChangedCollation> = vec![];
    for (schema, name, recorded, present, of, relation) in rows {
        let name = schema.zip(name).map(|(schema, name)| vec![schema, name]);
        let collation = name.as_ref().map(|parts| parts.join("."));
        if all.last().is_none_or(|last| last.collation != collation) {
            let (recorded, fix) = (recorded.unwrap_or_default(), fix(name, database));
            all.push(ChangedCollation { collation, recorded, present, relations: vec![], fix });
        }
        if let (Some(last), Some(schema), Some(name)) = (all.last_mut(), of, relation) {
            last.relations.push(format!("{schema}.{name}"));
        }
    }
    all
}

fn fix(collation: Option<Vec<String>>, database: &DbName) -> Vec<String> {
    let record = match collation {
        None => stmt!("ALTER DATABASE {database} REFRESH COLLATION VERSION"),
        Some(parts) => stmt!("ALTER COLLATION {name} REFRESH VERSION", name = Qualified(parts)),
    };
    vec![stmt!("REINDEX DATABASE CONCURRENTLY {database}").to_string(), record.to_string()]
}

//! An initial migration generated from an existing database: inspection of the database, and the proof that the
//! file creates the same schema.

mod decided;

use crate::history::privileges::without_others;
pub use crate::history::privileges::without_roles;
pub use decided::without_decided;

use std::collections::BTreeSet;
use std::time::Duration;

use super::check::{OtherTool, other_tools};
use super::engine::{Intent, MigrationSession, Preflight, session};
use super::expression_normalizer::normalize_expressions;
use super::history::{Catalog, Difference};
use super::report::EventSender;
use super::run::{Goal, run};
use super::target::{MigrationTarget, Options};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{List, Literal, Statement, stmt, with_members};
use martydb_model::{RoleName, SchemaName};
use martydb_pg::server::Row;

/// A database without a history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unadopted {
    /// The server's major version.
    pub major: u32,
    pub tools: Vec<OtherTool>,
    /// Schema and name of history tables, their indexes and sequences.
    pub set_aside: Vec<(String, String)>,
    /// Undeclared schemas that contain only history tables, such as Drizzle's.
    pub schemas_aside: Vec<String>,
    /// Other undeclared schemas of other roles, which a dump as the owner cannot read.
    pub schemas_of_others: Vec<String>,
}

/// Inspects a database as its migrator.
///
/// # Errors
/// [`Kind::Usage`](martydb_model::error::Kind::Usage) if it has a history; else if the migrator cannot log in.
pub async fn examine(target: &MigrationTarget, wait: Duration) -> Result<Unadopted> {
    let mut session = MigrationSession::open(target, Intent::Read, wait, &EventSender::ignored()).await?;
    let found = look(&mut session).await;
    session.close().await;
    found
}

async fn look(session: &mut MigrationSession<'_>) -> Result<Unadopted> {
    let service = &session.target.service;
    let rows = session.rows().await?;
    if let Some(last) = rows.applied.iter().chain(&rows.lost).max_by_key(|row| row.version) {
        return Err(Error::usage(format!("{service} already has a history"))
            .cause(format!("its database is at V{}__{}", last.version, last.name)));
    }
    let tools = Preflight::run(session).await?.other_tools;
    let mut tables: Vec<(&str, &str)> = tools
        .iter()
        .flat_map(|tool| other_tools::tables_of(&tool.name).map(|name| (tool.schema.as_str(), name)))
        .collect();
    tables.extend(
        session
            .target
            .schemas
            .iter()
            .map(|schema| (schema.as_str(), martydb_model::contract::REFINERY_TABLE)),
    );
    let declared = &session.target.schemas;
    let owner = session.target.owner.as_str();
    let queries = [
        belongings(&tables),
        schemas_of(&tables, declared),
        schemas_of_others(declared, owner),
        longest_text(),
    ];
    let rows = session.query(queries).await?;
    let of = |at: usize| rows.get(at).into_iter().flatten();
    if let Some(longest) = of(3).next() {
        return Err(too_long(longest)?);
    }
    let set_aside = of(0).map(Row::read).collect::<Result<_, _>>()?;
    let names = |at: usize| of(at).map(Row::read).collect::<Result<Vec<String>, _>>();
    let schemas_aside = names(1)?;
    let mut schemas_of_others = names(2)?;
    schemas_of_others.retain(|schema| !schemas_aside.contains(schema));
    Ok(Unadopted { major: session.connection.major(), tools, set_aside, schemas_aside, schemas_of_others })
}

/// Size limit of a comment or a body, in bytes: the comparison of two schemas reads each object as one message.
const MAX_TEXT_BYTES: i32 = 8 << 20;

/// Selects the longest comment or body above the limit, and its size; no text is read.
fn longest_text() -> Statement {
    stmt!(
        "SELECT t.object, t.bytes FROM (
             SELECT 'the comment on ' || pg_catalog.pg_describe_object(classoid, objoid, objsubid) AS object,
                    pg_catalog.octet_length(description) AS bytes FROM pg_catalog.pg_description
             UNION ALL SELECT 'the body of ' || pg_catalog.pg_describe_object('pg_catalog.pg_proc'::pg_catalog.regclass, oid, 0),
                    pg_catalog.octet_length(prosrc) FROM pg_catalog.pg_proc) t
         WHERE t.bytes > {MAX_TEXT_BYTES} ORDER BY 2 DESC, 1 LIMIT 1"
    )
}

fn too_long(row: &Row) -> Result<Error> {
    let (object, bytes): (String, i32) = row.read()?;
    let limit = MAX_TEXT_BYTES >> 20;
    let why = format!("{object} has {} MiB; at most {limit} MiB can be compared", bytes >> 20);
    Ok(Error::new(Kind::Divergent, "the schema cannot be proven equal to a file").cause(why))
}

/// Returns a CTE `chosen` of the tables, their indexes and the sequences that they own.
fn chosen(tables: &[(&str, &str)]) -> Statement {
    let pair = |(schema, name): &(&str, &str)| {
        stmt!("({schema}, {name})", schema = Literal((*schema).into()), name = Literal((*name).into()))
    };
    stmt!(
        "WITH tables AS (
             SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE (n.nspname, c.relname) IN ({tables}) AND c.relkind = 'r'
         ), chosen AS (
             SELECT oid FROM tables UNION SELECT indexrelid FROM pg_catalog.pg_index WHERE indrelid IN (SELECT oid FROM tables)
             UNION SELECT objid FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                 AND refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND refobjid IN (SELECT oid FROM tables) AND deptype IN ('a', 'i')
                 AND objsubid = 0)",
        tables = List(tables.iter().map(pair).collect())
    )
}

fn belongings(tables: &[(&str, &str)]) -> Statement {
    stmt!(
        "{chosen} SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid IN (SELECT oid FROM chosen) ORDER BY 1, 2",
        chosen = chosen(tables)
    )
}

/// Selects schemas in which only the tables and their parts depend on the schema.
fn schemas_of(tables: &[(&str, &str)], declared: &[SchemaName]) -> Statement {
    stmt!(
        "{chosen} SELECT n.nspname FROM pg_catalog.pg_namespace n
         WHERE n.nspname NOT IN ('public', {declared})
             AND n.oid IN (SELECT relnamespace FROM pg_catalog.pg_class WHERE oid IN (SELECT oid FROM tables))
             AND NOT EXISTS (
                 SELECT FROM pg_catalog.pg_depend d
                 WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid
                     AND NOT (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid IN (SELECT oid FROM chosen)))
         ORDER BY 1",
        chosen = chosen(tables),
        declared = List::literals(declared.iter().map(SchemaName::as_str))
    )
}

/// Selects undeclared schemas of roles other than the owner that no extension created or is installed in.
fn schemas_of_others(declared: &[SchemaName], owner: &str) -> Statement {
    stmt!(
        "{members} SELECT nspname FROM pg_catalog.pg_namespace n
         WHERE nspname NOT IN ('public', 'martydb', 'martydb_serve', 'information_schema', {declared}) AND NOT pg_catalog.starts_with(nspname::pg_catalog.text, 'pg_')
             AND nspowner <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = {owner})
             AND NOT EXISTS (
                 SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND m.objid = n.oid)
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extnamespace = n.oid)
         ORDER BY 1",
        declared = List::literals(declared.iter().map(SchemaName::as_str)),
        members = with_members(),
        owner = Literal(owner.into())
    )
}

/// Runs the initial migration in `scratch`, an empty database, and returns the differences from the real one.
/// Privileges of other roles than the service's are not compared, nor what no migration decides; these roles are the second
/// result.
///
/// # Errors
/// As [`prove`].
pub async fn prove_first(
    target: &MigrationTarget,
    scratch: &MigrationTarget,
    found: &Unadopted,
    options: &Options,
) -> Result<(Vec<Difference>, BTreeSet<String>)> {
    let own = target.roles().map(RoleName::as_str);
    let decided = |catalog| without_decided(catalog, &target.owner, &target.schemas);
    let [real, made] = catalogs(target, scratch, options).await?.map(decided);
    let (real, others) = without_others(real, target.owner.as_str(), &own);
    let (made, _) = without_others(made, target.owner.as_str(), &own);
    Ok((differences(scratch, options, real, &made, found).await?, others))
}

/// Runs the initial migration in `scratch` and returns the differences, with the privileges of all roles.
///
/// # Errors
/// If the migration fails there, or a catalog cannot be read.
pub async fn prove(
    target: &MigrationTarget,
    scratch: &MigrationTarget,
    found: &Unadopted,
    options: &Options,
) -> Result<Vec<Difference>> {
    let [real, made] = catalogs(target, scratch, options).await?;
    differences(scratch, options, real, &made, found).await
}

async fn catalogs(
    target: &MigrationTarget,
    scratch: &MigrationTarget,
    options: &Options,
) -> Result<[Catalog; 2]> {
    let outcome = run(scratch, Goal::Upgrade, options, &EventSender::ignored()).await;
    if let Some(error) = outcome.error {
        return Err(error.while_doing("the schema cannot be recreated from pg_dump's output"));
    }
    let mut all = [Catalog::default(), Catalog::default()];
    for (target, catalog) in [target, scratch].into_iter().zip(&mut all) {
        let mut reader = session::connect_reader(target, options.lock_wait).await?;
        *catalog = Catalog::read(&mut reader).await?;
        reader.close().await;
    }
    Ok(all)
}

/// Returns the differences that are more than another form of an expression, which `scratch` reads again.
async fn differences(
    scratch: &MigrationTarget,
    options: &Options,
    real: Catalog,
    made: &Catalog,
    found: &Unadopted,
) -> Result<Vec<Difference>> {
    let real = normalize_expressions(scratch, options.lock_wait, real, made).await?;
    Ok(that_count(&real, made, found))
}

fn that_count(real: &Catalog, made: &Catalog, found: &Unadopted) -> Vec<Difference> {
    let relations: Vec<String> =
        found.set_aside.iter().map(|(schema, name)| format!("{}.{}", quoted(schema), quoted(name))).collect();
    let schemas: Vec<String> = found.schemas_aside.iter().map(|schema| quoted(schema)).collect();
    let mut differences = real.differences(made);
    differences.retain(|difference| {
        !relations.iter().any(|id| is_about(difference, id))
            && !schemas.iter().any(|id| is_schema(difference, id))
            && !is_owner_of_extension(difference)
    });
    differences
}

/// Quotes a name as `format('%I')` does, sufficient for names of history tables.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    match name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        true => name.into(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// Returns `true` if the difference is in the relation, a part of it, or a comment on it.
fn is_about(difference: &Difference, id: &str) -> bool {
    let name = &difference.name;
    let part = format!("{id}.");
    name == id
        || name.starts_with(&part)
        || matches!(difference.kind.as_str(), "comment" | "owner")
            && (name.ends_with(&format!(" {id}")) || name.contains(&format!(" {part}")))
}

fn is_schema(difference: &Difference, id: &str) -> bool {
    match difference.kind.as_str() {
        "schema" => difference.name == id,
        "comment" | "owner" => difference.name.strip_prefix("schema ") == Some(id),
        _ => false,
    }
}

/// Returns `true` for the owner of an extension: no `ALTER EXTENSION … OWNER TO` exists that a file could contain.
fn is_owner_of_extension(difference: &Difference) -> bool {
    difference.kind == "owner" && difference.name.starts_with("extension ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_set_aside_is_recognized_by_its_name() {
        for (kind, name, expected) in [
            ("table", "public.alembic_version", true),
            ("column", "public.alembic_version.version_num", true),
            ("owner", "table public.alembic_version", true),
            ("comment", "table column public.alembic_version.version_num", true),
            ("comment", "table constraint pkc on public.alembic_version", true),
            ("table", "public.alembic_version2", false),
            ("routine", "f(public.alembic_version)", false),
        ] {
            let difference = Difference { kind: kind.into(), name: name.into(), before: None, after: None };
            assert_eq!(is_about(&difference, "public.alembic_version"), expected, "{kind} {name}");
        }
        for (kind, name, expected) in [
            ("schema", "drizzle", true),
            ("owner", "schema drizzle", true),
            ("comment", "schema drizzle", true),
            ("schema", "drizzle2", false),
            ("table", "drizzle", false),
            ("owner", "table drizzle", false),
        ] {
            let difference = Difference { kind: kind.into(), name: name.into(), before: None, after: None };
            assert_eq!(is_schema(&difference, "drizzle"), expected, "{kind} {name}");
        }
        assert_eq!(quoted("SequelizeMeta"), "\"SequelizeMeta\"");
        assert_eq!(quoted("__x1"), "__x1");
    }
}

//! A first migration that is written from a database that exists: what is there before it, and the proof that the file
//! makes the same.

use std::time::Duration;

use super::check::{OtherTool, other_tools};
use super::engine::{Intent, MigrationSession, Preflight, session};
use super::history::{Catalogue, Difference, unreadable};
use super::report::EventSender;
use super::run::{Goal, run};
use super::target::{MigrationTarget, Options};
use crate::error::{Error, Result};
use crate::sql::{List, Literal, Statement, stmt};

/// A database without a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unadopted {
    /// The server's major version.
    pub major: u32,
    pub tools: Vec<OtherTool>,
    /// The tables of histories with their indexes and sequences: schema and name.
    pub set_aside: Vec<(String, String)>,
}

/// Looks at a database as its migrator.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) if it has a history; else if the migrator cannot log in.
pub async fn examine(target: &MigrationTarget, wait: Duration) -> Result<Unadopted> {
    let mut session = MigrationSession::open(target, Intent::Read, wait, &EventSender::ignored()).await?;
    let found = look(&mut session).await;
    session.close().await;
    found
}

async fn look(session: &mut MigrationSession<'_>) -> Result<Unadopted> {
    let service = &session.target.service;
    if let Some(last) = session.rows().await?.applied.last() {
        return Err(Error::usage(format!("{service} already has a history"))
            .cause(format!("its database is at V{}__{}", last.version, last.name)));
    }
    let tools = Preflight::take(session).await?.other_tools;
    let mut tables: Vec<(&str, &str)> = tools
        .iter()
        .flat_map(|tool| other_tools::tables_of(&tool.name).map(|name| (tool.schema.as_str(), name)))
        .collect();
    tables.extend(
        session.target.schemas.iter().map(|schema| (schema.as_str(), crate::contract::REFINERY_TABLE)),
    );
    let rows = session.query([belongings(&tables)]).await?;
    let pairs: Result<Vec<_>, _> =
        rows.iter().flatten().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect();
    Ok(Unadopted { major: session.connection.major(), tools, set_aside: pairs.map_err(unreadable)? })
}

/// Asks for tables, their indexes and the sequences that they own.
fn belongings(tables: &[(&str, &str)]) -> Statement {
    let pair = |(schema, name): &(&str, &str)| {
        stmt!("({schema}, {name})", schema = Literal((*schema).into()), name = Literal((*name).into()))
    };
    stmt!(
        "WITH chosen AS (
             SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE (n.nspname, c.relname) IN ({tables}) AND c.relkind = 'r'
         )
         SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid IN (SELECT oid FROM chosen UNION SELECT indexrelid FROM pg_catalog.pg_index WHERE indrelid IN (SELECT oid FROM chosen)
             UNION SELECT objid FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                 AND refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND refobjid IN (SELECT oid FROM chosen) AND deptype IN ('a', 'i')
                 AND objsubid = 0)
         ORDER BY 1, 2",
        tables = List(tables.iter().map(pair).collect())
    )
}

/// Runs the first migration of `scratch`, an empty database, and tells in what it differs from the real one.
///
/// # Errors
/// If the migration fails there, or a catalogue cannot be read.
pub async fn prove(
    target: &MigrationTarget,
    scratch: &MigrationTarget,
    found: &Unadopted,
    options: &Options,
) -> Result<Vec<Difference>> {
    let outcome = run(scratch, Goal::Upgrade, options, &EventSender::ignored()).await;
    if let Some(error) = outcome.error {
        return Err(error.while_doing("the schema cannot be made from what pg_dump wrote"));
    }
    let mut all = [Catalogue::default(), Catalogue::default()];
    for (target, catalogue) in [target, scratch].into_iter().zip(&mut all) {
        let mut reader = session::reader(target, options.lock_wait).await?;
        *catalogue = Catalogue::read(&mut reader).await?;
        reader.close().await;
    }
    let aside: Vec<String> =
        found.set_aside.iter().map(|(schema, name)| format!("{}.{}", quoted(schema), quoted(name))).collect();
    let mut differences = all[0].differences(&all[1]);
    differences.retain(|difference| !aside.iter().any(|id| is_about(difference, id)));
    Ok(differences)
}

/// As `format('%I')` prints it, as far as names of history tables go.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    match name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        true => name.into(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// Whether it is the relation, something of it, or a comment on it.
fn is_about(difference: &Difference, id: &str) -> bool {
    let name = &difference.name;
    let part = format!("{id}.");
    name == id
        || name.starts_with(&part)
        || matches!(difference.kind.as_str(), "comment" | "owner")
            && (name.ends_with(&format!(" {id}")) || name.contains(&format!(" {part}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_aside_is_known_by_its_name() {
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
        assert_eq!(quoted("SequelizeMeta"), "\"SequelizeMeta\"");
        assert_eq!(quoted("__x1"), "__x1");
    }
}

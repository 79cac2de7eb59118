//! Normalization of expressions whose definitions differ only in form: a server may print an expression in another way
//! after it has read its own output, as after dump and restore. So the server reads both forms, and its output is compared.
//!
//! It happens in a transaction that is rolled back, in the database that was made from the other one, as the migrator
//! acting as the owner, like the restore itself. Most expressions become a temporary view, which evaluates nothing;
//! indexes are made on an empty table.

mod parts;

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use crate::engine::session;
use crate::history::catalog::{Catalog, is_alike};
use crate::target::MigrationTarget;
use martydb_model::SchemaName;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Keyword, List, Literal, ServerText, Statement, stmt};
use martydb_pg::server::{Connection, Row, execute_protected, query, query_each};
use parts::{ReadablePart, last, parts};

/// Returns the catalog `before` with the form of `after` for each part that differs and means the same to the server of
/// `target`, which has the objects of one of both.
///
/// # Errors
/// If the migrator cannot log in, or the session is lost. What the server rejects stays different.
pub async fn normalize_expressions(
    target: &MigrationTarget,
    wait: Duration,
    mut before: Catalog,
    after: &Catalog,
) -> Result<Catalog> {
    let differing = before.differences(after).into_iter().map(|one| (one.kind, one.name)).collect();
    for form in equal(target, wait, pairs(&before, after, differing)).await? {
        if let Some(text) = before.0.get_mut(&form.key) {
            text.replace_range(form.range, &form.after);
        }
    }
    Ok(before)
}

/// Returns the parts of objects in both catalogs whose forms differ and mean the same, as pairs of `before` and `after`.
///
/// # Errors
/// As [`normalize_expressions`].
pub async fn equal_forms(
    target: &MigrationTarget,
    wait: Duration,
    before: &Catalog,
    after: &Catalog,
) -> Result<Vec<(String, String)>> {
    let differs = |key: &&(String, String)| after.0.get(*key).is_some_and(|text| *text != before.0[*key]);
    let differing = before.0.keys().filter(differs).cloned().collect();
    let forms = equal(target, wait, pairs(before, after, differing)).await?;
    Ok(forms.into_iter().map(|form| (before.0[&form.key][form.range].to_owned(), form.after)).collect())
}

/// A part of a definition, and another form that means the same.
struct EqualForm {
    key: (String, String),
    range: Range<usize>,
    after: String,
}

/// Returns the parts that the server reads alike; those of one definition from its end, so that the places before stay.
async fn equal(target: &MigrationTarget, wait: Duration, pairs: Vec<FormPair>) -> Result<Vec<EqualForm>> {
    if pairs.is_empty() {
        return Ok(vec![]);
    }
    let mut session = session::connect_as_owner(target, wait).await?;
    let end = each(&mut session, &target.search_path, pairs).await;
    let undone = execute_protected(&mut session, &stmt!("ROLLBACK")).await;
    session.close().await;
    let forms = end.map_err(|error| error.while_doing("cannot compare definitions that differ"))?;
    undone.map(|()| forms)
}

/// Maximum number of times that a text is read, and what was printed of it.
const MAX_READINGS: usize = 4;

/// Two forms of one definition, with the parts that differ.
struct FormPair {
    key: (String, String),
    before: String,
    /// Parts, with their place in the form before and their text after.
    parts: Vec<(ReadablePart, Range<usize>, String)>,
}

fn pairs(before: &Catalog, after: &Catalog, differing: Vec<(String, String)>) -> Vec<FormPair> {
    let domains: BTreeSet<&str> = [before, after]
        .into_iter()
        .flat_map(|catalog| catalog.0.keys())
        .filter(|(kind, _)| kind == "type")
        .map(|(_, name)| name.as_str())
        .collect();
    let pair = |key: (String, String)| {
        let (old, new) = (before.0.get(&key)?, after.0.get(&key)?);
        let [old_parts, new_parts] =
            [old, new].map(|text| parts((&key.0, &key.1), text, |name| domains.contains(name)));
        let matching = old_parts.len() == new_parts.len()
            && old_parts.iter().zip(&new_parts).all(|(one, other)| one.0 == other.0);
        let parts = old_parts
            .into_iter()
            .zip(new_parts)
            .map(|((part, range), (_, other))| (part, range, new[other].to_owned()))
            .filter(|(_, range, other)| old[range.clone()] != *other);
        let parts: Vec<_> = parts.collect();
        (matching && !parts.is_empty()).then(|| FormPair { before: old.clone(), key, parts })
    };
    differing.into_iter().filter_map(pair).collect()
}

async fn each(
    session: &mut Connection,
    search_path: &[SchemaName],
    pairs: Vec<FormPair>,
) -> Result<Vec<EqualForm>> {
    // The owner may have other settings. Names without a schema are the server's own, or operators that an expression cannot
    // name with their schema.
    let begin = [
        stmt!("BEGIN"),
        stmt!("SET LOCAL search_path = pg_catalog, {own}, pg_temp", own = List(search_path.to_vec())),
        stmt!("SAVEPOINT martydb_read"),
    ];
    query(session, &Statement::join(begin)).await?;
    let mut forms = vec![];
    for FormPair { key, before, parts } in pairs {
        for (part, range, after) in parts.into_iter().rev() {
            if mean_the_same(session, &key.0, &part, [&before[range.clone()], &after]).await? {
                forms.push(EqualForm { key: key.clone(), range, after });
            }
        }
    }
    Ok(forms)
}

/// Returns `true` if the server prints both texts alike once it has read them. What it printed of one it reads again, since
/// some forms settle only after several times.
async fn mean_the_same(
    session: &mut Connection,
    kind: &str,
    part: &ReadablePart,
    texts: [&str; 2],
) -> Result<bool> {
    let mut forms: [Vec<String>; 2] = Default::default();
    let mut next = texts.map(|text| Some((part.clone(), text.to_owned())));
    for _ in 0..MAX_READINGS {
        for (forms, next) in forms.iter_mut().zip(&mut next) {
            let Some((part, text)) = next.take() else { continue };
            let Some(form) = printed(session, &part, &text).await? else { continue };
            *next = part.in_print(&form).filter(|(_, again)| *again != text);
            forms.push(form);
        }
        let [before, after] = &forms;
        let is_after = |one: &String| after.iter().any(|other| one == other || is_alike(kind, one, other));
        if before.iter().any(is_after) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns what the server prints after it has read the text; `None` if it rejects the text.
async fn printed(session: &mut Connection, part: &ReadablePart, text: &str) -> Result<Option<String>> {
    let undo = stmt!("ROLLBACK TO SAVEPOINT martydb_read");
    let qualified = stmt!("SET LOCAL search_path = pg_catalog, pg_temp");
    let print = [qualified, printing(part), undo.clone()];
    let all = Statement::join(making(part, text).into_iter().chain(print));
    match query_each(session, &all).await {
        Ok(results) => {
            let rows = results.iter().rev().nth(1).map(Vec::as_slice).unwrap_or_default();
            rows.first().map(Row::read).transpose().map(Option::flatten).map_err(Error::from)
        }
        Err(error) if error.sqlstate.is_some() && !error.is_lost() => {
            // Fails if a part has ended the transaction: then nothing of it counts.
            query(session, &undo).await.map(|_| None)
        }
        Err(error) => Err(error),
    }
}

/// Returns the statements that make an object from the text.
fn making(part: &ReadablePart, text: &str) -> Vec<Statement> {
    let text = ServerText::quoted_by_server(text.to_owned());
    let name = |name: &String| ServerText::quoted_by_server(name.clone());
    // A line break: the text could end in a comment.
    let view =
        |from: Statement| stmt!("CREATE TEMP VIEW martydb_read AS SELECT ({text}\n) AS martydb_read{from}");
    let empty = |table: &String, key: Statement| {
        let (copy, table) = (ServerText::quoted_by_server(last(table).to_owned()), name(table));
        stmt!("CREATE TEMP TABLE {copy} (LIKE {table}){key}")
    };
    let copy = |table: &String| ServerText::quoted_by_server(format!("pg_temp.{}", last(table)));
    match part {
        ReadablePart::Constant => vec![view(stmt!(""))],
        ReadablePart::OfColumns(table) => vec![view(stmt!(" FROM {table}", table = name(table)))],
        ReadablePart::OfRows(table) => {
            vec![view(stmt!(" FROM {table} old, {table} new", table = name(table)))]
        }
        ReadablePart::OfDomain(domain) => vec![stmt!(
            "ALTER DOMAIN {domain} ADD CONSTRAINT martydb_read CHECK ({text}\n) NOT VALID",
            domain = name(domain)
        )],
        ReadablePart::Query => vec![stmt!("CREATE TEMP VIEW martydb_read AS {text}")],
        ReadablePart::Index(table) => {
            vec![
                empty(table, stmt!("")),
                stmt!("CREATE INDEX martydb_read ON {copy} {text}", copy = copy(table)),
            ]
        }
        ReadablePart::Exclusion(table) => vec![
            empty(table, stmt!("")),
            stmt!("ALTER TABLE {copy} ADD CONSTRAINT martydb_read {text}", copy = copy(table)),
        ],
        ReadablePart::PartitionKey(table) => vec![empty(table, stmt!(" PARTITION BY {text}"))],
        ReadablePart::Rule => vec![stmt!("CREATE RULE martydb_read {text}")],
        ReadablePart::Statistics => vec![stmt!("CREATE STATISTICS pg_temp.martydb_read {text}")],
        ReadablePart::Routine(_) => vec![stmt!("{text}")],
    }
}

/// Returns the query for the server's print of the object.
fn printing(part: &ReadablePart) -> Statement {
    let copy = |table: &String| Literal(format!("pg_temp.{}", last(table)));
    match part {
        ReadablePart::Constant
        | ReadablePart::OfColumns(_)
        | ReadablePart::OfRows(_)
        | ReadablePart::Query => {
            stmt!("SELECT pg_catalog.pg_get_viewdef('pg_temp.martydb_read'::pg_catalog.regclass)")
        }
        ReadablePart::Index(_) => {
            stmt!("SELECT pg_catalog.pg_get_indexdef('pg_temp.martydb_read'::pg_catalog.regclass)")
        }
        ReadablePart::OfDomain(_) | ReadablePart::Exclusion(_) => {
            named("pg_get_constraintdef", "pg_constraint", "conname")
        }
        ReadablePart::PartitionKey(table) => {
            stmt!("SELECT pg_catalog.pg_get_partkeydef({copy}::pg_catalog.regclass)", copy = copy(table))
        }
        ReadablePart::Rule => named("pg_get_ruledef", "pg_rewrite", "rulename"),
        ReadablePart::Statistics => named("pg_get_statisticsobjdef", "pg_statistic_ext", "stxname"),
        ReadablePart::Routine(name) => stmt!(
            "SELECT pg_catalog.pg_get_functiondef({name}::pg_catalog.regprocedure)",
            name = Literal(name.clone())
        ),
    }
}

fn named(function: &'static str, catalog: &'static str, column: &'static str) -> Statement {
    let [function, catalog, column] = [function, catalog, column].map(Keyword);
    stmt!("SELECT pg_catalog.{function}(c.oid) FROM pg_catalog.{catalog} c WHERE c.{column} = 'martydb_read'")
}

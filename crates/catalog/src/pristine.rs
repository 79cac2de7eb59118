//! Comparison of a server's own objects with what initdb makes: functions, operators, casts, types, languages,
//! views and the like, and the privileges that initdb recorded.
//!
//! Each database tells a digest of these objects. Databases with the same digest, on most servers all, have the
//! same objects: one of them is compared with the [table](table).

mod table;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::builtins::{BuiltinChange, BuiltinDifference};
use super::rows;
use super::snapshot::{NotExamined, Snapshot, Unread};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{List, Statement, stmt, with_members};
use martydb_model::sqlstate;
use martydb_pg::server::{Access, Connection};
use table::{InitdbTable, Item};

/// Subject of the notes about what was not compared.
const COMPARED: &str = "changes of the server's own functions, operators and views";

/// Most differences that are named: a fork of PostgreSQL may differ in thousands of objects.
const MOST_NAMED: usize = 100;

#[derive(Deserialize)]
struct ItemsOfKind {
    kind: String,
    catalog: u32,
    /// Number and digests of each, separated by spaces.
    items: String,
}

#[derive(Deserialize)]
struct Description {
    at: i64,
    display: Option<String>,
    detail: Option<String>,
}

/// Compares one database of each digest, and gives its differences to the others.
pub(crate) async fn compare(access: &Access, found: &mut Snapshot) {
    let (major, minor) = (found.actual.major(), found.actual.version % 10000);
    let Some(table) = InitdbTable::for_major(major) else {
        let why = format!("this version of martydb does not know what initdb of PostgreSQL {major} makes");
        return found.not_examined.push(NotExamined::new(COMPARED, why));
    };
    for names in by_digest(found).into_values() {
        match of_first(access, &table, &names).await {
            Ok((unnamed, differences)) => {
                for name in &names {
                    let Some(catalog) = found.databases.get_mut(name) else { continue };
                    catalog.builtins.differences.clone_from(&differences);
                    catalog.builtins.unnamed = unnamed;
                    catalog.builtins.release = (table.release(), minor > table.minor);
                }
            }
            Err(error) => record_gap(access, found, &names, &error),
        }
    }
}

fn by_digest(found: &Snapshot) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, catalog) in &found.databases {
        if !catalog.builtins.digest.is_empty() {
            groups.entry(catalog.builtins.digest.clone()).or_default().push(name.clone());
        }
    }
    groups
}

/// Number of differences that are not named, and the others.
type NamedDifferences = (usize, Vec<BuiltinDifference>);

/// Compares the first of these databases that can be read: a service may close or drop its own meanwhile.
async fn of_first(access: &Access, table: &InitdbTable, names: &[String]) -> Result<NamedDifferences> {
    let mut outcome = Ok(NamedDifferences::default());
    for name in names {
        outcome = of_database(access, table, name).await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// Records why databases could not be compared.
fn record_gap(access: &Access, found: &mut Snapshot, names: &[String], error: &Error) {
    for name in names {
        let (what, why) = (format!("{COMPARED} in database {name}"), error.to_string());
        if error.sqlstate.as_deref() == Some(sqlstate::INSUFFICIENT_PRIVILEGE) {
            found.not_examined.push(NotExamined::new(what, why));
            continue;
        }
        let (server, database) = (access.server.clone(), Some(name.clone()));
        found.unread.push(Unread { service: None, server, at: None, database, what, why });
    }
}

async fn of_database(access: &Access, table: &InitdbTable, name: &str) -> Result<NamedDifferences> {
    let mut connection = access.read(name).await?;
    let mut odd: Vec<(BuiltinChange, Item)> = vec![];
    let question =
        with_members!(", ", include_str!("sql/pristine/objects.sql"), include_str!("sql/pristine/items.sql"));
    rows::read_all(&mut connection, question, |row| {
        let ItemsOfKind { kind, catalog, items } = row.parse()?;
        let items = items.split(' ').filter_map(|text| Item::parse(&kind, catalog, text));
        odd.extend(items.filter_map(|item| Some((table.change(&item)?, item))));
        Ok(())
    })
    .await?;
    odd.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let unnamed = odd.len().saturating_sub(MOST_NAMED);
    odd.truncate(MOST_NAMED);
    Ok((unnamed, described(&mut connection, odd).await?))
}

async fn described(
    connection: &mut Connection,
    odd: Vec<(BuiltinChange, Item)>,
) -> Result<Vec<BuiltinDifference>> {
    if odd.is_empty() {
        return Ok(vec![]);
    }
    let mut descriptions: BTreeMap<i64, Description> = BTreeMap::new();
    let items = odd.iter().map(|(_, item)| item);
    rows::read_statement(connection, &descriptions_of(items), |row| {
        let one: Description = row.parse()?;
        descriptions.insert(one.at, one);
        Ok(row.text.len())
    })
    .await?;
    let named = (0..).zip(odd).map(|(at, (change, item))| {
        let described = descriptions.remove(&at);
        let (display, detail) = described.map_or((None, None), |one| (one.display, one.detail));
        let display = display.unwrap_or_else(|| format!("{} {}", item.kind, item.number));
        BuiltinDifference { kind: item.kind, change, display, detail, number: item.number }
    });
    Ok(named.collect())
}

/// Makes the query for names and properties. They are short, or cut: an object may have been made by anyone who
/// could write the catalogs.
fn descriptions_of<'a>(items: impl Iterator<Item = &'a Item>) -> Statement {
    let rows = (0i64..).zip(items).map(|(at, item)| {
        let (catalog, number) = (item.catalog, item.number);
        stmt!("({at}, {catalog}::oid, {number}::oid)")
    });
    let rows = List(rows.collect());
    stmt!(
        "SELECT 'described', pg_catalog.jsonb_build_object('at', x.at, 'display', pg_catalog.left(coalesce((\
         SELECT pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, r.ev_class, 0) \
         FROM pg_catalog.pg_rewrite r WHERE x.catalog = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = x.number \
         AND r.rulename = '_RETURN'), pg_catalog.pg_describe_object(x.catalog, x.number, 0)), 300), \
         'detail', pg_catalog.left(coalesce((SELECT pg_catalog.concat_ws(', ', 'language ' || l.lanname, \
         CASE WHEN p.prosecdef THEN 'SECURITY DEFINER' END, 'owner ' || pg_catalog.pg_get_userbyid(p.proowner), \
         'SET ' || pg_catalog.array_to_string(p.proconfig, ', ')) \
         FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
         WHERE x.catalog = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = x.number), (SELECT 'function ' || o.oprcode::text \
         FROM pg_catalog.pg_operator o WHERE x.catalog = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oid = x.number)), 300))::text \
         FROM (VALUES {rows}) x(at, catalog, number)"
    )
}

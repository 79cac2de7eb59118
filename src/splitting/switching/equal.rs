//! Whether both ends hold the same rows, while neither takes writes.

use std::collections::BTreeMap;

use super::ends::SwitchEnds;
use crate::error::{Error, Kind, Result};
use crate::report::printable;
use crate::server::{Connection, Unreadable, execute, query};
use crate::sql::{Qualified, ServerText, Statement, stmt};
use crate::splitting::state::SplitKind;
use crate::units::counted;

/// Settings after which both sides print a row alike.
const ALIKE: &str = "SET extra_float_digits = 1; SET IntervalStyle = postgres; SET bytea_output = hex; SET lc_monetary = 'C'; \
    SET xmlbinary = base64; SET DateStyle = 'ISO, MDY'; SET TimeZone = 'UTC'; SET statement_timeout = 0; SET search_path = pg_catalog";

/// The columns of all tables, by the names of both, in the order of their names.
const COLUMNS: &str = "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname),
        pg_catalog.string_agg(pg_catalog.format('x.%I', a.attname), ', ' ORDER BY a.attname COLLATE pg_catalog.\"C\")
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' GROUP BY 1";

/// Whether copies of others' tables are compared, too: at the source these may take writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    Too,
    No,
}

/// Rows of a table: how many, and a sum of their hashes.
type RowSum = (i64, String);

/// Compares all rows of the service.
///
/// # Errors
/// [`Kind::Divergent`] with the tables that differ.
pub async fn compare(ends: &mut SwitchEnds, copies: Copies) -> Result<()> {
    let mut there = ends.source.access.read(&ends.source.database).await?;
    let mut here = crate::splitting::sessions::looking(&ends.target.at).await?;
    let tables: Vec<Qualified> = ends
        .relations
        .iter()
        .filter(|one| one.kind == SplitKind::Table && (copies == Copies::Too || one.copy_of.is_none()))
        .map(|one| Qualified(vec![one.schema.clone(), one.name.clone()]))
        .collect();
    let both = futures_util::future::join(sums(&mut there, &tables), sums(&mut here, &tables)).await;
    there.close().await;
    here.close().await;
    let (there, here) = (both.0?, both.1?);
    let differing: Vec<String> = there.iter().filter_map(|(name, sum)| difference(name, sum, here.get(name))).collect();
    if differing.is_empty() {
        return Ok(());
    }
    let service = &ends.service.name;
    Err(Error::new(Kind::Divergent, format!("the rows of {service} differ between both sides"))
        .causes(differing)
        .hint("`martydb split verify` says which rows"))
}

fn difference(name: &str, there: &RowSum, here: Option<&RowSum>) -> Option<String> {
    let name = printable(name);
    let rows = |sum: &RowSum| counted(usize::try_from(sum.0).unwrap_or_default(), "row");
    match here {
        Some(here) if here == there => None,
        Some(here) if here.0 == there.0 => Some(format!("table {name} has {}, and other ones at the target", rows(there))),
        Some(here) => Some(format!("table {name} has {} at the source and {} at the target", rows(there), rows(here))),
        None => Some(format!("the target has no table {name}")),
    }
}

async fn sums(session: &mut Connection, tables: &[Qualified]) -> Result<BTreeMap<String, RowSum>> {
    let unreadable = |error: Unreadable| Error::operation("cannot compare the rows").cause(error);
    execute(session, &Statement::from_program(ALIKE)).await?;
    let mut columns = BTreeMap::new();
    for row in query(session, &Statement::from_program(COLUMNS)).await? {
        let name: String = row.try_get(0).map_err(unreadable)?;
        columns.insert(name, row.try_get::<String>(1).map_err(unreadable)?);
    }
    let mut sums = BTreeMap::new();
    for table in tables {
        let asked = stmt!("SELECT pg_catalog.format('%I.%I', {schema}, {name})", schema = crate::sql::Literal(table.0[0].clone()), name = crate::sql::Literal(table.0[1].clone()));
        let name: String = query(session, &asked).await?.first().ok_or_else(|| unreadable(Unreadable::no_row()))?.try_get(0).map_err(unreadable)?;
        let Some(columns) = columns.get(&name) else { continue };
        let asked = stmt!(
            "SELECT pg_catalog.count(*), coalesce(pg_catalog.sum(pg_catalog.hashtextextended(ROW({columns})::pg_catalog.text COLLATE pg_catalog.\"C\", 0)), 0)::pg_catalog.text FROM ONLY {table} x",
            columns = ServerText::quoted_by_server(columns.clone()),
            table = table
        );
        let rows = query(session, &asked).await?;
        let row = rows.first().ok_or_else(|| unreadable(Unreadable::no_row()))?;
        sums.insert(name, (row.try_get(0).map_err(unreadable)?, row.try_get(1).map_err(unreadable)?));
    }
    Ok(sums)
}

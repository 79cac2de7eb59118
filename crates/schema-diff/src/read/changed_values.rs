//! Values of a column that another type would change: they are read in a transaction that cannot write, as the owner.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::conversions::{keeps, resolved};
use crate::names::split;
use crate::nodes::TypeChange;
use crate::object_changes::labels;
use crate::steps::SchemaStep;
use crate::structure::{SchemaObjectId, SchemaObjectKind, Structure};
use martydb_migrate::MigrationTarget;
use martydb_model::error::Result;
use martydb_model::sql::{ServerText, Statement, stmt};
use martydb_pg::server::{Connection, query_each};

/// Effect of a changed type on the rows of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangedValues {
    /// Number of rows whose value would change, and of rows with a value.
    Counted { changed: i64, all: i64 },
    /// Number of rows whose label the new enum lacks, and of rows with a value.
    Unlabelled { lacking: i64, all: i64 },
    /// The new type has not the value of some row. The server's message may contain it, so it is not shown.
    Refused,
    /// The database has not this column, or it could not be read.
    Unknown,
}

impl std::fmt::Display for ChangedValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ChangedValues::Counted { changed, all } => {
                write!(f, "changes the values of {changed} of {all} rows")
            }
            ChangedValues::Unlabelled { lacking, all } => {
                write!(f, "has no label for the values of {lacking} of {all} rows")
            }
            ChangedValues::Refused => f.write_str("refuses the value of at least one row"),
            ChangedValues::Unknown => f.write_str("may change values, of an unknown number of rows"),
        }
    }
}

/// Class of the SQLSTATE of values that a type does not have.
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
const DATA_EXCEPTION: &str = "22";

/// Counts the rows that the steps would change; one that cannot be counted is `Unknown`.
///
/// # Errors
/// If the migrator cannot log in.
pub async fn changed_values(
    target: &MigrationTarget,
    wait: Duration,
    (from, to): (&Structure, &Structure),
    steps: &[SchemaStep],
) -> Result<BTreeMap<SchemaObjectId, ChangedValues>> {
    let narrowing = steps.iter().filter(|step| step.narrowing.is_some());
    let counts: Vec<(SchemaObjectId, RowCount)> =
        narrowing.filter_map(|step| Some((step.id.clone(), count((from, to), step)?))).collect();
    if counts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut session = martydb_migrate::connect_as_owner(target, wait).await?;
    let mut all = BTreeMap::new();
    for (id, count) in counts {
        all.insert(id, counted(&mut session, count).await);
    }
    session.close().await;
    Ok(all)
}

/// Query of the rows that a conversion does not keep, and of all.
struct RowCount {
    query: Statement,
    /// Set if the new type is an enum without their labels.
    of_labels: bool,
}

async fn counted(session: &mut Connection, RowCount { query, of_labels }: RowCount) -> ChangedValues {
    let whole = Statement::join([stmt!("BEGIN READ ONLY"), query, stmt!("COMMIT")]);
    let read = query_each(session, &whole).await;
    let rows = match read {
        Ok(rows) => rows,
        Err(error) => {
            drop(query_each(session, &stmt!("ROLLBACK")).await);
            let refused = error.sqlstate.is_some_and(|state| state.starts_with(DATA_EXCEPTION));
            return if refused { ChangedValues::Refused } else { ChangedValues::Unknown };
        }
    };
    let row = rows.iter().flatten().next().and_then(|row| row.read::<(i64, i64)>().ok());
    row.map_or(ChangedValues::Unknown, |(changed, all)| match of_labels {
        true => ChangedValues::Unlabelled { lacking: changed, all },
        false => ChangedValues::Counted { changed, all },
    })
}

/// Returns the query of both numbers: a value is the same if its text, read as the former type again, is.
fn count((from, to): (&Structure, &Structure), step: &SchemaStep) -> Option<RowCount> {
    let change = step.narrowing.as_ref()?;
    let table = from.objects.get(&step.id)?.parent.as_ref()?.name.clone();
    let column = split(&step.id.name).1;
    let text = |text: String| ServerText::quoted_by_server(text);
    let (changed, of_labels) = changed((from, to), change, column)?;
    let query = stmt!(
        "SELECT pg_catalog.count(*) FILTER (WHERE {changed}), pg_catalog.count(*) FROM {table} WHERE {column} IS NOT NULL",
        changed = text(changed),
        table = text(table),
        column = text(column.to_owned())
    );
    Some(RowCount { query, of_labels })
}

/// Returns the condition for a row to be counted, and `true` if it is about labels of an enum; `None` if the database has the
/// new type with another definition, so that a cast there tells nothing.
fn changed(
    (from, to): (&Structure, &Structure),
    change: &TypeChange,
    column: &str,
) -> Option<(String, bool)> {
    let (old, new) = (resolved(from, &change.former), resolved(to, &change.new));
    if !keeps(from, to, &new.base, &new.base) {
        let id = SchemaObjectId { kind: SchemaObjectKind::Enum, name: new.base };
        let labels = to.objects.get(&id).filter(|_| !new.is_array).map(|object| labels(object).join(", "))?;
        let lacks = format!("{column}::pg_catalog.text <> ALL (ARRAY[{labels}]::pg_catalog.text[])");
        return Some((lacks, true));
    }
    let cast = from.casts.contains(&(old.base.clone(), new.base.clone())) || old.base == new.base;
    let through = if cast { "" } else { "::pg_catalog.text" };
    let (former, new) = (&change.former, new.written());
    let differs = format!(
        "{column}{through}::{new}::pg_catalog.text::{former}::pg_catalog.text IS DISTINCT FROM {column}::pg_catalog.text"
    );
    Some((differs, false))
}

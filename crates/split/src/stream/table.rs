//! Target table, and the check that it matches the relation of the stream.

use serde::Deserialize;

use super::pgoutput::{RowIdentity, StreamedColumn, StreamedRelation, StreamedRow};
use martydb_model::sql::{Qualified, ServerText, Statement, stmt};

/// Upper bound of type OIDs that are the same on all servers.
const SAME_EVERYWHERE: u32 = 10_000;

/// Table in the target's catalog.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct TargetTable {
    /// Value of `relkind`.
    pub kind: char,
    pub columns: Vec<TargetColumn>,
    /// Columns of its primary key.
    pub key: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct TargetColumn {
    pub name: String,
    pub generated: bool,
    pub type_number: u32,
    pub modifier: i32,
    /// Name of the type.
    pub words: String,
    /// Operator by which an index compares it.
    pub operator: Option<String>,
    /// `true` if its type has the server's own `=`.
    pub plain: bool,
}

/// Table for rows of the stream.
#[derive(Debug)]
pub(super) struct StreamedTable {
    /// Name for messages.
    pub name: String,
    /// Name for statements: without inheriting tables, but with partitions.
    pub relation: Statement,
    /// Name for INSERT.
    pub inserted: Statement,
    pub columns: Vec<AppliedColumn>,
    pub found_by: RowLookup,
}

/// Column of the stream, in the stream's order.
#[derive(Debug)]
pub(super) struct AppliedColumn {
    /// Name, quoted.
    pub name: Statement,
    pub equals: Statement,
    pub plain: bool,
}

/// Columns by which a row is found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RowLookup {
    /// These columns.
    Columns(Vec<usize>),
    /// All values; any of several equal rows.
    AnyOfEqual,
    /// None: rows can only be inserted.
    Nothing,
}

/// Columns of one side, as text.
pub(super) type ColumnList = String;

/// Mismatch of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TableMismatch {
    /// Differences.
    pub causes: Vec<String>,
    pub source: ColumnList,
    pub target: ColumnList,
}

/// Returns the target's table for a relation of the stream.
///
/// # Errors
/// If their columns differ: values of a column that only one of them has would be silently lost.
pub(super) fn fit(relation: &StreamedRelation, found: &TargetTable) -> Result<StreamedTable, TableMismatch> {
    let columns: Vec<Option<&TargetColumn>> = relation.columns.iter().map(|one| column(found, one)).collect();
    let causes = differences(relation, found, &columns);
    if !causes.is_empty() {
        let source: Vec<&str> = relation.columns.iter().map(|column| column.name.as_str()).collect();
        let target: Vec<String> = taken(found).map(|one| format!("{} {}", one.name, one.words)).collect();
        return Err(TableMismatch { causes, source: source.join(", "), target: target.join(", ") });
    }
    let name = Qualified(vec![relation.schema.clone(), relation.name.clone()]);
    Ok(StreamedTable {
        name: format!("{}.{}", relation.schema, relation.name),
        relation: match found.kind {
            'p' => stmt!("{name}"),
            _ => stmt!("ONLY {name}"),
        },
        inserted: stmt!("{name}"),
        found_by: found_by(relation, found),
        columns: columns.into_iter().flatten().map(applied).collect(),
    })
}

fn column<'a>(found: &'a TargetTable, streamed: &StreamedColumn) -> Option<&'a TargetColumn> {
    taken(found).find(|column| column.name == streamed.name)
}

/// Returns the columns that rows have values for.
fn taken(found: &TargetTable) -> impl Iterator<Item = &TargetColumn> {
    found.columns.iter().filter(|column| !column.generated)
}

fn differences(
    relation: &StreamedRelation,
    found: &TargetTable,
    columns: &[Option<&TargetColumn>],
) -> Vec<String> {
    let mut causes = vec![];
    for (streamed, column) in relation.columns.iter().zip(columns) {
        let name = &streamed.name;
        match column {
            None => causes.push(format!("the target lacks the column {name}")),
            Some(column) if differs(streamed, column) => {
                causes
                    .push(format!("the column {name} has another type at the source than {}", column.words));
            }
            Some(_) => {}
        }
    }
    for column in taken(found) {
        if !relation.columns.iter().any(|streamed| streamed.name == column.name) {
            causes.push(format!("the source lacks the column {}", column.name));
        }
    }
    causes
}

/// Types of services have other OIDs in each database.
fn differs(streamed: &StreamedColumn, column: &TargetColumn) -> bool {
    let known = [streamed.type_number, column.type_number].map(|number| number < SAME_EVERYWHERE);
    let same = streamed.type_number == column.type_number && streamed.modifier == column.modifier;
    known[0] != known[1] || known[0] && !same
}

fn found_by(relation: &StreamedRelation, found: &TargetTable) -> RowLookup {
    let at = |name: &String| relation.columns.iter().position(|column| column.name == *name);
    let marked = relation.columns.iter().enumerate().filter(|(_, column)| column.in_key);
    match relation.identity {
        RowIdentity::Nothing => RowLookup::Nothing,
        RowIdentity::Key => RowLookup::Columns(marked.map(|(at, _)| at).collect()),
        RowIdentity::Full => match found.key.iter().map(at).collect::<Option<Vec<usize>>>() {
            Some(key) if !key.is_empty() => RowLookup::Columns(key),
            _ => RowLookup::AnyOfEqual,
        },
    }
}

fn applied(column: &TargetColumn) -> AppliedColumn {
    AppliedColumn {
        name: stmt!("{name}", name = Qualified(vec![column.name.clone()])),
        equals: match &column.operator {
            Some(operator) => stmt!("{o}", o = ServerText::quoted_by_server(operator.clone())),
            None => stmt!("="),
        },
        plain: column.plain,
    }
}

impl StreamedTable {
    /// Returns `true` if a row has as many values as the table has columns.
    pub(super) fn takes(&self, row: &StreamedRow) -> bool {
        row.len() == self.columns.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streamed(identity: RowIdentity, columns: &[(&str, bool, u32)]) -> StreamedRelation {
        let column = |(name, in_key, type_number): &(&str, bool, u32)| StreamedColumn {
            name: (*name).into(),
            in_key: *in_key,
            type_number: *type_number,
            modifier: -1,
        };
        StreamedRelation {
            number: 1,
            schema: "public".into(),
            name: "a".into(),
            identity,
            columns: columns.iter().map(column).collect(),
        }
    }

    fn found(key: &[&str], columns: &[(&str, bool, u32)]) -> TargetTable {
        let column = |(name, generated, type_number): &(&str, bool, u32)| TargetColumn {
            name: (*name).into(),
            generated: *generated,
            type_number: *type_number,
            modifier: -1,
            words: format!("type{type_number}"),
            operator: None,
            plain: true,
        };
        let key = key.iter().map(|name| (*name).to_owned()).collect();
        TargetTable { kind: 'r', columns: columns.iter().map(column).collect(), key }
    }

    #[test]
    fn columns_that_one_side_lacks_are_named() {
        let relation =
            streamed(RowIdentity::Key, &[("id", true, 20), ("b", false, 25), ("c", false, 20_000)]);
        let misfit = fit(&relation, &found(&["id"], &[("id", false, 23), ("x", false, 25)])).unwrap_err();
        assert_eq!(
            misfit.causes,
            [
                "the column id has another type at the source than type23",
                "the target lacks the column b",
                "the target lacks the column c",
                "the source lacks the column x",
            ]
        );
        assert_eq!((misfit.source.as_str(), misfit.target.as_str()), ("id, b, c", "id type23, x type25"));
    }

    #[test]
    fn generated_columns_and_types_of_services_are_not_differences() {
        let relation = streamed(RowIdentity::Key, &[("id", true, 20), ("state", false, 16_400)]);
        let table = found(&["id"], &[("sum", true, 20), ("state", false, 20_001), ("id", false, 20)]);
        assert!(fit(&relation, &table).is_ok());
    }

    #[test]
    fn a_row_is_found_by_the_best_that_there_is() {
        let by = |identity, key: &[&str]| {
            let columns = [("id", identity != RowIdentity::Nothing, 20), ("n", false, 23)];
            let relation = streamed(identity, &columns);
            fit(&relation, &found(key, &[("id", false, 20), ("n", false, 23)])).unwrap().found_by
        };
        assert_eq!(by(RowIdentity::Key, &["id"]), RowLookup::Columns(vec![0]));
        assert_eq!(by(RowIdentity::Full, &["n"]), RowLookup::Columns(vec![1]));
        assert_eq!(by(RowIdentity::Full, &[]), RowLookup::AnyOfEqual);
        assert_eq!(by(RowIdentity::Nothing, &["id"]), RowLookup::Nothing);
    }
}

//! Mapping of the source's tables to a target: columns, format and target table. Mismatches are returned as text.

use crate::database::tables::{DatabaseTables, TableShape};
use crate::state::SplitKind;
use crate::state::source::SplitRelation;
use martydb_model::sql::{List, Qualified, ServerText, Statement, stmt};

/// Tables of both sides.
#[derive(Clone, Copy)]
pub(crate) struct BothSides<'a> {
    pub source: &'a DatabaseTables,
    pub target: &'a DatabaseTables,
}

/// Table with rows, and its target.
#[derive(Debug, Clone)]
pub struct TableLoad {
    pub relation: SplitRelation,
    /// Name at the source, quoted by the server.
    pub from: String,
    /// Table at the target: that of the same name, or the partitioned table that it is a part of at the source.
    pub into: String,
    /// Columns that are not generated.
    pub columns: Vec<String>,
    binary: bool,
}

/// Returns each table with rows, and the mismatches.
pub(crate) fn matched(relations: &[SplitRelation], sides: &BothSides<'_>) -> (Vec<TableLoad>, Vec<String>) {
    let (mut loads, mut problems) = (vec![], vec![]);
    for relation in relations.iter().filter(|one| one.kind == SplitKind::Table) {
        match load(relation, sides) {
            Ok(load) => loads.push(load),
            Err(problem) => problems.push(problem),
        }
    }
    (loads, problems)
}

fn load(relation: &SplitRelation, sides: &BothSides<'_>) -> Result<TableLoad, String> {
    let SplitRelation { schema, name, .. } = relation;
    let from = sides.source.table(schema, name);
    let from = from.ok_or_else(|| format!("table {schema}.{name} is no longer in the source"))?;
    let into =
        target_table(from, sides).ok_or_else(|| format!("table {} is not in the target", from.ident))?;
    let (mut columns, mut binary) = (vec![], true);
    for column in from.columns.iter().filter(|column| !column.generated) {
        let there = into.column(&column.name).filter(|there| !there.generated);
        let there = there.ok_or_else(|| {
            format!(
                "column {} of table {} is not in the target, or is generated there",
                column.name, from.ident
            )
        })?;
        binary &= column.safe && there.safe && column.kind == there.kind;
        columns.push(column.name.clone());
    }
    let (from, into) = (from.ident.clone(), into.ident.clone());
    Ok(TableLoad { relation: relation.clone(), from, into, columns, binary })
}

pub(crate) fn target_table<'a>(from: &TableShape, sides: &BothSides<'a>) -> Option<&'a TableShape> {
    let root = sides.source.root(from);
    let named = sides.target.table(&from.schema, &from.name);
    named.or_else(|| sides.target.table(&root.schema, &root.name).filter(|table| table.is_partitioned()))
}

impl TableLoad {
    /// Returns schema and name, as in the state.
    pub fn name(&self) -> (String, String) {
        (self.relation.schema.clone(), self.relation.name.clone())
    }

    /// Returns `COPY … TO STDOUT` of one part.
    pub(crate) fn copy_part_sql(&self, part: i32) -> Statement {
        let from = ServerText::quoted_by_server(self.from.clone());
        let (format, parts) = (format_sql(self.binary), i64::from(self.relation.parts.max(1)));
        if parts == 1 {
            return stmt!("COPY {from}{columns} TO STDOUT {format}", columns = self.columns_sql());
        }
        let page = |part: i64| self.relation.pages * part / parts;
        let part = i64::from(part);
        let names: Vec<Qualified> = self.columns.iter().map(|name| Qualified(vec![name.clone()])).collect();
        let first = stmt!("ctid >= '({page},0)'::pg_catalog.tid", page = page(part));
        let last = match part + 1 < parts {
            true => stmt!(" AND ctid < '({page},0)'::pg_catalog.tid", page = page(part + 1)),
            // Includes pages that were added after the count.
            false => stmt!(""),
        };
        stmt!(
            "COPY (SELECT {columns} FROM ONLY {from} WHERE {first}{last}) TO STDOUT {format}",
            columns = List(names)
        )
    }

    /// Returns `COPY … FROM STDIN`.
    pub(crate) fn copy_in_sql(&self) -> Statement {
        let into = ServerText::quoted_by_server(self.into.clone());
        stmt!(
            "COPY {into}{columns} FROM STDIN {format}",
            columns = self.columns_sql(),
            format = format_sql(self.binary)
        )
    }

    pub(crate) fn is_binary(&self) -> bool {
        self.binary
    }

    /// Returns `COPY … TO STDOUT` of the source's whole table, which is not planned.
    pub(crate) fn copy_source_sql(&self, binary: bool) -> Statement {
        let from = ServerText::quoted_by_server(self.from.clone());
        stmt!(
            "COPY {from}{columns} TO STDOUT {format}",
            columns = self.columns_sql(),
            format = format_sql(binary)
        )
    }

    /// Returns `COPY … TO STDOUT` of the target's whole table; for a partitioned table with its parts.
    pub(crate) fn copy_target_sql(&self, partitioned: bool, binary: bool) -> Statement {
        let (into, format) = (ServerText::quoted_by_server(self.into.clone()), format_sql(binary));
        if !partitioned {
            return stmt!("COPY {into}{columns} TO STDOUT {format}", columns = self.columns_sql());
        }
        let names: Vec<Qualified> = self.columns.iter().map(|name| Qualified(vec![name.clone()])).collect();
        stmt!("COPY (SELECT {columns} FROM {into}) TO STDOUT {format}", columns = List(names))
    }

    /// Returns the list of columns, or nothing for a table without columns.
    fn columns_sql(&self) -> Statement {
        if self.columns.is_empty() {
            return stmt!("");
        }
        let names = self.columns.iter().map(|name| Qualified(vec![name.clone()]));
        stmt!(" ({columns})", columns = List(names.collect()))
    }
}

fn format_sql(binary: bool) -> Statement {
    if binary { stmt!("(FORMAT binary)") } else { stmt!("(FORMAT text)") }
}

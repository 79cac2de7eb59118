//! Changes of a stream as statements, each with the number of rows that it must change.

use super::pgoutput::{RelationOid, StreamedRow, StreamedValue};
use super::table::{AppliedColumn, RowLookup, StreamedTable};
use martydb_model::sql::{Bulk, List, Statement, ValueRows, stmt};

/// Maximum size of a batch of statements, in bytes.
const MAX_BYTES: usize = 256 << 10;

/// Maximum number of statements in a batch.
const MAX_STATEMENTS: usize = 500;

/// Maximum number of rows in one INSERT.
const MAX_ROWS: u64 = 1000;

/// Statement of a batch, with its expected effect.
#[derive(Debug)]
pub(super) struct ExpectedChange {
    pub statement: Statement,
    /// Number of rows that it changes; `None` for a statement on whole tables.
    pub rows: Option<u64>,
    /// Description of the change.
    pub doing: String,
}

/// Changes that are sent together. Consecutive rows for one table are one statement.
#[derive(Default)]
pub(super) struct ChangeBatch {
    changes: Vec<ExpectedChange>,
    inserting: Option<InsertedRows>,
    bytes: usize,
}

/// Rows for one table.
struct InsertedRows {
    table: RelationOid,
    head: Statement,
    rows: ValueRows,
    doing: String,
}

impl ChangeBatch {
    /// Returns `true` if it is large enough to be sent.
    pub(super) fn is_full(&self) -> bool {
        let waiting = self.inserting.as_ref().map_or(0, |insert| insert.rows.bytes());
        self.bytes + waiting > MAX_BYTES || self.changes.len() >= MAX_STATEMENTS
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.inserting.is_none()
    }

    /// Takes all changes.
    pub(super) fn take(&mut self) -> Vec<ExpectedChange> {
        self.end_insert();
        self.bytes = 0;
        std::mem::take(&mut self.changes)
    }

    fn end_insert(&mut self) {
        let Some(InsertedRows { head, rows, doing, .. }) = self.inserting.take() else { return };
        let statement = stmt!("{head}{rows}");
        self.bytes += rows.bytes();
        self.changes.push(ExpectedChange { statement, rows: Some(rows.count()), doing });
    }

    fn push(&mut self, statement: Statement, rows: Option<u64>, doing: String) {
        self.end_insert();
        self.bytes += statement.chars();
        self.changes.push(ExpectedChange { statement, rows, doing });
    }

    pub(super) fn insert(&mut self, number: RelationOid, table: &StreamedTable, row: &StreamedRow) {
        let doing = format!("to insert into {}", table.name);
        if row.is_empty() {
            let statement = stmt!("INSERT INTO {t} DEFAULT VALUES", t = &table.inserted);
            return self.push(statement, Some(1), doing);
        }
        let same = self.inserting.as_ref().is_some_and(|insert| {
            insert.table == number && insert.rows.count() < MAX_ROWS && insert.rows.bytes() < MAX_BYTES
        });
        if !same {
            self.end_insert();
            let columns = table.columns.iter().map(|column| column.name.clone()).collect();
            let head = stmt!(
                "INSERT INTO {t} ({columns}) OVERRIDING SYSTEM VALUE VALUES ",
                t = &table.inserted,
                columns = List(columns)
            );
            self.inserting = Some(InsertedRows { table: number, head, rows: ValueRows::default(), doing });
        }
        if let Some(insert) = &mut self.inserting {
            insert.rows.push(row.iter().map(text));
        }
    }

    pub(super) fn update(
        &mut self,
        table: &StreamedTable,
        old: Option<&StreamedRow>,
        row: &StreamedRow,
    ) -> Result<(), String> {
        let set = table.columns.iter().zip(row).filter(|(_, value)| **value != StreamedValue::Unchanged);
        let set: Vec<Statement> =
            set.map(|(column, value)| stmt!("{c} = {v}", c = &column.name, v = literal(value))).collect();
        let identity = identity(table, old.unwrap_or(row))?;
        if set.is_empty() {
            return Ok(());
        }
        let statement =
            stmt!("UPDATE {t} x SET {set} WHERE {identity}", t = &table.relation, set = List(set));
        self.push(statement, Some(1), format!("to update in {}", table.name));
        Ok(())
    }

    pub(super) fn delete(&mut self, table: &StreamedTable, old: &StreamedRow) -> Result<(), String> {
        let statement = stmt!(
            "DELETE FROM {t} x WHERE {identity}",
            t = &table.relation,
            identity = identity(table, old)?
        );
        self.push(statement, Some(1), format!("to delete from {}", table.name));
        Ok(())
    }

    pub(super) fn truncate(&mut self, tables: &[&StreamedTable], restart: bool) {
        if tables.is_empty() {
            return;
        }
        let relations = tables.iter().map(|table| table.relation.clone()).collect();
        let statement = stmt!(
            "TRUNCATE {relations}{restart}",
            relations = List(relations),
            restart = if restart { stmt!(" RESTART IDENTITY") } else { stmt!("") }
        );
        let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        self.push(statement, None, format!("to empty {}", names.join(", ")));
    }
}

fn text(value: &StreamedValue) -> Option<&str> {
    match value {
        StreamedValue::Text(text) => Some(text),
        StreamedValue::Null | StreamedValue::Unchanged => None,
    }
}

fn literal(value: &StreamedValue) -> Option<Bulk> {
    text(value).map(|text| Bulk(text.to_owned()))
}

/// Returns the condition that identifies the row.
fn identity(table: &StreamedTable, row: &StreamedRow) -> Result<Statement, String> {
    match &table.found_by {
        RowLookup::Nothing => Err(format!("table {} has no replica identity at the source", table.name)),
        RowLookup::Columns(key) => {
            let values = key.iter().map(|at| (&table.columns[*at], &row[*at]));
            Ok(all_sql(values.map(|(column, value)| equal_sql(column, value))))
        }
        RowLookup::AnyOfEqual => {
            let same =
                all_sql(table.columns.iter().zip(row).map(|(column, value)| identical_sql(column, value)));
            let inner =
                stmt!("SELECT x.tableoid, x.ctid FROM {t} x WHERE {same} LIMIT 1", t = &table.relation);
            Ok(stmt!("(x.tableoid, x.ctid) = ({inner})"))
        }
    }
}

fn all_sql(conditions: impl Iterator<Item = Statement>) -> Statement {
    let mut text = stmt!("");
    for (number, condition) in conditions.enumerate() {
        let and = if number == 0 { stmt!("") } else { stmt!(" AND ") };
        text = Statement::concat([text, and, condition]);
    }
    text
}

fn equal_sql(column: &AppliedColumn, value: &StreamedValue) -> Statement {
    match literal(value) {
        Some(value) => stmt!("x.{c} {equals} {value}", c = &column.name, equals = &column.equals),
        None => stmt!("x.{c} IS NULL", c = &column.name),
    }
}

/// Equal values may look different, such as 1.5 and 1.50: of two such rows the right one looks the same. The equality
/// lets an index find it.
fn identical_sql(column: &AppliedColumn, value: &StreamedValue) -> Statement {
    let Some(text) = literal(value) else { return equal_sql(column, value) };
    let looks = stmt!("pg_catalog.concat(x.{c}) COLLATE pg_catalog.\"C\" = {text}", c = &column.name);
    match column.plain {
        true => stmt!("{equal} AND {looks}", equal = equal_sql(column, value)),
        false => looks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(found_by: RowLookup) -> StreamedTable {
        let column = |name: &str, plain| AppliedColumn {
            name: stmt!("{n}", n = martydb_model::sql::Qualified([name])),
            equals: stmt!("OPERATOR(pg_catalog.=)"),
            plain,
        };
        StreamedTable {
            name: "public.a".into(),
            relation: stmt!("ONLY public.a"),
            inserted: stmt!("public.a"),
            columns: vec![column("id", true), column("note", false)],
            found_by,
        }
    }

    fn row(values: &[Option<&str>]) -> StreamedRow {
        let value = |one: &Option<&str>| match one {
            Some("…") => StreamedValue::Unchanged,
            Some(text) => StreamedValue::Text((*text).to_owned()),
            None => StreamedValue::Null,
        };
        values.iter().map(value).collect()
    }

    fn texts(batch: &mut ChangeBatch) -> Vec<(String, Option<u64>)> {
        batch.take().iter().map(|one| (one.statement.exact().to_owned(), one.rows)).collect()
    }

    #[test]
    fn rows_for_one_table_are_one_statement_until_something_else_comes() {
        let by_key = table(RowLookup::Columns(vec![0]));
        let mut batch = ChangeBatch::default();
        batch.insert(1, &by_key, &row(&[Some("1"), Some("it's")]));
        batch.insert(1, &by_key, &row(&[Some("2"), None]));
        batch.delete(&by_key, &row(&[Some("1"), None])).unwrap();
        batch.insert(1, &by_key, &row(&[Some("3"), None]));
        assert_eq!(
            texts(&mut batch),
            [
                (
                    "INSERT INTO public.a (\"id\", \"note\") OVERRIDING SYSTEM VALUE VALUES ('1', 'it''s'), ('2', NULL)".into(),
                    Some(2)
                ),
                ("DELETE FROM ONLY public.a x WHERE x.\"id\" OPERATOR(pg_catalog.=) '1'".into(), Some(1)),
                (
                    "INSERT INTO public.a (\"id\", \"note\") OVERRIDING SYSTEM VALUE VALUES ('3', NULL)".into(),
                    Some(1)
                ),
            ]
        );
        assert!(batch.is_empty());
    }

    #[test]
    fn an_update_leaves_out_what_was_not_sent_and_finds_the_row_by_its_old_key() {
        let by_key = table(RowLookup::Columns(vec![0]));
        let mut batch = ChangeBatch::default();
        batch.update(&by_key, Some(&row(&[Some("1"), None])), &row(&[Some("2"), Some("…")])).unwrap();
        batch.update(&by_key, None, &row(&[Some("2"), None])).unwrap();
        assert_eq!(
            texts(&mut batch),
            [
                (
                    "UPDATE ONLY public.a x SET \"id\" = '2' WHERE x.\"id\" OPERATOR(pg_catalog.=) '1'".into(),
                    Some(1)
                ),
                (
                    "UPDATE ONLY public.a x SET \"id\" = '2', \"note\" = NULL WHERE x.\"id\" OPERATOR(pg_catalog.=) '2'".into(),
                    Some(1)
                ),
            ]
        );
    }

    #[test]
    fn of_equal_rows_one_is_touched() {
        let mut batch = ChangeBatch::default();
        batch.delete(&table(RowLookup::AnyOfEqual), &row(&[Some("1"), None])).unwrap();
        let texts = texts(&mut batch);
        assert_eq!(
            texts[0].0,
            "DELETE FROM ONLY public.a x WHERE (x.tableoid, x.ctid) = (SELECT x.tableoid, x.ctid FROM ONLY public.a x \
             WHERE x.\"id\" OPERATOR(pg_catalog.=) '1' AND pg_catalog.concat(x.\"id\") COLLATE pg_catalog.\"C\" = '1' \
             AND x.\"note\" IS NULL LIMIT 1)"
        );
        let refused = batch.delete(&table(RowLookup::Nothing), &row(&[Some("1"), None])).unwrap_err();
        assert_eq!(refused, "table public.a has no replica identity at the source");
    }

    #[test]
    fn values_are_not_shown() {
        let mut batch = ChangeBatch::default();
        let by_key = table(RowLookup::Columns(vec![0]));
        batch.insert(1, &by_key, &row(&[Some("s3cret"), None]));
        batch.update(&by_key, None, &row(&[Some("s3cret"), None])).unwrap();
        batch.delete(&by_key, &row(&[Some("s3cret"), None])).unwrap();
        batch.truncate(&[&by_key], true);
        let changes = batch.take();
        assert!(changes.iter().all(|one| !one.statement.shown().contains("s3cret")), "{changes:?}");
        assert_eq!(changes[3].statement.exact(), "TRUNCATE ONLY public.a RESTART IDENTITY");
    }
}

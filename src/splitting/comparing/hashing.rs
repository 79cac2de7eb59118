//! The statements that make of the rows of a table a number, at either side the same.

use super::super::tables::{TableColumn, TableShape};
use crate::sql::{Qualified, ServerText, Statement, stmt};

/// In how many buckets the rows of a table are put that differs.
const BUCKETS: i64 = 1024;

/// How both sides of one table are read.
#[derive(Debug, Clone)]
pub struct RowHashing {
    /// Of the whole row.
    row: Statement,
    /// Of its key, or of the whole row where there is none.
    key: Statement,
    /// What is shown of a row.
    shown: Option<Statement>,
}

/// The first major whose records can be hashed.
const HASHES_RECORDS: u32 = 14;

impl RowHashing {
    /// For a table that is in the source and in a target, on servers of which the older one is of this major.
    pub fn of(source: &TableShape, target: &TableShape, major: u32) -> RowHashing {
        let both = |column: &&TableColumn| {
            let there = target.column(&column.name);
            there.is_some_and(|there| match column.generated {
                false => !there.generated,
                true => column.stored && there.stored,
            })
        };
        let columns: Vec<&TableColumn> = source.columns.iter().filter(both).collect();
        let hash = |of: &[&TableColumn]| {
            let each = of.iter().zip(1..).map(|(column, n)| one(column, target, major, n));
            joined(each.collect())
        };
        let key: Vec<&TableColumn> =
            columns.iter().copied().filter(|column| target.key().contains(&column.name)).collect();
        let keyed = !key.is_empty() && key.len() == target.key().len();
        let names = key.iter().map(|column| stmt!("x.{name}", name = name(column)));
        RowHashing {
            row: hash(&columns),
            key: hash(if keyed { &key } else { &columns }),
            shown: keyed
                .then(|| stmt!("ROW({names})::pg_catalog.text", names = crate::sql::List(names.collect()))),
        }
    }

    /// Whether a row can be told from the others.
    pub fn has_key(&self) -> bool {
        self.shown.is_some()
    }

    /// Number and sum of all rows.
    pub fn whole(&self, table: &HashedTable) -> Statement {
        stmt!(
            "SELECT pg_catalog.count(*), coalesce(pg_catalog.sum({row}), 0)::pg_catalog.text FROM {table} x",
            row = self.row,
            table = table.from()
        )
    }

    /// The same for each bucket.
    pub fn buckets(&self, table: &HashedTable) -> Statement {
        stmt!(
            "SELECT ({key}) & {last}, pg_catalog.count(*), coalesce(pg_catalog.sum({row}), 0)::pg_catalog.text FROM {table} x GROUP BY 1",
            key = self.key,
            last = BUCKETS - 1,
            row = self.row,
            table = table.from()
        )
    }

    /// The rows of some buckets: what is shown of each, and its number.
    pub fn rows(&self, table: &HashedTable, buckets: &[i64]) -> Statement {
        let buckets = crate::sql::ArrayLiteral(buckets.iter().map(i64::to_string).collect());
        stmt!(
            "SELECT {shown}, ({row})::pg_catalog.text FROM {table} x WHERE ({key}) & {last} = ANY ({buckets}::pg_catalog.int8[])",
            shown = self.shown.clone().unwrap_or_else(|| stmt!("''")),
            row = self.row,
            table = table.from(),
            key = self.key,
            last = BUCKETS - 1,
            buckets = buckets
        )
    }
}

/// A table of one side.
#[derive(Debug, Clone)]
pub struct HashedTable {
    /// As the server quotes it.
    pub ident: String,
    /// Its parts are read with it.
    pub with_parts: bool,
}

impl HashedTable {
    fn from(&self) -> Statement {
        let name = ServerText::quoted_by_server(self.ident.clone());
        if self.with_parts { stmt!("{name}", name = name) } else { stmt!("ONLY {name}", name = name) }
    }
}

fn name(column: &TableColumn) -> Qualified {
    Qualified(vec![column.name.clone()])
}

/// The number of one column; the seed tells it from the others, and stands for NULL.
fn one(column: &TableColumn, target: &TableShape, major: u32, seed: i64) -> Statement {
    let same = target
        .column(&column.name)
        .is_some_and(|there| there.hash == column.hash && there.kind == column.kind);
    let value = stmt!("x.{name}", name = name(column));
    match column.hash.as_str() {
        "record" if same && major >= HASHES_RECORDS => {
            stmt!("pg_catalog.hash_record_extended(ROW({value}), {seed})", value = value, seed = seed)
        }
        "text" | "record" => as_text(&value, seed),
        _ if !same => as_text(&value, seed),
        hash => stmt!(
            "coalesce(pg_catalog.{hash}({value}{cast}, {seed}), {seed})",
            hash = ServerText::quoted_by_server(hash.to_owned()),
            value = value,
            cast = match hash {
                "hashtextextended" => stmt!(" COLLATE pg_catalog.\"C\""),
                _ => stmt!("{cast}", cast = ServerText::quoted_by_server(column.cast.clone())),
            },
            seed = seed
        ),
    }
}

fn as_text(value: &Statement, seed: i64) -> Statement {
    stmt!(
        "pg_catalog.hashtextextended(ROW({value})::pg_catalog.text COLLATE pg_catalog.\"C\", {seed})",
        value = value,
        seed = seed
    )
}

/// Each column by itself, so that none of them hides another one.
fn joined(each: Vec<Statement>) -> Statement {
    let mut all = each.into_iter();
    let first = all.next().unwrap_or_else(|| stmt!("0::pg_catalog.int8"));
    all.fold(first, |sum, next| stmt!("{sum} OPERATOR(pg_catalog.#) {next}", sum = sum, next = next))
}

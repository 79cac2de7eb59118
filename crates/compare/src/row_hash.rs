//! Hash of a row, computed by its server: of its text, or of its columns.

use std::collections::BTreeMap;

use serde::Deserialize;

use martydb_model::error::Result;
use martydb_model::sql::{ArrayLiteral, ServerText, Statement, stmt};
use martydb_pg::server::{Connection, query_as};

/// Hash of a table's rows that does not depend on their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowHash {
    /// Hashes a row's text; works on every server.
    Text,
    /// Hashes columns separately, from 14 on, in a third of the time. Columns of types with unequal text for equal
    /// values are hashed as text.
    Columns,
    /// Hashes columns as earlier versions did: by casts to text, which for xml keep a declaration that no copy has.
    FormerColumns,
    /// Counts rows without hashing.
    None,
}

impl RowHash {
    /// Returns the best kind for a server of this major.
    pub fn best(major: u32) -> RowHash {
        if major < 14 { RowHash::Text } else { RowHash::Columns }
    }

    /// Returns its name in records.
    pub fn name(self) -> &'static str {
        match self {
            RowHash::Text => "text/1",
            RowHash::Columns => "cols/3",
            RowHash::FormerColumns => "cols/2",
            RowHash::None => "none",
        }
    }

    pub fn named(name: &str) -> Option<RowHash> {
        [RowHash::Text, RowHash::Columns, RowHash::FormerColumns, RowHash::None]
            .into_iter()
            .find(|hash| hash.name() == name)
    }
}

/// A column of a list of relations: how its values are hashed, the argument in sums of earlier versions, and whether
/// those do not compare.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ListedColumn(String, String, Option<String>, bool);

impl ListedColumn {
    /// Returns the hash of a row with these columns; `None` if there are none, or if values of one of them do not
    /// compare.
    pub(crate) fn of_row(columns: &[ListedColumn], hash: RowHash) -> Option<Statement> {
        let is_former = hash == RowHash::FormerColumns;
        if is_former && columns.iter().any(|ListedColumn(.., is_lossy)| *is_lossy) {
            return None;
        }
        let column = |ListedColumn(function, value, former, _): &ListedColumn| {
            let value = former.as_ref().filter(|_| is_former).unwrap_or(value);
            ColumnHash(function.clone(), value.clone())
        };
        ColumnHash::of_row(&columns.iter().map(column).collect::<Vec<_>>())
    }
}

/// Hash of a column's value: a function of the server, and its argument, where `x` is the table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ColumnHash(String, String);

/// Hashes of columns, by the OID of the table and the name of the column.
pub type ColumnHashes = BTreeMap<(u32, String), ColumnHash>;

impl ColumnHash {
    /// Returns the hash of a row with these columns; `None` if there are none. Records of backups contain its sums: a
    /// change needs another name of [`RowHash::Columns`].
    pub fn of_row(columns: &[ColumnHash]) -> Option<Statement> {
        let each = columns.iter().zip(1..).map(|(ColumnHash(function, value), seed)| {
            format!("coalesce(pg_catalog.{function}({value}, {seed}), {seed})")
        });
        let hash = each.collect::<Vec<_>>().join(" OPERATOR(pg_catalog.#) ");
        (!hash.is_empty()).then(|| stmt!("({hash})", hash = ServerText::quoted_by_server(hash)))
    }
}

/// Returns a query for the hash of each column.
pub(crate) fn hashed_columns() -> Statement {
    Statement::from_program(include_str!("sql/hashed_columns.sql"))
}

/// Reads the hashes of the columns of these tables.
///
/// # Errors
/// If the catalogs cannot be read.
pub async fn column_hashes(session: &mut Connection, tables: &[u32]) -> Result<ColumnHashes> {
    let query = stmt!(
        "WITH hashed AS ({columns}) SELECT attrelid, attname::pg_catalog.text, function, value FROM hashed
         WHERE attrelid = ANY ({oids}::pg_catalog.oid[])",
        columns = hashed_columns(),
        oids = ArrayLiteral(tables.iter().map(u32::to_string).collect())
    );
    let rows = query_as(session, &query).await?.into_iter();
    Ok(rows.map(|(oid, name, function, value)| ((oid, name), ColumnHash(function, value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_row_is_the_one_of_earlier_backups() {
        let columns: Vec<ColumnHash> = serde_json::from_str(
            r#"[["hashint8extended", "x.id"], ["hashtextextended", "x.name COLLATE pg_catalog.\"C\""]]"#,
        )
        .unwrap();
        assert_eq!(
            ColumnHash::of_row(&columns).unwrap().to_string(),
            "(coalesce(pg_catalog.hashint8extended(x.id, 1), 1) OPERATOR(pg_catalog.#) \
             coalesce(pg_catalog.hashtextextended(x.name COLLATE pg_catalog.\"C\", 2), 2))"
        );
        assert!(ColumnHash::of_row(&[]).is_none());
    }

    #[test]
    fn rows_with_xml_have_no_hash_of_earlier_backups() {
        let columns = |text: &str| serde_json::from_str::<Vec<ListedColumn>>(text).unwrap();
        let id = r#"["hashint8extended", "x.id", null, false]"#;
        let padded = r#"["hashtextextended", "ROW(x.c)", "x.c", false]"#;
        let of = |hash: RowHash, last: &str| {
            ListedColumn::of_row(&columns(&format!("[{id}, {last}]")), hash).map(|hash| hash.to_string())
        };
        let begin = "(coalesce(pg_catalog.hashint8extended(x.id, 1), 1) OPERATOR(pg_catalog.#) coalesce(pg_catalog.hashtextextended";
        assert_eq!(of(RowHash::Columns, padded).unwrap(), format!("{begin}(ROW(x.c), 2), 2))"));
        assert_eq!(of(RowHash::FormerColumns, padded).unwrap(), format!("{begin}(x.c, 2), 2))"));
        let xml = padded.replace("false", "true");
        assert!(of(RowHash::Columns, &xml).is_some() && of(RowHash::FormerColumns, &xml).is_none());
    }

    #[test]
    fn the_names_of_hashes_are_those_of_earlier_backups() {
        let all = [RowHash::Text, RowHash::Columns, RowHash::FormerColumns, RowHash::None];
        let names = all.map(RowHash::name);
        assert_eq!(names, ["text/1", "cols/3", "cols/2", "none"]);
        assert!(names.iter().all(|name| RowHash::named(name).is_some_and(|hash| hash.name() == *name)));
    }
}

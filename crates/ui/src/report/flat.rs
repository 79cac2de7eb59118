//! The JSON document's main list as CSV, or as names only. Its columns are keys of the document, and as stable as
//! these.

use serde_json::{Map, Value};

use martydb_model::text::{finished, printable};

/// Location of the table in a command's document.
#[derive(Debug, Clone, Copy)]
pub struct FlatTable {
    pub command: &'static str,
    /// Keys leading to the rows: a list, or a list in each row of a list. Empty if the document is the only row.
    pub rows: &'static [&'static str],
    /// Keys of the row, else of the enclosing row; `error.message` is a key of an object.
    pub columns: fn() -> Vec<&'static str>,
    /// The column that identifies a row.
    pub name: &'static str,
}

/// A row and its enclosing rows.
type NestedRow<'a> = Vec<&'a Map<String, Value>>;

impl FlatTable {
    /// Formats CSV with a header (RFC 4180), with Unix line ends. Terminal control characters are escaped as in text.
    pub fn csv(&self, document: &Value) -> String {
        let mut out = csv::Writer::from_writer(vec![]);
        let (rows, columns) = (self.records(document), (self.columns)());
        let rows = rows.iter().map(|record| columns.iter().map(|column| cell(record, column)).collect());
        let header = columns.iter().map(|column| (*column).to_owned()).collect();
        for row in std::iter::once::<Vec<String>>(header).chain(rows) {
            out.write_record(&row).expect("memory takes every row");
        }
        let text = out.into_inner().expect("memory takes every row");
        finished(&String::from_utf8_lossy(&text), false).into_owned()
    }

    /// Lists each name once, in the order of the table.
    pub fn names(&self, document: &Value) -> String {
        let mut names: Vec<String> = vec![];
        for name in self.records(document).iter().map(|record| printable(&cell(record, self.name))) {
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        names.iter().map(|name| format!("{name}\n")).collect()
    }

    fn records<'a>(&self, document: &'a Value) -> Vec<NestedRow<'a>> {
        let mut records: Vec<NestedRow<'a>> = document.as_object().into_iter().map(|one| vec![one]).collect();
        for key in self.rows {
            let inside = |record: &NestedRow<'a>| -> Vec<NestedRow<'a>> {
                let rows = record[0].get(*key).and_then(Value::as_array).into_iter().flatten();
                let around = |row: &'a Map<String, Value>| [&[row][..], record].concat();
                rows.filter_map(Value::as_object).map(around).collect()
            };
            records = records.iter().flat_map(inside).collect();
        }
        records
    }
}

/// Formats a cell; a list as its length.
fn cell(record: &NestedRow<'_>, column: &str) -> String {
    let mut keys = column.split('.');
    let first = keys.next().unwrap_or_default();
    let found = record.iter().find_map(|row| row.get(first));
    match keys.try_fold(found.unwrap_or(&Value::Null), |value, key| value.get(key)) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(all)) => all.len().to_string(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NESTED: FlatTable = FlatTable {
        command: "x",
        rows: &["services", "events"],
        columns: || vec!["service", "name", "n", "tags", "error.message"],
        name: "service",
    };

    #[test]
    fn rows_have_the_keys_of_what_is_around_them() {
        let document = json!({ "services": [
            { "service": "a", "error": null, "events": [{ "name": "x, \"y\"\nz", "n": 1, "tags": [1, 2] }, { "name": "=1+1", "n": null }] },
            { "service": "b", "error": { "message": "no" }, "events": [{ "name": "\u{1b}[2J", "n": 2.5, "tags": [] }] },
            { "service": "c", "events": [] },
        ] });
        assert_eq!(
            NESTED.csv(&document),
            "service,name,n,tags,error.message\na,\"x, \"\"y\"\"\nz\",1,2,\na,=1+1,,,\nb,\\u{1b}[2J,2.5,0,no\n"
        );
        assert_eq!(NESTED.names(&document), "a\nb\n");
        assert_eq!(NESTED.csv(&json!({})), "service,name,n,tags,error.message\n");
    }

    #[test]
    fn a_document_can_be_the_one_row() {
        let table = FlatTable { rows: &[], columns: || vec!["up"], name: "up", ..NESTED };
        assert_eq!(table.csv(&json!({ "up": "a.sql" })), "up\na.sql\n");
        assert_eq!(table.names(&json!({ "up": "a.sql" })), "a.sql\n");
    }
}

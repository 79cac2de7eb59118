//! Tables that are restored out of a backup, instead of the whole: chosen by name from those in its record.

use std::collections::BTreeSet;

use super::record::BackupRecord;
use martydb_model::error::{Error, Result};
use martydb_model::suggest::did_you_mean;

/// A table in a backup's record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordedTable {
    /// Name as the server prints it: schema and table, quoted where necessary.
    pub name: String,
    /// Schema and table without quotes.
    pub parts: (String, String),
}

impl RecordedTable {
    pub(crate) fn new(name: &str) -> Option<RecordedTable> {
        let (schema, rest) = identifier(name)?;
        let (table, rest) = identifier(rest.strip_prefix('.')?)?;
        rest.is_empty().then(|| RecordedTable { name: name.to_owned(), parts: (schema, table) })
    }

    fn is_named(&self, text: &str) -> bool {
        let (schema, table) = &self.parts;
        self.name == text || text.strip_prefix(schema).and_then(|rest| rest.strip_prefix('.')) == Some(table)
    }
}

/// Returns the tables of a backup with rows of their own, and the partitioned ones.
pub(crate) fn recorded_tables(record: &BackupRecord) -> BTreeSet<RecordedTable> {
    let with_rows = record.contents.keys().filter_map(|name| name.strip_prefix("table "));
    let partitioned = record.catalog.iter().filter(|(kind, ..)| kind == "partitioned table");
    with_rows.chain(partitioned.map(|(_, name, _)| name.as_str())).filter_map(RecordedTable::new).collect()
}

/// Returns the tables with these names.
///
/// # Errors
/// If the backup has no table of a name.
pub fn choose(record: &BackupRecord, backup: &str, names: &[String]) -> Result<Vec<RecordedTable>> {
    let all = recorded_tables(record);
    let mut chosen = BTreeSet::new();
    for name in names {
        let found = all.iter().find(|table| table.is_named(name));
        chosen.insert(found.cloned().ok_or_else(|| unknown(backup, name, &all))?);
    }
    Ok(chosen.into_iter().collect())
}

fn unknown(backup: &str, name: &str, all: &BTreeSet<RecordedTable>) -> Error {
    const LISTED: usize = 10;
    let names: Vec<&str> = all.iter().map(|table| table.name.as_str()).collect();
    let mut bare = all.iter().filter(|table| table.parts.1 == name).map(|table| table.name.as_str());
    let near = bare.next().or_else(|| martydb_model::suggest::nearest(name, names.iter().copied()));
    let hint = match near {
        Some(near) => did_you_mean(near),
        None if names.len() <= LISTED => format!("its tables: {}", names.join(", ")),
        None => format!("its first tables: {}", names[..LISTED].join(", ")),
    };
    Error::usage(format!("unknown table \"{name}\""))
        .cause(format!("{backup} has no table of that name"))
        .hint(hint)
}

/// Parses the identifier that a text begins with, and returns it without quotes, with the rest of the text.
fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find('.').unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('"')?;
        name += part;
        match after.strip_prefix('"') {
            Some(more) => (name, rest) = (name + "\"", more),
            None => return Some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> RecordedTable {
        RecordedTable::new(name).unwrap()
    }

    #[test]
    fn a_name_is_taken_apart_as_the_server_quotes_it() {
        for (name, schema, bare) in [
            ("public.item", "public", "item"),
            ("\"Odd one\".\"a.b\"", "Odd one", "a.b"),
            ("public.\"say \"\"hi\"\"\"", "public", "say \"hi\""),
        ] {
            assert_eq!(table(name).parts, (schema.to_owned(), bare.to_owned()), "{name}");
        }
        for name in ["item", "public.", ".item", "public.\"item", "public.item.x"] {
            assert_eq!(RecordedTable::new(name).filter(|table| table.parts.1 == "item"), None, "{name}");
        }
    }

    #[test]
    fn a_table_is_named_with_quotes_or_without() {
        let odd = table("\"Odd one\".\"a.b\"");
        assert!(odd.is_named("\"Odd one\".\"a.b\"") && odd.is_named("Odd one.a.b"));
        assert!(!odd.is_named("odd one.a.b") && !table("public.item").is_named("item"));
    }

    #[test]
    fn an_unknown_table_is_answered_with_the_nearest() {
        let all: BTreeSet<_> = ["public.item", "public.secret", "own.note"].map(table).into();
        for (name, hint) in [
            ("public.itme", "did you mean \"public.item\"?"),
            ("note", "did you mean \"own.note\"?"),
            ("elsewhere.something", "its tables: own.note, public.item, public.secret"),
        ] {
            assert_eq!(unknown("ID", name, &all).hints, [hint], "{name}");
        }
    }
}

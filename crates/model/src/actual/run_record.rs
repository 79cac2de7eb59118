//! Place of the record of runs: the table `martydb.record` of a server's maintenance database. The database may hold
//! objects of unmanaged roles, so its owner and everything that could run code at a write are examined first.

use serde::Deserialize;

/// Schema of the record.
pub const RUN_RECORD_SCHEMA: &str = "martydb";

/// Columns of the table, as the server prints them.
const COLUMNS: &str = "id text not null, at timestamp with time zone not null, ended_at timestamp with time zone, \
     project text not null, env text not null, action text not null, services text[] not null, by text not null, \
     host text not null, tool text not null, manifest_sha256 text not null, outcome text not null, note text";

/// Properties of the schema and the table, from the catalogs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RunRecordFacts {
    /// `true` if the admin may create schemas in the database.
    pub may_create: bool,
    pub schema: Option<FoundOwner>,
    pub table: Option<FoundRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FoundOwner {
    pub owner: String,
    /// `true` for the admin itself, and for a superuser if the admin is one.
    pub trusted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FoundRecord {
    #[serde(flatten)]
    pub of: FoundOwner,
    /// `true` for an ordinary table that neither inherits nor is inherited from.
    pub plain: bool,
    pub columns: Option<String>,
    /// Parts of the table that run code, or refuse a row.
    pub code: Vec<String>,
}

/// Use of the record on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordPlace {
    /// The table is as martydb makes it.
    Ready,
    /// The table is missing, and the admin may create it; `schema` is `true` if the schema is missing too.
    ToMake { schema: bool },
    /// The admin may not create the schema.
    NotAllowed,
    /// Another role's schema or table, or another kind of table, with the reason.
    Foreign(String),
}

impl RunRecordFacts {
    pub fn place(&self) -> RecordPlace {
        match (&self.schema, &self.table) {
            (None, _) if self.may_create => RecordPlace::ToMake { schema: true },
            (None, _) => RecordPlace::NotAllowed,
            (Some(schema), _) if !schema.trusted => {
                RecordPlace::Foreign(format!("schema {RUN_RECORD_SCHEMA} belongs to {}", schema.owner))
            }
            (Some(_), None) => RecordPlace::ToMake { schema: false },
            (Some(_), Some(table)) => table.foreign().map_or(RecordPlace::Ready, RecordPlace::Foreign),
        }
    }
}

impl FoundRecord {
    fn foreign(&self) -> Option<String> {
        let table = format!("{RUN_RECORD_SCHEMA}.record");
        if !self.of.trusted {
            return Some(format!("{table} belongs to {}", self.of.owner));
        }
        if !self.plain || self.columns.as_deref() != Some(COLUMNS) {
            return Some(format!("{table} is not the table that martydb makes"));
        }
        self.code.first().map(|part| format!("{table} has {part}, which martydb did not make"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(change: impl Fn(&mut RunRecordFacts)) -> RecordPlace {
        let of = |trusted| FoundOwner { owner: "ops".into(), trusted };
        let table = FoundRecord { of: of(true), plain: true, columns: Some(COLUMNS.into()), code: vec![] };
        let mut facts = RunRecordFacts { may_create: false, schema: Some(of(true)), table: Some(table) };
        change(&mut facts);
        facts.place()
    }

    #[test]
    fn only_the_admins_own_plain_table_is_written() {
        assert_eq!(facts(|_| {}), RecordPlace::Ready);
        type Change = fn(&mut RunRecordFacts);
        let changes: [(Change, &str); 6] = [
            (|all| all.schema.as_mut().unwrap().trusted = false, "schema martydb belongs to ops"),
            (|all| all.table.as_mut().unwrap().of.trusted = false, "martydb.record belongs to ops"),
            (
                |all| all.table.as_mut().unwrap().plain = false,
                "martydb.record is not the table that martydb makes",
            ),
            (
                |all| all.table.as_mut().unwrap().columns = None,
                "martydb.record is not the table that martydb makes",
            ),
            (
                |all| {
                    all.table.as_mut().unwrap().columns =
                        Some(COLUMNS.replace("note text", "note public.text"))
                },
                "martydb.record is not the table that martydb makes",
            ),
            (
                |all| all.table.as_mut().unwrap().code = vec!["a trigger".into()],
                "martydb.record has a trigger, which martydb did not make",
            ),
        ];
        for (change, why) in changes {
            assert_eq!(facts(change), RecordPlace::Foreign(why.into()));
        }
    }

    #[test]
    fn a_missing_table_is_made_where_the_admin_may() {
        assert_eq!(facts(|all| all.table = None), RecordPlace::ToMake { schema: false });
        let missing =
            |may_create| facts(|all| *all = RunRecordFacts { may_create, schema: None, table: None });
        assert_eq!(missing(true), RecordPlace::ToMake { schema: true });
        assert_eq!(missing(false), RecordPlace::NotAllowed);
    }
}

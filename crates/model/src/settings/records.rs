//! The schema `martydb_serve` of a service's database, in which the data service records what it does. The admin owns it:
//! no role of the service can change it, not even the code that runs in the transaction of a write. Row security decides
//! what the data service's logins may do there, by the session's own user and the transaction's own time, which no code
//! of a session can choose (<https://www.postgresql.org/docs/current/ddl-rowsecurity.html>).

use std::collections::BTreeSet;

/// Name of the schema.
pub const SERVE_SCHEMA: &str = "martydb_serve";

/// A table of the schema.
#[derive(Debug, PartialEq, Eq)]
pub struct RecordTable {
    pub name: &'static str,
    pub columns: &'static [RecordColumn],
    /// Columns of the primary key; none where a row that code of the service adds could stand in the way of another.
    pub key: &'static [&'static str],
    /// Columns of an index beside it.
    pub index: &'static [&'static str],
    pub policies: &'static [RecordPolicy],
}

/// A column, in the words in which the server prints it.
#[derive(Debug, PartialEq, Eq)]
pub struct RecordColumn {
    pub name: &'static str,
    pub r#type: &'static str,
    pub required: bool,
    pub default: Option<&'static str>,
}

/// A policy of row security, in the words in which the server prints it.
#[derive(Debug, PartialEq, Eq)]
pub struct RecordPolicy {
    pub name: &'static str,
    pub command: &'static str,
    /// Rows that are read, changed or removed.
    pub using: Option<&'static str>,
    /// Rows that are added.
    pub check: Option<&'static str>,
}

const fn column(name: &'static str, kind: &'static str) -> RecordColumn {
    RecordColumn { name, r#type: kind, required: true, default: None }
}

const fn optional(name: &'static str, kind: &'static str) -> RecordColumn {
    RecordColumn { required: false, ..column(name, kind) }
}

const fn given(name: &'static str, kind: &'static str, default: &'static str) -> RecordColumn {
    RecordColumn { default: Some(default), ..column(name, kind) }
}

const TIME: &str = "timestamp with time zone";

/// Condition of a row that the session itself adds, now.
const OWN: &str = "((login = SESSION_USER) AND (at = now()))";

/// Table with a row for each write of the data service.
pub const AUDIT_TABLE: &str = "audit";

/// Tables of the schema. The last policy has the time for which the answer to an idempotency key is kept.
pub const RECORD_TABLES: &[RecordTable] = &[
    RecordTable {
        name: AUDIT_TABLE,
        columns: &[
            given("at", TIME, "now()"),
            given("login", "name", "SESSION_USER"),
            column("caller", "text"),
            optional("request", "text"),
            column("collection", "text"),
            column("op", "text"),
            optional("key", "text"),
            column("rows", "bigint"),
        ],
        key: &[],
        index: &["at"],
        policies: &[RecordPolicy { name: "record", command: "INSERT", using: None, check: Some(OWN) }],
    },
    RecordTable {
        name: "requests",
        columns: &[
            given("login", "name", "SESSION_USER"),
            column("caller", "text"),
            column("claims", "text"),
            column("key", "text"),
            column("fingerprint", "text"),
            given("at", TIME, "now()"),
            optional("status", "integer"),
            optional("headers", "text"),
            optional("body", "bytea"),
        ],
        key: &["login", "caller", "claims", "key"],
        index: &["login", "at"],
        policies: &[
            RecordPolicy { name: "claim", command: "INSERT", using: None, check: Some(OWN) },
            RecordPolicy {
                name: "read",
                command: "SELECT",
                using: Some("(login = SESSION_USER)"),
                check: None,
            },
            // Only the transaction that claimed the key gives it its answer.
            RecordPolicy { name: "keep", command: "UPDATE", using: Some(OWN), check: None },
            RecordPolicy {
                name: "expire",
                command: "DELETE",
                using: Some("((login = SESSION_USER) AND (at < (now() - make_interval(hours => 24))))"),
                check: None,
            },
        ],
    },
];

/// Kind of a part of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordPartKind {
    Column,
    Constraint,
    Index,
    RowSecurity,
    Policy,
    Trigger,
    Rule,
    /// Anything that no statement of the program removes, such as inheritance.
    Other,
}

impl RecordPartKind {
    const WORDS: &[(RecordPartKind, &str)] = &[
        (RecordPartKind::Column, "column"),
        (RecordPartKind::Constraint, "constraint"),
        (RecordPartKind::Index, "index"),
        (RecordPartKind::RowSecurity, "row security"),
        (RecordPartKind::Policy, "policy"),
        (RecordPartKind::Trigger, "trigger"),
        (RecordPartKind::Rule, "rule"),
        (RecordPartKind::Other, "property"),
    ];

    /// Returns the word for people and catalogs.
    pub fn word(self) -> &'static str {
        RecordPartKind::WORDS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// Parses the word of the catalogs' query.
    pub fn named(word: &str) -> RecordPartKind {
        RecordPartKind::WORDS.iter().find(|row| row.1 == word).map_or(RecordPartKind::Other, |row| row.0)
    }
}

/// A part of a table: a column, a constraint, a policy, a trigger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordPart {
    pub kind: RecordPartKind,
    pub name: String,
    /// Definition, in the server's words.
    pub text: String,
}

impl RecordTable {
    /// Returns the parts of a table as `apply` makes it.
    pub fn parts(&self) -> BTreeSet<RecordPart> {
        let part = |kind, name: &str, text: String| RecordPart { kind, name: name.to_owned(), text };
        let columns =
            self.columns.iter().map(|column| part(RecordPartKind::Column, column.name, column.definition()));
        let policies =
            self.policies.iter().map(|policy| part(RecordPartKind::Policy, policy.name, policy.definition()));
        let (key_name, index_name) = (self.key_name(), self.index_name());
        let key = format!("PRIMARY KEY ({})", self.key.join(", "));
        let key = (!self.key.is_empty()).then(|| part(RecordPartKind::Constraint, &key_name, key));
        let index = format!(
            "CREATE INDEX {index_name} ON {SERVE_SCHEMA}.{} USING btree ({})",
            self.name,
            self.index.join(", ")
        );
        columns
            .chain(policies)
            .chain(key)
            .chain([
                part(RecordPartKind::Index, &index_name, index),
                part(RecordPartKind::RowSecurity, "on", String::new()),
            ])
            .collect()
    }

    /// Returns the name of its primary key.
    pub fn key_name(&self) -> String {
        format!("{}_pkey", self.name)
    }

    /// Returns the name of its further index.
    pub fn index_name(&self) -> String {
        format!("{}_{}", self.name, self.index.last().unwrap_or(&""))
    }
}

impl RecordColumn {
    /// Returns its definition without its name.
    pub fn definition(&self) -> String {
        let mut text = self.r#type.to_owned();
        if self.required {
            text += " NOT NULL";
        }
        if let Some(default) = self.default {
            text += " DEFAULT ";
            text += default;
        }
        text
    }
}

impl RecordPolicy {
    /// Returns its definition without its name and its table.
    pub fn definition(&self) -> String {
        let mut text = format!("FOR {}", self.command);
        if let Some(using) = self.using {
            text += " USING ";
            text += using;
        }
        if let Some(check) = self.check {
            text += " WITH CHECK ";
            text += check;
        }
        text
    }
}

/// Audit of a service's data service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclaredAudit {
    /// `true` if each write leaves a row.
    pub writes: bool,
    /// `true` if each read leaves one.
    pub reads: bool,
    /// `true` if backups have the rows.
    pub backup: bool,
}

impl DeclaredAudit {
    /// Returns `true` if anything is recorded.
    pub fn records(self) -> bool {
        self.writes || self.reads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_is_described_in_the_words_of_the_server() {
        let audit = RECORD_TABLES[0].parts();
        let text = |kind, name: &str| {
            audit.iter().find(|part| part.kind == kind && part.name == name).map(|part| part.text.as_str())
        };
        assert_eq!(text(RecordPartKind::Column, "login"), Some("name NOT NULL DEFAULT SESSION_USER"));
        assert_eq!(text(RecordPartKind::Column, "key"), Some("text"));
        assert_eq!(text(RecordPartKind::Constraint, "audit_pkey"), None);
        let index = RECORD_TABLES[1].parts();
        let index =
            index.iter().find(|part| part.kind == RecordPartKind::Index).map(|part| part.text.as_str());
        let expected = "CREATE INDEX requests_at ON martydb_serve.requests USING btree (login, at)";
        assert_eq!(index, Some(expected));
    }

    #[test]
    fn words_of_parts_are_parsed_again() {
        for (kind, word) in RecordPartKind::WORDS {
            assert_eq!((kind.word(), RecordPartKind::named(word)), (*word, *kind));
        }
    }
}

//! Relations, foreign keys, and the relationships that follow from them.

use serde::Deserialize;

use super::views::CatalogOid;

/// Schema and name.
pub(crate) type CatalogName = (String, String);

/// A table or view that callers may name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ExposedRelation {
    pub oid: CatalogOid,
    pub schema: String,
    pub name: String,
    /// `true` for views.
    pub is_view: bool,
    /// `true` if other tables inherit from it, to whose rows its keys do not extend. Partitions are none.
    #[serde(default)]
    pub(crate) has_children: bool,
    pub columns: Vec<ExposedColumn>,
    /// Columns of the primary key, in its order; of a view those of its table's.
    #[serde(default)]
    pub key: Vec<String>,
    /// `true` if code of the service runs where its rows are read: views, foreign tables, policies, functions of a row.
    #[serde(default)]
    pub(crate) runs_code: bool,
    /// `true` if reading its rows runs nothing but PostgreSQL's own code: neither it, nor an index, a constraint or a partition of it,
    /// depends on a function, an operator or a type of the service, and none of them has the name of one of PostgreSQL's.
    #[serde(default)]
    pub is_plain: bool,
    /// The same of writing its rows, where it `is_plain`: neither it, nor a table that its foreign keys change, has a trigger, a rule,
    /// or a default or check with a function that may run SQL or change the session.
    #[serde(default)]
    pub(crate) is_plain_to_write: bool,
    pub insertable: bool,
    pub updatable: bool,
    pub deletable: bool,
    /// `true` if it was a partition, which `martydb partitions` detached.
    #[serde(default)]
    pub(crate) is_detached: bool,
    /// First expressions of its indexes, as the server prints them.
    #[serde(default)]
    pub(crate) indexed: Vec<String>,
}

/// Column of a collection that has the documents.
pub(crate) const DOCUMENT: &str = "doc";

/// Columns of a collection of documents (`templates/collection.sql`), with their types.
const COLLECTION: [(&str, &str); 5] = [
    ("id", "uuid"),
    (DOCUMENT, "jsonb"),
    ("version", "int4"),
    ("created", "timestamptz"),
    ("updated", "timestamptz"),
];

/// Columns that an outbox of events has (`templates/outbox.sql`).
const OUTBOX: [&str; 9] = [
    "event_id", "aggregate_type", "aggregate_id", "event_type", "payload", "available_at", "published_at",
    "attempts", "last_error",
];

/// A column of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ExposedColumn {
    pub number: i16,
    pub name: String,
    /// Type as SQL writes it, without a length limit.
    pub r#type: String,
    /// Name of the base type if it is a domain, else of the type.
    pub base: String,
    #[serde(default)]
    pub type_oid: CatalogOid,
    /// `true` for types of `pg_catalog`, whose operators are PostgreSQL's own.
    pub builtin: bool,
    /// Expression of the default, as the server prints it; for an identity column the next value.
    pub default: Option<String>,
    /// `true` if no value can be given: a generated column, or an identity column that is always generated.
    #[serde(default)]
    pub(crate) fixed: bool,
    /// Text search configuration of a stored generated tsvector.
    pub language: Option<String>,
    /// Function that makes JSON of the domain's values, with its name as the server quotes it.
    pub(crate) to_json: Option<String>,
    /// Functions that make values of the domain from JSON, and from a text.
    pub(crate) from_json: Option<String>,
    pub(crate) from_text: Option<String>,
}

impl ExposedRelation {
    /// Returns the name of a column by its number.
    pub(crate) fn column_name(&self, number: i16) -> Option<&str> {
        self.columns.iter().find(|column| column.number == number).map(|column| column.name.as_str())
    }

    /// Returns `true` if each value of a column is in one row at most, and PostgreSQL's planner knows it: the cost of reading the row
    /// is the same for all values (`var_eq_const` in `selfuncs.c`).
    pub(crate) fn is_key(&self, column: &str) -> bool {
        !self.is_view && !self.has_children && self.key.len() == 1 && self.key[0] == column
    }

    /// Returns `true` for a collection of documents: a table with its columns, and at most generated ones more. Nothing
    /// else declares one, so that no second place can differ from the migrations.
    pub(crate) fn is_collection(&self) -> bool {
        let is_own = |name: &str| COLLECTION.iter().any(|(own, _)| *own == name);
        let has = |(name, base): &(&str, &str)| {
            self.column(name).is_some_and(|column| column.base == *base && column.builtin && !column.fixed)
        };
        !self.is_view
            && self.key.iter().any(|name| name == "id")
            && self.key.iter().all(|name| ["id", "created"].contains(&name.as_str()))
            && COLLECTION.iter().all(has)
            && self.columns.iter().all(|column| column.fixed || is_own(&column.name))
    }

    /// Returns `true` for a table that is no collection unless the manifest names it: events are the relay's, and a detached
    /// partition waits for its removal.
    pub(crate) fn is_internal(&self) -> bool {
        self.is_detached || !self.is_view && OUTBOX.iter().all(|name| self.column(name).is_some())
    }

    /// Returns the names of a collection's own columns.
    pub(crate) fn collection_columns() -> impl Iterator<Item = &'static str> {
        COLLECTION.iter().map(|(name, _)| *name)
    }

    /// Returns `true` if a search may read it: its rows have a key, and a column of words.
    pub(crate) fn is_searchable(&self) -> bool {
        !self.key.is_empty() && self.search_column().is_some()
    }

    /// Returns the column with the words of a row, and their language.
    pub(crate) fn search_column(&self) -> Option<(&str, &str)> {
        self.columns.iter().find_map(|column| Some((column.name.as_str(), column.language.as_deref()?)))
    }

    /// Returns the paths into documents that expression indexes begin with.
    pub(crate) fn indexed_paths(&self) -> Vec<Vec<String>> {
        self.indexed.iter().filter_map(|text| indexed_path(text)).collect()
    }

    /// Returns a column.
    pub fn column(&self, name: &str) -> Option<&ExposedColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Parses an expression such as `(doc #> '{address,city}'::text[])`; keys that are quoted there are not looked for.
fn indexed_path(text: &str) -> Option<Vec<String>> {
    let text = text.trim_start_matches('(').trim_end_matches(')');
    let keys = text.strip_prefix("doc #> '{")?.strip_suffix("}'::text[]")?;
    let is_plain = |key: &str| {
        let is_word = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        // An unquoted NULL is none of the keys.
        is_word && !key.eq_ignore_ascii_case("null")
    };
    let keys: Vec<String> = keys.split(',').map(str::to_owned).collect();
    keys.iter().all(|key| is_plain(key)).then_some(keys)
}

/// A primary key, unique constraint or foreign key of any table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct TableKey {
    pub name: String,
    /// `p`, `u` or `f`, as in `pg_constraint`.
    pub kind: String,
    pub table: CatalogOid,
    pub columns: Vec<i16>,
    /// The referenced table; 0 for other kinds.
    pub target: CatalogOid,
    pub(crate) target_columns: Vec<i16>,
}

/// A way from one relation to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relationship {
    pub table: CatalogName,
    pub target: CatalogName,
    /// Name of the foreign key; empty for a junction.
    pub(crate) constraint: String,
    /// Pairs of a column of the table and one of the target.
    pub columns: Vec<(String, String)>,
    pub(crate) cardinality: Cardinality,
    pub(crate) junction: Option<Junction>,
    /// `true` if the target is a view.
    pub(crate) to_view: bool,
    /// `true` for the foreign key of the table, or of the table below the view.
    pub(crate) is_own_key: bool,
    /// The function of a row of the table that returns rows of the target; `None` for a foreign key.
    pub function: Option<CatalogName>,
}

/// A function of a row that returns rows of another relation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct RowFunction {
    pub name: CatalogName,
    pub source: CatalogName,
    pub target: CatalogName,
    /// `true` if it returns at most one row.
    pub(crate) single: bool,
}

/// Number of rows on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cardinality {
    ManyToOne,
    OneToMany,
    OneToOne,
    ManyToMany,
}

/// The relation between two in a many-to-many relationship.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Junction {
    pub table: CatalogName,
    pub(crate) source_constraint: String,
    pub(crate) target_constraint: String,
    /// Pairs of a column of the source and one of the junction.
    pub source: Vec<(String, String)>,
    /// Pairs of a column of the target and one of the junction.
    pub target: Vec<(String, String)>,
}

impl Relationship {
    /// Returns `true` if each row has at most one partner.
    pub(crate) fn is_to_one(&self) -> bool {
        matches!(self.cardinality, Cardinality::ManyToOne | Cardinality::OneToOne)
    }

    /// Returns `true` if both ends are one relation.
    pub(crate) fn is_self(&self) -> bool {
        self.table == self.target
    }
}

//! The typed request: both faces parse into it, and one compiler makes a statement of it.

mod document;

use std::collections::BTreeSet;

pub(crate) use document::{DocumentChange, DocumentFilter, DocumentPath, DocumentStep, MOST_STEPS};

/// A column, with steps into its JSON value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FieldPath {
    pub name: String,
    pub steps: Vec<JsonStep>,
}

impl FieldPath {
    /// Names a column.
    pub(crate) fn column(name: impl Into<String>) -> FieldPath {
        FieldPath { name: name.into(), steps: vec![] }
    }
}

/// A step into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct JsonStep {
    /// `true` for `->>`, which returns text.
    pub(crate) as_text: bool,
    pub key: JsonKey,
}

/// Key of an object, or index of an array with its sign.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum JsonKey {
    Name(String),
    Index(String),
}

/// An entry of `select`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SelectEntry {
    Field(SelectedField),
    Relation(SelectedRelation),
}

/// A selected column or aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SelectedField {
    /// `*` stands for all columns.
    pub field: FieldPath,
    pub(crate) alias: Option<String>,
    pub(crate) cast: Option<String>,
    pub aggregate: Option<Aggregate>,
    pub(crate) aggregate_cast: Option<String>,
    /// Equal spans of time, into one of which the value falls.
    pub spans: Option<TimeSpans>,
}

impl SelectedField {
    pub(crate) fn new(field: FieldPath) -> SelectedField {
        SelectedField { field, alias: None, cast: None, aggregate: None, aggregate_cast: None, spans: None }
    }
}

/// Spans of time that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimeSpans {
    /// Length of one, such as `15 minutes`.
    pub stride: String,
    /// Beginning of one.
    pub origin: String,
}

/// Aggregates of `select`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Aggregate {
    Sum,
    Avg,
    Count,
    Max,
    Min,
}

/// An embedded relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SelectedRelation {
    pub name: String,
    pub(crate) alias: Option<String>,
    pub hint: Option<String>,
    /// `true` for `!inner`: rows without a partner are left out.
    pub inner: bool,
    /// `true` for `...`: its columns stand among those of the parent.
    pub spread: bool,
    pub select: Vec<SelectEntry>,
}

/// Binary operators of filters, by their SQL operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FilterOperation {
    /// Operator of the table `OPERATORS` with a value.
    Binary {
        operator: &'static str,
        quantifier: Option<Quantifier>,
        value: String,
    },
    Is(&'static str),
    IsDistinctFrom(String),
    In(Vec<String>),
    /// Text search by a function of PostgreSQL, in a language.
    Search {
        function: &'static str,
        language: Option<String>,
        value: String,
    },
}

impl FilterOperation {
    /// Returns the number of values that a row is compared with: in an array, each comma has another one behind it.
    pub(crate) fn values(&self) -> usize {
        match self {
            FilterOperation::In(list) => list.len(),
            FilterOperation::Binary { quantifier: Some(_), value, .. } => 1 + value.matches(',').count(),
            _ => 1,
        }
    }
}

/// `any` or `all` of the values of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    Any,
    All,
}

/// A condition on one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnFilter {
    pub field: FieldPath,
    pub(crate) negated: bool,
    pub operation: FilterOperation,
}

/// A tree of conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FilterTree {
    Leaf(ColumnFilter),
    Branch {
        negated: bool,
        /// `true`: all conditions; `false`: one of them.
        all: bool,
        trees: Vec<FilterTree>,
    },
    /// A condition on the document of a row.
    Document(DocumentFilter),
}

impl FilterTree {
    /// Adds the names of the columns.
    fn add_names(&self, names: &mut BTreeSet<String>) {
        match self {
            FilterTree::Leaf(filter) => {
                names.insert(filter.field.name.clone());
            }
            FilterTree::Branch { trees, .. } => trees.iter().for_each(|tree| tree.add_names(names)),
            FilterTree::Document(_) => {
                names.insert(crate::catalog::DOCUMENT.to_owned());
            }
        }
    }
}

/// A term of `order`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderedField {
    /// The embedded relation whose column it is.
    pub relation: Option<String>,
    pub field: FieldPath,
    /// `Some(true)` is descending.
    pub(crate) descending: Option<bool>,
    pub(crate) nulls_first: Option<bool>,
}

/// Rows of a result: the first, and their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RowRange {
    pub offset: i64,
    pub limit: Option<i64>,
}

impl RowRange {
    /// Returns `true` if it leaves nothing out.
    pub(crate) fn is_all(self) -> bool {
        self == RowRange::default()
    }

    /// Restricts the range to at most this number of rows.
    #[must_use]
    pub(crate) fn at_most(self, rows: i64) -> RowRange {
        RowRange { limit: Some(self.limit.map_or(rows, |limit| limit.min(rows))), ..self }
    }
}

/// Names of embedded relations from the root to the one that is meant.
pub(crate) type EmbedPath = Vec<String>;

/// The parsed parameters of a request for rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RowQuery {
    pub select: Vec<SelectEntry>,
    pub filters: Vec<(EmbedPath, FilterTree)>,
    pub order: Vec<(EmbedPath, Vec<OrderedField>)>,
    pub(crate) ranges: Vec<(EmbedPath, RowRange)>,
    pub columns: Option<Vec<String>>,
    pub on_conflict: Option<Vec<String>>,
}

impl RowQuery {
    /// Returns the range of the root.
    pub(crate) fn range(&self) -> RowRange {
        self.ranges.iter().find(|(path, _)| path.is_empty()).map(|(_, range)| *range).unwrap_or_default()
    }

    /// Returns `true` if whole rows are selected and nothing else.
    pub(crate) fn is_whole(&self) -> bool {
        let is_all = |field: &SelectedField| {
            field.field == FieldPath::column("*") && field.alias.is_none() && field.aggregate.is_none()
        };
        matches!(&self.select[..], [SelectEntry::Field(field)] if is_all(field))
    }

    /// Returns the names of columns that the request reads at the root.
    pub(crate) fn root_columns(&self) -> BTreeSet<String> {
        let mut names = self.shown_columns();
        self.root_filters().for_each(|tree| tree.add_names(&mut names));
        names
    }

    /// Returns the names of columns at the root that the answer shows, or is ordered by.
    pub(crate) fn shown_columns(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for entry in &self.select {
            if let SelectEntry::Field(field) = entry {
                names.insert(field.field.name.clone());
            }
        }
        let terms = self.order.iter().filter(|(path, _)| path.is_empty()).flat_map(|(_, terms)| terms);
        names.extend(terms.map(|term| term.field.name.clone()));
        names
    }

    /// Returns the filters of the root.
    pub(crate) fn root_filters(&self) -> impl Iterator<Item = &FilterTree> {
        self.filters.iter().filter(|(path, _)| path.is_empty()).map(|(_, tree)| tree)
    }
}

/// Action on the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowAction {
    Read,
    Insert {
        rows: RowsBody,
        resolution: Option<Resolution>,
        missing_default: bool,
    },
    Update {
        rows: RowsBody,
        missing_default: bool,
    },
    /// Insert or replace of the row that the filters name.
    Put {
        rows: RowsBody,
    },
    /// Change of the documents, with a new version.
    Change(DocumentChange),
    Delete,
}

/// Treatment of rows that exist already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolution {
    Merge,
    Ignore,
}

/// Rows of a request as a JSON text, and their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowsBody {
    pub json: String,
    /// `true` if it is one object and not an array.
    pub(crate) is_object: bool,
    /// Names of the columns, without repetition, in the order of their names.
    pub keys: Vec<String>,
}

/// Form of the answer's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyForm {
    Rows {
        strip_nulls: bool,
    },
    Single {
        strip_nulls: bool,
    },
    Csv,
    /// The text of a value as it is, or its bytes in hexadecimal.
    Raw {
        binary: bool,
    },
    /// Result of an aggregate of the catalog over the rows, by its number.
    Made {
        number: usize,
        binary: bool,
    },
    Nothing,
}

impl BodyForm {
    /// Returns `true` if the body is bytes in hexadecimal.
    pub(crate) fn is_binary(self) -> bool {
        matches!(self, BodyForm::Raw { binary: true } | BodyForm::Made { binary: true, .. })
    }
}

/// Arguments of a call of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallArguments {
    /// Texts by the names of parameters; a variadic parameter may be repeated, of others the last one counts.
    Named(Vec<(String, String)>),
    /// A JSON object, or an array whose first object counts.
    Json { json: String, is_object: bool },
    /// One argument.
    Whole(String),
}

//! Operations on a collection.

use std::collections::BTreeSet;

use serde_json::Value;

use super::aggregate::AggregateRequest;
use super::body::wrong;
use super::collection::NewDocuments;
use super::page::PageRequest;
use crate::error::{HttpError, HttpResult};
use crate::request::{DocumentChange, FilterTree, RowQuery, RowsBody, SelectEntry};

/// Values of a row's key, in the order of the key's columns.
pub(crate) type RowId = Vec<String>;

/// Rows that an operation means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowTarget {
    /// One row, which has to be there.
    Id(RowId),
    /// One document, which has to be there with one of these versions; `None` for any.
    Versioned(RowId, Option<Vec<i32>>),
    /// Rows by a filter, with its text for the audit.
    Where(FilterTree, String),
}

/// An operation on a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiOperation {
    pub collection: String,
    pub action: ApiAction,
}

/// Action of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ApiAction {
    Insert {
        rows: RowsBody,
        select: Vec<SelectEntry>,
    },
    InsertDocuments {
        new: NewDocuments,
        select: Vec<SelectEntry>,
    },
    Get {
        id: RowId,
        select: Vec<SelectEntry>,
    },
    /// All columns beside the key: those that the body leaves out get their defaults.
    Replace {
        id: RowId,
        row: RowsBody,
        select: Vec<SelectEntry>,
    },
    Update {
        target: RowTarget,
        row: RowsBody,
        select: Vec<SelectEntry>,
    },
    /// Change of documents; a whole new one is one step.
    ChangeDocuments {
        target: RowTarget,
        change: DocumentChange,
        select: Vec<SelectEntry>,
    },
    Delete {
        target: RowTarget,
    },
    Page(PageRequest),
    Count {
        query: RowQuery,
        planned: bool,
    },
    Aggregate(AggregateRequest),
}

impl ApiAction {
    /// Returns `true` if it may change rows.
    pub(crate) fn writes(&self) -> bool {
        match self {
            ApiAction::Insert { .. }
            | ApiAction::InsertDocuments { .. }
            | ApiAction::ChangeDocuments { .. }
            | ApiAction::Replace { .. }
            | ApiAction::Update { .. }
            | ApiAction::Delete { .. } => true,
            ApiAction::Get { .. }
            | ApiAction::Page(_)
            | ApiAction::Count { .. }
            | ApiAction::Aggregate(_) => false,
        }
    }
}

/// Parses a body of JSON: a row, or, for an insert, rows, of which each may have columns of its own.
pub(crate) fn parse_rows(text: &str, many: bool) -> HttpResult<RowsBody> {
    let value: Value = serde_json::from_str(text).map_err(|error| HttpError::of_json(&error))?;
    let rows = match &value {
        Value::Array(rows) if many && !rows.is_empty() => rows.as_slice(),
        Value::Object(_) => std::slice::from_ref(&value),
        _ if many => return Err(wrong("the body is neither a row nor a list of rows")),
        _ => return Err(wrong("the body is not one row")),
    };
    let mut keys = BTreeSet::new();
    for row in rows {
        let row = row.as_object().ok_or_else(|| wrong("a row is an object"))?;
        keys.extend(row.keys().cloned());
    }
    Ok(RowsBody { json: text.to_owned(), is_object: value.is_object(), keys: keys.into_iter().collect() })
}

/// Checks the values of a key in the body of a replacement: they are those of its address.
pub(crate) fn check_key(row: &RowsBody, key: &[String], id: &RowId) -> HttpResult<()> {
    let value: Value = serde_json::from_str(&row.json).unwrap_or_default();
    for (column, own) in key.iter().zip(id) {
        if value.get(column).is_some_and(|given| super::filter::text(given) != *own) {
            let message = format!("the column {column} of the body differs from the id of the address");
            return Err(HttpError::new(400, "PGRST115", message));
        }
    }
    Ok(())
}

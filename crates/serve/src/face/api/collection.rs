//! Documents of collections as callers write them: whole ones, filters and changes, in the words of MongoDB.

mod change;
mod filter;
mod path;

use serde_json::Value;

use super::body::wrong;
use super::filter::parse_filter;
use super::number::check_numbers;
use crate::error::{HttpError, HttpResult};
use crate::request::{DocumentChange, DocumentStep, FilterTree};

pub(crate) use change::parse_change;
pub(super) use filter::parse_document_filter;

/// Contents of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CollectionKind {
    Rows,
    Documents,
}

/// New documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewDocuments {
    pub documents: Vec<Value>,
    /// `true` if the body is one document and not a list.
    pub is_one: bool,
}

/// Parses the filter of a collection.
pub(super) fn parse_where(value: &Value, kind: CollectionKind) -> HttpResult<FilterTree> {
    match kind {
        CollectionKind::Rows => parse_filter(value),
        CollectionKind::Documents => parse_document_filter(value).map(FilterTree::Document),
    }
}

/// Parses one document, or a list of documents.
pub(crate) fn parse_documents(value: Value) -> HttpResult<NewDocuments> {
    let (documents, is_one) = match value {
        Value::Array(all) if !all.is_empty() => (all, false),
        one => (vec![one], true),
    };
    documents.iter().try_for_each(check_document)?;
    Ok(NewDocuments { documents, is_one })
}

/// Returns the change that replaces a document.
pub(crate) fn replacement(document: &Value) -> HttpResult<DocumentChange> {
    check_document(document)?;
    Ok(vec![DocumentStep::Replace(document.to_string())])
}

/// Parses a body of JSON.
pub(crate) fn parse_json(text: &str) -> HttpResult<Value> {
    check_numbers(text)?;
    serde_json::from_str(text).map_err(|error| HttpError::of_json(&error))
}

/// Checks that a value is a document, and no change by operators.
pub(super) fn check_document(value: &Value) -> HttpResult<()> {
    let object = value.as_object().ok_or_else(|| wrong("a document is an object"))?;
    match object.keys().find(|key| key.starts_with('$')) {
        None => Ok(()),
        Some(key) => Err(wrong(format!("the key \"{key}\" of the document begins with $"))
            .hint("operators are for PATCH, and for \"update\" of a batch")),
    }
}

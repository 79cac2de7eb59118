//! Documents of collections as callers write them: whole ones, filters and changes, in the words of MongoDB.

mod change;
mod filter;
mod path;

use serde_json::Value;

use super::body::wrong;
use super::filter::parse_filter;
use super::number::check_numbers;
use crate::error::{HttpError, HttpResult};
use crate::face::rest::{json_path, parse_order};
use crate::request::{DocumentChange, DocumentStep, FieldPath, FilterTree, OrderedField};

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

/// Parses the terms of an order. A name of documents may be a path in them, such as `address.city.desc`.
pub(super) fn parse_terms(text: &str, kind: CollectionKind) -> HttpResult<Vec<OrderedField>> {
    if kind == CollectionKind::Rows {
        return parse_order(text);
    }
    let one = |term: &str| {
        // A quoted name, a step into JSON, and a relation are written as in the URL.
        if term.contains(['"', '>', '(']) {
            return parse_order(term);
        }
        let (term, nulls_first) = without_word(term.trim(), &[(".nullsfirst", true), (".nullslast", false)]);
        let (name, descending) = without_word(term, &[(".asc", false), (".desc", true)]);
        let field = parse_name(name, kind)?;
        Ok(vec![OrderedField { relation: None, field, descending, nulls_first }])
    };
    Ok(text.split(',').map(one).collect::<HttpResult<Vec<_>>>()?.concat())
}

/// Parses the name of a column with steps into its JSON. A name of documents may be a path in them.
pub(super) fn parse_name(text: &str, kind: CollectionKind) -> HttpResult<FieldPath> {
    match kind {
        CollectionKind::Documents if !text.is_empty() && !text.contains(['"', '>']) => {
            Ok(FieldPath::column(text))
        }
        _ => json_path(text),
    }
}

fn without_word<'a>(text: &'a str, words: &[(&str, bool)]) -> (&'a str, Option<bool>) {
    let found = words.iter().find_map(|(word, meaning)| Some((text.strip_suffix(word)?, Some(*meaning))));
    found.unwrap_or((text, None))
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

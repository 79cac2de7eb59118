//! Conditions on documents, and changes of them.

/// Keys from the root of a document to a value; none for the document itself.
pub(crate) type DocumentPath = Vec<String>;

/// A condition on a document, or on an element of a list in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DocumentFilter {
    All(Vec<DocumentFilter>),
    Any(Vec<DocumentFilter>),
    Not(Box<DocumentFilter>),
    /// One of these JSON values is at the path, alone or in the list there.
    Contains {
        path: DocumentPath,
        values: Vec<String>,
    },
    /// The value of a type compared with another one of the same type.
    Compared {
        path: DocumentPath,
        /// Operator of SQL.
        operator: &'static str,
        /// Type of the value, as `jsonb_typeof` names it.
        r#type: &'static str,
        value: String,
    },
    Exists(DocumentPath),
    /// An element of the list there fulfils the filter.
    Element {
        path: DocumentPath,
        filter: Box<DocumentFilter>,
    },
    /// The text there matches a regular expression.
    Matches {
        path: DocumentPath,
        pattern: String,
    },
}

impl DocumentFilter {
    /// Returns the number of conditions.
    pub(crate) fn conditions(&self) -> usize {
        match self {
            DocumentFilter::All(all) | DocumentFilter::Any(all) => {
                all.iter().map(DocumentFilter::conditions).sum()
            }
            DocumentFilter::Not(filter) | DocumentFilter::Element { filter, .. } => 1 + filter.conditions(),
            _ => 1,
        }
    }

    /// Returns the number of values of the longest list.
    pub(crate) fn values(&self) -> usize {
        match self {
            DocumentFilter::All(all) | DocumentFilter::Any(all) => {
                all.iter().map(DocumentFilter::values).max().unwrap_or_default()
            }
            DocumentFilter::Not(filter) | DocumentFilter::Element { filter, .. } => filter.values(),
            DocumentFilter::Contains { values, .. } => values.len(),
            _ => 1,
        }
    }

    /// Returns `true` if it has a regular expression.
    pub(crate) fn has_pattern(&self) -> bool {
        match self {
            DocumentFilter::All(all) | DocumentFilter::Any(all) => {
                all.iter().any(DocumentFilter::has_pattern)
            }
            DocumentFilter::Not(filter) | DocumentFilter::Element { filter, .. } => filter.has_pattern(),
            DocumentFilter::Matches { .. } => true,
            _ => false,
        }
    }
}

/// Most steps of a change: each key of a path counts.
pub(crate) const MOST_STEPS: usize = 100;

/// A change of documents, step by step.
pub(crate) type DocumentChange = Vec<DocumentStep>;

/// A step of a change. Values are JSON texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DocumentStep {
    Replace(String),
    Set(DocumentPath, String),
    Remove(DocumentPath),
    /// Adds a number.
    Increase(DocumentPath, String),
    /// Appends the values of a list.
    Append(DocumentPath, String),
}

impl DocumentStep {
    /// Returns the place that it changes.
    pub(crate) fn path(&self) -> &[String] {
        match self {
            DocumentStep::Replace(_) => &[],
            DocumentStep::Set(path, _)
            | DocumentStep::Remove(path)
            | DocumentStep::Increase(path, _)
            | DocumentStep::Append(path, _) => path,
        }
    }
}

//! An operation that is ready to run, and its result.

use std::borrow::Cow;

use crate::answer::StatementResult;
use crate::answer::statement_rows::StepForm;
use crate::catalog::CachedTable;
use crate::compile::{CompiledStatement, LONGEST_PLACE};
use crate::error::{HttpError, HttpResult};
use crate::request::{BodyForm, OrderedField};
use crate::run::RequestStep;
use crate::run::precondition::failed;
use crate::run::records::AuditedAction;
use crate::run::service::cursor::{CursorKey, PageKey};

/// An operation, planned and compiled.
pub(super) struct PreparedOperation {
    pub(crate) compiled: CompiledStatement,
    pub form: BodyForm,
    pub outcome: OperationOutcome,
    /// Audit's word for it.
    pub word: &'static str,
    /// Schema and name of the relation.
    pub relation: String,
    /// `true` if its documents are whole, so that their version is their tag.
    pub(crate) tagged: bool,
    /// `true` if the document has to have a version that the caller names.
    pub(crate) conditional: bool,
    /// Columns of the relation's key.
    pub key: Vec<String>,
    /// Filters of the request, for the audit.
    pub filters: Option<String>,
    pub writes: bool,
    /// Tables that it reads, if its answer may be kept.
    pub(crate) cached: Option<Vec<CachedTable>>,
    /// Most bytes of the result.
    pub(crate) largest: usize,
}

/// Meaning of an operation's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OperationOutcome {
    /// Rows as they are.
    Rows,
    /// A new row.
    New,
    /// One row, which has to be there.
    One,
    Page(Vec<OrderedField>),
    /// Results of a search, and the collections that the login may not read.
    Found {
        left_out: Vec<String>,
    },
    Count,
    /// Number of rows, by the planner.
    Planned,
    /// Removed rows; a row named by its id must exist.
    Removed {
        one: bool,
    },
}

impl PreparedOperation {
    /// Returns a read of relations of these names, without a statement.
    pub(super) fn reading(relation: String, largest: usize) -> PreparedOperation {
        PreparedOperation {
            compiled: CompiledStatement::default(),
            form: BodyForm::Rows { strip_nulls: false },
            outcome: OperationOutcome::Rows,
            word: "read",
            relation,
            key: vec![],
            tagged: false,
            conditional: false,
            filters: None,
            writes: false,
            cached: None,
            largest,
        }
    }

    /// Returns the step of the operation. It is checked by [`check`](PreparedOperation::check).
    pub(super) fn step<'a>(&self, compiled: Cow<'a, CompiledStatement>) -> RequestStep<'a> {
        let form = match self.outcome {
            OperationOutcome::Planned => StepForm::Plan,
            _ => StepForm::Body(self.form),
        };
        let action = AuditedAction {
            operation: self.word,
            collection: self.relation.clone(),
            key: self.filters.clone(),
            is_new: self.word == "insert",
            writes: self.writes,
            rows: 0,
        };
        RequestStep { compiled, form, action: Some(action), check: Box::new(Ok) }
    }

    /// Checks the result of the step.
    pub(super) fn check(&self, result: StatementResult) -> HttpResult<StatementResult> {
        if result.body.len() > self.largest {
            return Err(HttpError::too_large(self.largest));
        }
        match self.outcome {
            OperationOutcome::One | OperationOutcome::Removed { one: true } if result.rows == 0 => {
                if self.conditional {
                    return Err(failed());
                }
                Err(HttpError::new(404, "PGRST116", "no row has this id"))
            }
            OperationOutcome::Found { .. } if result.total == Some(0) => {
                let message = "the search has no word to find";
                Err(HttpError::new(422, "MDB013", message).hint(
                    "a word behind a minus only excludes, and a language leaves out words such as \"the\"",
                ))
            }
            OperationOutcome::One | OperationOutcome::New | OperationOutcome::Removed { one: true }
                if result.rows != 1 =>
            {
                Err(HttpError::not_single(result.rows))
            }
            _ => Ok(result),
        }
    }

    /// Returns the tag of a document: its version.
    pub(super) fn version_tag(&self, result: &StatementResult) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Versioned {
            version: i64,
        }
        let is_one = matches!(self.outcome, OperationOutcome::One | OperationOutcome::New);
        if !self.tagged || !is_one {
            return None;
        }
        let document: Versioned = serde_json::from_slice(&result.body).ok()?;
        Some(format!("\"{}\"", document.version))
    }

    /// Returns the JSON text of a result.
    pub(super) fn text(&self, result: &StatementResult, cursors: &CursorKey) -> HttpResult<String> {
        let body = || String::from_utf8_lossy(&result.body).into_owned();
        Ok(match &self.outcome {
            OperationOutcome::Rows | OperationOutcome::New | OperationOutcome::One => body(),
            OperationOutcome::Count | OperationOutcome::Planned => {
                serde_json::json!({ "count": result.total }).to_string()
            }
            OperationOutcome::Found { left_out } => {
                let left_out = serde_json::Value::from(left_out.clone());
                format!("{{\"items\":{},\"left_out\":{left_out}}}", body())
            }
            OperationOutcome::Removed { .. } => serde_json::json!({ "rows": result.rows }).to_string(),
            OperationOutcome::Page(order) => {
                let next = match result.location.as_deref() {
                    None => None,
                    Some(place) => cursors.sign(&self.relation, order, &checked(place)?),
                };
                let next = serde_json::Value::from(next);
                format!("{{\"items\":{},\"next\":{next}}}", body())
            }
        })
    }

    /// Returns the id of a new row in an address: the values of its key.
    pub(super) fn id(&self, result: &StatementResult) -> Option<String> {
        let key: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(result.location.as_deref()?).ok()?;
        let value = |name: &String| key.get(name)?.as_str()?.strip_prefix("eq.").map(encoded);
        let values = self.key.iter().map(value).collect::<Option<Vec<_>>>()?;
        if values.is_empty() { None } else { Some(values.join(",")) }
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Parses a place; one whose value was cut is none.
fn checked(place: &str) -> HttpResult<PageKey> {
    let place: PageKey = serde_json::from_str(place)
        .map_err(|_| HttpError::new(500, "MDB000", "the place of a page cannot be read"))?;
    if place.iter().flatten().any(|value| value.chars().count() > LONGEST_PLACE) {
        let message = format!("a value of the order has more than {LONGEST_PLACE} characters");
        return Err(HttpError::limit(message).hint("order by shorter columns"));
    }
    Ok(place)
}

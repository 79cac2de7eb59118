//! Operations on documents of a collection.

use serde_json::{Value, json};

use super::OperationPlanner;
use super::collection::{are_whole, has_pattern, shown};
use crate::catalog::DOCUMENT;
use crate::error::{HttpError, HttpResult};
use crate::face::api::{NewDocuments, RowTarget};
use crate::handlers::api::prepared::PreparedOperation;
use crate::request::{DocumentChange, DocumentStep, RowAction, RowQuery, RowsBody, SelectEntry};

impl OperationPlanner<'_> {
    /// Prepares new documents, each with an id.
    pub(super) fn insert_documents(
        &self,
        new: &NewDocuments,
        select: &[SelectEntry],
    ) -> HttpResult<PreparedOperation> {
        let row = |document: &Value| Ok(json!({ "id": self.ids.next()?, DOCUMENT: document }));
        let rows: Vec<Value> = new.documents.iter().map(row).collect::<HttpResult<_>>()?;
        let json = match &rows[..] {
            [one] if new.is_one => one.to_string(),
            _ => Value::from(rows).to_string(),
        };
        let rows = RowsBody { json, is_object: new.is_one, keys: vec![DOCUMENT.into(), "id".into()] };
        let prepared = self.insert(&rows, &shown(self.relation, select))?;
        Ok(PreparedOperation { tagged: are_whole(self.relation, select), ..prepared })
    }

    /// Prepares a change of documents.
    pub(super) fn change_documents(
        &self,
        target: &RowTarget,
        change: &DocumentChange,
        select: &[SelectEntry],
    ) -> HttpResult<PreparedOperation> {
        let action = RowAction::Change(change.clone());
        let prepared = self.change(target, action, &shown(self.relation, select))?;
        let word = if matches!(change[..], [DocumentStep::Replace(_)]) { "put" } else { prepared.word };
        Ok(PreparedOperation { tagged: are_whole(self.relation, select), word, ..prepared })
    }

    /// Rejects regular expressions where nothing limits what they cost.
    pub(super) fn check_patterns(&self, query: &RowQuery) -> HttpResult<()> {
        if self.limits.cost.is_some() || !query.root_filters().any(has_pattern) {
            return Ok(());
        }
        let message = "\"$regex\" needs a limit of the planner's cost";
        Err(HttpError::new(400, "MDB009", message).hint("limits: { cost: … } of the service in the manifest"))
    }
}

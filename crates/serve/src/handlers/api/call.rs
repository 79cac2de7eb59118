//! A request below `/api/db/` with all that it needs.

use std::sync::Arc;

use super::prepare::OperationPlanner;
use super::prepared::PreparedOperation;
pub(super) use crate::answer::JSON;
use crate::callers::RequestCaller;
use crate::catalog::{ExposedRelation, ServedCatalog};
use crate::error::{HttpError, HttpResult};
use crate::face::api::{ApiOperation, CollectionKind, is_reserved};
use crate::face::http_request::RestRequest;
use crate::face::rest::{Preferences, ReturnPreference, TransactionEnd};
use crate::handlers::rest::check_right;
use crate::run::service::ServedService;
use crate::run::{RequestContext, RequestEnd, SessionUse};

/// A request with all that it needs.
pub(super) struct ApiCall<'a> {
    pub service: &'a Arc<ServedService>,
    pub caller: &'a RequestCaller,
    pub request: &'a RestRequest,
    pub catalog: Arc<ServedCatalog>,
    pub schema: String,
    pub(crate) preferences: Preferences,
}

impl ApiCall<'_> {
    /// Returns the context of the request.
    pub(super) fn context(&self) -> HttpResult<RequestContext> {
        RequestContext::new(self.service, self.caller, self.request, &self.preferences)
    }

    /// Returns the session of the request.
    pub(super) fn session(&self, writes: bool) -> SessionUse {
        let mut session = SessionUse::new(writes);
        if writes && self.preferences.end == Some(TransactionEnd::Rollback) {
            session.end = RequestEnd::RollBack { checks_constraints: true };
        }
        session
    }

    /// Returns what a collection has.
    pub(super) fn kind(&self, collection: &str) -> CollectionKind {
        match self.catalog.relation(&self.schema, collection) {
            Ok(relation) if relation.is_collection() => CollectionKind::Documents,
            _ => CollectionKind::Rows,
        }
    }

    /// Returns the planner of operations.
    pub(super) fn planner(&self, collection: &str) -> HttpResult<OperationPlanner<'_>> {
        Ok(OperationPlanner {
            catalog: &self.catalog,
            limits: &self.service.exposure.limits,
            cursors: &self.service.cursors,
            relation: self.relation(collection)?,
            ids: &self.service.ids,
            returns: self.preferences.returns != Some(ReturnPreference::Minimal),
        })
    }

    /// Returns the relation of a collection.
    pub(super) fn relation(&self, collection: &str) -> HttpResult<&ExposedRelation> {
        if is_reserved(collection) {
            return Err(HttpError::no_table(&self.schema, collection));
        }
        self.catalog.relation(&self.schema, collection)
    }

    /// Prepares an operation.
    pub(super) fn prepare(&self, operation: &ApiOperation) -> HttpResult<PreparedOperation> {
        self.planner(&operation.collection)?.prepare(&operation.action)
    }

    /// Rejects a write of a caller that only reads.
    pub(super) fn check_right(&self, writes: bool) -> HttpResult<()> {
        check_right(self.caller, writes)
    }

    /// Returns `false` for the caller without a key.
    pub(super) fn is_authenticated(&self) -> bool {
        self.caller.identity.name != crate::callers::ANONYMOUS
    }
}

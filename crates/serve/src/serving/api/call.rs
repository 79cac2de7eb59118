//! A request below `/api/db/` with all that it needs.

use std::sync::Arc;

use crate::callers::RequestCaller;
use crate::catalog::ServedCatalog;
use crate::face::api::CollectionKind;
use crate::face::rest::Preferences;
use crate::fault::Served;
use crate::serving::action::RestRequest;
pub use crate::serving::answer::JSON;
use crate::serving::exchange::check_right;
use crate::serving::records::RequestRecords;
use crate::serving::service::ServedService;
use crate::serving::transaction::TransactionSettings;

/// A request with all that it needs.
pub struct ApiCall<'a> {
    pub service: &'a Arc<ServedService>,
    pub caller: &'a RequestCaller,
    pub request: &'a RestRequest,
    pub catalog: Arc<ServedCatalog>,
    pub schema: String,
    pub preferences: Preferences,
    pub records: RequestRecords,
}

impl ApiCall<'_> {
    /// Returns the settings of a transaction.
    pub fn settings(&self) -> TransactionSettings {
        TransactionSettings::of(&self.service.exposure, self.caller, &self.preferences)
    }

    /// Returns what a collection has.
    pub fn kind(&self, collection: &str) -> CollectionKind {
        match self.catalog.relation(&self.schema, collection) {
            Ok(relation) if relation.is_collection() => CollectionKind::Documents,
            _ => CollectionKind::Rows,
        }
    }

    /// Rejects a write of a caller that only reads.
    pub fn check_right(&self, writes: bool) -> Served<()> {
        check_right(self.caller, writes)
    }

    /// Returns `false` for the caller without a key.
    pub fn is_authenticated(&self) -> bool {
        self.caller.caller.name != crate::callers::ANONYMOUS
    }
}

//! Reads whose answers may be kept.

use super::RestCall;
use crate::compile::CompiledStatement;
use crate::face::rest::CountWish;
use crate::plan::PlannedTree;
use crate::request::BodyForm;
use crate::serving::cache::{CacheSubject, CacheWish};
use crate::serving::transaction::TransactionSettings;

impl RestCall<'_> {
    /// Returns the wish of a read whose answer may be kept: not one that depends on a replica or on the planner.
    pub(super) fn cache_wish(
        &self,
        form: BodyForm,
        tree: &PlannedTree<'_>,
        compiled: &CompiledStatement,
    ) -> Option<CacheWish> {
        let is_estimated = matches!(self.preferences.count, Some(CountWish::Planned | CountWish::Estimated));
        if is_estimated || self.read_preference.is_some() {
            return None;
        }
        let settings = TransactionSettings::of(self.exposure(), self.caller, self.preferences);
        let login = self.service.login_of(&self.caller.caller, false);
        let subject = CacheSubject { login, settings: &settings, form, compiled };
        CacheWish::of(self.catalog, tree.cached(self.catalog), &subject)
    }
}

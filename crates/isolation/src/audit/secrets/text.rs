//! Text in a place that logins can read: input of the rules about secrets.

use crate::audit::context::Audit;
use martydb_model::DesiredService;
use martydb_model::grants::Repair;

/// A text that every login of the server can read.
pub(crate) struct Text<'a> {
    pub text: String,
    /// Name of the text within its object.
    pub what: String,
    pub object: String,
    pub service: Option<&'a DesiredService>,
    pub repair: Option<Repair>,
}

pub(crate) fn named<'a>(audit: &Audit<'a>, service: &str) -> Option<&'a DesiredService> {
    audit.desired.services.values().find(|one| one.name.as_str() == service)
}

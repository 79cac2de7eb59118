//! What the rules about secrets share: a text in a place that logins can read.

use crate::audit::context::Audit;
use martydb_model::DesiredService;
use martydb_model::grants::Repair;

/// A text that every login of the server can read.
pub struct Text<'a> {
    pub text: String,
    /// What it is of the object.
    pub what: String,
    pub object: String,
    pub service: Option<&'a DesiredService>,
    pub repair: Option<Repair>,
}

pub fn named<'a>(audit: &Audit<'a>, service: &str) -> Option<&'a DesiredService> {
    audit.desired.services.values().find(|one| one.name.as_str() == service)
}

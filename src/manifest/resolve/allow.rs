//! What was declared on purpose, checked: each entry names a finding that there is, and says why.

use std::collections::BTreeMap;

use super::{Allow, Resolver, Step, key};
use crate::audit::KINDS;
use crate::error::Result;
use crate::model::{DesiredService, ServiceName};

/// What to say of an id that no finding has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFinding {
    /// What is wrong.
    pub message: String,
    /// What was meant, or where the ids are.
    pub hint: String,
}

/// `None` where the id is that of a finding. For everything that names findings, in the manifest and beside it.
pub fn unknown_finding(id: &str) -> Option<UnknownFinding> {
    let mut ids = KINDS.iter().map(|kind| kind.id);
    if ids.clone().any(|known| known == id) {
        return None;
    }
    let hint = crate::suggest::hint(id, &mut ids, || "docs/findings.md lists them all".into());
    Some(UnknownFinding { message: format!("unknown finding \"{id}\""), hint })
}

impl Resolver<'_> {
    pub(super) fn allow(&self, services: &BTreeMap<ServiceName, DesiredService>) -> Result<Vec<Allow>> {
        let own = self.raw.services.iter().flat_map(|(name, service)| {
            let entries = service.iter().flat_map(|service| &service.allow).enumerate();
            entries.map(move |(index, entry)| {
                let path = vec![key("services"), key(name), key("allow"), Step::Index(index)];
                (path, Allow { service: Some(name.clone()), ..entry.clone() })
            })
        });
        let all = self.raw.allow.iter().enumerate();
        let global = all.map(|(index, entry)| (vec![key("allow"), Step::Index(index)], entry.clone()));
        global.chain(own).map(|(path, entry)| self.check_allow(&path, entry, services)).collect()
    }

    fn check_allow(
        &self,
        path: &[Step],
        entry: Allow,
        services: &BTreeMap<ServiceName, DesiredService>,
    ) -> Result<Allow> {
        let at = |last: &str| [path, &[key(last)]].concat();
        if entry.reason.trim().is_empty() {
            return Err(self.sources.error_at(&at("reason"), "an allow entry needs a reason"));
        }
        if let Some(unknown) = unknown_finding(&entry.finding) {
            return Err(self.sources.error_at(&at("finding"), unknown.message).hint(unknown.hint));
        }
        if let Some(service) = &entry.service
            && !services.keys().any(|name| name.as_str() == service)
        {
            let names: Vec<&str> = services.keys().map(ServiceName::as_str).collect();
            let all = || format!("services: {}", names.join(", "));
            let hint = crate::suggest::hint(service, names.iter().copied(), all);
            let error = self.sources.error_at(&at("service"), format!("unknown service \"{service}\""));
            return Err(error.hint(hint));
        }
        let day = time::macros::format_description!("[year]-[month]-[day]");
        match entry.until.as_deref().map(|until| time::Date::parse(until, day)) {
            Some(Err(_)) => Err(self.sources.error_at(&at("until"), "not a date such as 2027-01-31")),
            _ => Ok(entry),
        }
    }
}

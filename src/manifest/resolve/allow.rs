//! Accepted findings: each entry names a finding that exists, and gives the reason.

use std::collections::BTreeMap;

use super::scope::Scope;
use crate::error::Result;
use crate::findings::KINDS;
use crate::manifest::locate::{YamlStep, keys};
use crate::manifest::raw::RawAllow;
use crate::model::{DesiredService, ServiceName};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFinding {
    pub message: String,
    /// What was meant, or where the ids are.
    pub hint: String,
}

/// `None` where a finding has this id. For everything that names findings, in the manifest and elsewhere.
pub fn unknown_finding(id: &str) -> Option<UnknownFinding> {
    let mut ids = KINDS.iter().map(|kind| kind.id);
    if ids.clone().any(|known| known == id) {
        return None;
    }
    let hint = crate::suggest::hint(id, &mut ids, || "docs/findings.md lists them all".into());
    Some(UnknownFinding { message: format!("unknown finding \"{id}\""), hint })
}

pub fn all(scope: &Scope, services: &BTreeMap<ServiceName, DesiredService>) -> Result<Vec<RawAllow>> {
    let own = scope.raw.services.iter().flat_map(|(name, service)| {
        let entries = service.iter().flat_map(|service| &service.allow).enumerate();
        entries.map(move |(index, entry)| {
            let path = [keys(["services", name, "allow"]), vec![YamlStep::Index(index)]].concat();
            (path, RawAllow { service: Some(name.clone()), ..entry.clone() })
        })
    });
    let global = scope.raw.allow.iter().enumerate();
    let global = global
        .map(|(index, entry)| (vec![YamlStep::Key("allow".into()), YamlStep::Index(index)], entry.clone()));
    global.chain(own).map(|(path, entry)| check(scope, &path, entry, services)).collect()
}

fn check(
    scope: &Scope,
    path: &[YamlStep],
    entry: RawAllow,
    services: &BTreeMap<ServiceName, DesiredService>,
) -> Result<RawAllow> {
    let wrong =
        |key, message| scope.sources.error_at(&[path, &[YamlStep::Key(String::from(key))]].concat(), message);
    if entry.reason.trim().is_empty() {
        return Err(wrong("reason", "an allow entry needs a reason".to_owned()));
    }
    if let Some(unknown) = unknown_finding(&entry.finding) {
        return Err(wrong("finding", unknown.message).hint(unknown.hint));
    }
    if let Some(service) = &entry.service
        && !services.keys().any(|name| name.as_str() == service)
    {
        let names: Vec<&str> = services.keys().map(ServiceName::as_str).collect();
        let all = || format!("services: {}", names.join(", "));
        let hint = crate::suggest::hint(service, names.iter().copied(), all);
        return Err(wrong("service", format!("unknown service \"{service}\"")).hint(hint));
    }
    let day = time::macros::format_description!("[year]-[month]-[day]");
    match entry.until.as_deref().map(|until| time::Date::parse(until, day)) {
        Some(Err(_)) => Err(wrong("until", "not a date such as 2027-01-31".to_owned())),
        _ => Ok(entry),
    }
}

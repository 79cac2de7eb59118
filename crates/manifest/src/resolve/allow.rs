//! Accepted findings: each entry needs an existing finding and a reason.

use std::collections::BTreeMap;

use super::scope::Scope;
use crate::raw::RawAllow;
use martydb_model::error::Result;
use martydb_model::findings::KINDS;
use martydb_model::suggest::{did_you_mean, hint, nearest};
use martydb_model::{DesiredService, ServiceName};

/// Returns message and hint for an unknown finding id, wherever findings are named; `None` if the id is known.
pub fn unknown_finding(id: &str) -> Option<(String, String)> {
    let mut ids = KINDS.iter().map(|kind| kind.id);
    if ids.clone().any(|known| known == id) {
        return None;
    }
    let hint = nearest(id, &mut ids).map_or("docs/findings.md lists them all".into(), did_you_mean);
    Some((format!("unknown finding \"{id}\""), hint))
}

pub(crate) fn all(scope: &Scope, services: &BTreeMap<ServiceName, DesiredService>) -> Result<Vec<RawAllow>> {
    let mut all = vec![];
    for (index, entry) in scope.raw.allow.iter().enumerate() {
        all.push(check(scope, &["allow", &index.to_string()], entry.clone(), services)?);
    }
    for (name, service) in &scope.raw.services {
        for (index, entry) in service.iter().flat_map(|service| &service.allow).enumerate() {
            let entry = RawAllow { service: Some(name.clone()), ..entry.clone() };
            all.push(check(scope, &["services", name, "allow", &index.to_string()], entry, services)?);
        }
    }
    Ok(all)
}

fn check(
    scope: &Scope,
    path: &[&str],
    entry: RawAllow,
    services: &BTreeMap<ServiceName, DesiredService>,
) -> Result<RawAllow> {
    let wrong = |key, message| scope.sources.error_at(&[path, &[key]].concat(), message);
    if entry.reason.trim().is_empty() {
        return Err(wrong("reason", "an allow entry needs a reason".to_owned()));
    }
    if let Some((message, hint)) = unknown_finding(&entry.finding) {
        return Err(wrong("finding", message).hint(hint));
    }
    if let Some(service) = &entry.service
        && !services.keys().any(|name| name.as_str() == service)
    {
        let names: Vec<&str> = services.keys().map(ServiceName::as_str).collect();
        let error = wrong("service", format!("unknown service \"{service}\""));
        return Err(error.hint(hint(service, "services", &names)));
    }
    let day = time::macros::format_description!("[year]-[month]-[day]");
    match entry.until.as_deref().map(|until| time::Date::parse(until, day)) {
        Some(Err(_)) => Err(wrong("until", "not a date such as 2027-01-31".to_owned())),
        _ => Ok(entry),
    }
}

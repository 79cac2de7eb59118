//! Accepted findings: each entry needs an existing finding and a reason.

use std::collections::{BTreeMap, BTreeSet};

use super::scope::Scope;
use crate::raw::RawAllow;
use crate::source::IncludedFile;
use martydb_model::error::{Error, Result};
use martydb_model::findings::KINDS;
use martydb_model::suggest::{did_you_mean, hint, nearest};
use martydb_model::units::listed;
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
        let index = index.to_string();
        let wrong = |key: &str, message: String| scope.sources.error_at(&["allow", &index, key], message);
        all.push(check(entry.clone(), services, &wrong)?);
    }
    for (name, service) in &scope.raw.services {
        let within = scope.sources.file_of(name).map(|file| services_of(scope, services, file));
        for (index, entry) in service.iter().flat_map(|service| &service.allow).enumerate() {
            let index = index.to_string();
            let entry = RawAllow { service: Some(name.clone()), within: within.clone(), ..entry.clone() };
            let wrong = |key: &str, message: String| {
                scope.sources.error_at(&["services", name, "allow", &index, key], message)
            };
            all.push(check(entry, services, &wrong)?);
        }
    }
    for included in scope.sources.included_allow(scope.variables)? {
        let own = services_of(scope, services, included.file);
        let wrong = |key: &str, message: String| included.error_at(key, message);
        let entry = check(included.entry.clone(), services, &wrong)?;
        demand_own(&entry, &own, &wrong)?;
        all.push(RawAllow { within: Some(own), ..entry });
    }
    Ok(all)
}

/// Returns the services that an included file declares.
fn services_of(
    scope: &Scope,
    services: &BTreeMap<ServiceName, DesiredService>,
    file: IncludedFile,
) -> BTreeSet<String> {
    let own = services.keys().map(ServiceName::as_str);
    own.filter(|name| scope.sources.file_of(name) == Some(file)).map(String::from).collect()
}

/// Refuses an entry of an included file that may accept findings about a service of another file or about the whole server:
/// a role or a database alone does not say who is exposed.
fn demand_own(entry: &RawAllow, own: &BTreeSet<String>, wrong: &dyn Fn(&str, String) -> Error) -> Result<()> {
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    match &entry.service {
        None => Err(wrong(
            "finding",
            "an entry of an included file accepts only findings about a service of that file".into(),
        )
        .hint(format!(
            "add service: one of {}; what concerns others stands in the manifest itself",
            listed(&own)
        ))),
        Some(service) if !own.contains(&service.as_str()) => {
            Err(wrong("service", format!("service \"{service}\" is declared in another file"))
                .hint("put the entry into the file that declares the service, or into the manifest itself"))
        }
        Some(_) => Ok(()),
    }
}

fn check(
    entry: RawAllow,
    services: &BTreeMap<ServiceName, DesiredService>,
    wrong: &dyn Fn(&str, String) -> Error,
) -> Result<RawAllow> {
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

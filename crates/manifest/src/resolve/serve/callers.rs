//! Callers of the data service: each has one login of one service. `anonymous` may have one of each of several services.

use std::collections::BTreeMap;

use crate::raw::{RawServeCaller, RawServeCallers, RawServeRight};
use crate::resolve::scope::Scope;
use crate::resolve::unique::{ServerLogins, ServiceMap};
use martydb_model::error::{Error, Result};
use martydb_model::suggest::hint;
use martydb_model::{
    ANONYMOUS, AccessExtent, AccessGrant, AccessLevel, DeclaredCaller, DesiredService, RoleName, ServiceName,
};

/// Callers that prove who they are, by name, and those that do not, by service.
#[derive(Default)]
pub(crate) struct ResolvedCallers {
    pub named: BTreeMap<String, DeclaredCaller>,
    pub anonymous: BTreeMap<ServiceName, DeclaredCaller>,
}

/// Returns the callers of the manifest.
pub(crate) fn all(
    scope: &Scope,
    raw: &BTreeMap<String, RawServeCallers>,
    services: &ServiceMap,
    logins: &ServerLogins,
) -> Result<ResolvedCallers> {
    let mut found = ResolvedCallers::default();
    for (name, raw) in raw {
        let entry = CallerEntry { scope, path: vec!["serve", "callers", name], name };
        match raw {
            RawServeCallers::One(raw) => found.add(&entry, entry.caller(raw, services, logins)?)?,
            RawServeCallers::Each(_) if name != ANONYMOUS => {
                let message = format!("caller \"{name}\" belongs to one service: it cannot be a list");
                return Err(entry.error(&[], message).hint("declare a caller for each service"));
            }
            RawServeCallers::Each(entries) => {
                for (at, raw) in entries.iter().enumerate() {
                    let at = at.to_string();
                    let path = entry.path.iter().copied().chain([at.as_str()]).collect();
                    let entry = CallerEntry { path, ..entry };
                    found.add(&entry, entry.caller(raw, services, logins)?)?;
                }
            }
        }
    }
    found.check_certified(scope)?;
    Ok(found)
}

impl ResolvedCallers {
    fn add(&mut self, entry: &CallerEntry, caller: DeclaredCaller) -> Result<()> {
        if entry.name != ANONYMOUS {
            self.named.insert(entry.name.to_owned(), caller);
        } else if self.anonymous.contains_key(&caller.service) {
            let message = format!("`anonymous` has two logins of service \"{}\"", caller.service);
            return Err(entry.error(&["service"], message).hint("remove one of the two entries"));
        } else {
            self.anonymous.insert(caller.service.clone(), caller);
        }
        Ok(())
    }

    /// Requires that a certificate's name is that of one caller.
    fn check_certified(&self, scope: &Scope) -> Result<()> {
        let mut taken = BTreeMap::new();
        for (name, caller) in &self.named {
            let Some(san) = caller.san.as_deref() else { continue };
            if let Some(other) = taken.insert(san, name) {
                let message = format!("\"{san}\" is the certificate's name of caller \"{other}\" too");
                return Err(scope.error(["serve", "callers", name, "san"], message));
            }
        }
        Ok(())
    }
}

/// An entry of a caller, at its path in the manifest.
struct CallerEntry<'a> {
    scope: &'a Scope<'a>,
    path: Vec<&'a str>,
    name: &'a str,
}

impl CallerEntry<'_> {
    fn error(&self, keys: &[&str], message: impl std::fmt::Display) -> Error {
        let path: Vec<&str> = self.path.iter().chain(keys).copied().collect();
        self.scope.sources.error_at(&path, message)
    }

    fn caller(
        &self,
        raw: &RawServeCaller,
        services: &ServiceMap,
        logins: &ServerLogins,
    ) -> Result<DeclaredCaller> {
        let name = self.name;
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 40 || !name.chars().all(is_name) {
            let message = format!("\"{name}\" is not a caller's name: at most 40 of a-z, 0-9, _ and -");
            return Err(self.scope.error(["serve", "callers"], message));
        }
        let service = self.service(raw, services)?;
        for (key, given) in [("key_env", &raw.key_env), ("san", &raw.san)] {
            if name == ANONYMOUS && given.is_some() {
                return Err(self.error(&[key], "`anonymous` stands for requests without a key"));
            }
        }
        let (writes, login) = self.right(raw, service, logins)?;
        Ok(DeclaredCaller {
            service: service.name.clone(),
            writes,
            login,
            key_env: raw.key_env.clone(),
            san: (name != ANONYMOUS).then(|| raw.san.clone().unwrap_or_else(|| name.to_owned())),
            rate: self.rate("rate", raw.rate.as_deref())?,
            cost: self.rate("cost", raw.cost.as_deref())?,
        })
    }

    fn service<'s>(&self, raw: &RawServeCaller, services: &'s ServiceMap) -> Result<&'s DesiredService> {
        let known: Vec<&str> = services.keys().map(ServiceName::as_str).collect();
        let found = services.values().find(|service| service.name.as_str() == raw.service);
        let service = found.ok_or_else(|| {
            self.error(&["service"], format!("unknown service \"{}\"", raw.service))
                .hint(hint(&raw.service, "services", &known))
        })?;
        if service.serve.is_none() {
            let message = format!("service \"{}\" is not exposed", service.name);
            return Err(self.error(&["service"], message).hint("add `serve: {}` to it"));
        }
        Ok(service)
    }

    /// Returns `true` if the caller writes, and its login if that is one of `access`.
    fn right(
        &self,
        raw: &RawServeCaller,
        service: &DesiredService,
        logins: &ServerLogins,
    ) -> Result<(bool, Option<RoleName>)> {
        let role = match (raw.r#as, &raw.access) {
            (Some(right), None) => return Ok((right == RawServeRight::Write, None)),
            (None, Some(role)) => role,
            _ => return Err(self.error(&["as"], "a caller needs either `as` or `access`")),
        };
        let level = access_level(service, role).ok_or_else(|| {
            let message =
                format!("\"{role}\" has neither `read` nor `write` for service \"{}\"", service.name);
            self.error(&["access"], message).hint("declare the login under `access`")
        })?;
        let all = logins.get(&service.server).into_iter().flat_map(BTreeMap::values);
        let mut declared = all.filter(|one| one.login && !one.expired);
        let login = declared.find(|one| one.name.as_str() == role).ok_or_else(|| {
            let message = format!("\"{role}\" is not a login: it is a group, or its `until` is past");
            self.error(&["access"], message)
        })?;
        Ok((level == AccessLevel::Write, Some(login.name.clone())))
    }

    /// Parses a rate such as 200/s.
    fn rate(&self, key: &str, text: Option<&str>) -> Result<Option<u32>> {
        let Some(text) = text else { return Ok(None) };
        let number = text.strip_suffix("/s").and_then(|number| number.trim().parse::<u32>().ok());
        let number = number.filter(|number| *number > 0);
        let number =
            number.ok_or_else(|| self.error(&[key], format!("\"{text}\" is not a rate such as 200/s")))?;
        Ok(Some(number))
    }
}

/// Returns the level at which a login of `access` reaches all rows of a service.
fn access_level(service: &DesiredService, role: &str) -> Option<AccessLevel> {
    let own = |grant: &&AccessGrant| grant.role.as_str() == role && grant.extent == AccessExtent::Whole;
    let levels: Vec<AccessLevel> = service.access.iter().filter(own).map(|grant| grant.level).collect();
    [AccessLevel::Write, AccessLevel::Read].into_iter().find(|level| levels.contains(level))
}

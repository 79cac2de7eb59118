//! Exposure by a login without proper authentication: of the whole server, of a service, or of neither.

use std::collections::BTreeSet;

use super::decisions::DecidedLogins;
use crate::audit::code::verifier_readers;
use crate::audit::context::Audit;
use crate::audit::roles::RoleClass;
use martydb_model::findings::PUBLIC;
use martydb_model::units::counted;
use martydb_model::{DesiredService, RoleName, ServiceName};

/// Most names in a sentence; the others are counted.
const MAX_NAMED: usize = 3;

#[derive(Default)]
pub(crate) struct Exposure<'a> {
    /// Set if a superuser, the admin, a role that replicates, or one that reads verifiers is among the logins.
    pub server: bool,
    services: BTreeSet<&'a ServiceName>,
    found: Vec<&'a DesiredService>,
    /// Description of the logins.
    pub words: String,
    /// Set if a login is a service's, or can become one.
    pub is_services: bool,
    /// Set if every login is the admin's or a superuser's.
    pub trusted_only: bool,
}

impl<'a> Exposure<'a> {
    pub(crate) fn new(audit: &Audit<'a>, decided: &DecidedLogins<'a>) -> Exposure<'a> {
        let readers = verifier_readers(audit);
        let mut all = Exposure { words: words(audit, decided), trusted_only: true, ..Exposure::default() };
        for (role, databases) in &decided.logins {
            let is_trusted = audit.roles.class_of(role) == RoleClass::Trusted;
            all.trusted_only &= is_trusted;
            all.server |= databases.contains(&None);
            // The verifiers of all logins are worth what these are.
            let users = [role.as_str(), PUBLIC];
            let mut entered = databases.iter().flatten();
            all.server |= entered.any(|name| users.iter().any(|user| readers.contains(&(*name, *user))));
            let reachable = audit.roles.reachable(role);
            for role in std::iter::once(*role).chain(reachable.iter().map(|path| path.role)) {
                match audit.roles.class_of(role) {
                    RoleClass::Trusted => all.server = true,
                    RoleClass::Managed(service, _) => {
                        all.is_services |= !is_trusted;
                        all.add(service);
                    }
                    RoleClass::Predefined | RoleClass::Unmanaged => {}
                }
            }
            databases.iter().flatten().filter_map(|name| audit.service_of(name)).for_each(|one| all.add(one));
        }
        all
    }

    fn add(&mut self, service: &'a DesiredService) {
        if self.services.insert(&service.name) {
            self.found.push(service);
        }
    }

    /// Returns `true` if a service or the whole server is exposed.
    pub(crate) fn is_grave(&self) -> bool {
        self.server || !self.found.is_empty()
    }

    /// Returns the exposed service if it is the only one.
    pub(crate) fn service(&self) -> Option<&'a DesiredService> {
        match (self.server, self.found.as_slice()) {
            (false, [one]) => Some(one),
            _ => None,
        }
    }
}

/// Describes the logins, the most powerful first.
fn words(audit: &Audit<'_>, decided: &DecidedLogins<'_>) -> String {
    let mut names: Vec<&RoleName> = decided.logins.keys().copied().collect();
    names.sort_by_key(|name| audit.roles.class_of(name) != RoleClass::Trusted);
    let shown = names.iter().take(MAX_NAMED).map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    match names.len() {
        0..=MAX_NAMED => shown,
        many => format!("{shown} and {}", counted(many - MAX_NAMED, "other login")),
    }
}

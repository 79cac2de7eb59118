//! Services of a server's databases and logins: labels come from the manifest, never from guesses at names.

use std::collections::BTreeMap;

use martydb_model::contract::alternate_of;
use martydb_model::metrics::Subject;
use martydb_model::{DesiredServer, RoleKind};

/// Part of the manifest on one server, as labels.
#[derive(Debug, Clone)]
pub(crate) struct ServerMap {
    /// Subject of the server itself.
    pub subject: Subject,
    /// Prefix of comments on objects that the manifest created there.
    pub marker: String,
    pub databases: BTreeMap<String, Subject>,
    /// Services' logins with their alternates, and further logins.
    pub logins: BTreeMap<String, Subject>,
}

impl ServerMap {
    pub(crate) fn new(desired: &DesiredServer) -> ServerMap {
        let server = Subject::server(&desired.name);
        let (mut databases, mut logins) = (BTreeMap::new(), BTreeMap::new());
        for role in desired.access.values().filter(|role| role.login) {
            logins.insert(role.name.to_string(), server.clone());
        }
        for service in desired.services.values() {
            let subject = Subject::service(service);
            databases.insert(service.database.to_string(), subject.clone());
            for role in RoleKind::LOGINS.map(|kind| service.role(kind)) {
                logins.insert(role.to_string(), subject.clone());
                logins.extend(alternate_of(role).map(|role| (role.to_string(), subject.clone())));
            }
        }
        ServerMap { subject: server, marker: desired.marker(), databases, logins }
    }

    pub(crate) fn database(&self, name: &str) -> Option<&Subject> {
        self.databases.get(name)
    }
}

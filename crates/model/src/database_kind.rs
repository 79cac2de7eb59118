//! Whose a database is.

use super::{ActualServer, DesiredServer, ServiceName};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseKind {
    Service(ServiceName),
    /// The one administrators meet in, such as `postgres`.
    Maintenance,
    /// `template1` and its like.
    Template,
    /// Not in the manifest, and none of the others.
    Unmanaged,
}

impl DatabaseKind {
    pub fn of(name: &str, desired: &DesiredServer, actual: &ActualServer) -> Self {
        match desired.service_of_database(name, actual) {
            Some(service) => DatabaseKind::Service(service.name.clone()),
            None if name == actual.maintenance || name == "postgres" => DatabaseKind::Maintenance,
            None if name == "template1" || name == "template0" => DatabaseKind::Template,
            None => DatabaseKind::Unmanaged,
        }
    }
}

//! Classification of databases by owner and purpose.

use crate::{ActualServer, DesiredServer, ServiceName};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseKind {
    Service(ServiceName),
    /// The database in which administrators work, such as `postgres`.
    Maintenance,
    /// `template1` and other templates.
    Template,
    /// Neither in the manifest nor one of the others.
    Unmanaged,
}

impl DatabaseKind {
    pub fn classify(name: &str, desired: &DesiredServer, actual: &ActualServer) -> Self {
        match desired.service_of_database(name, actual) {
            Some(service) => DatabaseKind::Service(service.name.clone()),
            None if name == actual.maintenance || name == "postgres" => DatabaseKind::Maintenance,
            None if name == "template1" || name == "template0" => DatabaseKind::Template,
            None => DatabaseKind::Unmanaged,
        }
    }
}

//! Extensions of a service, and the schemas that hold them.

use crate::SchemaName;

/// An extension that `apply` installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredExtension {
    pub name: String,
    /// Schema of its objects; `None` where it is installed already, or else in the first schema of the service.
    pub schema: Option<SchemaName>,
}

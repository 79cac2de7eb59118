//! Extensions of a service, and the schemas that hold them.

use super::DesiredService;
use crate::SchemaName;

/// An extension that `apply` installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredExtension {
    pub name: String,
    /// Schema of its objects; `None` where it is installed already, or else in the first schema of the service.
    pub schema: Option<SchemaName>,
}

impl DesiredService {
    /// Returns `true` if the manifest declares the extension.
    pub fn installs(&self, extension: &str) -> bool {
        self.extensions.iter().any(|one| one.name == extension)
    }

    /// Returns `true` for a schema of extensions: it belongs to the admin, and no role of the service creates in it.
    pub fn is_of_extensions(&self, schema: &SchemaName) -> bool {
        !self.schemas.contains(schema)
            && self.extensions.iter().any(|one| one.schema.as_ref() == Some(schema))
    }

    /// Returns the schemas of extensions, each once.
    pub fn extension_schemas(&self) -> impl Iterator<Item = &SchemaName> {
        let named = self.extensions.iter().filter_map(|one| one.schema.as_ref());
        let all: std::collections::BTreeSet<&SchemaName> = named.collect();
        all.into_iter().filter(|schema| !self.schemas.contains(schema))
    }
}

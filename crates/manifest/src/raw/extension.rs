//! Extensions in the manifest: names, or maps.

use schemars::JsonSchema;
use serde::Deserialize;

use super::forms::forms;

/// Extension that `apply` installs.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum RawExtension {
    /// Only its name: it is installed in the first schema of the service.
    Name(String),
    /// Its name, and the schema that holds it.
    Map(RawExtensionMap),
}

/// Extension, and the schema that holds it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawExtensionMap {
    /// Name of the extension.
    pub name: String,
    /// Schema of its objects. One that is not the service's own belongs to the admin.
    #[serde(default)]
    pub schema: Option<String>,
}

forms! {
    RawExtension,
    "the name of an extension, or a map with the keys name and schema",
    text => |name| Ok(RawExtension::Name(name.to_owned())),
    map => RawExtension::Map
}

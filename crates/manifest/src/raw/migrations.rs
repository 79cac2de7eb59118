//! Folder of a service's migrations in the manifest: a path, or a map.

use schemars::JsonSchema;
use serde::Deserialize;

use super::forms::forms;
use martydb_model::DownFiles;

/// Folder of a service's migrations, and the rule for files that undo them.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum RawMigrations {
    /// Path of the folder.
    Path(String),
    /// Path of the folder, and the rule for files that undo its migrations.
    Map(RawMigrationMap),
    #[default]
    #[schemars(skip)]
    Unset,
}

/// Migrations of a service.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawMigrationMap {
    /// Path of the folder; default: `{service}/migrations`.
    pub path: Option<String>,
    /// Rule for `.down.sql` files, which undo migrations; default: required.
    pub down: Option<DownFiles>,
    /// Migrations of another tool, from which these have to come: while the folder is empty, the service is `not_imported`.
    pub source: Option<RawMigrationSource>,
}

/// Migrations of another tool.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMigrationSource {
    /// Name of the tool, as for `martydb import --from`.
    pub tool: String,
    /// Path of its folder or file.
    pub path: String,
}

impl RawMigrations {
    pub(crate) fn path(&self) -> Option<&String> {
        match self {
            RawMigrations::Path(path) => Some(path),
            RawMigrations::Map(map) => map.path.as_ref(),
            RawMigrations::Unset => None,
        }
    }

    pub(crate) fn down(&self) -> Option<DownFiles> {
        match self {
            RawMigrations::Map(map) => map.down,
            _ => None,
        }
    }

    pub(crate) fn source(&self) -> Option<&RawMigrationSource> {
        match self {
            RawMigrations::Map(map) => map.source.as_ref(),
            _ => None,
        }
    }
}

forms! {
    RawMigrations,
    "a folder, or a map with the keys path, down and source",
    nothing => RawMigrations::Unset,
    text => |path| Ok(RawMigrations::Path(path.to_owned())),
    map => RawMigrations::Map
}

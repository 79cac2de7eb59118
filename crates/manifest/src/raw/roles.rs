//! Names and connection limits of the roles of a service.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient;
use martydb_model::RoleKind;

/// Names of the four roles: PostgreSQL identifiers of at most 63 bytes that do not start with `pg_`.
///
/// Those of the three logins have at most 61 bytes, since `rotate --overlap` needs `<role>_b`. They contain neither comma
/// nor equals sign, which have a meaning in SCRAM messages, and no character that SASLprep (RFC 4013) prohibits.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawRoles {
    /// Role that owns the objects and never logs in; default: `{service}_owner`.
    pub owner: Option<String>,
    /// Login that runs migrations; default: `{service}_migrator`.
    pub migrator: Option<String>,
    /// Login that reads and writes rows; default: `{service}_app`.
    pub app: Option<String>,
    /// Login that reads rows; default: `{service}_ro`.
    pub readonly: Option<String>,
}

impl RawRoles {
    pub(crate) fn get(&self, kind: RoleKind) -> Option<&String> {
        match kind {
            RoleKind::Owner => self.owner.as_ref(),
            RoleKind::Migrator => self.migrator.as_ref(),
            RoleKind::App => self.app.as_ref(),
            RoleKind::Readonly => self.readonly.as_ref(),
        }
    }
}

/// Connection limits of the three logins.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawLimits {
    /// Default: 5.
    #[serde(deserialize_with = "lenient::optional")]
    pub migrator: Option<i32>,
    /// Default: 50.
    #[serde(deserialize_with = "lenient::optional")]
    pub app: Option<i32>,
    /// Default: 10.
    #[serde(deserialize_with = "lenient::optional")]
    pub readonly: Option<i32>,
}

impl RawLimits {
    pub(crate) fn get(&self, kind: RoleKind) -> Option<i32> {
        match kind {
            RoleKind::Owner => None,
            RoleKind::Migrator => self.migrator,
            RoleKind::App => self.app,
            RoleKind::Readonly => self.readonly,
        }
    }
}

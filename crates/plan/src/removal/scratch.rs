//! Databases of a run alone, which is using them or was killed.

use martydb_model::{ActualRole, ActualServer, DbName, RoleName};

/// Beginning of their names.
pub const SCRATCH_PREFIX: &str = "martydb_scratch_";

/// Returns `true` for a scratch database of a superuser or of the admin: no service can have made one of them.
pub fn is_scratch(actual: &ActualServer, name: &DbName) -> bool {
    name.as_str().starts_with(SCRATCH_PREFIX)
        && actual.databases.get(name).is_some_and(|found| {
            let owner = found.owner.as_str();
            let superuser = |(name, role): (&RoleName, &ActualRole)| name.as_str() == owner && role.superuser;
            owner == actual.admin.name.as_str() || actual.roles.iter().any(superuser)
        })
}

//! Logins that the mappings of foreign servers give.

use std::collections::BTreeSet;

use crate::audit::context::Audit;
use martydb_catalog::{DatabaseCatalog, ForeignServer, Mapping};

/// Returns `true` for a wrapper that connects without a password for superusers alone, unless a mapping says otherwise:
/// <https://www.postgresql.org/docs/current/postgres-fdw.html>, `password_required`.
pub(crate) fn asks_for_password(server: &ForeignServer) -> bool {
    ["postgres_fdw", "dblink_fdw"].contains(&server.wrapper.as_str())
}

/// Returns `true` if a mapping gives its role a login at the other end: a password, none where none is asked for, or what the role
/// logged in with.
pub(crate) fn opens(audit: &Audit<'_>, server: &ForeignServer, mapping: &Mapping) -> bool {
    let role = mapping.role.as_deref().and_then(|role| audit.role(role));
    let is_superuser = role.is_some_and(|role| audit.actual.roles[role].superuser);
    let lacks_password = mapping.bare == Some(true) && mapping.passwordless != Some(true);
    !asks_for_password(server) || is_superuser || server.passes_on || !lacks_password
}

/// Returns the foreign tables that no role reads: their server has no mapping that opens it.
pub(crate) fn locked_tables<'a>(audit: &Audit<'_>, catalog: &'a DatabaseCatalog) -> BTreeSet<&'a str> {
    let is_locked = |server: &&ForeignServer| {
        asks_for_password(server) && !server.mappings.iter().any(|mapping| opens(audit, server, mapping))
    };
    let locked = catalog.servers.iter().filter(is_locked);
    locked.flat_map(|server| server.tables.iter().map(|table| table.display.as_str())).collect()
}

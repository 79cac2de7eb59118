//! What else on a server depends on roles that are going to be dropped.

use std::collections::{BTreeMap, BTreeSet};

use super::{DbName, RoleName};

/// What `pg_shdepend` knows of a service's roles and database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleDependencies {
    /// Other databases in which the roles own or hold something, with what they own there.
    pub inside: BTreeMap<DbName, Vec<String>>,
    /// Other databases that belong to one of the roles.
    pub databases: BTreeSet<DbName>,
    /// Whether the roles hold rights on other shared objects.
    pub shared: bool,
    /// Whether the roles own shared objects other than databases: tablespaces or subscriptions.
    pub shared_owned: bool,
    /// What they own that only a superuser may own, in words: it can be given to no other role.
    pub stuck: BTreeSet<String>,
    /// Roles of others that own something in the service's database, with how much.
    pub guests: BTreeMap<RoleName, usize>,
}

//! Roles beyond a service's four that the manifest declares: people, groups, reporting logins, a second login of an
//! application.

use std::collections::BTreeSet;

use crate::{RoleKind, RoleName, SchemaName, ServiceName};

/// Service name used for the login of `martydb monitor` where one is expected.
pub const MONITOR_SERVICE: &str = "martydb-monitor";

/// The predefined role that the monitor's login is a member of.
pub const PG_MONITOR: &str = "pg_monitor";

/// A declared role of one server; it may have access to several services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRole {
    pub name: RoleName,
    /// `true` for a login, whose password is in the secret store; `false` for a group.
    pub login: bool,
    /// Members of a group. They are not created.
    pub members: Vec<RoleName>,
    /// Connection limit of a login; `-1` is no limit.
    pub connection_limit: i32,
    /// The service whose application uses it.
    pub of: Option<ServiceName>,
    /// The services whose entries declare it.
    pub homes: BTreeSet<ServiceName>,
    /// `true` if its `until` is past: it loses its privileges and its LOGIN.
    pub expired: bool,
    /// `true` if it follows the changes of tables. PostgreSQL requires REPLICATION for that, with which a login can
    /// copy every database of the server (<https://www.postgresql.org/docs/current/protocol-replication.html>,
    /// `BASE_BACKUP`).
    pub replicates: bool,
    /// `true` for the login of `martydb monitor`: a member of `pg_monitor` with only CONNECT on the maintenance
    /// database (<https://www.postgresql.org/docs/current/predefined-roles.html>).
    pub monitors: bool,
    pub reason: String,
}

impl AccessRole {
    /// Makes a login of martydb itself.
    pub fn login(name: RoleName, connection_limit: i32, reason: String) -> AccessRole {
        AccessRole {
            name,
            login: true,
            members: vec![],
            connection_limit,
            of: None,
            homes: BTreeSet::new(),
            expired: false,
            replicates: false,
            monitors: false,
            reason,
        }
    }

    /// Returns the service whose programs log in as this role, if the manifest names one. A role in the entries of
    /// several services is for people, or for something that is not a service.
    pub fn user(&self) -> Option<&ServiceName> {
        let home = self.homes.first().filter(|_| self.homes.len() == 1);
        self.of.as_ref().or(home).filter(|_| self.login && !self.expired)
    }

    /// Merges a second declaration of the role; `None` if the two differ.
    pub fn merge(&self, other: &AccessRole) -> Option<AccessRole> {
        let homes = self.homes.union(&other.homes).cloned().collect();
        let both = AccessRole { homes, ..self.clone() };
        (both == AccessRole { homes: both.homes.clone(), ..other.clone() }).then_some(both)
    }

    /// Returns `true` if the role needs REPLICATION now.
    pub fn follows_changes(&self) -> bool {
        self.replicates && !self.expired
    }
}

/// Access of one such role to a service's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessGrant {
    pub role: RoleName,
    pub level: AccessLevel,
    pub extent: AccessExtent,
}

/// A publication of a service's tables for a login that follows their changes. It is named after the login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredPublication {
    pub login: RoleName,
    pub tables: Vec<(SchemaName, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLevel {
    /// CONNECT only.
    Connect,
    /// The privileges of the readonly login.
    Read,
    /// The privileges of the app login without TEMPORARY.
    Write,
    /// Publishes the outbox: reads the table and updates its delivery columns.
    Deliver,
    /// All privileges of this kind of login.
    Like(RoleKind),
}

/// Part of a service's database that an access covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessExtent {
    Whole,
    Schema(SchemaName),
    Table(SchemaName, String),
}

/// A place inside a database, matched against an extent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessTarget<'a> {
    Database,
    Schema(&'a str),
    /// A relation or another object; for a table's own sequence, the table.
    Object {
        schema: &'a str,
        name: &'a str,
    },
    /// One column of a relation.
    Column {
        schema: &'a str,
        table: &'a str,
        column: &'a str,
    },
}

impl AccessExtent {
    /// Returns `true` if the place is in the extent or on the way to it: reading a table requires its schema.
    pub(crate) fn leads_to(&self, spot: AccessTarget<'_>) -> bool {
        match (self, spot) {
            (AccessExtent::Whole, _) | (_, AccessTarget::Database) => true,
            (AccessExtent::Schema(own) | AccessExtent::Table(own, _), AccessTarget::Schema(schema)) => {
                own.as_str() == schema
            }
            (
                AccessExtent::Schema(own),
                AccessTarget::Object { schema, .. } | AccessTarget::Column { schema, .. },
            ) => own.as_str() == schema,
            (
                AccessExtent::Table(own, table),
                AccessTarget::Object { schema, name } | AccessTarget::Column { schema, table: name, .. },
            ) => own.as_str() == schema && table == name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extent_holds_what_lies_in_it_and_the_way_there() {
        let schema = || SchemaName::new("crm").unwrap();
        let (whole, table) = (AccessExtent::Whole, AccessExtent::Table(schema(), "customer".into()));
        let customer = AccessTarget::Object { schema: "crm", name: "customer" };
        let other = AccessTarget::Object { schema: "crm", name: "invoice" };
        for (extent, expected) in [
            (&whole, [true, true, true, true, true]),
            (&AccessExtent::Schema(schema()), [true, true, false, true, true]),
            (&table, [true, true, false, true, false]),
        ] {
            let spots = [
                AccessTarget::Database,
                AccessTarget::Schema("crm"),
                AccessTarget::Schema("public"),
                customer,
                other,
            ];
            assert_eq!(spots.map(|spot| extent.leads_to(spot)), expected, "{extent:?}");
        }
    }
}

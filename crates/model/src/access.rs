//! Roles beyond a service's four that the manifest declares on purpose: people, groups, reporting logins, a second login
//! of an application.

use std::collections::BTreeSet;

use super::{RoleKind, RoleName, SchemaName, ServiceName};

/// Where a service is expected, that of the login of `martydb monitor`.
pub const MONITOR_SERVICE: &str = "martydb-monitor";

/// What that login is a member of.
pub const PG_MONITOR: &str = "pg_monitor";

/// A role of one server, whatever services it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRole {
    pub name: RoleName,
    /// It logs in with a password of the secret store; otherwise it is a group.
    pub login: bool,
    /// Who may use what a group may use; none of them is made.
    pub members: Vec<RoleName>,
    /// Of a login; `-1` is none.
    pub connection_limit: i32,
    /// The service whose application it is.
    pub of: Option<ServiceName>,
    /// The services in whose entries it stands.
    pub homes: BTreeSet<ServiceName>,
    /// Whether its time is over: it keeps nothing, and cannot log in.
    pub expired: bool,
    /// It follows the changes of tables, for which PostgreSQL asks for REPLICATION: with it a login can copy every
    /// database of the server (<https://www.postgresql.org/docs/current/protocol-replication.html>, `BASE_BACKUP`).
    pub replicates: bool,
    /// It is the login of `martydb monitor`: a member of `pg_monitor`, with CONNECT on the maintenance database alone
    /// (<https://www.postgresql.org/docs/current/predefined-roles.html>).
    pub monitors: bool,
    pub reason: String,
}

impl AccessRole {
    /// The service whose programs log in as it, where the manifest names one. What stands in the entries of several services
    /// is for people, or for something that is no service.
    pub fn user(&self) -> Option<&ServiceName> {
        let home = self.homes.first().filter(|_| self.homes.len() == 1);
        self.of.as_ref().or(home).filter(|_| self.login && !self.expired)
    }

    /// The same role, in the entries of these services too; `None` if it is another one.
    pub fn declared_again(&self, again: &AccessRole) -> Option<AccessRole> {
        let homes = self.homes.union(&again.homes).cloned().collect();
        let both = AccessRole { homes, ..self.clone() };
        (both == AccessRole { homes: both.homes.clone(), ..again.clone() }).then_some(both)
    }

    /// Whether it needs REPLICATION now.
    pub fn follows_changes(&self) -> bool {
        self.replicates && !self.expired
    }
}

/// What one of these roles may do in a service's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessGrant {
    pub role: RoleName,
    pub level: AccessLevel,
    pub extent: AccessExtent,
}

/// A publication of a service's tables for a login that follows their changes; it has the login's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredPublication {
    pub login: RoleName,
    pub tables: Vec<(SchemaName, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLevel {
    /// It may connect, and nothing else.
    Connect,
    /// It reads as the readonly login does.
    Read,
    /// It writes as the app login does, and makes no temporary tables.
    Write,
    /// It publishes the outbox: it reads the table, and changes what its columns say of the delivery.
    Deliver,
    /// All that this login may.
    Like(RoleKind),
}

/// How much of a service's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessExtent {
    Whole,
    Schema(SchemaName),
    Table(SchemaName, String),
}

/// A place that an extent may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot<'a> {
    Database,
    Schema(&'a str),
    /// A relation or another object; of a table's own sequence, the table.
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
    /// The way to a place counts as well: who may read a table may use its schema.
    pub fn leads_to(&self, spot: Spot<'_>) -> bool {
        match (self, spot) {
            (AccessExtent::Whole, _) | (_, Spot::Database) => true,
            (AccessExtent::Schema(own) | AccessExtent::Table(own, _), Spot::Schema(schema)) => {
                own.as_str() == schema
            }
            (AccessExtent::Schema(own), Spot::Object { schema, .. } | Spot::Column { schema, .. }) => {
                own.as_str() == schema
            }
            (
                AccessExtent::Table(own, table),
                Spot::Object { schema, name } | Spot::Column { schema, table: name, .. },
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
        let customer = Spot::Object { schema: "crm", name: "customer" };
        let other = Spot::Object { schema: "crm", name: "invoice" };
        for (extent, expected) in [
            (&whole, [true, true, true, true, true]),
            (&AccessExtent::Schema(schema()), [true, true, false, true, true]),
            (&table, [true, true, false, true, false]),
        ] {
            let spots = [Spot::Database, Spot::Schema("crm"), Spot::Schema("public"), customer, other];
            assert_eq!(spots.map(|spot| extent.leads_to(spot)), expected, "{extent:?}");
        }
    }
}

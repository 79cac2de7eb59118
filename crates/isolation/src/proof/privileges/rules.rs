//! Privileges that a login must not have in its own database, as two tables: privileges to check in the login's own
//! session, and statements to run there because they must be rejected.

use std::collections::{BTreeSet, HashSet};

use crate::probe::ProbeLogin;
use crate::proof::observations::ServerContext;
use martydb_catalog::{EventTrigger, Snapshot};
use martydb_model::contract::{ALTERNATE_SUFFIX, ObjectClass, Privilege, acts_as, allowed};
use martydb_model::findings::Severity::{self, Critical, High, Medium};
use martydb_model::grants::ident;
use martydb_model::sql::{Qualified, Statement, stmt};
use martydb_model::{DesiredService, RoleKind, RoleName};

/// Class of objects of a privilege, which selects the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Whole tables and views.
    Tables,
    /// Tables, or a single column of them.
    Columns,
    Sequences,
    /// Tables that record migrations.
    History,
    Schemas,
    Database,
    /// SECURITY DEFINER functions.
    Definers,
    /// Any function.
    Functions,
    /// Types and domains.
    Types,
    /// Large objects of others.
    LargeObjects,
    /// Objects that do not exist yet.
    Defaults,
    /// Functions and tables that expose passwords and files of the server.
    Server,
    /// Roles that the login may become.
    Roles,
    /// Roles that it may grant to others.
    RoleAdmin,
    Attributes,
}

/// A privilege that a login must not have unless the contract grants it.
pub(crate) struct ForbiddenPrivilege {
    pub what: &'static str,
    pub class: Class,
    /// Privilege as passed to the server's functions.
    pub asked: &'static str,
    pub severity: Severity,
    /// First major version that has it.
    pub since: u32,
}

impl ForbiddenPrivilege {
    /// Returns the privilege as an ACL spells it, or an empty string for any privilege of the class.
    pub(crate) fn in_acl(&self) -> &'static str {
        if self.asked.contains(' ') { "" } else { self.asked }
    }

    /// Returns `true` if the contract denies it to such a login. The migrator is checked as itself, not as the
    /// owner.
    pub(crate) fn is_denied_to(&self, kind: RoleKind) -> bool {
        let holds = |class| allowed(kind, class).contains(&Privilege::named(self.asked));
        !self.class.of_contract().is_some_and(holds)
    }
}

impl Class {
    /// Returns the class in the role contract; `None` if no login may hold any of it.
    fn of_contract(self) -> Option<ObjectClass> {
        match self {
            Class::Tables | Class::Columns => Some(ObjectClass::Table),
            Class::Sequences => Some(ObjectClass::Sequence),
            Class::History => Some(ObjectClass::History),
            Class::Schemas => Some(ObjectClass::Schema),
            Class::Database => Some(ObjectClass::Database),
            Class::Definers => Some(ObjectClass::SecurityDefiner),
            Class::Functions => Some(ObjectClass::Function),
            Class::Types => Some(ObjectClass::Type),
            Class::LargeObjects => Some(ObjectClass::LargeObject),
            Class::Defaults | Class::Server | Class::Roles | Class::RoleAdmin | Class::Attributes => None,
        }
    }
}

const fn rule(
    what: &'static str,
    class: Class,
    asked: &'static str,
    severity: Severity,
) -> ForbiddenPrivilege {
    ForbiddenPrivilege { what, class, asked, severity, since: 0 }
}

const COLUMN_OPTIONS: &str = "SELECT WITH GRANT OPTION, INSERT WITH GRANT OPTION, UPDATE WITH GRANT OPTION, REFERENCES WITH GRANT OPTION";

/// Forbidden privileges. The migrator usually acts as the owner; these are the privileges it must not have as
/// itself.
#[rustfmt::skip]
pub(crate) const PRIVILEGES: &[ForbiddenPrivilege] = &[
    rule("an attribute beyond LOGIN", Class::Attributes, "", Critical),
    rule("SET ROLE to a role that is not its own", Class::Roles, "", High),
    rule("GRANT of a role to others", Class::RoleAdmin, "", High),
    rule("CREATE SCHEMA", Class::Database, "CREATE", High),
    rule("CREATE TEMPORARY TABLE", Class::Database, "TEMPORARY", Medium),
    rule("CREATE in a schema", Class::Schemas, "CREATE", High),
    rule("TRUNCATE of a table", Class::Tables, "TRUNCATE", High),
    rule("CREATE TRIGGER on a table", Class::Tables, "TRIGGER", High),
    ForbiddenPrivilege { since: 17, ..rule("VACUUM, REINDEX or LOCK of a table", Class::Tables, "MAINTAIN", High) },
    rule("a foreign key to a table", Class::Columns, "REFERENCES", Medium),
    rule("INSERT into a table", Class::Columns, "INSERT", High),
    rule("UPDATE of a table", Class::Columns, "UPDATE", High),
    rule("DELETE from a table", Class::Tables, "DELETE", High),
    rule("SELECT from a table", Class::Columns, "SELECT", Medium),
    rule("setval of a sequence", Class::Sequences, "UPDATE", High),
    rule("nextval of a sequence", Class::Sequences, "USAGE", Medium),
    rule("a change of the record of migrations", Class::History, "INSERT, UPDATE", High),
    rule("a SECURITY DEFINER function", Class::Definers, "EXECUTE", Medium),
    rule("GRANT of a privilege on a table", Class::Columns, COLUMN_OPTIONS, Medium),
    rule("GRANT of DELETE, TRUNCATE or TRIGGER on a table", Class::Tables, "DELETE WITH GRANT OPTION, TRUNCATE WITH GRANT OPTION, TRIGGER WITH GRANT OPTION", Medium),
    rule("GRANT of a privilege on a sequence", Class::Sequences, "USAGE WITH GRANT OPTION, SELECT WITH GRANT OPTION, UPDATE WITH GRANT OPTION", Medium),
    rule("GRANT of a privilege on a schema", Class::Schemas, "USAGE WITH GRANT OPTION, CREATE WITH GRANT OPTION", Medium),
    rule("GRANT of a privilege on the database", Class::Database, "CONNECT WITH GRANT OPTION, CREATE WITH GRANT OPTION, TEMPORARY WITH GRANT OPTION", Medium),
    rule("GRANT of a function", Class::Functions, "EXECUTE WITH GRANT OPTION", Medium),
    rule("USAGE of a type", Class::Types, "", Medium),
    rule("a large object of another role", Class::LargeObjects, "", Medium),
    rule("a privilege on future objects", Class::Defaults, "", Medium),
    rule("passwords and files of the server", Class::Server, "", Critical),
];

pub(crate) struct ForbiddenStatement {
    pub what: &'static str,
    /// Privilege that the statement needs, by its name in [`PRIVILEGES`]. It decides the severity and the logins to
    /// try.
    pub takes: &'static str,
    /// `true` if the statement would fire an event trigger.
    pub ddl: bool,
    /// Returns the statements; each leaves nothing after a rollback and waits for no lock.
    pub make: fn(&LoginContext<'_>) -> Vec<Statement>,
}

impl ForbiddenStatement {
    pub(crate) fn privilege(&self) -> &'static ForbiddenPrivilege {
        PRIVILEGES.iter().find(|row| row.what == self.takes).expect("it takes a privilege of the table")
    }
}

const NAME: &str = "martydb_probe";

pub(crate) const STATEMENTS: &[ForbiddenStatement] = &[
    ForbiddenStatement {
        what: "CREATE TABLE",
        takes: "CREATE in a schema",
        ddl: true,
        make: |context| {
            let name = |schema: &String| Qualified(vec![schema.clone(), NAME.into()]);
            let make = |schema| stmt!("CREATE TABLE {name} ()", name = name(schema));
            context.schemas.iter().map(make).collect()
        },
    },
    ForbiddenStatement {
        what: "CREATE SCHEMA",
        takes: "CREATE SCHEMA",
        ddl: true,
        make: |_| vec![stmt!("CREATE SCHEMA {name}", name = ident(NAME))],
    },
    ForbiddenStatement {
        what: "CREATE TEMPORARY TABLE",
        takes: "CREATE TEMPORARY TABLE",
        ddl: true,
        make: |_| vec![stmt!("CREATE TEMPORARY TABLE {name} ()", name = ident(NAME))],
    },
    ForbiddenStatement {
        what: "SET ROLE",
        takes: "SET ROLE to a role that is not its own",
        ddl: false,
        make: |context| {
            let become_it = |role: &String| stmt!("SET LOCAL ROLE {role}", role = ident(role));
            context.forbidden.iter().map(become_it).collect()
        },
    },
];

pub(crate) fn statements(context: &LoginContext<'_>) -> Vec<(&'static ForbiddenStatement, Statement)> {
    let due = |row: &&ForbiddenStatement| {
        row.privilege().is_denied_to(context.login.kind) && !(row.ddl && context.event_trigger)
    };
    let rows = STATEMENTS.iter().filter(due);
    rows.flat_map(|row| (row.make)(context).into_iter().map(move |statement| (row, statement))).collect()
}

pub(crate) struct LoginContext<'a> {
    pub login: &'a ProbeLogin,
    pub major: u32,
    /// Schemas in which the login must not create objects: those of the manifest, and `public`.
    pub schemas: Vec<String>,
    /// Owner role of its service.
    pub owner: String,
    /// Roles that it may become.
    pub own: Vec<String>,
    /// Roles that it must not become, one of each sort: of its service, and of another.
    pub forbidden: Vec<String>,
    /// Every role of every service.
    pub managed: &'a BTreeSet<String>,
    /// SECURITY DEFINER functions of its database that give their callers nothing.
    pub bounded: Option<&'a BTreeSet<String>>,
    /// `true` if DDL would fire an event trigger.
    pub event_trigger: bool,
}

/// Returns every existing role of every service, alternate logins included.
pub(crate) fn managed_roles(context: &ServerContext) -> BTreeSet<String> {
    let existing: HashSet<&str> = context.catalog.actual.roles.keys().map(RoleName::as_str).collect();
    let roles = context.desired.services.values().flat_map(|service| service.roles.values());
    let all = roles.flat_map(|role| [role.to_string(), format!("{role}{ALTERNATE_SUFFIX}")]);
    all.filter(|name| existing.contains(name.as_str())).collect()
}

impl<'a> LoginContext<'a> {
    pub(crate) fn new(
        context: &'a ServerContext,
        login: &'a ProbeLogin,
        managed: &'a BTreeSet<String>,
    ) -> LoginContext<'a> {
        let services = &context.desired.services;
        let service = &services[&login.service];
        let mut schemas: Vec<String> = service.schemas.iter().map(ToString::to_string).collect();
        if !schemas.iter().any(|schema| schema == "public") {
            schemas.push("public".into());
        }
        // The role itself may be the alternate login, a member of the primary one.
        let kinds = [login.kind, acts_as(login.kind)];
        let mut own = vec![login.role.to_string()];
        own.extend(kinds.map(|kind| service.role(kind).to_string()));
        // App has every privilege of readonly and gains nothing by becoming it.
        own.extend((login.kind == RoleKind::App).then(|| service.role(RoleKind::Readonly).to_string()));
        let of = |service: &DesiredService| {
            [RoleKind::Owner, RoleKind::App].map(|kind| service.role(kind).to_string())
        };
        let other = services.values().find(|other| other.name != service.name);
        let roles = of(service).into_iter().chain(other.into_iter().flat_map(of));
        LoginContext {
            login,
            major: context.catalog.actual.major(),
            schemas,
            owner: service.role(RoleKind::Owner).to_string(),
            forbidden: roles.filter(|role| !own.contains(role)).collect(),
            own,
            managed,
            bounded: None,
            event_trigger: has_event_trigger(&context.catalog, login.database.as_str()),
        }
    }
}

/// Returns `true` if DDL there would fire an event trigger. Assumed if the admin could not read the catalog.
fn has_event_trigger(catalog: &Snapshot, database: &str) -> bool {
    let runs = |trigger: &EventTrigger| trigger.enabled && trigger.event != "login";
    let found = catalog.databases.get(database).filter(|inside| !inside.partial);
    found.is_none_or(|inside| inside.event_triggers.iter().any(runs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_kind_of_login_is_asked() {
        let mut names: Vec<_> = PRIVILEGES.iter().map(|row| row.what).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PRIVILEGES.len());
        for kind in RoleKind::LOGINS {
            assert!(PRIVILEGES.iter().filter(|row| row.is_denied_to(kind)).count() >= 10, "{kind:?}");
            assert!(
                STATEMENTS.iter().filter(|row| row.privilege().is_denied_to(kind)).count() >= 3,
                "{kind:?}"
            );
        }
        assert!(STATEMENTS.iter().all(|statement| PRIVILEGES.iter().any(|row| row.what == statement.takes)));
    }
}

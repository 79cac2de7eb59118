//! What a login must not be able to do in its own database, as two tables: privileges that the server is asked
//! about in the login's own session, and statements that are run there because they must be refused.

use super::context::LoginContext;
use crate::contract::{ObjectClass, Privilege, allowed};
use crate::findings::Severity::{self, Critical, High, Medium};
use crate::grants::ident;
use crate::model::RoleKind;
use crate::sql::{Qualified, Statement, stmt};

/// What a privilege is held on, and how the server is asked about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Whole tables and views.
    Tables,
    /// Tables, or a single column of them.
    Columns,
    Sequences,
    /// The tables in which migrations are recorded.
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
    /// What reads passwords and files of the server.
    Server,
    /// Roles that the login may become.
    Roles,
    /// Roles that it may grant to others.
    RoleAdmin,
    Attributes,
}

/// A privilege that a login must not have unless the contract grants it.
pub struct ForbiddenPrivilege {
    pub what: &'static str,
    pub class: Class,
    /// As the server's functions are asked.
    pub asked: &'static str,
    pub severity: Severity,
    /// The first major version that has it.
    pub since: u32,
}

impl ForbiddenPrivilege {
    /// As an ACL spells it, where one privilege is asked for; any of the class where it is empty.
    pub fn in_acl(&self) -> &'static str {
        if self.asked.contains(' ') { "" } else { self.asked }
    }

    /// Whether the contract keeps it from such a login; the migrator is asked as itself, not as the owner.
    pub fn is_denied_to(&self, kind: RoleKind) -> bool {
        let holds = |class| allowed(kind, class).contains(&Privilege::named(self.asked));
        !self.class.of_contract().is_some_and(holds)
    }
}

impl Class {
    /// The class of the role contract; `None` for what no login may have any of.
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

/// The migrator acts as the owner: what it may do as itself is what stands here.
#[rustfmt::skip]
pub const PRIVILEGES: &[ForbiddenPrivilege] = &[
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
    rule("GRANT of a right on a table", Class::Columns, COLUMN_OPTIONS, Medium),
    rule("GRANT of DELETE, TRUNCATE or TRIGGER on a table", Class::Tables, "DELETE WITH GRANT OPTION, TRUNCATE WITH GRANT OPTION, TRIGGER WITH GRANT OPTION", Medium),
    rule("GRANT of a right on a sequence", Class::Sequences, "USAGE WITH GRANT OPTION, SELECT WITH GRANT OPTION, UPDATE WITH GRANT OPTION", Medium),
    rule("GRANT of a right on a schema", Class::Schemas, "USAGE WITH GRANT OPTION, CREATE WITH GRANT OPTION", Medium),
    rule("GRANT of a right on the database", Class::Database, "CONNECT WITH GRANT OPTION, CREATE WITH GRANT OPTION, TEMPORARY WITH GRANT OPTION", Medium),
    rule("GRANT of a function", Class::Functions, "EXECUTE WITH GRANT OPTION", Medium),
    rule("USAGE of a type", Class::Types, "", Medium),
    rule("a large object of another role", Class::LargeObjects, "", Medium),
    rule("a privilege on future objects", Class::Defaults, "", Medium),
    rule("passwords and files of the server", Class::Server, "", Critical),
];

pub struct ForbiddenStatement {
    pub what: &'static str,
    /// The privilege that it takes, by its name in [`PRIVILEGES`]: as severe, and tried as the logins that must not have
    /// it.
    pub takes: &'static str,
    /// Whether it would fire an event trigger, if the database has one.
    pub ddl: bool,
    /// The statements; each leaves nothing once rolled back, and waits for no lock.
    pub make: fn(&LoginContext<'_>) -> Vec<Statement>,
}

impl ForbiddenStatement {
    pub fn privilege(&self) -> &'static ForbiddenPrivilege {
        PRIVILEGES.iter().find(|row| row.what == self.takes).expect("it takes a privilege of the table")
    }
}

const NAME: &str = "martydb_probe";

pub const STATEMENTS: &[ForbiddenStatement] = &[
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

pub fn statements(context: &LoginContext<'_>) -> Vec<(&'static ForbiddenStatement, Statement)> {
    let due = |row: &&ForbiddenStatement| {
        row.privilege().is_denied_to(context.login.kind) && !(row.ddl && context.event_trigger)
    };
    let rows = STATEMENTS.iter().filter(due);
    rows.flat_map(|row| (row.make)(context).into_iter().map(move |statement| (row, statement))).collect()
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

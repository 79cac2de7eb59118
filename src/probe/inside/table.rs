//! What a login may not do in its own database (contract, section 3), as two tables: rights that the server is asked
//! about in the login's own session, and statements that are run there because they must be refused.

use super::Insider;
use crate::model::RoleKind::{self, App, Migrator, Readonly};
use crate::probe::Severity::{self, Critical, High, Medium};
use crate::sql::{Qualified, Statement};
use crate::stmt;

/// What a right is held on, and how the server is asked about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Whole tables and views.
    Tables,
    /// Tables, or a single column of them.
    Columns,
    /// Sequences.
    Sequences,
    /// The tables in which migrations are recorded.
    History,
    /// Schemas.
    Schemas,
    /// The database itself.
    Database,
    /// Functions that run with their owner's rights.
    Definers,
    /// Any function.
    Functions,
    /// Types and domains.
    Types,
    /// Large objects of others.
    LargeObjects,
    /// What is not made yet.
    Defaults,
    /// What reads passwords and files of the server.
    Server,
    /// Roles that the login may become.
    Roles,
    /// Roles that it may hand on.
    RoleAdmin,
    /// What is set on the role itself.
    Attributes,
}

/// A right that these logins may not have.
pub struct Right {
    /// For people.
    pub what: &'static str,
    /// What it is held on.
    pub class: Class,
    /// As the server's functions are asked.
    pub asked: &'static str,
    /// As an ACL spells it; any where it is empty.
    pub privilege: &'static str,
    /// Who may not have it.
    pub by: &'static [RoleKind],
    /// How bad it is.
    pub severity: Severity,
    /// The first major that has it.
    pub since: u32,
}

const ALL: &[RoleKind] = &[Migrator, App, Readonly];
const QUIET: &[RoleKind] = &[Migrator, Readonly];

const fn right(
    what: &'static str,
    class: Class,
    asked: &'static str,
    privilege: &'static str,
    by: &'static [RoleKind],
    severity: Severity,
) -> Right {
    Right { what, class, asked, privilege, by, severity, since: 0 }
}

const COLUMN_OPTIONS: &str = "SELECT WITH GRANT OPTION, INSERT WITH GRANT OPTION, UPDATE WITH GRANT OPTION, REFERENCES WITH GRANT OPTION";

/// The migrator acts as the owner: what it may do as itself is what stands here.
#[rustfmt::skip]
pub const RIGHTS: &[Right] = &[
    right("an attribute beyond LOGIN", Class::Attributes, "", "", ALL, Critical),
    right("SET ROLE to a role that is not its own", Class::Roles, "", "", ALL, High),
    right("GRANT of a role to others", Class::RoleAdmin, "", "", ALL, High),
    right("CREATE SCHEMA", Class::Database, "CREATE", "CREATE", ALL, High),
    right("CREATE TEMPORARY TABLE", Class::Database, "TEMPORARY", "TEMPORARY", QUIET, Medium),
    right("CREATE in a schema", Class::Schemas, "CREATE", "CREATE", ALL, High),
    right("TRUNCATE of a table", Class::Tables, "TRUNCATE", "TRUNCATE", ALL, High),
    right("CREATE TRIGGER on a table", Class::Tables, "TRIGGER", "TRIGGER", ALL, High),
    Right { since: 17, ..right("VACUUM, REINDEX or LOCK of a table", Class::Tables, "MAINTAIN", "MAINTAIN", ALL, High) },
    right("a foreign key to a table", Class::Columns, "REFERENCES", "REFERENCES", ALL, Medium),
    right("INSERT into a table", Class::Columns, "INSERT", "INSERT", QUIET, High),
    right("UPDATE of a table", Class::Columns, "UPDATE", "UPDATE", QUIET, High),
    right("DELETE from a table", Class::Tables, "DELETE", "DELETE", QUIET, High),
    right("SELECT from a table", Class::Columns, "SELECT", "SELECT", &[Migrator], Medium),
    right("setval of a sequence", Class::Sequences, "UPDATE", "UPDATE", ALL, High),
    right("nextval of a sequence", Class::Sequences, "USAGE", "USAGE", QUIET, Medium),
    right("a change of the record of migrations", Class::History, "INSERT, UPDATE", "", ALL, High),
    right("a SECURITY DEFINER function", Class::Definers, "EXECUTE", "EXECUTE", QUIET, Medium),
    right("GRANT of a right on a table", Class::Columns, COLUMN_OPTIONS, "", ALL, Medium),
    right("GRANT of DELETE, TRUNCATE or TRIGGER on a table", Class::Tables, "DELETE WITH GRANT OPTION, TRUNCATE WITH GRANT OPTION, TRIGGER WITH GRANT OPTION", "", ALL, Medium),
    right("GRANT of a right on a sequence", Class::Sequences, "USAGE WITH GRANT OPTION, SELECT WITH GRANT OPTION, UPDATE WITH GRANT OPTION", "", ALL, Medium),
    right("GRANT of a right on a schema", Class::Schemas, "USAGE WITH GRANT OPTION, CREATE WITH GRANT OPTION", "", ALL, Medium),
    right("GRANT of a right on the database", Class::Database, "CONNECT WITH GRANT OPTION, CREATE WITH GRANT OPTION, TEMPORARY WITH GRANT OPTION", "", ALL, Medium),
    right("GRANT of a function", Class::Functions, "EXECUTE WITH GRANT OPTION", "EXECUTE", ALL, Medium),
    right("USAGE of a type", Class::Types, "", "", ALL, Medium),
    right("a large object of somebody else's", Class::LargeObjects, "", "", ALL, Medium),
    right("a right on what somebody makes next", Class::Defaults, "", "", ALL, Medium),
    right("passwords and files of the server", Class::Server, "", "", ALL, Critical),
];

/// Statements that must be refused, and whom they are tried as.
pub struct Deed {
    /// For people.
    pub what: &'static str,
    /// Who may not do it.
    pub by: &'static [RoleKind],
    /// The right that it takes.
    pub takes: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it would set off an event trigger, if the database has one.
    pub ddl: bool,
    /// The statements; each leaves nothing once rolled back, and waits for nobody.
    pub make: fn(&Insider<'_>) -> Vec<Statement>,
}

const NAME: &str = "martydb_probe";

fn named(schema: &str) -> Qualified {
    Qualified(vec![schema.into(), NAME.into()])
}

pub const DEEDS: &[Deed] = &[
    Deed {
        what: "CREATE TABLE",
        by: ALL,
        takes: "CREATE in a schema",
        severity: High,
        ddl: true,
        make: |insider| {
            let make = |schema: &String| stmt!("CREATE TABLE {name} ()", name = named(schema));
            insider.schemas.iter().map(make).collect()
        },
    },
    Deed {
        what: "CREATE SCHEMA",
        by: ALL,
        takes: "CREATE SCHEMA",
        severity: High,
        ddl: true,
        make: |_| vec![stmt!("CREATE SCHEMA {name}", name = Qualified(vec![NAME.into()]))],
    },
    Deed {
        what: "CREATE TEMPORARY TABLE",
        by: QUIET,
        takes: "CREATE TEMPORARY TABLE",
        severity: Medium,
        ddl: true,
        make: |_| vec![stmt!("CREATE TEMPORARY TABLE {name} ()", name = Qualified(vec![NAME.into()]))],
    },
    Deed {
        what: "SET ROLE",
        by: ALL,
        takes: "SET ROLE to a role that is not its own",
        severity: High,
        ddl: false,
        make: |insider| {
            let become_it =
                |role: &String| stmt!("SET LOCAL ROLE {role}", role = Qualified(vec![role.clone()]));
            insider.strange.iter().map(become_it).collect()
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_kind_of_login_is_asked() {
        let mut names: Vec<_> = RIGHTS.iter().map(|row| row.what).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RIGHTS.len());
        for kind in RoleKind::LOGINS {
            assert!(RIGHTS.iter().filter(|row| row.by.contains(&kind)).count() >= 10, "{kind:?}");
            assert!(DEEDS.iter().filter(|row| row.by.contains(&kind)).count() >= 3, "{kind:?}");
        }
        assert!(DEEDS.iter().all(|deed| RIGHTS.iter().any(|row| row.what == deed.takes)));
        // What the contract gives to app is nothing that it is accused of.
        let given = ["INSERT", "UPDATE", "DELETE", "SELECT"];
        assert!(
            RIGHTS
                .iter()
                .filter(|row| matches!(row.class, Class::Tables | Class::Columns))
                .all(|row| { !given.contains(&row.asked) || !row.by.contains(&App) })
        );
    }
}

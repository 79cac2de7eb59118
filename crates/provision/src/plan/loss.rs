//! A right that a plan takes away, with the logins that hold it by nothing else.

use std::collections::BTreeSet;

use super::ddl::{columns, grant_object};
use super::object::Object;
use martydb_model::contract::{DefaultKind, Privilege};
use martydb_model::grants;
use martydb_model::sql::{Keyword, List, Statement, stmt};
use martydb_model::units::{counted, first_of};
use martydb_model::{DbName, Grantee, ObjectKind, RoleName, SchemaName, ServiceName};

/// How many are named in one line.
pub const LOGINS_NAMED: usize = 5;

/// What the lost right is on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LostOn {
    Database,
    Schema(SchemaName),
    /// Objects of one kind, of which there is at least one.
    Objects(ObjectKind, BTreeSet<Object>),
    /// What a role will make, in one schema or everywhere; the letter of `pg_default_acl.defaclobjtype`.
    Future(RoleName, Option<SchemaName>, char),
}

/// One right that goes, with the logins that hold it by nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// `None` for the server as a whole.
    pub service: Option<ServiceName>,
    pub database: DbName,
    pub privilege: Privilege,
    pub on: LostOn,
    /// Who loses it: PUBLIC, or a group.
    pub from: Grantee,
    /// By name; never empty.
    pub roles: Vec<RoleName>,
}

impl Loss {
    /// The right in words.
    pub fn what(&self) -> String {
        let (privilege, database) = (self.privilege.name(), &self.database);
        match &self.on {
            LostOn::Database => format!("{privilege} on database {database}"),
            LostOn::Schema(schema) => format!("{privilege} on schema {schema} of {database}"),
            LostOn::Objects(kind, objects) => match objects.first().filter(|_| objects.len() == 1) {
                Some(object) => format!("{privilege} on {object} of {database}"),
                None => format!("{privilege} on {} of {database}", counted(objects.len(), kind.word())),
            },
            LostOn::Future(owner, schema, letter) => {
                let kind =
                    DefaultKind::from_letter(*letter).map_or("objects", DefaultKind::word).to_lowercase();
                let place = schema.as_ref().map_or_else(String::new, |schema| format!(" in schema {schema}"));
                format!("{privilege} on future {kind} of {owner}{place} of {database}")
            }
        }
    }

    /// What keeps it for them; one statement for each object.
    pub fn grants(&self) -> Vec<Statement> {
        match &self.on {
            LostOn::Database => vec![self.grant(&Object::Database(self.database.clone()))],
            LostOn::Schema(schema) => vec![self.grant(&Object::Schema(schema.clone()))],
            LostOn::Objects(_, objects) => objects.iter().map(|object| self.grant(object)).collect(),
            LostOn::Future(owner, schema, letter) => {
                let kind = DefaultKind::from_letter(*letter).map_or("TABLES", DefaultKind::word);
                let (privilege, roles) = (Keyword(self.privilege.name()), List(self.roles.clone()));
                let given = stmt!("GRANT {p} ON {on} TO {to}", p = privilege, on = Keyword(kind), to = roles);
                vec![grants::default_privileges(owner, schema.as_ref(), &given)]
            }
        }
    }

    fn grant(&self, on: &Object) -> Statement {
        stmt!(
            "GRANT {privilege}{columns} ON {on} TO {roles}",
            privilege = Keyword(self.privilege.name()),
            columns = columns(on),
            on = grant_object(on),
            roles = List(self.roles.clone())
        )
    }

    /// Their names, the first of them where there are many.
    pub fn names(&self) -> String {
        first_of(&self.roles.iter().map(RoleName::as_str).collect::<Vec<_>>(), LOGINS_NAMED)
    }
}

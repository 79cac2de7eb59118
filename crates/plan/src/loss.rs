//! A privilege that a plan revokes, with the logins that hold it through nothing else.

use std::collections::BTreeSet;

use super::ddl::{columns, grant_object};
use super::object::Object;
use martydb_model::contract::{DefaultKind, Privilege};
use martydb_model::grants;
use martydb_model::sql::{Keyword, List, Statement, stmt};
use martydb_model::units::{counted, first_of};
use martydb_model::{DbName, Grantee, ObjectKind, RoleName, SchemaName, ServiceName};

/// Number of logins named in one line.
pub const LOGINS_NAMED: usize = 5;

/// Object of the lost privilege.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LostObject {
    Database,
    Schema(SchemaName),
    /// Objects of one kind; never empty.
    Objects(ObjectKind, BTreeSet<Object>),
    /// Future objects of a role, in one schema or everywhere; the letter of `pg_default_acl.defaclobjtype`.
    Future(RoleName, Option<SchemaName>, char),
}

/// A lost privilege, with the logins that hold it through nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The service; `None` for the server as a whole.
    pub service: Option<ServiceName>,
    pub database: DbName,
    pub privilege: Privilege,
    pub on: LostObject,
    /// Former source of the privilege: PUBLIC, or a group.
    pub from: Grantee,
    /// Roles that lose it, by name; never empty.
    pub roles: Vec<RoleName>,
}

impl Loss {
    /// Describes the privilege.
    pub fn what(&self) -> String {
        let (privilege, database) = (self.privilege.name(), &self.database);
        match &self.on {
            LostObject::Database => format!("{privilege} on database {database}"),
            LostObject::Schema(schema) => format!("{privilege} on schema {schema} of {database}"),
            LostObject::Objects(kind, objects) => match objects.first().filter(|_| objects.len() == 1) {
                Some(object) => format!("{privilege} on {object} of {database}"),
                None => format!("{privilege} on {} of {database}", counted(objects.len(), kind.word())),
            },
            LostObject::Future(owner, schema, letter) => {
                let kind =
                    DefaultKind::from_letter(*letter).map_or("objects", DefaultKind::word).to_lowercase();
                let place = schema.as_ref().map_or_else(String::new, |schema| format!(" in schema {schema}"));
                format!("{privilege} on future {kind} of {owner}{place} of {database}")
            }
        }
    }

    /// Returns `true` if a level of `access:` grants the privilege: none grants EXECUTE.
    pub fn is_declarable(&self) -> bool {
        self.service.is_some() && self.privilege != Privilege::Execute
    }

    /// Returns statements that keep it for these roles, one for each object.
    pub fn grants(&self) -> Vec<Statement> {
        match &self.on {
            LostObject::Database => vec![self.grant(&Object::Database(self.database.clone()))],
            LostObject::Schema(schema) => vec![self.grant(&Object::Schema(schema.clone()))],
            LostObject::Objects(_, objects) => objects.iter().map(|object| self.grant(object)).collect(),
            LostObject::Future(owner, schema, letter) => {
                let kind = DefaultKind::from_letter(*letter).map_or("TABLES", DefaultKind::word);
                let (privilege, roles) = (Keyword(self.privilege.name()), List(self.roles.clone()));
                let given = stmt!("GRANT {privilege} ON {on} TO {roles}", on = Keyword(kind));
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

    /// Joins their names, only the first if there are many.
    pub fn names(&self) -> String {
        first_of(&self.roles.iter().map(RoleName::as_str).collect::<Vec<_>>(), LOGINS_NAMED)
    }
}

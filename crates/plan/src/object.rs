//! Objects with an owner or privileges.

use super::stage::Stage;
use martydb_model::{ActualObject, ActualPublication, DbName, ObjectKind, SchemaName};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    Database(DbName),
    /// A schema of the database in which the step runs.
    Schema(SchemaName),
    /// A relation or type.
    Named {
        kind: ObjectKind,
        schema: SchemaName,
        name: String,
    },
    /// A function or procedure: qualified, with argument types, quoted by the server.
    Routine {
        kind: ObjectKind,
        signature: String,
    },
    /// Another object with an owner and without privileges: its kind in the words of `pg_identify_object`, and
    /// its name as the server quotes it.
    Other {
        sort: String,
        identity: String,
    },
    Column {
        schema: SchemaName,
        table: String,
        column: String,
    },
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Object::Database(name) => write!(f, "database {name}"),
            Object::Schema(name) => write!(f, "schema {name}"),
            Object::Named { kind, schema, name } => write!(f, "{} {schema}.{name}", kind.word()),
            Object::Routine { kind, signature } => write!(f, "{} {signature}", kind.word()),
            Object::Other { sort, identity } => write!(f, "{sort} {identity}"),
            Object::Column { schema, table, column } => write!(f, "column {schema}.{table}.{column}"),
        }
    }
}

impl Object {
    /// Returns the object for one that was found.
    pub fn from_actual(found: &ActualObject) -> Object {
        let (kind, name) = (found.kind, found.name.clone());
        match found.signature.clone() {
            Some(identity) if kind == ObjectKind::Other => Object::Other { sort: name, identity },
            Some(signature) => Object::Routine { kind, signature },
            None => Object::Named { kind, schema: found.schema.clone(), name },
        }
    }

    pub(crate) fn of_publication(found: &ActualPublication) -> Object {
        Object::Other { sort: "publication".into(), identity: found.identity.clone() }
    }

    /// Returns its kind; `None` for a database or a schema.
    pub(super) fn kind(&self) -> Option<ObjectKind> {
        match self {
            Object::Named { kind, .. } | Object::Routine { kind, .. } => Some(*kind),
            Object::Other { .. } => Some(ObjectKind::Other),
            Object::Column { .. } => Some(ObjectKind::Table),
            Object::Database(_) | Object::Schema(_) => None,
        }
    }

    /// Returns the stage in which its owner and its privileges are changed.
    pub(super) fn stage(&self) -> Stage {
        if matches!(self, Object::Database(_)) { Stage::AlterDatabase } else { Stage::InDatabase }
    }
}

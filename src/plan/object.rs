//! What privileges are held on and what has an owner.

use crate::model::{ActualObject, DbName, ObjectKind, SchemaName};

/// Something that rights are held on, or that has an owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// A database.
    Database(DbName),
    /// A schema of the database the step runs in.
    Schema(SchemaName),
    /// A relation or type.
    Named {
        /// What it is.
        kind: ObjectKind,
        /// Its schema.
        schema: SchemaName,
        /// Its name.
        name: String,
    },
    /// A function or procedure.
    Routine {
        /// Which of the two.
        kind: ObjectKind,
        /// Qualified, with argument types, quoted by the server.
        signature: String,
    },
    /// Something else that has an owner and no rights.
    Other {
        /// What it is, as `pg_identify_object` says.
        sort: String,
        /// Its name as the server quotes it.
        identity: String,
    },
    /// A column.
    Column {
        /// The table's schema.
        schema: SchemaName,
        /// The table.
        table: String,
        /// The column.
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
    /// How a found object is spoken of.
    pub fn of(found: &ActualObject) -> Object {
        match &found.signature {
            Some(identity) if found.kind == ObjectKind::Other => {
                Object::Other { sort: found.name.clone(), identity: identity.clone() }
            }
            Some(signature) => Object::Routine { kind: found.kind, signature: signature.clone() },
            None => {
                Object::Named { kind: found.kind, schema: found.schema.clone(), name: found.name.clone() }
            }
        }
    }
}

impl ObjectKind {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            ObjectKind::Table => "table",
            ObjectKind::View => "view",
            ObjectKind::MaterializedView => "materialized view",
            ObjectKind::Sequence => "sequence",
            ObjectKind::Function => "function",
            ObjectKind::Procedure => "procedure",
            ObjectKind::Type => "type",
            ObjectKind::Other => "object",
        }
    }
}

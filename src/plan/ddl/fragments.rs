//! Objects, settings and grantees as SQL spells them.

use crate::model::{Grantee, ObjectKind};
use crate::plan::action::SettingValue;
use crate::plan::object::Object;
use crate::sql::{Fragment, Idents, Keyword, Literal, Qualified, Rendered, ServerText, stmt};

/// A setting's or extension's name: dotted parts are quoted one by one.
pub struct Setting<'a>(pub &'a str);

impl Fragment for Setting<'_> {
    fn render(&self) -> Rendered {
        Qualified(self.0.split('.').map(String::from).collect()).render()
    }
}

impl Fragment for SettingValue {
    fn render(&self) -> Rendered {
        match self {
            SettingValue::Text(text) => Literal(text.clone()).render(),
            SettingValue::Schemas(schemas) => Idents(schemas.clone()).render(),
        }
    }
}

impl Fragment for Grantee {
    fn render(&self) -> Rendered {
        match self {
            Grantee::Public => Keyword("PUBLIC").render(),
            Grantee::Role(role) => role.render(),
        }
    }
}

/// An object as `GRANT … ON` spells it.
pub struct GrantObject<'a>(pub &'a Object);

impl Fragment for GrantObject<'_> {
    fn render(&self) -> Rendered {
        let word = |kind: ObjectKind| {
            Keyword(match kind {
                ObjectKind::Sequence => "SEQUENCE",
                ObjectKind::Type => "TYPE",
                ObjectKind::Function => "FUNCTION",
                ObjectKind::Procedure => "PROCEDURE",
                ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::Other => {
                    "TABLE"
                }
            })
        };
        object(self.0, word)
    }
}

/// An object as `ALTER … OWNER TO` spells it.
pub struct AlterObject<'a>(pub &'a Object);

impl Fragment for AlterObject<'_> {
    fn render(&self) -> Rendered {
        let word = |kind: ObjectKind| {
            Keyword(match kind {
                ObjectKind::Table => "TABLE",
                ObjectKind::View => "VIEW",
                ObjectKind::MaterializedView => "MATERIALIZED VIEW",
                ObjectKind::Sequence => "SEQUENCE",
                ObjectKind::Type => "TYPE",
                ObjectKind::Function => "FUNCTION",
                ObjectKind::Procedure => "PROCEDURE",
                ObjectKind::Other => "TABLE",
            })
        };
        object(self.0, word)
    }
}

/// Sorts of objects as `pg_identify_object` names them, and as `ALTER` does.
const SORTS: &[(&str, &str)] = &[
    ("collation", "COLLATION"),
    ("conversion", "CONVERSION"),
    ("operator", "OPERATOR"),
    ("operator class", "OPERATOR CLASS"),
    ("operator family", "OPERATOR FAMILY"),
    ("statistics object", "STATISTICS"),
    ("text search configuration", "TEXT SEARCH CONFIGURATION"),
    ("text search dictionary", "TEXT SEARCH DICTIONARY"),
];

fn object(object: &Object, word: impl Fn(ObjectKind) -> Keyword) -> Rendered {
    match object {
        Object::Database(name) => stmt!("DATABASE {name}", name = name).render(),
        Object::Schema(name) => stmt!("SCHEMA {name}", name = name).render(),
        Object::Named { kind, schema, name } => {
            let name = Qualified(vec![schema.to_string(), name.clone()]);
            stmt!("{word} {name}", word = word(*kind), name = name).render()
        }
        Object::Routine { kind, signature } => {
            stmt!("{word} {name}", word = word(*kind), name = ServerText::quoted_by_server(signature.clone()))
                .render()
        }
        Object::Other { sort, identity } => {
            let word = SORTS.iter().find(|row| row.0 == sort).map_or("OBJECT", |row| row.1);
            stmt!(
                "{word} {name}",
                word = Keyword(word),
                name = ServerText::quoted_by_server(identity.clone())
            )
            .render()
        }
        Object::Column { schema, table, .. } => {
            let name = Qualified(vec![schema.to_string(), table.clone()]);
            stmt!("TABLE {name}", name = name).render()
        }
    }
}

/// The column list that stands behind the privileges.
pub struct Columns<'a>(pub &'a Object);

impl Fragment for Columns<'_> {
    fn render(&self) -> Rendered {
        match self.0 {
            Object::Column { column, .. } => stmt!(" ({c})", c = Qualified(vec![column.clone()])).render(),
            _ => stmt!("").render(),
        }
    }
}

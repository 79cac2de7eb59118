//! Objects and values of settings as SQL spells them.

use crate::model::ObjectKind;
use crate::plan::action::SettingValue;
use crate::plan::object::Object;
use crate::sql::{Fragment, Keyword, List, Literal, Qualified, ServerText, Statement, stmt};

impl Fragment for SettingValue {
    fn render(&self) -> Statement {
        match self {
            SettingValue::Text(text) => Literal(text.clone()).render(),
            SettingValue::Schemas(schemas) => List(schemas.clone()).render(),
        }
    }
}

/// An object as `GRANT … ON` spells it.
pub fn grant_object(object: &Object) -> Statement {
    spelt(object, |kind| words(kind).0)
}

/// An object as `ALTER … OWNER TO` spells it.
pub fn alter_object(object: &Object) -> Statement {
    spelt(object, |kind| words(kind).1)
}

/// The column list that stands behind the privileges.
pub fn columns(object: &Object) -> Statement {
    match object {
        Object::Column { column, .. } => stmt!(" ({c})", c = Qualified(vec![column.clone()])),
        _ => stmt!(""),
    }
}

/// As GRANT and as ALTER call it.
fn words(kind: ObjectKind) -> (&'static str, &'static str) {
    match kind {
        ObjectKind::Table | ObjectKind::Other => ("TABLE", "TABLE"),
        ObjectKind::View => ("TABLE", "VIEW"),
        ObjectKind::MaterializedView => ("TABLE", "MATERIALIZED VIEW"),
        ObjectKind::Sequence => ("SEQUENCE", "SEQUENCE"),
        ObjectKind::Type => ("TYPE", "TYPE"),
        ObjectKind::Function => ("FUNCTION", "FUNCTION"),
        ObjectKind::Procedure => ("PROCEDURE", "PROCEDURE"),
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

fn spelt(object: &Object, word: impl Fn(ObjectKind) -> &'static str) -> Statement {
    let qualified = |schema: &str, name: &str| Qualified(vec![schema.into(), name.into()]).render();
    let by_server = |text: &str| ServerText::quoted_by_server(text.into()).render();
    let (word, name) = match object {
        Object::Database(name) => ("DATABASE", name.render()),
        Object::Schema(name) => ("SCHEMA", name.render()),
        Object::Named { kind, schema, name } => (word(*kind), qualified(schema.as_str(), name)),
        Object::Routine { kind, signature } => (word(*kind), by_server(signature)),
        Object::Other { sort, identity } => {
            let known = SORTS.iter().find(|row| row.0 == sort);
            (known.map_or("OBJECT", |row| row.1), by_server(identity))
        }
        Object::Column { schema, table, .. } => ("TABLE", qualified(schema.as_str(), table)),
    };
    stmt!("{word} {name}", word = Keyword(word), name = name)
}

//! Search paths of superusers' functions in which no other role puts anything.

use super::plain_tables::is_superusers_schema;
use crate::audit::context::Database;
use crate::audit::reach::Piece;
use martydb_catalog::CatalogObject;
use martydb_model::sql::split_name_list;

/// Kinds that a name behind FROM may mean.
const RELATIONS: &[&str] = &["foreign table", "materialized view", "sequence", "table", "view"];

/// Schemas of superusers in a path, in its order.
pub(crate) struct SearchedSchemas {
    schemas: Vec<String>,
    /// Set if `pg_temp` is the last one: elsewhere, and if it is not named, relations and types are found there first.
    pub ends_with_temp: bool,
}

impl SearchedSchemas {
    /// Returns the schemas of a function's path; `None` if another role creates in one, or if a call or a sign of the text may
    /// mean more there than what the server has.
    pub(crate) fn of(
        db: &Database<'_>,
        function: &CatalogObject,
        path: &str,
        words: &[Piece],
    ) -> Option<SearchedSchemas> {
        let mut all = split_name_list(path);
        let ends_with_temp = all.last().is_some_and(|last| last == "pg_temp");
        all.truncate(all.len() - usize::from(ends_with_temp));
        all.retain(|name| !name.is_empty() && name != "pg_catalog");
        // Names without a schema are found in one of the caller's.
        let is_first = all.iter().any(|name| name == "pg_temp") || !all.is_empty() && !ends_with_temp;
        let is_closed = |name: &String| is_superusers_schema(db, name) && !steers(db, name);
        let means_more = all.iter().any(|schema| may_call(db, function, schema, words));
        (!is_first && all.iter().all(is_closed) && !means_more)
            .then_some(SearchedSchemas { schemas: all, ends_with_temp })
    }

    /// Returns the schema in which a relation is found. Those of the server come first.
    pub(crate) fn find(&self, db: &Database<'_>, name: &str) -> Option<String> {
        let is_it = |schema: &&String| {
            db.catalog.objects.iter().any(|item| {
                RELATIONS.contains(&item.kind.as_str())
                    && item.schema.as_deref() == Some(schema.as_str())
                    && item.name == name
            })
        };
        self.schemas.iter().find(is_it).filter(|_| !name.starts_with("pg_")).cloned()
    }
}

/// Returns `true` for a schema with operators, types, or members of extensions.
fn steers(db: &Database<'_>, name: &str) -> bool {
    db.catalog.privileged.schemas.iter().any(|schema| schema.name == name && schema.steers)
}

/// Returns `true` if the text has the name of one of the schema's functions: a call may mean it, and so may a column, which stands
/// for a call with a row. The function's own name also stands before its arguments.
fn may_call(db: &Database<'_>, function: &CatalogObject, schema: &str, words: &[Piece]) -> bool {
    let names = |name: &str| {
        (0..words.len()).any(|at| {
            let is_own = name == function.name && words.get(at + 1) == Some(&Piece::Symbol(b'.'));
            matches!(&words[at], Piece::Word { text, .. } if text == name) && !is_own
        })
    };
    let mut objects = db.catalog.objects.iter();
    objects.any(|item| item.is_routine() && item.schema.as_deref() == Some(schema) && names(&item.name))
}

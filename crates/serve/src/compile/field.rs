//! Columns and paths into their JSON values.

use std::collections::BTreeSet;

use martydb_model::sql::{Ident, List, Qualified, Statement, stmt};

use super::values::StatementValues;
use crate::catalog::{ExposedColumn, ExposedRelation, ServedCatalog};
use crate::error::{HttpError, HttpResult};
use crate::request::{FieldPath, JsonKey};

/// A relation in a statement: what it is, and its alias there.
#[derive(Clone, Copy)]
pub(super) struct FieldScope<'a> {
    pub catalog: &'a ServedCatalog,
    pub relation: &'a ExposedRelation,
    pub(crate) alias: &'a str,
}

impl<'a> FieldScope<'a> {
    /// Returns the column if the catalog has it; `None` for a function of the row.
    pub(super) fn column(&self, name: &str) -> HttpResult<Option<&'a ExposedColumn>> {
        match self.relation.column(name) {
            Some(column) => Ok(Some(column)),
            None if self.catalog.is_computed(self.relation, name) => Ok(None),
            None => Err(HttpError::no_column(&self.relation.name, name)),
        }
    }

    /// Returns `alias."column"`.
    pub(super) fn plain(&self, name: &str) -> HttpResult<Statement> {
        self.column(name)?;
        Ok(stmt!("{name}", name = Qualified([self.alias, name])))
    }

    /// Returns the value of a column, or of a path into it.
    pub(super) fn value(&self, field: &FieldPath, values: &mut StatementValues) -> HttpResult<Statement> {
        let column = self.column(&field.name)?;
        let plain = self.plain(&field.name)?;
        // A function of the row.
        values.note_code(column.is_none());
        if field.steps.is_empty() {
            return Ok(plain);
        }
        let is_json = column.is_some_and(|column| ["json", "jsonb"].contains(&column.base.as_str()));
        let mut parts = vec![if is_json { plain } else { stmt!("pg_catalog.to_jsonb({plain})") }];
        for step in &field.steps {
            let arrow = if step.as_text {
                stmt!("OPERATOR(pg_catalog.->>)")
            } else {
                stmt!("OPERATOR(pg_catalog.->)")
            };
            let key = match &step.key {
                JsonKey::Name(name) => {
                    let name = values.add(name.clone());
                    stmt!("{name}::text")
                }
                JsonKey::Index(index) => {
                    let index = values.add(index.clone());
                    stmt!("{index}::integer")
                }
            };
            parts.push(stmt!(" {arrow} {key}"));
        }
        Ok(stmt!("({all})", all = Statement::concat(parts)))
    }
}

/// Returns all columns of a relation, and the functions of its row that a request names.
pub(super) fn with_computed(
    catalog: &ServedCatalog,
    relation: &ExposedRelation,
    named: &BTreeSet<String>,
    alias: &str,
    values: &mut StatementValues,
) -> Statement {
    let computed = named.iter().filter(|name| relation.column(name).is_none());
    let computed: Vec<_> = computed.filter(|name| catalog.is_computed(relation, name)).collect();
    values.note_code(!computed.is_empty());
    let computed = computed.into_iter().map(|name| stmt!("{name}", name = Qualified([alias, name])));
    let all = Qualified([alias]);
    let all = [stmt!("{all}.*")].into_iter().chain(computed).collect();
    stmt!("{all}", all = List(all))
}

/// Returns the name that the answer gives a path: its last key, or the column's where there is none.
pub(super) fn key_of(field: &FieldPath) -> Option<&str> {
    field.steps.last()?;
    let named = field.steps.iter().rev().find_map(|step| match &step.key {
        JsonKey::Name(name) => Some(name.as_str()),
        JsonKey::Index(_) => None,
    });
    Some(named.unwrap_or(&field.name))
}

/// Quotes a key of the answer.
pub(super) fn answer_key(name: &str) -> HttpResult<Ident> {
    Ident::new(name).map_err(|error| HttpError::limit(format!("the name \"{name}\" {error}")))
}

//! Conditions on documents. Keys and values are parameters; only paths that an index of the catalog has are written as they are
//! there, so that the planner finds it.

use martydb_model::sql::{Keyword, List, Literal, Qualified, Statement, stmt};

use super::field::FieldScope;
use super::values::StatementValues;
use crate::catalog::DOCUMENT;
use crate::error::HttpResult;
use crate::request::DocumentFilter;

/// A document, or an element of a list in it.
struct DocumentScope<'a> {
    value: Statement,
    /// Paths of its expression indexes.
    indexed: &'a [Vec<String>],
    /// Number of lists around it.
    depth: usize,
}

/// Compiles a condition on the documents of a relation.
pub(super) fn document_condition(
    scope: &FieldScope<'_>,
    filter: &DocumentFilter,
    values: &mut StatementValues,
) -> HttpResult<Statement> {
    let indexed = scope.relation.indexed_paths();
    let document = DocumentScope { value: scope.plain(DOCUMENT)?, indexed: &indexed, depth: 0 };
    Ok(document.condition(filter, values))
}

impl DocumentScope<'_> {
    fn condition(&self, filter: &DocumentFilter, values: &mut StatementValues) -> Statement {
        match filter {
            DocumentFilter::All(all) => self.branch(all, " AND ", values),
            DocumentFilter::Any(all) => self.branch(all, " OR ", values),
            // A value that is missing makes a condition unknown, which is not fulfilled.
            DocumentFilter::Not(filter) => {
                let condition = self.condition(filter, values);
                stmt!("({condition}) IS NOT TRUE")
            }
            DocumentFilter::Contains { path, values: wanted } => {
                let all: Vec<String> = wanted.iter().flat_map(|json| containers(path, json)).collect();
                let document = &self.value;
                match &all[..] {
                    [one] => {
                        let value = values.add(one.clone());
                        stmt!("{document} OPERATOR(pg_catalog.@>) {value}::jsonb")
                    }
                    all => {
                        let list = values.add_array(all);
                        stmt!("{document} OPERATOR(pg_catalog.@>) ANY ({list}::jsonb[])")
                    }
                }
            }
            DocumentFilter::Compared { path, operator, r#type, value } => {
                let (place, operator) = (self.at(path, values), Keyword(operator));
                let (value, kind) = (values.add(value.clone()), Literal((*r#type).to_owned()));
                stmt!(
                    "({place} OPERATOR(pg_catalog.{operator}) {value}::jsonb AND pg_catalog.jsonb_typeof({place}) = {kind})"
                )
            }
            DocumentFilter::Exists(path) => stmt!("{place} IS NOT NULL", place = self.at(path, values)),
            DocumentFilter::Element { path, filter } => self.element(path, filter, values),
            DocumentFilter::Matches { path, pattern } => {
                let (place, pattern) = (self.at(path, values), values.add(pattern.clone()));
                stmt!(
                    "(pg_catalog.jsonb_typeof({place}) = 'string' AND \
                     ({place} OPERATOR(pg_catalog.#>>) '{{}}'::text[]) OPERATOR(pg_catalog.~) {pattern}::text)"
                )
            }
        }
    }

    fn branch(&self, all: &[DocumentFilter], word: &'static str, values: &mut StatementValues) -> Statement {
        let all: Vec<_> = all.iter().map(|one| self.condition(one, values)).collect();
        stmt!("({all})", all = Statement::separated(all, word))
    }

    fn element(&self, path: &[String], filter: &DocumentFilter, values: &mut StatementValues) -> Statement {
        let list = self.at(path, values);
        let alias = format!("martydb_d{}", self.depth);
        let value = Qualified(vec![alias.clone(), DOCUMENT.into()]);
        let element = DocumentScope { value: stmt!("{value}"), indexed: &[], depth: self.depth + 1 };
        let condition = element.condition(filter, values);
        let (alias, column) = (Qualified(vec![alias]), List(vec![Qualified([DOCUMENT])]));
        stmt!(
            "EXISTS (SELECT FROM pg_catalog.jsonb_array_elements(CASE pg_catalog.jsonb_typeof({list}) WHEN 'array' THEN {list} END) \
             AS {alias}({column}) WHERE {condition})"
        )
    }

    /// Returns the value at a path through objects.
    fn at(&self, path: &[String], values: &mut StatementValues) -> Statement {
        let document = &self.value;
        if path.is_empty() {
            return stmt!("{document}");
        }
        // `#>` would take a number as a place in a list.
        if path.iter().any(|key| key.trim_start().parse::<i64>().is_ok()) {
            return path.iter().fold(stmt!("{document}"), |value, key| {
                let key = values.add(key.clone());
                stmt!("({value} OPERATOR(pg_catalog.->) {key}::text)")
            });
        }
        match self.indexed.iter().any(|one| one == path) {
            true => {
                let path = Literal(format!("{{{}}}", path.join(",")));
                stmt!("({document} OPERATOR(pg_catalog.#>) {path}::text[])")
            }
            false => {
                let path = values.add_array(path);
                stmt!("({document} OPERATOR(pg_catalog.#>) {path}::text[])")
            }
        }
    }
}

/// Returns the smallest documents with a JSON value at a path: alone, and in a list.
fn containers(path: &[String], json: &str) -> Vec<String> {
    let within = |text: String| {
        path.iter()
            .rev()
            .fold(text, |text, key| format!("{{{}:{text}}}", serde_json::Value::from(key.as_str())))
    };
    match json.starts_with('[') || path.is_empty() {
        true => vec![within(json.to_owned())],
        false => vec![within(json.to_owned()), within(format!("[{json}]"))],
    }
}

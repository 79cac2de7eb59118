//! New values of documents: each step is a subquery on the one before, so that none is computed twice.

use martydb_model::sql::{Qualified, Statement, stmt};

use super::values::StatementValues;
use crate::error::{HttpError, HttpResult};
use crate::request::{DocumentChange, DocumentStep, MOST_STEPS};

/// Returns the new value of a document.
pub(super) fn changed(
    document: &Statement,
    change: &DocumentChange,
    values: &mut StatementValues,
) -> HttpResult<Statement> {
    let mut query = stmt!("SELECT {document} AS d");
    for (number, step) in steps(change)?.iter().enumerate() {
        let alias = format!("martydb_s{number}");
        let before = Qualified(vec![alias.clone(), "d".into()]);
        let new = value(&stmt!("{before}"), step, values);
        let alias = Qualified(vec![alias]);
        // OFFSET 0 keeps the planner from putting the steps into each other, which would repeat them.
        query = stmt!("SELECT {new} AS d FROM ({query}) AS {alias} OFFSET 0");
    }
    Ok(stmt!("({query})"))
}

/// A step as the compiler sees it: before a value is set, the objects around it are made.
enum CompiledStep<'a> {
    Object(&'a [String]),
    RequestStep(&'a DocumentStep),
}

fn steps(change: &DocumentChange) -> HttpResult<Vec<CompiledStep<'_>>> {
    let mut all = vec![];
    for step in change {
        let path = step.path();
        if !matches!(step, DocumentStep::Remove(_)) {
            all.extend((1..path.len()).map(|end| CompiledStep::Object(&path[..end])));
        }
        all.push(CompiledStep::RequestStep(step));
    }
    if all.len() <= MOST_STEPS {
        return Ok(all);
    }
    Err(HttpError::limit(format!("the change has more than {MOST_STEPS} steps: each key of a path counts")))
}

fn value(before: &Statement, step: &CompiledStep<'_>, values: &mut StatementValues) -> Statement {
    match step {
        CompiledStep::Object(path) => {
            let place = at(before, path, values);
            let object = stmt!("COALESCE({place}, '{{}}'::jsonb)");
            set(before, path, &object, values)
        }
        CompiledStep::RequestStep(DocumentStep::Replace(json)) => {
            let json = values.add(json.clone());
            stmt!("{json}::jsonb")
        }
        CompiledStep::RequestStep(DocumentStep::Set(path, json)) => {
            let json = values.add(json.clone());
            set(before, path, &stmt!("{json}::jsonb"), values)
        }
        CompiledStep::RequestStep(DocumentStep::Remove(path)) => {
            let parent = at(before, &path[..path.len().saturating_sub(1)], values);
            let path = values.add_array(path);
            // As in MongoDB an element becomes null, so that the others keep their places.
            stmt!(
                "CASE pg_catalog.jsonb_typeof({parent}) WHEN 'array' \
                 THEN pg_catalog.jsonb_set({before}, {path}::text[], 'null'::jsonb, false) \
                 ELSE {before} OPERATOR(pg_catalog.#-) {path}::text[] END"
            )
        }
        CompiledStep::RequestStep(DocumentStep::Increase(path, number)) => {
            let (place, number) = (at(before, path, values), values.add(number.clone()));
            let sum = stmt!(
                "pg_catalog.to_jsonb(COALESCE(NULLIF({place}, 'null'::jsonb)::pg_catalog.numeric, 0) \
                 OPERATOR(pg_catalog.+) {number}::pg_catalog.numeric)"
            );
            set(before, path, &sum, values)
        }
        CompiledStep::RequestStep(DocumentStep::Append(path, list)) => {
            let (place, list) = (at(before, path, values), values.add(list.clone()));
            // jsonb_array_length fails for other values than lists.
            let longer = stmt!(
                "CASE WHEN pg_catalog.jsonb_array_length(COALESCE({place}, '[]'::jsonb)) >= 0 \
                 THEN COALESCE({place}, '[]'::jsonb) OPERATOR(pg_catalog.||) {list}::jsonb END"
            );
            set(before, path, &longer, values)
        }
    }
}

fn at(document: &Statement, path: &[String], values: &mut StatementValues) -> Statement {
    let path = values.add_array(path);
    stmt!("({document} OPERATOR(pg_catalog.#>) {path}::text[])")
}

/// Sets a value in its object, and the object in the document: jsonb_set would ignore a parent that is not an object.
fn set(document: &Statement, path: &[String], value: &Statement, values: &mut StatementValues) -> Statement {
    let (outer, last) = path.split_at(path.len().saturating_sub(1));
    let key = values.add_array(last);
    if outer.is_empty() {
        return stmt!("pg_catalog.jsonb_set({document}, {key}::text[], {value}, true)");
    }
    let object = at(document, outer, values);
    let outer = values.add_array(outer);
    let new = stmt!(
        "pg_catalog.jsonb_set({document}, {outer}::text[], pg_catalog.jsonb_set({object}, {key}::text[], {value}, true), true)"
    );
    // A place that a list does not have would be another one: a list as a number is an error.
    stmt!(
        "CASE WHEN pg_catalog.jsonb_typeof({object}) = 'array' AND ({object} OPERATOR(pg_catalog.#>) {key}::text[]) IS NULL \
         THEN pg_catalog.to_jsonb({object}::pg_catalog.numeric) ELSE {new} END"
    )
}

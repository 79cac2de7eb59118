//! Actions that the methods of requests mean.

use crate::answer::HttpAnswer;
use crate::catalog::ExposedRelation;
use crate::error::{HttpError, HttpResult};
use crate::face::http_request::RestRequest;
use crate::face::rest::{ParsedQuery, Preferences, rows_body};
use crate::request::{FilterOperation, FilterTree, RowAction};

/// Returns the action of a request.
pub(super) fn action(
    request: &RestRequest,
    relation: &ExposedRelation,
    query: &ParsedQuery,
    preferences: &Preferences,
) -> HttpResult<RowAction> {
    let missing_default = preferences.missing_default == Some(true);
    let rows = |columns: Option<&[String]>| rows_body(request.header("content-type"), &request.body, columns);
    let columns = query.rows.columns.as_deref();
    Ok(match request.method.as_str() {
        "GET" | "HEAD" => RowAction::Read,
        "POST" => {
            RowAction::Insert { rows: rows(columns)?, resolution: preferences.resolution, missing_default }
        }
        "PATCH" => RowAction::Update { rows: rows(columns)?, missing_default },
        "PUT" => {
            let rows = rows(None)?;
            names_its_row(relation, query)?;
            RowAction::Put { rows }
        }
        "DELETE" => RowAction::Delete,
        other => return Err(HttpError::new(405, "PGRST117", format!("Unsupported HTTP method: {other}"))),
    })
}

/// Returns the answer to OPTIONS: the methods of a relation.
pub(super) fn options(relation: &ExposedRelation) -> HttpAnswer {
    let mut allowed = vec!["OPTIONS,GET,HEAD"];
    let rows = [
        (relation.insertable, "POST"),
        (relation.insertable && relation.updatable && !relation.key.is_empty(), "PUT"),
        (relation.updatable, "PATCH"),
        (relation.deletable, "DELETE"),
    ];
    allowed.extend(rows.iter().filter(|(may, _)| *may).map(|(_, method)| *method));
    let headers = vec![("Allow".into(), allowed.join(","))];
    HttpAnswer { status: 200, headers, body: vec![] }
}

/// Checks that the filters of PUT name the row by its whole key.
fn names_its_row(relation: &ExposedRelation, query: &ParsedQuery) -> HttpResult<()> {
    let is_equal = |tree: &FilterTree| match tree {
        FilterTree::Leaf(filter) => {
            let equal =
                matches!(&filter.operation, FilterOperation::Binary { operator: "=", quantifier: None, .. });
            equal && !filter.negated && filter.field.steps.is_empty()
        }
        FilterTree::Branch { .. } | FilterTree::Document(_) => false,
    };
    let mut filtered = query.filtered.clone();
    filtered.sort();
    filtered.dedup();
    let mut key = relation.key.clone();
    key.sort();
    if key.is_empty()
        || filtered != key
        || !query.rows.filters.iter().all(|(path, tree)| path.is_empty() && is_equal(tree))
    {
        let message = "Filters must include all and only primary key columns with 'eq' operators";
        return Err(HttpError::new(405, "PGRST105", message));
    }
    Ok(())
}

//! Operations of a batch: `{"op": "insert", "collection": "orders", "values": {…}}`.

use serde_json::Value;

use crate::error::{HttpError, HttpResult};
use crate::face::api::aggregate::parse_aggregate;
use crate::face::api::body::{BodyKeys, wrong};
use crate::face::api::collection::{CollectionKind, parse_change, parse_documents, parse_where, replacement};
use crate::face::api::filter::scalar;
use crate::face::api::operation::{ApiAction, ApiOperation, RowId, RowTarget, parse_rows};
use crate::face::api::page::parse_query_body;
use crate::face::rest::parse_select;
use crate::request::RowsBody;

/// Parses an operation.
pub(super) fn parse_operation(
    value: Value,
    kinds: &dyn Fn(&str) -> CollectionKind,
) -> HttpResult<ApiOperation> {
    let mut body = BodyKeys::from_value(value, "the operation")?;
    let name = body.text("op")?.ok_or_else(|| wrong("an operation has no \"op\""))?;
    let collection = body.text("collection")?.ok_or_else(|| wrong("an operation has no \"collection\""))?;
    let kind = kinds(&collection);
    let action = match name.as_str() {
        "query" => ApiAction::Page(parse_query_body(body, kind)?),
        "aggregate" => ApiAction::Aggregate(parse_aggregate(body, kind)?),
        "count" => {
            let page = parse_query_body(body, kind)?;
            ApiAction::Count { query: page.query, planned: false }
        }
        name if kind == CollectionKind::Documents => on_documents(name, body)?,
        name => on_rows(name, body)?,
    };
    Ok(ApiOperation { collection, action })
}

fn on_rows(name: &str, mut body: BodyKeys) -> HttpResult<ApiAction> {
    let select = parse_select(body.list("select")?.as_deref().unwrap_or("*"))?;
    let action = match name {
        "insert" => ApiAction::Insert { rows: values(&mut body, true)?, select },
        "get" => ApiAction::Get { id: id(&mut body)?.ok_or_else(without_id)?, select },
        "replace" => {
            let id = id(&mut body)?.ok_or_else(without_id)?;
            ApiAction::Replace { id, row: values(&mut body, false)?, select }
        }
        "update" => {
            let target = target(&mut body, CollectionKind::Rows)?;
            ApiAction::Update { target, row: values(&mut body, false)?, select }
        }
        "delete" => ApiAction::Delete { target: target(&mut body, CollectionKind::Rows)? },
        other => return Err(wrong(format!("unknown operation \"{other}\""))),
    };
    body.finish()?;
    Ok(action)
}

fn on_documents(name: &str, mut body: BodyKeys) -> HttpResult<ApiAction> {
    let select = parse_select(body.list("select")?.as_deref().unwrap_or("*"))?;
    let action = match name {
        "insert" => ApiAction::InsertDocuments { new: parse_documents(given(&mut body)?)?, select },
        "get" => ApiAction::Get { id: id(&mut body)?.ok_or_else(without_id)?, select },
        "replace" => {
            let target = target(&mut body, CollectionKind::Documents)?;
            if matches!(target, RowTarget::Where(..)) {
                return Err(without_id());
            }
            ApiAction::ChangeDocuments { target, change: replacement(&given(&mut body)?)?, select }
        }
        "update" => {
            let target = target(&mut body, CollectionKind::Documents)?;
            ApiAction::ChangeDocuments { target, change: parse_change(&given(&mut body)?)?, select }
        }
        "delete" => ApiAction::Delete { target: target(&mut body, CollectionKind::Documents)? },
        other => return Err(wrong(format!("unknown operation \"{other}\""))),
    };
    body.finish()?;
    Ok(action)
}

fn without_id() -> HttpError {
    wrong("the operation has no \"id\"")
}

fn id(body: &mut BodyKeys) -> HttpResult<Option<RowId>> {
    match body.take("id") {
        None => Ok(None),
        Some(Value::Array(parts)) => parts.iter().map(scalar).collect::<HttpResult<_>>().map(Some),
        Some(value) => Ok(Some(vec![scalar(&value)?])),
    }
}

fn target(body: &mut BodyKeys, kind: CollectionKind) -> HttpResult<RowTarget> {
    let version = if kind == CollectionKind::Documents { version(body)? } else { None };
    match (id(body)?, body.take("where")) {
        (Some(id), None) if version.is_some() => Ok(RowTarget::Versioned(id, version)),
        (Some(id), None) => Ok(RowTarget::Id(id)),
        (None, Some(_)) if version.is_some() => Err(wrong("\"version\" belongs to an \"id\"")),
        (None, Some(filter)) => Ok(RowTarget::Where(parse_where(&filter, kind)?, filter.to_string())),
        _ => Err(wrong("the operation needs either \"id\" or \"where\"")),
    }
}

fn version(body: &mut BodyKeys) -> HttpResult<Option<Vec<i32>>> {
    let Some(value) = body.given("version") else { return Ok(None) };
    let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
    number
        .map(|number| Some(vec![number]))
        .ok_or_else(|| wrong("\"version\" of the operation is not a whole number"))
}

fn given(body: &mut BodyKeys) -> HttpResult<Value> {
    body.take("values").ok_or_else(|| wrong("the operation has no \"values\""))
}

fn values(body: &mut BodyKeys, many: bool) -> HttpResult<RowsBody> {
    parse_rows(&given(body)?.to_string(), many)
}

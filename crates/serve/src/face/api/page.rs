//! Pages and counts: `GET {c}`, `GET {c}/count` and `POST {c}/query`.

use serde_json::Value;

use super::body::{BodyKeys, wrong};
use super::collection::{CollectionKind, parse_terms, parse_where};
use crate::error::{HttpError, HttpResult};
use crate::face::rest::{pairs, parse_query, parse_select};
use crate::request::{EmbedPath, FieldPath, OrderedField, RowQuery, RowRange, SelectEntry, SelectedRelation};

/// A page of rows. Its order and its limit are beside the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageRequest {
    pub query: RowQuery,
    pub order: Vec<OrderedField>,
    pub limit: Option<i64>,
    /// Cursor of the page before.
    pub after: Option<String>,
}

/// Parses the parameters of a list.
pub(crate) fn parse_list(query: &str) -> HttpResult<PageRequest> {
    let (own, rest) = without(query, &["after"]);
    page(parsed(&rest)?, own.into_iter().next().map(|(_, value)| value))
}

/// Returns the page of a query with its order and range in it.
fn page(mut query: RowQuery, after: Option<String>) -> HttpResult<PageRequest> {
    let range = query.range();
    if range.offset != 0 {
        return Err(HttpError::new(400, "PGRST100", "a page has no `offset`").hint("after=CURSOR"));
    }
    query.ranges.retain(|(path, _)| !path.is_empty());
    let (own, below) = std::mem::take(&mut query.order).into_iter().partition(|(path, _)| path.is_empty());
    query.order = below;
    let own: Vec<(EmbedPath, Vec<OrderedField>)> = own;
    let order = own.into_iter().flat_map(|(_, terms)| terms).collect();
    Ok(PageRequest { query, order, limit: range.limit, after })
}

fn parsed(query: &str) -> HttpResult<RowQuery> {
    let parsed = parse_query(query)?;
    match parsed.rows.columns.is_some() || parsed.rows.on_conflict.is_some() {
        true => Err(HttpError::new(400, "PGRST100", "`columns` and `on_conflict` belong to /rest")),
        false => Ok(parsed.rows),
    }
}

/// Takes parameters out of a query string.
fn without(query: &str, names: &[&str]) -> (Vec<(String, String)>, String) {
    let (own, rest): (Vec<&str>, Vec<&str>) = query.split('&').partition(|part| {
        let name = part.split('=').next().unwrap_or_default();
        names.contains(&name)
    });
    let own = pairs(&own.join("&")).into_iter().map(|(name, value)| (name, value.unwrap_or_default()));
    (own.collect(), rest.join("&"))
}

/// Parses the parameters of a count: its filters, and `count=planned`.
pub(crate) fn parse_count(query: &str) -> HttpResult<(RowQuery, bool)> {
    let is_mode = |part: &&str| ["count=planned", "count=exact"].contains(part);
    let rest: Vec<&str> = query.split('&').filter(|part| !is_mode(part)).collect();
    let planned = query.split('&').any(|part| part == "count=planned");
    Ok((RowQuery { ranges: vec![], order: vec![], ..parsed(&rest.join("&"))? }, planned))
}

/// Parses the body of a query.
pub(crate) fn parse_query_body(mut body: BodyKeys, kind: CollectionKind) -> HttpResult<PageRequest> {
    let after = body.text("after")?;
    let mut query = RowQuery::default();
    level(&mut body, &vec![], &mut query, kind).and_then(|select| {
        query.select = select;
        body.finish()?;
        page(query, after)
    })
}

/// Deepest nesting of embedded relations that is followed; the planner's limit is lower.
const MAX_DEPTH: usize = 32;

/// Parses `select`, `where`, `order`, `limit` and `embed` of the root or of an embedded relation.
fn level(
    body: &mut BodyKeys,
    path: &EmbedPath,
    query: &mut RowQuery,
    kind: CollectionKind,
) -> HttpResult<Vec<SelectEntry>> {
    if path.len() > MAX_DEPTH {
        return Err(wrong("too many levels of embedded relations"));
    }
    let mut select = parse_select(body.list("select")?.as_deref().unwrap_or("*"))?;
    if let Some(filter) = body.filter() {
        query.filters.push((path.clone(), parse_where(&filter, kind)?));
    }
    if let Some(order) = body.list("order")? {
        query.order.push((path.clone(), parse_terms(&order, kind)?));
    }
    if let Some(limit) = body.number("limit")? {
        query.ranges.push((path.clone(), RowRange { offset: 0, limit: Some(limit) }));
    }
    match body.take("embed") {
        None => {}
        Some(Value::Object(all)) => {
            for (key, value) in all {
                select.push(embedded(key, value, path, query)?);
            }
        }
        Some(_) => return Err(wrong("\"embed\" is an object of relations")),
    }
    Ok(select)
}

fn embedded(key: String, value: Value, path: &EmbedPath, query: &mut RowQuery) -> HttpResult<SelectEntry> {
    let mut body = BodyKeys::from_value(value, &format!("\"embed\" of {key}"))?;
    let name = body.text("relation")?;
    let hint = body.text("hint")?;
    let inner = body.take("inner") == Some(Value::Bool(true));
    let mut below = path.clone();
    below.push(key.clone());
    let select = level(&mut body, &below, query, CollectionKind::Rows)?;
    body.finish()?;
    let (name, alias) = match name {
        Some(name) => (name, Some(key)),
        None => (key, None),
    };
    Ok(SelectEntry::Relation(SelectedRelation { name, alias, hint, inner, spread: false, select }))
}

/// Returns the order of a page: that of the request, and then the key, so that each row has one place.
pub(crate) fn page_order(
    request: &PageRequest,
    collection: &str,
    key: &[String],
) -> HttpResult<Vec<OrderedField>> {
    if key.is_empty() {
        let message = format!("{collection} has no primary key, so it has no pages");
        return Err(HttpError::new(400, "PGRST100", message).hint("read it below /rest/"));
    }
    if request.order.iter().any(|term| term.relation.is_some()) {
        let message = "pages are ordered by columns of the collection, and by values in them";
        return Err(HttpError::new(400, "PGRST100", message));
    }
    let mut order = request.order.clone();
    for column in key {
        if !order.iter().any(|term| term.field == FieldPath::column(column)) {
            let field = FieldPath::column(column.clone());
            order.push(OrderedField { relation: None, field, descending: None, nulls_first: None });
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_and_a_query_are_the_same_request() {
        let list = parse_list("select=id&state=eq.open&order=id.desc&limit=5&after=xyz").unwrap();
        let body = r#"{"select":["id"],"where":{"state":"open"},"order":"id.desc","limit":5,"after":"xyz"}"#;
        let parse =
            |text: &str| BodyKeys::parse(text).and_then(|body| parse_query_body(body, CollectionKind::Rows));
        assert_eq!(list, parse(body).unwrap());
        let all = r#"{"where":{},"embed":{"lines":{"where":{}}}}"#;
        assert_eq!(parse(all).unwrap(), parse(r#"{"embed":{"lines":{}}}"#).unwrap());
        for wrong in ["offset=1", "columns=id", "limit=-1", "state=noop.1"] {
            assert!(parse_list(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            "[]", "{", r#"{"wher":{}}"#, r#"{"limit":-1}"#, r#"{"select":[1]}"#, r#"{"embed":{"a":{"x":1}}}"#,
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_page_is_ordered_by_the_key_at_last() {
        let page = parse_list("order=name.desc").unwrap();
        let names = |key: &[&str]| {
            let key: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
            let order = page_order(&page, "t", &key).ok()?;
            Some(order.into_iter().map(|term| term.field.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["a", "name"]), Some(vec!["name".into(), "a".into()]));
        assert_eq!(names(&[]), None);
        assert!(page_order(&parse_list("order=a->b").unwrap(), "t", &["id".into()]).is_ok());
        assert!(page_order(&parse_list("order=a(b)").unwrap(), "t", &["id".into()]).is_err());
    }
}

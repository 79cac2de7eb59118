//! Aggregates: `{"group": ["state", {"day": {"date_bin": "at", "stride": "1 day"}}], "aggregates": {"n": {"count": "*"}, "total": {"sum": "cents"}}, "having": {"n": {"gt": 1}}}`.

use serde_json::{Map, Value};

use super::body::{BodyKeys, wrong};
use super::collection::{CollectionKind, parse_name, parse_terms, parse_where};
use super::filter::parse_filter;
use crate::error::HttpResult;
use crate::face::rest::json_path;
use crate::request::{
    Aggregate, FieldPath, FilterTree, OrderedField, RowQuery, SelectEntry, SelectedField, TimeSpans,
};

/// A request for aggregates. Its query selects the groups and the aggregates, each with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AggregateRequest {
    pub query: RowQuery,
    /// Condition on the groups, by the names of the answer.
    pub having: Option<FilterTree>,
    pub order: Vec<OrderedField>,
    pub limit: Option<i64>,
}

const FUNCTIONS: &[(&str, Aggregate)] = &[
    ("count", Aggregate::Count),
    ("sum", Aggregate::Sum),
    ("avg", Aggregate::Avg),
    ("min", Aggregate::Min),
    ("max", Aggregate::Max),
];

/// Parses the body.
pub(crate) fn parse_aggregate(mut body: BodyKeys, kind: CollectionKind) -> HttpResult<AggregateRequest> {
    let filter = body.filter().map(|value| parse_where(&value, kind)).transpose()?;
    let mut select = groups(body.take("group"), kind)?;
    select.extend(aggregates(body.take("aggregates"), kind)?);
    let having = body.take("having").map(|value| parse_filter(&value)).transpose()?;
    let order = body.list("order")?.map(|text| parse_terms(&text, kind)).transpose()?.unwrap_or_default();
    let limit = body.number("limit")?;
    body.finish()?;
    let query = RowQuery {
        select: select.into_iter().map(SelectEntry::Field).collect(),
        filters: filter.into_iter().map(|tree| (vec![], tree)).collect(),
        ..RowQuery::default()
    };
    Ok(AggregateRequest { query, having, order, limit })
}

fn groups(value: Option<Value>, kind: CollectionKind) -> HttpResult<Vec<SelectedField>> {
    let list = match value {
        None => vec![],
        Some(Value::Array(list)) => list,
        Some(_) => return Err(wrong("\"group\" is a list of columns")),
    };
    let one = |value: Value| match value {
        Value::String(text) => Ok(selected(parse_name(&text, kind)?, text, None)),
        Value::Object(object) => spans(object),
        _ => Err(wrong("\"group\" is a list of columns")),
    };
    list.into_iter().map(one).collect()
}

/// Units of the length of a span; months and years have no one length.
const UNITS: [&str; 5] = ["second", "minute", "hour", "day", "week"];

/// Beginning of a span by default: a Monday, and of a year and a month.
const ORIGIN: &str = "2001-01-01";

/// Parses spans of time: `{"day": {"date_bin": "at", "stride": "1 day", "origin": "2001-01-01"}}`.
fn spans(object: Map<String, Value>) -> HttpResult<SelectedField> {
    let wanted = || {
        wrong(
            "a group is a column, or an object such as {\"day\": {\"date_bin\": \"at\", \"stride\": \"1 day\"}}",
        )
    };
    let mut entries = object.into_iter();
    let (Some((name, Value::Object(mut keys))), None) = (entries.next(), entries.next()) else {
        return Err(wanted());
    };
    let mut take = |key: &str| match keys.remove(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wanted()),
    };
    let (column, stride, origin) = (take("date_bin")?, take("stride")?, take("origin")?);
    let (Some(column), Some(stride), true) = (column, stride, keys.is_empty()) else { return Err(wanted()) };
    if !is_length(&stride) {
        return Err(wrong(format!(
            "\"stride\" is a number with one of {}, such as 15 minutes",
            UNITS.join(", ")
        )));
    }
    let spans = TimeSpans { stride, origin: origin.unwrap_or_else(|| ORIGIN.into()) };
    Ok(SelectedField { spans: Some(spans), ..selected(json_path(&column)?, name, None) })
}

fn is_length(text: &str) -> bool {
    let Some((number, unit)) = text.split_once(' ') else { return false };
    let is_number = number.len() <= 6 && number.parse::<u32>().is_ok_and(|number| number > 0);
    is_number && UNITS.contains(&unit.strip_suffix('s').unwrap_or(unit))
}

fn aggregates(value: Option<Value>, kind: CollectionKind) -> HttpResult<Vec<SelectedField>> {
    let wanted = || wrong("\"aggregates\" is an object such as {\"n\": {\"count\": \"*\"}}");
    let Some(Value::Object(all)) = value else { return Err(wanted()) };
    if all.is_empty() {
        return Err(wanted());
    }
    let one = |(name, value): (String, Value)| {
        let object = value.as_object().filter(|object| object.len() == 1).ok_or_else(wanted)?;
        let (function, column) = object.iter().next().ok_or_else(wanted)?;
        let found = FUNCTIONS.iter().find(|(known, _)| known == function);
        let (_, function) = found.ok_or_else(|| wrong(format!("unknown aggregate \"{function}\"")))?;
        let column = column.as_str().ok_or_else(wanted)?;
        let field = match (column, function) {
            ("*", Aggregate::Count) => FieldPath::column("*"),
            ("*", _) => return Err(wrong("only \"count\" takes \"*\"")),
            (column, _) => parse_name(column, kind)?,
        };
        Ok(selected(field, name, Some(*function)))
    };
    all.into_iter().map(one).collect()
}

fn selected(field: FieldPath, name: String, aggregate: Option<Aggregate>) -> SelectedField {
    SelectedField { alias: Some(name), aggregate, ..SelectedField::new(field) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregates_are_named_and_known() {
        let parse =
            |text: &str| BodyKeys::parse(text).and_then(|body| parse_aggregate(body, CollectionKind::Rows));
        let found = parse(r#"{"group":["a"],"aggregates":{"n":{"count":"*"},"s":{"sum":"b"}}}"#).unwrap();
        assert_eq!(found.query.select.len(), 3);
        let spans =
            |group: &str| parse(&format!(r#"{{"group":[{group}],"aggregates":{{"n":{{"count":"*"}}}}}}"#));
        let found = spans(r#"{"day":{"date_bin":"at","stride":"15 minutes"}}"#).unwrap();
        let SelectEntry::Field(day) = &found.query.select[0] else { panic!("{found:?}") };
        assert_eq!(day.spans.as_ref().map(|spans| spans.origin.as_str()), Some("2001-01-01"));
        for group in [
            "1",
            "{}",
            r#"{"day":"at"}"#,
            r#"{"day":{"date_bin":"at","stride":"1 day"},"more":1}"#,
            r#"{"day":{"date_bin":"at"}}"#,
            r#"{"day":{"date_bin":"at","stride":"1 month"}}"#,
            r#"{"day":{"date_bin":"at","stride":"0 days"}}"#,
            r#"{"day":{"date_bin":"at","stride":"-1 days"}}"#,
            r#"{"day":{"date_bin":"at","stride":"1 day 2 hours"}}"#,
            r#"{"day":{"date_bin":"at","stride":1}}"#,
            r#"{"day":{"date_bin":"at","stride":"1 day","other":"x"}}"#,
        ] {
            assert!(spans(group).is_err(), "{group}");
        }
        for wrong in [
            "{}",
            r#"{"aggregates":{}}"#,
            r#"{"aggregates":{"n":{"count":"*","sum":"a"}}}"#,
            r#"{"aggregates":{"n":{"sum":"*"}}}"#,
            r#"{"aggregates":{"n":{"pg_sleep":"a"}}}"#,
            r#"{"group":"a","aggregates":{"n":{"count":"*"}}}"#,
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}

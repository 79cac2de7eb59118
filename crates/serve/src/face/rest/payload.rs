//! Bodies: rows as JSON, CSV or a form.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::error::{HttpError, HttpResult};
use crate::request::RowsBody;

/// Media types of a body of JSON; without a type it is JSON.
const JSON: [&str; 4] =
    ["", "application/json", "application/vnd.pgrst.object+json", "application/vnd.pgrst.array+json"];

/// Returns the name of a media type, without its parameters.
pub(super) fn media_name(text: &str) -> String {
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Returns `true` if a body of this media type is JSON.
pub(super) fn is_json(name: &str) -> bool {
    JSON.contains(&name)
}

/// Parses a body by its media type. With `columns` named, keys of the rows are not compared.
pub(crate) fn rows_body(
    content_type: Option<&str>,
    body: &str,
    columns: Option<&[String]>,
) -> HttpResult<RowsBody> {
    let name = media_name(content_type.unwrap_or_default());
    match name.as_str() {
        json if is_json(json) => of_json(body, columns),
        "text/csv" => of_csv(body).and_then(|rows| of_value(rows.to_string(), &rows, columns)),
        "application/x-www-form-urlencoded" => {
            let object: Map<String, Value> = super::query::pairs(body)
                .into_iter()
                .map(|(key, value)| (key, Value::String(value.unwrap_or_default())))
                .collect();
            let object = Value::Object(object);
            of_value(object.to_string(), &object, columns)
        }
        _ => Err(HttpError::invalid_body(format!("Content-Type not acceptable: {name}"))),
    }
}

fn of_json(body: &str, columns: Option<&[String]>) -> HttpResult<RowsBody> {
    // The server parses it too; here only the keys are looked at.
    let value: Value = serde_json::from_str(body).map_err(|error| HttpError::of_json(&error))?;
    of_value(body.to_owned(), &value, columns)
}

fn of_value(json: String, value: &Value, columns: Option<&[String]>) -> HttpResult<RowsBody> {
    if let Some(columns) = columns {
        let keys: BTreeSet<String> = columns.iter().cloned().collect();
        return Ok(RowsBody { json, is_object: value.is_object(), keys: keys.into_iter().collect() });
    }
    let keys = |row: &Value| row.as_object().map(|row| row.keys().cloned().collect::<BTreeSet<String>>());
    let empty = || RowsBody { json: "[]".into(), is_object: false, keys: vec![] };
    let mismatch = || HttpError::invalid_body("All object keys must match");
    match value {
        Value::Object(_) => {
            let keys = keys(value).unwrap_or_default();
            Ok(RowsBody { json, is_object: true, keys: keys.into_iter().collect() })
        }
        Value::Array(rows) => {
            let Some(first) = rows.first() else { return Ok(empty()) };
            let expected = keys(first).ok_or_else(mismatch)?;
            if rows.iter().any(|row| keys(row).as_ref() != Some(&expected)) {
                return Err(mismatch());
            }
            Ok(RowsBody { json, is_object: false, keys: expected.into_iter().collect() })
        }
        _ => Ok(empty()),
    }
}

fn of_csv(body: &str) -> HttpResult<Value> {
    let uneven = || HttpError::invalid_body("All lines must have same number of fields");
    let mut reader = csv::Reader::from_reader(body.as_bytes());
    let names: Vec<String> = reader.headers().map_err(|_| uneven())?.iter().map(str::to_owned).collect();
    let mut rows = vec![];
    for record in reader.records() {
        let record = record.map_err(|_| uneven())?;
        let field = |text: &str| if text == "NULL" { Value::Null } else { Value::String(text.to_owned()) };
        rows.push(Value::Object(names.iter().cloned().zip(record.iter().map(field)).collect()));
    }
    Ok(Value::Array(rows))
}

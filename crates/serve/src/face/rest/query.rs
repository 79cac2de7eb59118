//! The query string: each parameter by its last word.

use percent_encoding::percent_decode_str;

use super::filter::{self, ValuePlace};
use super::scan::{QueryScanner, Scanned, whole};
use super::{order, range, select};
use crate::error::HttpResult;
use crate::request::{ColumnFilter, EmbedPath, FieldPath, FilterTree, OrderedField, RowQuery, SelectEntry};

/// A parsed query string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ParsedQuery {
    pub rows: RowQuery,
    /// Names of the parameters that are filters.
    pub filtered: Vec<String>,
    /// Arguments of a function: the parameters that are not filters, of a call by GET.
    pub arguments: Vec<(String, String)>,
    /// The parameters in the order of their names, encoded.
    pub(crate) canonical: String,
}

/// Parses a query string.
pub(crate) fn parse_query(text: &str) -> HttpResult<ParsedQuery> {
    parse(text, false)
}

/// Parses the query string of a call by GET, in which a parameter that is not a filter is an argument.
pub(crate) fn parse_call_query(text: &str) -> HttpResult<ParsedQuery> {
    parse(text, true)
}

fn parse(text: &str, takes_arguments: bool) -> HttpResult<ParsedQuery> {
    let pairs = pairs(text);
    let given =
        |name: &str| pairs.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.as_deref());
    let mut query = ParsedQuery { canonical: canonical(&pairs), ..ParsedQuery::default() };
    query.rows.select = parse_select(given("select").unwrap_or("*"))?;
    query.rows.columns = given("columns").map(|text| names("columns parameter", text)).transpose()?;
    query.rows.on_conflict =
        given("on_conflict").map(|text| names("on_conflict parameter", text)).transpose()?;
    for (key, value) in &pairs {
        let Some(value) = value else { continue };
        match key.rsplit('.').next().unwrap_or_default() {
            _ if ["select", "columns", "on_conflict"].contains(&key.as_str()) => {}
            "order" => {
                query.rows.order.push((above(key)?, parse_order(value)?));
            }
            "and" | "or" => query.rows.filters.push(logic(key, value)?),
            "limit" | "offset" => {}
            _ => {
                query.filtered.push(key.clone());
                match filter(key, value) {
                    Err(_) if takes_arguments => query.arguments.push((argument(key)?, value.clone())),
                    found => query.rows.filters.push(found?),
                }
            }
        }
    }
    query.rows.ranges = ranges(&pairs)?;
    Ok(query)
}

/// Parses a column with steps into its JSON value.
pub(crate) fn json_path(text: &str) -> HttpResult<FieldPath> {
    whole("column", text, text, |scanner| {
        let path = select::path(scanner)?;
        if scanner.is_at_end() { Ok(path) } else { Err(scanner.surplus("end of input")) }
    })
}

/// Parses a list of selected columns and relations.
pub(crate) fn parse_select(text: &str) -> HttpResult<Vec<SelectEntry>> {
    whole("select parameter", text, text, |scanner| {
        let entries = select::select(scanner, 0)?;
        at_end(scanner, entries)
    })
}

/// Parses the terms of an order.
pub(crate) fn parse_order(text: &str) -> HttpResult<Vec<OrderedField>> {
    whole("order", text, text, order::order)
}

/// Splits a query string or a form into names and values.
pub(crate) fn pairs(text: &str) -> Vec<(String, Option<String>)> {
    let decode = |text: &str| match text.contains(['+', '%']) {
        true => percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned(),
        false => text.to_owned(),
    };
    let split = |part: &str| match part.split_once('=') {
        Some((key, value)) => (decode(key), Some(decode(value))),
        None => (decode(part), None),
    };
    text.split('&').filter(|part| !part.is_empty()).map(split).collect()
}

fn canonical(pairs: &[(String, Option<String>)]) -> String {
    let mut sorted: Vec<&(String, Option<String>)> = pairs.iter().collect();
    sorted.sort_by(|one, other| one.0.cmp(&other.0));
    let mut text = String::new();
    for (number, (key, value)) in sorted.into_iter().enumerate() {
        if number > 0 {
            text.push('&');
        }
        encode(key, &mut text);
        text.push('=');
        encode(value.as_deref().unwrap_or_default(), &mut text);
    }
    text
}

/// Adds a text with all bytes encoded but unreserved ones (RFC 3986, section 2.3).
fn encode(text: &str, encoded: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'-' | b'_' | b'.' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                encoded.push(char::from(byte));
            }
            _ => encoded
                .extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]].map(char::from)),
        }
    }
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn at_end<T>(scanner: &QueryScanner<'_>, value: T) -> Scanned<T> {
    // PostgREST ends at a parenthesis that closes nothing.
    if scanner.is_at_end() || scanner.peek() == Some(')') {
        Ok(value)
    } else {
        Err(scanner.surplus("\",\" or end of input"))
    }
}

fn names(what: &str, text: &str) -> HttpResult<Vec<String>> {
    whole(what, text, text, |scanner| {
        let mut names = vec![scanner.field_name()?];
        scanner.skip_blanks();
        while scanner.eat(",") {
            scanner.skip_blanks();
            names.push(scanner.field_name()?);
            scanner.skip_blanks();
        }
        at_end(scanner, names)
    })
}

/// Parses a name with the relations before it.
fn dotted(key: &str) -> HttpResult<(EmbedPath, FieldPath)> {
    whole("tree path", key, key, |scanner| {
        let mut names = vec![scanner.field_name()?];
        while scanner.eat(".") {
            names.push(scanner.field_name()?);
        }
        let steps = select::json_steps(scanner)?;
        let name = names.pop().unwrap_or_default();
        Ok((names, FieldPath { name, steps }))
    })
}

/// Returns the relations before the last word of a parameter's name.
fn above(key: &str) -> HttpResult<EmbedPath> {
    dotted(key).map(|(path, _)| path)
}

fn filter(key: &str, value: &str) -> HttpResult<(EmbedPath, FilterTree)> {
    let (path, field) = dotted(key)?;
    let (negated, operation) =
        whole("filter", value, value, |scanner| filter::operation(scanner, ValuePlace::Alone))?;
    Ok((path, FilterTree::Leaf(ColumnFilter { field, negated, operation })))
}

/// Returns the name of an argument.
fn argument(key: &str) -> HttpResult<String> {
    dotted(key).map(|(_, field)| field.name)
}

fn logic(key: &str, value: &str) -> HttpResult<(EmbedPath, FilterTree)> {
    let (mut path, word) = dotted(key)?;
    let negated = path.iter().any(|part| part == "not");
    path.retain(|part| part != "not");
    let regular = format!("{}{}{value}", if negated { "not." } else { "" }, word.name);
    let tree = whole("logic tree", value, &regular, |scanner| filter::tree(scanner, 0))?;
    Ok((path, tree))
}

fn ranges(pairs: &[(String, Option<String>)]) -> HttpResult<Vec<(EmbedPath, crate::request::RowRange)>> {
    let mut found: Vec<(EmbedPath, Option<String>, Option<String>)> = vec![];
    for (key, value) in pairs {
        let word = key.rsplit('.').next().unwrap_or_default();
        if value.is_none() || !["limit", "offset"].contains(&word) {
            continue;
        }
        let path = above(key)?;
        let known = found.iter().position(|(other, ..)| *other == path);
        let at = known.unwrap_or(found.len());
        if known.is_none() {
            found.push((path, None, None));
        }
        match word {
            "limit" => found[at].1.clone_from(value),
            _ => found[at].2.clone_from(value),
        }
    }
    let range = |(path, limit, offset): (EmbedPath, Option<String>, Option<String>)| {
        Ok((path, range::of_parameters(limit.as_deref(), offset.as_deref())?))
    };
    found.into_iter().map(range).collect()
}

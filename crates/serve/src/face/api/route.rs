//! Addresses below `/{service}/api/db/`.

use percent_encoding::percent_decode_str;

use super::operation::RowId;
use crate::error::{HttpError, HttpResult};

/// Address of a request, with its method where the address alone does not tell what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ApiRoute {
    List(String),
    Insert(String),
    Row(RowAddress, String),
    Query(String),
    Count(String),
    Aggregate(String),
    Schema(String),
    Search,
    Batch,
    Begin,
    Operate(String),
    Commit(String),
    Rollback(String),
    Operations(OperationsRoute),
}

/// A question about the operation of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OperationsRoute {
    Health,
    Stats,
    Performance,
    Connections,
    Migrations,
    MigrationStatus,
}

/// Addresses of these questions.
const OPERATIONS: [(&str, OperationsRoute); 6] = [
    ("health", OperationsRoute::Health),
    ("stats", OperationsRoute::Stats),
    ("performance", OperationsRoute::Performance),
    ("connections", OperationsRoute::Connections),
    ("migrations", OperationsRoute::Migrations),
    ("migrations/status", OperationsRoute::MigrationStatus),
];

/// A collection, and the id of a row in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowAddress {
    pub collection: String,
    pub id: RowId,
}

/// Words that are not collections here; a relation of such a name is reached below `/rest/`.
const RESERVED: [&str; 9] = [
    "transaction", "transactions", "search", "schema", "migrations", "stats", "health", "performance",
    "connections",
];

/// Returns `true` for a word that names no collection.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Parses a method and the encoded path behind `/api/db/`.
pub(crate) fn parse_route(method: &str, path: &str) -> HttpResult<ApiRoute> {
    let encoded: Vec<&str> = path.split('/').collect();
    let words: Vec<String> = encoded.iter().map(|word| decoded(word)).collect::<HttpResult<_>>()?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let own = |name: &str| name.to_owned();
    if let Some((_, route)) = OPERATIONS.iter().find(|(address, _)| *address == path) {
        return match method {
            "GET" => Ok(ApiRoute::Operations(*route)),
            _ if *route == OperationsRoute::Migrations => {
                Err(unsupported(method, "GET").hint("migrations are run by `martydb upgrade`"))
            }
            _ => Err(unsupported(method, "GET")),
        };
    }
    let (allowed, route) = match words[..] {
        ["search"] => ("POST", ApiRoute::Search),
        ["transaction"] => ("POST", ApiRoute::Batch),
        ["transactions"] => ("POST", ApiRoute::Begin),
        ["transactions", id] => ("DELETE", ApiRoute::Rollback(own(id))),
        ["transactions", id, "operations"] => ("POST", ApiRoute::Operate(own(id))),
        ["transactions", id, "commit"] => ("POST", ApiRoute::Commit(own(id))),
        ["schema", name] => ("GET", ApiRoute::Schema(own(name))),
        [name, ..] if is_reserved(name) || name.is_empty() => return Err(nowhere()),
        [name] if method == "POST" => ("GET,POST", ApiRoute::Insert(own(name))),
        [name] => ("GET,POST", ApiRoute::List(own(name))),
        [name, "query"] if method == "POST" => ("POST", ApiRoute::Query(own(name))),
        [name, "aggregate"] if method == "POST" => ("POST", ApiRoute::Aggregate(own(name))),
        [name, "count"] if method == "GET" => ("GET", ApiRoute::Count(own(name))),
        [name, _] => {
            let id = encoded[1].split(',').map(decoded).collect::<HttpResult<_>>()?;
            let address = RowAddress { collection: own(name), id };
            ("GET,PUT,PATCH,DELETE", ApiRoute::Row(address, own(method)))
        }
        _ => return Err(nowhere()),
    };
    match allowed.split(',').any(|word| word == method) {
        true => Ok(route),
        false => Err(unsupported(method, allowed)),
    }
}

/// Returns the answer to a method that an address does not have.
pub(crate) fn unsupported(method: &str, allowed: &'static str) -> HttpError {
    HttpError::new(405, "PGRST117", format!("Unsupported HTTP method: {method}")).header("Allow", allowed)
}

fn decoded(word: &str) -> HttpResult<String> {
    let text = percent_decode_str(word).decode_utf8();
    let text = text.map_err(|_| HttpError::new(400, "PGRST125", "the path is not UTF-8"))?;
    Ok(text.into_owned())
}

fn nowhere() -> HttpError {
    HttpError::new(404, "PGRST125", "Invalid path specified in request URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_table() {
        let row = |id: &[&str], method: &str| {
            let id = id.iter().map(|part| (*part).to_owned()).collect();
            ApiRoute::Row(RowAddress { collection: "orders".into(), id }, method.into())
        };
        for (method, path, expected) in [
            ("GET", "orders", ApiRoute::List("orders".into())),
            ("POST", "orders", ApiRoute::Insert("orders".into())),
            ("POST", "search", ApiRoute::Search),
            ("POST", "orders/query", ApiRoute::Query("orders".into())),
            ("GET", "orders/count", ApiRoute::Count("orders".into())),
            ("GET", "orders/query", row(&["query"], "GET")),
            ("PUT", "orders/a,b%2C%2F", row(&["a", "b,/"], "PUT")),
            ("POST", "transactions/x/commit", ApiRoute::Commit("x".into())),
            ("GET", "migrations/status", ApiRoute::Operations(OperationsRoute::MigrationStatus)),
            ("GET", "schema/orders", ApiRoute::Schema("orders".into())),
        ] {
            assert_eq!(parse_route(method, path).as_ref(), Ok(&expected), "{method} {path}");
        }
        for (method, path, status) in [
            ("GET", "", 404),
            ("GET", "stats/x", 404),
            ("POST", "migrations", 405),
            ("GET", "search", 405),
            ("GET", "search/x", 404),
            ("GET", "a/b/c", 404),
            ("DELETE", "orders", 405),
            ("POST", "orders/7", 405),
            ("GET", "transaction", 405),
            ("GET", "%ff", 400),
        ] {
            assert_eq!(parse_route(method, path).unwrap_err().status, status, "{method} {path}");
        }
    }
}

//! Address of a request: its face, and the encoded path behind it.

use crate::error::{HttpError, HttpResult};

/// Face of a request, with the encoded path behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addressed<'a> {
    /// Rows, with the path of the face behind the service's.
    Rest(&'static str, &'a str),
    Api(&'a str),
    /// The OpenAPI document.
    Document,
}

/// Version that clients of Supabase put behind `/rest`.
const VERSION: &str = "v1";

/// Returns `true` for a name that is a part of the addresses below `/rest`.
pub fn is_version(name: &str) -> bool {
    name == VERSION
}

/// Further faces that clients of Supabase look for, and what each would do.
const ABSENT: [(&str, &str); 5] = [
    ("auth", "sign up users"),
    ("storage", "keep files"),
    ("realtime", "send changes of rows"),
    ("functions", "run functions outside the database"),
    ("graphql", "answer GraphQL"),
];

/// Parses the face of a request below `/{service}/`, and the path behind it.
pub(super) fn addressed<'a>(face: Option<&str>, path: &'a str) -> HttpResult<Addressed<'a>> {
    match face {
        Some("rest") => Ok(match path.split_once('/') {
            Some((version, below)) if is_version(version) => Addressed::Rest("rest/v1", below),
            // A relation may have the name of the version.
            _ => Addressed::Rest("rest", path),
        }),
        Some("api") if path == "openapi.json" => Ok(Addressed::Document),
        Some("api") => path.strip_prefix("db/").map(Addressed::Api).ok_or_else(no_path),
        Some(face) => Err(absent(face).unwrap_or_else(no_path)),
        None => Err(no_path()),
    }
}

fn absent(face: &str) -> Option<HttpError> {
    let (_, does) = ABSENT.iter().find(|(name, _)| *name == face)?;
    Some(HttpError::new(501, "MDB015", format!("the data service does not {does}: there is no /{face}")))
}

pub(super) fn no_path() -> HttpError {
    HttpError::new(404, "PGRST125", "Invalid path specified in request URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_a_face_or_says_what_there_is_not() {
        for (face, path, expected) in [
            ("rest", "orders", Ok(Addressed::Rest("rest", "orders"))),
            ("rest", "v1/orders", Ok(Addressed::Rest("rest/v1", "orders"))),
            ("rest", "v1/rpc/f", Ok(Addressed::Rest("rest/v1", "rpc/f"))),
            ("rest", "v1/", Ok(Addressed::Rest("rest/v1", ""))),
            ("rest", "v1", Ok(Addressed::Rest("rest", "v1"))),
            ("rest", "v1/v1", Ok(Addressed::Rest("rest/v1", "v1"))),
            ("rest", "v10", Ok(Addressed::Rest("rest", "v10"))),
            ("api", "openapi.json", Ok(Addressed::Document)),
            ("api", "db/v1", Ok(Addressed::Api("v1"))),
            ("api", "v1", Err(404)),
            ("auth", "v1/signup", Err(501)),
            ("storage", "", Err(501)),
            ("realtime", "v1/websocket", Err(501)),
            ("other", "v1", Err(404)),
        ] {
            assert_eq!(addressed(Some(face), path).map_err(|error| error.status), expected, "{face}/{path}");
        }
    }
}

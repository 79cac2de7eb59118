//! Replicas of a server: their URLs, with what the server's own URL says where theirs say nothing.

use std::collections::BTreeSet;

use super::scope::Scope;
use crate::checked::{Replica, ServerLocation, ServerUrl};
use crate::raw::{RawReplica, RawServer};
use crate::source::expand::fill_url;
use crate::url;
use martydb_model::ServiceName;
use martydb_model::error::{Error, Result};
use martydb_model::units::duration;

/// Returns the replicas of a server. One that martydb runs itself has none; with `embedded: auto` they are those of the
/// other server, at `url`.
pub(crate) fn of_server(
    scope: &Scope,
    server: &str,
    raw: &RawServer,
    location: &ServerLocation,
) -> Result<Vec<Replica>> {
    let ServerLocation::Url(primary) = location else {
        return match raw.url.is_none() && !raw.replicas.is_empty() {
            true => Err(scope
                .error(["servers", server, "replicas"], "a server that martydb runs itself has no replicas")
                .hint("remove replicas, or name the server's url")),
            false => Ok(vec![]),
        };
    };
    let all = raw.replicas.iter().enumerate();
    let all: Vec<_> =
        all.map(|(at, raw)| replica(scope, (server, at), raw, primary)).collect::<Result<_>>()?;
    let mut names = BTreeSet::new();
    match all.iter().position(|replica| !names.insert(replica.name.as_str())) {
        Some(at) => Err(wrong(scope, (server, at), "name", "two replicas of one server have this name")),
        None => Ok(all),
    }
}

fn replica(
    scope: &Scope,
    (server, at): (&str, usize),
    raw: &RawReplica,
    primary: &ServerUrl,
) -> Result<Replica> {
    let wrong = |key, message: &str| wrong(scope, (server, at), key, message);
    ServiceName::new(&raw.name)
        .map_err(|error| wrong("name", &format!("replica name \"{}\" {error}", raw.name)))?;
    let index = at.to_string();
    let filled = fill_url(&raw.url, scope.variables).map_err(|problem| {
        scope.sources.unfilled(&["servers", server, "replicas", &index, "url"], &problem)
    })?;
    let url = url::parse_beside(&filled, primary, scope.home, scope.variables)
        .map_err(|error| Error { hints: error.hints, ..wrong("url", &error.message) })?;
    if !url.others.is_empty() {
        return Err(wrong("url", "a replica has one host").hint("declare each host as a replica of its own"));
    }
    let max_lag = match raw.max_lag.as_deref().map(|text| (text, duration(text))) {
        Some((text, None)) => {
            return Err(wrong("max_lag", &format!("\"{text}\" is not a time such as 30s")));
        }
        given => given.and_then(|(_, lag)| lag),
    };
    let url = ServerUrl { password_env: raw.password_env.clone(), ..url };
    Ok(Replica { name: raw.name.clone(), url: Box::new(url), role: raw.role, max_lag })
}

fn wrong(scope: &Scope, (server, at): (&str, usize), key: &str, message: &str) -> Error {
    scope.error(["servers", server, "replicas", &at.to_string(), key], message)
}

//! libpq's connection URLs as keywords and values, shared by the URLs of the admin and of applications.
//! <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>

use percent_encoding::percent_decode_str;

use crate::url::service_file::ConnectionKeywords;
use martydb_model::error::{Error, Result};

/// Returns an error about a misplaced part of the URL, mostly caused by a character of the user's name or password.
pub(crate) fn misplaced(message: &str) -> Error {
    let hint = "in the user's name and password, write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25";
    Error::manifest(message).hint(hint)
}

/// Splits a URL into keywords and values. `host` and `port` contain several hosts and ports,
/// separated by commas, as in libpq.
///
/// Written by hand because a general URL parser cannot represent what libpq allows: a user without a host, an empty
/// authority, several hosts, and a plus sign that means itself.
///
/// # Errors
/// Neither message nor hint repeats a part of the URL.
pub(crate) fn take_apart(
    text: &str,
    check_keyword: impl Fn(&str) -> Result<()>,
) -> Result<ConnectionKeywords> {
    let rest = text.split_once("://").filter(|(scheme, _)| matches!(*scheme, "postgresql" | "postgres"));
    let (_, rest) =
        rest.ok_or_else(|| Error::manifest("not a PostgreSQL URL: it should start with postgresql://"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, port) = hosts_and_ports(place)?;
    if database.contains(['@', '/']) {
        return Err(misplaced("the database's name contains an @ or a / that is not percent-encoded"));
    }
    let mut given = ConnectionKeywords::new();
    let parts =
        [("host", &*host), ("port", &*port), ("user", user), ("password", password), ("dbname", database)];
    for (key, value) in parts.into_iter().filter(|part| !part.1.is_empty()) {
        given.insert(key.into(), decode(value)?);
    }
    // libpq wants a folder of sockets percent-encoded. A variable with such a value was encoded again when it was filled in.
    if let Some(host) = given.get_mut("host").filter(|host| host.to_ascii_uppercase().starts_with("%2F")) {
        *host = decode(host)?;
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| misplaced("a parameter of the URL has no value"))?;
        let (key, value) = (decode(key)?, decode(value)?);
        check_keyword(&key)?;
        given.insert(key, value);
    }
    Ok(given)
}

fn hosts_and_ports(places: &str) -> Result<(String, String)> {
    let each: Vec<_> = places.split(',').map(host_and_port).collect::<Result<_>>()?;
    let (hosts, ports): (Vec<_>, Vec<_>) = each.into_iter().unzip();
    let ports = if ports.iter().all(|port| port.is_empty()) { String::new() } else { ports.join(",") };
    Ok((hosts.join(","), ports))
}

fn host_and_port(place: &str) -> Result<(&str, &str)> {
    if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest
            .split_once(']')
            .ok_or_else(|| Error::manifest("an IPv6 address in the URL has no closing bracket"))?;
        return Ok((host, rest.trim_start_matches(':')));
    }
    Ok(place.split_once(':').unwrap_or((place, "")))
}

/// Pairs hosts with ports. A single port applies to all hosts; an empty port is 5432.
///
/// # Errors
/// If one of several hosts is empty, a port is invalid, or the numbers of hosts and ports differ.
pub(crate) fn places(hosts: &str, ports: &str) -> Result<Vec<(String, u16)>> {
    let hosts: Vec<&str> = hosts.split(',').collect();
    let ports: Vec<&str> = ports.split(',').collect();
    if hosts.len() > 1 && hosts.contains(&"") {
        return Err(Error::manifest("one of the hosts of the URL is empty"));
    }
    if ports.len() > 1 && ports.len() != hosts.len() {
        let message = format!("the URL has {} hosts but {} ports", hosts.len(), ports.len());
        return Err(Error::manifest(message));
    }
    let port = |at: usize| *ports.get(at).unwrap_or(&ports[0]);
    hosts.iter().enumerate().map(|(at, host)| Ok(((*host).to_owned(), number(port(at))?))).collect()
}

fn number(port: &str) -> Result<u16> {
    let parsed = if port.is_empty() { Ok(5432) } else { port.parse() };
    parsed.ok().filter(|port| *port > 0).ok_or_else(|| misplaced("the port is not a number from 1 to 65535"))
}

fn decode(text: &str) -> Result<String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| Error::manifest("a part of the URL is not UTF-8"))
}

//! libpq's connection URLs: `postgresql://user:password@host:port/database?parameter=value`
//! (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>).
//!
//! What the URL leaves open comes from a section of the service file, where `service` or PGSERVICE names one, then
//! from libpq's files in `~/.postgresql`, then from libpq's defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::{Environment, ServerUrl, services};
use crate::server::{Tls, TlsMode};

/// Values by libpq's keywords.
pub type Given = BTreeMap<String, String>;

/// The keywords that mean something here.
const KNOWN: &[&str] = &[
    "dbname",
    "host",
    "passfile",
    "password",
    "port",
    "service",
    "servicefile",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// Those that change nothing for martydb, or that it sets itself.
const IGNORED: &[&str] = &[
    "application_name",
    "client_encoding",
    "connect_timeout",
    "fallback_application_name",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
];

/// Takes a URL apart. Relative paths of certificates are relative to the manifest's folder.
///
/// # Errors
/// A sentence that never repeats the URL, which may hold a password.
pub fn parse(text: &str, home: &Path, variables: &Environment) -> Result<ServerUrl, String> {
    let mut given = take_apart(text)?;
    for (key, value) in services::section(&given, variables)? {
        check_keyword(&key)?;
        given.entry(key).or_insert(value);
    }
    let mut take = |key: &str| given.remove(key).filter(|value| !value.is_empty());
    let port = take("port").unwrap_or_else(|| "5432".into());
    let path = |value: Option<String>| value.map(|value| home.join(value));
    let folder = variables.get("HOME").map(|home| Path::new(home).join(".postgresql"));
    Ok(ServerUrl {
        host: take("host").unwrap_or_else(|| "localhost".into()),
        port: port.parse().map_err(|_| format!("port \"{port}\" is not a number"))?,
        user: take("user").unwrap_or_else(|| "postgres".into()),
        password: take("password"),
        passfile: path(take("passfile")),
        database: take("dbname").unwrap_or_else(|| "postgres".into()),
        tls: tls(&mut take, path, folder)?,
    })
}

/// By hand, because a general URL has no place for what libpq allows: a user without a host, an empty authority,
/// and a plus sign that means itself.
fn take_apart(text: &str) -> Result<Given, String> {
    let rest = text.split_once("://").filter(|(scheme, _)| matches!(*scheme, "postgresql" | "postgres"));
    let (_, rest) = rest.ok_or("not a PostgreSQL URL: it should start with postgresql://")?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, port) = host_and_port(place)?;
    let mut given = Given::new();
    let parts =
        [("host", host), ("port", port), ("user", user), ("password", password), ("dbname", database)];
    for (key, value) in parts.into_iter().filter(|part| !part.1.is_empty()) {
        given.insert(key.into(), decode(value)?);
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or("a parameter of the URL has no value")?;
        let (key, value) = (decode(key)?, decode(value)?);
        check_keyword(&key)?;
        given.insert(key, value);
    }
    Ok(given)
}

fn host_and_port(place: &str) -> Result<(&str, &str), String> {
    if place.contains(',') {
        return Err("several hosts in one URL are not supported".into());
    }
    if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or("an IPv6 address in the URL has no closing bracket")?;
        return Ok((host, rest.trim_start_matches(':')));
    }
    Ok(place.split_once(':').unwrap_or((place, "")))
}

fn check_keyword(key: &str) -> Result<(), String> {
    match KNOWN.contains(&key) || IGNORED.contains(&key) {
        true => Ok(()),
        false => Err(format!("unknown parameter \"{key}\"")),
    }
}

/// libpq's rules for `sslmode` and the four files that go with it
/// (<https://www.postgresql.org/docs/current/libpq-ssl.html>).
fn tls(
    take: &mut impl FnMut(&str) -> Option<String>,
    path: impl Fn(Option<String>) -> Option<PathBuf>,
    folder: Option<PathBuf>,
) -> Result<Tls, String> {
    let beside = |name: &str| folder.as_ref().map(|folder| folder.join(name)).filter(|path| path.exists());
    let mode: Option<TlsMode> = take("sslmode").map(|mode| mode.parse()).transpose()?;
    let prefer_written = mode == Some(TlsMode::Prefer);
    let root = take("sslrootcert");
    let system = root.as_deref() == Some("system");
    let mode = match (system, mode) {
        (true, None | Some(TlsMode::VerifyFull)) => TlsMode::VerifyFull,
        (true, Some(weaker)) => {
            return Err(format!("sslrootcert=system needs sslmode=verify-full, not {}", weaker.name()));
        }
        (false, mode) => mode.unwrap_or_default(),
    };
    let (certificate, key) = (path(take("sslcert")), path(take("sslkey")));
    let (certificate, key) = match (certificate, key) {
        (None, None) => (beside("postgresql.crt"), beside("postgresql.key")),
        given => given,
    };
    Ok(Tls {
        mode,
        prefer_written,
        root_certificate: if system { None } else { path(root).or_else(|| beside("root.crt")) },
        // One without the other is of no use; a URL that names one alone is refused when it connects.
        client_key: key.clone().filter(|_| certificate.is_some()),
        client_certificate: certificate.filter(|_| key.is_some()),
    })
}

fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| "a part of the URL is not UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<ServerUrl, String> {
        parse(text, Path::new("/home"), &Environment::new())
    }

    #[test]
    fn every_form_of_libpq_is_understood() {
        for (text, host, port, user, database) in [
            ("postgresql://", "localhost", 5432, "postgres", "postgres"),
            ("postgres://u@h/d", "h", 5432, "u", "d"),
            ("postgresql://u:p@h:6000/d", "h", 6000, "u", "d"),
            ("postgresql://u@/d?host=/run/x&port=7", "/run/x", 7, "u", "d"),
            ("postgresql://%2Frun%2Fx/d", "/run/x", 5432, "postgres", "d"),
            ("postgresql://[::1]:7/d?user=a+b", "::1", 7, "a+b", "d"),
            ("postgresql://u%40x@h/d%20e", "h", 5432, "u@x", "d e"),
            ("postgresql:///d?dbname=e", "localhost", 5432, "postgres", "e"),
        ] {
            let url = parsed(text).unwrap();
            let found = (url.host.as_str(), url.port, url.user.as_str(), url.database.as_str());
            assert_eq!(found, (host, port, user, database), "{text}");
        }
        assert_eq!(parsed("postgresql://u:p%3A@h").unwrap().password.as_deref(), Some("p:"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_url() {
        for text in [
            "http://u:secret@h",
            "postgresql://u:secret@h:port/d",
            "postgresql://u:secret@a,b/d",
            "postgresql://u:secret@h/d?what=1",
            "postgresql://u:secret@h/d?sslmode=sometimes",
            "postgresql://u:secret@[::1/d",
            "postgresql://u:secret@h/d?sslmode",
        ] {
            let error = parsed(text).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}

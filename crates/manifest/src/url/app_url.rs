//! Connection URLs for applications: hosts, a database and parameters, without a login.

use crate::url::connection_url::{places, take_apart};
use martydb_model::app_url::{AppUrl, PARAMETERS, TARGET};
use martydb_model::error::{Error, Result};
use martydb_pg::server::hosts::TargetSession;
use martydb_pg::wire::TlsMode;

/// Keywords of the login, which martydb adds itself.
const LOGIN: &[&str] = &["passfile", "password", "service", "servicefile", "user"];

/// Keywords that belong before the query.
const PLACE: &[&str] = &["host", "hostaddr", "port"];

/// Parses a URL with its variables substituted.
///
/// # Errors
/// No message repeats a part of the URL, since it may be a password.
pub(crate) fn parse(text: &str) -> Result<AppUrl> {
    let mut given = take_apart(text, check)?;
    if given.contains_key("user") || given.contains_key("password") {
        return Err(login());
    }
    let (host, port) = (given.remove("host").unwrap_or_default(), given.remove("port").unwrap_or_default());
    let hosts = places(&host, &port)?;
    for (host, _) in &hosts {
        check_host(host)?;
    }
    let database = given.remove("dbname").filter(|name| !name.is_empty());
    let parameters: Vec<_> = given.into_iter().collect();
    parameters.iter().try_for_each(|(name, value)| check_value(name, value))?;
    Ok(AppUrl { hosts, database, parameters })
}

fn login() -> Error {
    Error::manifest("an application URL must not contain a user or a password")
        .hint("remove them: `martydb url` adds the login of each service and its password")
}

fn check_host(host: &str) -> Result<()> {
    if host.is_empty() {
        return Err(Error::manifest("the URL names no host").hint("write postgresql://host:5432"));
    }
    if host.starts_with(['/', '@']) {
        return Err(Error::manifest("the URL names a socket, which applications elsewhere cannot reach")
            .hint("name a host and a port"));
    }
    // A name or an IPv4 address has no colon, an IPv6 address at least two.
    if host.matches(':').count() == 1 || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Error::manifest("the URL contains an invalid host"));
    }
    Ok(())
}

fn check(key: &str) -> Result<()> {
    if PARAMETERS.contains(&key) || key == "dbname" {
        return Ok(());
    }
    if LOGIN.contains(&key) {
        return Err(login());
    }
    if PLACE.contains(&key) {
        return Err(Error::manifest("hosts and ports belong before the query of the URL")
            .hint("write postgresql://host1:5432,host2:5432"));
    }
    let hint = match martydb_model::suggest::nearest(key, PARAMETERS.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("known parameters: {}", PARAMETERS.join(", ")),
    };
    Err(Error::manifest("the URL has an unknown parameter").hint(hint))
}

fn check_value(name: &str, value: &str) -> Result<()> {
    let known: &[&str] = match name {
        "sslmode" if value.parse::<TlsMode>().is_ok() => return Ok(()),
        "sslmode" => &["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        TARGET => return value.parse::<TargetSession>().map(drop).map_err(Error::manifest),
        "channel_binding" => &["disable", "prefer", "require"],
        "load_balance_hosts" => &["disable", "random"],
        _ => return Ok(()),
    };
    if known.contains(&value) {
        return Ok(());
    }
    Err(Error::manifest(format!("the {name} of the URL is not one of {}", known.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_database_and_parameters_are_distinguished() {
        let owned = |pairs: &[(&str, u16)]| -> Vec<(String, u16)> {
            pairs.iter().map(|(host, port)| ((*host).to_owned(), *port)).collect()
        };
        for (text, hosts, database) in [
            ("postgresql://pool:6432", &[("pool", 6432)][..], None),
            ("postgres://a,b:5433/d%20e", &[("a", 5432), ("b", 5433)], Some("d e")),
            ("postgresql://[::1]:7,c?dbname=d", &[("::1", 7), ("c", 5432)], Some("d")),
            ("postgresql://a%2Cb:7", &[("a", 7), ("b", 7)], None),
        ] {
            let url = parse(text).unwrap();
            assert_eq!((url.hosts, url.database.as_deref()), (owned(hosts), database), "{text}");
        }
        let url = parse("postgresql://a?sslmode=require&target_session_attrs=any").unwrap();
        assert_eq!(url.parameters.len(), 2);
    }

    #[test]
    fn an_error_does_not_contain_the_url() {
        for text in [
            "secret",
            "postgresql://secret@h",
            "postgresql://:secret@h",
            "postgresql://h?user=secret",
            "postgresql://h?password=secret",
            "postgresql://h?service=secret",
            "postgresql://h?passfile=secret",
            "postgresql:///secret",
            "postgresql://%2Fsecret/d",
            "postgresql://h?host=/secret",
            "postgresql://h,/secret",
            "postgresql://a,,secret",
            "postgresql://a:1,b:secret",
            "postgresql://a:0",
            "postgresql://a:70000",
            "postgresql://a%3Asecret",
            "postgresql://h?secret=1",
            "postgresql://h?sslmode=secret",
            "postgresql://h?channel_binding=secret",
            "postgresql://h?target_session_attrs=secret",
            "postgresql://h?load_balance_hosts=secret",
            "postgresql://h?sslmode",
        ] {
            let error = parse(text).expect_err(text);
            assert!(!format!("{error:?}").contains("secret"), "{text}: {error:?}");
        }
    }
}

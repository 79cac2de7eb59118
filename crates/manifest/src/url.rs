//! libpq's connection URLs: `postgresql://user:password@host:port/database?parameter=value`
//! (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>).
//!
//! Missing values come from a section of the service file, if `service` or PGSERVICE names one, then from libpq's files
//! in `~/.postgresql`, then from libpq's defaults.

pub(crate) mod app_url;
pub(crate) mod connection_url;
pub(crate) mod service_file;

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use super::checked::ServerUrl;
use crate::source::expand::{FilledUrl, VARIABLE_MARK};
use crate::url::connection_url::{misplaced, places, take_apart};
use crate::url::service_file::ConnectionKeywords;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};
use martydb_pg::wire::{Tls, TlsMode};

/// Keywords that martydb uses.
const KNOWN: &[&str] = &[
    "channel_binding", "dbname", "host", "passfile", "password", "port", "require_auth", "service",
    "servicefile", "sslcert", "sslkey", "sslmode", "sslrootcert", "target_session_attrs", "user",
];

/// Keywords that have no effect on martydb, or that it sets itself.
const IGNORED: &[&str] = &[
    "application_name", "client_encoding", "connect_timeout", "fallback_application_name", "keepalives",
    "keepalives_count", "keepalives_idle", "keepalives_interval", "sslsni", "tcp_user_timeout",
];

/// Parses a URL. Relative paths of certificates are relative to the manifest's folder.
///
/// # Errors
/// Neither message nor hint repeats a part of the URL: what was read as a port or a parameter may be the rest of a
/// password with an unencoded character.
pub(crate) fn parse(filled: &FilledUrl, home: &Path, variables: &Environment) -> Result<ServerUrl> {
    let mut given = take_apart(&filled.url, check_keyword)?;
    let host_is_db_host = given.contains_key("host") && is_db_host(&filled.shape);
    let section = service_file::section(&given, variables).map_err(Error::manifest)?;
    fill_in(&mut given, section)?;
    let mut take = |key: &str| given.remove(key).filter(|value| !value.is_empty());
    let host = take("host").unwrap_or_else(|| "localhost".into());
    let port = take("port").unwrap_or_else(|| "5432".into());
    let mut hosts = hosts(host, &port)?.into_iter();
    let (host, port) = hosts.next().ok_or_else(|| misplaced("the URL names no host"))?;
    let target =
        take("target_session_attrs").map(|text| text.parse()).transpose().map_err(Error::manifest)?;
    let path = |value: Option<String>| value.map(|value| home.join(value));
    let folder = variables.get("HOME").map(|home| Path::new(home).join(".postgresql"));
    Ok(ServerUrl {
        host,
        port,
        others: hosts.collect(),
        target: target.unwrap_or_default(),
        user: take("user").unwrap_or_else(|| "postgres".into()),
        password: take("password"),
        password_env: None,
        host_is_db_host,
        require_auth: take("require_auth").map(|text| text.parse()).transpose().map_err(Error::manifest)?,
        passfile: path(take("passfile")),
        database: take("dbname").unwrap_or_else(|| "postgres".into()),
        tls: tls(&mut take, path, folder)?,
    })
}

/// Parses the URL of a replica: user, database, TLS and `require_auth` are those of its server's URL unless it gives its
/// own.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_beside(
    filled: &FilledUrl,
    primary: &ServerUrl,
    home: &Path,
    variables: &Environment,
) -> Result<ServerUrl> {
    let given = take_apart(&filled.url, check_keyword)?;
    let gives = |keys: &[&str]| keys.iter().any(|key| given.contains_key(*key));
    let mut url = parse(filled, home, variables)?;
    if !gives(&["user", "service"]) {
        url.user.clone_from(&primary.user);
    }
    if !gives(&["dbname", "service"]) {
        url.database.clone_from(&primary.database);
    }
    if !gives(&["sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding", "service"]) {
        url.tls = primary.tls.clone();
    }
    url.require_auth = url.require_auth.or_else(|| primary.require_auth.clone());
    url.passfile = url.passfile.or_else(|| primary.passfile.clone());
    Ok(url)
}

/// Checks a URL that this run does not use, without looking for libpq's files.
///
/// # Errors
/// As [`parse`].
pub(crate) fn check(filled: &FilledUrl) -> Result<()> {
    let mut given = take_apart(&filled.url, check_keyword)?;
    let mut take = |key: &str| given.remove(key).filter(|value| !value.is_empty());
    let (host, port) = (take("host").unwrap_or_default(), take("port").unwrap_or_else(|| "5432".into()));
    hosts(host, &port).map(drop)
}

/// Splits a host value. A socket's folder is one host, whatever its name; several hosts are names and addresses.
fn hosts(host: String, port: &str) -> Result<Vec<(String, u16)>> {
    if host.starts_with('/') {
        let port: NonZeroU16 =
            port.parse().map_err(|_| misplaced("the port is not a number from 1 to 65535"))?;
        return Ok(vec![(host, port.get())]);
    }
    let all = places(&host, port)?;
    if all.iter().any(|(host, _)| host.starts_with('/')) {
        return Err(Error::manifest("hosts and a socket cannot be mixed").hint("name hosts, or one socket"));
    }
    Ok(all)
}

/// Returns `true` if the host was written exactly as `${DB_HOST}`.
fn is_db_host(shape: &str) -> bool {
    let host = take_apart(shape, check_keyword).ok().and_then(|mut given| given.remove("host"));
    host.is_some_and(|host| host.strip_prefix(VARIABLE_MARK) == Some("DB_HOST"))
}

/// Adds the values of the service's section. A password in it is for the host in it: if PGSERVICE named the section and
/// the URL names another host, the password is not used.
fn fill_in(given: &mut ConnectionKeywords, mut section: ConnectionKeywords) -> Result<()> {
    let other_host = given.get("host").is_some_and(|host| section.get("host") != Some(host));
    if other_host && !given.contains_key("service") {
        section.remove("password");
    }
    for (key, value) in section {
        check_keyword(&key)
            .map_err(|_| Error::manifest(format!("the service file has the unknown parameter \"{key}\"")))?;
        given.entry(key).or_insert(value);
    }
    Ok(())
}

fn check_keyword(key: &str) -> Result<()> {
    if KNOWN.contains(&key) || IGNORED.contains(&key) {
        return Ok(());
    }
    let known = KNOWN.iter().chain(IGNORED).copied();
    match martydb_model::suggest::nearest(key, known) {
        Some(near) => {
            Err(Error::manifest(format!("the URL has an unknown parameter, did you mean \"{near}\"?")))
        }
        None => Err(misplaced(&format!("the URL has an unknown parameter; known are {}", KNOWN.join(", ")))),
    }
}

/// Applies libpq's rules for `sslmode` and the four files that belong to it
/// (<https://www.postgresql.org/docs/current/libpq-ssl.html>).
fn tls(
    take: &mut impl FnMut(&str) -> Option<String>,
    path: impl Fn(Option<String>) -> Option<PathBuf>,
    folder: Option<PathBuf>,
) -> Result<Tls> {
    let beside = |name: &str| folder.as_ref().map(|folder| folder.join(name)).filter(|path| path.exists());
    let mode: Option<TlsMode> =
        take("sslmode").map(|mode| mode.parse()).transpose().map_err(|_: String| {
            let modes = "disable, allow, prefer, require, verify-ca, verify-full";
            Error::manifest(format!("the sslmode of the URL is not one of {modes}"))
        })?;
    let prefer_written = mode == Some(TlsMode::Prefer);
    let root = take("sslrootcert");
    let system = root.as_deref() == Some("system");
    let mode = match (system, mode) {
        (true, None | Some(TlsMode::VerifyFull)) => TlsMode::VerifyFull,
        (true, Some(weaker)) => {
            return Err(Error::manifest(format!(
                "sslrootcert=system needs sslmode=verify-full, not {}",
                weaker.name()
            )));
        }
        (false, mode) => mode.unwrap_or_default(),
    };
    let (certificate, key) = (path(take("sslcert")), path(take("sslkey")));
    let (certificate, key) = match (certificate, key) {
        // As in libpq, a certificate without its key is not used.
        (None, None) => beside("postgresql.crt").zip(beside("postgresql.key")).unzip(),
        (Some(_), None) => {
            return Err(Error::manifest("the URL has sslcert but no sslkey: give both or neither"));
        }
        (None, Some(_)) => {
            return Err(Error::manifest("the URL has sslkey but no sslcert: give both or neither"));
        }
        both => both,
    };
    Ok(Tls {
        mode,
        prefer_written,
        root_certificate: if system { None } else { path(root).or_else(|| beside("root.crt")) },
        client_key: key,
        client_certificate: certificate,
        binding: take("channel_binding")
            .map(|text| text.parse())
            .transpose()
            .map_err(Error::manifest)?
            .unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::expand::fill_url;

    fn parsed_with(text: &str, variables: &[(&str, &str)]) -> Result<ServerUrl> {
        let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        parse(&fill_url(text, &variables).unwrap(), Path::new("/home"), &variables)
    }

    fn parsed(text: &str) -> Result<ServerUrl> {
        parsed_with(text, &[])
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
        for folder in ["/run/x", "%2Frun%2Fx", "%2frun%2fx"] {
            let url = parsed_with("postgresql://${DB_HOST}:7/d", &[("DB_HOST", folder)]).unwrap();
            assert_eq!((url.host.as_str(), url.port), ("/run/x", 7), "{folder}");
        }
        let password = parsed_with("postgresql://u:${P}@h/d", &[("P", "%2Fx")]).unwrap().password;
        assert_eq!(password.as_deref(), Some("%2Fx"));
    }

    #[test]
    fn a_required_binding_is_kept_on_every_host() {
        use martydb_pg::wire::BindingMode::{Disable, Prefer, Require};
        for (text, expected) in [
            ("postgresql://h/d", Prefer),
            ("postgresql://h/d?channel_binding=", Prefer),
            ("postgresql://h/d?channel_binding=disable", Disable),
            ("postgresql://a,b/d?channel_binding=require", Require),
            ("postgresql://%2Frun%2Fx/d?channel_binding=require", Require),
        ] {
            let url = parsed(text).unwrap();
            assert!(url.each().all(|one| one.endpoint().tls.binding == expected), "{text}");
        }
    }

    #[test]
    fn several_hosts_are_tried_in_their_order() {
        let url = parsed("postgresql://u@a,[::1]:7,c:8/d?target_session_attrs=primary").unwrap();
        let each: Vec<_> = url.each().map(|one| (one.host, one.port, one.others.len())).collect();
        assert_eq!(each, [("a".into(), 5432, 0), ("::1".into(), 7, 0), ("c".into(), 8, 0)]);
        assert_eq!(url.target, martydb_pg::server::hosts::TargetSession::Primary);
        let url = parsed_with("postgresql://${DB_HOST}:7/d", &[("DB_HOST", "a,b")]).unwrap();
        assert_eq!((url.others, url.host_is_db_host), (vec![("b".into(), 7)], true));
    }

    #[test]
    fn an_error_does_not_contain_the_url() {
        for text in [
            "http://u:secret@h",
            "host=h password=secret",
            "postgresql://u:secret@h:port/d",
            "postgresql://u:secret/1@h/d",
            "postgresql://u:5432/secret@h/d",
            "postgresql://u:p?secret@h/d",
            "postgresql://u:5432?secret=1@h/d",
            "postgresql://u:1?service=secret@h/d",
            "postgresql://u:1?sslmode=secret@h/d",
            "postgresql://u:1?require_auth=secret@h/d",
            "postgresql://u:1?channel_binding=secret@h/d",
            "postgresql://u:secret@h/d?channel_binding=secret",
            "postgresql://u:secret@h:0/d",
            "postgresql://u:secret@a,,b/d",
            "postgresql://u:secret@a,%2Frun/d",
            "postgresql://u:secret@a:1,b:2,c/d?port=3,4",
            "postgresql://u@a,b/d?target_session_attrs=secret",
            "postgresql://u:secret@h/d?what=1",
            "postgresql://u:secret@h/d?sslmode=sometimes",
            "postgresql://u:secret@[::1/d",
            "postgresql://u:secret@[::1]secret/d",
            "postgresql://u:secret@h/d?sslmode",
            "postgresql://u:secret@h/d%FF",
            "postgresql://u:secret@h/d?sslcert=c.crt",
            "postgresql://u:secret@h/d?sslkey=c.key",
        ] {
            let error = parsed(text).expect_err(text);
            assert!(!error.message.contains("secret"), "{text}: {error:?}");
        }
    }

    #[test]
    fn a_variable_fills_its_part_and_no_other() {
        let odd = "a/b?c@d:e%f#g";
        let url = parsed_with("postgresql://${U}:${P}@h/d", &[("U", odd), ("P", odd)]).unwrap();
        assert_eq!((url.user.as_str(), url.password.as_deref(), url.host.as_str()), (odd, Some(odd), "h"));
        let url = parsed_with("postgresql://${DB_HOST}/d", &[("DB_HOST", "/run/x")]).unwrap();
        assert_eq!(url.host, "/run/x");
        let url = parsed_with("postgresql://${DB_HOST}:7/d", &[("DB_HOST", "::1")]).unwrap();
        assert_eq!((url.host.as_str(), url.port), ("::1", 7));
        let url = parsed_with("${URL}", &[("URL", "postgresql://u:p%40@h:7/d?sslmode=disable")]).unwrap();
        assert_eq!((url.host.as_str(), url.port, url.password.as_deref()), ("h", 7, Some("p@")));
    }

    #[test]
    fn only_a_host_that_is_db_host_gets_its_password() {
        let variables = [("DB_HOST", "db"), ("OTHER", "db"), ("URL", "postgresql://db"), ("EMPTY", "")];
        for (text, expected) in [
            ("postgresql://u@${DB_HOST}:1/d", true),
            ("postgresql://u@${DB_HOST:-localhost}/d", true),
            ("postgresql://u@/d?host=${DB_HOST}", true),
            ("postgresql://u@[${DB_HOST}]/d", true),
            ("postgresql://u@db/d", false),
            ("postgresql://u@${OTHER}/d", false),
            ("postgresql://u@${DB_HOST}.evil/d", false),
            ("postgresql://u@evil.${DB_HOST}/d", false),
            ("postgresql://${DB_HOST}@evil/d", false),
            ("postgresql://u@${DB_HOST}/d?host=evil", false),
            ("postgresql://u@evil/${DB_HOST}", false),
            ("${URL}", false),
            ("${URL}/d?user=${DB_HOST}", false),
        ] {
            assert_eq!(parsed_with(text, &variables).unwrap().host_is_db_host, expected, "{text}");
        }
        let empty = parsed_with("postgresql://u@${DB_HOST}/d", &[("DB_HOST", "")]).unwrap();
        assert!(!empty.host_is_db_host);
    }

    #[test]
    fn a_sections_password_goes_to_the_sections_host_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("services");
        std::fs::write(&file, "[s]\nhost=inner\npassword=secret\n").unwrap();
        let variables = [("PGSERVICE", "s"), ("PGSERVICEFILE", file.to_str().unwrap())];
        for (text, expected) in [
            ("postgresql://", Some("secret")),
            ("postgresql://inner", Some("secret")),
            ("postgresql://other", None),
            ("postgresql://other/?service=s", Some("secret")),
        ] {
            assert_eq!(parsed_with(text, &variables).unwrap().password.as_deref(), expected, "{text}");
        }
    }
}

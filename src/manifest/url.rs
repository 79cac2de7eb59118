//! libpq's connection URLs: `postgresql://user:password@host:port/database?parameter=value`
//! (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>).

use std::path::Path;

use percent_encoding::percent_decode_str;

use super::ServerUrl;
use crate::server::Tls;

/// Takes a URL apart. Relative paths of certificates are relative to the manifest's folder.
///
/// # Errors
/// A sentence that never repeats the URL, which may hold a password.
pub fn parse(text: &str, home: &Path) -> Result<ServerUrl, String> {
    let url = url::Url::parse(text).map_err(|error| format!("not a connection URL: {error}"))?;
    if !matches!(url.scheme(), "postgresql" | "postgres") {
        return Err(format!("not a PostgreSQL URL: it starts with \"{}:\"", url.scheme()));
    }
    let mut parsed = ServerUrl {
        host: decode(url.host_str().unwrap_or_default())?.trim_matches(['[', ']']).to_owned(),
        port: url.port().unwrap_or(5432),
        user: decode(url.username())?,
        password: url.password().map(decode).transpose()?,
        database: decode(url.path().trim_start_matches('/'))?,
        tls: Tls::default(),
    };
    for (name, value) in url.query_pairs() {
        parameter(&mut parsed, &name, &value, home)?;
    }
    let defaults =
        [(&mut parsed.host, "localhost"), (&mut parsed.user, "postgres"), (&mut parsed.database, "postgres")];
    for (field, default) in defaults {
        if field.is_empty() {
            *field = default.into();
        }
    }
    Ok(parsed)
}

fn parameter(parsed: &mut ServerUrl, name: &str, value: &str, home: &Path) -> Result<(), String> {
    let path = || Some(home.join(value));
    match name {
        "host" => parsed.host = value.into(),
        "port" => parsed.port = value.parse().map_err(|_| format!("port \"{value}\" is not a number"))?,
        "user" => parsed.user = value.into(),
        "password" => parsed.password = Some(value.into()),
        "dbname" => parsed.database = value.into(),
        "sslmode" => parsed.tls.mode = value.parse()?,
        "sslrootcert" => parsed.tls.root_certificate = path(),
        "sslcert" => parsed.tls.client_certificate = path(),
        "sslkey" => parsed.tls.client_key = path(),
        // martydb sets these two itself.
        "application_name" | "connect_timeout" => {}
        other => return Err(format!("unknown parameter \"{other}\"")),
    }
    Ok(())
}

fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| "a part of the URL is not UTF-8".into())
}

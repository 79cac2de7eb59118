//! libpq's password file (<https://www.postgresql.org/docs/current/libpq-pgpass.html>).

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use martydb_manifest::ServerUrl;
use martydb_model::environment::Environment;
use martydb_os::read_named_text;

/// Returns the password of the first matching line.
pub(crate) fn find(environment: &Environment, url: &ServerUrl) -> Option<String> {
    let named = url.passfile.clone().or_else(|| environment.get("PGPASSFILE").map(PathBuf::from));
    let path = named.or_else(|| environment.get("HOME").map(|home| PathBuf::from(home).join(".pgpass")))?;
    // As in libpq, a file that others can read is not trusted.
    let private = path.metadata().is_ok_and(|found| found.permissions().mode() & 0o077 == 0);
    let text = private.then(|| read_named_text(&path).ok())??;
    text.lines().find_map(|line| fits(line, url))
}

fn fits(line: &str, url: &ServerUrl) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let fields = split(line);
    let [host, port, database, user, password] = fields.as_slice() else { return None };
    let socket = url.host.starts_with('/');
    let host_fits = host == "*" || *host == url.host || (socket && host == "localhost");
    let same = |field: &str, value: &str| field == "*" || field == value;
    let rest = same(port, &url.port.to_string()) && same(database, &url.database) && same(user, &url.user);
    (host_fits && rest).then(|| password.clone())
}

/// Splits a line at colons; a backslash escapes the next character.
fn split(line: &str) -> Vec<String> {
    let (mut fields, mut escaped) = (vec![String::new()], false);
    for c in line.chars() {
        match (escaped, c) {
            (false, '\\') => escaped = true,
            (false, ':') if fields.len() < 5 => fields.push(String::new()),
            _ => {
                escaped = false;
                fields.last_mut().expect("starts with one").push(c);
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_pg::server::Tls;

    #[test]
    fn the_first_fitting_line_wins() {
        let url = ServerUrl {
            host: "db".into(),
            port: 5433,
            others: vec![],
            target: Default::default(),
            user: "adm".into(),
            password: None,
            password_env: None,
            host_is_db_host: false,
            require_auth: None,
            passfile: None,
            database: "postgres".into(),
            tls: Tls::default(),
        };
        for (line, expected) in [
            ("db:5433:postgres:adm:s3", Some("s3")),
            ("*:*:*:adm:a\\:b\\\\c", Some("a:b\\c")),
            ("db:5432:*:adm:x", None),
            ("#*:*:*:*:x", None),
            ("too:few", None),
        ] {
            assert_eq!(fits(line, &url).as_deref(), expected, "{line}");
        }
    }
}

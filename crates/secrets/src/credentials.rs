//! Admin passwords, and the servers that they may be sent to.
//!
//! A password that reaches the wrong server is known to its operators. So the more specific source wins, and a variable
//! that names no server counts only if it is unambiguous.
//!
//! Containers get secrets as files: if a variable is not set, the one with the suffix `_FILE` names a file with the
//! password, as in PostgreSQL's image: <https://github.com/docker-library/docs/blob/master/postgres/README.md#docker-secrets>.

use secrecy::SecretString;
use std::path::Path;

use crate::pgpass;
use martydb_manifest::{RedisServer, ServerUrl};
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};
use martydb_os::read_named_text;

/// Source of a password in the manifest.
enum Source<'a> {
    Variable(&'a str),
    Url(&'a str),
}

/// Returns the sources of an admin's password, the most specific first. `only_server`: the manifest has no other server.
fn sources(url: &ServerUrl, only_server: bool) -> impl Iterator<Item = Source<'_>> {
    let own = url.password_env.as_deref().map(Source::Variable);
    let by_host = url.host_is_db_host.then_some(Source::Variable("DB_PASSWORD"));
    let by_libpq = only_server.then_some(Source::Variable("PGPASSWORD"));
    [own, url.password.as_deref().map(Source::Url), by_host, by_libpq].into_iter().flatten()
}

/// Returns the admin's password on a server. `only_server`: the manifest has no other server.
pub fn admin_password(environment: &Environment, url: &ServerUrl, only_server: bool) -> Option<SecretString> {
    let password = sources(url, only_server).find_map(|source| match source {
        Source::Variable(name) => variable_or_file(environment, name).ok().flatten(),
        Source::Url(password) => Some(password.to_owned()),
    });
    password.or_else(|| pgpass::find(environment, url)).map(SecretString::from)
}

/// Returns the password of a Redis server's admin.
///
/// # Errors
/// If the variable that the manifest names is not set, and the URL has no password.
pub fn redis_password(environment: &Environment, server: &RedisServer) -> Result<Option<SecretString>> {
    let own = server.password.clone().map(SecretString::from);
    match (&server.password_env, own) {
        (Some(name), None) => named(environment, name).map(Some),
        (Some(name), own) => Ok(named(environment, name).ok().or(own)),
        (None, own) => Ok(own),
    }
}

/// Returns the variable with the password of this server's admin for a deployed martydb.
pub fn password_variable(url: &ServerUrl, only_server: bool) -> Option<&str> {
    sources(url, only_server).find_map(|source| match source {
        Source::Variable(name) => Some(name),
        Source::Url(_) => None,
    })
}

/// Returns a secret whose variable the manifest names.
///
/// # Errors
/// If neither the variable nor the one that names a file is set, or the file cannot be read.
pub fn named(environment: &Environment, name: &str) -> Result<SecretString> {
    let failed = |why: String| Error::manifest(why).hint(format!("set {name}, or {}", file_variable(name)));
    let found = variable_or_file(environment, name).map_err(failed)?;
    found.map(SecretString::from).ok_or_else(|| failed(format!("the variable {name} is not set")))
}

/// Returns the variable's value, or the content of the file that the variable with `_FILE` names, without its final line
/// break.
fn variable_or_file(environment: &Environment, name: &str) -> std::result::Result<Option<String>, String> {
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty()).cloned();
    let file = file_variable(name);
    match (set(name), set(&file)) {
        (None, Some(path)) => match read_named_text(Path::new(&path)) {
            Ok(text) => Ok(text.lines().next().filter(|line| !line.is_empty()).map(str::to_owned)),
            Err(error) => Err(format!("{file} names {path}, which cannot be read: {error}")),
        },
        (value, _) => Ok(value),
    }
}

fn file_variable(name: &str) -> String {
    format!("{name}_FILE")
}

/// Returns the variables with an admin's password: those read for it, and those in a URL.
pub fn variables<'a>(environment: &Environment, urls: impl Iterator<Item = &'a ServerUrl>) -> Vec<String> {
    let mut all = vec!["DB_PASSWORD".to_owned(), "PGPASSWORD".to_owned()];
    for url in urls {
        all.extend(url.password_env.clone());
        let own = url.password.as_deref().filter(|password| !password.is_empty());
        let holds = |value: &String| own.is_some_and(|password| value.contains(password));
        // A short password is in many paths, and no program is found without PATH.
        let holding = environment.iter().filter(|(name, value)| name.as_str() != "PATH" && holds(value));
        all.extend(holding.map(|(name, _)| name.clone()));
    }
    let files: Vec<String> = all.iter().map(|name| file_variable(name)).collect();
    all.extend(files);
    all
}

/// Returns the reason why a password that is set is not sent to this server, for an operator who expects that it is.
pub fn withheld(environment: &Environment, server: &str, url: &ServerUrl) -> Option<String> {
    let asked = url.password_env.iter().map(String::as_str).chain(["DB_PASSWORD", "PGPASSWORD"]);
    let unread = asked.filter_map(|name| variable_or_file(environment, name).err()).next();
    let set = |name: &str| variable_or_file(environment, name).is_ok_and(|value| value.is_some());
    let why = match (unread, set("DB_PASSWORD") && !url.host_is_db_host, set("PGPASSWORD")) {
        (Some(why), _, _) => return Some(format!("server {server} has no password: {why}")),
        (None, true, _) => "DB_PASSWORD is sent only to a server whose url takes its host from ${DB_HOST}",
        (None, false, true) => "PGPASSWORD is sent only to the one server of a manifest",
        (None, false, false) => return None,
    };
    Some(format!(
        "server {server} has no password: {why}; name a variable of its own with password_env, or use a password file"
    ))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn url(password_env: Option<&str>, password: Option<&str>, host_is_db_host: bool) -> ServerUrl {
        ServerUrl {
            host: "db".into(),
            port: 5432,
            others: vec![],
            target: Default::default(),
            user: "adm".into(),
            password: password.map(String::from),
            password_env: password_env.map(String::from),
            passfile: None,
            host_is_db_host,
            require_auth: None,
            database: "postgres".into(),
            tls: martydb_pg::server::Tls::default(),
        }
    }

    #[test]
    fn the_more_specific_source_wins() {
        let all = [("OWN", "own"), ("DB_PASSWORD", "db"), ("PGPASSWORD", "pg"), ("EMPTY", "")];
        let all: Environment =
            all.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        for (url, only, expected) in [
            (url(Some("OWN"), Some("url"), true), true, Some("own")),
            (url(Some("UNSET"), Some("url"), true), true, Some("url")),
            (url(Some("EMPTY"), None, true), true, Some("db")),
            (url(None, Some("url"), true), true, Some("url")),
            (url(None, None, true), false, Some("db")),
            (url(None, None, false), true, Some("pg")),
            (url(None, None, false), false, None),
        ] {
            let found = admin_password(&all, &url, only);
            assert_eq!(found.as_ref().map(|password| password.expose_secret()), expected, "{url:?}");
        }
    }

    #[test]
    fn a_deployment_sets_the_variable_that_is_read_first() {
        for (url, only, expected) in [
            (url(Some("OWN"), Some("url"), true), true, Some("OWN")),
            (url(None, Some("url"), true), true, Some("DB_PASSWORD")),
            (url(None, None, false), true, Some("PGPASSWORD")),
            (url(None, None, false), false, None),
        ] {
            assert_eq!(password_variable(&url, only), expected, "{url:?}");
        }
    }

    #[test]
    fn a_file_replaces_an_unset_variable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "s3 cret\n").unwrap();
        let (path, own) = (path.display().to_string(), url(Some("OWN"), None, false));
        let with = |all: &[(&str, &str)]| -> Environment {
            all.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
        };
        for (environment, expected) in [
            (with(&[("OWN_FILE", &path)]), Some("s3 cret")),
            (with(&[("OWN_FILE", &path), ("OWN", "own")]), Some("own")),
            (with(&[("PGPASSWORD_FILE", &path)]), Some("s3 cret")),
            (with(&[("DB_PASSWORD_FILE", &path)]), None),
            (with(&[("OWN_FILE", "/nowhere")]), None),
        ] {
            let found = admin_password(&environment, &own, true);
            assert_eq!(found.as_ref().map(|password| password.expose_secret()), expected, "{environment:?}");
        }
        let why = withheld(&with(&[("OWN_FILE", "/nowhere")]), "main", &own).unwrap();
        assert!(why.contains("OWN_FILE names /nowhere"), "{why}");
        assert!(variables(&Environment::default(), [&own].into_iter()).contains(&"OWN_FILE".to_owned()));
    }

    #[test]
    fn a_password_that_is_withheld_is_explained() {
        let with = |name: &str| Environment::from([(name.to_owned(), "x".to_owned())]);
        let other = url(None, None, false);
        assert!(withheld(&with("DB_PASSWORD"), "main", &other).unwrap().contains("${DB_HOST}"));
        assert!(withheld(&with("PGPASSWORD"), "main", &other).unwrap().contains("PGPASSWORD"));
        assert_eq!(withheld(&with("HOME"), "main", &other), None);
    }

    #[test]
    fn a_variable_with_a_password_is_one_but_the_search_path() {
        let own = url(None, Some("pw"), false);
        let environment = ["PATH", "DSN", "HOME"].map(|name| {
            let value = if name == "HOME" { "/root" } else { "x:pw@y" };
            (name.to_owned(), value.to_owned())
        });
        let all = variables(&Environment::from(environment), [&own].into_iter());
        assert_eq!(["PATH", "DSN", "HOME"].map(|name| all.contains(&name.to_owned())), [false, true, false]);
    }
}

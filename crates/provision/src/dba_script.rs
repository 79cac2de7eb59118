//! Script of the statements that the admin lacks privileges for, for a DBA to read and run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use martydb_model::DbName;
use martydb_model::error::{Error, Result};
use martydb_model::sql::psql;
use martydb_model::text::printable;
use martydb_os::replace_file::{Readers, replace_file};
use martydb_plan::PrivilegeGap;

/// First statement of each session: `\connect` starts a new one, whose database may set another search path.
const PINNED: &str = "SET search_path = pg_catalog;\n";

type LimitsByServer<'a> = BTreeMap<&'a str, Vec<&'a PrivilegeGap>>;

/// Writes one file per server with such statements: `path` itself if there is only one server. Returns a note about each.
///
/// # Errors
/// If a file cannot be written.
pub fn write_dba_script(path: &Path, limits: &[PrivilegeGap]) -> Result<Vec<String>> {
    let mut servers = LimitsByServer::new();
    for limit in limits.iter().filter(|limit| limit.request.is_some()) {
        servers.entry(&limit.server).or_default().push(limit);
    }
    if servers.is_empty() {
        return Ok(vec![format!("No statements for a DBA: {} was not written.", path.display())]);
    }
    let mut notes = vec![];
    for (server, limits) in &servers {
        let path = if servers.len() == 1 { path.to_owned() } else { of_server(path, server) };
        replace_file(&path, &script(server, limits), Readers::Owner).map_err(|error| {
            Error::operation(format!("cannot write the script {}", path.display())).cause(error)
        })?;
        notes.push(format!(
            "Written. A superuser of server {server} runs it with: psql -v ON_ERROR_STOP=1 -f {}",
            path.display()
        ));
    }
    Ok(notes)
}

/// Returns the path of a server's file: `dba.sql` → `dba-main.sql`.
fn of_server(path: &Path, server: &str) -> PathBuf {
    let part = |text: Option<&std::ffi::OsStr>| text.unwrap_or_default().to_string_lossy().into_owned();
    let (stem, extension) = (part(path.file_stem()), part(path.extension()));
    let dot = if extension.is_empty() { "" } else { "." };
    path.with_file_name(format!("{stem}-{server}{dot}{extension}"))
}

/// Returns the script: first the server-wide statements, then those of each database; each statement once.
fn script(server: &str, limits: &[&PrivilegeGap]) -> String {
    let mut text = format!(
        "-- What martydb's admin may not do on server {server}: read it, then run it as a superuser.\n\n{PINNED}"
    );
    let mut databases: BTreeMap<Option<&DbName>, Vec<&PrivilegeGap>> = BTreeMap::new();
    for limit in limits {
        let database = limit.request.as_ref().and_then(|request| request.database.as_ref());
        databases.entry(database).or_default().push(limit);
    }
    for (database, limits) in databases {
        text += &database.map_or(String::new(), connection);
        let mut written = BTreeSet::new();
        for limit in limits {
            let statements = limit.request.iter().flat_map(|request| &request.statements);
            let new: Vec<&String> = statements.filter(|one| written.insert(one.as_str())).collect();
            if new.is_empty() {
                continue;
            }
            text += &format!("\n-- {}\n", printable(&format!("{}: {}", limit.what, limit.why)));
            new.iter().for_each(|one| text += &format!("{one};\n"));
        }
    }
    text
}

fn connection(database: &DbName) -> String {
    match psql::connect(database.as_str()) {
        Some(connect) => format!("\n{connect}\n{PINNED}"),
        None => format!("\n-- Connect to database {} by hand.\n\\quit\n", printable(database.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_plan::DbaRequest;

    fn limit(what: &str, database: Option<&str>, statements: &[&str]) -> PrivilegeGap {
        let database = database.map(|name| DbName::new(name).unwrap());
        let statements = statements.iter().map(ToString::to_string).collect();
        let request = DbaRequest { database, statements };
        let gap = PrivilegeGap::without_grant("main", None, what.into(), "it may not".into());
        PrivilegeGap { request: Some(request), ..gap }
    }

    #[test]
    fn each_statement_is_listed_once_where_it_runs() {
        let all = [
            limit("own", Some("shop"), &["ALTER TABLE a OWNER TO b"]),
            limit("set", None, &["GRANT x TO y"]),
            limit("set", None, &["GRANT x TO y"]),
        ];
        let expected = "-- What martydb's admin may not do on server main: read it, then run it as a superuser.\n\
             \nSET search_path = pg_catalog;\n\
             \n-- set: it may not\nGRANT x TO y;\n\
             \n\\connect -reuse-previous=on \"dbname='shop'\"\nSET search_path = pg_catalog;\n\
             \n-- own: it may not\nALTER TABLE a OWNER TO b;\n";
        assert_eq!(script("main", &all.iter().collect::<Vec<_>>()), expected);
    }

    #[test]
    fn each_of_several_servers_has_its_file() {
        for (path, expected) in [("dba.sql", "dba-eu.sql"), ("out/dba", "out/dba-eu")] {
            assert_eq!(of_server(Path::new(path), "eu"), PathBuf::from(expected));
        }
    }
}

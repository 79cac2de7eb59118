//! libpq's connection service file (<https://www.postgresql.org/docs/current/libpq-pgservice.html>).

use std::path::{Path, PathBuf};

use martydb_model::environment::Environment;
use martydb_os::read_named_text;

/// Values by libpq keyword.
pub(crate) type ConnectionKeywords = std::collections::BTreeMap<String, String>;

/// Returns the values of the section that `service`, or else PGSERVICE, names; empty if neither is set.
pub(crate) fn section(
    given: &ConnectionKeywords,
    variables: &Environment,
) -> Result<ConnectionKeywords, String> {
    let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    let Some(name) = given.get("service").or_else(|| variable("PGSERVICE")) else {
        return Ok(ConnectionKeywords::new());
    };
    let own = given.get("servicefile").or_else(|| variable("PGSERVICEFILE")).map(PathBuf::from);
    let own = own.or_else(|| variable("HOME").map(|home| Path::new(home).join(".pg_service.conf")));
    let system = variable("PGSYSCONFDIR").map(|folder| Path::new(folder).join("pg_service.conf"));
    for path in own.into_iter().chain(system) {
        let Ok(text) = read_named_text(&path) else { continue };
        let place = |line: usize| format!("{}:{line}", path.display());
        if let Some(found) = find(&text, name).map_err(|(line, why)| format!("{}: {why}", place(line)))? {
            return Ok(found);
        }
    }
    // Parts of a URL are not repeated, since they may belong to a password.
    Err(if given.contains_key("service") {
        "no service file defines the service that the URL names".into()
    } else {
        format!("no service file defines \"{name}\", which PGSERVICE names")
    })
}

/// Finds a section. Comments and lines before the first section are ignored; a value is all text after the first `=`.
fn find(text: &str, name: &str) -> Result<Option<ConnectionKeywords>, (usize, &'static str)> {
    let mut found: Option<ConnectionKeywords> = None;
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            match (&found, header.strip_suffix(']')) {
                (Some(_), _) => break,
                (None, Some(header)) if header == name => found = Some(ConnectionKeywords::new()),
                (None, _) => {}
            }
            continue;
        }
        let Some(section) = &mut found else { continue };
        match line.split_once('=') {
            Some(("service" | "servicefile", _)) => return Err((number, "a service cannot name a service")),
            // As in libpq, the first of two wins.
            Some((key, value)) => drop(section.entry(key.into()).or_insert_with(|| value.into())),
            None => return Err((number, "not a line such as host=db")),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_found_and_read() {
        let text = "# all\n[other]\nhost=x\n\n[prod]\nhost=db.internal\nport=6000\npassword=a=b\nhost=second\n[next]\nhost=y\n";
        let found = find(text, "prod").unwrap().unwrap();
        let expected = [("host", "db.internal"), ("port", "6000"), ("password", "a=b")];
        assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
        assert_eq!(find(text, "gone"), Ok(None));
        assert_eq!(find("[a]\nhost", "a").unwrap_err().0, 2);
        assert_eq!(find("[a]\nservice=b", "a").unwrap_err().0, 2);
    }
}

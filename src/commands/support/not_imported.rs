//! Services whose migrations are another tool's and were not imported: their databases would stay empty.

use serde::Serialize;

use super::relative_path::relative_path;
use martydb_import::Tool;
use martydb_migrate::files::folder;
use martydb_model::error::{Error, Kind};
use martydb_model::{DesiredService, MigrationSource};
use martydb_ui::report::printable;

/// A service with the place of its migrations and the command that takes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotImported {
    pub service: String,
    pub tool: String,
    pub path: String,
    /// Command that writes the service's own files.
    pub next: String,
}

impl NotImported {
    /// Returns the state of a service with another tool's migrations and an empty folder; `None` for any other.
    pub(crate) fn of(service: &DesiredService) -> Option<NotImported> {
        let source = service.source.as_ref()?;
        folder::load(&service.migrations).is_empty().then(|| NotImported::new(service, source))
    }

    fn new(service: &DesiredService, source: &MigrationSource) -> NotImported {
        let path = relative_path(&source.path);
        let next = next_command(service.name.as_str(), &source.tool, &path);
        NotImported { service: service.name.to_string(), tool: source.tool.clone(), path, next }
    }

    /// Returns the sentence about it, without the service's name.
    pub(crate) fn sentence(&self) -> String {
        format!("no migrations: those of {} in {} are not imported", self.tool, self.path)
    }

    fn line(&self) -> String {
        format!(
            "{}: {}\n  hint: run `{}`\n",
            self.service,
            printable(&self.sentence()),
            printable(&self.next)
        )
    }

    pub(crate) fn error(&self) -> Error {
        let message = format!("{} has {}", self.service, self.sentence());
        Error::new(Kind::NotImported, message).hint(format!("run `{}`", self.next))
    }
}

/// Returns the command that makes a service's own files of another tool's.
pub(crate) fn next_command(service: &str, tool: &str, path: &str) -> String {
    let path = quoted(path);
    match Tool::find(tool) {
        Some(_) if tool != "rails" => format!("martydb import --from {tool} --service {service} {path}"),
        None if tool == "sql" => format!("martydb revision {service} -m initial --from {path}"),
        _ => format!("martydb baseline --from-database --service {service}"),
    }
}

/// Quotes a path for a shell.
fn quoted(path: &str) -> String {
    let plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    if plain { path.into() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

/// Separates the services that can be migrated from those that are not imported.
pub(crate) fn separated(services: &[DesiredService]) -> (Vec<DesiredService>, Vec<NotImported>) {
    let (mut ready, mut waiting) = (vec![], vec![]);
    for service in services {
        match NotImported::of(service) {
            None => ready.push(service.clone()),
            Some(one) => waiting.push(one),
        }
    }
    (ready, waiting)
}

/// Returns a paragraph for each service.
pub(crate) fn lines(all: &[NotImported]) -> String {
    all.iter().map(NotImported::line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_command_suits_the_tool() {
        for (tool, path, expected) in [
            (
                "sqlx",
                "core/lib/dal/migrations",
                "martydb import --from sqlx --service dal core/lib/dal/migrations",
            ),
            ("goose", "my db", "martydb import --from goose --service dal 'my db'"),
            ("rails", "db/migrate", "martydb baseline --from-database --service dal"),
            ("Django", "shop", "martydb baseline --from-database --service dal"),
            ("sql", "init/1.sql", "martydb revision dal -m initial --from init/1.sql"),
        ] {
            assert_eq!(next_command("dal", tool, path), expected);
        }
    }
}

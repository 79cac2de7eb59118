//! Services whose migrations are another tool's and were not imported: their databases would stay empty.

use std::path::Path;

use serde::Serialize;

use crate::tools::Tool;
use martydb_migrate::files::folder;
use martydb_model::error::{Error, Kind};
use martydb_model::text::printable;
use martydb_model::{DesiredService, MigrationSource};

/// A service with the place of its migrations and the command that takes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotImported {
    pub service: String,
    pub tool: String,
    /// Path from the current folder.
    pub path: String,
    /// Command that writes the service's own files.
    pub next: String,
}

impl NotImported {
    /// Returns the state of a service with another tool's migrations and an empty folder; `None` for any other. `here` is
    /// the current folder.
    pub fn of(service: &DesiredService, here: &Path) -> Option<NotImported> {
        let source = service.source.as_ref()?;
        folder::load(&service.migrations).is_empty().then(|| NotImported::new(service, source, here))
    }

    fn new(service: &DesiredService, source: &MigrationSource, here: &Path) -> NotImported {
        let path = source.path.strip_prefix(here).unwrap_or(&source.path).display().to_string();
        let next = next_command(service.name.as_str(), &source.tool, &path);
        NotImported { service: service.name.to_string(), tool: source.tool.clone(), path, next }
    }

    /// Returns the sentence about it, without the service's name.
    pub fn sentence(&self) -> String {
        format!("no migrations: those of {} in {} are not imported", self.tool, self.path)
    }

    /// Returns the paragraph about it, with the next command.
    pub fn line(&self) -> String {
        format!(
            "{}: {}\n  hint: run `{}`\n",
            self.service,
            printable(&self.sentence()),
            printable(&self.next)
        )
    }

    /// Returns the error of a command that needs the migrations.
    pub fn error(&self) -> Error {
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
pub fn separated(services: &[DesiredService], here: &Path) -> (Vec<DesiredService>, Vec<NotImported>) {
    let (mut ready, mut waiting) = (vec![], vec![]);
    for service in services {
        match NotImported::of(service, here) {
            None => ready.push(service.clone()),
            Some(one) => waiting.push(one),
        }
    }
    (ready, waiting)
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

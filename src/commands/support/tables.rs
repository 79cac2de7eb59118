//! Commands with a table for `-o csv`, whose columns are keys of their JSON document, and the key of the name for `-o
//! name`. `docs/output.md` is generated from it. A report whose table for people has the same rows has one list of
//! columns for both.

use crate::commands::backups::backup;
use crate::commands::change::rotate;
use crate::commands::deploy::partitions;
use crate::commands::inspect::current;
use crate::commands::inspect::history;
use crate::commands::inspect::status;
use crate::commands::migrate::migrating;
use crate::commands::migrate::test_db;
use crate::commands::migrate::verify_down;
use crate::commands::start::dev;
use crate::commands::start::doctor;
use crate::commands::support::change;
use martydb_model::error::{Error, Result};
use martydb_ui::flags::Format;
use martydb_ui::report::{FlatTable, ReportColumn};

macro_rules! tables {
    ($($command:literal: $rows:tt, $name:literal of $columns:expr;)*) => {
        /// Tables, in the order of the help.
        pub const TABLES: &[FlatTable] = &[$(FlatTable { command: $command, rows: &$rows, columns: || $columns, name: $name }),*];
    };
}

tables! {
    "validate": ["services", "problems"], "service" of vec!["service", "message", "fix"];
    "doctor": ["servers", "checks"], "server" of ReportColumn::keys(doctor::columns());
    "dev": ["servers"], "server" of ReportColumn::keys(dev::columns());
    "plan": ["changes"], "service" of ReportColumn::keys(change::columns());
    "apply": ["changes"], "service" of change::executed_keys();
    "drop": ["changes"], "object" of change::executed_keys();
    "rotate": ["rotations"], "login" of ReportColumn::keys(rotate::columns());
    "split": ["services", "tables"], "table" of vec!["service", "server", "database", "table", "rows", "bytes"];
    "backup": ["backups"], "id" of ReportColumn::keys(backup::list::columns());
    "partitions": ["tables"], "table" of ReportColumn::keys(partitions::columns());
    "relay": ["services"], "service" of vec!["service", "pending", "oldest_age_ms", "published", "dead", "rate", "last_error", "outcome", "error.message"];
    "revision": [], "up" of vec!["service", "version", "name", "up", "down"];
    "upgrade": ["services"], "service" of ReportColumn::keys(migrating::columns());
    "downgrade": ["services"], "service" of ReportColumn::keys(migrating::columns());
    "lint": ["services", "findings"], "file" of vec!["service", "file", "line", "column", "severity", "rule", "message", "help"];
    "verify-down": ["services", "migrations"], "service" of ReportColumn::keys(verify_down::columns());
    "repair": ["repaired"], "version" of vec!["service", "version", "name", "wrong", "what"];
    "import": ["files"], "file" of vec!["service", "file", "source"];
    "diff": ["services", "differences"], "name" of vec!["service", "kind", "name", "before", "after"];
    "test-db": ["databases"], "database" of ReportColumn::keys(test_db::columns());
    "verify-isolation": ["findings"], "id" of vec!["id", "severity", "kind", "server", "service", "role", "database", "object", "evidence"];
    "test-connections": ["connections"], "role" of vec!["service", "role", "server", "database", "outcome", "latency_ms", "tls", "server_version", "error"];
    "status": ["services"], "service" of ReportColumn::keys(status::columns());
    "current": ["services"], "service" of ReportColumn::keys(current::columns());
    "history": ["services", "events"], "service" of ReportColumn::keys(history::columns());
    "history --record": ["records"], "action" of ReportColumn::keys(history::record::columns());
}

/// Returns the table of a command if the format requires one.
///
/// # Errors
/// If the command has none; before it has done anything.
pub fn find(command: &str, format: Format) -> Result<Option<&'static FlatTable>> {
    let word = match format {
        Format::Csv => "csv",
        Format::Name => "name",
        Format::Table | Format::Json | Format::Yaml => return Ok(None),
    };
    let found = TABLES.iter().find(|table| table.command == command);
    found.map(Some).ok_or_else(|| {
        Error::usage(format!("{command} has no table to print with -o {word}"))
            .hint("use -o json or -o yaml, which contain the whole result")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_a_command_and_names_one_of_its_columns() {
        let all: Vec<&str> = crate::cli::GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        for table in TABLES {
            let command = table.command.split(' ').next().unwrap();
            assert!(all.contains(&command), "{}", table.command);
            assert!((table.columns)().contains(&table.name), "{}", table.command);
        }
    }

    /// Checks the committed page; with UPDATE=1 in the environment, writes it.
    #[test]
    fn the_page_lists_the_columns() {
        let row = |table: &FlatTable| {
            let columns: Vec<String> = (table.columns)().iter().map(|column| format!("`{column}`")).collect();
            format!("| `{}` | {} | `{}` |\n", table.command, columns.join(", "), table.name)
        };
        let rows: String = TABLES.iter().map(row).collect();
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/output.md");
        let page = std::fs::read_to_string(&path).unwrap();
        let (head, rest) = page.split_once("|---|---|---|\n").unwrap();
        let below = rest.split_once("\n\n").map_or("", |(_, below)| below);
        let wanted = format!("{head}|---|---|---|\n{rows}\n{below}");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        }
        assert!(page == wanted || std::env::var_os("UPDATE").is_some(), "run `scripts/update`");
    }
}

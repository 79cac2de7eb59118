//! Commands with a table for `-o csv`, whose columns are keys of their JSON document, and the key of the name for `-o
//! name`. `docs/output.md` is generated from it.

use martydb_model::error::{Error, Result};
use martydb_ui::flags::Format;
use martydb_ui::report::FlatTable;

macro_rules! tables {
    ($($command:literal: $rows:tt, $name:literal of $columns:tt;)*) => {
        /// Tables, in the order of the help.
        pub const TABLES: &[FlatTable] = &[$(FlatTable { command: $command, rows: &$rows, columns: &$columns, name: $name }),*];
    };
}

tables! {
    "validate": ["services", "problems"], "service" of ["service", "message", "fix"];
    "doctor": ["servers", "checks"], "server" of ["server", "name", "ok", "detail", "grant"];
    "dev": ["servers"], "server" of ["server", "state", "server_version", "port", "pid", "socket_dir", "data_dir"];
    "plan": ["changes"], "service" of ["server", "service", "database", "action", "object", "risk", "reason", "sql"];
    "apply": ["changes"], "service" of ["server", "service", "database", "action", "object", "risk", "outcome", "reason", "sql"];
    "drop": ["changes"], "object" of ["server", "service", "database", "action", "object", "risk", "outcome", "reason", "sql"];
    "rotate": ["rotations"], "login" of ["service", "server", "role", "login", "previous", "sessions", "outcome", "error.message"];
    "split": ["services", "tables"], "table" of ["service", "server", "database", "table", "rows", "bytes"];
    "backup": ["backups"], "id" of ["id", "service", "taken_at", "age_s", "size_bytes", "encrypted", "verified_at", "migration_head", "outcome"];
    "relay": ["services"], "service" of ["service", "pending", "oldest_age_ms", "published", "dead", "rate", "last_error", "outcome", "error.message"];
    "revision": [], "up" of ["service", "version", "name", "up", "down"];
    "upgrade": ["services"], "service" of ["service", "from", "to", "applied", "repeatable", "outcome", "error.message"];
    "downgrade": ["services"], "service" of ["service", "from", "to", "applied", "repeatable", "outcome", "error.message"];
    "lint": ["services", "findings"], "file" of ["service", "file", "line", "column", "severity", "rule", "message", "help"];
    "verify-down": ["services", "migrations"], "service" of ["service", "version", "name", "outcome", "skipped", "error.message"];
    "repair": ["repaired"], "version" of ["service", "version", "name", "wrong", "what"];
    "import": ["files"], "file" of ["service", "file", "source"];
    "diff": ["services", "differences"], "name" of ["service", "kind", "name", "before", "after"];
    "verify-isolation": ["findings"], "id" of ["id", "severity", "kind", "server", "service", "role", "database", "object", "evidence"];
    "test-connections": ["connections"], "role" of ["service", "role", "server", "database", "outcome", "latency_ms", "tls", "server_version", "error"];
    "status": ["services"], "service" of [
        "service", "server", "database", "state", "current", "latest", "pending", "repeatable_pending", "running.since",
        "last_event.at", "last_event.action", "last_event.version", "last_event.outcome", "connections", "size_bytes", "backup.taken_at", "backup.verified_at", "error.message"
    ];
    "current": ["services"], "service" of ["service", "current", "error.message"];
    "history": ["services", "events"], "service" of ["service", "at", "action", "version", "name", "duration_ms", "by", "outcome", "error"];
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
            assert!(all.contains(&table.command), "{}", table.command);
            assert!(table.columns.contains(&table.name), "{}", table.command);
        }
    }

    /// Checks the committed page; with UPDATE=1 in the environment, writes it.
    #[test]
    fn the_page_lists_the_columns() {
        let row = |table: &FlatTable| {
            let columns: Vec<String> = table.columns.iter().map(|column| format!("`{column}`")).collect();
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
        assert!(
            page == wanted || std::env::var_os("UPDATE").is_some(),
            "run `UPDATE=1 cargo test --lib the_page_lists`"
        );
    }
}

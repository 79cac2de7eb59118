//! Settings that each session may set for itself, and that everybody may read.

/// Settings of PostgreSQL that change how long a session works, and how values print.
const OWN: &[&str] = &[
    "application_name",
    "datestyle",
    "idle_in_transaction_session_timeout",
    "intervalstyle",
    "lock_timeout",
    "statement_timeout",
    "timezone",
    "work_mem",
];

/// Settings of PostgreSQL that tell of no file and no connection.
const SHOWN: &[&str] = &[
    "max_connections", "search_path", "server_encoding", "server_version", "server_version_num",
    "transaction_isolation", "transaction_read_only",
];

/// First parts of names that applications make up, and no library has. A library may have settings for superusers alone, such
/// as `pljava.vmoptions`.
const APPLICATIONS: &[&str] =
    &["app", "application", "jwt", "my", "myapp", "request", "rls", "tenant", "user", "vars"];

/// Returns `true` for a setting that a session may set anyway.
pub(super) fn is_harmless(name: &str) -> bool {
    let name = name.to_lowercase();
    OWN.contains(&name.as_str()) || is_custom(&name)
}

/// Returns `true` for a setting that everybody reads.
pub(super) fn is_shown(name: &str) -> bool {
    is_harmless(name) || SHOWN.contains(&name.to_lowercase().as_str())
}

/// Returns `true` for a name that an application made up:
/// <https://www.postgresql.org/docs/current/runtime-config-custom.html>.
fn is_custom(name: &str) -> bool {
    let is_word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    name.split_once('.').is_some_and(|(prefix, rest)| APPLICATIONS.contains(&prefix) && is_word(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_of_an_application_is_anybodys() {
        for (name, expected) in [
            ("app.current_login", true),
            ("statement_timeout", true),
            ("TimeZone", true),
            ("role", false),
            ("search_path", false),
            ("temp_file_limit", false),
            ("session_replication_role", false),
            ("pg_stat_statements.track", false),
            ("plpgsql.variable_conflict", false),
            ("pljava.vmoptions", false),
            ("anon.salt", false),
        ] {
            assert_eq!(is_harmless(name), expected, "{name}");
        }
        assert!(is_shown("server_version_num") && !is_shown("data_directory"));
    }
}

//! Settings that each session may set for itself, and that everybody may read.

/// Settings of PostgreSQL that change how long a session works, how much memory it takes, what the planner prefers and how values
/// print. Each session may set them: `SELECT name FROM pg_settings WHERE context = 'user'`; those that change
/// what a name or a literal means are left out.
const OWN: &[&str] = &[
    "application_name",
    "client_connection_check_interval",
    "client_min_messages",
    "commit_siblings",
    "constraint_exclusion",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "cursor_tuple_fraction",
    "datestyle",
    "default_statistics_target",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "effective_cache_size",
    "effective_io_concurrency",
    "extra_float_digits",
    "from_collapse_limit",
    "geqo",
    "geqo_threshold",
    "hash_mem_multiplier",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "intervalstyle",
    "jit",
    "jit_above_cost",
    "join_collapse_limit",
    "lock_timeout",
    "logical_decoding_work_mem",
    "maintenance_io_concurrency",
    "maintenance_work_mem",
    "max_parallel_maintenance_workers",
    "max_parallel_workers",
    "max_parallel_workers_per_gather",
    "parallel_setup_cost",
    "parallel_tuple_cost",
    "plan_cache_mode",
    "random_page_cost",
    "seq_page_cost",
    "statement_timeout",
    "synchronous_commit",
    "tcp_keepalives_count",
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_user_timeout",
    "temp_buffers",
    "timezone",
    "transaction_timeout",
    "vacuum_cost_delay",
    "vacuum_cost_limit",
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
    OWN.contains(&name.as_str()) || name.starts_with("enable_") || is_custom(&name)
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
            ("maintenance_work_mem", true),
            ("enable_seqscan", true),
            ("standard_conforming_strings", false),
            ("session_authorization", false),
            ("row_security", false),
            ("default_tablespace", false),
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

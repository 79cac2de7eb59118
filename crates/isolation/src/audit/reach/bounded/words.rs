//! Functions, relations and files that give a caller nothing.

use super::super::pieces::UsedName;

/// Returns `true` for a call that only computes.
pub(crate) fn computes(name: &UsedName) -> bool {
    name.schema.as_deref().is_none_or(|of| of == "pg_catalog") && FUNCTIONS.contains(&name.name.as_str())
}

/// Functions of the server that need no privilege and return only sizes, and types with a length.
pub(crate) const FUNCTIONS: &[&str] = &[
    "abs", "age", "array_agg", "array_length", "array_to_string", "avg", "bit_length", "bool_and", "bool_or",
    "btrim", "cardinality", "ceil", "ceiling", "char", "char_length", "character_length", "chr",
    "clock_timestamp", "coalesce", "concat", "concat_ws", "count", "current_database", "date_bin",
    "date_part", "date_trunc", "div", "encode", "extract", "floor", "format", "gen_random_uuid", "greatest",
    "inet_client_addr", "initcap", "json_build_array", "json_build_object", "jsonb_build_array",
    "jsonb_build_object", "least", "left", "length", "lower", "lpad", "ltrim", "make_date", "make_interval",
    "max", "md5", "min", "mod", "now", "nullif", "numeric", "octet_length", "pg_backend_pid",
    "pg_database_size", "pg_indexes_size", "pg_is_in_recovery", "pg_postmaster_start_time",
    "pg_relation_size", "pg_size_pretty", "pg_table_size", "pg_total_relation_size", "position", "power",
    "random", "regexp_replace", "replace", "reverse", "right", "round", "rpad", "rtrim", "sha224", "sha256",
    "sha384", "sha512", "sign", "split_part", "sqrt", "starts_with", "statement_timestamp", "strpos",
    "substr", "substring", "sum", "to_char", "to_date", "to_json", "to_jsonb", "to_number", "to_timestamp",
    "transaction_timestamp", "translate", "trim", "trunc", "upper", "varchar", "version",
];

/// Relations of the server that show everybody the same rows.
pub(crate) const CATALOGS: &[&str] = &[
    "pg_am", "pg_attribute", "pg_class", "pg_database", "pg_index", "pg_indexes", "pg_namespace", "pg_roles",
    "pg_tables", "pg_type",
];

/// Statistics functions and relations, harmless if the function returns only a number.
pub(crate) const FIGURES: &[&str] = &[
    "pg_conf_load_time",
    "pg_current_wal_lsn",
    "pg_last_wal_receive_lsn",
    "pg_last_wal_replay_lsn",
    "pg_last_xact_replay_timestamp",
    "pg_locks",
    "pg_replication_slots",
    "pg_stat_activity",
    "pg_stat_archiver",
    "pg_stat_bgwriter",
    "pg_stat_checkpointer",
    "pg_stat_database",
    "pg_stat_replication",
    "pg_stat_user_tables",
    "pg_stat_wal_receiver",
    "pg_wal_lsn_diff",
];

/// Statistics of the kernel about the whole machine: <https://man7.org/linux/man-pages/man5/proc.5.html>.
pub(crate) const KERNEL_FILES: &[&str] = &[
    "/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg", "/proc/meminfo", "/proc/stat", "/proc/uptime",
    "/proc/vmstat",
];

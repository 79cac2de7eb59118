//! Functions, relations and files that give a caller nothing.
//!
//! Views are listed if they show every role the same rows and columns:
//! <https://www.postgresql.org/docs/current/monitoring-stats.html>.

use super::super::pieces::UsedName;

/// Returns `true` for a call that only computes.
pub(crate) fn computes(name: &UsedName) -> bool {
    name.schema.as_deref().is_none_or(|of| of == "pg_catalog") && FUNCTIONS.contains(&name.name.as_str())
}

/// Functions that do for each role what they do for a superuser: locks and notifications of the database.
pub(crate) const EFFECTS: &[&str] = &[
    "pg_advisory_lock", "pg_advisory_unlock", "pg_advisory_unlock_all", "pg_advisory_xact_lock", "pg_notify",
    "pg_try_advisory_lock", "pg_try_advisory_xact_lock",
];

/// Functions of the server that need no privilege and return only sizes, and types with a length.
pub(crate) const FUNCTIONS: &[&str] = &[
    "abs", "acos", "age", "array_agg", "array_append", "array_cat", "array_fill", "array_length",
    "array_lower", "array_ndims", "array_position", "array_positions", "array_prepend", "array_remove",
    "array_replace", "array_to_json", "array_to_string", "array_to_tsvector", "array_upper", "ascii", "asin",
    "atan", "avg", "bit_and", "bit_length", "bit_or", "bit_xor", "bool_and", "bool_or", "broadcast", "btrim",
    "cardinality", "cbrt", "ceil", "ceiling", "char", "char_length", "character_length", "chr",
    "clock_timestamp", "coalesce", "concat", "concat_ws", "convert_from", "convert_to", "corr", "cos",
    "count", "covar_pop", "covar_samp", "cume_dist", "current_database", "current_schema", "current_schemas",
    "date_add", "date_bin", "date_part", "date_subtract", "date_trunc", "daterange", "decode", "degrees",
    "dense_rank", "div", "encode", "every", "exp", "extract", "factorial", "family", "first_value", "floor",
    "format", "format_type", "gcd", "gen_random_uuid", "generate_series", "generate_subscripts", "get_bit",
    "get_byte", "greatest", "has_column_privilege", "has_database_privilege", "has_function_privilege",
    "has_schema_privilege", "has_sequence_privilege", "has_table_privilege", "hashtext", "hashtextextended",
    "host", "hostmask", "inet_client_addr", "initcap", "int4multirange", "int4range", "int8range", "isempty",
    "isfinite", "json_agg", "json_array_elements", "json_array_elements_text", "json_array_length",
    "json_build_array", "json_build_object", "json_each", "json_each_text", "json_extract_path",
    "json_extract_path_text", "json_object", "json_object_agg", "json_object_keys", "json_strip_nulls",
    "json_to_record", "json_to_recordset", "jsonb_to_record", "jsonb_to_recordset", "json_typeof",
    "jsonb_agg", "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_array_length",
    "jsonb_build_array", "jsonb_build_object", "jsonb_each", "jsonb_each_text", "jsonb_extract_path",
    "jsonb_extract_path_text", "jsonb_insert", "jsonb_object", "jsonb_object_agg", "jsonb_object_keys",
    "jsonb_path_exists", "jsonb_path_query", "jsonb_path_query_array", "jsonb_path_query_first",
    "jsonb_pretty", "jsonb_set", "jsonb_strip_nulls", "jsonb_typeof", "justify_days", "justify_hours",
    "justify_interval", "lag", "last_value", "lcm", "lead", "least", "left", "length", "ln", "log", "log10",
    "lower", "lower_inc", "lower_inf", "lpad", "ltrim", "make_date", "make_interval", "make_time",
    "make_timestamp", "make_timestamptz", "masklen", "max", "md5", "min", "min_scale", "mod", "mode",
    "netmask", "network", "normalize", "now", "nth_value", "ntile", "nullif", "num_nonnulls", "num_nulls",
    "numeric", "numrange", "obj_description", "octet_length", "overlay", "parse_ident", "percent_rank",
    "percentile_cont", "percentile_disc", "pg_backend_pid", "pg_column_size", "pg_current_xact_id",
    "pg_database_size", "pg_get_userbyid", "pg_has_role", "pg_indexes_size", "pg_is_in_recovery",
    "pg_postmaster_start_time", "pg_relation_size", "pg_size_pretty", "pg_table_size",
    "pg_total_relation_size", "pg_typeof", "pi", "position", "pow", "power", "quote_ident", "quote_literal",
    "quote_nullable", "radians", "random", "range_agg", "range_merge", "rank", "regexp_count",
    "regexp_instr", "regexp_like", "regexp_match", "regexp_matches", "regexp_replace",
    "regexp_split_to_array", "regexp_split_to_table", "regexp_substr", "regr_intercept", "regr_slope",
    "repeat", "replace", "reverse", "right", "round", "row", "row_number", "row_to_json", "rpad", "rtrim",
    "scale", "set_bit", "set_byte", "set_masklen", "sha224", "sha256", "sha384", "sha512", "sign", "sin",
    "split_part", "sqrt", "starts_with", "statement_timestamp", "stddev", "stddev_pop", "stddev_samp",
    "string_agg", "string_to_array", "string_to_table", "strip", "strpos", "substr", "substring", "sum",
    "tan", "timeofday", "timezone", "to_char", "to_date", "to_hex", "to_json", "to_jsonb", "to_number",
    "to_regclass", "to_timestamp", "transaction_timestamp", "translate", "trim", "trim_array", "trim_scale",
    "trunc", "tsrange", "tstzrange", "txid_current", "txid_current_if_assigned", "unistr", "unnest", "upper",
    "upper_inc", "upper_inf", "var_pop", "var_samp", "varchar", "variance", "version", "width_bucket",
    "xmlagg",
];

/// Relations of the server that show everybody the same rows.
pub(crate) const CATALOGS: &[&str] = &[
    "pg_am", "pg_attribute", "pg_auth_members", "pg_available_extensions", "pg_class", "pg_collation",
    "pg_constraint", "pg_database", "pg_depend", "pg_description", "pg_enum", "pg_extension", "pg_index",
    "pg_indexes", "pg_inherits", "pg_language", "pg_locks", "pg_matviews", "pg_namespace", "pg_proc",
    "pg_publication", "pg_publication_tables", "pg_replication_slots", "pg_roles", "pg_stat_all_indexes",
    "pg_stat_all_tables", "pg_stat_archiver", "pg_stat_bgwriter", "pg_stat_checkpointer", "pg_stat_database",
    "pg_stat_database_conflicts", "pg_stat_io", "pg_stat_slru", "pg_stat_sys_tables",
    "pg_stat_user_functions", "pg_stat_user_indexes", "pg_stat_user_tables", "pg_stat_wal",
    "pg_stat_xact_user_tables", "pg_statio_all_tables", "pg_statio_user_indexes", "pg_statio_user_sequences",
    "pg_statio_user_tables", "pg_tables", "pg_tablespace", "pg_timezone_names", "pg_trigger", "pg_type",
    "pg_views",
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

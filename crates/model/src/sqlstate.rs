//! SQLSTATEs that decide something here, by the names of PostgreSQL's appendix A
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).

/// `warning`; also reported here for a GRANT or REVOKE about which the server only warned.
pub const WARNING: &str = "01000";
pub const PROTOCOL_VIOLATION: &str = "08P01";
/// `feature_not_supported`, such as ICU in a server that was built without it.
pub const FEATURE_NOT_SUPPORTED: &str = "0A000";
pub const INVALID_PARAMETER_VALUE: &str = "22023";
pub const DIVISION_BY_ZERO: &str = "22012";
pub const INVALID_TEXT_REPRESENTATION: &str = "22P02";
pub const FOREIGN_KEY_VIOLATION: &str = "23503";
pub const UNIQUE_VIOLATION: &str = "23505";
pub const CHECK_VIOLATION: &str = "23514";
pub const ACTIVE_SQL_TRANSACTION: &str = "25001";
pub const READ_ONLY_SQL_TRANSACTION: &str = "25006";
/// `invalid_authorization_specification`: pg_hba.conf, a certificate, or a role that may not log in.
pub const INVALID_AUTHORIZATION: &str = "28000";
pub const INVALID_PASSWORD: &str = "28P01";
/// `dependent_objects_still_exist`.
pub const DEPENDENT_OBJECTS: &str = "2BP01";
pub const INVALID_TRANSACTION_TERMINATION: &str = "2D000";
pub const INVALID_CATALOG_NAME: &str = "3D000";
pub const INVALID_SCHEMA_NAME: &str = "3F000";
pub const SERIALIZATION_FAILURE: &str = "40001";
pub const DEADLOCK_DETECTED: &str = "40P01";
pub const INSUFFICIENT_PRIVILEGE: &str = "42501";
pub const SYNTAX_ERROR: &str = "42601";
pub const UNDEFINED_OBJECT: &str = "42704";
pub const DUPLICATE_OBJECT: &str = "42710";
pub const UNDEFINED_FUNCTION: &str = "42883";
/// `wrong_object_type`; also reported for an unknown locale.
pub const WRONG_OBJECT_TYPE: &str = "42809";
pub const UNDEFINED_TABLE: &str = "42P01";
pub const DUPLICATE_DATABASE: &str = "42P04";
pub const DUPLICATE_SCHEMA: &str = "42P06";
pub const DUPLICATE_TABLE: &str = "42P07";
pub const OUT_OF_MEMORY: &str = "53200";
pub const TOO_MANY_CONNECTIONS: &str = "53300";
pub const PROGRAM_LIMIT_EXCEEDED: &str = "54000";
pub const OBJECT_NOT_IN_PREREQUISITE_STATE: &str = "55000";
pub const OBJECT_IN_USE: &str = "55006";
/// `unsafe_new_enum_value_usage`: an enum value is used in the transaction that adds it.
pub const UNSAFE_NEW_ENUM_VALUE_USAGE: &str = "55P04";
pub const LOCK_NOT_AVAILABLE: &str = "55P03";
pub const QUERY_CANCELED: &str = "57014";
pub const ADMIN_SHUTDOWN: &str = "57P01";
pub const CRASH_SHUTDOWN: &str = "57P02";
pub const CANNOT_CONNECT_NOW: &str = "57P03";
/// `undefined_file`, such as the files of an extension before PostgreSQL 15.
pub const UNDEFINED_FILE: &str = "58P01";
/// `internal_error`; includes "tuple concurrently updated", caused by another session.
pub const INTERNAL_ERROR: &str = "XX000";

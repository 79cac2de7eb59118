//! Where migrations are recorded.

/// The schema that holds martydb's own history in each service's database.
pub const HISTORY_SCHEMA: &str = "martydb";

/// The table that refinery keeps its history in: in the first schema of the service.
pub const REFINERY_TABLE: &str = "refinery_schema_history";

/// Whether an object is part of the history: everything in the schema for it, and refinery's table.
pub fn is_history(schema: &str, name: &str, first_schema: Option<&str>) -> bool {
    schema == HISTORY_SCHEMA || name == REFINERY_TABLE && first_schema == Some(schema)
}

//! Place of the record of runs in the maintenance database.

use crate::rows;
use martydb_model::RunRecordFacts;
use martydb_model::error::Result;
use martydb_pg::server::Connection;

/// Reads what stands at the place of the record in the session's database.
#[martydb_pg::boxed]
pub async fn run_record(connection: &mut Connection) -> Result<RunRecordFacts> {
    rows::document(connection, include_str!("../sql/run_record.sql")).await
}

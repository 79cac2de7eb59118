//! Rows of refinery's table and of martydb's history, as one session reads them.

use super::MigrationSession;
use crate::files::VersionType;
use crate::history::{ExistingTables, HistoryRows, place, tables};
use martydb_model::SchemaName;
use martydb_model::error::{Error, Result};
use martydb_model::sql::Statement;
use martydb_model::sqlstate;
use martydb_pg::server::Row;

impl MigrationSession<'_> {
    /// Reads the rows of both tables in one round trip.
    #[martydb_pg::boxed]
    pub(crate) async fn rows(&mut self) -> Result<HistoryRows> {
        let results = self.query_tables(history_queries).await?;
        if let (Some(first), Some(second)) = (self.present.refinery.clone(), self.present.second.clone()) {
            return Err(self.two_tables(&[first, second]).await);
        }
        let (mut results, present) = (results.into_iter(), &self.present);
        let applied = present.refinery.as_ref().and_then(|_| results.next()).unwrap_or_default();
        let lost = present.history.then(|| results.next()).flatten().unwrap_or_default();
        self.history(&applied, &results.next().unwrap_or_default(), &lost).await
    }

    /// Queries tables of the history. Readers take no lock: if a run has moved a table since it was looked up, it is
    /// looked up again.
    pub(crate) async fn query_tables(
        &mut self,
        queries: impl Fn(&ExistingTables) -> Vec<Statement>,
    ) -> Result<Vec<Vec<Row>>> {
        let first = queries(&self.present);
        if first.is_empty() {
            return Ok(vec![]);
        }
        match self.query(first).await {
            Err(error) if error.sqlstate.as_deref() == Some(sqlstate::UNDEFINED_TABLE) => {
                self.start(None).await.map_err(|none| none.error)?;
                self.query(queries(&self.present)).await
            }
            answered => answered,
        }
    }

    /// Returns the error for a table of refinery in two schemas, of which one is not the history of this database.
    async fn two_tables(&mut self, schemas: &[SchemaName; 2]) -> Error {
        let counts: Vec<usize> = match self.query(schemas.iter().map(tables::read_refinery)).await {
            Ok(counts) => counts.iter().map(Vec::len).collect(),
            Err(error) => return error,
        };
        place::two_tables(self.target.service.as_str(), schemas, &counts)
    }

    /// Reads martydb's history; refinery's rows, and those that it lost, are already read.
    pub(super) async fn history_with(&mut self, applied: &[Row], lost: &[Row]) -> Result<HistoryRows> {
        let unfinished = self.query_tables(|present| unfinished(present).into_iter().collect()).await?;
        self.history(applied, &unfinished.into_iter().next().unwrap_or_default(), lost).await
    }

    async fn history(&mut self, applied: &[Row], unfinished: &[Row], lost: &[Row]) -> Result<HistoryRows> {
        let mut rows = HistoryRows::read(applied, unfinished, lost)?;
        if let (None, Some(schema)) = (rows.version_type, &self.present.refinery) {
            // The table has no row to infer it from.
            let found = self.query([tables::read_version_type(schema)]).await?;
            let wide = found.iter().flatten().next().map_or(Ok(false), Row::read)?;
            rows.version_type = Some(if wide { VersionType::Int8 } else { VersionType::Int4 });
        }
        Ok(rows)
    }
}

/// Returns the query for unfinished migrations; `None` if the table of notes is missing, because then there was never a
/// non-transactional one.
fn unfinished(present: &ExistingTables) -> Option<Statement> {
    (present.history && present.progress).then(tables::read_unfinished)
}

fn history_queries(present: &ExistingTables) -> Vec<Statement> {
    let refinery = present.refinery.as_ref().map(tables::read_refinery);
    let lost = present.history.then(|| tables::read_lost(present.refinery.as_ref()));
    refinery.into_iter().chain(lost).chain(unfinished(present)).collect()
}

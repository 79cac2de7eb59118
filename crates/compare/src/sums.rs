//! Number of rows and the sum of their hashes, which does not depend on their order and detects a duplicated row.

use futures_util::future::try_join;

use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, stmt};
use martydb_pg::server::{Connection, Unreadable, query_one};

/// Number and sum of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowSum {
    pub rows: i64,
    sum: i128,
}

impl RowSum {
    pub fn add(&mut self, hash: u64) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(i128::from(hash));
    }

    /// Reads the sum of a hash, for the rows of a FROM clause.
    async fn read(session: &mut Connection, hash: &Statement, from: &Statement) -> Result<RowSum> {
        let query = stmt!(
            "SELECT pg_catalog.count(*), coalesce(pg_catalog.sum({hash}), 0)::pg_catalog.text FROM {from}"
        );
        let (rows, sum) = query_one::<(i64, String)>(session, &query).await?;
        Ok(RowSum { rows, sum: sum.parse().map_err(|_| Unreadable::new(sum))? })
    }
}

impl std::ops::Add for RowSum {
    type Output = RowSum;

    fn add(self, other: RowSum) -> RowSum {
        RowSum { rows: self.rows + other.rows, sum: self.sum.wrapping_add(other.sum) }
    }
}

/// Rows that the server sums: the hash of a row, and the FROM clause.
pub struct ServerSum {
    pub hash: Statement,
    pub from: Statement,
}

impl ServerSum {
    async fn read(&self, session: &mut Connection) -> Result<RowSum> {
        RowSum::read(session, &self.hash, &self.from).await
    }
}

/// Sums of one table, one per part at the source, at half the cost of sending the rows here. They can only prove that
/// rows are equal; if they differ, the rows are compared.
pub struct ServerSums {
    pub sources: Vec<ServerSum>,
    pub target: ServerSum,
}

impl ServerSums {
    /// Returns the number of rows of both sides, if the sums are equal.
    ///
    /// # Errors
    /// If the query fails at one side.
    pub async fn equal(&self, source: &mut Connection, target: &mut Connection) -> Result<Option<i64>> {
        let all = async {
            let mut all = RowSum::default();
            for part in &self.sources {
                all = all + part.read(source).await?;
            }
            Ok::<RowSum, Error>(all)
        };
        let (source, target) = try_join(all, self.target.read(target)).await?;
        Ok((source == target).then_some(source.rows))
    }
}

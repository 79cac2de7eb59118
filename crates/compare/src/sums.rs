//! Number of rows and the sum of their hashes, which does not depend on their order and detects a duplicated row.

use futures_util::future::try_join;

use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, stmt};
use martydb_pg::server::{Connection, Unreadable, query_one};

/// Number and sum of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RowSum {
    pub rows: i64,
    sum: i128,
}

impl RowSum {
    pub(crate) fn add(&mut self, hash: u64) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(i128::from(hash));
    }

    /// Returns the text of records, which stays as it is: backups contain it.
    pub(crate) fn text(self, unit: &str, hashed: bool) -> String {
        let RowSum { rows, sum } = self;
        if hashed { format!("{rows} {unit}, sum {sum}") } else { format!("{rows} {unit}") }
    }

    /// Reads such a text of rows.
    fn of_rows(text: &str) -> Option<RowSum> {
        let (rows, sum) = text.split_once(", sum ").unwrap_or((text, "0"));
        Some(RowSum { rows: rows.strip_suffix(" rows")?.parse().ok()?, sum: sum.parse().ok()? })
    }
}

/// Returns the text of a record for the rows of two tables together, or `None` if a text is that of something else.
pub fn sum_of_both(one: &str, other: &str) -> Option<String> {
    let hashed = one.contains(", sum ") && other.contains(", sum ");
    Some((RowSum::of_rows(one)? + RowSum::of_rows(other)?).text("rows", hashed))
}

impl std::ops::Add for RowSum {
    type Output = RowSum;

    fn add(self, other: RowSum) -> RowSum {
        RowSum { rows: self.rows + other.rows, sum: self.sum.wrapping_add(other.sum) }
    }
}

/// Reads a number of rows, and the sum that [`sum_sql`] returns.
pub(crate) async fn read_sum(session: &mut Connection, query: &Statement) -> Result<RowSum> {
    let (rows, sum) = query_one::<(i64, String)>(session, query).await?;
    Ok(RowSum { rows, sum: sum.parse().map_err(|_| Unreadable::new(sum))? })
}

/// Returns the sum of the rows' hashes as text.
pub(crate) fn sum_sql(hash: Option<&Statement>) -> Statement {
    match hash {
        Some(hash) => stmt!("coalesce(pg_catalog.sum({hash}), 0)::pg_catalog.text"),
        None => stmt!("'0'::pg_catalog.text"),
    }
}

/// Rows that a server sums.
pub struct ServerSum {
    /// Hash of a row; without one, the rows are only counted.
    pub hash: Option<Statement>,
    /// Contents of the FROM clause.
    pub from: Statement,
}

impl ServerSum {
    async fn read(&self, session: &mut Connection) -> Result<RowSum> {
        let sum = sum_sql(self.hash.as_ref());
        read_sum(session, &stmt!("SELECT pg_catalog.count(*), {sum} FROM {from}", from = &self.from)).await
    }

    /// Reads number and sum of the rows, as the text of records.
    ///
    /// # Errors
    /// If the rows cannot be read.
    pub async fn text(&self, session: &mut Connection) -> Result<String> {
        Ok(self.read(session).await?.text("rows", self.hash.is_some()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_sum_is_the_one_of_earlier_backups() {
        let sum = RowSum { rows: 3, sum: -9_223_372_036_854_775_809 };
        assert_eq!(sum.text("rows", true), "3 rows, sum -9223372036854775809");
        assert_eq!(sum_of_both("3 rows, sum -4", "1 rows, sum 9").as_deref(), Some("4 rows, sum 5"));
        assert_eq!(sum_of_both("3 rows", "0 rows").as_deref(), Some("3 rows"));
        assert_eq!(sum_of_both("3 rows", "postgres=r"), None);
        assert_eq!(sum.text("objects", false), "3 objects");
    }
}

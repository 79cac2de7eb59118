//! Tables whose rows each copy spreads in another way: partitions by the hash of an enum, which is that of an OID.

use std::collections::BTreeMap;

use martydb_compare::{Checksums, sum_of_both};
use martydb_model::error::Result;
use martydb_model::sql::Statement;
use martydb_pg::server::{Connection, query_as};

/// Names in [`Checksums`], with the name under which their rows are compared together.
pub(crate) type SpreadTables = BTreeMap<String, String>;

pub(super) async fn read(session: &mut Connection) -> Result<SpreadTables> {
    let query = Statement::from_program(include_str!("sql/spread_partitions.sql"));
    Ok(query_as::<(String, String)>(session, &query).await?.into_iter().collect())
}

/// Returns the sums with one for all tables among which the rows are spread.
pub(super) fn gathered(sums: &Checksums, spread: &SpreadTables) -> Checksums {
    let mut all = Checksums::new();
    for (name, sum) in sums {
        let together = spread.get(name).unwrap_or(name);
        let both = all.get(together).and_then(|former: &String| sum_of_both(former, sum));
        all.insert(together.clone(), both.unwrap_or_else(|| sum.clone()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_spread_tables_count_together() {
        let texts = |rows: [(&str, &str); 3]| {
            rows.map(|(name, sum)| (name.to_owned(), sum.to_owned())).into_iter().collect::<Checksums>()
        };
        let spread = ["p0", "p1"].map(|name| (format!("table {name}"), "partitions of p".to_owned())).into();
        let before = texts([
            ("table p0", "3 rows, sum 7"),
            ("table p1", "0 rows, sum 0"),
            ("table q", "1 rows, sum 1"),
        ]);
        let after = texts([
            ("table p0", "1 rows, sum 4"),
            ("table p1", "2 rows, sum 3"),
            ("table q", "1 rows, sum 1"),
        ]);
        assert_eq!(gathered(&before, &spread), gathered(&after, &spread));
        assert_eq!(gathered(&before, &spread)["partitions of p"], "3 rows, sum 7");
        assert_ne!(gathered(&before, &SpreadTables::new()), gathered(&after, &SpreadTables::new()));
    }
}

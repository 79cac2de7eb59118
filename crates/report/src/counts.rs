//! The matrix as counts: three million cells of a thousand services become some rows of each. Pure.

use std::collections::BTreeMap;

use crate::values::CountsRow;

/// One cell, as it is counted.
#[derive(Debug, Clone, Copy)]
pub struct CountedCell<'a> {
    pub server: &'a str,
    /// Replica; `None` for the server itself.
    pub at: Option<&'a str>,
    pub service: &'a str,
    pub database: &'a str,
    pub own: bool,
    pub outcome: CellOutcome,
    /// `true` if it follows from the catalogs, without an attempt.
    pub inferred: bool,
}

/// Outcome of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellOutcome {
    Denied,
    Allowed,
    Breach,
    Inconclusive,
}

/// Server, and the replica of it.
pub type CountedServer<'a> = (&'a str, Option<&'a str>);

/// `true` for the own database, and the counts by outcome, with those that are inferred last.
type Counts = (bool, [u64; 5]);

/// Most rows that each name their database: a million names of a thousand services would be too large for a page.
const MOST_NAMED: usize = 10_000;

/// Counts the cells: a row for each service and database. If these are too many, the databases with the commonest counts of a
/// service share a row without a name. `columns` has the databases of each server.
pub fn rows<'a>(
    cells: impl IntoIterator<Item = CountedCell<'a>>,
    columns: &BTreeMap<CountedServer<'a>, Vec<&'a str>>,
) -> Vec<CountsRow> {
    let mut pairs: BTreeMap<(CountedServer<'_>, &str), BTreeMap<&str, Counts>> = BTreeMap::new();
    for cell in cells {
        let of_service = pairs.entry(((cell.server, cell.at), cell.service)).or_default();
        let (own, counts) = of_service.entry(cell.database).or_default();
        *own |= cell.own;
        counts[cell.outcome as usize] += 1;
        counts[4] += u64::from(cell.inferred);
    }
    for ((server, _), databases) in &mut pairs {
        for column in columns.get(server).into_iter().flatten() {
            databases.entry(column).or_default();
        }
    }
    let shares = pairs.values().map(BTreeMap::len).sum::<usize>() > MOST_NAMED;
    pairs
        .iter()
        .flat_map(|((server, service), databases)| named(*server, service, databases, shares))
        .collect()
}

/// Makes the rows of one service, the shared one last.
fn named(
    (server, at): CountedServer<'_>,
    service: &str,
    databases: &BTreeMap<&str, Counts>,
    shares: bool,
) -> Vec<CountsRow> {
    let rest = if shares { commonest(databases) } else { None };
    let row = |(database, counts): (Option<&str>, Counts)| {
        let (own, [denied, allowed, breach, inconclusive, inferred]) = counts;
        CountsRow {
            service: service.into(),
            server: server.into(),
            at: at.map(str::to_owned),
            database: database.map(str::to_owned),
            own,
            denied,
            allowed,
            breach,
            inconclusive,
            inferred,
        }
    };
    let others = databases.iter().filter(|(_, counts)| Some(**counts) != rest);
    let others = others.map(|(database, counts)| (Some(*database), *counts));
    others.chain(rest.map(|counts| (None, counts))).map(row).collect()
}

/// Returns the counts that most databases have; the own one stands alone.
fn commonest(databases: &BTreeMap<&str, Counts>) -> Option<Counts> {
    let mut groups: BTreeMap<Counts, usize> = BTreeMap::new();
    for counts in databases.values().filter(|(own, _)| !own) {
        *groups.entry(*counts).or_default() += 1;
    }
    groups.into_iter().max_by_key(|(_, count)| *count).map(|(counts, _)| counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell<'a>(service: &'a str, database: &'a str, outcome: CellOutcome) -> CountedCell<'a> {
        CountedCell {
            server: "main",
            at: None,
            service,
            database,
            own: service == database,
            outcome,
            inferred: false,
        }
    }

    fn matrix(names: &[String]) -> Vec<CountsRow> {
        let cells = names.iter().flat_map(|service| {
            names.iter().map(move |database| match (service.as_str(), database.as_str()) {
                (one, other) if one == other => cell(one, other, CellOutcome::Allowed),
                (one @ "s0", other @ "s3") => cell(one, other, CellOutcome::Breach),
                (one, other) => cell(one, other, CellOutcome::Denied),
            })
        });
        let columns = names.iter().map(String::as_str).collect();
        rows(cells, &BTreeMap::from([(("main", None), columns)]))
    }

    #[test]
    fn each_service_and_database_has_a_row() {
        let names: Vec<String> = (0..4).map(|at| format!("s{at}")).collect();
        let rows = matrix(&names);
        assert_eq!(rows.len(), 16);
        assert!(rows.iter().all(|row| row.database.is_some()));
        let breach: Vec<_> = rows.iter().filter(|row| row.breach == 1).collect();
        assert_eq!(
            (breach.len(), breach[0].service.as_str(), breach[0].database.as_deref()),
            (1, "s0", Some("s3"))
        );
    }

    #[test]
    fn in_a_large_matrix_the_databases_that_are_alike_share_a_row_without_a_name() {
        let names: Vec<String> = (0..150).map(|at| format!("s{at}")).collect();
        let rows = matrix(&names);
        assert_eq!(rows.len(), 2 * 150 + 1);
        let of_first: Vec<_> = rows.iter().filter(|row| row.service == "s0").collect();
        let rest = of_first.iter().find(|row| row.database.is_none()).unwrap();
        assert_eq!((of_first.len(), rest.denied, rest.own), (3, 1, false));
        assert!(of_first.iter().any(|row| row.breach == 1 && row.database.as_deref() == Some("s3")));
    }

    #[test]
    fn a_replica_has_rows_of_its_own_and_what_was_not_tried_has_no_counts() {
        let cells = [
            cell("a", "a", CellOutcome::Allowed),
            CountedCell { at: Some("r1"), ..cell("a", "a", CellOutcome::Inconclusive) },
        ];
        let columns = BTreeMap::from([(("main", None), vec!["a", "b"]), (("main", Some("r1")), vec!["a"])]);
        let rows = rows(cells, &columns);
        let shown: Vec<_> = rows
            .iter()
            .map(|row| (row.at.as_deref(), row.database.as_deref(), row.allowed, row.inconclusive))
            .collect();
        assert_eq!(shown, [(None, Some("a"), 1, 0), (None, Some("b"), 0, 0), (Some("r1"), Some("a"), 0, 1)]);
    }
}

//! The matrix as counts: four million cells of a thousand services become some rows of each. Pure.

use std::collections::BTreeMap;

use crate::values::CountsRow;

/// One cell, as it is counted.
#[derive(Debug, Clone, Copy)]
pub struct CountedCell<'a> {
    pub server: &'a str,
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

/// `true` for the own database, and the counts by outcome, with those that are inferred last.
type Counts = (bool, [u64; 5]);

/// Counts the cells. `columns` has the databases of each server.
pub fn rows<'a>(
    cells: impl IntoIterator<Item = CountedCell<'a>>,
    columns: &BTreeMap<&'a str, Vec<&'a str>>,
) -> Vec<CountsRow> {
    let mut pairs: BTreeMap<(&str, &str), BTreeMap<&str, Counts>> = BTreeMap::new();
    for cell in cells {
        let of_service = pairs.entry((cell.server, cell.service)).or_default();
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
    pairs.iter().flat_map(|((server, service), databases)| grouped(server, service, databases)).collect()
}

/// Makes one row of databases with equal counts, of which the largest names no database.
fn grouped(server: &str, service: &str, databases: &BTreeMap<&str, Counts>) -> Vec<CountsRow> {
    let mut groups: BTreeMap<Counts, Vec<&str>> = BTreeMap::new();
    for (database, counts) in databases {
        groups.entry(*counts).or_default().push(database);
    }
    let largest = groups.iter().filter(|((own, _), _)| !own).max_by_key(|(_, names)| names.len());
    let rest = largest.map(|(counts, _)| *counts);
    let row = |(counts, names): (Counts, Vec<&str>)| {
        let (own, [denied, allowed, breach, inconclusive, inferred]) = counts;
        let named = (rest != Some(counts)).then(|| names.into_iter().map(str::to_owned).collect());
        CountsRow {
            service: service.into(),
            server: server.into(),
            databases: named,
            own,
            denied,
            allowed,
            breach,
            inconclusive,
            inferred,
        }
    };
    groups.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(service: &'static str, database: &'static str, outcome: CellOutcome) -> CountedCell<'static> {
        CountedCell { server: "main", service, database, own: service == database, outcome, inferred: false }
    }

    #[test]
    fn databases_that_are_alike_share_a_row_and_the_rest_of_a_server_needs_no_names() {
        let all = ["a", "b", "c", "d"];
        let cells = all.into_iter().flat_map(|service| {
            all.into_iter().map(move |database| match (service, database) {
                _ if service == database => cell(service, database, CellOutcome::Allowed),
                ("a", "d") => cell(service, database, CellOutcome::Breach),
                _ => cell(service, database, CellOutcome::Denied),
            })
        });
        let rows = rows(cells, &BTreeMap::from([("main", all.to_vec())]));
        let of_a: Vec<_> = rows.iter().filter(|row| row.service == "a").collect();
        assert_eq!(of_a.len(), 3);
        let rest = of_a.iter().find(|row| row.databases.is_none()).unwrap();
        assert_eq!((rest.denied, rest.own), (1, false));
        let breach = of_a.iter().find(|row| row.breach == 1).unwrap();
        assert_eq!(breach.databases, Some(vec!["d".to_owned()]));
        assert_eq!(rows.len(), 3 + 3 * 2);
    }

    #[test]
    fn what_was_not_tried_has_a_row_without_counts() {
        let cells = [cell("a", "a", CellOutcome::Allowed), cell("a", "b", CellOutcome::Denied)];
        let rows = rows(cells, &BTreeMap::from([("main", vec!["a", "b", "c", "d", "e"])]));
        let rest = rows.iter().find(|row| row.databases.is_none()).unwrap();
        assert_eq!((rest.denied, rest.allowed, rest.breach), (0, 0, 0));
        let tried: Vec<_> = rows.iter().filter(|row| row.denied + row.allowed > 0).collect();
        assert_eq!(tried.len(), 2);
        assert!(tried.iter().all(|row| row.databases.as_ref().is_some_and(|names| names.len() == 1)));
    }
}

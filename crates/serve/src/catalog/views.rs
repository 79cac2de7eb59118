//! Columns of views that are columns of tables: relationships of tables hold for them too.

use std::collections::BTreeMap;

/// Object identifier of a relation.
pub(super) type CatalogOid = u32;

/// A column by its relation and number.
pub(super) type ColumnRef = (CatalogOid, i16);

/// Maximum depth of a chain of views.
const MAX_DEPTH: usize = 16;

/// Returns the columns of a table that each column of a view shows, by the rules of the views.
pub(super) fn origins(rules: &[(CatalogOid, String)]) -> BTreeMap<CatalogOid, Vec<(i16, ColumnRef)>> {
    let direct: BTreeMap<CatalogOid, Vec<(i16, ColumnRef)>> =
        rules.iter().map(|(view, rule)| (*view, targets(rule))).collect();
    let followed = |place: ColumnRef| {
        let mut place = place;
        for _ in 0..MAX_DEPTH {
            let next = direct.get(&place.0).and_then(|all| all.iter().find(|(column, _)| *column == place.1));
            let Some((_, next)) = next else { break };
            place = *next;
        }
        place
    };
    let of =
        |all: &Vec<(i16, ColumnRef)>| all.iter().map(|(column, place)| (*column, followed(*place))).collect();
    direct.iter().map(|(view, all)| (*view, of(all))).collect()
}

/// Parses the outermost `targetList` of a rule, a `pg_node_tree`: the number of each column, and the column of a relation
/// that it shows.
fn targets(rule: &str) -> Vec<(i16, ColumnRef)> {
    let mut found = vec![];
    let (mut depth, mut entry, mut listed) = (0usize, TargetEntry::default(), false);
    let mut words = words(rule);
    while let Some(word) = words.next() {
        match word {
            "{" => {
                depth += 1;
                if depth == 2 {
                    entry = TargetEntry::default();
                }
            }
            "}" => {
                if depth == 2 && listed {
                    found.extend(entry.place());
                }
                depth = depth.saturating_sub(1);
            }
            ":targetList" if depth == 1 => listed = true,
            word if depth == 1 && word.starts_with(':') => listed = false,
            ":resno" if depth == 2 && listed => {
                entry.number = words.next().and_then(|word| word.parse().ok())
            }
            ":resorigtbl" if depth == 2 && listed => {
                entry.table = words.next().and_then(|word| word.parse().ok())
            }
            ":resorigcol" if depth == 2 && listed => {
                entry.column = words.next().and_then(|word| word.parse().ok())
            }
            _ => {}
        }
    }
    found
}

#[derive(Default)]
struct TargetEntry {
    number: Option<i16>,
    table: Option<CatalogOid>,
    column: Option<i16>,
}

impl TargetEntry {
    fn place(&self) -> Option<(i16, ColumnRef)> {
        let table = self.table.filter(|table| *table != 0)?;
        Some((self.number?, (table, self.column?)))
    }
}

/// Splits a `pg_node_tree` at blanks and braces; a backslash makes the next character part of a name.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\n', '(', ')']);
        let first = rest.chars().next()?;
        if first == '{' || first == '}' {
            let (word, after) = rest.split_at(1);
            rest = after;
            return Some(word);
        }
        let mut escaped = false;
        let end = rest.find(|c| {
            let ends = !escaped && matches!(c, ' ' | '\n' | '(' | ')' | '{' | '}');
            escaped = !escaped && c == '\\';
            ends
        });
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_views_are_followed_to_tables() {
        let entry = |number: i16, table: u32, column: i16| {
            format!(
                "{{TARGETENTRY :expr {{VAR :varno 1}} :resno {number} :resname a\\ \\}}b :resorigtbl {table} :resorigcol {column} :resjunk false}}"
            )
        };
        let rule = |entries: &[String]| {
            let inner =
                "{RTE :subquery {QUERY :targetList ({TARGETENTRY :resno 9 :resorigtbl 9 :resorigcol 9})}}";
            format!(
                "({{QUERY :commandType 1 :rtable ({inner}) :targetList ({}) :returningList <>}})",
                entries.join(" ")
            )
        };
        let rules = vec![(10, rule(&[entry(1, 5, 3), entry(2, 0, 0)])), (11, rule(&[entry(1, 10, 1)]))];
        let found = origins(&rules);
        assert_eq!(found[&10], vec![(1, (5, 3))]);
        assert_eq!(found[&11], vec![(1, (5, 3))]);
    }
}

//! Judgement of a restored database: differences from its record that do not count, are accepted, or refuse it. Pure.

use std::collections::BTreeSet;

use martydb_compare::{Checksums, RowHash};
use martydb_migrate::history::{Difference, KINDS};
use martydb_model::DesiredService;
use martydb_model::error::{Error, Kind, Result};

use crate::move_service::compare::{CopySide, of_catalogs, of_contents};

/// Returns the kinds of differences that `--accept` takes, as it spells them.
pub fn acceptable_kinds() -> impl Iterator<Item = String> {
    KINDS.iter().map(|kind| spelled(kind))
}

fn spelled(kind: &str) -> String {
    kind.replace(' ', "-")
}

/// Accepted differences of a restored database, as text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct AcceptedDifferences {
    pub notes: Vec<String>,
    /// Kinds of those that `--accept` took.
    pub accepted: BTreeSet<String>,
}

/// Rules for differences.
pub(crate) struct Judge<'a> {
    pub service: &'a DesiredService,
    /// Objects that the backup left out, as accepted when it was made.
    pub left_out: &'a [String],
    /// Kinds that `--accept` names.
    pub accept: &'a [String],
    /// Row hash of the record.
    pub hash: RowHash,
}

impl Judge<'_> {
    /// Compares both sides.
    ///
    /// # Errors
    /// If they differ in what is neither accepted nor declared: differences of rows are never accepted.
    pub(crate) fn judge(&self, mut recorded: CopySide, found: &CopySide) -> Result<AcceptedDifferences> {
        let mut verdict = AcceptedDifferences {
            notes: self.count_alone(&mut recorded.sums, &found.sums),
            ..AcceptedDifferences::default()
        };
        let rows = of_contents(&recorded, found);
        let mut refused: Vec<Difference> = vec![];
        for difference in of_catalogs(&recorded, found) {
            let kind = spelled(&difference.kind);
            if self.accept.contains(&kind) {
                verdict.accepted.insert(kind);
            } else if self.left_out.is_empty() && !self.is_declared(&difference) {
                refused.push(difference);
                continue;
            }
            verdict.notes.push(difference.to_string());
        }
        if rows.is_empty() && refused.is_empty() {
            return Ok(verdict);
        }
        let kinds: BTreeSet<String> = refused.iter().map(|difference| spelled(&difference.kind)).collect();
        let differences: Vec<String> =
            refused.iter().map(ToString::to_string).chain(rows.iter().cloned()).collect();
        let error = Error::new(Kind::Divergent, "the restored database differs from its record")
            .first_causes(&differences)
            .hint("the service's own database is unchanged");
        Err(match rows.is_empty() {
            true => error.hint(self.way(&kinds)),
            false => error,
        })
    }

    /// Returns the flag that accepts these kinds.
    fn way(&self, kinds: &BTreeSet<String>) -> String {
        let kinds: Vec<&str> =
            kinds.iter().map(String::as_str).chain(self.accept.iter().map(String::as_str)).collect();
        let all: Vec<String> = acceptable_kinds().collect();
        format!(
            "the rows are equal; to restore with these differences of the schema, add `--accept {}` to `martydb restore` \
             (kinds: {})",
            kinds.join(","),
            all.join(", ")
        )
    }

    /// Returns `true` for what the manifest declares since the backup: an extension, and a schema of extensions.
    fn is_declared(&self, difference: &Difference) -> bool {
        let name = difference.name.trim_matches('"');
        let is_schema = |name: &str| self.service.extension_schemas().any(|schema| schema.as_str() == name);
        difference.before.is_none()
            && match difference.kind.as_str() {
                "extension" => self.service.extensions.iter().any(|one| one.name == name),
                "schema" => is_schema(name),
                "owner" => difference.name.strip_prefix("schema ").is_some_and(is_schema),
                _ => false,
            }
    }

    /// Removes recorded sums of tables whose rows were only counted now, because sums of earlier versions do not compare for
    /// them; returns a note on each.
    fn count_alone(&self, recorded: &mut Checksums, found: &Checksums) -> Vec<String> {
        if self.hash != RowHash::FormerColumns {
            return vec![];
        }
        let mut notes = vec![];
        for (name, before) in recorded.iter_mut().filter(|(name, _)| name.starts_with("table ")) {
            let is_counted = found.get(name).is_some_and(|now| !now.contains(SUM));
            if let Some((count, _)) = before.split_once(SUM).filter(|_| is_counted) {
                *before = count.to_owned();
                notes.push(format!(
                    "{name}: {before} counted and not compared: the backup's sums ({}) do not compare for values of type xml",
                    self.hash.name()
                ));
            }
        }
        notes
    }
}

/// Text between the number of rows and their sum.
const SUM: &str = ", sum ";

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_migrate::history::Catalog;
    use martydb_model::DesiredExtension;
    use martydb_samples::service;

    fn side(objects: &[(&str, &str)], rows: &str) -> CopySide {
        let entry = |(kind, name): &(&str, &str)| (((*kind).to_owned(), (*name).to_owned()), "o".to_owned());
        let sums = [("table public.a".to_owned(), rows.to_owned())];
        let catalog = Catalog(objects.iter().map(entry).collect());
        CopySide { catalog, sums: sums.into(), major: 15, ..CopySide::default() }
    }

    fn judge(
        hash: RowHash,
        left_out: &[&str],
        accept: &[&str],
        recorded: CopySide,
        found: &CopySide,
    ) -> Result<AcceptedDifferences> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let mut service = service("shop");
        service.extensions.push(DesiredExtension { name: "citext".into(), schema: None });
        let (left_out, accept) = (owned(left_out), owned(accept));
        Judge { service: &service, left_out: &left_out, accept: &accept, hash }.judge(recorded, found)
    }

    const A: (&str, &str) = ("table", "public.a");
    const COMMENT: (&str, &str) = ("comment", "table public.a");
    const ROWS: &str = "3 rows, sum 7";

    #[test]
    fn differences_of_the_schema_are_accepted_by_their_kind_and_rows_never() {
        let judged = |left_out: &[&str], accept: &[&str], rows| {
            judge(RowHash::Columns, left_out, accept, side(&[A, COMMENT], ROWS), &side(&[A], rows))
        };
        let refused = judged(&[], &[], ROWS).unwrap_err();
        assert_eq!(refused.kind, Kind::Divergent);
        assert!(refused.hints.iter().any(|hint| hint.contains("`--accept comment`")), "{refused:?}");
        assert_eq!(judged(&[], &["comment"], ROWS).unwrap().accepted, ["comment".to_owned()].into());
        assert_eq!(judged(&["something"], &[], ROWS).unwrap().notes.len(), 1);
        for (left_out, accept) in [(&["something"][..], &[][..]), (&[], &["comment", "table"])] {
            let refused = judged(left_out, accept, "3 rows, sum 8").unwrap_err();
            assert!(refused.hints.iter().all(|hint| !hint.contains("--accept")), "{refused:?}");
        }
        assert!(judged(&[], &["index"], ROWS).is_err());
    }

    #[test]
    fn an_extension_that_the_manifest_declares_since_is_a_note() {
        let with = |name| {
            judge(RowHash::Columns, &[], &[], side(&[A], ROWS), &side(&[A, ("extension", name)], ROWS))
        };
        assert_eq!(with("citext").unwrap().notes.len(), 1);
        assert!(with("hstore").is_err());
    }

    #[test]
    fn values_of_xml_in_an_earlier_backup_are_counted() {
        let judged = |hash, found| judge(hash, &[], &[], side(&[A], ROWS), &side(&[A], found));
        let notes = judged(RowHash::FormerColumns, "3 rows").unwrap().notes;
        assert_eq!(
            notes,
            [
                "table public.a: 3 rows counted and not compared: the backup's sums (cols/2) do not compare for values of type xml"
            ]
        );
        assert!(judged(RowHash::FormerColumns, "2 rows").is_err());
        assert!(judged(RowHash::FormerColumns, "3 rows, sum 8").is_err());
        assert!(judged(RowHash::Columns, "3 rows").is_err());
    }

    #[test]
    fn kinds_are_one_word() {
        assert!(acceptable_kinds().any(|kind| kind == "materialized-view"));
        assert!(acceptable_kinds().all(|kind| !kind.contains([' ', ','])));
    }
}

//! Comparison of a copy with its original: both catalogs with owners and privileges, and the data. Unreadable or
//! unknown data counts as a difference.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{sequences, spread};
use martydb_compare::{Checksums, RowHash, read_checksums};
use martydb_migrate::MigrationTarget;
use martydb_migrate::history::{Catalog, Difference};
use martydb_migrate::normalize_expressions;
use martydb_model::error::{Error, Result};
use martydb_model::sql::Statement;
use martydb_model::text::printable;
use martydb_pg::server::{Connection, query_as};
use martydb_sql::{TokenKind, tokens};

/// Catalog and data of one side.
#[derive(Debug, Clone, Default)]
pub struct CopySide {
    pub catalog: Catalog,
    pub sums: Checksums,
    pub major: u32,
    /// Kind and name of the objects that servers make by themselves from some major on, with this major.
    pub by_server: BTreeSet<(u32, String, String)>,
    /// Tables whose rows each copy spreads in another way, with the name under which they are compared together.
    pub spread: spread::SpreadTables,
    /// `true` if others used the database meanwhile: its sequences may have advanced before they were copied.
    pub live: bool,
}

/// Time to wait for a free connection of the server.
const WAIT: Duration = Duration::from_secs(10);

/// Reads one side as its owner.
#[martydb_pg::boxed]
pub async fn read(session: &mut Connection, hash: RowHash) -> Result<CopySide> {
    read_side_by_side(std::slice::from_mut(session), hash).await
}

/// Reads one side with several sessions and this hash.
pub(crate) async fn read_side_by_side(sessions: &mut [Connection], hash: RowHash) -> Result<CopySide> {
    let Some(first) = sessions.first_mut() else { return Err(Error::operation("no session reads the copy")) };
    let (catalog, major) = (Catalog::read(first).await?, first.major());
    let by_server = by_server(first).await?;
    let spread = spread::read(first).await?;
    Ok(CopySide {
        catalog,
        sums: read_checksums(sessions, hash).await?,
        major,
        by_server,
        spread,
        live: false,
    })
}

/// Reads what only newer servers make by themselves.
async fn by_server(session: &mut Connection) -> Result<BTreeSet<(u32, String, String)>> {
    let mut all = BTreeSet::new();
    for (major, text) in
        [(14, include_str!("sql/multiranges.sql")), (15, include_str!("sql/triggers_of_partitions.sql"))]
    {
        if session.major() >= major {
            let rows = query_as::<(String, String)>(session, &Statement::from_program(text)).await?;
            all.extend(rows.into_iter().map(|(kind, name)| (major, kind, name)));
        }
    }
    Ok(all)
}

/// Returns the former side with the copy's form of each definition that differs in form alone, as judged by the
/// copy's server.
///
/// # Errors
/// If the migrator cannot log in to the copy.
pub(crate) async fn reread_by(
    target: &MigrationTarget,
    former: CopySide,
    copy: &CopySide,
) -> Result<CopySide> {
    let catalog = normalize_expressions(target, WAIT, former.catalog, &copy.catalog).await?;
    Ok(CopySide { catalog, ..former })
}

/// Letters of privileges that only one major has; owners hold them by default.
const NEW_IN_17: char = 'm';

/// Returns the differences of the copy as text; empty if it is equal.
pub fn differences(former: &CopySide, copy: &CopySide) -> Vec<String> {
    let catalogs = of_catalogs(former, copy).into_iter().map(|found| found.to_string());
    catalogs.chain(of_contents(former, copy)).collect()
}

/// Returns the differences of rows, positions of sequences, and privileges on the history tables.
pub(crate) fn of_contents(former: &CopySide, copy: &CopySide) -> Vec<String> {
    let majors = Majors { former: former.major, copy: copy.major };
    let [one, other] = [former, copy].map(|side| majors.sums(&spread::gathered(&side.sums, &copy.spread)));
    let advanced = |name: &str, before: &str, after: &str| {
        former.live && sequences::has_advanced(&former.catalog, name, before, after)
    };
    of_sums(&majors, &one, &other, advanced)
}

/// Returns the differences of the schema.
pub(crate) fn of_catalogs(former: &CopySide, copy: &CopySide) -> Vec<Difference> {
    let majors = Majors { former: former.major, copy: copy.major };
    let [mut one, mut other] = [former, copy].map(|side| majors.catalog(side));
    // Records of earlier versions have the owners of multirange types.
    let made = |kind: &String, name: &String| {
        copy.by_server.iter().any(|(_, own, made)| own == kind && kind == "owner" && made == name)
    };
    one.0.retain(|(kind, name), _| !made(kind, name));
    for kinds in LATER_KINDS {
        let is_one = |kind: &String| kinds.contains(&kind.as_str());
        if !one.0.keys().any(|(kind, _)| is_one(kind)) {
            other.0.retain(|(kind, _), _| !is_one(kind));
        }
    }
    one.differences(&other)
}

/// Kinds that records of earlier versions lack.
const LATER_KINDS: &[&[&str]] = &[&["publication table", "publication schema"], &["operators"]];

fn of_sums(
    majors: &Majors,
    former: &Checksums,
    copy: &Checksums,
    advanced: impl Fn(&str, &str, &str) -> bool,
) -> Vec<String> {
    let names: BTreeSet<&String> = former.keys().chain(copy.keys()).collect();
    let difference = |name: &&String| match (former.get(*name), copy.get(*name)) {
        (Some(before), Some(after)) if majors.rights(before) == majors.rights(after) => None,
        (Some(before), Some(after)) if advanced(name, before, after) => None,
        (Some(before), Some(after)) => Some(unequal(name, before, after)),
        (Some(_), None) => Some(format!("{name} is missing in the copy")),
        (None, _) => Some(format!("{name} is only in the copy")),
    };
    names.iter().filter_map(difference).map(|text| printable(&text)).collect()
}

/// Formats the difference. Readers understand numbers of rows, not sums.
fn unequal(name: &str, before: &str, after: &str) -> String {
    let count = |text: &str| text.split(", sum ").next().unwrap_or_default().to_owned();
    let (one, other) = (count(before), count(after));
    if one == other && before.contains(", sum ") {
        return format!("{name} has {one}, but different ones in the copy");
    }
    format!("{name}: {one} before, {other} in the copy")
}

/// Differences between two majors without a change.
struct Majors {
    former: u32,
    copy: u32,
}

impl Majors {
    fn cross(&self, major: u32) -> bool {
        (self.former < major) != (self.copy < major)
    }

    /// Returns the catalog without objects that `apply` creates in a new database, and with differences of notation
    /// between the majors removed.
    fn catalog(&self, side: &CopySide) -> Catalog {
        let own: BTreeSet<(&String, &String)> = side
            .by_server
            .iter()
            .filter(|(major, ..)| self.cross(*major))
            .map(|(_, kind, name)| (kind, name))
            .collect();
        let rows = side.catalog.0.iter();
        let rows =
            rows.filter(|((kind, name), text)| !own.contains(&(kind, name)) && self.counts(kind, name, text));
        let normal = |((kind, name), text): (&(String, String), &String)| {
            let text = match kind.as_str() {
                // The attributes that the major knows are before the brace.
                "publication" if self.former != self.copy => {
                    text.rsplit('}').next().unwrap_or_default().to_owned()
                }
                // Without the version: another server may have another one.
                "extension" => text.split_once(' ').map_or("", |(_, schema)| schema).to_owned(),
                "view" | "materialized view" if self.cross(16) => unqualified(&self.rights(text)),
                _ => self.rights(text),
            };
            let key = (kind.clone(), name.clone());
            match self.former == self.copy {
                true => (key, text),
                false => ((key.0, plain_names(&key.1).replace("pg_catalog.", "")), plain_names(&text)),
            }
        };
        Catalog(rows.map(normal).collect())
    }

    /// Returns the sums under names that both majors have.
    fn sums(&self, sums: &Checksums) -> Checksums {
        let name = |name: &String| if self.former == self.copy { name.clone() } else { plain_names(name) };
        sums.iter().map(|(key, sum)| (name(key), sum.clone())).collect()
    }

    fn counts(&self, kind: &str, name: &str, text: &str) -> bool {
        let of_admin = match kind {
            "schema" => name == "public",
            "owner" => name == "schema public" || name.starts_with("extension "),
            // In records of earlier versions; the admin puts it back.
            "comment" => name.starts_with("extension "),
            _ => false,
        };
        // From 17 on for domains and from 18 on for columns, NOT NULL is a named constraint; before it was an
        // attribute.
        let named = self.cross(17) || self.cross(18);
        let not_null = kind == "constraint" && named && text.starts_with("NOT NULL");
        !of_admin && !not_null
    }

    /// Returns a text without the privilege letters that one of the majors lacks, in any access list in it.
    fn rights(&self, text: &str) -> String {
        if !self.cross(17) {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('=') {
            let (before, after) = rest.split_at(at + 1);
            let end = after.find(|c: char| !c.is_ascii_alphabetic() && c != '*').unwrap_or(after.len());
            let (letters, next) = after.split_at(end);
            out += before;
            match next.starts_with('/') {
                true => out += &letters.replace("m*", "").replace(NEW_IN_17, ""),
                false => out += letters,
            }
            rest = next;
        }
        out + rest
    }
}

/// Returns a text without quotes around names that only a keyword needs: each major has others.
fn plain_names(text: &str) -> String {
    let (mut out, mut end) = (String::with_capacity(text.len()), 0);
    for token in tokens(text).iter().filter(|token| token.kind == TokenKind::Quoted) {
        let quoted = &text[token.start..token.end];
        let name = quoted.trim_matches('"');
        out += &text[end..token.start];
        out += if is_plain(name) { name } else { quoted };
        end = token.end;
    }
    out + &text[end..]
}

/// Returns `true` for a name whose characters need no quotes.
fn is_plain(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c == '_';
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit() || c == '$')
}

/// Returns a view's text without relation names before columns, which 16 omits if there is only one relation, and
/// with single blanks.
fn unqualified(text: &str) -> String {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '"';
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let mut rest = word;
        while let Some(dot) = rest.find('.') {
            let (before, after) = (&rest[..dot], &rest[dot + 1..]);
            let names = before.ends_with(is_name) && after.starts_with(is_name);
            let start = before.rfind(|c: char| !is_name(c)).map_or(0, |at| at + 1);
            match names && !before[start..].starts_with(|c: char| c.is_ascii_digit()) {
                true => out += &before[..start],
                false => out += &rest[..=dot],
            }
            rest = after;
        }
        out += rest;
        out.push(' ');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(major: u32, rows: &[(&str, &str, &str)], sums: &[(&str, &str)]) -> CopySide {
        let row = |(kind, name, text): &(&str, &str, &str)| {
            (((*kind).to_owned(), (*name).to_owned()), (*text).to_owned())
        };
        let sum = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        CopySide {
            catalog: Catalog(rows.iter().map(row).collect()),
            sums: sums.iter().map(sum).collect(),
            major,
            ..CopySide::default()
        }
    }

    #[test]
    fn rows_sequences_and_what_one_side_lacks_are_named() {
        let before = side(
            15,
            &[],
            &[
                ("table a", "3 rows, sum 1"),
                ("table b", "3 rows, sum 1"),
                ("sequence s", "5"),
                ("table c", "0 rows, sum 0"),
            ],
        );
        let after = side(
            15,
            &[],
            &[
                ("table a", "3 rows, sum 2"),
                ("table b", "2 rows, sum 1"),
                ("sequence s", "1"),
                ("table d", "0 rows, sum 0"),
            ],
        );
        assert_eq!(
            differences(&before, &after),
            [
                "sequence s: 5 before, 1 in the copy",
                "table a has 3 rows, but different ones in the copy",
                "table b: 3 rows before, 2 rows in the copy",
                "table c is missing in the copy",
                "table d is only in the copy",
            ]
        );
        assert!(differences(&before, &before).is_empty());
    }

    #[test]
    fn a_name_that_became_a_keyword_is_the_same_name() {
        let old = &[
            ("column", "public.t.json", "integer storage p"),
            ("constraint", "public.t.k", "UNIQUE (json, \"Json\")"),
            ("owner", "function public.f(pg_catalog.json)", "o"),
        ];
        let new = &[
            ("column", "public.t.\"json\"", "integer storage p"),
            ("constraint", "public.t.k", "UNIQUE (\"json\", \"Json\")"),
            ("owner", "function public.f(json)", "o"),
        ];
        assert!(differences(&side(13, old, &[]), &side(18, new, &[])).is_empty());
        assert_eq!(differences(&side(18, old, &[]), &side(18, new, &[])).len(), 5);
        let other = &[("constraint", "public.t.k", "UNIQUE (\"Json\", json)")];
        assert_eq!(differences(&side(13, &old[1..2], &[]), &side(18, other, &[])).len(), 1);
    }

    #[test]
    fn the_owner_of_a_multirange_type_in_an_old_record_is_not_a_difference() {
        let old = side(15, &[("owner", "type public.spans", "o")], &[]);
        let mut new = side(15, &[], &[]);
        assert_eq!(differences(&old, &new).len(), 1);
        new.by_server.insert((14, "owner".into(), "type public.spans".into()));
        assert!(differences(&old, &new).is_empty());
    }

    #[test]
    fn majors_differ_in_what_they_write_and_not_in_what_it_means() {
        let old = &[
            ("table", "public.a", "o p o=arwdDxt/o,app=arw/o identity d"),
            (
                "view",
                "public.v",
                "o p o=arwdDxt/o identity n  SELECT a.id,\n    a.\"Name\"\n   FROM a\n  WHERE a.n > 1.5;",
            ),
            ("extension", "citext", "1.6 public"),
            ("schema", "public", "postgres"),
        ];
        let new = &[
            ("table", "public.a", "o p o=arwdDxtm/o,app=arw/o identity d"),
            (
                "view",
                "public.v",
                "o p o=arwdDxtm/o identity n  SELECT id,\n    \"Name\"\n   FROM a\n  WHERE n > 1.5;",
            ),
            ("extension", "citext", "1.8 public"),
            ("constraint", "public.a.a_id_not_null", "NOT NULL id"),
            ("schema", "public", "o"),
        ];
        assert!(differences(&side(15, old, &[]), &side(18, new, &[])).is_empty());
        assert_eq!(differences(&side(18, new, &[]), &side(18, &new[..1], &[])).len(), 3);
        // Privileges that a migration revoked are back.
        let wider = &[("table", "public.a", "o p o=arwdDxtm/o,app=arwd/o identity d")];
        assert_eq!(differences(&side(15, &old[..1], &[]), &side(18, wider, &[])).len(), 1);
    }
}

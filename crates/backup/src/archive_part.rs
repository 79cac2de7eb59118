//! Entries of an archive that make some of its tables: the tables and their partitions with their rows, everything
//! that belongs to them, and everything that these need.
//!
//! Rules, triggers and policies are left out, because they act on other objects or by them, and so are foreign keys to
//! tables that are not restored.

use std::collections::{BTreeMap, BTreeSet};

use super::chosen_tables::RecordedTable;
use martydb_pg_dump::archive::{ArchiveEntry, EntryDependencies};

/// Entries of some tables.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ArchivePart {
    /// Numbers of the entries to restore.
    pub entries: BTreeSet<u64>,
    /// Tables with their rows: the chosen ones and their partitions.
    pub tables: Vec<RecordedTable>,
    /// Objects of the tables that are not restored.
    pub left_out: Vec<String>,
    /// Tables that are restored without their rows, because others need their definition.
    pub without_rows: Vec<String>,
}

/// Kinds that belong to a table that they depend on.
const OF_TABLES: &[&str] = &["TABLE DATA ", "SEQUENCE ", "DEFAULT ", "CONSTRAINT ", "INDEX ", "STATISTICS "];

/// Kinds that are restored if everything that they depend on is.
const OF_ALL: &[&str] = &[
    "SEQUENCE OWNED BY ", "SEQUENCE SET ", "CHECK CONSTRAINT ", "INDEX ATTACH ", "TABLE ATTACH ",
    "STATISTICS DATA ", "COMMENT ", "ACL ", "SECURITY LABEL ",
];

/// Kinds that are never restored, with their words for people.
const LEFT_OUT: &[(&str, &str)] = &[
    ("TRIGGER ", "trigger"),
    ("RULE ", "rule"),
    ("POLICY ", "policy"),
    ("ROW SECURITY ", "row security"),
    ("PUBLICATION TABLE ", "publication"),
];

const FOREIGN_KEY: &str = "FK CONSTRAINT ";

const FUNCTION: &str = "FUNCTION ";

/// Selects the entries of the chosen tables, of which one that the archive lacks is absent from the result. `entries`
/// are in the archive's order.
pub(crate) fn part_of(
    entries: &[ArchiveEntry],
    needs: &EntryDependencies,
    chosen: &[RecordedTable],
    known: &BTreeSet<RecordedTable>,
) -> ArchivePart {
    let names: BTreeMap<String, &RecordedTable> =
        known.iter().map(|table| (format!("{} {}", table.parts.0, table.parts.1), table)).collect();
    let tables =
        entries.iter().filter_map(|entry| Some((entry.number, *names.get(named(entry, "TABLE ")?)?)));
    let archive = ArchiveTables {
        whats: entries.iter().map(|entry| (entry.number, entry.what.as_str())).collect(),
        needs,
        tables: tables.collect(),
    };
    let roots = archive.tables.iter().filter(|(_, table)| chosen.contains(table)).map(|(number, _)| *number);
    let rows = archive.with_partitions(roots.collect());
    let mut selection = Selection { taken: BTreeSet::new(), rows, archive: &archive };
    let roots: Vec<u64> = selection.rows.iter().copied().collect();
    roots.into_iter().for_each(|table| selection.select(table));
    while selection.grow(entries) {}
    selection.part(entries)
}

/// Returns schema and name of an entry of this kind, separated by a blank; the owner follows them.
fn named<'a>(entry: &'a ArchiveEntry, kind: &str) -> Option<&'a str> {
    Some(entry.what.strip_prefix(kind)?.rsplit_once(' ')?.0)
}

/// Entries by number.
struct ArchiveTables<'a> {
    whats: BTreeMap<u64, &'a str>,
    needs: &'a EntryDependencies,
    tables: BTreeMap<u64, &'a RecordedTable>,
}

impl ArchiveTables<'_> {
    fn needs(&self, number: u64) -> impl Iterator<Item = u64> + '_ {
        let needs = self.needs.get(&number).into_iter().flatten().copied();
        needs.filter(|number| self.whats.contains_key(number))
    }

    /// Adds the partitions of partitioned tables, and theirs.
    fn with_partitions(&self, mut tables: BTreeSet<u64>) -> BTreeSet<u64> {
        // `pg_dump` before 14 attaches a partition in the entry of its table.
        let attach = if self.whats.values().any(|what| what.starts_with("TABLE ATTACH ")) {
            "TABLE ATTACH "
        } else {
            "TABLE "
        };
        loop {
            let partitions: Vec<u64> = self
                .whats
                .iter()
                .filter(|(_, what)| what.starts_with(attach))
                .filter(|(number, _)| self.needs(**number).any(|table| tables.contains(&table)))
                .filter_map(|(number, what)| self.attached(*number, what, &tables))
                .filter(|table| !tables.contains(table))
                .collect();
            if partitions.is_empty() {
                return tables;
            }
            tables.extend(partitions);
        }
    }

    /// Returns the partition of an entry that attaches it to one of these tables.
    fn attached(&self, number: u64, what: &str, parents: &BTreeSet<u64>) -> Option<u64> {
        let Some(rest) = what.strip_prefix("TABLE ATTACH ") else {
            return self.tables.contains_key(&number).then_some(number);
        };
        let mut tables = self.needs(number).filter(|table| self.tables.contains_key(table));
        let is_partition = |table: &u64| self.whats[table].strip_prefix("TABLE ") == Some(rest);
        let partition = self.needs(number).find(is_partition)?;
        tables.any(|table| table != partition && parents.contains(&table)).then_some(partition)
    }
}

struct Selection<'a> {
    taken: BTreeSet<u64>,
    /// Tables with their rows.
    rows: BTreeSet<u64>,
    archive: &'a ArchiveTables<'a>,
}

impl Selection<'_> {
    /// Takes an entry with everything that it needs.
    fn select(&mut self, number: u64) {
        let mut waiting = vec![number];
        while let Some(number) = waiting.pop() {
            if self.taken.insert(number) {
                waiting.extend(self.archive.needs(number));
            }
        }
    }

    /// Takes entries that belong to those taken; `false` if there are none.
    fn grow(&mut self, entries: &[ArchiveEntry]) -> bool {
        let due: Vec<u64> = entries
            .iter()
            .filter(|entry| !self.taken.contains(&entry.number) && self.belongs(entry))
            .map(|entry| entry.number)
            .collect();
        due.iter().for_each(|number| self.select(*number));
        !due.is_empty()
    }

    fn belongs(&self, entry: &ArchiveEntry) -> bool {
        if entry.what.starts_with(FUNCTION) {
            return self.may_be_called(entry.number);
        }
        let begins = |kinds: &[&str]| kinds.iter().any(|kind| entry.what.starts_with(kind));
        let mut needs = self.archive.needs(entry.number).peekable();
        if needs.peek().is_none() {
            return false;
        }
        // The longer names of kinds first.
        if begins(OF_ALL) {
            return needs.all(|number| self.taken.contains(&number));
        }
        if entry.what.starts_with(FOREIGN_KEY) {
            return self.is_whole(entry);
        }
        begins(OF_TABLES) && needs.any(|number| self.rows.contains(&number))
    }

    /// Returns `true` for a function that needs no further table, if functions are restored: their bodies may call it, and no
    /// archive records that.
    fn may_be_called(&self, number: u64) -> bool {
        let calls = self.taken.iter().any(|taken| self.archive.whats[taken].starts_with(FUNCTION));
        let (mut seen, mut waiting) = (BTreeSet::new(), vec![number]);
        while let Some(next) = waiting.pop().filter(|_| calls) {
            if self.archive.tables.contains_key(&next) && !self.taken.contains(&next) {
                return false;
            }
            waiting.extend(self.archive.needs(next).filter(|need| seen.insert(*need)));
        }
        calls
    }

    /// Returns `true` for a foreign key between tables that are restored with their rows.
    fn is_whole(&self, entry: &ArchiveEntry) -> bool {
        let tables =
            self.archive.needs(entry.number).filter(|number| self.archive.tables.contains_key(number));
        let tables: Vec<u64> = tables.collect();
        !tables.is_empty() && tables.iter().all(|table| self.rows.contains(table))
    }

    fn part(self, entries: &[ArchiveEntry]) -> ArchivePart {
        let tables = &self.archive.tables;
        let without_rows = self.taken.difference(&self.rows).filter_map(|number| tables.get(number));
        ArchivePart {
            tables: self.rows.iter().map(|number| tables[number].clone()).collect(),
            without_rows: without_rows.map(|table| table.name.clone()).collect(),
            left_out: entries.iter().filter_map(|entry| self.left_out(entry)).collect(),
            entries: self.taken,
        }
    }

    /// Returns the name of an object of the tables that is not restored.
    fn left_out(&self, entry: &ArchiveEntry) -> Option<String> {
        let kinds = LEFT_OUT.iter().chain(&[(FOREIGN_KEY, "foreign key")]);
        let (kind, word) = kinds.copied().find(|(kind, _)| entry.what.starts_with(kind))?;
        if self.taken.contains(&entry.number) {
            return None;
        }
        let rest = named(entry, kind)?;
        let of = |number: u64| {
            let table = self.archive.tables.get(&number).filter(|_| self.rows.contains(&number))?;
            let (schema, name) = &table.parts;
            let own = match kind {
                "PUBLICATION TABLE " => rest.strip_prefix(&format!("{schema} "))?.strip_suffix(name)?,
                _ => rest
                    .strip_prefix(&format!("{schema} {name}"))
                    .filter(|own| own.is_empty() || own.starts_with(' '))?,
            };
            Some(match own.trim() {
                "" => format!("{word} of table {}", table.name),
                own => format!("{word} {own} of table {}", table.name),
            })
        };
        self.archive.needs(entry.number).find_map(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number, description and dependencies of each entry, as `pg_dump` 15 writes them.
    const ENTRIES: &[(u64, &str, &[u64])] = &[
        (1, "SCHEMA - own o", &[]),
        (2, "TYPE public mood o", &[1]),
        (3, "FUNCTION public rank(public.mood) o", &[2]),
        (4, "FUNCTION public stamp() o", &[]),
        (10, "TABLE own note o", &[1, 2]),
        (11, "SEQUENCE own note_id_seq o", &[1, 10]),
        (12, "SEQUENCE OWNED BY own note_id_seq o", &[11]),
        (13, "TABLE public person o", &[]),
        (14, "TABLE public part o", &[]),
        (15, "TABLE public part_1 o", &[]),
        (16, "TABLE ATTACH public part_1 o", &[14, 15]),
        (17, "TABLE public child o", &[13]),
        (18, "VIEW public names o", &[10]),
        (20, "DEFAULT own note id o", &[11, 10]),
        (30, "TABLE DATA own note o", &[10]),
        (31, "TABLE DATA public person o", &[13]),
        (32, "TABLE DATA public part_1 o", &[15]),
        (33, "TABLE DATA public child o", &[17]),
        (34, "SEQUENCE SET own note_id_seq o", &[11]),
        (40, "CONSTRAINT own note note_pkey o", &[10]),
        (41, "INDEX own note_rank_idx o", &[10, 3]),
        (42, "CONSTRAINT public person person_pkey o", &[13]),
        (43, "INDEX public part_idx o", &[14]),
        (44, "INDEX public part_1_idx o", &[15]),
        (45, "INDEX ATTACH public part_1_idx o", &[43, 44]),
        (50, "FK CONSTRAINT own note note_person_fkey o", &[13, 10, 42]),
        (51, "FK CONSTRAINT public person person_note_fkey o", &[40, 10, 13]),
        (52, "TRIGGER own note stamped o", &[4, 10]),
        (53, "POLICY own note own_rows o", &[10]),
        (54, "ROW SECURITY own note o", &[10]),
        (55, "PUBLICATION - changes o", &[]),
        (56, "PUBLICATION TABLE own changes note o", &[10, 55]),
        (60, "COMMENT own TABLE note o", &[10]),
        (61, "COMMENT own TRIGGER stamped ON note o", &[52]),
        (62, "ACL own TABLE note o", &[10]),
        (63, "ACL public TABLE person o", &[13]),
        (64, "COMMENT - SCHEMA own o", &[1]),
    ];

    fn part(names: &[&str]) -> ArchivePart {
        let entry = |(number, what, _): &(u64, &str, &[u64])| {
            ArchiveEntry::parse(format!("{number}; 0 0 {what}").as_bytes()).unwrap()
        };
        let entries: Vec<ArchiveEntry> = ENTRIES.iter().map(entry).collect();
        let needs = ENTRIES.iter().map(|(number, _, needs)| (*number, needs.to_vec())).collect();
        let table = |name: &&str| {
            let (schema, bare) = name.split_once('.').unwrap();
            RecordedTable { name: (*name).to_owned(), parts: (schema.to_owned(), bare.to_owned()) }
        };
        let known =
            ["own.note", "public.person", "public.part", "public.part_1", "public.child"].iter().map(table);
        let chosen: Vec<RecordedTable> = names.iter().map(table).collect();
        part_of(&entries, &needs, &chosen, &known.collect())
    }

    fn numbers(part: &ArchivePart) -> Vec<u64> {
        part.entries.iter().copied().collect()
    }

    #[test]
    fn a_table_comes_with_what_belongs_to_it_and_what_that_needs() {
        let note = part(&["own.note"]);
        assert_eq!(numbers(&note), [1, 2, 3, 10, 11, 12, 20, 30, 34, 40, 41, 60, 62, 64]);
        assert_eq!(note.tables.iter().map(|table| &*table.name).collect::<Vec<_>>(), ["own.note"]);
        assert_eq!(
            note.left_out,
            [
                "foreign key note_person_fkey of table own.note",
                "trigger stamped of table own.note",
                "policy own_rows of table own.note",
                "row security of table own.note",
                "publication changes of table own.note",
            ]
        );
        assert_eq!(note.without_rows, Vec::<String>::new());
    }

    #[test]
    fn foreign_keys_between_restored_tables_are_restored() {
        let both = part(&["own.note", "public.person"]);
        assert!(both.entries.contains(&50) && both.entries.contains(&51), "{both:?}");
        assert!(!both.left_out.iter().any(|line| line.starts_with("foreign key")), "{both:?}");
    }

    #[test]
    fn a_partitioned_table_comes_with_its_partitions_and_one_partition_alone() {
        assert_eq!(numbers(&part(&["public.part"])), [14, 15, 16, 32, 43, 44, 45]);
        assert_eq!(numbers(&part(&["public.part_1"])), [15, 32, 44]);
    }

    #[test]
    fn a_table_that_another_inherits_from_has_no_rows() {
        let child = part(&["public.child"]);
        assert_eq!(numbers(&child), [13, 17, 33, 63]);
        assert_eq!(child.without_rows, ["public.person"]);
    }

    #[test]
    fn a_table_that_the_archive_lacks_has_no_entry() {
        assert_eq!(part(&["public.absent"]), ArchivePart::default());
    }
}

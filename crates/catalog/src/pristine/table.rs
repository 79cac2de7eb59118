//! Table of what initdb of each major makes, written by `scripts/pristine`. Pure.

use std::collections::{BTreeSet, HashMap};

use crate::builtins::BuiltinChange;

const TABLE: &str = include_str!("../pristine.txt");

/// Length of the digest of an object's kind and name in a record.
const IDENTITY: usize = 4;

/// Length of a record: the rest is the digest of the object's content.
const RECORD: usize = 12;

/// First OID of objects that initdb does not make (`FirstNormalObjectId` in transam.h).
const FIRST_OF_USERS: u32 = 16384;

/// Compared object of a server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    pub kind: String,
    /// OID of its catalog.
    pub catalog: u32,
    pub number: u32,
    digests: String,
}

impl Item {
    /// Parses the number and the record that follows it.
    pub(crate) fn parse(kind: &str, catalog: u32, text: &str) -> Option<Item> {
        let (number, digests) = text.split_at_checked(text.len().checked_sub(RECORD)?)?;
        Some(Item { kind: kind.into(), catalog, number: number.parse().ok()?, digests: digests.into() })
    }
}

/// Records of one major.
pub(crate) struct InitdbTable {
    major: u32,
    /// Newest minor release that was read.
    pub minor: u32,
    /// Contents by identity: minor releases differ in a few.
    records: HashMap<&'static str, BTreeSet<&'static str>>,
}

impl InitdbTable {
    /// Reads the records of a major; `None` if the table does not have it.
    pub(crate) fn for_major(major: u32) -> Option<InitdbTable> {
        let mut table = InitdbTable { major, minor: 0, records: HashMap::new() };
        let (mut known, mut is_of_major) = (false, false);
        for line in TABLE.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["#", ..] => {}
                ["release", of, minor] if of.parse() == Ok(major) => {
                    (known, table.minor) = (true, minor.parse().ok()?);
                }
                ["release", ..] => {}
                ["majors", majors @ ..] => is_of_major = majors.iter().any(|of| of.parse() == Ok(major)),
                _ if is_of_major => table.add(line),
                _ => {}
            }
        }
        known.then_some(table)
    }

    fn add(&mut self, mut line: &'static str) {
        while let Some((record, rest)) = line.split_at_checked(RECORD) {
            let (identity, content) = record.split_at(IDENTITY);
            self.records.entry(identity).or_default().insert(content);
            line = rest;
        }
    }

    /// Returns the newest release of the major in the table.
    pub(crate) fn release(&self) -> String {
        format!("{}.{}", self.major, self.minor)
    }

    /// Returns how an object differs; `None` if initdb makes it so.
    pub(crate) fn change(&self, item: &Item) -> Option<BuiltinChange> {
        let (identity, content) = item.digests.split_at_checked(IDENTITY)?;
        match self.records.get(identity) {
            Some(known) if known.contains(content) => None,
            // A later object may have the name of a known one: plpgsql's, or a rule that was made again.
            Some(_) => Some(BuiltinChange::Changed),
            // The number of a membership is that of its member.
            None if item.number >= FIRST_OF_USERS || item.kind == "membership" => Some(BuiltinChange::Added),
            None => Some(BuiltinChange::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_supported_major_is_known_and_no_other() {
        for major in 13..=18 {
            let table = InitdbTable::for_major(major).unwrap();
            assert!(table.records.len() > 6000, "{major}: {}", table.records.len());
            assert!(table.minor > 0);
        }
        assert!(InitdbTable::for_major(12).is_none());
        assert!(InitdbTable::for_major(99).is_none());
    }

    #[test]
    fn a_record_tells_the_three_kinds_of_differences() {
        let table = InitdbTable::for_major(15).unwrap();
        let (identity, contents) = table.records.iter().next().unwrap();
        let item = |text: String| Item::parse("function", 1255, &text).unwrap();
        let content = contents.first().unwrap();
        assert_eq!(table.change(&item(format!("873{identity}{content}"))), None);
        assert_eq!(table.change(&item(format!("873{identity}AAAAAAAA"))), Some(BuiltinChange::Changed));
        assert_eq!(table.change(&item("873----AAAAAAAA".into())), Some(BuiltinChange::Unknown));
        assert_eq!(table.change(&item("16384----AAAAAAAA".into())), Some(BuiltinChange::Added));
        let membership = Item::parse("membership", 1260, "3373----AAAAAAAA").unwrap();
        assert_eq!(table.change(&membership), Some(BuiltinChange::Added));
        assert_eq!(Item::parse("function", 1255, "short"), None);
        assert_eq!(Item::parse("function", 1255, "x----AAAAAAAA"), None);
    }
}

//! Hashes of rows in the formats of `COPY`, summed for a table and by buckets of keys.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};

use super::sums::RowSum;

/// Length of the binary format's header, in bytes, and its trailer after the last row.
/// <https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS>
const BINARY_HEADER: usize = 19;
const BINARY_END: [u8; 2] = [0xff, 0xff];

/// Number of buckets for a differing table's rows, and of those that are read row by row.
const BUCKETS: usize = 4096;
const READ_BUCKETS: usize = 8;

/// Hashes rows in pieces, so that large rows need no memory. The seed is random, so that no table can be prepared with
/// colliding rows.
pub(crate) struct RowHasher<'a> {
    seed: &'a RandomState,
    row: DefaultHasher,
    /// Remaining bytes of the header.
    header: usize,
    binary: bool,
    /// Row so far, while it may be the trailer.
    begin: Vec<u8>,
    long: bool,
    pub sum: RowSum,
}

impl<'a> RowHasher<'a> {
    pub(crate) fn new(seed: &'a RandomState, binary: bool) -> RowHasher<'a> {
        RowHasher {
            seed,
            row: seed.build_hasher(),
            header: if binary { BINARY_HEADER } else { 0 },
            binary,
            begin: vec![],
            long: false,
            sum: RowSum::default(),
        }
    }

    pub(crate) fn add(&mut self, piece: &[u8], ends: bool) {
        let skipped = self.header.min(piece.len());
        self.header -= skipped;
        let piece = &piece[skipped..];
        self.row.write(piece);
        if self.binary && !self.long {
            self.long = self.begin.len() + piece.len() > BINARY_END.len();
            if !self.long {
                self.begin.extend_from_slice(piece);
            }
        }
        if ends {
            let hash = std::mem::replace(&mut self.row, self.seed.build_hasher()).finish();
            if self.long || self.begin != BINARY_END {
                self.sum.add(hash);
            }
            self.begin.clear();
            self.long = false;
        }
    }
}

/// Assembles the lines of the text format.
#[derive(Default)]
pub(crate) struct TextRows(Vec<u8>);

impl TextRows {
    pub(crate) fn add(&mut self, piece: &[u8], ends: bool, line: impl FnOnce(&[u8])) {
        self.0.extend_from_slice(piece);
        if ends {
            line(&self.0);
            self.0.clear();
        }
    }
}

/// Columns that identify a row, with their positions.
pub struct RowKey(Vec<(usize, String)>);

impl RowKey {
    /// Returns an empty key unless all of its columns are copied.
    pub fn new(columns: &[String], key: &[String]) -> RowKey {
        let place = |name: &String| Some((columns.iter().position(|column| column == name)?, name.clone()));
        RowKey(key.iter().map(place).collect::<Option<_>>().unwrap_or_default())
    }

    pub fn exists(&self) -> bool {
        !self.0.is_empty()
    }

    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|(_, name)| name.clone()).collect()
    }

    /// Returns the values of a line, in brackets; the whole line if there is no key.
    fn of_line(&self, line: &[u8]) -> String {
        let line = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line));
        let fields: Vec<&str> = line.split('\t').collect();
        let values: Vec<&str> =
            self.0.iter().map(|(at, _)| fields.get(*at).copied().unwrap_or_default()).collect();
        if self.exists() { format!("({})", values.join(",")) } else { line.into_owned() }
    }
}

/// Purpose of a pass over the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BucketPass {
    /// Sums the rows by bucket.
    Count,
    /// Keeps the rows of differing buckets.
    Keep,
}

/// Rows of one side, in buckets by their keys.
pub(crate) struct KeyBuckets<'a> {
    key: &'a RowKey,
    seed: &'a RandomState,
    sums: Vec<RowSum>,
    wanted: BTreeSet<usize>,
    cut: bool,
    /// Hash of each row, by its key.
    pub kept: BTreeMap<String, u64>,
}

impl<'a> KeyBuckets<'a> {
    pub(crate) fn new(key: &'a RowKey, seed: &'a RandomState) -> KeyBuckets<'a> {
        let (sums, wanted, kept) = (vec![RowSum::default(); BUCKETS], BTreeSet::new(), BTreeMap::new());
        KeyBuckets { key, seed, sums, wanted, cut: false, kept }
    }

    pub(crate) fn add(&mut self, pass: BucketPass, line: &[u8]) {
        let key = self.key.of_line(line);
        let bucket = usize::try_from(self.seed.hash_one(&key) % BUCKETS as u64).unwrap_or(0);
        let hash = self.seed.hash_one(line);
        match pass {
            BucketPass::Count => self.sums[bucket].add(hash),
            BucketPass::Keep if self.wanted.contains(&bucket) && self.key.exists() => {
                self.kept.insert(key, hash);
            }
            BucketPass::Keep => {}
        }
    }

    /// Returns the buckets that differ.
    pub(crate) fn differing(&self, other: &KeyBuckets<'_>) -> Vec<usize> {
        (0..BUCKETS).filter(|at| self.sums[*at] != other.sums[*at]).collect()
    }

    /// Selects the first of these buckets, whose rows are kept.
    pub(crate) fn keep(&mut self, buckets: &[usize]) {
        self.cut = buckets.len() > READ_BUCKETS;
        self.wanted = buckets.iter().take(READ_BUCKETS).copied().collect();
    }

    /// Returns `true` if some differing buckets were not read.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a table of these rows in the binary format, one frame per row.
    fn frames(rows: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = rows.iter().map(|row| row.to_vec()).collect();
        all.push(BINARY_END.to_vec());
        all[0].splice(0..0, [7; BINARY_HEADER]);
        all
    }

    fn sum(seed: &RandomState, frames: &[Vec<u8>], cut: usize) -> RowSum {
        let mut rows = RowHasher::new(seed, true);
        for frame in frames {
            let (first, rest) = frame.split_at(cut.min(frame.len()));
            rows.add(first, false);
            rows.add(rest, true);
        }
        rows.sum
    }

    #[test]
    fn a_sum_depends_on_the_rows_and_not_on_their_order_or_pieces() {
        let seed = RandomState::new();
        let there = sum(&seed, &frames(&[b"one row", b"another", b"another"]), 3);
        assert_eq!(there.rows, 3);
        for cut in 0..25 {
            assert_eq!(sum(&seed, &frames(&[b"another", b"one row", b"another"]), cut), there);
        }
        assert_ne!(sum(&seed, &frames(&[b"another", b"one row", b"one row"]), 0), there);
        assert_eq!(sum(&seed, &frames(&[]), 2).rows, 0);
    }

    #[test]
    fn a_row_is_named_by_its_key() {
        let columns: Vec<String> = ["a", "b", "c"].map(str::to_owned).into();
        let key = |names: &[&str]| {
            RowKey::new(&columns, &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(key(&["c", "a"]).of_line(b"1\tx\\ty\t3\n"), "(3,1)");
        assert_eq!(key(&["made"]).of_line(b"1\t2\t3\n"), "1\t2\t3");
        assert!(!key(&[]).exists());
    }
}

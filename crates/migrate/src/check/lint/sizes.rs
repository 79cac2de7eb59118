//! Sizes of tables, which lower the severity of findings: a lock on a small table is held only for a moment.

use std::collections::BTreeMap;

use martydb_model::units::bytes;

/// Maximum size of a small table in bytes (1 MB): it is read, or rewritten, in a few milliseconds.
pub(crate) const SMALL: i64 = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableSize {
    /// Estimated number of rows; `None` if the server never counted.
    pub rows: Option<i64>,
    /// Size in bytes, with TOAST, without indexes.
    pub bytes: i64,
}

/// Present sizes of a database's tables, and of indexes by their table. Empty without a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableSizes(BTreeMap<String, TableSize>);

impl TableSizes {
    /// Adds a size; of several objects of one name the largest counts.
    pub fn add(&mut self, name: String, size: TableSize) {
        let known = self.0.entry(name).or_insert(size);
        if known.bytes < size.bytes {
            *known = size;
        }
    }

    /// Describes the size if all of these are known and small.
    pub fn small(&self, names: &[String]) -> Option<String> {
        let sizes: Option<Vec<_>> = names.iter().map(|name| self.0.get(name)).collect();
        let largest = *sizes?.into_iter().max_by_key(|size| size.bytes)?;
        let rows = largest.rows.map_or_else(String::new, |rows| format!("about {rows} rows, "));
        (largest.bytes <= SMALL).then(|| format!("the table is small: {rows}{}", bytes(largest.bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_are_tables_that_are_known_to_be() {
        let mut sizes = TableSizes::default();
        sizes.add("a".into(), TableSize { rows: Some(7), bytes: 8192 });
        sizes.add("b".into(), TableSize { rows: None, bytes: SMALL + 1 });
        sizes.add("a".into(), TableSize { rows: None, bytes: 0 });
        let small =
            |names: &[&str]| sizes.small(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(small(&["a"]).as_deref(), Some("the table is small: about 7 rows, 8.0 kB"));
        for names in [&["b"][..], &["a", "b"], &["a", "c"], &[]] {
            assert_eq!(small(names), None, "{names:?}");
        }
    }
}

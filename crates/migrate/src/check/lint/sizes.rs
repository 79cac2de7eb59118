//! Sizes of tables, which lower the severity of findings: a lock on a small table is held only for a moment.

use std::collections::{BTreeMap, BTreeSet};

use super::objects::{ExistingObjects, Object};
use martydb_model::units::bytes;

/// Maximum size of a small table in bytes (1 MB): it is read, or rewritten, in a few milliseconds.
pub(crate) const SMALL: i64 = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TableSize {
    /// Estimated number of rows; `None` if the server never counted.
    pub rows: Option<i64>,
    /// Size in bytes, with TOAST, without indexes.
    pub bytes: i64,
}

/// Present sizes of a database's tables, and of indexes by their table, with the names of its objects. Empty without a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableSizes {
    /// By schema and name.
    sizes: BTreeMap<(String, String), TableSize>,
    objects: ExistingObjects,
}

impl TableSizes {
    /// Returns those of a database that has no objects.
    pub fn of_empty_database() -> TableSizes {
        TableSizes { objects: ExistingObjects::Known(BTreeSet::new()), ..TableSizes::default() }
    }

    /// Adds an object of the catalog: see [`ExistingObjects::add`].
    pub(crate) fn add_object(&mut self, letter: &str, schema: &str, name: &str) {
        self.objects.add(letter, schema, name);
    }

    pub(crate) fn add(&mut self, schema: String, name: String, size: TableSize) {
        self.sizes.insert((schema, name), size);
    }

    pub(crate) fn objects(&self) -> &ExistingObjects {
        &self.objects
    }

    /// Describes the size if all of these are known and small.
    pub(crate) fn small(&self, objects: &[Object]) -> Option<String> {
        let keys = objects.iter().map(|object| (object.schema.clone(), object.name.clone()));
        let sizes: Option<Vec<_>> = keys.map(|key| self.sizes.get(&key)).collect();
        let largest = *sizes?.into_iter().max_by_key(|size| size.bytes)?;
        let rows = largest.rows.map_or_else(String::new, |rows| format!("about {rows} rows, "));
        (largest.bytes <= SMALL).then(|| format!("the table is small: {rows}{}", bytes(largest.bytes)))
    }
}

//! What of the server's own objects was written again after initdb.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::rows::CatalogRow;
use crate::error::Result;

#[derive(Debug, Clone, Default)]
pub struct BuiltinCatalog {
    /// Whether it is known where initdb ended; nothing else is told without.
    pub dated: bool,
    /// Digests of functions that are as initdb made them, by their number, which is the same in every database; of
    /// initdb's own databases alone.
    pub originals: BTreeMap<u32, String>,
    pub routines: Vec<RewrittenRoutine>,
    /// Views, rules, operators and casts.
    pub rewritten: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct RewrittenRoutine {
    pub number: u32,
    pub digest: String,
    pub shown: String,
    /// Whether its privileges differ from those that initdb gave: a GRANT writes the row again.
    pub granted: bool,
}

#[derive(Deserialize)]
struct Original {
    number: u32,
    digest: String,
}

impl BuiltinCatalog {
    pub fn take(&mut self, row: &CatalogRow) -> Result<()> {
        match row.section.as_str() {
            "dated" => self.dated = row.parse()?,
            "original" => {
                let Original { number, digest } = row.parse()?;
                self.originals.insert(number, digest);
            }
            "routine" => self.routines.push(row.parse()?),
            "rewritten" => self.rewritten.push(row.parse()?),
            _ => return row.unknown(),
        }
        Ok(())
    }
}

//! An earlier result of `verify-isolation`, whose findings are accepted.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::findings::Finding;

/// Id, role, server, database and object.
type Identity = (String, String, Option<String>, Option<String>, Option<String>);

#[derive(Debug, Default)]
pub struct Baseline(BTreeSet<Identity>);

impl Baseline {
    /// # Errors
    /// Where the file cannot be read or is no result of `verify-isolation -o json`.
    pub fn read(path: &Path) -> Result<Baseline> {
        let failed = || Error::usage(format!("cannot read the baseline {}", path.display()));
        let hint = "create one with `martydb verify-isolation -o json > FILE`";
        let text = std::fs::read_to_string(path).map_err(|error| failed().cause(error))?;
        let document: Value =
            serde_json::from_str(&text).map_err(|error| failed().cause(error).hint(hint))?;
        let Some(findings) = document["findings"].as_array() else {
            return Err(failed().cause("it has no list of findings").hint(hint));
        };
        Ok(Baseline(findings.iter().map(identity).collect()))
    }

    pub fn contains(&self, finding: &Finding) -> bool {
        self.0.contains(&(
            finding.id.into(),
            finding.role.clone(),
            Some(finding.server.clone()),
            finding.database.clone(),
            finding.object.clone(),
        ))
    }
}

fn identity(entry: &Value) -> Identity {
    let text = |key: &str| entry[key].as_str().map(str::to_owned);
    let required = |key: &str| text(key).unwrap_or_default();
    (required("id"), required("role"), text("server"), text("database"), text("object"))
}

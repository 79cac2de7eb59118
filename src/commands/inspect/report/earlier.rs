//! Files of pages: the earlier report of `--against`, and the file of `--out`, which is replaced only if it is a report.

use std::path::Path;

use martydb_manifest::Manifest;
use martydb_model::error::{Error, Result};
use martydb_os::read_named;
use martydb_report::embedded;
use martydb_report::values;

/// Largest file that is read as a report.
const MAX_REPORT_BYTES: usize = 64 << 20;

/// Reads a report of the same project and environment.
///
/// # Errors
/// If the file is none.
pub(crate) fn read(path: &Path, manifest: &Manifest) -> Result<values::ReportValues> {
    let refused = |why: String| {
        let error = Error::usage(format!("cannot compare with {}", path.display())).cause(why);
        error.hint("give a file that `martydb report --out FILE` wrote for this manifest")
    };
    let text = text(path, MAX_REPORT_BYTES + 1).map_err(|error| refused(error.to_string()))?;
    if text.len() > MAX_REPORT_BYTES {
        return Err(refused(format!("it is larger than {} MB", MAX_REPORT_BYTES >> 20)));
    }
    let report = embedded::read(&text).map_err(refused)?;
    let (project, environment) = (&report.values.project, &report.values.environment);
    if (project, environment) != (&manifest.project, &manifest.env) {
        return Err(refused(format!("it is about \"{project}\" in the environment \"{environment}\"")));
    }
    Ok(report)
}

/// Refuses a file that exists and is not a report.
pub(crate) fn check_replaceable(path: &Path) -> Result<()> {
    let is_there = path.symlink_metadata().is_ok();
    if !is_there || text(path, 1024).is_ok_and(|head| embedded::is_report(&head)) {
        return Ok(());
    }
    Err(Error::usage(format!("{} exists and is not a report", path.display()))
        .hint("name another file, or replace it with --force"))
}

/// Reads at most `most` bytes of a plain file.
fn text(path: &Path, most: usize) -> std::io::Result<String> {
    let mut bytes = read_named(path)?;
    bytes.truncate(most);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

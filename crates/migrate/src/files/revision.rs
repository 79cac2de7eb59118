//! Creation of the next migration: a number, a name derived from the message, and a template.

pub mod collection;

use std::fs;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::folder;
use super::name::sanitize;
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, DownFiles};
use martydb_os::read_named_text;
use martydb_os::replace_file::{Readers, create_file, unwritable};

/// Template of a migration and of the file that undoes it.
#[derive(Debug, Clone, Copy)]
pub struct MigrationTemplate {
    /// Name, as `revision --template` takes it.
    pub name: &'static str,
    /// Text of the migration.
    pub up: &'static str,
    /// Text of its down file.
    pub down: &'static str,
}

/// Template that a new migration begins with.
#[derive(Debug, Clone, Copy)]
pub struct TemplateChoice<'a> {
    /// Name of the template.
    pub name: &'a str,
    /// Folder of the project's own templates, which win over the built-in ones.
    pub folder: &'a Path,
    /// Templates of the program.
    pub builtin: &'a [MigrationTemplate],
}

/// Maximum length of a name, in bytes: file systems allow 255, and version and suffix need some.
const MAX_NAME_BYTES: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Written {
    pub version: i64,
    pub name: String,
    pub up: PathBuf,
    /// `None` if the service has no down files.
    pub down: Option<PathBuf>,
}

/// Rule for the next version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbering {
    /// One above the highest.
    Next,
    /// The time in UTC, as `20261121141500`.
    Timestamp,
}

/// Writes both files; neither may exist. Templates of the project in `templates` override the built-in ones.
///
/// # Errors
/// If the message contains no name, the template is unknown, or a file cannot be written.
pub fn write(
    service: &DesiredService,
    message: &str,
    numbering: Numbering,
    template: TemplateChoice<'_>,
) -> Result<Written> {
    let planned = planned(service, message, numbering)?;
    let (up, down) = texts(template)?;
    write_texts(&planned, &fill(&up, service, message), &fill(&down, service, message))?;
    Ok(planned)
}

/// Returns the version, the name and the files of the next migration.
///
/// # Errors
/// If the message contains no name.
pub fn planned(service: &DesiredService, message: &str, numbering: Numbering) -> Result<Written> {
    let (name, folder) = (sanitize(message), &service.migrations);
    if name.is_empty() {
        return Err(Error::usage(format!("cannot derive a name from the message \"{}\"", message.trim()))
            .hint("use letters or digits: -m \"add user consent\""));
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(Error::usage(format!("the message results in a name of {} bytes", name.len()))
            .cause(format!("the limit is {MAX_NAME_BYTES} bytes"))
            .hint("shorten the message; put details into a comment in the file"));
    }
    let version = next_version(folder, numbering)?;
    let path = |suffix: &str| folder.join(format!("V{version}__{name}{suffix}"));
    let down_path = (service.down != DownFiles::None).then(|| path(".down.sql"));
    Ok(Written { version, up: path(".sql"), down: down_path, name })
}

/// Writes the files of a planned migration; neither may exist.
///
/// # Errors
/// If one cannot be written.
pub fn write_texts(planned: &Written, up: &str, down: &str) -> Result<()> {
    let folder = planned.up.parent().unwrap_or(&planned.up);
    fs::create_dir_all(folder).map_err(unwritable(folder))?;
    create(&planned.up, up)?;
    planned.down.as_ref().map_or(Ok(()), |path| create(path, down))
}

/// Returns the next version. Every file in the folder counts, valid or not: a version is never used twice.
fn next_version(path: &Path, numbering: Numbering) -> Result<i64> {
    let next = folder::highest_version(path)
        .unwrap_or(0)
        .checked_add(1)
        .ok_or_else(|| Error::usage("the highest version has no successor"))?;
    Ok(match numbering {
        Numbering::Next => next,
        Numbering::Timestamp => timestamp(OffsetDateTime::now_utc()).max(next),
    })
}

/// Returns a time as a version: year, month, day, hour, minute and second, two digits each after the year.
fn timestamp(at: OffsetDateTime) -> i64 {
    let parts = [u8::from(at.month()), at.day(), at.hour(), at.minute(), at.second()];
    parts.iter().fold(i64::from(at.year()), |version, part| version * 100 + i64::from(*part))
}

fn texts(template: TemplateChoice<'_>) -> Result<(String, String)> {
    let TemplateChoice { name, folder, builtin } = template;
    let own = |suffix: &str| read_named_text(&folder.join(format!("{name}{suffix}")));
    if let Ok(up) = own(".sql") {
        return Ok((up, own(".down.sql").unwrap_or_default()));
    }
    let found = builtin.iter().find(|one| one.name == name);
    found.map(|one| (one.up.to_owned(), one.down.to_owned())).ok_or_else(|| {
        let known: Vec<_> = builtin.iter().map(|one| one.name).collect();
        let (known, folder) = (known.join(", "), folder.display());
        Error::usage(format!("unknown template \"{name}\""))
            .hint(format!("templates: {known}, and NAME.sql in {folder}"))
    })
}

/// Fills in a template. The message becomes a comment: it must stay on one line.
fn fill(template: &str, service: &DesiredService, message: &str) -> String {
    let message: Vec<&str> = message.split_whitespace().collect();
    template
        .replace("{{service}}", &service.name.as_str().replace('-', "_"))
        .replace("{{message}}", &message.join(" "))
}

fn create(path: &Path, text: &str) -> Result<()> {
    create_file(path, text, Readers::All).map_err(unwritable(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_version_that_sorts_as_it_does() {
        let at = OffsetDateTime::from_unix_timestamp(1_795_270_500).unwrap();
        assert_eq!(timestamp(at), 20_261_121_141_500);
    }
}

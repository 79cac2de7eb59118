//! Writing the next migration: a number, a name made from the message, and a template.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::folder;
use super::name::sanitize;
use crate::error::{Error, Result};
use crate::model::ServiceName;

/// Templates that come with martydb: name, up, down.
const BUILTIN: &[(&str, &str, &str)] = &[
    (
        "blank",
        include_str!("../../../templates/blank.sql"),
        include_str!("../../../templates/blank.down.sql"),
    ),
    (
        "outbox",
        include_str!("../../../templates/outbox.sql"),
        include_str!("../../../templates/outbox.down.sql"),
    ),
];

#[derive(Debug, Clone)]
pub struct NewMigration<'a> {
    pub service: &'a ServiceName,
    pub folder: &'a Path,
    pub message: &'a str,
    pub template: &'a str,
    /// Where templates of the project may lie; they win over the built-in ones.
    pub templates: &'a Path,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Written {
    pub version: i64,
    pub name: String,
    pub up: PathBuf,
    pub down: PathBuf,
}

/// Writes both files; neither may exist.
///
/// # Errors
/// If the message leaves no name, the template is unknown, or a file cannot be written.
pub fn write(request: &NewMigration<'_>) -> Result<Written> {
    let name = sanitize(request.message);
    if name.is_empty() {
        return Err(Error::usage(format!(
            "no name can be made from the message \"{}\"",
            request.message.trim()
        ))
        .hint("use letters or digits: -m \"add user consent\""));
    }
    let (up, down) = template(request)?;
    let version = next_version(request.folder)?;
    fs::create_dir_all(request.folder).map_err(|error| failed(request.folder, &error))?;
    let path = |suffix: &str| request.folder.join(format!("V{version}__{name}{suffix}"));
    let written = Written { version, up: path(".sql"), down: path(".down.sql"), name };
    create(&written.up, &fill(&up, request))?;
    create(&written.down, &fill(&down, request))?;
    Ok(written)
}

fn next_version(path: &Path) -> Result<i64> {
    let highest = folder::load(path).migrations.iter().map(|migration| migration.version).max();
    highest
        .unwrap_or(0)
        .checked_add(1)
        .ok_or_else(|| Error::usage("the highest version cannot be counted past"))
}

fn template(request: &NewMigration<'_>) -> Result<(String, String)> {
    let own =
        |suffix: &str| fs::read_to_string(request.templates.join(format!("{}{suffix}", request.template)));
    if let Ok(up) = own(".sql") {
        return Ok((up, own(".down.sql").unwrap_or_default()));
    }
    let builtin = BUILTIN.iter().find(|row| row.0 == request.template);
    builtin.map(|row| (row.1.to_owned(), row.2.to_owned())).ok_or_else(|| {
        let known: Vec<_> = BUILTIN.iter().map(|row| row.0).collect();
        Error::usage(format!("unknown template \"{}\"", request.template)).hint(format!(
            "templates: {}, and NAME.sql in {}",
            known.join(", "),
            request.templates.display()
        ))
    })
}

/// A message goes into a comment: it must stay on one line.
fn fill(template: &str, request: &NewMigration<'_>) -> String {
    let message: Vec<&str> = request.message.split_whitespace().collect();
    template
        .replace("{{service}}", &request.service.as_str().replace('-', "_"))
        .replace("{{message}}", &message.join(" "))
}

fn create(path: &Path, text: &str) -> Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::operation(format!("cannot write {}", path.display())).cause(error)
}

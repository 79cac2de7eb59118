//! Writing the next migration: a number, a name made from the message, and a template.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::folder;
use super::name::sanitize;
use crate::error::{Error, Result};
use crate::model::DesiredService;

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

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Written {
    pub version: i64,
    pub name: String,
    pub up: PathBuf,
    pub down: PathBuf,
}

/// Writes both files; neither may exist. In `templates` may lie those of the project: they win over the built-in ones.
///
/// # Errors
/// If the message leaves no name, the template is unknown, or a file cannot be written.
pub fn write(service: &DesiredService, message: &str, template: &str, templates: &Path) -> Result<Written> {
    let (name, folder) = (sanitize(message), &service.migrations);
    if name.is_empty() {
        return Err(Error::usage(format!("no name can be made from the message \"{}\"", message.trim()))
            .hint("use letters or digits: -m \"add user consent\""));
    }
    let (up, down) = texts(template, templates)?;
    let version = next_version(folder)?;
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let path = |suffix: &str| folder.join(format!("V{version}__{name}{suffix}"));
    let written = Written { version, up: path(".sql"), down: path(".down.sql"), name };
    create(&written.up, &fill(&up, service, message))?;
    create(&written.down, &fill(&down, service, message))?;
    Ok(written)
}

fn next_version(path: &Path) -> Result<i64> {
    let highest = folder::load(path).migrations.iter().map(|migration| migration.version).max();
    highest
        .unwrap_or(0)
        .checked_add(1)
        .ok_or_else(|| Error::usage("the highest version cannot be counted past"))
}

fn texts(template: &str, templates: &Path) -> Result<(String, String)> {
    let own = |suffix: &str| fs::read_to_string(templates.join(format!("{template}{suffix}")));
    if let Ok(up) = own(".sql") {
        return Ok((up, own(".down.sql").unwrap_or_default()));
    }
    let builtin = BUILTIN.iter().find(|row| row.0 == template);
    builtin.map(|row| (row.1.to_owned(), row.2.to_owned())).ok_or_else(|| {
        let known: Vec<_> = BUILTIN.iter().map(|row| row.0).collect();
        let (known, templates) = (known.join(", "), templates.display());
        Error::usage(format!("unknown template \"{template}\""))
            .hint(format!("templates: {known}, and NAME.sql in {templates}"))
    })
}

/// A message goes into a comment: it must stay on one line.
fn fill(template: &str, service: &DesiredService, message: &str) -> String {
    let message: Vec<&str> = message.split_whitespace().collect();
    template
        .replace("{{service}}", &service.name.as_str().replace('-', "_"))
        .replace("{{message}}", &message.join(" "))
}

fn create(path: &Path, text: &str) -> Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::operation(format!("cannot write {}", path.display())).cause(error)
}

//! Reading of the other tool's folder.

use std::fs;
use std::io;
use std::path::Path;

use super::kinds::{ImportedFolder, SourceFile};
use super::script::gather;
use super::tools::Tool;
use martydb_model::error::{Error, Result};

/// Reads a folder as the tool does.
///
/// # Errors
/// If the folder or a file in it cannot be read.
pub fn read(tool: &Tool, folder: &Path) -> Result<ImportedFolder> {
    let mut files = vec![];
    list(folder, "", tool.depth, &mut files).map_err(|error| {
        Error::usage(format!("cannot read {}", folder.display()))
            .cause(error)
            .hint("name the folder that contains the other tool's migrations")
    })?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(gather(tool, &files))
}

/// Lists the files. Names that begin with a dot are not migrations of any tool.
fn list(folder: &Path, prefix: &str, depth: usize, files: &mut Vec<SourceFile>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let (path, kind) = (format!("{prefix}{name}"), fs::metadata(entry.path())?);
        match kind.is_dir() {
            _ if name.starts_with('.') => {}
            true if depth > 1 => list(&entry.path(), &format!("{path}/"), depth - 1, files)?,
            false if kind.is_file() => files.push(SourceFile { path, bytes: fs::read(entry.path())? }),
            _ => {}
        }
    }
    Ok(())
}

//! Reading of the other tool's folder. No link leads out of it, and there are limits: its authors need not be trusted.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use super::kinds::{ImportedFolder, OmittedPart, SourceFile};
use super::liquibase;
use super::name::FileMeaning;
use super::script::gather;
use super::tools::{FileOrder, Tool};
use martydb_model::error::{Error, Result};
use martydb_os::read_plain;

/// Maximum number of names.
const MAX_NAMES: usize = 100_000;

/// Maximum depth of folders.
const MAX_DEPTH: usize = 64;

/// Maximum size of all files in bytes.
const MAX_BYTES: usize = 1 << 30;

/// Reads a folder as the tool does.
///
/// # Errors
/// If the folder cannot be read, or exceeds a limit.
pub fn read(tool: &Tool, folder: &Path) -> Result<ImportedFolder> {
    let mut found = ImportListing { tool, root: folder, names: 0, bytes: 0, files: vec![], left_out: vec![] };
    found.list(folder, "", tool.depth.min(MAX_DEPTH)).map_err(|error| {
        Error::usage(format!("cannot read {}", folder.display()))
            .cause(error)
            .hint("name the folder that contains the other tool's migrations")
    })?;
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut imported = match tool.sorted {
        FileOrder::Changelog => liquibase::gather(&found.files),
        _ => gather(tool, &found.files),
    };
    imported.left_out.extend(found.left_out);
    imported.left_out.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(imported)
}

struct ImportListing<'a> {
    tool: &'a Tool,
    root: &'a Path,
    names: usize,
    bytes: usize,
    files: Vec<SourceFile>,
    left_out: Vec<OmittedPart>,
}

impl ImportListing<'_> {
    /// Lists the files. Names that begin with a dot are not migrations of any tool.
    fn list(&mut self, folder: &Path, prefix: &str, depth: usize) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            self.names += 1;
            if self.names > MAX_NAMES {
                return Err(io::Error::other(format!("it contains more than {MAX_NAMES} names")));
            }
            if !name.starts_with('.') {
                self.visit(&entry, format!("{prefix}{name}"), depth)?;
            }
        }
        Ok(())
    }

    fn visit(&mut self, entry: &DirEntry, path: String, depth: usize) -> io::Result<()> {
        let kind = entry.file_type()?;
        let is_linked_folder = kind.is_symlink() && entry.path().is_dir();
        match (kind.is_dir(), is_linked_folder) {
            (true, _) if depth > 1 => self.list(&entry.path(), &format!("{path}/"), depth - 1),
            (true, _) if self.tool.depth > MAX_DEPTH => {
                Err(io::Error::other(format!("its folders are nested deeper than {MAX_DEPTH}")))
            }
            (_, true) if depth > 1 => {
                let fix = "put the folder itself in its place, or pass --skip";
                self.left_out.push(OmittedPart::new(
                    &path,
                    "is a link to a folder, which is not followed",
                    fix,
                ));
                Ok(())
            }
            (true, _) | (_, true) => Ok(()),
            (false, false) => self.file(entry, path),
        }
    }

    /// Reads a file with a name that the tool reads.
    fn file(&mut self, entry: &DirEntry, path: String) -> io::Result<()> {
        let bytes = match (self.tool.named)(&path) {
            FileMeaning::Other => return Ok(()),
            FileMeaning::Foreign(..) | FileMeaning::Unnumbered => vec![],
            _ => match read_plain(&entry.path(), self.root) {
                Ok(bytes) => bytes,
                Err(unread) => {
                    let Some((what, fix)) = unread.words() else { return Err(unread.into()) };
                    self.left_out.push(OmittedPart::new(&path, what, format!("{fix}, or pass --skip")));
                    return Ok(());
                }
            },
        };
        self.bytes += bytes.len();
        if self.bytes > MAX_BYTES {
            return Err(io::Error::other("its files are larger than 1 GiB"));
        }
        self.files.push(SourceFile { path, bytes });
        Ok(())
    }
}

//! Writing of the imported files. Existing files are never changed: an interrupted import continues, a complete
//! one changes nothing, and a folder with other migrations is rejected.

use std::fs;
use std::io;
use std::path::Path;

use super::files::NewFile;
use crate::files::read_plain;
use martydb_model::error::{Error, Result};
use martydb_model::units::counted;
use martydb_os::replace_file::{Readers, replace_file, unwritable};
use martydb_ui::report::printable;

/// Number of files that were written, and that existed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteCount {
    pub new: usize,
    pub kept: usize,
}

/// Writes missing files; with `dry`, only checks.
///
/// # Errors
/// [`Kind::Usage`](martydb_model::error::Kind::Usage) if the folder has another file, or one differs; else if the
/// folder cannot be read or written.
pub fn write(folder: &Path, files: &[NewFile], dry: bool) -> Result<WriteCount> {
    let present = present(folder).map_err(unwritable(folder))?;
    refuse_others(folder, files, &present)?;
    let missing: Vec<&NewFile> = files.iter().filter(|file| !present.contains(&file.file)).collect();
    let written = WriteCount { new: missing.len(), kept: files.len() - missing.len() };
    if !dry {
        fs::create_dir_all(folder).map_err(unwritable(folder))?;
        for file in missing {
            let path = folder.join(&file.file);
            replace_file(&path, &file.text, Readers::All).map_err(unwritable(&path))?;
        }
    }
    Ok(written)
}

/// Returns the names in the folder, without those that begin with a dot.
fn present(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        entries => entries?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<String>>>()?;
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    Ok(names)
}

fn refuse_others(folder: &Path, files: &[NewFile], present: &[String]) -> Result<()> {
    let mut causes = vec![];
    for name in present {
        match files.iter().find(|file| file.file == *name) {
            None => causes.push(format!("{} already exists", printable(name))),
            Some(file) => match read_plain(&folder.join(name), folder) {
                Ok(bytes) if bytes == file.text.as_bytes() => {}
                _ => causes.push(format!("{} differs from the file to be written", printable(name))),
            },
        }
    }
    if causes.is_empty() {
        return Ok(());
    }
    const SHOWN: usize = 5;
    let more = causes.len().saturating_sub(SHOWN);
    causes.truncate(SHOWN);
    causes.extend((more > 0).then(|| format!("and {} more", counted(more, "file"))));
    Err(Error::usage(format!("{} already contains migrations", folder.display()))
        .causes(causes)
        .hint("import into an empty folder, set by `migrations` in the manifest"))
}

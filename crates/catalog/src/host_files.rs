//! Files of the server to which every account of its host can write. No SQL shows a file's mode, so this looks at the files
//! themselves, where martydb runs on the server's host.

mod commands;

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

pub(crate) use commands::{NamedPath, of_settings};
use commands::{of_cron, readable_file};
use martydb_os::read_plain;
use serde::Deserialize;

/// Most files that are followed.
const MOST_FILES: usize = 64;

/// Answer of `sql/host_files.sql`.
#[derive(Debug, Deserialize)]
pub(crate) struct HostFiles {
    /// postgresql.conf.
    config: PathBuf,
    /// Its size in bytes, and its modification time in seconds since 1970.
    size: u64,
    modified: i64,
    /// pg_hba.conf and pg_ident.conf.
    logins: Vec<PathBuf>,
}

/// A file of the server, or a folder in which it looks for one, that every account of the host can change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenFile {
    /// File that the server reads, executes, or writes.
    pub file: PathBuf,
    /// Setting or cron table that names it; `None` for its configuration.
    pub by: Option<String>,
    /// The file itself, or a folder on the way to it.
    pub open: PathBuf,
    /// Permission bits of `open`.
    pub mode: u32,
    /// Set if every account reads `open`, and cannot change it.
    pub read: bool,
}

impl HostFiles {
    /// Returns the open files, in order; `None` if this is another host than the server's: a file of the same name there has
    /// another size or time.
    pub(crate) fn open_files(&self, named: &[NamedPath]) -> Option<Vec<OpenFile>> {
        let is_it = |found: &Metadata| found.len() == self.size && found.mtime() == self.modified;
        let config = self.config.metadata().ok().filter(is_it)?;
        let mut all = BTreeSet::new();
        let mut next: Vec<PathBuf> = self.logins.iter().chain([&self.config]).cloned().collect();
        while let Some(file) = next.pop().filter(|_| all.len() < MOST_FILES) {
            if all.insert(file.clone()) {
                next.extend(included(&file));
            }
        }
        let own = all.into_iter().filter_map(|file| open_file(file, None));
        let cron = of_cron(config.uid());
        let named = named
            .iter()
            .chain(&cron)
            .filter_map(|one| open_file(one.path.clone(), Some(&one.by)).or_else(|| read_by_all(one)));
        Some(own.chain(named).collect())
    }
}

/// Returns the files that a configuration file includes, those of an `include_dir` with their folder.
/// <https://www.postgresql.org/docs/current/config-setting.html#CONFIG-INCLUDES>
fn included(file: &Path) -> Vec<PathBuf> {
    let Ok(bytes) = read_plain(file, Path::new("/")) else { return vec![] };
    let text = String::from_utf8_lossy(&bytes);
    let folder = file.parent().unwrap_or(Path::new("/"));
    let included = text.lines().filter_map(include);
    included.flat_map(|(is_folder, path)| files_of(is_folder, folder.join(path))).collect()
}

/// Returns the path of an include directive, and `true` for that of a folder.
fn include(line: &str) -> Option<(bool, &str)> {
    let line = line.trim_start();
    let end = line.find(|c: char| !c.is_ascii_alphabetic() && c != '_')?;
    let (directive, rest) = line.split_at(end);
    let directive = directive.to_ascii_lowercase();
    if !["include", "include_if_exists", "include_dir"].contains(&directive.as_str()) {
        return None;
    }
    let rest = rest.trim_start_matches([' ', '\t', '=']);
    let quote = rest.chars().next().filter(|c| ['\'', '"'].contains(c));
    let path = match quote {
        Some(quote) => rest[1..].split(quote).next()?,
        None => rest.split([' ', '\t', '#']).next()?,
    };
    (!path.is_empty()).then_some((directive == "include_dir", path))
}

/// Returns the file, or the folder's files that the server reads; the folder stands for those that it does not have yet.
fn files_of(is_folder: bool, path: PathBuf) -> Vec<PathBuf> {
    if !is_folder {
        return vec![path];
    }
    let found = std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path());
    let read = found.filter(|file| file.extension().is_some_and(|end| end == "conf"));
    let read: Vec<_> = read.take(MOST_FILES).collect();
    [read, vec![path.join("")]].concat()
}

/// Returns the outermost place at which every account can change what the server reads, on the way by name or by links.
fn open_file(file: PathBuf, by: Option<&String>) -> Option<OpenFile> {
    let real = file.canonicalize().unwrap_or_else(|_| file.clone());
    let (open, mode) = [&file, &real].into_iter().find_map(|path| {
        let mut ancestors: Vec<&Path> = path.ancestors().collect();
        ancestors.reverse();
        opening(&ancestors).map(|(place, mode)| (place.to_owned(), mode))
    })?;
    Some(OpenFile { file, by: by.cloned(), open, mode, read: false })
}

/// Returns a file in a folder to which a command writes, if every account can read it.
fn read_by_all(named: &NamedPath) -> Option<OpenFile> {
    let open = readable_file(
        Some(&*named.path).filter(|path| path.as_os_str().as_encoded_bytes().ends_with(b"/"))?,
    )?;
    let mode = open.metadata().ok()?.mode() & 0o7777;
    Some(OpenFile { file: named.path.clone(), by: Some(named.by.clone()), open, mode, read: true })
}

/// Follows the folders from the root, as an account of no group would.
fn opening<'p>(ancestors: &[&'p Path]) -> Option<(&'p Path, u32)> {
    for (at, place) in ancestors.iter().enumerate() {
        let found = place.metadata().ok()?;
        let mode = found.mode() & 0o7777;
        let others_write = mode & 0o002 != 0;
        // With the sticky bit they can add entries, and not replace those of other accounts.
        let lacks_next = ancestors.get(at + 1).is_none_or(|next| !next.exists());
        let changes = others_write && (found.is_file() || mode & 0o1000 == 0 || lacks_next);
        if changes {
            return Some((place, mode));
        }
        if found.is_dir() && mode & 0o001 == 0 {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn include_directives_of_both_kinds_of_files_are_read() {
        for (line, expected) in [
            ("include 'extra.conf'", Some((false, "extra.conf"))),
            ("  INCLUDE_IF_EXISTS = '/srv/a b.conf'  # ours", Some((false, "/srv/a b.conf"))),
            ("include_dir='conf.d'", Some((true, "conf.d"))),
            ("include_dir conf.d", Some((true, "conf.d"))),
            ("include \"hba extra\"", Some((false, "hba extra"))),
            ("#include 'extra.conf'", None),
            ("included = 'x'", None),
            ("include", None),
            ("include ''", None),
        ] {
            assert_eq!(include(line), expected, "{line}");
        }
    }

    #[test]
    fn a_file_is_open_by_its_own_mode_or_by_that_of_a_folder() {
        let root = tempfile::tempdir().unwrap();
        set_mode(root.path(), 0o755);
        let (folder, file) = (root.path().join("conf"), root.path().join("conf/a.conf"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(&file, "").unwrap();
        let missing = folder.join("none.conf");
        for (of_folder, of_file, open, missing_open) in [
            (0o755, 0o644, None, None),
            (0o755, 0o666, Some(&file), None),
            (0o700, 0o666, None, None),
            (0o777, 0o644, Some(&folder), Some(&folder)),
            (0o1777, 0o644, None, Some(&folder)),
            (0o775, 0o664, None, None),
        ] {
            set_mode(&folder, of_folder);
            set_mode(&file, of_file);
            let found = |path: &Path| {
                let ancestors: Vec<PathBuf> = [root.path(), &folder, path].map(Path::to_owned).to_vec();
                let ancestors: Vec<&Path> = ancestors.iter().map(PathBuf::as_path).collect();
                opening(&ancestors).map(|(place, _)| place.to_owned())
            };
            assert_eq!(found(&file).as_ref(), open, "{of_folder:o} {of_file:o}");
            assert_eq!(found(&missing).as_ref(), missing_open, "{of_folder:o} {of_file:o}");
        }
        set_mode(&folder, 0o755);
    }

    #[test]
    fn another_hosts_files_are_not_looked_at() {
        let root = tempfile::tempdir().unwrap();
        let config = root.path().join("postgresql.conf");
        std::fs::write(&config, "port = 5432\n").unwrap();
        let other = HostFiles { config, size: 12, modified: 0, logins: vec![] };
        assert_eq!(other.open_files(&[]), None);
    }
}

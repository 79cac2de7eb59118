//! Default folders of PostgreSQL's programs, by system and major.

use std::cmp::Reverse;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// System, folder of the versions, prefix of their names, and subfolder with the programs.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    ("Debian, Ubuntu", "/usr/lib/postgresql", "", "bin"),
    ("Red Hat, Fedora (PGDG)", "/usr", "pgsql-", "bin"),
    ("Alpine", "/usr/libexec", "postgresql", ""),
    ("SUSE", "/usr/lib", "postgresql", "bin"),
    ("Gentoo", "/usr/lib64", "postgresql-", "bin"),
    ("Homebrew, Apple silicon", "/opt/homebrew/opt", "postgresql@", "bin"),
    ("Homebrew, Intel", "/usr/local/opt", "postgresql@", "bin"),
    ("Homebrew, Linux", "/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
    ("Postgres.app", "/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ("MacPorts", "/opt/local/lib", "postgresql", "bin"),
    ("EnterpriseDB", "/Library/PostgreSQL", "", "bin"),
];

/// Returns the existing folders of [`KNOWN`], newest version first, whatever the system.
pub(crate) fn known() -> Vec<PathBuf> {
    newest_first(|parent| {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    })
}

/// Sorts the folders. Pure: `list` returns the names in a folder.
fn newest_first(list: impl Fn(&str) -> Vec<String>) -> Vec<PathBuf> {
    let mut found = vec![];
    for (order, (_, parent, prefix, inside)) in KNOWN.iter().enumerate() {
        for name in list(parent) {
            if let Some(version) = name.strip_prefix(prefix).and_then(number) {
                found.push((Reverse(version), order, Path::new(parent).join(&name).join(inside)));
            }
        }
    }
    found.sort();
    found.into_iter().map(|row| row.2).collect()
}

/// Parses a major: `17` of `17`, `9` of `9.6`; nothing of `latest` or `-common`.
fn number(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

/// Returns the folders of every `postgres` on `PATH`, with links followed: the folder of a link need not have the rest.
pub(crate) fn on_path(path: &OsStr) -> Vec<PathBuf> {
    let real = |folder: &PathBuf| Some(folder.join("postgres").canonicalize().ok()?.parent()?.to_owned());
    let folders: Vec<_> = std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect();
    folders.iter().flat_map(|folder| [real(folder), Some(folder.clone())]).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_comes_first_across_systems() {
        let listing = |parent: &str| {
            let names: &[&str] = match parent {
                "/usr/lib/postgresql" => &["9.6", "13", "17"],
                "/usr" => &["pgsql-16", "bin", "pgsql-", "lib"],
                "/usr/libexec" => &["postgresql18", "postgresql-common"],
                "/Applications/Postgres.app/Contents/Versions" => &["latest", "17"],
                _ => &[],
            };
            names.iter().map(ToString::to_string).collect()
        };
        let expected = [
            "/usr/libexec/postgresql18/",
            "/usr/lib/postgresql/17/bin",
            "/Applications/Postgres.app/Contents/Versions/17/bin",
            "/usr/pgsql-16/bin",
            "/usr/lib/postgresql/13/bin",
            "/usr/lib/postgresql/9.6/bin",
        ];
        assert_eq!(newest_first(listing), expected.map(PathBuf::from));
    }

    #[test]
    fn links_on_the_path_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap().join("real");
        let linked = folder.path().join("linked");
        for path in [&real, &linked] {
            fs::create_dir(path).unwrap();
        }
        fs::write(real.join("postgres"), "").unwrap();
        std::os::unix::fs::symlink(real.join("postgres"), linked.join("postgres")).unwrap();
        let path = std::env::join_paths([Path::new("relative"), &linked]).unwrap();
        assert_eq!(on_path(&path), [real, linked]);
    }
}

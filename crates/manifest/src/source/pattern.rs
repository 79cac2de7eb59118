//! Files that a pattern of `include` matches: `*` and `?` match characters within one name, as in the shell.

use std::path::{Component, Path, PathBuf};

/// Maximum number of files that one manifest includes.
pub(crate) const MOST_FILES: usize = 10_000;

/// Maximum number of names that one pattern examines.
const MOST_NAMES: usize = 100_000;

/// Returns the matching files in the order of their names.
///
/// A literal path is followed wherever it leads, since the author of the manifest wrote it. Names that a wildcard matches
/// were not written by that author; a link among them must not lead out of the searched folder.
///
/// # Errors
/// With a message, if no file matches, too many do, or a link leads out.
pub(crate) fn files(home: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let mut search = Search { found: vec![home.to_owned()], root: None, looked_at: 0 };
    for component in Path::new(pattern).components() {
        match component {
            Component::Normal(name) => search.step(&name.to_string_lossy())?,
            other => search.found.iter_mut().for_each(|path| path.push(other)),
        }
    }
    search.found.retain(|path| path.is_file());
    match search.found.len() {
        0 => Err(format!("\"{pattern}\" matches no file")),
        n if n > MOST_FILES => Err(format!("\"{pattern}\" matches more than {MOST_FILES} files")),
        _ => Ok(search.found),
    }
}

struct Search {
    found: Vec<PathBuf>,
    /// Folder that the first wildcard searches, without links.
    root: Option<PathBuf>,
    looked_at: usize,
}

impl Search {
    fn step(&mut self, name: &str) -> Result<(), String> {
        if name.contains("**") {
            return Err("** is not supported: write one * for each folder".into());
        }
        if !name.contains(['*', '?']) {
            self.found.iter_mut().for_each(|path| path.push(name));
            return Ok(());
        }
        let mut next = vec![];
        for folder in std::mem::take(&mut self.found) {
            if self.root.is_none() {
                self.root = folder.canonicalize().ok();
            }
            next.extend(self.matching(&folder, name)?);
        }
        next.sort();
        self.found = next;
        Ok(())
    }

    fn matching(&mut self, folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
        // A missing folder, or a file, contains nothing.
        let Ok(entries) = std::fs::read_dir(folder) else { return Ok(vec![]) };
        let mut found = vec![];
        for entry in entries {
            let entry = entry.map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
            self.looked_at += 1;
            if self.looked_at > MOST_NAMES {
                return Err(format!("more than {MOST_NAMES} names would be examined"));
            }
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let hidden = name.starts_with('.') && !pattern.starts_with('.');
            if hidden || !matches(pattern, name) {
                continue;
            }
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_symlink()) && self.leads_out(&path) {
                return Err(format!("{} is a link that leads out of the folder", path.display()));
            }
            found.push(path);
        }
        Ok(found)
    }

    /// Returns `true` if a link leads out of the searched folder or is dangling.
    fn leads_out(&self, link: &Path) -> bool {
        match (link.canonicalize(), &self.root) {
            (Ok(target), Some(root)) => !target.starts_with(root),
            _ => true,
        }
    }
}

/// Tests a name: `*` matches any characters, `?` one. Matching is from left to right and backtracks to the last star only.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n, mut back) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                back = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => (p, n) = (p + 1, n + 1),
            _ => {
                let Some((star, from)) = back else { return false };
                back = Some((star, from + 1));
                (p, n) = (star + 1, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn stars_and_question_marks_are_within_one_name() {
        for (pattern, name, expected) in [
            ("*", "a", true),
            ("*.yaml", "a.yaml", true),
            ("*.yaml", "a.yml", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("**", "x", true),
            ("?", "é", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
        let (long, name) = ("a*".repeat(50) + "b", "a".repeat(2000));
        let began = std::time::Instant::now();
        assert!(!matches(&long, &name));
        assert!(began.elapsed() < std::time::Duration::from_secs(1));
    }

    #[test]
    fn files_come_in_order_and_hidden_ones_not_at_all() {
        let folder = folder(&["s/b/db.yaml", "s/a/db.yaml", "s/.c/db.yaml", "s/d/other.yaml", "x.yaml"]);
        let names = |pattern: &str| -> Result<Vec<String>, String> {
            let found = files(folder.path(), pattern)?;
            Ok(found
                .iter()
                .map(|path| path.strip_prefix(folder.path()).unwrap().display().to_string())
                .collect())
        };
        assert_eq!(names("s/*/db.yaml").unwrap(), ["s/a/db.yaml", "s/b/db.yaml"]);
        assert_eq!(names("x.yaml").unwrap(), ["x.yaml"]);
        assert_eq!(names("s/../x.yaml").unwrap(), ["s/../x.yaml"]);
        assert_eq!(
            files(folder.path(), &folder.path().join("x.yaml").display().to_string()).unwrap().len(),
            1
        );
        for (pattern, expected) in [
            ("y.yaml", "\"y.yaml\" matches no file"),
            ("s/*", "\"s/*\" matches no file"),
            ("no/*.yaml", "\"no/*.yaml\" matches no file"),
            ("s/**/db.yaml", "** is not supported: write one * for each folder"),
            ("", "\"\" matches no file"),
        ] {
            assert_eq!(names(pattern).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_link_that_a_wildcard_finds_stays_within() {
        let (folder, outside) = (folder(&["s/a.yaml"]), folder(&["secret.yaml"]));
        let link = |from: &Path, to: &str| std::os::unix::fs::symlink(from, folder.path().join(to)).unwrap();
        link(&folder.path().join("s/a.yaml"), "s/b.yaml");
        assert_eq!(files(folder.path(), "s/*.yaml").unwrap().len(), 2);
        link(&outside.path().join("secret.yaml"), "s/c.yaml");
        assert!(files(folder.path(), "s/*.yaml").unwrap_err().contains("c.yaml is a link that leads out"));
        // A literal path is intended.
        assert_eq!(files(folder.path(), "s/c.yaml").unwrap().len(), 1);
    }

    #[test]
    fn more_files_than_a_manifest_has_are_refused() {
        let names: Vec<String> = (0..MOST_FILES + 1).map(|n| format!("s/{n}.yaml")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let folder = folder(&names);
        let error = files(folder.path(), "s/*.yaml").unwrap_err();
        assert_eq!(error, "\"s/*.yaml\" matches more than 10000 files");
    }
}

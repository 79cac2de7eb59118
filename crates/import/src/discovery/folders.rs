//! Folders of migrations of any tool.

use std::collections::BTreeMap;

use super::names::named_by;
use super::tree::{ProjectFile, ProjectTree};
use crate::{FolderContents, FolderTool, recognise};
use martydb_model::ServiceName;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveredMigrations {
    /// The service according to its path.
    pub service: Option<ServiceName>,
    /// Path from the searched folder, to pass to `import`.
    pub path: String,
    pub tool: FolderTool,
    /// Number of migrations.
    pub count: usize,
}

/// Returns all of them, by path; of nested folders only the outer one.
pub(crate) fn folders(tree: &ProjectTree) -> Vec<DiscoveredMigrations> {
    let mut all: Vec<DiscoveredMigrations> = vec![];
    for (path, files) in by_folder(tree) {
        let Some(found) = judge(tree, path, &files) else { continue };
        if !all.iter().any(|outer| path.starts_with(&format!("{}/", outer.path))) {
            all.push(found);
        }
    }
    all
}

/// Returns each folder with the files directly in it and in its subfolders.
fn by_folder(tree: &ProjectTree) -> BTreeMap<&str, Vec<&ProjectFile>> {
    let mut all: BTreeMap<&str, Vec<&ProjectFile>> = BTreeMap::new();
    for file in &tree.files {
        let folder = parent(&file.path);
        all.entry(folder).or_default().push(file);
        if !folder.is_empty() {
            all.entry(parent(folder)).or_default().push(file);
        }
    }
    all
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |parts| parts.0)
}

fn judge(tree: &ProjectTree, path: &str, files: &[&ProjectFile]) -> Option<DiscoveredMigrations> {
    let inside: Vec<&str> =
        files.iter().map(|file| file.path[path.len()..].trim_start_matches('/')).collect();
    let found = |tool, count| DiscoveredMigrations {
        service: named_by(path.split('/')),
        path: path.into(),
        tool,
        count,
    };
    if inside.contains(&"alembic.ini") {
        let is_revision =
            |file: &&ProjectFile| file.path.ends_with(".py") && parent(&file.path).ends_with("versions");
        return Some(found(FolderTool::Other("alembic"), below(tree, path).filter(is_revision).count()));
    }
    let head = files.iter().find(|file| file.path.ends_with(".sql")).map_or("", |file| file.text.as_str());
    let name = path.rsplit('/').next().unwrap_or_default();
    let tool = recognise(&FolderContents { name, files: &inside, head, rust: is_of_cargo(tree, path) })?;
    if tool == FolderTool::Programs("Django") {
        let is_migration = |file: &&ProjectFile| {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            parent(&file.path).ends_with("migrations") && name.ends_with(".py") && name != "__init__.py"
        };
        return Some(found(tool, below(tree, path).filter(is_migration).count()));
    }
    let is_down =
        |file: &str| file.ends_with(".down.sql") || file.ends_with("down.sql") || file.starts_with('U');
    let is_migration = |file: &&&str| {
        !is_down(file)
            && MIGRATION_ENDINGS.iter().any(|end| file.ends_with(end))
            && !file.ends_with(".Designer.cs")
    };
    Some(found(tool, inside.iter().filter(is_migration).count()))
}

const MIGRATION_ENDINGS: &[&str] =
    &[".sql", ".rb", ".js", ".ts", ".php", ".exs", ".cs", ".xml", ".yaml", ".yml"];

/// Returns the files in a folder and in all its subfolders.
fn below<'a>(tree: &'a ProjectTree, path: &'a str) -> impl Iterator<Item = &'a ProjectFile> {
    let inside = move |file: &&ProjectFile| {
        path.is_empty() || file.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
    };
    tree.files.iter().filter(inside)
}

/// Returns `true` if the nearest enclosing package is Cargo's.
fn is_of_cargo(tree: &ProjectTree, path: &str) -> bool {
    let has = |folder: &str, name: &str| {
        let wanted = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        tree.files.binary_search_by(|file| file.path.as_str().cmp(&wanted)).is_ok()
    };
    let mut folder = path;
    loop {
        if has(folder, "Cargo.toml") {
            return true;
        }
        if folder.is_empty()
            || ["go.mod", "package.json", "pyproject.toml"].iter().any(|name| has(folder, name))
        {
            return false;
        }
        folder = parent(folder);
    }
}

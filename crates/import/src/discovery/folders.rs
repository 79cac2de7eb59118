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
    /// `false` if nothing undoes them.
    pub has_downs: bool,
    /// Other database system that they are for.
    pub engine: Option<&'static str>,
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
    let head = files.iter().find(|file| file.path.ends_with(".sql")).map_or("", |file| file.text.as_str());
    let is_down =
        |file: &str| file.ends_with(".down.sql") || file.ends_with("down.sql") || file.starts_with('U');
    let found = |tool, count| DiscoveredMigrations {
        service: named_by(path.split('/')),
        path: path.into(),
        tool,
        count,
        has_downs: !has_up_alone(tool) || inside.iter().any(|file| is_down(file)),
        engine: other_engine(path, head),
    };
    if inside.contains(&"alembic.ini") {
        let is_revision =
            |file: &&ProjectFile| file.path.ends_with(".py") && parent(&file.path).ends_with("versions");
        return Some(found(FolderTool::Other("alembic"), below(tree, path).filter(is_revision).count()));
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    let tool = recognise(&FolderContents { name, files: &inside, head, rust: is_of_cargo(tree, path) })?;
    if tool == FolderTool::Programs("Django") {
        let is_migration = |file: &&ProjectFile| {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            parent(&file.path).ends_with("migrations") && name.ends_with(".py") && name != "__init__.py"
        };
        return Some(found(tool, below(tree, path).filter(is_migration).count()));
    }
    let is_migration = |file: &&&str| {
        !is_down(file)
            && MIGRATION_ENDINGS.iter().any(|end| file.ends_with(end))
            && !file.ends_with(".Designer.cs")
    };
    Some(found(tool, inside.iter().filter(is_migration).count()))
}

/// Returns the other database system that a folder's name or the beginning of one of its files shows.
fn other_engine(path: &str, head: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 7] = [
        ("sqlite", "SQLite"),
        ("mysql", "MySQL"),
        ("mariadb", "MariaDB"),
        ("mssql", "SQL Server"),
        ("clickhouse", "ClickHouse"),
        ("cassandra", "Cassandra"),
        ("scylla", "ScyllaDB"),
    ];
    const SYNTAX: [(&str, &str); 5] = [
        (" autoincrement", "SQLite"),
        ("pragma ", "SQLite"),
        ("auto_increment", "MySQL"),
        ("engine=innodb", "MySQL"),
        ("engine = mergetree", "ClickHouse"),
    ];
    let (path, head) = (path.to_ascii_lowercase(), head.to_ascii_lowercase());
    let named =
        NAMES.into_iter().find(|(word, _)| path.split(['/', '-', '_', '.']).any(|part| part == *word));
    let written = || SYNTAX.into_iter().find(|(word, _)| head.contains(word));
    named.or_else(written).map(|(_, engine)| engine)
}

/// Returns `true` for a tool whose files of migrations contain no part that undoes them: only files beside them do.
fn has_up_alone(tool: FolderTool) -> bool {
    const UP_ALONE: &[FolderTool] = &[
        FolderTool::Own,
        FolderTool::Other("diesel"),
        FolderTool::Other("flyway"),
        FolderTool::Other("golang-migrate"),
        FolderTool::Other("prisma"),
        FolderTool::Other("sqlx"),
        FolderTool::Other("updown"),
    ];
    UP_ALONE.contains(&tool)
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

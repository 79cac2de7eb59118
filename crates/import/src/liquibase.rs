//! Liquibase's formatted SQL. Changelogs in XML, YAML and JSON give the order of the files; each changeset is a migration.
//! <https://docs.liquibase.com/concepts/changelogs/sql-format.html>

mod changelog;
mod changeset;
mod delimiter;
mod formatted;
mod parameters;
mod paths;
mod precondition;

use std::collections::{BTreeMap, BTreeSet};

use martydb_migrate::files::Position;

use self::changelog::{ChangelogEntry, entries};
use self::changeset::{ConvertedChangeset, Rollback, converted, is_for_postgresql};
pub(crate) use self::formatted::is_formatted;
use self::formatted::{RawChangeset, attribute, lines, split};
use self::parameters::ChangelogParameters;
pub(crate) use self::paths::is_same;
use super::kinds::{ImportedFolder, ImportedMigration, OmittedPart, RepeatedFile, SourceFile};
use super::name::{is_changelog, readable};
use super::script::text;
use super::split::SplitProblem;

const SKIP: &str = "remove it, or pass --skip";

/// Returns the migrations of the changesets, in the order in which Liquibase runs them.
pub(crate) fn gather(files: &[SourceFile]) -> ImportedFolder {
    let mut reader = LiquibaseReader::default();
    for file in files {
        match text(file) {
            Ok(text) => drop(reader.texts.insert(&file.path, text)),
            Err(left) => reader.imported.left_out.push(left),
        }
    }
    let changelogs = reader.texts.iter().filter(|(path, _)| is_changelog(path));
    reader.changelogs = changelogs.filter_map(|(path, text)| Some((*path, entries(path, text)?))).collect();
    reader.paths = reader.texts.keys().copied().collect();
    reader.paths.retain(|path| !is_changelog(path) || reader.changelogs.contains_key(path));
    for root in reader.roots() {
        reader.read(root);
    }
    reader.finish()
}

#[derive(Default)]
struct LiquibaseReader<'a> {
    texts: BTreeMap<&'a str, String>,
    changelogs: BTreeMap<&'a str, Vec<ChangelogEntry>>,
    /// Paths of changelogs and of SQL files.
    paths: BTreeSet<&'a str>,
    parameters: ChangelogParameters,
    read: BTreeSet<&'a str>,
    keys: BTreeSet<String>,
    /// Rollbacks by another changeset: the version, and the beginning of that changeset's key.
    references: Vec<(usize, String)>,
    imported: ImportedFolder,
}

impl<'a> LiquibaseReader<'a> {
    /// Returns the changelog that includes the others; without one, all SQL files.
    fn roots(&mut self) -> Vec<&'a str> {
        let included = |(path, entries): (&&'a str, &Vec<ChangelogEntry>)| {
            entries
                .iter()
                .flat_map(|entry| self.included(path, entry).unwrap_or_default())
                .collect::<Vec<_>>()
        };
        let included: BTreeSet<&str> = self.changelogs.iter().flat_map(included).collect();
        let outer: Vec<&'a str> =
            self.changelogs.keys().copied().filter(|path| !included.contains(path)).collect();
        let is_main = |path: &&&str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            name.contains("master") || name.contains("root")
        };
        let main: Vec<&'a str> = outer.iter().filter(is_main).copied().collect();
        match (outer.as_slice(), main.as_slice()) {
            ([], _) if self.changelogs.is_empty() => {
                let note = "no changelog in XML, YAML or JSON gives an order: the files are in the order of their names";
                self.imported.notes.extend((!self.paths.is_empty()).then(|| note.into()));
                self.paths.iter().copied().collect()
            }
            ([one], _) | (_, [one]) => vec![one],
            (outer, _) => {
                let circle: Vec<&'a str> = self.changelogs.keys().copied().collect();
                let (what, all) = match outer {
                    [] => ("is one of the changelogs that include each other", &circle[..]),
                    _ => ("is one of several changelogs that no other includes", outer),
                };
                let fix = "name a folder that one changelog includes all files of";
                self.imported.left_out.extend(all.iter().map(|path| OmittedPart::new(path, what, fix)));
                vec![]
            }
        }
    }

    /// Returns the files that an entry includes.
    fn included(&self, from: &str, entry: &ChangelogEntry) -> Result<Vec<&'a str>, String> {
        let is_relative = entry.is("relativeToChangelogFile");
        let missing = |path: &str| format!("includes {path}, which is not in the folder");
        match (entry.kind.as_str(), entry.get("file"), entry.get("path")) {
            ("include", Some(file), _) => {
                let found = paths::find(&self.paths, from, file, is_relative);
                Ok(vec![found.ok_or_else(|| missing(file))?])
            }
            ("includeAll", _, Some(path)) => {
                let folders =
                    self.paths.iter().flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..at]));
                let folders: BTreeSet<&str> = folders.chain([""]).collect();
                let folder = paths::find(&folders, from, path, is_relative).ok_or_else(|| missing(path))?;
                let end = entry.get("endsWithFilter").unwrap_or_default();
                let is_inside = |path: &&&str| {
                    let rest = path.strip_prefix(folder).unwrap_or_default();
                    (folder.is_empty() || rest.starts_with('/')) && path.ends_with(end) && **path != from
                };
                Ok(self.paths.iter().filter(is_inside).copied().collect())
            }
            _ => Ok(vec![]),
        }
    }

    fn omit(&mut self, path: &str, (at, what, fix): SplitProblem) {
        let position = self.texts.get(path).map(|text| Position::new(text, at));
        let part = OmittedPart::new(path, what, fix);
        self.imported.left_out.push(OmittedPart { position, ..part });
    }

    fn note(&mut self, path: &str, at: usize, words: &str) {
        let place = self.texts.get(path).map(|text| Position::new(text, at).line).unwrap_or_default();
        self.imported.notes.push(format!("{path}:{place}: {words}"));
    }

    /// Reads a file once, as Liquibase does.
    fn read(&mut self, path: &'a str) {
        if !self.read.insert(path) {
            return;
        }
        match self.changelogs.get(path).cloned() {
            Some(entries) => entries.iter().for_each(|entry| self.follow(path, entry)),
            None => self.read_sql(path),
        }
    }

    /// Follows an entry of a changelog.
    fn follow(&mut self, path: &'a str, entry: &ChangelogEntry) {
        let chosen = ["context", "contextFilter", "labels", "filter", "resourceComparator", "resourceFilter"];
        let chosen = chosen.into_iter().find_map(|name| Some((name, entry.get(name)?)));
        match (entry.kind.as_str(), chosen) {
            (_, None) if entry.is("ignore") => {}
            ("property", None) if entry.get("file").is_none() => {
                if let (Some(name), Some(value)) = (entry.get("name"), entry.get("value"))
                    && is_for_postgresql(entry.get("dbms"))
                {
                    self.parameters.define(name, value);
                }
            }
            ("property", _) => {}
            ("preConditions", _) => {
                self.note(path, entry.at, "the preconditions of the whole changelog are not checked")
            }
            ("include" | "includeAll", None) => match self.included(path, entry) {
                Ok(files) => files.into_iter().for_each(|file| self.read(file)),
                Err(what) => {
                    let fix = "name a folder that contains it, or pass --skip";
                    self.omit(path, (entry.at, what, fix.into()));
                }
            },
            ("include" | "includeAll", Some((name, value))) => {
                let what = format!("includes files by a choice at run time ({name}:{value})");
                self.omit(path, (entry.at, what, SKIP.into()));
            }
            (kind, _) => {
                let fix = "rewrite it as formatted SQL, or pass --skip";
                self.omit(path, (entry.at, format!("contains a {kind}, which is not SQL"), fix.into()));
            }
        }
    }

    fn read_sql(&mut self, path: &'a str) {
        let text = self.texts.get(path).cloned().unwrap_or_default();
        if !is_formatted(&text) {
            // Liquibase takes a plain file as one changeset.
            let lines = lines(&text).collect();
            let (author, id) = ("includeAll".into(), "raw".into());
            self.add(path, path, &RawChangeset { author, id, lines, ..RawChangeset::default() });
            return;
        }
        let file = split(&text);
        for line in &file.properties {
            if let (Some(name), Some(value)) = (attribute(line, "name"), attribute(line, "value"))
                && is_for_postgresql(attribute(line, "dbms"))
                && ["context", "contextFilter", "labels"]
                    .iter()
                    .all(|choice| attribute(line, choice).is_none())
            {
                self.parameters.define(name, value);
            }
        }
        if let Some(at) = file.ignored {
            self.note(path, at, "what precedes the first changeset is left out: Liquibase does not run it");
        }
        file.problems.into_iter().for_each(|problem| self.omit(path, problem));
        let logical = attribute(file.head, "logicalFilePath");
        for raw in &file.changesets {
            let logical = attribute(raw.head, "logicalFilePath").or(logical);
            self.add(path, logical.unwrap_or(path), raw);
        }
    }

    fn add(&mut self, path: &'a str, logical: &str, raw: &RawChangeset<'_>) {
        let key = format!("{}::{}::{logical}", raw.id, raw.author);
        if !self.keys.insert(key.clone()) {
            let what = format!("has the author and id of another changeset, {}:{}", raw.author, raw.id);
            return self.omit(path, (raw.at, what, "give it an id of its own".into()));
        }
        match converted(raw, &self.parameters) {
            Err(problem) => self.omit(path, problem),
            Ok(None) => {
                self.note(path, raw.at, "Liquibase does not run this changeset on PostgreSQL: it is left out")
            }
            Ok(Some(one)) => self.carry(path, key, raw, one),
        }
    }

    fn carry(&mut self, path: &str, key: String, raw: &RawChangeset<'_>, one: ConvertedChangeset) {
        let stem = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".sql");
        let name = if raw.id == "raw" { stem.to_owned() } else { format!("{stem}_{}", raw.id) };
        let at = self.imported.carried.len();
        let version = i64::try_from(at + 1).unwrap_or(i64::MAX);
        let name = readable(&name, version);
        one.notes.iter().for_each(|note| self.note(path, raw.at, note));
        if one.repeats {
            let mut repeated = name.clone();
            while self.imported.repeatable.iter().any(|other| other.name == repeated) {
                repeated += "_again";
            }
            let note =
                format!("V{version} runs it in its place, R__{repeated} whenever that file has changed");
            self.note(path, raw.at, &note);
            let text = one.up.text.clone();
            self.imported.repeatable.push(RepeatedFile { name: repeated, source: path.into(), text });
        }
        let down = match one.rollback {
            Rollback::Missing => None,
            Rollback::Script(down) => Some(down),
            Rollback::Of { id, author } => {
                self.references.push((at, format!("{id}::{author}::")));
                None
            }
        };
        self.imported.carried.push(ImportedMigration {
            version,
            name,
            key,
            source: path.into(),
            up: one.up,
            down,
        });
    }

    fn finish(mut self) -> ImportedFolder {
        for (at, key) in std::mem::take(&mut self.references) {
            let carried = &self.imported.carried;
            let down = carried[..at].iter().rfind(|one| one.key.starts_with(&key)).map(|one| one.up.clone());
            let source = carried[at].source.clone();
            match down {
                Some(down) => self.imported.carried[at].down = Some(down),
                None => self.imported.left_out.push(OmittedPart::new(
                    &source,
                    format!(
                        "has a rollback to the changeset {}, which precedes it nowhere",
                        key.trim_end_matches(':')
                    ),
                    SKIP,
                )),
            }
        }
        let unread = self.paths.iter().filter(|path| path.ends_with(".sql") && !self.read.contains(*path));
        let unread: Vec<&str> = unread.copied().collect();
        if !self.read.is_empty() && !unread.is_empty() {
            self.imported.notes.push(format!("no changelog includes {}", unread.join(", ")));
        }
        self.imported.left_out.sort_by(|a, b| {
            (&a.file, a.position.map(|at| at.line)).cmp(&(&b.file, b.position.map(|at| at.line)))
        });
        self.imported
    }
}

#[cfg(test)]
mod tests;

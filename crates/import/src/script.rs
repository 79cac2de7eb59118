//! Conversion of files to migrations: up and down files are paired, ordered, numbered and named.

mod control;

use std::collections::{BTreeMap, BTreeSet};

use super::kinds::{ImportedFolder, ImportedMigration, OmittedPart, RepeatedFile, SourceFile, SqlText, tidy};
use super::name::{FileDirection, FileMeaning, readable};
use super::number::{normal, versions};
use super::own_table::provide;
use super::psql;
use super::split::{SplitProblem, foreign_marker, plain};
use super::sqitch;
use super::tools::{FileOrder, Tool};
use martydb_migrate::files::{Position, has_several_transactions, needs_no_transaction};
use martydb_sql::{ScriptItem, walk};

/// A migration that has no version yet.
#[derive(Default)]
struct Unversioned {
    version: Vec<u64>,
    key: String,
    name: String,
    source: String,
    up: Option<SqlText>,
    down: Option<SqlText>,
}

#[derive(Default)]
struct ImportBuilder {
    unversioned: BTreeMap<String, Unversioned>,
    /// Settings of a migration, by its key.
    settings: BTreeMap<String, String>,
    /// Keys of migrations with an omitted part.
    broken: BTreeSet<String>,
    imported: ImportedFolder,
}

/// Returns the migrations of a tool's files.
pub(crate) fn gather(tool: &Tool, files: &[SourceFile]) -> ImportedFolder {
    let mut gathering = ImportBuilder::default();
    let mut read: Vec<(&SourceFile, FileMeaning)> =
        files.iter().map(|file| (file, (tool.named)(&file.path))).collect();
    if tool.sorted == FileOrder::Plan {
        gathering.imported.left_out.extend(order_by_plan(&mut read));
    }
    let baseline = first_baseline(read.iter().map(|(_, named)| named));
    for (file, named) in &read {
        if let FileMeaning::Settings(key) = named {
            let key = if tool.sorted == FileOrder::Text { key.clone() } else { normal(key) };
            gathering.settings.insert(key, squeezed(&file.bytes));
        }
    }
    for (file, named) in read {
        let named = match named {
            FileMeaning::Baseline { key, version, name } if baseline.as_ref() == Some(&version) => {
                FileMeaning::Migration { key, version, name, direction: FileDirection::Up }
            }
            FileMeaning::Baseline { .. } => FileMeaning::Foreign(
                "is a Flyway baseline of versions that are here too",
                "import those, or remove them; or pass --skip",
            ),
            named => named,
        };
        gathering.add_file(tool, file, named);
    }
    gathering.finish(tool)
}

/// Returns the version of a baseline that nothing precedes: it is the first migration of a new database.
/// <https://documentation.red-gate.com/flyway/flyway-concepts/migrations/baseline-migrations>
fn first_baseline<'a>(all: impl Iterator<Item = &'a FileMeaning>) -> Option<Vec<u64>> {
    let up = |named: &'a FileMeaning| match named {
        FileMeaning::Baseline { version, .. } => Some((version, true)),
        FileMeaning::Migration { version, direction: FileDirection::Up, .. } => Some((version, false)),
        _ => None,
    };
    // Of a version with both files, the other one is first.
    all.filter_map(up).min().filter(|(_, is_baseline)| *is_baseline).map(|(version, _)| version.clone())
}

/// Gives the migrations their positions in the plan; a script outside it does not count. Returns the changes of the plan that
/// have no script, or the plan if it is missing.
fn order_by_plan(read: &mut [(&SourceFile, FileMeaning)]) -> Vec<OmittedPart> {
    let Some((plan, _)) = read.iter().find(|(_, named)| *named == FileMeaning::Plan) else {
        read.iter_mut().for_each(|(_, named)| *named = FileMeaning::Other);
        let fix = "name the folder that contains it";
        return vec![OmittedPart::new(sqitch::PLAN, "is missing: it has the order of the changes", fix)];
    };
    let (plan, path) = (String::from_utf8_lossy(&plan.bytes).into_owned(), plan.path.clone());
    let up = |(_, named): &(_, FileMeaning)| match named {
        FileMeaning::Migration { key, direction: FileDirection::Up, .. } => Some(key.clone()),
        _ => None,
    };
    let scripts: BTreeSet<String> = read.iter().filter_map(up).collect();
    let (positions, missing) = sqitch::positions(&plan, &scripts.iter().map(String::as_str).collect());
    for (_, named) in read {
        let FileMeaning::Migration { key, version, .. } = named else { continue };
        match positions.get(key.as_str()) {
            Some((position, instance)) => (*key, *version) = (instance.clone(), vec![*position]),
            None => *named = FileMeaning::Other,
        }
    }
    let what = |change: String| format!("contains the change {change}, which has no file in deploy");
    missing
        .into_iter()
        .map(|one| OmittedPart::new(&path, what(one), "restore the file, or pass --skip"))
        .collect()
}

/// Returns the lines of a settings file, without blanks.
fn squeezed(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = |line: &str| line.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

impl ImportBuilder {
    fn add_file(&mut self, tool: &Tool, file: &SourceFile, named: FileMeaning) {
        match named {
            FileMeaning::Other
            | FileMeaning::Settings(_)
            | FileMeaning::Plan
            | FileMeaning::Baseline { .. } => {}
            FileMeaning::Unnumbered if tool.ignores_unnumbered => {
                let note = format!("{}: left out: {} ignores a file with such a name", file.path, tool.name);
                self.imported.notes.push(note);
            }
            FileMeaning::Unnumbered => {
                let fix = "give it the version that it runs at, or pass --skip";
                self.imported.left_out.push(OmittedPart::new(&file.path, "has no version in its name", fix));
            }
            FileMeaning::Foreign(what, fix) => {
                self.imported.left_out.push(OmittedPart::new(&file.path, what, fix));
            }
            FileMeaning::Repeatable(name) => {
                match text(file).and_then(|text| self.cut(tool, file, "", &text)) {
                    Ok((mut up, _)) => {
                        self.complete_control(file, &mut up);
                        let (name, source) = (readable(&name, 1), file.path.clone());
                        self.imported.repeatable.push(RepeatedFile { name, source, text: up.text });
                    }
                    Err(left) => self.imported.left_out.push(left),
                }
            }
            FileMeaning::Migration { key, version, name, direction } => {
                let key = if tool.sorted == FileOrder::Text { key } else { normal(&key) };
                match text(file).and_then(|text| self.cut(tool, file, &key, &text)) {
                    Ok((mut up, mut down)) => {
                        up_and_down(&mut up, &mut down)
                            .for_each(|script| self.complete_control(file, script));
                        let up = Some(up);
                        let read = Unversioned { version, key, name, up, down, ..Unversioned::default() };
                        self.add(file, read, direction);
                    }
                    Err(left) => {
                        // A file that undoes can be missing; the migration itself cannot.
                        if direction != FileDirection::Down {
                            self.broken.insert(key);
                        }
                        self.imported.left_out.push(left);
                    }
                }
            }
        }
    }

    fn cut(
        &self,
        tool: &Tool,
        file: &SourceFile,
        key: &str,
        text: &str,
    ) -> Result<(SqlText, Option<SqlText>), OmittedPart> {
        let says = |line: Option<&str>| {
            line.is_some_and(|line| {
                self.settings.get(key).is_some_and(|all| all.lines().any(|said| said == line))
            })
        };
        let split = if says(tool.verbatim) { plain } else { tool.split };
        if let Some((at, of)) = foreign_marker(tool.name, text) {
            let (what, fix) =
                (format!("has a marker of {of}"), format!("import with --from {of}, or pass --skip"));
            return Err(OmittedPart::new(&file.path, what, fix).at(Position::new(text, at)));
        }
        let omitted = |(at, what, fix): SplitProblem| {
            OmittedPart::new(&file.path, what, fix).at(Position::new(text, at))
        };
        let parts = split(text).map_err(omitted)?;
        let sql = psql::converted(text).map_err(omitted)?;
        // The markers are lines of comments, which the conversion leaves in their places.
        let parts = if sql == text { parts } else { split(&sql).map_err(omitted)? };
        let finish = |script: SqlText| {
            let alone = script.alone
                || says(tool.alone)
                || tool.detects && cannot_share(&script.text)
                || has_several_transactions(&script.text);
            SqlText { text: tidy(&script.text), alone }
        };
        Ok((finish(parts.up), parts.down.map(finish)))
    }

    /// Completes a script's control of transactions, with a note.
    fn complete_control(&mut self, file: &SourceFile, script: &mut SqlText) {
        let done = control::complete(script).map(|done| format!("{}: {done}", file.path));
        self.imported.notes.extend(done);
    }

    fn add(&mut self, file: &SourceFile, read: Unversioned, direction: FileDirection) {
        let key = read.key.clone();
        let unversioned = self.unversioned.entry(key.clone()).or_default();
        let taken = match direction {
            FileDirection::Down => unversioned.down.is_some(),
            FileDirection::Whole | FileDirection::Up => unversioned.up.is_some(),
        };
        if taken {
            let what = format!("has the version {key} of another file");
            self.imported.left_out.push(OmittedPart::new(&file.path, what, "give it a version of its own"));
            return;
        }
        if direction == FileDirection::Down {
            unversioned.down = read.up;
            if unversioned.source.is_empty() {
                (unversioned.key, unversioned.source) = (read.key, file.path.clone());
            }
            return;
        }
        let down = unversioned.down.take().or(read.down);
        *unversioned = Unversioned { source: file.path.clone(), down, ..read };
    }

    fn finish(mut self, tool: &Tool) -> ImportedFolder {
        self.unversioned.retain(|key, _| !self.broken.contains(key));
        let (mut whole, alone): (Vec<_>, Vec<_>) =
            self.unversioned.into_values().partition(|unversioned| unversioned.up.is_some());
        let orphan = |unversioned: &Unversioned| {
            OmittedPart::new(&unversioned.source, "undoes a missing migration", "remove it, or pass --skip")
        };
        self.imported.left_out.extend(alone.iter().map(orphan));
        whole.sort_by(|a, b| match tool.sorted {
            FileOrder::Version | FileOrder::Plan | FileOrder::Changelog => {
                (&a.version, &a.key).cmp(&(&b.version, &b.key))
            }
            FileOrder::Key => a.source.cmp(&b.source),
            FileOrder::Text => a.key.cmp(&b.key),
        });
        let order: Vec<&[u64]> = whole.iter().map(|unversioned| unversioned.version.as_slice()).collect();
        let (numbers, counted) = versions(&order);
        if counted {
            self.imported.notes.push(
                "the versions are counted from 1, in the tool's order: its own are not whole numbers above 0 in that order"
                    .into(),
            );
        }
        let carried = |(version, unversioned): (i64, Unversioned)| ImportedMigration {
            version,
            name: readable(&unversioned.name, version),
            key: unversioned.key,
            source: unversioned.source,
            up: unversioned.up.unwrap_or_default(),
            down: unversioned.down,
        };
        self.imported.carried = numbers.into_iter().zip(whole).map(carried).collect();
        let provided = tool.own_table.and_then(|table| provide(table, &mut self.imported.carried));
        self.imported.notes.extend(provided);
        self.imported.left_out.sort_by(|a, b| a.file.cmp(&b.file));
        self.imported
    }
}

fn up_and_down<'a>(
    up: &'a mut SqlText,
    down: &'a mut Option<SqlText>,
) -> impl Iterator<Item = &'a mut SqlText> {
    std::iter::once(up).chain(down)
}

/// Returns a file's text without a byte order mark, which psql ignores too.
pub(crate) fn text(file: &SourceFile) -> Result<String, OmittedPart> {
    let text = std::str::from_utf8(&file.bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&file.bytes[..error.valid_up_to()]);
        OmittedPart::new(&file.path, "is not UTF-8 here", "save the file as UTF-8")
            .at(Position::new(&good, good.len()))
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text).into())
}

fn cannot_share(text: &str) -> bool {
    let mut found = false;
    walk(text, |seen| {
        found |= matches!(seen, ScriptItem::Statement(statement) if needs_no_transaction(&statement))
    });
    found
}

#[cfg(test)]
mod tests;

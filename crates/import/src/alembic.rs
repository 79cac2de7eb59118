//! Import from Alembic. Its migrations are Python; Alembic itself prints them as SQL, without a database.
//! <https://alembic.sqlalchemy.org/en/latest/offline.html>

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::kinds::tidy;
use super::kinds::{ImportedFolder, ImportedMigration, OmittedPart, SqlText};
use super::name::readable;
use super::number::{normal, versions};
use martydb_model::error::{Error, Result};
use martydb_model::text::printable;
use martydb_os::process_group::ProcessGroup;
use martydb_sql::{ScriptItem, bare, is_word, walk};

/// Runs `alembic` in the folder that contains `alembic.ini`. It imports the service's code, so the variables
/// `withheld`, which contain passwords of admins, are removed from its environment.
///
/// # Errors
/// If the program cannot be started, or cannot print the upgrades.
pub async fn read(folder: &Path, withheld: &[String]) -> Result<ImportedFolder> {
    let printed = |arguments| printed(folder, withheld, arguments);
    let up = printed(&["upgrade", "heads", "--sql"]).await?;
    let down = printed(&["downgrade", "heads:base", "--sql"]).await;
    let history = printed(&["history"]).await.unwrap_or_default();
    let mut imported = imported(&up, down.as_deref().unwrap_or_default(), &history);
    if let Err(error) = down {
        imported.notes.push(format!("no down files: {error}"));
    }
    Ok(imported)
}

async fn printed(folder: &Path, withheld: &[String], arguments: &[&str]) -> Result<String> {
    let said = format!("`alembic {}` in {}", arguments.join(" "), folder.display());
    let failed = |why: String| Error::operation(format!("{said} failed")).cause(why);
    let mut command = Command::new("alembic");
    withheld.iter().for_each(|variable| {
        command.env_remove(variable);
    });
    let child = command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            failed(error.to_string())
                .hint("put Alembic on PATH: activate the project's virtual environment")
                .hint(
                    "without it: `martydb baseline --from-database --service NAME` writes the schema as the first migration",
                )
        })?;
    let _group = ProcessGroup::led_by(&child);
    let output = child.wait_with_output().await.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = words.lines().rev().filter(|line| !line.trim().is_empty()).take(3).collect();
        let why: Vec<String> = last.into_iter().rev().map(printable).collect();
        return Err(failed(why.join("; ")).hint(
            "migrations that read the database cannot be printed: use `martydb baseline --from-database --service NAME` for them",
        ));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("its output is not UTF-8".into()))
}

/// Parses the three outputs. Pure.
fn imported(up: &str, down: &str, history: &str) -> ImportedFolder {
    let (messages, mut downs) = (messages(history), BTreeMap::new());
    let table = own_table(up).unwrap_or_else(|| "alembic_version".into());
    let script = |body: &str| script(body, &table);
    for (from, _, body) in sections(down, "-- Running downgrade ") {
        downs.insert(from, script(&body));
    }
    let ups = sections(up, "-- Running upgrade ");
    let numbers: Vec<Vec<u64>> = ups.iter().map(|(_, to, _)| to.parse().ok().into_iter().collect()).collect();
    let (numbers, counted) = versions(&numbers.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let history_table = Some(table.clone()).filter(|table| table != "alembic_version");
    let mut imported = ImportedFolder { history_table, ..ImportedFolder::default() };
    if counted {
        imported
            .notes
            .push("the versions are counted from 1, in Alembic's order: its own are not numbers".into());
    }
    if ups.is_empty() {
        imported.left_out.push(OmittedPart::new(
            "alembic",
            "printed no migration",
            "run it in the folder of alembic.ini",
        ));
    }
    for (version, (_, to, body)) in numbers.into_iter().zip(ups) {
        let name = readable(messages.get(&to).unwrap_or(&to), version);
        let down = downs.remove(&to);
        imported.carried.push(ImportedMigration {
            version,
            name,
            key: normal(&to),
            source: to,
            up: script(&body),
            down,
        });
    }
    imported
}

/// Returns the sections of the output: the revision before, the one after, and the text up to the next comment.
fn sections(text: &str, begin: &str) -> Vec<(String, String, String)> {
    let mut all: Vec<(String, String, String)> = vec![];
    for line in text.split_inclusive('\n') {
        if let Some((from, to)) = line.trim_end().strip_prefix(begin).and_then(|rest| rest.split_once("->")) {
            all.push((from.trim().into(), to.trim().into(), String::new()));
        } else if let Some(last) = all.last_mut() {
            last.2 += line;
        }
    }
    all
}

/// Returns the name of Alembic's own table, which `version_table` in env.py gives: it alone has the one column `version_num`, and
/// Alembic creates it before the first migration.
fn own_table(up: &str) -> Option<String> {
    let end = up.find("-- Running upgrade ").unwrap_or(up.len());
    let mut found = None;
    walk(&up[..end], |item| {
        let ScriptItem::Statement(statement) = item else { return };
        let is_own = statement.begins(&["create", "table"])
            && statement.head.iter().any(|word| word.depth == 1 && is_word(word.text, "version_num"));
        if is_own && found.is_none() {
            // The name is the last word before the parenthesis: a schema may precede it.
            let named = statement.head.iter().take_while(|word| word.depth == 0).last();
            found = named.map(|word| bare(word.text));
        }
    });
    found
}

/// Removes statements on Alembic's own table and its BEGIN and COMMIT. A COMMIT before further statements is an
/// `autocommit_block`: the whole migration is non-transactional.
fn script(body: &str, own_table: &str) -> SqlText {
    let (mut spans, mut committed, mut alone) = (vec![], false, false);
    walk(body, |seen| {
        let ScriptItem::Statement(statement) = seen else { return };
        let frame = statement.begins(&["commit"]) || statement.begins(&["begin"]);
        let table = |words: &[&str]| {
            let mut outer = statement.outer();
            words.iter().all(|word| outer.next().is_some_and(|found| is_word(found, word)))
                && outer.take(3).any(|word| is_word(word, own_table) || bare(word) == own_table)
        };
        let own = table(&["create", "table"])
            || table(&["drop", "table"])
            || table(&["insert", "into"])
            || table(&["update"])
            || table(&["delete", "from"]);
        if frame || own {
            committed |= statement.begins(&["commit"]);
            spans.push(statement.span.clone());
        } else {
            alone |= committed;
        }
    });
    let mut text = String::new();
    let mut at = 0;
    for span in spans {
        text += &body[at..span.start];
        at = body[span.end..].find(';').map_or(body.len(), |found| span.end + found + 1);
    }
    text += &body[at..];
    SqlText { text: tidy(&text), alone }
}

/// Returns the message of each revision in `alembic history`: `a -> b (head), message`.
fn messages(history: &str) -> BTreeMap<String, String> {
    let line = |line: &str| {
        let (revisions, message) = line.split_once(", ")?;
        let revision = revisions.split_once("->")?.1.split_whitespace().next()?;
        Some((revision.to_owned(), message.trim().to_owned()))
    };
    // Alembic prints this for a migration without a message.
    history.lines().filter_map(line).filter(|(_, message)| message != "empty message").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: &str = "BEGIN;\n\nCREATE TABLE alembic_version (\n    version_num VARCHAR(32) NOT NULL\n);\n\n\
        -- Running upgrade  -> 1a\n\nCREATE TABLE t (a int);\n\nINSERT INTO alembic_version (version_num) VALUES ('1a') \
        RETURNING alembic_version.version_num;\n\n-- Running upgrade 1a -> 2b\n\nCOMMIT;\n\nCREATE INDEX CONCURRENTLY i ON t (a);\n\n\
        BEGIN;\n\nUPDATE alembic_version SET version_num='2b' WHERE alembic_version.version_num = '1a';\n\nCOMMIT;\n\n";
    const DOWN: &str = "BEGIN;\n\n-- Running downgrade 2b -> 1a\n\nDROP INDEX i;\n\nUPDATE alembic_version SET version_num='1a';\n\n\
        -- Running downgrade 1a -> \n\nDROP TABLE t;\n\nDELETE FROM alembic_version;\n\nDROP TABLE alembic_version;\n\nCOMMIT;\n";

    #[test]
    fn the_output_of_alembic_is_split_at_its_revisions() {
        let found = imported(UP, DOWN, "1a -> 2b (head), more tables\n<base> -> 1a, first\n");
        let script = |script: &SqlText| (script.text.clone(), script.alone);
        let said: Vec<_> =
            found.carried.iter().map(|one| (one.version, one.name.as_str(), script(&one.up))).collect();
        assert_eq!(
            said,
            [
                (1, "first", ("CREATE TABLE t (a int);\n".into(), false)),
                (2, "more_tables", ("CREATE INDEX CONCURRENTLY i ON t (a);\n".into(), true)),
            ]
        );
        let downs: Vec<_> = found.carried.iter().filter_map(|one| one.down.as_ref().map(script)).collect();
        assert_eq!(downs, [("DROP TABLE t;\n".into(), false), ("DROP INDEX i;\n".into(), false)]);
        assert_eq!(imported("", "", "").left_out.len(), 1);
    }

    #[test]
    fn the_own_table_is_known_whatever_its_name_and_schema() {
        for name in ["shop_version", "ops.shop_version", "\"Shop Version\"", "\"Ops\".\"Shop.Version\""] {
            let renamed = |text: &str| {
                text.replace("alembic_version.version_num", "version_num").replace("alembic_version", name)
            };
            let found = imported(&renamed(UP), &renamed(DOWN), "");
            let ups: Vec<&str> = found.carried.iter().map(|one| one.up.text.as_str()).collect();
            assert_eq!(
                ups,
                ["CREATE TABLE t (a int);\n", "CREATE INDEX CONCURRENTLY i ON t (a);\n"],
                "{name}"
            );
            let downs: Vec<&str> =
                found.carried.iter().filter_map(|one| Some(one.down.as_ref()?.text.as_str())).collect();
            assert_eq!(downs, ["DROP TABLE t;\n", "DROP INDEX i;\n"], "{name}");
            assert!(found.history_table.is_some());
        }
    }
}

//! A changeset as a migration. Attributes that choose at run time whether it runs have no equivalent.

use martydb_migrate::files::has_several_transactions;
use martydb_sql::{ScriptItem, StatementHead, is_word, walk};

use super::delimiter::replaced;
use super::formatted::{RawChangeset, attribute};
use super::parameters::ChangelogParameters;
use super::precondition::checks;
use crate::kinds::SqlText;
use crate::kinds::tidy;
use crate::psql;
use crate::split::SplitProblem;

/// Down file of a changeset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rollback {
    Missing,
    Script(SqlText),
    /// The statements of another changeset.
    Of {
        id: String,
        author: String,
    },
}

/// Changeset that has been converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConvertedChangeset {
    pub up: SqlText,
    pub rollback: Rollback,
    /// Set if it runs again when it has changed, and is written so that it can.
    pub repeats: bool,
    pub notes: Vec<String>,
}

/// Attribute without an equivalent: its name, its values, the problem and the fix.
type LostAttribute = (&'static str, fn(&str) -> bool, &'static str, &'static str);

const LOST: &[LostAttribute] = &[
    ("context", |_| true, "runs only in some contexts", CHOICE),
    ("contextFilter", |_| true, "runs only in some contexts", CHOICE),
    (
        "runAlways",
        is_true,
        "runs at every update",
        "let the deployment run it, or make it runOnChange; or pass --skip",
    ),
    (
        "failOnError",
        is_false,
        "counts as applied although its statements fail",
        "remove failOnError, or the statements; or pass --skip",
    ),
    (
        "runWith",
        |program| !program.eq_ignore_ascii_case("psql"),
        "runs in another program",
        "remove runWith, or pass --skip",
    ),
];
const CHOICE: &str = "remove the context if every environment needs it; or pass --skip, which leaves it out";

fn is_true(value: &str) -> bool {
    value.eq_ignore_ascii_case("true")
}

fn is_false(value: &str) -> bool {
    !is_true(value)
}

/// Returns `true` if PostgreSQL is in a list of databases such as `postgresql,h2` or `!oracle`.
pub(super) fn is_for_postgresql(dbms: Option<&str>) -> bool {
    let Some(dbms) = dbms else { return true };
    let all: Vec<String> = dbms.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    let has = |name: &str| all.iter().any(|one| one == name);
    let excludes = all.iter().any(|name| name.starts_with('!'));
    !has("none") && !has("!postgresql") && (has("all") || has("postgresql") || excludes)
}

/// Returns the changeset as a migration, or `None` if Liquibase does not run it on PostgreSQL.
///
/// # Errors
/// The problem, with its byte offset in the file.
pub(super) fn converted(
    raw: &RawChangeset<'_>,
    parameters: &ChangelogParameters,
) -> Result<Option<ConvertedChangeset>, SplitProblem> {
    let says = |name: &str| attribute(raw.head, name);
    if !is_for_postgresql(says("dbms")) || says("ignore").is_some_and(is_true) {
        return Ok(None);
    }
    for (name, is_lost, what, fix) in LOST {
        if let Some(value) = says(name).filter(|value| is_lost(value)) {
            return Err((raw.at, format!("{what} ({name}:{value})"), (*fix).into()));
        }
    }
    let mut notes = vec![];
    let alone = says("runInTransaction").is_some_and(is_false);
    let checks = checks(&raw.conditions, parameters, &mut notes)?;
    let is_split = !says("splitStatements").is_some_and(is_false);
    let delimiter = is_split.then(|| says("endDelimiter"));
    let text = plain(&raw.lines, delimiter, parameters, raw.at)?;
    let (runs_again, repeats) = (says("runOnChange").is_some_and(is_true), can_repeat(&text));
    if runs_again && !repeats {
        notes.push(
            "runs once: its statements cannot run twice, so a later change needs a migration of its own"
                .into(),
        );
    }
    if let Some(labels) = says("labels") {
        notes.push(format!("always runs, as without --label-filter (labels:{labels})"));
    }
    let up = script(&(checks + &text), alone);
    let rollback = rollback(raw, alone, parameters)?;
    Ok(Some(ConvertedChangeset { up, rollback, repeats: runs_again && repeats, notes }))
}

fn script(text: &str, alone: bool) -> SqlText {
    let alone = alone || has_several_transactions(text);
    SqlText { text: tidy(text), alone }
}

/// Returns lines of SQL without parameters, with semicolons as delimiters and without psql's own syntax. `delimiter` is `None` if the
/// text is one statement.
fn plain(
    lines: &[(usize, &str)],
    delimiter: Option<Option<&str>>,
    parameters: &ChangelogParameters,
    at: usize,
) -> Result<String, SplitProblem> {
    let mut text = String::new();
    for (at, line) in lines {
        text += &parameters.expand(line).map_err(|problem| problem_at(*at, problem))?;
    }
    if let Some(delimiter) = delimiter {
        text = replaced(&text, delimiter).ok_or_else(|| {
            let what =
                format!("has the end delimiter {}, which has no equivalent", delimiter.unwrap_or_default());
            (at, what, "end its statements with semicolons, or pass --skip".into())
        })?;
    }
    psql::converted(&text).map_err(|(place, what, fix)| {
        // The conversions before it keep the lines.
        let line = text[..place].matches('\n').count();
        (lines.get(line).map_or(at, |(at, _)| *at), what, fix)
    })
}

fn problem_at(line: usize, (at, what, fix): SplitProblem) -> SplitProblem {
    (line + at, what, fix)
}

fn rollback(
    raw: &RawChangeset<'_>,
    alone: bool,
    parameters: &ChangelogParameters,
) -> Result<Rollback, SplitProblem> {
    let Some(text) = raw.rollback.as_deref().filter(|text| !text.trim().is_empty()) else {
        return Ok(Rollback::Missing);
    };
    let lower = text.trim().to_lowercase();
    if lower.starts_with("not required") || lower.starts_with("empty") {
        return Ok(Rollback::Script(SqlText::default()));
    }
    let line = text.replace(['\n', '\r'], " ");
    if let (Some(id), Some(author)) = (attribute(&line, "changesetId"), attribute(&line, "changesetAuthor")) {
        return Ok(Rollback::Of { id: id.into(), author: author.into() });
    }
    let lines: Vec<(usize, &str)> = text.split_inclusive('\n').map(|line| (raw.at, line)).collect();
    let is_split = !attribute(raw.head, "rollbackSplitStatements").is_some_and(is_false);
    let delimiter = is_split.then(|| attribute(raw.head, "rollbackEndDelimiter"));
    let text = plain(&lines, delimiter, parameters, raw.at)?;
    Ok(Rollback::Script(script(&text, alone)))
}

/// Kinds of objects that hold no rows: a second run of their statements loses nothing.
const REPLACEABLE: &[&str] = &["aggregate", "function", "policy", "procedure", "rule", "trigger", "view"];

/// Returns `true` if every statement can run twice.
fn can_repeat(text: &str) -> bool {
    let (mut all, mut dropped) = (true, false);
    walk(text, |seen| {
        let ScriptItem::Statement(statement) = seen else { return };
        let replaceable = is_replaceable(&statement);
        let drops = statement.begins(&["drop"]) && has(&statement, "exists") && replaceable;
        dropped |= drops;
        let creates = statement.begins(&["create"]) && replaceable && (dropped || has(&statement, "replace"));
        all &=
            drops || creates || ["comment", "grant", "revoke"].iter().any(|word| statement.begins(&[word]));
    });
    all
}

fn has(statement: &StatementHead<'_, '_>, word: &str) -> bool {
    statement.outer().take(5).any(|found| is_word(found, word))
}

fn is_replaceable(statement: &StatementHead<'_, '_>) -> bool {
    let kind = statement.outer().find(|word| {
        !["create", "or", "replace", "drop", "temp", "temporary", "recursive", "materialized"]
            .iter()
            .any(|skipped| is_word(word, skipped))
    });
    kind.is_some_and(|kind| REPLACEABLE.iter().any(|known| is_word(kind, known)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::liquibase::formatted::split;

    fn shown(attributes: &str, body: &str) -> String {
        let text = format!("--liquibase formatted sql\n--changeset a:1 {attributes}\n{body}");
        let mut parameters = ChangelogParameters::default();
        parameters.define("x", "t");
        match converted(&split(&text).changesets[0], &parameters) {
            Ok(None) => "unused".into(),
            Ok(Some(one)) => {
                let script =
                    |script: &SqlText| format!("{}{}", if script.alone { "alone " } else { "" }, script.text);
                let rollback = match &one.rollback {
                    Rollback::Script(text) => script(text),
                    other => format!("{other:?}"),
                };
                format!(
                    "{} / {rollback}{} {:?}",
                    script(&one.up),
                    if one.repeats { " repeats" } else { "" },
                    one.notes
                )
            }
            Err((at, what, _)) => format!("{}: {what}", text[..at].matches('\n').count() + 1),
        }
    }

    #[test]
    fn a_changeset_is_converted_or_named() {
        for (attributes, body, expected) in [
            ("", "a ${x}; ${:x}\n--rollback b ${x};", "a t; ${x}\n / b t;\n []"),
            ("", "a;\nb ${y};", "4: contains the parameter ${y}, which no file defines"),
            ("dbms:h2,oracle", "a;", "unused"),
            ("dbms:!h2", "a;", "a;\n / Missing []"),
            ("dbms:postgresql,h2 ignore:true", "a;", "unused"),
            ("context:test", "a;", "2: runs only in some contexts (context:test)"),
            ("runAlways:true", "a;", "2: runs at every update (runAlways:true)"),
            (
                "failOnError:false",
                "a;",
                "2: counts as applied although its statements fail (failOnError:false)",
            ),
            ("runWith:sqlcmd", "a;", "2: runs in another program (runWith:sqlcmd)"),
            ("runInTransaction:false", "a;\n--rollback b;", "alone a;\n / alone b;\n []"),
            ("endDelimiter://", "a; b //\nc //", "a; b; \nc;\n / Missing []"),
            ("splitStatements:false", "a\n/\nb", "a\n/\nb\n / Missing []"),
            ("endDelimiter:$$", "a", "2: has the end delimiter $$, which has no equivalent"),
            ("labels:x", "a;", "a;\n / Missing [\"always runs, as without --label-filter (labels:x)\"]"),
            ("", "a;\n\\connect b\n", "4: uses \\connect of psql"),
            ("", "a;\n--rollback not required", "a;\n /  []"),
            (
                "",
                "a;\n--rollback changesetId:0\n--rollback changesetAuthor:b\n",
                "a;\n / Of { id: \"0\", author: \"b\" } []",
            ),
            (
                "runOnChange:true",
                "CREATE OR REPLACE VIEW v AS SELECT 1;",
                "CREATE OR REPLACE VIEW v AS SELECT 1;\n / Missing repeats []",
            ),
            (
                "runOnChange:true",
                "INSERT INTO t VALUES (1);",
                "INSERT INTO t VALUES (1);\n / Missing [\"runs once",
            ),
        ] {
            let found = shown(attributes, body);
            assert!(found.starts_with(expected), "{attributes} {body}: {found}");
        }
    }

    #[test]
    fn only_statements_without_rows_run_twice() {
        for (text, expected) in [
            ("DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 1; GRANT SELECT ON v TO x;", true),
            ("DROP MATERIALIZED VIEW IF EXISTS v; CREATE MATERIALIZED VIEW v AS SELECT 1;", true),
            ("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1; DROP TABLE t'", true),
            ("CREATE VIEW v AS SELECT 1", false),
            ("DROP TABLE IF EXISTS t; CREATE TABLE t ();", false),
            ("CREATE OR REPLACE VIEW v AS SELECT 1; UPDATE t SET a = 1;", false),
        ] {
            assert_eq!(can_repeat(text), expected, "{text}");
        }
    }
}

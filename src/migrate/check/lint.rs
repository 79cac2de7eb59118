//! Dangerous DDL, before it meets a lock queue. squawk knows the rules; here is what it cannot know: which objects
//! are new, because a migration that is not applied yet makes them, how large the others are, and what martydb does about
//! locks by itself. Pure.

pub mod deep;
mod objects;
mod sizes;

use std::path::PathBuf;

use deep::{survived, with_deep_stack};
use objects::{Objects, SeenStatement};
use serde::Serialize;
pub use sizes::{TableSize, TableSizes};
use squawk_linter::{Linter, LinterSettings, Rule, Version, Violation};
use squawk_syntax::SourceFile;

use super::syntax;
use crate::lint_rules::{ALWAYS, BY_SIZE, OFF, SAME, SYNTAX, UNREADABLE};
use crate::migrate::files::{Migration, Mode, Position, Positions};
use crate::model::LintRules;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LintSeverity {
    Danger,
    /// Worth knowing, and no reason to stop.
    Note,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LintFinding {
    pub version: i64,
    pub file: PathBuf,
    #[serde(flatten)]
    pub position: Position,
    pub rule: String,
    pub severity: LintSeverity,
    pub message: String,
    pub help: Option<String>,
}

impl LintFinding {
    /// Whether the size of the table decides its severity.
    pub fn depends_on_size(&self) -> bool {
        self.rule.parse().is_ok_and(|rule: Rule| BY_SIZE.contains(&rule))
    }
}

impl std::fmt::Display for LintFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file.display(), self.position, self.rule, self.message)
    }
}

/// Which rules hold.
struct Chosen {
    enabled: Vec<Rule>,
    off: Vec<Rule>,
    /// Whether syntax errors are told.
    syntax: bool,
}

impl Chosen {
    fn of(rules: &LintRules) -> Chosen {
        let parse =
            |names: &[String]| -> Vec<Rule> { names.iter().filter_map(|name| name.parse().ok()).collect() };
        let (enabled, disabled) = (parse(&rules.enable), parse(&rules.disable));
        let off = OFF.iter().map(|row| row.0).filter(|rule| !enabled.contains(rule));
        let off = off.chain(disabled).collect();
        Chosen { enabled, off, syntax: !rules.disable.iter().any(|rule| rule == SYNTAX) }
    }
}

/// Looks at migrations that are not applied yet, in their order. `sizes` are those of the tables that are there; what is
/// not among them counts as large.
pub fn lint<'a>(
    migrations: impl IntoIterator<Item = &'a Migration>,
    rules: &LintRules,
    sizes: &TableSizes,
) -> Vec<LintFinding> {
    let chosen = Chosen::of(rules);
    let migrations: Vec<&Migration> = migrations.into_iter().collect();
    with_deep_stack(|| {
        let mut objects = Objects::default();
        let mut one = |migration: &Migration| {
            let found = survived(|| file(migration, &chosen, sizes, &mut objects));
            found.unwrap_or_else(|| vec![unreadable(migration)])
        };
        migrations.iter().flat_map(|migration| one(migration)).collect()
    })
}

/// squawk gave up at the file, which is no reason to call it good.
fn unreadable(migration: &Migration) -> LintFinding {
    LintFinding {
        version: migration.version,
        file: migration.up.path.clone(),
        position: Position { line: 1, column: 1 },
        rule: UNREADABLE.into(),
        severity: LintSeverity::Danger,
        message: "the linter cannot make sense of this file".into(),
        help: Some("look for a statement that PostgreSQL would refuse".into()),
    }
}

fn file(
    migration: &Migration,
    chosen: &Chosen,
    sizes: &TableSizes,
    objects: &mut Objects,
) -> Vec<LintFinding> {
    let text = &*migration.up.text;
    let parsed = SourceFile::parse(text);
    let allowed = |rule: &str| migration.up.directives.allowed.iter().any(|allowed| allowed.rule == rule);
    let mut linter = Linter::with_rules(&chosen.enabled, &chosen.off);
    linter.settings = LinterSettings {
        // The oldest that martydb works with: what is safe there is safe on all.
        pg_version: "13.0.0".parse::<Version>().unwrap_or_default(),
        assume_in_transaction: migration.up.directives.mode == Mode::Transaction,
    };
    let statements = objects.follow(&parsed);
    let mut places = Positions::new(text);
    let mut finding = |at: usize, rule: String, severity, message, help| LintFinding {
        version: migration.version,
        file: migration.up.path.clone(),
        position: places.at(at),
        rule,
        severity,
        message,
        help,
    };
    if let Some((at, message)) = syntax::first_error(&parsed).filter(|_| chosen.syntax && !allowed(SYNTAX)) {
        // The rest was read by guesses.
        return vec![finding(at, SYNTAX.into(), LintSeverity::Danger, message, Some(syntax::FIX.into()))];
    }
    let violations = linter.lint(&parsed, text);
    let mut findings = vec![];
    for violation in &violations {
        let at = usize::from(violation.text_range.start());
        let statement = statements.iter().find(|statement| statement.range.contains(&at));
        let rule = violation.code.to_string();
        if allowed(&rule)
            || says_nothing(violation, statement, chosen)
            || is_said_twice(violation, &violations)
        {
            continue;
        }
        let small = statement.filter(|_| BY_SIZE.contains(&violation.code));
        let small = small.and_then(|statement| sizes.small(&statement.targets));
        let severity = if small.is_some() { LintSeverity::Note } else { LintSeverity::Danger };
        let message = small
            .map_or_else(|| violation.message.clone(), |small| format!("{} ({small})", violation.message));
        findings.push(finding(at, rule, severity, message, violation.help.clone()));
    }
    findings
}

/// Whether the statement is about what no client uses yet, or none refers to by its name.
fn says_nothing(violation: &Violation, statement: Option<&SeenStatement>, chosen: &Chosen) -> bool {
    let Some(statement) = statement.filter(|_| !ALWAYS.contains(&violation.code)) else { return false };
    let renames_part = violation.code == Rule::RenamingObject
        && matches!(statement.verb.as_str(), "alter index" | "alter table")
        && !chosen.enabled.contains(&violation.code);
    let keeps_data = violation.code != Rule::BanDropTable;
    statement.is_new
        || renames_part
        || statement.is_recreated && keeps_data && !BY_SIZE.contains(&violation.code)
}

/// Whether another rule says the same about the same words.
fn is_said_twice(violation: &Violation, all: &[Violation]) -> bool {
    let stronger = SAME.iter().filter(|row| row.1 == violation.code).map(|row| row.0);
    let at = violation.text_range;
    let mut others = all.iter().filter(|other| other.text_range.intersect(at).is_some());
    let stronger: Vec<Rule> = stronger.collect();
    others.any(|other| stronger.contains(&other.code))
}

#[cfg(test)]
mod tests;

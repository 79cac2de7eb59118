//! Detection of dangerous DDL before it runs. squawk has the rules; this module adds the context: which objects
//! are new, because a pending migration creates them, the sizes of the others, and martydb's own handling of
//! locks. Pure.

pub(crate) mod deep;
mod objects;
mod partitions;
mod sizes;
mod standbys;

use std::collections::BTreeMap;
use std::path::PathBuf;

use deep::with_deep_stack;
use objects::{LintedStatement, Objects};
use partitions::{PartitionViolation, Partitioned};
use serde::Serialize;
pub(crate) use sizes::TableSize;
pub use sizes::TableSizes;
use squawk_linter::{Linter, LinterSettings, Rule, Version, Violation};
use squawk_syntax::SourceFile;

use super::squawk_rules::{ALWAYS, BY_SIZE, OFF, SAME};
use super::syntax;
use crate::files::{Migration, Mode, Position, Positions};
use martydb_manifest::lint_rules::{LIVE_PARENT, STANDBY_CONFLICT, SYNTAX, UNREADABLE};
use martydb_model::LintRules;
use martydb_sql::too_deep;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LintSeverity {
    Danger,
    /// A note, which does not stop a run.
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
    /// Number of further findings of the same rule in the statement.
    pub more: usize,
}

impl LintFinding {
    /// Returns `true` if the size of the table determines its severity.
    pub fn depends_on_size(&self) -> bool {
        self.rule.parse().is_ok_and(|rule: Rule| BY_SIZE.contains(&rule))
    }
}

impl std::fmt::Display for LintFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file.display(), self.position, self.rule, self.message)?;
        match self.more {
            0 => Ok(()),
            more => write!(f, " (and {more} more in this statement)"),
        }
    }
}

/// Rules in effect.
struct Chosen {
    enabled: Vec<Rule>,
    off: Vec<Rule>,
    /// Set if syntax errors are reported.
    syntax: bool,
    /// Names of all disabled rules.
    own_off: Vec<String>,
    has_standbys: bool,
}

impl Chosen {
    fn new(rules: &LintRules) -> Chosen {
        let parse =
            |names: &[String]| -> Vec<Rule> { names.iter().filter_map(|name| name.parse().ok()).collect() };
        let (enabled, disabled) = (parse(&rules.enable), parse(&rules.disable));
        let off = OFF.iter().map(|row| row.0).filter(|rule| !enabled.contains(rule));
        let off = off.chain(disabled).collect();
        let syntax = !rules.disable.iter().any(|rule| rule == SYNTAX);
        Chosen { enabled, off, syntax, own_off: rules.disable.clone(), has_standbys: rules.has_standbys }
    }
}

/// Checks pending migrations, in order. `applied` decide which tables are partitioned. `sizes` are those of existing tables;
/// tables without a size count as large.
pub fn lint(
    applied: &[&Migration],
    migrations: &[&Migration],
    rules: &LintRules,
    sizes: &TableSizes,
) -> Vec<LintFinding> {
    let (chosen, sizes) = (Chosen::new(rules), sizes.clone());
    let applied = applied.iter().copied().filter(|one| may_concern_partitions(one));
    // The parser's thread may outlive this call.
    let applied: Vec<Migration> = applied.cloned().collect();
    let migrations: Vec<Migration> = migrations.iter().copied().cloned().collect();
    with_deep_stack(move |attempt| {
        let mut objects = (Objects::default(), Partitioned::default());
        for (number, migration) in applied.iter().enumerate() {
            // A file that the linter cannot read has no findings.
            let _unreadable = attempt.survived(number, || follow_applied(migration, &mut objects.1));
        }
        objects.1.go_live();
        let one = |(number, migration)| {
            let file = FileLint { migration, chosen: &chosen, sizes: &sizes };
            let findings = attempt.survived(applied.len() + number, || file.run(&mut objects));
            findings.unwrap_or_else(|| vec![file.unreadable()])
        };
        migrations.iter().enumerate().flat_map(one).collect()
    })
}

/// Returns `true` if a file may make, attach, detach or drop a partition or its table.
fn may_concern_partitions(migration: &Migration) -> bool {
    let text = migration.up.text.to_ascii_lowercase();
    text.contains("partition") || text.contains("drop")
}

/// Follows the statements of an applied file, whose tables are in use.
fn follow_applied(migration: &Migration, partitioned: &mut Partitioned) {
    let text = &*migration.up.sent();
    if too_deep(text).is_none() {
        for statement in &Objects::default().follow(&SourceFile::parse(text)) {
            drop(partitioned.follow(statement));
        }
    }
}

/// Context for the findings of one file.
struct FileLint<'a> {
    migration: &'a Migration,
    chosen: &'a Chosen,
    sizes: &'a TableSizes,
}

impl FileLint<'_> {
    fn run(&self, (objects, partitioned): &mut (Objects, Partitioned)) -> Vec<LintFinding> {
        let text = &*self.migration.up.sent();
        let is_checked = self.chosen.syntax && !self.allows(SYNTAX);
        if let Some(at) = too_deep(text) {
            return vec![self.nested_too_deeply(Position::new(text, at), is_checked)];
        }
        let parsed = SourceFile::parse(text);
        let statements = objects.follow(&parsed);
        if let Some((at, message)) = syntax::first_error(&parsed).filter(|_| is_checked) {
            // The text after a syntax error was parsed by guesses.
            let help = Some(syntax::FIX.into());
            return vec![LintFinding { message, help, ..self.finding(SYNTAX, Position::new(text, at)) }];
        }
        let on_parents: Vec<bool> =
            statements.iter().map(|one| partitioned.is_index_on_parent(one)).collect();
        let of_partitions = statements.iter().map(|one| (one.range.start, partitioned.follow(one)));
        let of_partitions: Vec<_> = of_partitions.collect();
        let advised = |violation: &Violation| {
            let at = usize::from(violation.text_range.start());
            let parent =
                statements.iter().position(|one| one.range.contains(&at)).is_some_and(|at| on_parents[at]);
            violation.code != Rule::RequireConcurrentIndexCreation || !parent
        };
        let violations: Vec<Violation> =
            self.linter().lint(&parsed, text).into_iter().filter(advised).collect();
        let mut findings = self.judge(&violations, &statements);
        if self.chosen.has_standbys {
            findings.extend(self.of_standbys(&statements, &of_partitions));
        }
        findings.extend(self.of_partitions(of_partitions));
        findings.sort_by_key(|finding| (finding.position.line, finding.position.column));
        findings
    }

    /// Returns `true` if the file or the manifest switches the rule off.
    fn is_off(&self, rule: &str) -> bool {
        self.allows(rule) || self.chosen.own_off.iter().any(|off| off == rule)
    }

    /// Returns the findings of the rules about partitions.
    fn of_partitions(&self, found: Vec<(usize, Vec<PartitionViolation>)>) -> Vec<LintFinding> {
        let mut places = Positions::new(&self.migration.up.text);
        let mut findings = vec![];
        for (at, violations) in found {
            for (rule, message, help) in violations {
                if !self.is_off(rule) {
                    let help = Some(help.into());
                    findings.push(LintFinding { message, help, ..self.finding(rule, places.at(at)) });
                }
            }
        }
        findings
    }

    /// Returns notes about statements that cancel queries at a standby.
    fn of_standbys(
        &self,
        statements: &[LintedStatement],
        of_partitions: &[(usize, Vec<PartitionViolation>)],
    ) -> Vec<LintFinding> {
        let off = self.is_off(STANDBY_CONFLICT);
        let mut places = Positions::new(&self.migration.up.text);
        let on_parent = |at: usize| of_partitions[at].1.iter().any(|found| found.0 == LIVE_PARENT);
        let all = statements.iter().enumerate().filter(|_| !off);
        let conflicts = all.filter(|(at, one)| standbys::conflicts(one) || on_parent(*at));
        let note = conflicts.map(|(_, one)| LintFinding {
            severity: LintSeverity::Note,
            message: standbys::message(one),
            ..self.finding(STANDBY_CONFLICT, places.at(one.range.start))
        });
        note.collect()
    }

    fn linter(&self) -> Linter {
        let mut linter = Linter::with_rules(&self.chosen.enabled, &self.chosen.off);
        linter.settings = LinterSettings {
            // The oldest version that martydb supports: what is safe there is safe on all.
            pg_version: "13.0.0".parse::<Version>().unwrap_or_default(),
            assume_in_transaction: self.migration.up.directives.mode == Mode::Transaction,
        };
        linter
    }

    /// Returns the relevant findings, one for each rule and statement.
    fn judge(&self, violations: &[Violation], statements: &[LintedStatement]) -> Vec<LintFinding> {
        let mut places = Positions::new(&self.migration.up.text);
        let mut findings: Vec<LintFinding> = vec![];
        // Index of the finding of a rule about a statement.
        let mut by_place = BTreeMap::new();
        for violation in violations {
            let at = usize::from(violation.text_range.start());
            let statement = statements.iter().find(|statement| statement.range.contains(&at));
            let rule = violation.code.to_string();
            if self.allows(&rule)
                || says_nothing(violation, statement, self.chosen)
                || is_said_twice(violation, violations)
            {
                continue;
            }
            let place = (rule, statement.map_or(at, |statement| statement.range.start));
            if let Some(first) = by_place.get(&place).and_then(|at: &usize| findings.get_mut(*at)) {
                first.more += 1;
                continue;
            }
            findings.push(self.of_violation(violation, statement, places.at(at)));
            by_place.insert(place, findings.len() - 1);
        }
        findings
    }

    fn of_violation(
        &self,
        violation: &Violation,
        statement: Option<&LintedStatement>,
        position: Position,
    ) -> LintFinding {
        let by_size = statement.filter(|_| BY_SIZE.contains(&violation.code));
        let small = by_size.and_then(|statement| self.sizes.small(&statement.targets));
        let (message, help) = (violation.message.clone(), violation.help.clone());
        let found = LintFinding { help, ..self.finding(&violation.code.to_string(), position) };
        match small {
            Some(small) => {
                LintFinding { severity: LintSeverity::Note, message: format!("{message} ({small})"), ..found }
            }
            None => LintFinding { message, ..found },
        }
    }

    fn allows(&self, rule: &str) -> bool {
        self.migration.up.directives.allowed.iter().any(|allowed| allowed.rule == rule)
    }

    /// Returns a finding of severity danger without a message.
    fn finding(&self, rule: &str, position: Position) -> LintFinding {
        LintFinding {
            version: self.migration.version,
            file: self.migration.up.path.clone(),
            position,
            rule: rule.into(),
            severity: LintSeverity::Danger,
            message: String::new(),
            help: None,
            more: 0,
        }
    }

    fn nested_too_deeply(&self, position: Position, is_checked: bool) -> LintFinding {
        if !is_checked {
            return self.unreadable();
        }
        let (message, help) = (syntax::TOO_DEEP.into(), Some(syntax::FIX.into()));
        LintFinding { message, help, ..self.finding(SYNTAX, position) }
    }

    /// Returns the finding for a file that squawk could not check; it must not pass as good.
    fn unreadable(&self) -> LintFinding {
        LintFinding {
            message: "the linter cannot parse this file".into(),
            help: Some("look for a statement that PostgreSQL would reject".into()),
            ..self.finding(UNREADABLE, Position { line: 1, column: 1 })
        }
    }
}

/// Returns `true` if the statement changes an object that no client uses yet, or that none refers to by its name.
fn says_nothing(violation: &Violation, statement: Option<&LintedStatement>, chosen: &Chosen) -> bool {
    let Some(statement) = statement.filter(|_| !ALWAYS.contains(&violation.code)) else { return false };
    let renames_part = violation.code == Rule::RenamingObject
        && matches!(statement.verb.as_str(), "alter index" | "alter table")
        && !chosen.enabled.contains(&violation.code);
    let keeps_data = violation.code != Rule::BanDropTable;
    statement.is_new
        || renames_part
        || statement.is_recreated && keeps_data && !BY_SIZE.contains(&violation.code)
}

/// Returns `true` if another rule reports the same about the same words.
fn is_said_twice(violation: &Violation, all: &[Violation]) -> bool {
    let stronger = SAME.iter().filter(|row| row.1 == violation.code).map(|row| row.0);
    let at = violation.text_range;
    let mut others = all.iter().filter(|other| other.text_range.intersect(at).is_some());
    let stronger: Vec<Rule> = stronger.collect();
    others.any(|other| stronger.contains(&other.code))
}

#[cfg(test)]
mod tests;

//! Findings of one file: squawk's, those of martydb's own rules, and those about partitions and standbys.

use squawk_linter::Rule;
use squawk_syntax::SourceFile;

use super::facts::ObjectFacts;
use super::finding::{LintFinding, LintSeverity};
use super::objects::{LintedStatement, LintedText, Objects};
use super::partitions::{PartitionViolation, Partitioned};
use super::sizes::TableSizes;
use super::squawk::{self, Chosen, SquawkFinding};
use super::{dangers, standbys};
use crate::check::squawk_rules::BY_SIZE;
use crate::check::syntax;
use crate::files::{Migration, Position, Positions};
use martydb_manifest::lint_rules::{LIVE_PARENT, OWN_BY_SIZE, STANDBY_CONFLICT, SYNTAX, UNREADABLE};
use martydb_sql::too_deep;

/// Context for the findings of one file.
pub(crate) struct FileLint<'a> {
    pub migration: &'a Migration,
    pub chosen: &'a Chosen,
    pub sizes: &'a TableSizes,
}

/// Objects as all files so far leave them.
pub(crate) struct FollowedFiles {
    pub objects: Objects,
    pub partitioned: Partitioned,
    pub facts: ObjectFacts,
}

/// A finding with its position in the file, in bytes.
type PlacedFinding = (usize, LintFinding);

impl FileLint<'_> {
    pub(crate) fn run(&self, followed: &mut FollowedFiles) -> Vec<LintFinding> {
        let text = &*self.migration.up.sent();
        let is_checked = self.chosen.syntax && !self.allows(SYNTAX);
        if let Some(at) = too_deep(text) {
            return vec![self.nested_too_deeply(Position::new(text, at), is_checked)];
        }
        let (known, mut found) =
            if is_checked { self.known_statements(text) } else { (text.to_owned(), vec![]) };
        if let Some(refused) = found.iter().position(|(_, finding)| finding.severity == LintSeverity::Danger)
        {
            // The text after a syntax error was parsed by guesses.
            let (at, finding) = found.swap_remove(refused);
            drop(followed.objects.follow(text, SourceFile::parse(text)));
            return vec![LintFinding { position: Position::new(text, at), ..finding }];
        }
        let parts = followed.objects.follow(&known, SourceFile::parse(&known));
        found.extend(parts.iter().flat_map(|part| self.of_part(part, followed)));
        found.sort_by_key(|finding| finding.0);
        let mut places = Positions::new(&self.migration.up.text);
        let placed =
            found.into_iter().map(|(at, finding)| LintFinding { position: places.at(at), ..finding });
        placed.collect()
    }

    /// Returns the text without the statements that the parser does not know, and a finding for each: a danger, which is the last,
    /// if PostgreSQL refuses it too.
    fn known_statements(&self, text: &str) -> (String, Vec<PlacedFinding>) {
        let (mut known, mut found) = (text.to_owned(), vec![]);
        let statements = &self.migration.up.statements;
        while let Some(fault) = syntax::first_fault(&known, statements, &SourceFile::parse(&known)) {
            let help = fault.is_certain.then(|| syntax::FIX.into());
            let severity = if fault.is_certain { LintSeverity::Danger } else { LintSeverity::Note };
            let span = statements.iter().find(|range| range.contains(&fault.at) || range.end == fault.at);
            found.push((
                fault.at,
                LintFinding { message: fault.message, help, severity, ..self.placeless(SYNTAX) },
            ));
            let Some(span) = span.filter(|_| !fault.is_certain) else { break };
            let blank = |c: char| if c == '\n' { "\n".to_owned() } else { " ".repeat(c.len_utf8()) };
            let blanks: String = known[span.clone()].chars().map(blank).collect();
            if known[span.clone()] == blanks {
                break;
            }
            known.replace_range(span.clone(), &blanks);
        }
        (known, found)
    }

    fn of_part(&self, part: &LintedText, followed: &mut FollowedFiles) -> Vec<PlacedFinding> {
        let FollowedFiles { partitioned, facts, .. } = followed;
        let statements = &part.statements;
        let on_parents: Vec<bool> =
            statements.iter().map(|one| partitioned.is_index_on_parent(one)).collect();
        let of_partitions: Vec<_> = statements.iter().map(|one| partitioned.follow(one)).collect();
        let advised = |found: &SquawkFinding<'_>| {
            let at = statements.iter().position(|one| found.statement.is_some_and(|of| of.at == one.at));
            found.rule != Rule::RequireConcurrentIndexCreation || !at.is_some_and(|at| on_parents[at])
        };
        let found = squawk::findings(part, self.migration.up.directives.mode, self.chosen);
        let found = found.into_iter().filter(|found| advised(found) && !self.allows(&found.rule.to_string()));
        let mut all: Vec<PlacedFinding> = found.map(|found| (found.at, self.of_squawk(found))).collect();
        if self.chosen.rules.has_standbys {
            all.extend(self.of_standbys(statements, &of_partitions));
        }
        all.extend(self.of_partitions(statements, of_partitions));
        all.extend(self.of_dangers(part, facts));
        all
    }

    /// Returns `true` if the file or the manifest switches the rule off.
    fn is_off(&self, rule: &str) -> bool {
        self.allows(rule) || self.chosen.rules.disable.iter().any(|off| off == rule)
    }

    fn allows(&self, rule: &str) -> bool {
        self.migration.up.directives.allowed.iter().any(|allowed| allowed.rule == rule)
    }

    fn of_squawk(&self, found: SquawkFinding<'_>) -> LintFinding {
        let by_size = BY_SIZE.contains(&found.rule);
        let finding = LintFinding {
            message: found.message,
            help: found.help,
            ..self.placeless(&found.rule.to_string())
        };
        self.weighed(LintFinding { more: found.more, ..finding }, found.statement, by_size)
    }

    /// Returns the findings of martydb's own rules about statements.
    fn of_dangers(&self, part: &LintedText, facts: &mut ObjectFacts) -> Vec<PlacedFinding> {
        let mut of_statement = |statement: &LintedStatement| {
            let mode = self.migration.up.directives.mode;
            let found = dangers::find(statement, part, &self.chosen.rules, mode, facts);
            facts.follow(statement);
            let found = found.into_iter().filter(|found| !self.is_off(found.rule)).map(|found| {
                let help = Some(found.help.into());
                let finding = LintFinding { message: found.message, help, ..self.placeless(found.rule) };
                (statement.at, self.weighed(finding, Some(statement), OWN_BY_SIZE.contains(&found.rule)))
            });
            found.collect::<Vec<_>>()
        };
        part.statements.iter().flat_map(&mut of_statement).collect()
    }

    /// Adds to a finding the size of the table, and if it may be new.
    fn weighed(
        &self,
        finding: LintFinding,
        statement: Option<&LintedStatement>,
        by_size: bool,
    ) -> LintFinding {
        let Some(statement) = statement else { return finding };
        let message = finding.message.clone();
        if let Some(small) = self.sizes.small(&statement.targets).filter(|_| by_size) {
            return LintFinding {
                severity: LintSeverity::Note,
                message: format!("{message} ({small})"),
                ..finding
            };
        }
        if statement.may_be_new {
            let message =
                format!("{message} (a pending file makes the object only if it does not exist yet)");
            return LintFinding { message, may_be_new: true, ..finding };
        }
        finding
    }

    /// Returns the findings of the rules about partitions.
    fn of_partitions(
        &self,
        statements: &[LintedStatement],
        found: Vec<Vec<PartitionViolation>>,
    ) -> Vec<PlacedFinding> {
        let all = statements.iter().zip(found);
        let all = all.flat_map(|(one, found)| found.into_iter().map(|violation| (one.at, violation)));
        let all = all.filter(|(_, violation)| !self.is_off(violation.0));
        let finding = |(at, (rule, message, help)): (usize, PartitionViolation)| {
            (at, LintFinding { message, help: Some(help.into()), ..self.placeless(rule) })
        };
        all.map(finding).collect()
    }

    /// Returns notes about statements that cancel queries at a standby.
    fn of_standbys(
        &self,
        statements: &[LintedStatement],
        of_partitions: &[Vec<PartitionViolation>],
    ) -> Vec<PlacedFinding> {
        let off = self.is_off(STANDBY_CONFLICT);
        let on_parent = |at: usize| of_partitions[at].iter().any(|found| found.0 == LIVE_PARENT);
        let all = statements.iter().enumerate().filter(|_| !off);
        let conflicts = all.filter(|(at, one)| standbys::conflicts(one) || on_parent(*at));
        let note = conflicts.map(|(_, one)| {
            let (severity, message) = (LintSeverity::Note, standbys::message(one));
            (one.at, LintFinding { severity, message, ..self.placeless(STANDBY_CONFLICT) })
        });
        note.collect()
    }

    fn placeless(&self, rule: &str) -> LintFinding {
        self.finding(rule, Position { line: 1, column: 1 })
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
            may_be_new: false,
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
    pub(crate) fn unreadable(&self) -> LintFinding {
        LintFinding {
            message: "the linter cannot parse this file".into(),
            help: Some("look for a statement that PostgreSQL would reject".into()),
            ..self.finding(UNREADABLE, Position { line: 1, column: 1 })
        }
    }
}

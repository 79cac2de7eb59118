//! Findings of squawk's rules, of which only those remain that concern an object in use.

use std::collections::{BTreeMap, BTreeSet};

use squawk_linter::{Linter, LinterSettings, Rule, Version, Violation};
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::AstNode;

use super::objects::{LintedStatement, LintedText};
use crate::check::squawk_rules::{ALWAYS, BY_FILE, BY_SIZE, OFF, SAME};
use crate::files::Mode;
use martydb_manifest::lint_rules::SYNTAX;
use martydb_model::LintRules;

/// Rules in effect.
pub(crate) struct Chosen {
    pub rules: LintRules,
    pub enabled: Vec<Rule>,
    off: Vec<Rule>,
    /// Set if syntax errors are reported.
    pub syntax: bool,
}

impl Chosen {
    pub(crate) fn new(rules: &LintRules) -> Chosen {
        let parse =
            |names: &[String]| -> Vec<Rule> { names.iter().filter_map(|name| name.parse().ok()).collect() };
        let (enabled, disabled) = (parse(&rules.enable), parse(&rules.disable));
        let off = OFF.iter().map(|row| row.0).filter(|rule| !enabled.contains(rule));
        let off = off.chain(disabled).collect();
        let syntax = !rules.disable.iter().any(|rule| rule == SYNTAX);
        Chosen { rules: rules.clone(), enabled, off, syntax }
    }
}

/// Violation of squawk's, with the number of further ones of its rule in the statement.
pub(crate) struct SquawkFinding<'a> {
    pub rule: Rule,
    pub message: String,
    pub help: Option<String>,
    /// Position in the file, in bytes.
    pub at: usize,
    pub statement: Option<&'a LintedStatement>,
    pub more: usize,
}

/// Returns what squawk finds in a text, one for each rule and statement.
pub(crate) fn findings<'a>(part: &'a LintedText, mode: Mode, chosen: &Chosen) -> Vec<SquawkFinding<'a>> {
    let violations = violations(part, mode, chosen);
    let mut found: Vec<SquawkFinding<'a>> = vec![];
    // Index of the finding of a rule about a statement.
    let mut by_place = BTreeMap::new();
    for violation in &violations {
        let at = usize::from(violation.text_range.start());
        let statement = part.statements.iter().find(|statement| statement.range.contains(&at));
        if says_nothing(violation, statement, chosen) || is_duplicate(violation, &violations) {
            continue;
        }
        let place = (violation.code.to_string(), statement.map_or(at, |statement| statement.range.start));
        if let Some(first) = by_place.get(&place).and_then(|at: &usize| found.get_mut(*at)) {
            first.more += 1;
            continue;
        }
        found.push(SquawkFinding {
            rule: violation.code,
            message: message(violation),
            help: help(violation, statement),
            at: statement.filter(|_| !part.is_file).map_or(at, |statement| statement.at),
            statement,
            more: 0,
        });
        by_place.insert(place, found.len() - 1);
    }
    found
}

/// Returns squawk's message. That of `adding-field-with-default` speaks of generated columns alone.
fn message(violation: &Violation) -> String {
    match violation.code {
        Rule::AddingFieldWithDefault => {
            "A volatile DEFAULT of a new column, or a stored generated column, rewrites the table under an ACCESS EXCLUSIVE lock.".into()
        }
        _ => violation.message.clone(),
    }
}

/// Returns squawk's help. PostgreSQL adds no exclusion constraint NOT VALID.
fn help(violation: &Violation, statement: Option<&LintedStatement>) -> Option<String> {
    let excludes = |statement: &LintedStatement| {
        statement.statement.syntax().descendants().any(|node| node.kind() == SyntaxKind::EXCLUDE_CONSTRAINT)
    };
    match violation.code {
        Rule::ConstraintMissingNotValid if statement.is_some_and(excludes) => {
            Some("an exclusion constraint cannot be NOT VALID: add it when no client uses the table".into())
        }
        Rule::AddingFieldWithDefault => Some(
            "Add the column without it, set the DEFAULT for new rows in a later statement, and fill the present rows in batches.".into(),
        ),
        _ => violation.help.clone(),
    }
}

/// Returns squawk's violations, by their places. Where squawk knows the tables of a file by their names alone, its answer without
/// that knowledge is added: the statements' own objects decide.
fn violations(part: &LintedText, mode: Mode, chosen: &Chosen) -> Vec<Violation> {
    let lint = |in_transaction| linter(chosen, in_transaction).lint(&part.parsed, &part.text);
    let mut all = lint(mode == Mode::Transaction);
    let key = |violation: &Violation| (violation.code.to_string(), violation.text_range.start());
    let known: BTreeSet<_> = all.iter().map(key).collect();
    let others =
        lint(false).into_iter().filter(|one| BY_FILE.contains(&one.code) && !known.contains(&key(one)));
    all.extend(others);
    all.sort_by_key(|violation| violation.text_range.start());
    all
}

fn linter(chosen: &Chosen, assume_in_transaction: bool) -> Linter {
    let mut linter = Linter::with_rules(&chosen.enabled, &chosen.off);
    // The oldest version that martydb supports: what is safe there is safe on all.
    let pg_version = "13.0.0".parse::<Version>().unwrap_or_default();
    linter.settings = LinterSettings { pg_version, assume_in_transaction };
    linter
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
fn is_duplicate(violation: &Violation, all: &[Violation]) -> bool {
    let stronger = SAME.iter().filter(|row| row.1 == violation.code).map(|row| row.0);
    let at = violation.text_range;
    let mut others = all.iter().filter(|other| other.text_range.intersect(at).is_some());
    let stronger: Vec<Rule> = stronger.collect();
    others.any(|other| stronger.contains(&other.code))
}

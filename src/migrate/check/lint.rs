//! Dangerous DDL, before it meets a lock queue. squawk knows the rules; here is what it cannot know: which objects
//! are new, because a migration that is not applied yet makes them, and what martydb does about locks by itself.
//! Pure.

use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Once;

use serde::Serialize;
use squawk_linter::{Linter, LinterSettings, Rule, Version, Violation};
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{Parse, SourceFile, SyntaxKind, SyntaxNode};

use crate::lint_rules::{ALWAYS, OFF};
use crate::migrate::files::{Migration, Mode, Position, Positions, bare};
use crate::model::LintRules;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LintFinding {
    pub version: i64,
    pub file: PathBuf,
    #[serde(flatten)]
    pub position: Position,
    pub rule: String,
    pub message: String,
    pub help: Option<String>,
}

impl std::fmt::Display for LintFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file.display(), self.position, self.rule, self.message)
    }
}

/// Looks at migrations that are not applied yet, in their order.
pub fn lint<'a>(migrations: impl IntoIterator<Item = &'a Migration>, rules: &LintRules) -> Vec<LintFinding> {
    let parse =
        |names: &[String]| -> Vec<Rule> { names.iter().filter_map(|name| name.parse().ok()).collect() };
    let (enabled, disabled) = (parse(&rules.enable), parse(&rules.disable));
    let off = OFF.iter().map(|row| row.0).filter(|rule| !enabled.contains(rule));
    let off: Vec<Rule> = off.chain(disabled).collect();
    let migrations: Vec<&Migration> = migrations.into_iter().collect();
    with_deep_stack(|| {
        let mut new = BTreeSet::new();
        let found =
            |migration: &&Migration| survived(migration, || file(migration, &enabled, &off, &mut new));
        migrations.iter().flat_map(found).collect()
    })
}

const THREAD: &str = "lint";

/// squawk stops with a panic at some of what is no SQL. That is no reason to stop, and none to call the file good.
fn survived(migration: &Migration, work: impl FnOnce() -> Vec<LintFinding>) -> Vec<LintFinding> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name() != Some(THREAD) {
                before(panic);
            }
        }));
    });
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        vec![LintFinding {
            version: migration.version,
            file: migration.up.path.clone(),
            position: Position { line: 1, column: 1 },
            rule: UNREADABLE.into(),
            message: "the linter cannot make sense of this file".into(),
            help: Some("look for a statement that PostgreSQL would refuse".into()),
        }]
    })
}

/// What stands in the place of a rule where the linter gave up.
const UNREADABLE: &str = "unreadable";

/// squawk calls itself for every level of nesting, and the file decides how many levels there are. Only what is used
/// of this is ever taken from the system.
const STACK: usize = 512 << 20;

fn with_deep_stack<T: Send>(work: impl Fn() -> T + Send + Sync) -> T {
    std::thread::scope(|scope| {
        match std::thread::Builder::new().name(THREAD.into()).stack_size(STACK).spawn_scoped(scope, &work) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // No room for it: most files need none.
            Err(_) => work(),
        }
    })
}

fn file(
    migration: &Migration,
    enabled: &[Rule],
    off: &[Rule],
    new: &mut BTreeSet<String>,
) -> Vec<LintFinding> {
    let text = &*migration.up.sent();
    let parsed = SourceFile::parse(text);
    let mut linter = Linter::with_rules(enabled, off);
    linter.settings = LinterSettings {
        // The oldest that martydb works with: what is safe there is safe on all.
        pg_version: "13.0.0".parse::<Version>().unwrap_or_default(),
        assume_in_transaction: migration.up.directives.mode == Mode::Transaction,
    };
    let violations = linter.lint(&parsed, text);
    let statements = statements(&parsed, new);
    let mut places = Positions::new(text);
    let allowed = |rule: &str| migration.up.directives.allowed.iter().any(|allowed| allowed.rule == rule);
    let mut findings = vec![];
    for violation in violations {
        let rule = violation.code.to_string();
        if allowed(&rule) || is_about_new(&violation, &statements) {
            continue;
        }
        findings.push(LintFinding {
            version: migration.version,
            file: migration.up.path.clone(),
            position: places.at(usize::from(violation.text_range.start())),
            rule,
            message: violation.message,
            help: violation.help,
        });
    }
    findings
}

fn is_about_new(violation: &Violation, statements: &[(Range<usize>, bool)]) -> bool {
    let at = usize::from(violation.text_range.start());
    let about_new = statements.iter().any(|(range, new)| range.contains(&at) && *new);
    about_new && !ALWAYS.contains(&violation.code)
}

/// The range of each statement, and whether a pending migration made everything it is about.
fn statements(parsed: &Parse<SourceFile>, new: &mut BTreeSet<String>) -> Vec<(Range<usize>, bool)> {
    let one = |statement: ast::Stmt| {
        let node = statement.syntax();
        let range = usize::from(node.text_range().start())..usize::from(node.text_range().end());
        let about = targets(&statement);
        let is_new = !about.is_empty() && about.iter().all(|name| new.contains(name));
        new.extend(created(&statement, is_new));
        (range, is_new)
    };
    parsed.tree().stmts().map(one).collect()
}

/// The names of what a statement changes.
fn targets(statement: &ast::Stmt) -> Vec<String> {
    let node = statement.syntax();
    if let ast::Stmt::CreateIndex(index) = statement {
        let path = index.table_relation_name().map(|relation| relation.syntax().clone());
        return path.iter().filter_map(last_part).collect();
    }
    let all =
        node.descendants().filter(|node| matches!(node.kind(), SyntaxKind::PATH | SyntaxKind::PATH_REF));
    // A path of several parts holds the path of its first parts.
    let outer = all.filter(|node| {
        !node.parent().is_some_and(|parent| matches!(parent.kind(), SyntaxKind::PATH | SyntaxKind::PATH_REF))
    });
    let names = outer.filter_map(|node| last_part(&node));
    let several = ["drop", "truncate"].iter().any(|verb| begins(&node.text().to_string(), verb));
    if several { names.collect() } else { names.take(1).collect() }
}

fn begins(text: &str, verb: &str) -> bool {
    text.trim_start().get(..verb.len()).is_some_and(|start| start.eq_ignore_ascii_case(verb))
}

fn last_part(node: &SyntaxNode) -> Option<String> {
    let text = node.text().to_string();
    text.rsplit('.').next().map(|part| bare(part.trim()))
}

/// What a statement makes. An index is new only on a new table: elsewhere it may have been there for long.
fn created(statement: &ast::Stmt, on_new: bool) -> Option<String> {
    match statement {
        ast::Stmt::CreateIndex(index) => {
            index.index().filter(|_| on_new).and_then(|name| last_part(name.syntax()))
        }
        other if begins(&other.syntax().text().to_string(), "create") => targets(other).into_iter().next(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

//! Detection of dangerous DDL before it runs. squawk has the rules; this module adds the context: which objects
//! are new, because a pending migration creates them, the sizes of the others, and martydb's own handling of
//! locks. Pure.

mod dangers;
pub(crate) mod deep;
mod facts;
mod file;
mod finding;
mod objects;
mod partitions;
mod sizes;
mod squawk;
mod standbys;

use deep::with_deep_stack;
use facts::ObjectFacts;
use file::{FileLint, FollowedFiles};
pub use finding::{LintFinding, LintSeverity};
use objects::Objects;
use partitions::Partitioned;
pub(crate) use sizes::TableSize;
pub use sizes::TableSizes;
use squawk::Chosen;
use squawk_syntax::SourceFile;

use crate::files::Migration;
use martydb_model::LintRules;
use martydb_sql::too_deep;

/// Checks pending migrations, in order. `applied` decide which tables are partitioned. `sizes` are those of existing tables;
/// tables without a size count as large.
pub fn lint(
    applied: &[&Migration],
    migrations: &[&Migration],
    rules: &LintRules,
    sizes: &TableSizes,
) -> Vec<LintFinding> {
    let (chosen, sizes) = (Chosen::new(rules), sizes.clone());
    let applied = applied.iter().copied().filter(|one| may_concern_later_files(one));
    // The parser's thread may outlive this call.
    let applied: Vec<Migration> = applied.cloned().collect();
    let migrations: Vec<Migration> = migrations.iter().copied().cloned().collect();
    with_deep_stack(move |attempt| {
        let login = &chosen.rules.search_path;
        let mut followed = FollowedFiles {
            objects: Objects::new(login, sizes.objects().clone()),
            partitioned: Partitioned::default(),
            facts: ObjectFacts::default(),
        };
        for (number, migration) in applied.iter().enumerate() {
            // A file that the linter cannot read has no findings.
            let _unreadable = attempt.survived(number, || follow_applied(migration, login, &mut followed));
        }
        followed.partitioned.go_live();
        let one = |(number, migration)| {
            let file = FileLint { migration, chosen: &chosen, sizes: &sizes };
            let findings = attempt.survived(applied.len() + number, || file.run(&mut followed));
            findings.unwrap_or_else(|| vec![file.unreadable()])
        };
        migrations.iter().enumerate().flat_map(one).collect()
    })
}

/// Returns `true` if a file may change partitions, domains or forced row security.
fn may_concern_later_files(migration: &Migration) -> bool {
    let text = migration.up.text.to_ascii_lowercase();
    ["partition", "domain", "force", "drop"].iter().any(|word| text.contains(word))
}

/// Follows the statements of an applied file, whose tables are in use.
fn follow_applied(migration: &Migration, login: &[String], followed: &mut FollowedFiles) {
    let text = &*migration.up.sent();
    if too_deep(text).is_none() {
        let mut objects = Objects::new(login, objects::ExistingObjects::default());
        for part in &objects.follow(text, SourceFile::parse(text)) {
            for statement in &part.statements {
                drop(followed.partitioned.follow(statement));
                followed.facts.follow(statement);
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! The rules of `lint`: which of squawk's hold, and what a mistyped name stands for. The manifest checks names with it
//! before anything else runs.

use squawk_linter::Linter;
pub use squawk_linter::Rule;

use martydb_model::suggest::nearest;

/// Rules of squawk that are off unless a manifest enables them, and why.
pub const OFF: &[(Rule, &str)] = &[
    (Rule::RequireLockTimeout, "martydb sets one"),
    (Rule::RequireStatementTimeout, "the migrator's login has one"),
    (Rule::RequireTimeoutSettings, "stands for the two above"),
    (Rule::PreferRobustStmts, "a file that fails leaves nothing, and an interrupted one is resumed"),
    (Rule::TransactionNesting, "refused in every file"),
    (Rule::BanUncommittedTransaction, "refused in every file"),
    (Rule::BanConcurrentIndexCreationInTransaction, "refused in every file"),
    (Rule::PreferBigintOverInt, "a matter of style"),
    (Rule::PreferBigintOverSmallint, "a matter of style"),
    (Rule::PreferIdentity, "a matter of style"),
    (Rule::PreferTextField, "a matter of style"),
    (Rule::PreferTimestampTz, "a matter of style"),
    (Rule::BanCharField, "a matter of style"),
    (Rule::UnusedIgnore, "about squawk's own comments"),
    (Rule::BanDropDefault, "no stored row changes, and no lock is held for long"),
    (Rule::BanSetDefault, "no stored row changes, and no lock is held for long"),
    (Rule::BanDropConstraint, "no stored row changes, and no lock is held for long"),
    (Rule::BanDropNotNull, "no stored row changes, and no lock is held for long"),
    (Rule::RequireEnumValueOrdering, "a matter of style"),
    (Rule::BanCreateDomainWithConstraint, "a new domain is used by no table"),
];

/// Rules about how long a table is locked or rewritten: on a small table it takes a moment.
pub const BY_SIZE: &[Rule] = &[
    Rule::RequireConcurrentIndexCreation,
    Rule::RequireConcurrentIndexDeletion,
    Rule::RequireConcurrentPartitionDetach,
    Rule::RequireConcurrentReindex,
    Rule::ConstraintMissingNotValid,
    Rule::AddingFieldWithDefault,
    Rule::AddingForeignKeyConstraint,
    Rule::AddingNotNullableField,
    Rule::AddingSerialPrimaryKeyField,
    Rule::ChangingColumnType,
    Rule::DisallowedUniqueConstraint,
];

/// Pairs of rules that find the same danger in the same words: the first is reported.
pub const SAME: &[(Rule, Rule)] = &[
    (Rule::AddingForeignKeyConstraint, Rule::ConstraintMissingNotValid),
    (Rule::DisallowedUniqueConstraint, Rule::ConstraintMissingNotValid),
    // No PRIMARY KEY can be NOT VALID.
    (Rule::AddingSerialPrimaryKeyField, Rule::ConstraintMissingNotValid),
    (Rule::RequireConcurrentIndexDeletion, Rule::BanDropIndex),
];

/// What stands in the place of a rule where the text is no SQL.
pub const SYNTAX: &str = "syntax-error";
/// What stands in the place of a rule where the linter gave up.
pub const UNREADABLE: &str = "unreadable";

/// Rules of our own, and what they mean.
pub const OWN: &[(&str, &str)] = &[
    (
        SYNTAX,
        "The file is not SQL by PostgreSQL's grammar, as far as the linter knows it. Correct the statement; if PostgreSQL takes it \
         as it is, write `-- martydb: allow syntax-error: reason` at the top of the file.",
    ),
    (
        UNREADABLE,
        "The linter stopped at this file and has judged none of it: look for a statement that PostgreSQL would refuse.",
    ),
];

/// Rules that hold for new objects too: what they are about is not the object, or reaches further than it.
pub const ALWAYS: &[Rule] = &[
    Rule::BanDropDatabase,
    Rule::BanTruncateCascade,
    Rule::IdentifierTooLong,
    Rule::BanDuplicateColumnAssignments,
];

/// Every rule of squawk that can be named.
pub fn names() -> Vec<String> {
    let all = Linter::with_default_rules().rules.into_iter().map(|rule| rule.to_string());
    all.filter(|name| name.parse::<Rule>().is_ok()).collect()
}

/// Says that a name is no rule.
pub fn unknown(name: &str) -> Option<String> {
    if name.parse::<Rule>().is_ok() || OWN.iter().any(|row| row.0 == name) {
        return None;
    }
    Some(match nearest(name, names().iter().map(String::as_str)) {
        Some(near) => format!("\"{name}\" is no rule of lint; did you mean {near}?"),
        None => format!("\"{name}\" is no rule of lint"),
    })
}

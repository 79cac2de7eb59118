//! Groups of squawk's rules: those that are off, those that depend on a table's size, and those that say the same.

use squawk_linter::Linter;
pub use squawk_linter::Rule;

/// Rules of squawk that are off unless a manifest enables them, with the reason.
pub const OFF: &[(Rule, &str)] = &[
    (Rule::RequireLockTimeout, "martydb sets one"),
    (Rule::RequireStatementTimeout, "the migrator's login has one"),
    (Rule::RequireTimeoutSettings, "combines the two above"),
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

/// Rules about the duration of a lock or a rewrite: on a small table it is short.
pub(crate) const BY_SIZE: &[Rule] = &[
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

/// Rules that pass over tables that the same file creates, by their names alone.
pub(crate) const BY_FILE: &[Rule] = &[
    Rule::RequireConcurrentIndexCreation,
    Rule::ConstraintMissingNotValid,
    Rule::AddingForeignKeyConstraint,
    Rule::DisallowedUniqueConstraint,
];

/// Pairs of equivalent rules: the first is reported.
pub(crate) const SAME: &[(Rule, Rule)] = &[
    (Rule::AddingForeignKeyConstraint, Rule::ConstraintMissingNotValid),
    (Rule::DisallowedUniqueConstraint, Rule::ConstraintMissingNotValid),
    // A PRIMARY KEY cannot be NOT VALID.
    (Rule::AddingSerialPrimaryKeyField, Rule::ConstraintMissingNotValid),
    (Rule::RequireConcurrentIndexDeletion, Rule::BanDropIndex),
];

/// Rules that apply to new objects too: they concern something other than the object, or more than it.
pub(crate) const ALWAYS: &[Rule] = &[
    Rule::BanDropDatabase,
    Rule::BanTruncateCascade,
    Rule::IdentifierTooLong,
    Rule::BanDuplicateColumnAssignments,
];

/// Returns the names of squawk's rules that run unless they are disabled.
pub fn names() -> Vec<String> {
    let all = Linter::with_default_rules().rules.into_iter().map(|rule| rule.to_string());
    all.filter(|name| name.parse::<Rule>().is_ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_manifest::lint_rules::SQUAWK;

    #[test]
    fn the_manifest_knows_the_names_of_all_rules() {
        assert!(SQUAWK.iter().all(|name| name.parse::<Rule>().is_ok()));
        assert!(names().iter().all(|name| SQUAWK.contains(&name.as_str())));
    }
}

//! Rules of `lint`: the enabled ones of squawk, and suggestions for mistyped names. The manifest checks names with it
//! before anything else runs.

use squawk_linter::Linter;
pub use squawk_linter::Rule;

use martydb_model::suggest::nearest;

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

/// Pairs of equivalent rules: the first is reported.
pub const SAME: &[(Rule, Rule)] = &[
    (Rule::AddingForeignKeyConstraint, Rule::ConstraintMissingNotValid),
    (Rule::DisallowedUniqueConstraint, Rule::ConstraintMissingNotValid),
    // A PRIMARY KEY cannot be NOT VALID.
    (Rule::AddingSerialPrimaryKeyField, Rule::ConstraintMissingNotValid),
    (Rule::RequireConcurrentIndexDeletion, Rule::BanDropIndex),
];

/// Rule name reported for text that is not SQL.
pub const SYNTAX: &str = "syntax-error";
/// Rule name reported for a file at which the linter gave up.
pub const UNREADABLE: &str = "unreadable";

/// Names of the rules about partitions.
pub const LIVE_PARENT: &str = "partition-of-live-parent";
pub const ATTACH_UNCHECKED: &str = "attach-without-check";
pub const DEFAULT_PART: &str = "default-partition";
pub const CONCURRENT_ON_PARENT: &str = "concurrent-index-on-partitioned";

/// Name of the rule about the readers of standbys.
pub const STANDBY_CONFLICT: &str = "standby-conflict";

/// Rules of our own, with their meaning.
pub const OWN: &[(&str, &str)] = &[
    (
        SYNTAX,
        "The file is not SQL by PostgreSQL's grammar, as far as the linter knows it. Correct the statement; if PostgreSQL accepts it \
         as it is, write `-- martydb: allow syntax-error: reason` at the top of the file.",
    ),
    (
        UNREADABLE,
        "The linter stopped at this file without checking it: look for a statement that PostgreSQL would reject.",
    ),
    (
        LIVE_PARENT,
        "CREATE TABLE … PARTITION OF takes an ACCESS EXCLUSIVE lock on the parent: it waits for every reader, and all that come \
         later wait for it. Create the table with LIKE, and attach it: that lets readers and writers go on.",
    ),
    (
        ATTACH_UNCHECKED,
        "ATTACH PARTITION reads the whole table to check its rows, under a lock on it. A valid CHECK constraint that implies the \
         bounds of the partition saves that: add it NOT VALID, validate it, attach, and drop it.",
    ),
    (
        DEFAULT_PART,
        "A default partition is read under a lock each time a partition is attached, a row in it prevents the partition that \
         would take the row (SQLSTATE 23514), and DETACH PARTITION … CONCURRENTLY is refused (55000).",
    ),
    (
        CONCURRENT_ON_PARENT,
        "PostgreSQL refuses CREATE INDEX CONCURRENTLY on a partitioned table (0A000), and a plain CREATE INDEX blocks the writers of \
         every partition while it is built. Create the index ON ONLY the parent, build one \
         concurrently on each partition, and attach them: the parent's index becomes valid with the last.",
    ),
    (
        STANDBY_CONFLICT,
        "A note, where the manifest declares standbys: the statement takes an ACCESS EXCLUSIVE lock, which a standby replays. A query \
         that reads the table there is canceled after max_standby_streaming_delay, with SQLSTATE 40001. Have the readers retry, or \
         run the migration when they are idle.",
    ),
];

/// Rules that apply to new objects too: they concern something other than the object, or more than it.
pub const ALWAYS: &[Rule] = &[
    Rule::BanDropDatabase,
    Rule::BanTruncateCascade,
    Rule::IdentifierTooLong,
    Rule::BanDuplicateColumnAssignments,
];

/// Returns the names of squawk's rules.
pub fn names() -> Vec<String> {
    let all = Linter::with_default_rules().rules.into_iter().map(|rule| rule.to_string());
    all.filter(|name| name.parse::<Rule>().is_ok()).collect()
}

/// Returns an error message if a name is not a rule.
pub fn unknown(name: &str) -> Option<String> {
    if name.parse::<Rule>().is_ok() || OWN.iter().any(|row| row.0 == name) {
        return None;
    }
    Some(match nearest(name, names().iter().map(String::as_str)) {
        Some(near) => format!("\"{name}\" is not a rule of lint; did you mean {near}?"),
        None => format!("\"{name}\" is not a rule of lint"),
    })
}

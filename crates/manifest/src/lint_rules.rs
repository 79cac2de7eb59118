//! Names of the rules of `lint`, for which the manifest is checked before anything else runs.

use martydb_model::suggest::nearest;

/// Names of squawk's rules (<https://squawkhq.com/docs/rules>). A test of `martydb-migrate` compares them with the linter's.
pub const SQUAWK: &[&str] = &[
    "adding-field-with-default",
    "adding-foreign-key-constraint",
    "adding-not-nullable-field",
    "adding-required-field",
    "adding-serial-primary-key-field",
    "ban-add-column",
    "ban-add-composite-attribute",
    "ban-add-enum-value",
    "ban-alter-database-options",
    "ban-alter-domain-with-add-constraint",
    "ban-alter-extension",
    "ban-alter-function-options",
    "ban-alter-generated-expression",
    "ban-alter-identity",
    "ban-alter-policy-condition",
    "ban-alter-policy-roles",
    "ban-alter-role-options",
    "ban-alter-row-level-security",
    "ban-alter-sequence-values",
    "ban-alter-system-options",
    "ban-alter-view-options",
    "ban-char-field",
    "ban-concurrent-index-creation-in-transaction",
    "ban-create-domain-with-constraint",
    "ban-create-policy",
    "ban-detach-inheritance",
    "ban-disable-trigger",
    "ban-drop-column",
    "ban-drop-constraint",
    "ban-drop-database",
    "ban-drop-default",
    "ban-drop-domain",
    "ban-drop-extension",
    "ban-drop-function",
    "ban-drop-generated-expression",
    "ban-drop-index",
    "ban-drop-not-null",
    "ban-drop-policy",
    "ban-drop-schema",
    "ban-drop-sequence",
    "ban-drop-table",
    "ban-drop-trigger",
    "ban-drop-type",
    "ban-drop-view",
    "ban-duplicate-column-assignments",
    "ban-new-write-restriction",
    "ban-replace-view-function",
    "ban-replica-identity",
    "ban-revoke",
    "ban-set-default",
    "ban-set-schema",
    "ban-truncate-cascade",
    "ban-uncommitted-transaction",
    "changing-column-type",
    "constraint-missing-not-valid",
    "disallowed-unique-constraint",
    "identifier-too-long",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-repack",
    "prefer-robust-stmts",
    "prefer-text-field",
    "prefer-timestamp-tz",
    "prefer-timestamptz",
    "renaming-column",
    "renaming-object",
    "renaming-table",
    "require-concurrent-index-creation",
    "require-concurrent-index-deletion",
    "require-concurrent-partition-detach",
    "require-concurrent-reindex",
    "require-enum-value-ordering",
    "require-lock-timeout",
    "require-statement-timeout",
    "require-table-schema",
    "require-timeout-settings",
    "transaction-nesting",
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

/// Names of the rules about single statements.
pub mod own {
    pub const TRUNCATE: &str = "truncate-table";
    pub const CLUSTER: &str = "cluster-table";
    pub const VACUUM_FULL: &str = "vacuum-full";
    pub const PERSISTENCE: &str = "changing-persistence";
    pub const TABLESPACE: &str = "changing-tablespace";
    pub const ACCESS_METHOD: &str = "changing-access-method";
    pub const EXPRESSION: &str = "changing-generated-expression";
    pub const REFRESH: &str = "require-concurrent-refresh";
    pub const LOCK: &str = "lock-table";
    pub const UPDATE_ALL: &str = "update-all-rows";
    pub const DELETE_ALL: &str = "delete-all-rows";
    pub const JSON: &str = "adding-json-field";
    pub const NEW_LABEL: &str = "using-new-enum-value";
    pub const NUMBERED: &str = "adding-numbered-field";
    pub const CHECKED: &str = "adding-checked-field";
    pub const FORCED_ROWS: &str = "changing-forced-rows";
    pub const ROW_SECURITY: &str = "row-security-without-policy";
    pub const DROP_OWNED: &str = "drop-owned";
    pub const OTHER_SERVICE: &str = "grant-to-other-service";
    pub const PUBLIC: &str = "grant-to-public";
    pub const BEYOND_ROLE: &str = "grant-beyond-role";
    pub const DEFINER: &str = "definer-executes-argument";
}

/// Rules about the duration of a rewrite: on a small table it is short.
pub const OWN_BY_SIZE: &[&str] = &[
    own::CLUSTER,
    own::VACUUM_FULL,
    own::PERSISTENCE,
    own::TABLESPACE,
    own::ACCESS_METHOD,
    own::EXPRESSION,
    own::UPDATE_ALL,
    own::NUMBERED,
    own::CHECKED,
];

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
    (
        own::TRUNCATE,
        "TRUNCATE deletes all rows, and its ACCESS EXCLUSIVE lock blocks every reader until the file ends. Delete the rows in batches, or drop the table when no client uses it.",
    ),
    (
        own::CLUSTER,
        "CLUSTER rewrites the table and its indexes under an ACCESS EXCLUSIVE lock. Do it when no client uses the table, or with pg_repack.",
    ),
    (
        own::VACUUM_FULL,
        "VACUUM FULL rewrites the table and its indexes under an ACCESS EXCLUSIVE lock. A plain VACUUM blocks no reader or writer.",
    ),
    (
        own::PERSISTENCE,
        "SET LOGGED and SET UNLOGGED rewrite the table under an ACCESS EXCLUSIVE lock; an unlogged table is empty after a crash, and on every standby.",
    ),
    (own::TABLESPACE, "SET TABLESPACE copies the table or index under an ACCESS EXCLUSIVE lock."),
    (own::ACCESS_METHOD, "SET ACCESS METHOD rewrites the table under an ACCESS EXCLUSIVE lock."),
    (
        own::EXPRESSION,
        "ALTER COLUMN … SET EXPRESSION rewrites the table under an ACCESS EXCLUSIVE lock. Add a column with the new expression, and drop the old one later.",
    ),
    (
        own::REFRESH,
        "REFRESH MATERIALIZED VIEW takes an ACCESS EXCLUSIVE lock while its query runs; with CONCURRENTLY, which needs a unique index, readers go on.",
    ),
    (
        own::LOCK,
        "LOCK TABLE in a mode from SHARE on blocks writers, in ACCESS EXCLUSIVE MODE (the default) readers too, until the file ends.",
    ),
    (
        own::UPDATE_ALL,
        "UPDATE without a condition locks every row until the file ends, and doubles the size of the table. Update the rows in batches, each in its own transaction.",
    ),
    (own::DELETE_ALL, "DELETE without a condition removes all rows, and locks each until the file ends."),
    (
        own::JSON,
        "The type json has no equality, so SELECT DISTINCT, GROUP BY and UNION over the table fail (42883). Use jsonb.",
    ),
    (
        own::NEW_LABEL,
        "PostgreSQL refuses a value of an enum in the transaction that adds it (55P04). Put ALTER TYPE … ADD VALUE into a migration \
         of its own.",
    ),
    (
        own::NUMBERED,
        "A new column of type serial or with an identity gives each row a number: it rewrites the table under an ACCESS EXCLUSIVE \
         lock. Add it without them, fill it in batches, and add the default or identity then.",
    ),
    (
        own::CHECKED,
        "A CHECK of a new column, or a constraint of its domain, reads all rows under an ACCESS EXCLUSIVE lock. Add the column, then the \
         constraint NOT VALID, and validate it in a later migration.",
    ),
    (
        own::FORCED_ROWS,
        "Row security of a table with FORCE ROW LEVEL SECURITY applies to its owner too, as whom migrations run: UPDATE, DELETE and MERGE \
         pass over the rows that its policies hide, without an error. Write NO FORCE before the statement, and FORCE after it.",
    ),
    (
        own::ROW_SECURITY,
        "ENABLE ROW LEVEL SECURITY hides all rows from every role but the owner until a policy lets them through. Create the policies in the same file.",
    ),
    (
        own::DROP_OWNED,
        "DROP OWNED drops every object of a role in the database, and its privileges. Drop the objects by their names.",
    ),
    (
        own::OTHER_SERVICE,
        "The file grants something to a role of another service of the manifest. It is drift, which `apply` revokes; declare it as `access:` in the manifest.",
    ),
    (
        own::PUBLIC,
        "The file grants something to PUBLIC, which is every role of the server. It is drift, which `apply` revokes; declare it as `access:` in the manifest.",
    ),
    (
        own::BEYOND_ROLE,
        "The file grants more to a role of its service than that role may hold, such as TRUNCATE to app or INSERT to readonly. It is drift, which `apply` \
         revokes; grant what the table of roles allows, or declare another login as `access:` in the manifest.",
    ),
    (
        own::DEFINER,
        "A SECURITY DEFINER function executes the text of an argument, not only a name or a value that is quoted: its caller can do whatever the owner can.",
    ),
];

/// Returns an error message if a name is not a rule.
pub fn unknown(name: &str) -> Option<String> {
    if SQUAWK.contains(&name) || OWN.iter().any(|row| row.0 == name) {
        return None;
    }
    Some(match nearest(name, SQUAWK.iter().copied().chain(OWN.iter().map(|row| row.0))) {
        Some(near) => format!("\"{name}\" is not a rule of lint; did you mean {near}?"),
        None => format!("\"{name}\" is not a rule of lint"),
    })
}

